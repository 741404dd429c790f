//! What is said of objects in stores.

// In a build without the feature `stores`, nothing makes any.
#![cfg_attr(not(feature = "stores"), allow(dead_code))]

use super::Validators;

/// The beginning of a mark, its version.
const VERSION: &str = "1";

/// An object that stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Its size.
    pub size: u64,
    /// Its ETag.
    pub etag: Option<String>,
    /// What a condition of Google names it by.
    pub(in crate::net) generation: Option<String>,
    /// Our mark.
    pub(in crate::net) mark: Option<String>,
}

impl Object {
    /// Whether it may be replaced: thumbs wrote it, or it is empty.
    pub fn is_ours(&self) -> bool {
        self.size == 0 || self.mark.as_ref().is_some_and(|mark| mark.starts_with(&format!("{VERSION} {} ", self.size)))
    }
}

/// A key of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The key, decoded.
    pub key: Vec<u8>,
    /// What identifies its content.
    pub validators: Validators,
    /// Its size.
    pub size: Option<u64>,
}

/// What has to hold when an object is written.
#[derive(Clone, Copy, Debug)]
pub enum Condition<'a> {
    /// Nothing.
    Any,
    /// There is no such object.
    New,
    /// It is still this one.
    Same(&'a Object),
}

/// The result of writing an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It stands, with this ETag.
    Stored(Option<String>),
    /// The condition did not hold.
    Refused,
}

/// The mark of an object with this length and digest.
pub fn mark_of(length: u64, digest: u64) -> String {
    format!("{VERSION} {length} {digest:016x}")
}
