//! The samples of a data set: their keys, and the JSON beside each picture.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::json::path_value;
use thumbs_render::recipe::Placeholder;
use thumbs_render::size::Size;

/// The key of an input that has none of its own. Keys of this form sort like their numbers.
pub fn numbered(number: u64) -> String {
    format!("{number:09}")
}

/// The longest key. A file name ends at 255 bytes, and an extension follows.
const LONGEST_KEY: usize = 200;

/// A text as a key: to readers, a dot ends the key, and a slash its directory.
///
/// # Errors
/// The text is too long.
pub fn key(text: &str) -> Result<String, &'static str> {
    if text.len() > LONGEST_KEY {
        return Err("its --key-column is longer than 200 bytes");
    }
    let is_special = |c: char| matches!(c, '.' | '/' | '\\') || c.is_control();
    Ok(text.replace(is_special, "_"))
}

/// The value that stands for a source.
pub fn source_value(source: Option<&Path>) -> Value {
    match source {
        None => "-".into(),
        Some(path) => path_value(path),
    }
}

/// The metadata of a sample.
#[derive(Debug)]
pub struct Sample<'a> {
    /// The source; None is standard input.
    pub source: Option<&'a Path>,
    /// The stored size of the source.
    pub original: Size,
    /// The size of the picture.
    pub size: Size,
    /// The digest of the source's bytes.
    pub sha256: &'a str,
    /// A hash of its pixels.
    pub look: Option<u64>,
    /// What a page shows while it loads.
    pub placeholders: &'a [(Placeholder, String)],
    /// Distinguishes data sets with different options.
    pub recipe: &'a str,
    /// The index of its input, if its key does not give that.
    pub index: Option<u64>,
    /// Kept columns of a table.
    pub kept: Option<&'a Map<String, Value>>,
}

/// Whether the JSON of a sample has a key of this name anyway. `keyed` if its key is not a number, `looks` if it has a hash of
/// the pixels, and `placeholders` if it has these.
pub fn is_reserved(name: &str, keyed: bool, looks: bool, placeholders: &[Placeholder]) -> bool {
    ["key", "source", "original_width", "original_height", "width", "height", "sha256", "recipe"].contains(&name)
        || keyed && name == "index"
        || looks && name == "phash"
        || placeholders.iter().any(|kind| kind.word() == name)
}

impl Sample<'_> {
    /// The JSON.
    pub fn json(&self, key: &str) -> Vec<u8> {
        let mut value = json!({
            "key": key,
            "source": source_value(self.source),
            "original_width": self.original.width,
            "original_height": self.original.height,
            "width": self.size.width,
            "height": self.size.height,
            "sha256": self.sha256,
            "recipe": self.recipe,
        });
        if let Some(look) = self.look {
            value["phash"] = format!("{look:016x}").into();
        }
        for (kind, text) in self.placeholders {
            value[kind.word()] = text.as_str().into();
        }
        if let Some(index) = self.index {
            value["index"] = index.into();
        }
        for (name, kept) in self.kept.into_iter().flatten() {
            value[name] = kept.clone();
        }
        let mut text = value.to_string();
        text.push('\n');
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_what_readers_accept() {
        for (text, want) in [
            ("boat", "boat"),
            ("boat 1.5", "boat 1_5"),
            ("../../up", "______up"),
            ("a\\b\n\u{7f}c", "a_b__c"),
            ("\u{e9}t\u{e9}.jpg", "\u{e9}t\u{e9}_jpg"),
        ] {
            assert_eq!(key(text).as_deref(), Ok(want), "{text}");
        }
        assert!(key(&"x".repeat(200)).is_ok() && key(&"x".repeat(201)).is_err());
    }
}
