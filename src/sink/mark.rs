//! Marks outputs with an extended attribute that holds the size and modification time of the
//! written file. If anybody changes the file, it no longer matches its mark.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{XattrFlags, fsetxattr, lgetxattr};
use rustix::io::Errno;

/// The name of the attribute.
const NAME: &str = "user.thumbs";
/// The attribute of a picture that was compressed in place. It is another one than that of outputs: those may be
/// replaced, a person's picture may not.
const COMPRESSED: &str = "user.thumbs.compressed";
/// Attributes that are never copied from file to file, because they hold for one alone.
pub const OWN: &str = "user.thumbs";
/// The prefix of its value.
const VERSION: &str = "1";
/// The longest value: numbers and a file name.
const LONGEST: usize = 512;

/// The content of a mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The name of the source, if the output was written beside it.
    pub source: Option<OsString>,
}

impl Mark {
    /// The mark of the file `path`, if it has one that matches.
    pub fn of(path: &Path, metadata: &Metadata) -> Option<Self> {
        let mut value = [0; LONGEST];
        let len = lgetxattr(path, NAME, &mut value[..]).ok()?;
        read(&value[..len], path.file_name()?, metadata)
    }
}

/// Whether thumbs wrote the file `path` in its present form.
pub fn is_marked(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|m| m.is_file() && Mark::of(path, &m).is_some())
}

/// Marks a written file that will be named `name`. `source` is the name of its source, if that is
/// in the same directory. Returns false if the file system does not support it.
pub fn set(file: &File, name: &OsStr, source: Option<&OsStr>) -> bool {
    let Ok(metadata) = file.metadata() else { return false };
    let value = written(name, source, &metadata);
    match fsetxattr(file, NAME, &value, XattrFlags::empty()) {
        Ok(()) => true,
        // The system requires write permission for the file even though it is open for writing.
        Err(Errno::ACCESS) => {
            let mode = metadata.permissions().mode();
            let with = |mode| file.set_permissions(fs::Permissions::from_mode(mode));
            if with(mode | 0o200).is_err() {
                return false;
            }
            let done = fsetxattr(file, NAME, &value, XattrFlags::empty()).is_ok();
            with(mode).is_ok() && done
        }
        Err(_) => false,
    }
}

/// Marks a written file as compressed in place by this recipe. Best effort: without the mark, the next run tries again
/// and finds out that little is saved.
pub fn set_compressed(file: &File, recipe: &str) {
    if let Ok(metadata) = file.metadata() {
        let _ = fsetxattr(file, COMPRESSED, &compressed(recipe, &metadata), XattrFlags::empty());
    }
}

/// Whether the file `path` was compressed in place by this recipe and has not changed since.
pub fn is_compressed(path: &Path, metadata: &Metadata, recipe: &str) -> bool {
    let mut value = [0; LONGEST];
    let len = lgetxattr(path, COMPRESSED, &mut value[..]).ok();
    len.is_some_and(|len| value[..len] == compressed(recipe, metadata))
}

fn compressed(recipe: &str, metadata: &Metadata) -> Vec<u8> {
    let mut value = written(OsStr::new(""), None, metadata);
    value.extend_from_slice(format!(" {recipe}").as_bytes());
    value
}

/// Formats a value: "1 48211 1795791551.012345678", followed for a source beside it by the length
/// of the common prefix of both names and the rest of the source's name. It is short, so that it
/// fits the inode.
fn written(name: &OsStr, source: Option<&OsStr>, metadata: &Metadata) -> Vec<u8> {
    let (len, seconds, nanos) = (metadata.len(), metadata.mtime(), metadata.mtime_nsec());
    let mut value = format!("{VERSION} {len} {seconds}.{nanos:09}").into_bytes();
    if let Some(source) = source {
        let same = name.as_bytes().iter().zip(source.as_bytes()).take_while(|(a, b)| a == b).count();
        value.extend_from_slice(format!(" {same} ").as_bytes());
        value.extend_from_slice(&source.as_bytes()[same..]);
    }
    value
}

fn read(value: &[u8], name: &OsStr, metadata: &Metadata) -> Option<Mark> {
    let own = written(OsStr::new(""), None, metadata);
    let rest = value.strip_prefix(own.as_slice())?;
    if rest.is_empty() {
        return Some(Mark::default());
    }
    let rest = rest.strip_prefix(b" ")?;
    let blank = rest.iter().position(|&b| b == b' ')?;
    let same: usize = std::str::from_utf8(&rest[..blank]).ok()?.parse().ok()?;
    // After a rename, the common prefix may be shorter. Then its source is unknown.
    let begin = name.as_bytes().get(..same);
    let source = begin.map(|begin| OsString::from_vec([begin, &rest[blank + 1..]].concat()));
    Some(Mark { source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_back_until_the_file_changes() {
        let dir = tempfile::tempdir().unwrap();
        for (name, source) in [
            ("a_thumb.jpg", Some("a.jpg")),
            ("lies_thumb.png", Some("lies.jpg")),
            ("x", Some("a name with blanks")),
            ("b.jpg", None),
        ] {
            let path = dir.path().join(name);
            fs::write(&path, "12").unwrap();
            let metadata = fs::metadata(&path).unwrap();
            let value = written(OsStr::new(name), source.map(OsStr::new), &metadata);
            let mark = read(&value, OsStr::new(name), &metadata).unwrap();
            assert_eq!(mark.source.as_deref(), source.map(OsStr::new));
            let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
            if !set(&file, OsStr::new(name), source.map(OsStr::new)) {
                eprintln!("skipped: the file system has no extended attributes");
                continue;
            }
            assert!(is_marked(&path));
            std::io::Write::write_all(&mut file, b"3").unwrap();
            assert!(!is_marked(&path), "{name} has grown");
        }
    }

    #[test]
    fn a_file_that_may_not_be_written_to_is_marked_and_stays_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let file = File::create(&path).unwrap();
        file.set_permissions(fs::Permissions::from_mode(0o444)).unwrap();
        set(&file, OsStr::new("a"), None);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o444);
    }
}
