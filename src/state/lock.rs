//! One run at a time per state. The kernel holds the lock on an open file, so it ends with its
//! process, however that ends.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::words;

/// What to do if another run holds the lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLocked {
    /// Exit successfully without doing anything.
    Skip,
    /// Wait until it is free.
    Wait,
    /// Fail.
    #[default]
    Fail,
}

/// Why the lock cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run holds it.
    #[error("another run holds the lock {}: {holder}", words::path(.path))]
    Held {
        /// The lock.
        path: PathBuf,
        /// The pid and start time of its holder.
        holder: String,
    },
    /// A system error.
    #[error("the lock {}: {}", words::path(.path), words::system_words(.error))]
    Io {
        /// The lock.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
}

/// A held lock. Dropping it releases it.
#[derive(Debug)]
pub struct Lock {
    // The file is not removed: otherwise two runs could lock two files with one name.
    _file: File,
}

impl Lock {
    /// Takes the lock of the state file `state`. `stop` ends the waiting.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take(state: &Path, on_locked: OnLocked, stop: &dyn Fn() -> bool) -> Result<Self, LockError> {
        let mut name = state.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let io = |error| LockError::Io { path: path.clone(), error };
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).mode(0o644).open(&path).map_err(io)?;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                // Polls instead of waiting in the kernel, so that signals are noticed.
                Err(Errno::WOULDBLOCK) if on_locked == OnLocked::Wait && !stop() => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(Errno::INTR) => {}
                Err(Errno::WOULDBLOCK) => {
                    let mut holder = String::new();
                    let _ = file.read_to_string(&mut holder);
                    let holder = holder.trim();
                    let holder = if holder.is_empty() { "its pid is not written yet".into() } else { holder.into() };
                    return Err(LockError::Held { path, holder });
                }
                Err(error) => return Err(io(error.into())),
            }
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let text = format!("pid {}, started {} UTC\n", std::process::id(), utc(now));
        // For users only. A full disk is reported elsewhere.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
        Ok(Self { _file: file })
    }
}

/// "2026-11-22 03:15:00", by Howard Hinnant's days-to-civil algorithm.
pub fn utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day + 2) / 153;
    let day = day - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let first = Lock::take(&state, OnLocked::Fail, &|| false).unwrap();
        let error = Lock::take(&state, OnLocked::Fail, &|| false).unwrap_err().to_string();
        assert!(error.contains(&format!("pid {}, started 2", std::process::id())), "{error}");
        assert!(matches!(Lock::take(&state, OnLocked::Wait, &|| true), Err(LockError::Held { .. })));
        drop(first);
        Lock::take(&state, OnLocked::Wait, &|| true).unwrap();
    }

    #[test]
    fn dates() {
        for (seconds, want) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_795_341_600, "2026-11-22 10:00:00"),
            (4_107_542_399, "2100-02-28 23:59:59"),
        ] {
            assert_eq!(utc(seconds), want);
        }
    }
}
