//! Addresses in object stores, `s3://bucket/key`. A key is taken literally: it has no escapes, no query and no fragment.

use std::path::PathBuf;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::{Scheme, Url, UrlError, decoded, safe_name};

/// What is encoded in the path of a key: all that a signature encodes.
const BESIDE_KEYS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A directory of these names, each of which is made safe.
pub fn safe_dir(names: &[&str]) -> PathBuf {
    names.iter().map(|name| safe_name(name)).collect()
}

impl Url {
    /// Parses an address in a store, if it is one.
    pub(super) fn object(text: &[u8]) -> Option<Result<Self, UrlError>> {
        let (_, rest) = text.split_at_checked(5).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"s3://"))?;
        let mut parts = rest.splitn(2, |b| *b == b'/');
        let bucket = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        Some(Self::of_key(&bucket, parts.next().unwrap_or_default()))
    }

    /// The object of this key, which is taken literally.
    ///
    /// # Errors
    /// [`UrlError`].
    pub fn of_key(bucket: &str, key: &[u8]) -> Result<Self, UrlError> {
        let sound = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        if bucket.is_empty() || bucket.len() > 255 || bucket.starts_with('.') || !bucket.bytes().all(sound) {
            return Err(UrlError::Bucket);
        }
        if key.split(|b| *b == b'/').any(|segment| segment == b"." || segment == b"..") {
            return Err(UrlError::Dots);
        }
        let path = format!("/{}", percent_encode(key, BESIDE_KEYS));
        Ok(Self { scheme: Scheme::S3, user: None, host: bucket.to_owned(), port: None, path, query: None })
    }

    /// Whether it is in an object store.
    pub fn is_store(&self) -> bool {
        self.scheme == Scheme::S3
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
