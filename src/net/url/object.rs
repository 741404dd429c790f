//! Addresses in object stores: `s3://bucket/key`, `gs://bucket/key`, `az://container/key`. A key is taken literally: it has no
//! escapes, no query and no fragment.

use std::path::PathBuf;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::{Scheme, Url, UrlError, decoded, safe_name};

/// What is encoded in the path of a key: all that a signature encodes.
const BESIDE_KEYS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A directory of these names, each of which is made safe.
pub fn safe_dir(names: &[&str]) -> PathBuf {
    names.iter().map(|name| safe_name(name)).collect()
}

/// The scheme of an address in a store, and what follows it.
pub(super) fn scheme_of(text: &[u8]) -> Option<(Scheme, &[u8])> {
    let (scheme, rest) = text.split_at_checked(5)?;
    let schemes = [(b"s3://", Scheme::S3), (b"gs://", Scheme::Google), (b"az://", Scheme::Azure)];
    schemes.into_iter().find(|(name, _)| scheme.eq_ignore_ascii_case(*name)).map(|(_, scheme)| (scheme, rest))
}

impl Url {
    /// Parses an address in a store. Unlike [`parse`](Self::parse), it takes blanks at the end for a part of the key.
    ///
    /// # Errors
    /// [`UrlError`].
    pub fn of_store(text: &[u8]) -> Result<Self, UrlError> {
        let (scheme, rest) = scheme_of(text).ok_or(UrlError::Bucket)?;
        let mut parts = rest.splitn(2, |b| *b == b'/');
        let bucket = parts.next().unwrap_or_default();
        let sound = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        let length = bucket.len();
        if length == 0 || length > 255 || bucket.starts_with(b".") || !bucket.iter().all(|b| sound(*b)) {
            return Err(UrlError::Bucket);
        }
        let host = String::from_utf8_lossy(bucket).into_owned();
        Self { scheme, user: None, host, port: None, path: String::new(), query: None }
            .at_key(parts.next().unwrap_or_default())
    }

    /// The object of this key in the same bucket.
    ///
    /// # Errors
    /// [`UrlError`].
    pub fn at_key(&self, key: &[u8]) -> Result<Self, UrlError> {
        if key.split(|b| *b == b'/').any(|segment| segment == b"." || segment == b"..") {
            return Err(UrlError::Dots);
        }
        Ok(Self { path: format!("/{}", percent_encode(key, BESIDE_KEYS)), ..self.clone() })
    }

    /// The bucket as a prefix.
    pub fn top(&self) -> Self {
        Self { path: "/".to_owned(), ..self.clone() }
    }

    /// Whether it is in an object store.
    pub fn is_store(&self) -> bool {
        matches!(self.scheme, Scheme::S3 | Scheme::Google | Scheme::Azure)
    }

    /// The key in its bucket.
    pub fn object_key(&self) -> String {
        String::from_utf8_lossy(&decoded(&self.path[1..])).into_owned()
    }

    /// The path with its leading slash, encoded.
    pub fn path(&self) -> &str {
        &self.path
    }
}
