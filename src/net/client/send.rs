//! One attempt to send a request of any method. Redirects are not followed: what is written goes to the server that was named.

use std::time::Instant;

use ureq::Agent;
use ureq::http::{HeaderMap, Method, Request};

use super::{Client, header, wait};
use crate::net::{Problem, Url};

/// An answer of any status, with its body as far as it was wanted.
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    reason: Option<&'static str>,
}

impl Reply {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The problem with an answer of such a status.
    pub fn problem(&self) -> Problem {
        Problem::of_status(self.status, self.reason, self.header("retry-after").and_then(wait))
    }
}

impl Client {
    /// Sends a body, if the method has one, and reads up to `most` bytes of the answer.
    ///
    /// # Errors
    /// [`Problem`], where there is no answer.
    pub fn send(
        &self,
        method: &Method,
        url: &Url,
        headers: &[(String, String)],
        body: &[u8],
        most: u64,
    ) -> Result<Reply, Problem> {
        let begin = Instant::now();
        let mut request = Request::builder().method(method).uri(url.request());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let unsound = |error: &dyn std::fmt::Display| Problem::standing(format!("no request: {error}"));
        let timeout = Some(self.options.timeout);
        let run = |agent: &Agent| {
            if matches!(*method, Method::PUT | Method::POST) {
                let request = request.body(body).map_err(|error| unsound(&error))?;
                let request = agent.configure_request(request).timeout_recv_response(timeout).build();
                return agent.run(request).map_err(|error| self.problem(&error, None));
            }
            let request = request.body(()).map_err(|error| unsound(&error))?;
            let request = agent.configure_request(request).timeout_recv_response(timeout).build();
            agent.run(request).map_err(|error| self.problem(&error, None))
        };
        let mut response = run(&self.agent)?;
        let left = self.options.timeout.saturating_sub(begin.elapsed());
        if left.is_zero() {
            return Err(self.problem(&ureq::Error::Timeout(ureq::Timeout::Global), None));
        }
        let read = response.body_mut().with_config().limit(most).read_to_vec();
        let body = read.map_err(|error| self.problem(&error, None))?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        Ok(Reply { status: status.as_u16(), headers, body, reason: status.canonical_reason() })
    }
}
