//! One attempt to download a picture, with ureq: HTTP/1.1 with reused connections, TLS by rustls with
//! the system's roots, proxies by the environment. Redirects are followed here, so that each address
//! is checked.

mod failure;
mod resolve;
#[cfg(feature = "stores")]
mod send;
#[cfg(feature = "stores")]
pub mod stores;

use std::cell::Cell;
use std::collections::HashSet;
use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use ureq::http::{HeaderMap, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Error, Proxy, Timeout};

use super::address::is_public;
use super::{Answer, DownloadOptions, Fetched, Problem, Room, Url, Validators};
use crate::words;
use failure::refused_redirect;
use resolve::{Guarded, Refused};

/// Redirects that are followed.
const REDIRECTS: usize = 10;
/// An answer without a picture is read up to here, so that its connection can be used again.
const DRAIN: u64 = 16 << 10;
/// Room for a body at first.
const FIRST: u64 = 64 << 10;

/// Downloads pictures. Threads share it, with its connections.
pub struct Client {
    agent: Agent,
    options: DownloadOptions,
    #[cfg(feature = "stores")]
    stores: stores::Stores,
}

impl Client {
    /// Makes a client. Nothing is connected yet.
    pub fn new(options: &DownloadOptions) -> Self {
        let proxy = Proxy::try_from_env();
        let through = proxy.as_ref().map(|proxy| (proxy.host().to_ascii_lowercase(), proxy.port()));
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("thumbs/", env!("CARGO_PKG_VERSION")))
            .accept("image/*, */*;q=0.5")
            .accept_encoding("identity")
            .timeout_resolve(Some(options.connect_timeout))
            .timeout_connect(Some(options.connect_timeout))
            .timeout_per_read(Some(options.idle_timeout))
            .timeout_per_write(Some(options.idle_timeout))
            .max_idle_connections(options.connections)
            .max_idle_connections_per_host(options.per_host)
            .tls_config(tls())
            .proxy(proxy)
            .build();
        let resolver = Guarded::new(options.allow_private, through);
        Self {
            agent: Agent::with_parts(config, DefaultConnector::default(), resolver),
            options: options.clone(),
            #[cfg(feature = "stores")]
            stores: stores::Stores::new(options),
        }
    }

    /// Interrupts all downloads. Later ones fail.
    pub fn stop(&self) {
        self.agent.clone().shutdown();
        #[cfg(feature = "stores")]
        self.stores.stop();
    }

    /// Downloads a picture of up to `limit` bytes, in one attempt. `room` is asked before memory is
    /// allocated.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn fetch(&self, url: &Url, known: &Validators, limit: u64, room: &mut Room<'_>) -> Result<Answer, Problem> {
        #[cfg(feature = "stores")]
        if url.is_store() {
            return self.stores.fetch(url, known, limit, room);
        }
        self.fetch_with(url, &[], known, limit, room)
    }

    /// The same, with more headers for this server alone.
    fn fetch_with(
        &self,
        url: &Url,
        headers: &[(String, String)],
        known: &Validators,
        limit: u64,
        room: &mut Room<'_>,
    ) -> Result<Answer, Problem> {
        let deadline = Cell::new(Instant::now() + self.options.timeout);
        let mut at = url.clone();
        let mut seen = HashSet::new();
        for _ in 0..=REDIRECTS {
            if !seen.insert(at.request()) {
                return Err(Problem::lasting("its redirects lead in a circle"));
            }
            // A proxy resolves names by itself, but an address is seen here.
            let literal: Option<IpAddr> = at.host().trim_matches(['[', ']']).parse().ok();
            if !self.options.allow_private && literal.is_some_and(|address| !is_public(address)) {
                return Err(Problem::lasting(Refused.to_string()));
            }
            let credential = url.user().filter(|_| url.is_same_origin(&at)).or_else(|| at.user());
            let headers = if url.is_same_origin(&at) { headers } else { &[] };
            let mut response = self.ask(&at, credential.as_deref(), headers, known, &deadline)?;
            let code = response.status();
            let status = code.as_u16();
            match status {
                200 | 203 => return self.body(&mut response, limit, room, &deadline).map(Answer::Body),
                304 if !known.is_empty() => return Ok(Answer::Unchanged),
                301 | 302 | 303 | 307 | 308 => {
                    let location = response.headers().get("location").map(|value| value.as_bytes().to_vec());
                    drain(&mut response);
                    let location = location.ok_or_else(|| {
                        Problem::standing(format!("the server answers {status} without a place to go")).at(status)
                    })?;
                    at = at.join(&location).map_err(|error| refused_redirect(&error).at(status))?;
                }
                _ => {
                    let after = header(response.headers(), "retry-after").and_then(wait);
                    drain(&mut response);
                    return Err(Problem::of_status(status, code.canonical_reason(), after));
                }
            }
        }
        Err(Problem::lasting(format!("more than {REDIRECTS} redirects")))
    }

    fn ask(
        &self,
        url: &Url,
        credential: Option<&[u8]>,
        headers: &[(String, String)],
        known: &Validators,
        deadline: &Cell<Instant>,
    ) -> Result<Response<Body>, Problem> {
        let left = deadline.get().saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(self.problem(&Error::Timeout(Timeout::Global), None));
        }
        let mut request = self.agent.get(url.request()).config().timeout_recv_response(Some(left)).build();
        if let Some(credential) = credential {
            let token = base64::engine::general_purpose::STANDARD.encode(credential);
            request = request.header("authorization", format!("Basic {token}"));
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(etag) = &known.etag {
            request = request.header("if-none-match", etag);
        }
        if let Some(modified) = &known.modified {
            request = request.header("if-modified-since", modified);
        }
        request.call().map_err(|error| self.problem(&error, None))
    }

    fn body(
        &self,
        response: &mut Response<Body>,
        limit: u64,
        room: &mut Room<'_>,
        deadline: &Cell<Instant>,
    ) -> Result<Fetched, Problem> {
        let status = response.status().as_u16();
        let headers = response.headers();
        if self.options.respect_robots && forbids(headers) {
            let words = "its server asks to keep it out of collections (X-Robots-Tag; --ignore-robots-tag)";
            return Err(Problem::lasting(words).at(status));
        }
        let validators = Validators {
            etag: header(headers, "etag").map(str::to_owned),
            modified: header(headers, "last-modified").map(str::to_owned),
        };
        let date = validators.modified.as_deref().and_then(|text| httpdate::parse_http_date(text).ok());
        let mtime =
            date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_secs() as i64);
        let gzip = match header(headers, "content-encoding").map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => false,
            Some("gzip" | "x-gzip") => true,
            Some(other) => {
                let words = format!("its Content-Encoding {:?} is not read", words::clipped(other));
                return Err(Problem::lasting(words).at(status));
            }
        };
        let length = header(headers, "content-length").and_then(|text| text.parse::<u64>().ok()).filter(|_| !gzip);
        if let Some(size) = length.filter(|size| *size > limit) {
            let words = crate::source::SourceError::TooLarge { size, limit }.to_string();
            return Err(Problem::lasting(words).at(status));
        }
        let reader = Timed { inner: response.body_mut().as_reader(), deadline };
        // The server does not have to answer for the time in which nobody listens.
        let mut room = |bytes| {
            let begin = Instant::now();
            let made = room(bytes);
            deadline.set(deadline.get() + begin.elapsed());
            made
        };
        let read = match gzip {
            true => self.read(&mut flate2::read::MultiGzDecoder::new(reader), None, limit, &mut room),
            false => self.read(&mut { reader }, length, limit, &mut room),
        };
        let bytes = read.map_err(|problem| problem.at(status))?;
        Ok(Fetched { status, bytes, validators, mtime })
    }

    fn read(
        &self,
        reader: &mut dyn Read,
        length: Option<u64>,
        limit: u64,
        room: &mut Room<'_>,
    ) -> Result<Vec<u8>, Problem> {
        // One byte more than expected, so that the end shows without growing.
        let most = length.unwrap_or(limit).saturating_add(1);
        let mut bytes = Vec::new();
        loop {
            let have = bytes.len() as u64;
            // A length is only believed as far as bytes come.
            let next = (have * 2).max(FIRST).min(most);
            room(next).map_err(Problem::lasting)?;
            bytes.reserve_exact((next - have) as usize);
            if let Err(error) = (&mut *reader).take(next - have).read_to_end(&mut bytes) {
                return Err(self.cut(&error, bytes.len() as u64, length));
            }
            match bytes.len() as u64 {
                len if len > limit => {
                    return Err(Problem::lasting(crate::source::SourceError::Endless { limit }.to_string()));
                }
                // Read to its end, so that the connection can be used again.
                len if len < next => break,
                _ => {}
            }
        }
        match length.filter(|length| *length != bytes.len() as u64) {
            Some(length) => Err(self.cut(&io::ErrorKind::UnexpectedEof.into(), bytes.len() as u64, Some(length))),
            None => Ok(bytes),
        }
    }
}

