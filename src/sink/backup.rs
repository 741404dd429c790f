//! Originals that are kept before their outputs replace them.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::atomic::{Temporary, rename_to_new, same_bytes};
use super::{carry, close_copy, sync};

/// No file has so many versions.
const MOST: u32 = 10_000;

/// A kept original.
#[derive(Debug)]
pub struct Backup {
    path: PathBuf,
    /// It was made now.
    new: bool,
}

impl Backup {
    /// Takes it away again: what it is a copy of stands.
    pub fn undo(&self) {
        if self.new {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Keeps the opened file `path` as `place`, or as `place.~1~` and so on where other files stand: by a hard link, else as
/// a copy with all attributes, synced.
pub fn keep(file: &File, path: &Path, place: &Path) -> io::Result<Backup> {
    let words = |error: io::Error| io::Error::new(error.kind(), Unkept { place: place.to_path_buf(), error });
    keep_at(file, path, place).map_err(words)
}

/// The backup cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the backup {} cannot be made: {}", crate::words::path(.place), crate::words::system_words(.error))]
struct Unkept {
    place: PathBuf,
    error: io::Error,
}

fn keep_at(file: &File, path: &Path, place: &Path) -> io::Result<Backup> {
    let dir = place.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(dir)?;
    let own = file.metadata()?;
    let mut copy: Option<Temporary> = None;
    for number in 0..MOST {
        let name = numbered(place, number);
        let stands = match &copy {
            None => match fs::hard_link(path, &name) {
                Ok(()) => {
                    let linked = fs::symlink_metadata(&name)?;
                    let backup = Backup { path: name, new: true };
                    if (linked.dev(), linked.ino()) != (own.dev(), own.ino()) {
                        backup.undo();
                        return Err(io::Error::other("another file took its name"));
                    }
                    return Ok(backup);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => true,
                // Another file system, one without links, or a file that may not be linked.
                Err(_) => {
                    copy = Some(copied(file, &own, dir)?);
                    fs::symlink_metadata(&name).is_ok()
                }
            },
            Some(_) => fs::symlink_metadata(&name).is_ok(),
        };
        if stands {
            if is_kept(path, &own, &name) {
                return Ok(Backup { path: name, new: false });
            }
            continue;
        }
        if let Some(temporary) = &mut copy {
            match temporary.rename(&name) {
                Ok(()) => {
                    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
                    sync(&File::open(dir)?)?;
                    return Ok(Backup { path: name, new: true });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// `a.jpg`, `a.jpg.~1~`, `a.jpg.~2~`: as `cp --backup` numbers them.
fn numbered(place: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return place.to_path_buf();
    }
    let mut name = OsString::from(place);
    name.push(format!(".~{number}~"));
    name.into()
}

/// Whether `name` is a backup of the file that a run made which was killed then. A name of the file itself is none.
fn is_kept(path: &Path, own: &fs::Metadata, name: &Path) -> bool {
    let Ok(other) = fs::symlink_metadata(name) else { return false };
    let is_itself = || {
        let dir = |path: &Path| match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir.canonicalize().ok(),
            _ => Path::new(".").canonicalize().ok(),
        };
        name.file_name() == path.file_name() && dir(name) == dir(path)
    };
    match (other.dev(), other.ino()) == (own.dev(), own.ino()) {
        true => own.nlink() > 1 && !is_itself(),
        false => other.is_file() && other.mtime() == own.mtime() && same_bytes(path, name).unwrap_or(false),
    }
}

/// A copy under a temporary name in `dir`.
fn copied(file: &File, metadata: &fs::Metadata, dir: &Path) -> io::Result<Temporary> {
    let (mut to, mut temporary) = Temporary::private(dir)?;
    let mut from = file.try_clone()?;
    from.rewind()?;
    io::copy(&mut from, &mut to)?;
    to.flush()?;
    carry::owner_and_attributes(file, metadata, &to)?;
    carry::times(metadata, &to, false)?;
    carry::mode(metadata, &to)?;
    sync(&to)?;
    close_copy(to.as_fd())?;
    temporary.hold(to);
    Ok(temporary)
}

impl Temporary {
    /// Gives it a name that is free.
    fn rename(&mut self, name: &Path) -> io::Result<()> {
        rename_to_new(self.path(), name)?;
        self.disarm();
        Ok(())
    }
}
