//! Paths as JSON.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A path as a report holds it.
pub fn path_value(path: &Path) -> Value {
    match path.to_str() {
        Some(text) => text.into(),
        None => json!({"bytes": STANDARD.encode(path.as_os_str().as_encoded_bytes())}),
    }
}
