//! Removes temporary files that a killed run left behind.

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::TEMPORARY;

/// Removes our temporary files in `dir` that nobody holds. A run locks the files that it writes, so
/// an unlocked one is stale, on whichever host it was made.
pub fn remove_stale(dir: &Path) {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    // Files that cannot be read or removed are left. They do no harm.
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if !is_temporary(name.as_bytes()) || !entry.file_type().is_ok_and(|t| t.is_file()) {
            continue;
        }
        if let Ok(file) = File::open(entry.path()) {
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Whether a name is exactly of the form made by `atomic`: prefix, pid, `-`, number, `.tmp`.
fn is_temporary(name: &[u8]) -> bool {
    let middle = name.strip_prefix(TEMPORARY.as_bytes()).and_then(|rest| rest.strip_suffix(b".tmp"));
    let hex = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_hexdigit);
    middle
        .and_then(|m| m.iter().position(|b| *b == b'-').map(|at| (&m[..at], &m[at + 1..])))
        .is_some_and(|(a, b)| hex(a) && hex(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_stale_ones_of_ours_go() {
        let dir = tempfile::tempdir().unwrap();
        for name in [".thumbs-1f-0.tmp", ".thumbs-1f-1.tmp", ".thumbs-notes.tmp", ".thumbs-1f-2", "a.tmp"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let held = File::open(dir.path().join(".thumbs-1f-1.tmp")).unwrap();
        flock(&held, FlockOperation::LockExclusive).unwrap();
        remove_stale(dir.path());
        let mut left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".thumbs-1f-1.tmp", ".thumbs-1f-2", ".thumbs-notes.tmp", "a.tmp"]);
    }
}
