//! A bucket: its place, and signatures with the user's credentials.

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use object_store::RetryConfig;
use object_store::aws::{AwsAuthorizer, AwsCredentialProvider};
use object_store::azure::{AzureAuthorizer, AzureCredentialProvider};
use object_store::client::{HttpRequest, HttpRequestBody};
use object_store::gcp::GcpCredentialProvider;
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;
use ureq::http::uri::InvalidUri;
use ureq::http::{HeaderName, HeaderValue, Method};

use super::transport::Transport;
use super::{amazon, azure, google};
use crate::net::{Problem, Url};
use crate::words;

/// How long a machine or a service may take to hand out credentials.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who keeps the bucket, and how it knows the user. Without credentials, requests are not signed.
pub enum Service {
    Amazon { region: String, credentials: Option<AwsCredentialProvider> },
    Google { credentials: Option<GcpCredentialProvider> },
    Azure { account: String, credentials: Option<AzureCredentialProvider> },
}

/// The place of a bucket, without a slash at the end, and its service.
pub type Opened = (String, Service);

/// A request before it is signed.
pub struct Ask<'a> {
    pub method: Method,
    /// The key with its leading slash, encoded; empty for the bucket.
    pub path: &'a str,
    pub query: &'a [(&'a str, &'a str)],
    pub headers: &'a [(&'static str, String)],
    pub body: &'a [u8],
}

impl<'a> Ask<'a> {
    /// Reads something.
    pub fn get(path: &'a str, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { method: Method::GET, path, query, headers: &[], body: &[] }
    }
}

/// A signed request: its URL, which may hold the signature, and its headers.
pub type Signed = (Url, Vec<(String, String)>);

pub struct Bucket {
    base: ::url::Url,
    pub service: Service,
    runtime: Runtime,
    /// Why there are no credentials. Nobody asks twice.
    refused: Mutex<Option<Problem>>,
    /// The server does not know conditions of writes.
    pub unconditional: AtomicBool,
}

impl Bucket {
    /// Reads the user's settings. Nothing is connected yet.
    pub fn open(scheme: &str, name: &str) -> Result<Self, Problem> {
        let retry = RetryConfig { max_retries: 1, retry_timeout: PATIENCE, ..RetryConfig::default() };
        let transport = Transport::new(PATIENCE);
        let (place, service) = match scheme {
            "gs" => google::open(name, retry, transport)?,
            "az" => azure::open(name, retry, transport)?,
            _ => amazon::open(name, retry, transport)?,
        };
        let base =
            ::url::Url::parse(&place).map_err(|error| Problem::standing(format!("{}: {error}", service.variable())))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|e| wrong(&e))?;
        Ok(Self { base, service, runtime, refused: Mutex::default(), unconditional: AtomicBool::new(false) })
    }

    /// Signs a request.
    pub fn signed(&self, ask: &Ask<'_>) -> Result<Signed, Problem> {
        let failed = |error: &dyn std::fmt::Display| Problem::standing(format!("no signature: {error}"));
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", url.path(), ask.path));
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(ask.query);
        }
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = ask.method.clone();
        *request.uri_mut() = url.as_str().parse().map_err(|error: InvalidUri| failed(&error))?;
        for (name, value) in ask.headers {
            let value = HeaderValue::from_str(value).map_err(|error| failed(&error))?;
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        self.sign(&mut request, ask.body, &failed)?;
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        // The client gives the length by itself.
        let headers = request.headers().iter().filter(|(name, _)| *name != "content-length").map(header).collect();
        let url = Url::parse(request.uri().to_string().as_bytes()).map_err(|e| Problem::standing(e.to_string()))?;
        Ok((url, headers))
    }

    fn sign(
        &self,
        request: &mut HttpRequest,
        body: &[u8],
        failed: &dyn Fn(&dyn std::fmt::Display) -> Problem,
    ) -> Result<(), Problem> {
        match &self.service {
            Service::Amazon { region, credentials: Some(credentials) } => {
                let credential = self.credential(credentials.get_credential())?;
                let digest = Sha256::digest(body);
                let signer = AwsAuthorizer::new(&credential, "s3", region);
                signer.try_authorize(request, Some(&digest)).map_err(|error| failed(&error))
            }
            Service::Google { credentials: Some(credentials) } => {
                let credential = self.credential(credentials.get_credential())?;
                if !credential.bearer.is_empty() {
                    let value = HeaderValue::from_str(&format!("Bearer {}", credential.bearer));
                    // The error would not show the token, but nor does it help.
                    let value = value.map_err(|_| failed(&"the token is not text"))?;
                    request.headers_mut().insert("authorization", value);
                }
                Ok(())
            }
            Service::Azure { account, credentials } => {
                request.headers_mut().insert("content-length", HeaderValue::from(body.len()));
                let Some(credentials) = credentials else {
                    request.headers_mut().insert("x-ms-version", HeaderValue::from_static(azure::VERSION));
                    return Ok(());
                };
                let credential = self.credential(credentials.get_credential())?;
                AzureAuthorizer::new(&credential, account).try_authorize(request).map_err(|error| failed(&error))
            }
            Service::Amazon { .. } | Service::Google { .. } => Ok(()),
        }
    }

    fn credential<C>(&self, asked: impl Future<Output = object_store::Result<C>>) -> Result<C, Problem> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(problem) = &*refused {
            return Err(problem.clone());
        }
        self.runtime.block_on(asked).map_err(|error| {
            let why = words::clipped(&error.to_string());
            let problem = Problem::standing(format!("no credentials: {} ({why})", self.service.sources()));
            *refused = Some(problem.clone());
            problem
        })
    }
}

