//! Wording for messages: paths.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub use thumbs_render::words::{bytes, system_words};

/// A path on one line. Control characters and invalid UTF-8 are escaped (`\\n`, `\\x1b`, `\\xff`),
/// so that a name cannot control a terminal. A backslash is escaped only if something else is.
pub fn path(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    let harmless = |text: &&str| !text.chars().any(is_unsafe);
    if let Some(text) = path.to_str().filter(harmless) {
        return text.to_owned();
    }
    let mut escaped = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => escaped.push_str("\\\\"),
                '\n' => escaped.push_str("\\n"),
                '\t' => escaped.push_str("\\t"),
                '\r' => escaped.push_str("\\r"),
                c if c.is_ascii() && is_unsafe(c) => escaped.push_str(&format!("\\x{:02x}", c as u32)),
                c if is_unsafe(c) => escaped.push_str(&format!("\\u{{{:x}}}", c as u32)),
                c => escaped.push(c),
            }
        }
        for b in chunk.invalid() {
            escaped.push_str(&format!("\\x{b:02x}"));
        }
    }
    escaped
}

/// Words of somebody else, such as a server: on one line, and cut if they are long.
pub fn clipped(text: &str) -> String {
    const MOST: usize = 100;
    let short: String = text.chars().take(MOST).collect();
    let cut = if short.len() < text.len() { "..." } else { "" };
    format!("{}{cut}", path(Path::new(&short)))
}

/// Control characters, and characters that change the direction of writing.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_escaped() {
        use std::ffi::OsStr;
        for (bytes, want) in [
            (&b"a b/\xc3\xa9.jpg"[..], "a b/é.jpg"),
            (b"a\\b", "a\\b"),
            (b"a\nb\\", "a\\nb\\\\"),
            (b"\x1b[31m", "\\x1b[31m"),
            (b"\xff.jpg", "\\xff.jpg"),
            ("\u{202e}gpj".as_bytes(), "\\u{202e}gpj"),
            ("\u{9b}2J".as_bytes(), "\\u{9b}2J"),
        ] {
            assert_eq!(path(Path::new(OsStr::from_bytes(bytes))), want);
        }
    }
}
