//! The format of lines on standard error: plain, for the journal, or JSON.

use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

use serde_json::json;

use crate::cli::args_nightly::LogFormat;

/// The severity of a line.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    Error,
    Warning,
    Info,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dress {
    Plain,
    Journal,
    Json,
}

/// Set once from the command line.
static DRESS: OnceLock<Dress> = OnceLock::new();

/// Sets the format of all following lines.
pub fn speak(format: LogFormat) {
    let dress = match format {
        LogFormat::Json => Dress::Json,
        LogFormat::Text if stderr_is_journal() => Dress::Journal,
        LogFormat::Text => Dress::Plain,
    };
    let _ = DRESS.set(dress);
}

/// Formats one line, without a line feed.
pub fn line(level: Level, text: &str) -> String {
    dressed(DRESS.get().copied().unwrap_or(Dress::Plain), level, text)
}

fn dressed(dress: Dress, level: Level, text: &str) -> String {
    let (number, word) = match level {
        Level::Error => (3, "error"),
        Level::Warning => (4, "warning"),
        Level::Info => (6, "info"),
    };
    match dress {
        Dress::Plain => text.to_owned(),
        // sd-daemon(3)
        Dress::Journal => format!("<{number}>{text}"),
        Dress::Json => json!({"level": word, "message": text.strip_prefix("thumbs: ").unwrap_or(text)}).to_string(),
    }
}

/// systemd sets JOURNAL_STREAM to device and inode of the stream; after a redirection they differ.
fn stderr_is_journal() -> bool {
    let Some(stream) = std::env::var("JOURNAL_STREAM").ok() else { return false };
    let Ok(own) = std::fs::metadata("/proc/self/fd/2") else { return false };
    stream == format!("{}:{}", own.dev(), own.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        assert_eq!(dressed(Dress::Plain, Level::Error, "thumbs: x"), "thumbs: x");
        assert_eq!(dressed(Dress::Journal, Level::Error, "thumbs: x"), "<3>thumbs: x");
        assert_eq!(dressed(Dress::Json, Level::Info, "thumbs: \"x\""), r#"{"level":"info","message":"\"x\""}"#);
    }
}
