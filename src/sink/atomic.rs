//! Files that appear complete or not at all: written under a temporary name in their directory,
//! then renamed. A temporary file that is dropped before that is removed.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

use super::stale::host;
use super::{Entry, TEMPORARY, carry, close_copy, mark};
use crate::policy::Replace;
use crate::source::open_file;

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A written file without its final name.
#[derive(Debug)]
pub struct Temporary {
    path: PathBuf,
    armed: bool,
    /// Kept open to hold the lock that shows others that the file is not stale.
    file: Option<File>,
    /// Whether the file has our mark.
    marked: bool,
    /// Directories created for it, the top one first.
    made: Vec<PathBuf>,
}

impl Temporary {
    /// Writes the entry's bytes beside its final name, with its final permissions.
    pub fn write(entry: &Entry<'_>) -> io::Result<Self> {
        let dir = entry.path.parent().unwrap_or(Path::new(""));
        let (mut file, mut temporary) = create(dir, entry)?;
        file.write_all(entry.bytes)?;
        if let Some(mtime) = entry.mtime {
            carry::set_mtime(&file, mtime)?;
        }
        temporary.marked = mark::set(&file, entry.path.file_name().unwrap_or_default(), entry.beside);
        temporary.file = Some(file);
        Ok(temporary)
    }

    /// Creates an empty file in `dir`, readable only by its owner. The caller writes it and sets
    /// its final permissions.
    pub fn private(dir: &Path) -> io::Result<(File, Self)> {
        create_new(dir, 0o600)
    }

    /// The open file, if `write` made it.
    pub fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }

    /// The temporary name.
    pub fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// Where it is for now.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// It has another name by now.
    pub(super) fn disarm(&mut self) {
        self.armed = false;
    }

    /// Takes the list of directories created for it.
    pub fn take_made(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.made)
    }

    /// Whether the file has our mark.
    pub fn is_marked(&self) -> bool {
        self.marked
    }

    /// Closes a copy of the descriptor to find write errors before the file gets its final name.
    /// The file stays locked.
    pub fn close(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| close_copy(file.as_fd()))
    }

    /// Holds a file that `private` returned, for its lock.
    pub fn hold(&mut self, file: File) {
        self.file = Some(file);
    }

    /// Gives it its final name.
    pub fn commit(mut self, path: &Path, replace: Replace) -> io::Result<()> {
        match replace {
            Replace::Any => fs::rename(&self.path, path)?,
            Replace::Never => rename_to_new(&self.path, path)?,
            Replace::Own => match rename_to_new(&self.path, path) {
                // Another run may have written it meanwhile.
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
            // It may be gone with its directory, and nobody is left to be informed.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn create(dir: &Path, entry: &Entry<'_>) -> io::Result<(File, Temporary)> {
    // Group permissions are granted only if the group turns out to be that of the source.
    let wide = entry.mode & 0o666;
    let group_matters = wide & 0o070 & !((wide & 0o007) << 3) != 0;
    let narrow = if group_matters { wide & !0o070 | (wide & 0o007) << 3 & wide } else { wide };
    let first = if group_matters && entry.gid != rustix::process::getegid().as_raw() { narrow } else { wide };
    let (file, temporary) = create_new(dir, first)?;
    if group_matters && first == wide {
        // In a set-group-ID directory the group is that of the directory.
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
        let path = dir.join(format!("{TEMPORARY}{:x}.{:x}-{number:x}.tmp", host(), std::process::id()));
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

/// Locks a new file. Returns false if another run found it unlocked and removes it.
fn is_ours(file: &File) -> io::Result<bool> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file.metadata()?.nlink() > 0),
        Err(Errno::WOULDBLOCK) => Ok(false),
        // On file systems without locks nobody can take it for stale either.
        Err(_) => Ok(true),
    }
}

/// A file that is not ours already exists.
#[derive(Debug, thiserror::Error)]
#[error("exists and thumbs did not write it (--existing replace or skip)")]
struct NotOurs;

/// The error for an output whose name belongs to a file that is not ours.
pub fn not_ours() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, NotOurs)
}

/// Whether two files have the same content. Links are not followed, and special files are not
/// opened.
pub(super) fn same_bytes(ours: &Path, other: &Path) -> io::Result<bool> {
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

/// Like `create_dir_all`. Returns the directories that were missing.
fn make_dirs(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let missing = dir.ancestors().take_while(|d| !d.as_os_str().is_empty() && fs::symlink_metadata(d).is_err());
    let mut made: Vec<PathBuf> = missing.map(Path::to_path_buf).collect();
    fs::create_dir_all(dir)?;
    made.reverse();
    Ok(made)
}

/// Renames unless the target exists.
pub(super) fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        // On file systems without the flag, use a hard link, which does not replace either.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            match fs::hard_link(from, to) {
                Ok(()) => fs::remove_file(from),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(e),
                // Without hard links, all that is left is to check first.
                Err(_) if fs::symlink_metadata(to).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
                Err(_) => fs::rename(from, to),
            }
        }
        Err(e) => Err(e.into()),
    }
}
