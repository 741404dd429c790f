//! The requests for credentials, through ureq. They are few, and whoever polls them waits for them anyway.

use std::time::Duration;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use ureq::http::Response;
use ureq::{Agent, Error, Proxy};

use crate::net::client::tls;

/// More than any answer with credentials.
const LONGEST: u64 = 1 << 20;

#[derive(Clone, Debug)]
pub struct Transport {
    agent: Agent,
    /// For the machine's own services, which no proxy reaches.
    near: Agent,
}

impl Transport {
    pub fn new(patience: Duration) -> Self {
        let agent = |proxy| {
            Agent::config_builder()
                .http_status_as_error(false)
                .timeout_global(Some(patience))
                .tls_config(tls())
                .proxy(proxy)
                .build()
                .new_agent()
        };
        Self { agent: agent(Proxy::try_from_env()), near: agent(None) }
    }
}

impl HttpConnector for Transport {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Transport {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let is_near = request.uri().scheme_str() == Some("http");
        let agent = if is_near { &self.near } else { &self.agent };
        let request = request.map(|body| body.as_bytes().map(|bytes| bytes.to_vec()).unwrap_or_default());
        let failed = |error: Error| {
            let kind = match &error {
                Error::Timeout(_) => HttpErrorKind::Timeout,
                _ => HttpErrorKind::Connect,
            };
            HttpError::new(kind, error)
        };
        let (parts, mut body) = agent.run(request).map_err(failed)?.into_parts();
        let bytes = body.with_config().limit(LONGEST).read_to_vec().map_err(failed)?;
        Ok(Response::from_parts(parts, bytes.into()))
    }
}
