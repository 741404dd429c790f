//! A bucket: its place, and signatures with the user's credentials.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use object_store::RetryConfig;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsAuthorizer, AwsCredentialProvider};
use object_store::client::{HttpRequest, HttpRequestBody};
use tokio::runtime::Runtime;
use ureq::http::uri::InvalidUri;

use super::profile::Profile;
use super::transport::Transport;
use crate::net::{Problem, Url};
use crate::words;

/// How long a machine or a service may take to hand out credentials.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Bucket {
    /// Its URL, without a slash at the end.
    base: ::url::Url,
    region: String,
    credentials: Option<AwsCredentialProvider>,
    runtime: Runtime,
    /// Why there are no credentials. Nobody asks twice.
    refused: Mutex<Option<Problem>>,
}

impl Bucket {
    /// Reads the environment, and what it lacks from the user's profile. Nothing is connected yet.
    pub fn open(name: &str) -> Result<Self, Problem> {
        let wrong = |error: &dyn std::fmt::Display| Problem::standing(words::clipped(&error.to_string()));
        let retry = RetryConfig { max_retries: 1, retry_timeout: PATIENCE, ..RetryConfig::default() };
        let builder = with_profile(AmazonS3Builder::from_env().with_bucket_name(name).with_retry(retry))?;
        let value = |key| builder.get_config_value(&key).filter(|value| !value.is_empty());
        let region = value(AmazonS3ConfigKey::Region).unwrap_or_else(|| "us-east-1".to_owned());
        let endpoint = value(AmazonS3ConfigKey::Endpoint);
        let is_open = std::env::var("AWS_ALLOW_HTTP").is_ok_and(|text| is_true(&text));
        if endpoint.as_ref().is_some_and(|endpoint| !endpoint.starts_with("https://")) && !is_open {
            return Err(Problem::standing("AWS_ENDPOINT_URL is not https://; AWS_ALLOW_HTTP=true permits that"));
        }
        let signs = !value(AmazonS3ConfigKey::SkipSignature).is_some_and(|text| is_true(&text));
        let place = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let base = ::url::Url::parse(&format!("{}/{name}", place.trim_end_matches('/')))
            .map_err(|error| Problem::standing(format!("AWS_ENDPOINT_URL: {error}")))?;
        let transport = Transport::new(PATIENCE);
        let store = builder.with_http_connector(transport).build().map_err(|error| wrong(&error))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        Ok(Self {
            base,
            region,
            credentials: signs.then(|| Arc::clone(store.credentials())),
            runtime: runtime.map_err(|error| wrong(&error))?,
            refused: Mutex::default(),
        })
    }

    /// The URL of a path in it, which is encoded, and the headers that sign a request for it.
    pub fn signed(&self, path: &str, query: &[(&str, &str)]) -> Result<(Url, Vec<(String, String)>), Problem> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", url.path()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut headers = Vec::new();
        if let Some(credentials) = &self.credentials {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(problem) = &*refused {
                return Err(problem.clone());
            }
            let credential = self.runtime.block_on(credentials.get_credential()).map_err(|error| {
                let why = words::clipped(&error.to_string());
                Problem::standing(format!(
                    "no credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, nor a profile in ~/.aws, nor a role \
                     of this machine ({why})"
                ))
            });
            if let Err(problem) = &credential {
                *refused = Some(problem.clone());
            }
            let credential = credential?;
            drop(refused);
            let failed = |error: &dyn std::fmt::Display| Problem::standing(format!("no signature: {error}"));
            let mut request = HttpRequest::new(HttpRequestBody::empty());
            *request.uri_mut() = url.as_str().parse().map_err(|error: InvalidUri| failed(&error))?;
            let signer = AwsAuthorizer::new(&credential, "s3", &self.region);
            signer.try_authorize(&mut request, None).map_err(|error| failed(&error))?;
            headers.extend(request.headers().iter().map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            }));
        }
        let url = Url::parse(url.as_str().as_bytes()).map_err(|error| Problem::standing(error.to_string()))?;
        Ok((url, headers))
    }
}

/// Takes from the user's profile what the environment does not say.
fn with_profile(mut builder: AmazonS3Builder) -> Result<AmazonS3Builder, Problem> {
    let profile = Profile::of_user()?;
    let lacks = |builder: &AmazonS3Builder, key| builder.get_config_value(&key).is_none_or(|value| value.is_empty());
    if let Some(region) = profile.region.filter(|_| lacks(&builder, AmazonS3ConfigKey::Region)) {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = profile.endpoint.filter(|_| lacks(&builder, AmazonS3ConfigKey::Endpoint)) {
        builder = builder.with_endpoint(endpoint);
    }
    // A web identity comes before profiles, as for the tools of AWS.
    let is_open = [AmazonS3ConfigKey::AccessKeyId, AmazonS3ConfigKey::WebIdentityTokenFile]
        .into_iter()
        .all(|key| lacks(&builder, key))
        && builder.get_config_value(&AmazonS3ConfigKey::SkipSignature).is_none_or(|text| !is_true(&text));
    match (profile.keys, profile.elsewhere) {
        (Some((id, secret, token)), _) if is_open => {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
            Ok(token.into_iter().fold(builder, AmazonS3Builder::with_token))
        }
        (None, Some(setting)) if is_open => Err(Problem::standing(format!(
            "the profile's {setting} is not read; eval \"$(aws configure export-credentials --format env)\" exports its \
             credentials"
        ))),
        _ => Ok(builder),
    }
}

fn is_true(text: &str) -> bool {
    ["1", "true", "on", "yes", "y"].contains(&text.to_ascii_lowercase().as_str())
}
