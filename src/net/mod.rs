//! Pictures from the network: addresses, which of them are safe, and downloads over HTTP. It knows
//! nothing of the pipeline: the caller brings threads and memory, and decides when to try again.

pub mod address;
mod backoff;
#[cfg(feature = "http")]
mod client;
#[cfg(not(feature = "http"))]
#[path = "no_client.rs"]
mod client;
#[cfg(not(feature = "stores"))]
mod no_stores;
mod object;
mod options;
mod problem;
mod secrets;
mod url;

pub use client::Client;
#[cfg(feature = "stores")]
pub use client::stores::Stores;
#[cfg(not(feature = "stores"))]
pub use no_stores::Stores;
pub use object::{Condition, Listed, Object, Put};
pub use options::DownloadOptions;
pub use problem::Problem;
pub use url::{Url, UrlError, is_stored, is_url, masked_text, safe_dir, safe_name};

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
