//! A bucket: its place, and signatures with the user's credentials.

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use object_store::RetryConfig;
use object_store::aws::AwsAuthorizer;
use object_store::azure::AzureAuthorizer;
use object_store::client::{HttpRequest, HttpRequestBody};
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;
use ureq::http::uri::InvalidUri;
use ureq::http::{HeaderName, HeaderValue, Method};

use super::service::{Service, wrong};
use super::transport::Transport;
use super::{amazon, azure, google};
use crate::net::{Problem, Url};
use crate::words;

/// How long a machine or a service may take to hand out credentials.
const PATIENCE: Duration = Duration::from_secs(5);

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
