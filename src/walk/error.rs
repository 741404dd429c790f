//! Why a name refers to nothing.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::paths::scheme;
use super::select::PatternError;
use crate::net::UrlError;
use crate::words;

/// The addresses that are read.
const READ: &str =
    if cfg!(feature = "stores") { "http://, https://, s3://, gs:// and az://" } else { "http:// and https://" };

/// Why a name refers to nothing.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// A system error.
    #[error("{}", words::system_words(.0))]
    Io(#[from] io::Error),
    /// A FIFO, socket or device.
    #[error("not a regular file but {0}")]
    NotAFile(&'static str),
    /// A pattern without a match.
    #[error("no file has this name, and as a pattern it matches nothing")]
    NoMatch,
    /// An invalid pattern.
    #[error("no file has this name, and as a pattern it is wrong: {0}")]
    Pattern(PatternError),
    /// The path is not below the directory of `--relative-to`.
    #[error("not below {0:?}, which --relative-to names")]
    NotBelow(PathBuf),
    /// An empty name.
    #[error("an empty name")]
    Empty,
    /// The name has a NUL: probably a line of a list whose names end with NUL.
    #[error("its name holds a NUL; --files0-from reads lists whose names end with one")]
    Nul,
    /// `https://example.org/a.jpg`
    #[error("{0}:// addresses are not read, only {READ}; download it first")]
    Address(String),
    /// A row of a table.
    #[error("row {number} of the table: {why}")]
    Row {
        /// Its number, from 1.
        number: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// `http://`
    #[error(transparent)]
    Url(#[from] UrlError),
    /// `s3://bucket/`
    #[error("its listing failed: {0}")]
    Listing(String),
    /// `s3://bucket/a.jpg` in a build that knows no stores.
    #[cfg(not(feature = "stores"))]
    #[error("{0}:// addresses are not read by this build, which has no object stores (feature stores)")]
    NoStores(String),
    /// A directory whose pictures are not replaced.
    #[error("{0}; in place, name a directory of pictures")]
    Refused(&'static str),
    /// What another walk found out, when it wrote a plan.
    #[error("{0}")]
    Planned(String),
    /// `file:///a.jpg`
    #[error("file:// addresses are not read; name the path itself")]
    FileAddress,
}

impl WalkError {
    /// The error for a name that the system does not know.
    pub(super) fn of(path: &Path, error: io::Error) -> Self {
        match scheme(path) {
            _ if path.as_os_str().as_bytes().contains(&0) => Self::Nul,
            Some("file") if error.kind() == io::ErrorKind::NotFound => Self::FileAddress,
            #[cfg(not(feature = "stores"))]
            Some(scheme)
                if ["s3", "gs", "az"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
                    && error.kind() == io::ErrorKind::NotFound =>
            {
                Self::NoStores(scheme.to_ascii_lowercase())
            }
            Some(scheme) if error.kind() == io::ErrorKind::NotFound => Self::Address(scheme.to_owned()),
            _ => Self::Io(error),
        }
    }
}
