//! Buckets of Amazon S3, and of servers that speak it.

use std::sync::Arc;

use object_store::RetryConfig;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};

use super::profile::Profile;
use super::service::{Opened, Service, check_scheme, is_true, wrong};
use super::transport::Transport;
use crate::net::Problem;

/// Reads the environment, and what it lacks from the user's profile.
pub fn open(name: &str, retry: RetryConfig, transport: Transport) -> Result<Opened, Problem> {
    let builder = with_profile(AmazonS3Builder::from_env().with_bucket_name(name).with_retry(retry))?;
    let value = |key| builder.get_config_value(&key).filter(|value| !value.is_empty());
    let region = value(AmazonS3ConfigKey::Region).unwrap_or_else(|| "us-east-1".to_owned());
    let endpoint = value(AmazonS3ConfigKey::Endpoint);
    if let Some(endpoint) = &endpoint {
        check_scheme(endpoint, "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP")?;
    }
    let signs = !value(AmazonS3ConfigKey::SkipSignature).is_some_and(|text| is_true(&text));
    let place = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
    let store = builder.with_http_connector(transport).build().map_err(|error| wrong(&error))?;
    let credentials = signs.then(|| Arc::clone(store.credentials()));
    Ok((format!("{}/{name}", place.trim_end_matches('/')), Service::Amazon { region, credentials }))
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
