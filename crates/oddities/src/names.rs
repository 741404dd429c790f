//! File names that break careless programs. Each is a single component without a slash.

use std::ffi::OsString;

/// A description of each name, and the name. All end in `extension` (without a dot).
#[cfg(unix)]
pub fn hostile(extension: &str) -> Vec<(&'static str, OsString)> {
    use std::os::unix::ffi::OsStringExt;
    let with = |stem: &[u8]| OsString::from_vec([stem, b".", extension.as_bytes()].concat());
    vec![
        ("newline", with(b"two\nlines")),
        ("escape sequences", with(b"\x1b[31mred\x1b[0m\x07")),
        ("carriage return", with(b"over\rwritten")),
        ("not UTF-8", with(b"caf\xe9")),
        ("leading dash", with(b"-rf")),
        ("spaces", with(b"  a  b  ")),
        ("glob characters", with(b"[a]*?{b}")),
        ("template characters", with(b"{stem}{size}")),
        ("quotes", with(b"it's \"quoted\" \\ $HOME `id`")),
        ("right-to-left override", with("gpj.\u{202e}exe".as_bytes())),
        ("only dots before", with(b"...")),
        ("255 bytes", longest(extension)),
    ]
}

/// A name of exactly 255 bytes, the limit of Linux file systems.
#[cfg(unix)]
pub fn longest(extension: &str) -> OsString {
    OsString::from(format!("{}.{extension}", "n".repeat(254 - extension.len())))
}
