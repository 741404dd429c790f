//! What goes wrong with a request, in words, and whether it may pass.

use std::io;
use std::time::Duration;

use ureq::{Error, Timeout};

use super::Client;
use super::resolve::Refused;
use crate::net::{Problem, UrlError};
use crate::words;

impl Client {
    /// The problem with a body of which only `have` bytes came.
    pub(super) fn cut(&self, error: &io::Error, have: u64, length: Option<u64>) -> Problem {
        if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>())
            && matches!(error, Error::Timeout(_))
        {
            return self.problem(error, Some(have));
        }
        if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) {
            return Problem::passing("its body is damaged on the way: wrong chunks or gzip data");
        }
        let have = words::bytes(have);
        Problem::passing(match length {
            Some(length) => format!("the connection ended after {have} of {}", words::bytes(length)),
            None => format!("the connection ended after {have}, before the end"),
        })
    }

    pub(super) fn problem(&self, error: &Error, have: Option<u64>) -> Problem {
        let seconds = |time: Duration| time.as_secs_f64();
        match error {
            Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                let limit = seconds(self.options.connect_timeout);
                Problem::passing(format!("no connection within {limit} s (--connect-timeout)"))
            }
            Error::Timeout(Timeout::PerRead | Timeout::PerWrite) => {
                let limit = seconds(self.options.idle_timeout);
                let after = have.map_or_else(String::new, |have| format!(", after {}", words::bytes(have)));
                Problem::passing(format!("nothing came for {limit} s{after} (--idle-timeout)"))
            }
            Error::Timeout(_) => {
                let limit = seconds(self.options.timeout);
                Problem::passing(format!("it takes longer than {limit} s (--download-timeout)"))
            }
            Error::HostNotFound => Problem::standing("its host is not found"),
            Error::Io(error) => of_io(error),
            Error::Other(inner) if inner.is::<Refused>() => Problem::lasting(inner.to_string()),
            Error::ConnectProxyFailed(why) => Problem::passing(format!("the proxy: {}", words::clipped(why))),
            Error::Rustls(error) => Problem::standing(format!("no secure connection: {error}")),
            Error::Tls(why) => Problem::standing(format!("no secure connection: {why}")),
            Error::Protocol(_) | Error::Http(_) => Problem::passing("its answer is not HTTP"),
            Error::LargeResponseHeader(..) => Problem::standing("the headers of its answer are too long"),
            error => Problem::standing(words::clipped(&error.to_string())),
        }
    }
}

fn of_io(error: &io::Error) -> Problem {
    let text = error.to_string();
    if text.contains("failed to lookup address") {
        // The resolver's "try again"; its other errors stay.
        return match text.contains("Temporary failure") || text.contains("ry again") {
            true => Problem::passing("its host is not found: the name service does not answer"),
            false => Problem::standing("its host is not found"),
        };
    }
    if let Some(rustls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return Problem::standing(format!("no secure connection: {rustls}"));
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Problem::passing("the connection ended without an answer"),
        _ if error.raw_os_error().is_some() => Problem::passing(words::system_words(error)),
        _ => Problem::passing(words::clipped(&text)),
    }
}

pub fn refused_redirect(error: &UrlError) -> Problem {
    match error {
        UrlError::Scheme(scheme) => {
            Problem::lasting(format!("a redirect to a {} address is not followed", words::clipped(scheme)))
        }
        other => Problem::lasting(format!("a redirect leads nowhere: {other}")),
    }
}
