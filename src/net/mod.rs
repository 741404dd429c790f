//! Pictures from the network: addresses, which of them are safe, and downloads over HTTP. It knows
//! nothing of the pipeline: the caller brings threads and memory, and decides when to try again.

pub mod address;
#[cfg(feature = "http")]
mod client;
#[cfg(not(feature = "http"))]
#[path = "no_client.rs"]
mod client;
mod date;
mod problem;
mod secrets;
mod url;

use std::time::Duration;

pub use client::Client;
pub use problem::Problem;
pub use url::{Url, UrlError, is_url, masked_text, safe_name};

/// How downloads are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Downloads at a time.
    pub connections: usize,
    /// Downloads at a time from one host.
    pub per_host: usize,
    /// The time to resolve a name, and to connect.
    pub connect_timeout: Duration,
    /// The time without a byte.
    pub idle_timeout: Duration,
    /// The time of one attempt.
    pub timeout: Duration,
    /// Attempts after the first.
    pub retries: u32,
    /// The wait before the first retry. It doubles each time.
    pub retry_delay: Duration,
    /// Whether hosts in private networks may be asked.
    pub allow_private: bool,
    /// Whether pictures are left out that their server asks to keep out of collections.
    pub respect_robots: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 16,
            per_host: 16,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            timeout: Duration::from_secs(300),
            retries: 4,
            retry_delay: Duration::from_secs(1),
            allow_private: false,
            respect_robots: false,
        }
    }
}

/// What identifies a version of a picture to its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub modified: Option<String>,
}

impl Validators {
    /// Whether a request can be conditional.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.modified.is_none()
    }
}

/// A downloaded picture.
#[derive(Debug)]
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// The body.
    pub bytes: Vec<u8>,
    /// What identifies it.
    pub validators: Validators,
    /// `Last-Modified` in seconds since 1970; 0 if unknown.
    pub mtime: i64,
}

/// A good answer.
#[derive(Debug)]
pub enum Answer {
    /// The picture.
    Body(Fetched),
    /// It has not changed since these validators were given.
    Unchanged,
}

impl Answer {
    /// The size of its body.
    pub fn len(&self) -> u64 {
        match self {
            Self::Body(fetched) => fetched.bytes.len() as u64,
            Self::Unchanged => 0,
        }
    }
}

/// Makes room for as many bytes of a body, or says why not.
pub type Room<'a> = dyn FnMut(u64) -> Result<(), String> + 'a;
