//! A file that grows during the whole run and appears at its end, or standard output.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::atomic::Temporary;
use super::{Entry, Uploader, close_copy, mark, remove_stale};
use crate::policy::Replace;

/// The target of an archive's bytes.
#[derive(Debug)]
pub struct Outlet {
    file: File,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Stdout,
    File(Temporary, PathBuf),
    Object(Uploader, PathBuf),
}

/// Determines who may read a file with the bytes of many sources: only those who could read all of
/// them.
#[derive(Clone, Copy, Debug)]
pub struct Readers {
    mode: u32,
    gid: Option<u32>,
    one_group: bool,
}

impl Default for Readers {
    fn default() -> Self {
        Self { mode: 0o666, gid: None, one_group: true }
    }
}

impl Readers {
    /// Adds a source.
    pub fn narrow(&mut self, entry: &Entry<'_>) {
        self.mode &= entry.mode;
        self.one_group &= self.gid.is_none_or(|gid| gid == entry.gid);
        self.gid = Some(entry.gid);
    }

    /// Permission bits for a file with this group.
    fn mode(self, gid: u32) -> u32 {
        let mode = self.mode & !umask();
        let same_group = self.one_group && self.gid.is_none_or(|own| own == gid);
        // Members of another group are not the people who could read the sources.
        if same_group { mode } else { mode & (!0o070 | (mode & 0o007) << 3) }
    }
}

impl Outlet {
    /// Opens a file with this path, or standard output. With an uploader, the path is the address of an object.
    pub fn open(path: Option<&Path>, uploader: Option<&Uploader>) -> io::Result<Self> {
        let (file, target) = match (path, uploader) {
            (Some(path), Some(uploader)) => {
                (Uploader::temporary()?, Target::Object(uploader.clone(), path.to_path_buf()))
            }
            (Some(path), None) => {
                remove_stale(path.parent().unwrap_or(Path::new("")));
                let (file, temporary) = Temporary::private(path.parent().unwrap_or(Path::new("")))?;
                (file, Target::File(temporary, path.to_path_buf()))
            }
            // Avoids std's handle, which searches all data for line ends.
            (None, _) => (File::from(io::stdout().as_fd().try_clone_to_owned()?), Target::Stdout),
        };
        Ok(Self { file, target })
    }

    /// Sets permissions and name.
    pub fn commit(self, readers: Readers, replace: Replace) -> io::Result<()> {
        let (mut temporary, path) = match self.target {
            Target::Stdout => return close_copy(self.file.as_fd()),
            Target::Object(uploader, path) => return uploader.upload(&path, &self.file, replace),
            Target::File(temporary, path) => (temporary, path),
        };
        mark::set(&self.file, path.file_name().unwrap_or_default(), None);
        let mode = readers.mode(self.file.metadata()?.gid());
        self.file.set_permissions(fs::Permissions::from_mode(mode))?;
        temporary.hold(self.file);
        temporary.close()?;
        temporary.commit(&path, replace)
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads the umask without setting it, because another thread may be creating a file.
fn umask() -> u32 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let digits = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    digits.and_then(|d| u32::from_str_radix(d.trim(), 8).ok()).unwrap_or(0o077)
}
