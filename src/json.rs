//! Paths as JSON, in reports, in data sets and in plans.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A path. One that is not UTF-8 is an object with its bytes in base64.
pub fn path_value(path: &Path) -> Value {
    match path.to_str() {
        Some(text) => text.into(),
        None => json!({"bytes": STANDARD.encode(path.as_os_str().as_encoded_bytes())}),
    }
}

/// The path of [`path_value`].
pub fn path_of(value: &Value) -> Option<PathBuf> {
    match value.as_str() {
        Some(text) => Some(PathBuf::from(text)),
        None => {
            let bytes = STANDARD.decode(value.get("bytes")?.as_str()?).ok()?;
            Some(PathBuf::from(OsString::from_vec(bytes)))
        }
    }
}
