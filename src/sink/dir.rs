//! Writes outputs as files.

use std::fs;
use std::io;

use super::atomic::Temporary;
use super::{Entry, Sink, SinkError, classify, original};

/// Saves each output under its path and creates missing directories.
#[derive(Debug, Default)]
pub struct Directory;

impl Sink for Directory {
    fn put(&mut self, entries: &[Entry<'_>]) -> Result<(), SinkError> {
        let mut written = Vec::with_capacity(entries.len());
        for entry in entries {
            let temporary = entry.original.map_or_else(|| Temporary::write(entry), |o| original::write(entry, o));
            written.push(temporary.map_err(|e| classify(entry.path, e))?);
        }
        for (temporary, entry) in written.iter().zip(entries) {
            temporary.close().map_err(|e| classify(entry.path, e))?;
        }
        // A rename cannot be undone if a later one fails, so what would prevent it is checked
        // first.
        if entries.len() > 1 {
            for entry in entries {
                if fs::symlink_metadata(entry.path).is_ok_and(|m| m.is_dir()) {
                    return Err(classify(entry.path, io::ErrorKind::IsADirectory.into()));
                }
            }
        }
        for (temporary, entry) in written.into_iter().zip(entries) {
            let done = match entry.original {
                Some(original) => original::commit(temporary, entry.path, original).map(|_| ()),
                None => temporary.commit(entry.path, entry.replace),
            };
            done.map_err(|e| classify(entry.path, e))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;
    use crate::policy::Replace;

    fn entry<'a>(path: &'a Path, bytes: &'a [u8], replace: bool) -> Entry<'a> {
        let replace = if replace { Replace::Any } else { Replace::Never };
        let gid = rustix::process::getegid().as_raw();
        Entry { path, bytes, mode: 0o644, gid, beside: None, replace, mtime: None, original: None, number: 0 }
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn outputs_appear_with_their_directories() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/c.jpg");
        Directory.put(&[entry(&path, b"1", false)]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"1");
        Directory.put(&[entry(&path, b"2", true)]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"2");
        assert_eq!(names(path.parent().unwrap()), ["c.jpg"]);
    }

    #[test]
    fn existing_files_are_kept_by_default() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.jpg");
        fs::write(&path, "old").unwrap();
        assert!(matches!(Directory.put(&[entry(&path, b"new", false)]), Err(SinkError::Entry { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["c.jpg"], "no temporary is left");
    }

    #[test]
    fn all_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let (good, bad) = (dir.path().join("good"), dir.path().join("bad"));
        fs::create_dir(&bad).unwrap();
        let error = Directory.put(&[entry(&good, b"1", true), entry(&bad, b"2", true)]).unwrap_err();
        assert!(error.to_string().ends_with("Is a directory"), "{error}");
        assert_eq!(names(dir.path()), ["bad"]);
    }

    #[test]
    fn a_private_source_gives_a_private_output() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.jpg");
        Directory.put(&[Entry { mode: 0o600, ..entry(&path, b"1", true) }]).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        // Members of another group could read the source, but the output's group are other people.
        let other = rustix::process::getegid().as_raw().wrapping_add(1);
        Directory.put(&[Entry { mode: 0o640, gid: other, ..entry(&path, b"1", true) }]).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
    }
}
