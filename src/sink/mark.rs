//! How an output is known to be one: an extended attribute with the size and the modification time that the file had
//! when it was written. A file that anybody changed since no longer fits its mark.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{XattrFlags, fsetxattr, lgetxattr};
use rustix::io::Errno;

/// The name of the attribute.
const NAME: &str = "user.thumbs";
/// What its value begins with.
const VERSION: &str = "1";
/// No value of ours is longer: numbers, and a file name.
const LONGEST: usize = 512;

/// What a file's mark says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The name of the source, where the output was written beside it.
    pub source: Option<OsString>,
}

impl Mark {
    /// The mark of the file `path`, if it bears one that is still its own.
    pub fn of(path: &Path, metadata: &Metadata) -> Option<Self> {
        let mut value = [0; LONGEST];
        let len = lgetxattr(path, NAME, &mut value[..]).ok()?;
        read(&value[..len], path.file_name()?, metadata)
    }
}

/// Whether thumbs wrote the file `path` as it is.
pub fn is_marked(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|m| m.is_file() && Mark::of(path, &m).is_some())
}

/// Marks a written file that is to be called `name`; `source` is the name of its source where that is in the same
/// directory. False where the file system has no room for it.
pub fn set(file: &File, name: &OsStr, source: Option<&OsStr>) -> bool {
    let Ok(metadata) = file.metadata() else { return false };
    let value = written(name, source, &metadata);
    match fsetxattr(file, NAME, &value, XattrFlags::empty()) {
        Ok(()) => true,
        // The system asks for the permission to write to the file, although it is open for that.
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

/// "1 48211 1795791551.012345678", then where the source is beside it how many bytes their names have in common, and
/// the rest of the source's name: short, so that the file system finds room for it in the inode.
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
    // Renamed, it may have less in common; then it is no longer known what it stands beside.
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
