//! Wording for messages: system errors and byte counts.

use std::io;

/// The system's text for an error, without Rust's "(os error 2)". Errors that did not come from the
/// system get the same wording.
pub fn system_words(error: &io::Error) -> String {
    use io::ErrorKind;
    if error.raw_os_error().is_none() && error.get_ref().is_none() {
        let words = match error.kind() {
            ErrorKind::NotFound => "No such file or directory",
            ErrorKind::PermissionDenied => "Permission denied",
            ErrorKind::AlreadyExists => "File exists",
            ErrorKind::NotADirectory => "Not a directory",
            ErrorKind::IsADirectory => "Is a directory",
            ErrorKind::UnexpectedEof => "it ends too early",
            ErrorKind::WriteZero => "it takes no more bytes",
            ErrorKind::BrokenPipe => "Broken pipe",
            ErrorKind::InvalidInput if error.to_string().contains("NUL") => "its name holds a NUL",
            _ => "",
        };
        if !words.is_empty() {
            return words.to_owned();
        }
    }
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// A byte count in decimal units: "812 B", "48.2 kB", "1.00 TB".
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    if n < 1000 {
        return format!("{n} B");
    }
    let (mut value, mut unit) = (n as f64, 0);
    // 999.95 would print as 1000.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.digits$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_counts() {
        for (n, want) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (48_211, "48.2 kB"),
            (999_499, "999 kB"),
            (999_600, "1.00 MB"),
            (1_000_000_000_000, "1.00 TB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(n), want);
        }
    }

    #[test]
    fn system_errors_lose_the_number() {
        assert_eq!(system_words(&io::Error::from_raw_os_error(2)), "No such file or directory");
        assert_eq!(system_words(&io::Error::other("own words")), "own words");
        assert_eq!(system_words(&io::ErrorKind::AlreadyExists.into()), "File exists");
        let nul = std::fs::metadata("a\0b").unwrap_err();
        assert_eq!(system_words(&nul), "its name holds a NUL");
        let cut = io::Read::read_exact(&mut &b"a"[..], &mut [0; 2]).unwrap_err();
        assert_eq!(system_words(&cut), "it ends too early");
    }
}
