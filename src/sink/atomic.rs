//! A file that appears whole or not at all: written under a temporary name in its directory,
//! then renamed. Dropped before that, the temporary is removed.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

use super::{Entry, TEMPORARY, close_copy, mark};
use crate::policy::Replace;
use crate::source::open_file;

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A written file that has no final name yet.
#[derive(Debug)]
pub struct Temporary {
    path: PathBuf,
    armed: bool,
    /// Open, so that the lock by which others know that it is not stale is held.
    file: Option<File>,
    /// Others can see that it is ours.
    marked: bool,
    /// Directories that were made for it, the uppermost first.
    made: Vec<PathBuf>,
}

impl Temporary {
    /// Writes the entry's bytes beside its final name, with its final permissions.
    pub fn write(entry: &Entry<'_>) -> io::Result<Self> {
        let dir = entry.path.parent().unwrap_or(Path::new(""));
        let (mut file, mut temporary) = create(dir, entry)?;
        file.write_all(entry.bytes)?;
        temporary.marked = mark::set(&file, entry.path.file_name().unwrap_or_default(), entry.beside);
        temporary.file = Some(file);
        Ok(temporary)
    }

    /// An empty file in `dir` that only its owner may read, to be written and given its final
    /// permissions by the caller.
    pub fn private(dir: &Path) -> io::Result<(File, Self)> {
        create_new(dir, 0o600)
    }

    /// The open file, where `write` made it.
    pub fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }

    /// The name that it has for now.
    pub fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// Directories that were made for it; asked once.
    pub fn take_made(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.made)
    }

    /// Whether others can see that it is ours.
    pub fn is_marked(&self) -> bool {
        self.marked
    }

    /// Closes it as far as writing is meant; to be done before it gets its final name. It stays locked.
    pub fn close(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| close_copy(file.as_fd()))
    }

    /// Holds a file that `private` gave away, for its lock.
    pub fn hold(&mut self, file: File) {
        self.file = Some(file);
    }

    /// Gives it its final name.
    pub fn commit(mut self, path: &Path, replace: Replace) -> io::Result<()> {
        match replace {
            Replace::Any => fs::rename(&self.path, path)?,
            Replace::Never => rename_to_new(&self.path, path)?,
            Replace::Own => match rename_to_new(&self.path, path) {
                // Another run may have been faster.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                    if !mark::is_marked(path) && !same_bytes(&self.path, path)? {
                        return Err(not_ours());
                    }
                    fs::rename(&self.path, path)?;
                }
                other => other?,
            },
        }
        self.armed = false;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.armed {
            // It may be gone with its directory; there is nobody left to tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn create(dir: &Path, entry: &Entry<'_>) -> io::Result<(File, Temporary)> {
    // Group bits are given only when the group turns out to be the source's.
    let wide = entry.mode & 0o666;
    let group_matters = wide & 0o070 & !((wide & 0o007) << 3) != 0;
    let narrow = if group_matters { wide & !0o070 | (wide & 0o007) << 3 & wide } else { wide };
    let first = if group_matters && entry.gid != rustix::process::getegid().as_raw() { narrow } else { wide };
    let (file, temporary) = create_new(dir, first)?;
    if group_matters && first == wide {
        // In a set-group-ID directory the group is the directory's.
        let metadata = file.metadata()?;
        if metadata.gid() != entry.gid {
            file.set_permissions(fs::Permissions::from_mode(metadata.mode() & narrow))?;
        }
    }
    Ok((file, temporary))
}

fn create_new(dir: &Path, mode: u32) -> io::Result<(File, Temporary)> {
    let mut made = Vec::new();
    let mut looked = false;
    loop {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = dir.join(format!("{TEMPORARY}{:x}-{number:x}.tmp", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).mode(mode).open(&path) {
            Ok(file) => {
                let temporary =
                    Temporary { path, armed: true, file: None, marked: false, made: std::mem::take(&mut made) };
                if is_ours(&file)? {
                    return Ok((file, temporary));
                }
                // Another run took it for stale before it was locked.
                made = { temporary }.take_made();
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound && !looked => {
                made = make_dirs(dir)?;
                looked = true;
            }
            Err(e) => return Err(e),
        }
    }
}

/// Locks a file made just now; false when another run found it unlocked and removes it.
fn is_ours(file: &File) -> io::Result<bool> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file.metadata()?.nlink() > 0),
        Err(Errno::WOULDBLOCK) => Ok(false),
        // File systems without locks; there nobody can take it for stale either.
        Err(_) => Ok(true),
    }
}

/// A file stands in the way that is somebody's.
#[derive(Debug, thiserror::Error)]
#[error("exists and thumbs did not write it (--existing replace or skip)")]
struct NotOurs;

/// The error of an output in whose way somebody's file stands.
pub fn not_ours() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, NotOurs)
}

/// Whether two files hold the same. A link is not followed, and nothing waits for what is no file.
fn same_bytes(ours: &Path, other: &Path) -> io::Result<bool> {
    let (own, their) = (fs::symlink_metadata(ours)?, fs::symlink_metadata(other)?);
    if !their.is_file() || own.len() != their.len() {
        return Ok(false);
    }
    let (mut own, mut their) = (BufReader::new(open_file(ours)?), BufReader::new(open_file(other)?));
    loop {
        let (a, b) = (own.fill_buf()?, their.fill_buf()?);
        let n = a.len().min(b.len());
        if n == 0 || a[..n] != b[..n] {
            return Ok(a.len() == b.len());
        }
        own.consume(n);
        their.consume(n);
    }
}

/// Like `create_dir_all`, and tells which were missing.
fn make_dirs(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let missing = dir.ancestors().take_while(|d| !d.as_os_str().is_empty() && fs::symlink_metadata(d).is_err());
    let mut made: Vec<PathBuf> = missing.map(Path::to_path_buf).collect();
    fs::create_dir_all(dir)?;
    made.reverse();
    Ok(made)
}

/// Renames unless something stands there.
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        // File systems without the flag: a hard link does not replace either.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            match fs::hard_link(from, to) {
                Ok(()) => fs::remove_file(from),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(e),
                // Nor links: all that is left is to look first.
                Err(_) if fs::symlink_metadata(to).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
                Err(_) => fs::rename(from, to),
            }
        }
        Err(e) => Err(e.into()),
    }
}