/// A body that ends at a deadline, in whatever steps it comes.
struct Timed<'c, R> {
    inner: R,
    deadline: &'c Cell<Instant>,
}

impl<R: Read> Read for Timed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if Instant::now() >= self.deadline.get() {
            return Err(io::Error::other(Error::Timeout(Timeout::Global)));
        }
        self.inner.read(buffer)
    }
}

/// The system's certificates, and ring's cryptography, which builds with a C compiler alone.
fn tls() -> TlsConfig {
    let certificates = rustls_native_certs::load_native_certs().certs;
    let roots = certificates.iter().map(|der| Certificate::from_der(der).to_owned());
    TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(roots.collect())))
        .build()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// `Retry-After`: seconds, or a date.
fn wait(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = httpdate::parse_http_date(text).ok()?;
    Some(then.duration_since(SystemTime::now()).unwrap_or_default())
}

/// Whether `X-Robots-Tag` asks everybody to keep the picture out of indexes or of training.
fn forbids(headers: &HeaderMap) -> bool {
    let values = headers.get_all("x-robots-tag").iter().filter_map(|value| value.to_str().ok());
    values.into_iter().any(|value| {
        // `bot: noindex` is for one robot, with all that follows.
        let ours = match value.split_once(':') {
            Some((robot, _)) if !robot.trim().eq_ignore_ascii_case("thumbs") => "",
            Some((_, rest)) => rest,
            None => value,
        };
        let words = ours.split(',').map(|word| word.trim().to_ascii_lowercase());
        words
            .into_iter()
            .any(|word| matches!(word.as_str(), "noai" | "noimageai" | "noindex" | "noimageindex" | "none"))
    })
}

/// Reads the small body of an answer without a picture, so that its connection can be used again.
fn drain(response: &mut Response<Body>) {
    let length = header(response.headers(), "content-length").and_then(|text| text.parse::<u64>().ok());
    if length.is_some_and(|length| length <= DRAIN) {
        let _ = io::copy(&mut response.body_mut().as_reader().take(DRAIN), &mut io::sink());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn robots() {
        for (values, want) in [
            (&["noai"][..], true),
            (&["max-snippet:50"], false),
            (&["noindex, nofollow"], true),
            (&["googlebot: noindex"], false),
            (&["googlebot: noindex", "NoImageAI"], true),
            (&["thumbs: noindex"], true),
            (&["all"], false),
            (&[], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-robots-tag", value.parse().unwrap());
            }
            assert_eq!(forbids(&headers), want, "{values:?}");
        }
    }

    #[test]
    fn waits() {
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert!(wait("Fri, 31 Dec 9999 23:59:59 GMT").is_some_and(|wait| wait > Duration::from_secs(1 << 30)));
        assert_eq!(wait("soon"), None);
    }
}