impl Service {
    /// The variable that names another server.
    fn variable(&self) -> &'static str {
        match self {
            Self::Amazon { .. } => "AWS_ENDPOINT_URL",
            Self::Google { .. } => "STORAGE_EMULATOR_HOST",
            Self::Azure { .. } => "AZURE_STORAGE_ENDPOINT",
        }
    }

    /// Where credentials were looked for.
    fn sources(&self) -> &'static str {
        match self {
            Self::Amazon { .. } => {
                "neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, nor a profile in ~/.aws, nor a role of this machine"
            }
            Self::Google { .. } => {
                "neither GOOGLE_APPLICATION_CREDENTIALS, nor a login of gcloud, nor a service account of this machine"
            }
            Self::Azure { .. } => {
                "neither AZURE_STORAGE_KEY, nor AZURE_STORAGE_SAS_TOKEN, nor an identity of this machine"
            }
        }
    }

    /// What a status means, if the service or the user's settings explain it.
    pub fn explained(&self, status: Option<u16>, url: &Url) -> Option<&'static str> {
        Some(match (status?, self) {
            (404, Self::Azure { .. }) if url.is_prefix() => "; is there such a container?",
            (404, _) if url.is_prefix() => "; is there such a bucket?",
            (404, Self::Azure { .. }) => "; there is no such key, or no such container",
            (404, _) => "; there is no such key, or no such bucket",
            (401 | 403, Self::Amazon { .. }) => {
                "; the credentials do not permit it, or are wrong (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"
            }
            (401 | 403, Self::Google { .. }) => {
                "; the credentials do not permit it, or are wrong (GOOGLE_APPLICATION_CREDENTIALS)"
            }
            (401 | 403, Self::Azure { .. }) => {
                "; the credentials do not permit it, or are wrong (AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN)"
            }
            (301 | 307 | 400, Self::Amazon { .. }) => "; is it the bucket's region? (AWS_REGION)",
            _ => return None,
        })
    }

    /// The header of our mark.
    pub fn mark(&self) -> &'static str {
        match self {
            Self::Amazon { .. } => "x-amz-meta-thumbs",
            Self::Google { .. } => "x-goog-meta-thumbs",
            Self::Azure { .. } => "x-ms-meta-thumbs",
        }
    }
}

/// A setting that cannot be used.
pub fn wrong(error: &dyn std::fmt::Display) -> Problem {
    Problem::standing(words::clipped(&error.to_string()))
}

/// The value of a variable, if it is set to something.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether the value of a setting means yes.
pub fn is_true(text: &str) -> bool {
    ["1", "true", "on", "yes", "y"].contains(&text.to_ascii_lowercase().as_str())
}

/// Whether a place that the user names may be asked without encryption.
///
/// # Errors
/// It may not.
pub fn check_scheme(place: &str, name: &str, permit: &str) -> Result<(), Problem> {
    let is_open = variable(permit).is_some_and(|text| is_true(&text));
    match place.starts_with("https://") || is_open {
        true => Ok(()),
        false => Err(Problem::standing(format!("{name} is not https://; {permit}=true permits that"))),
    }
}
