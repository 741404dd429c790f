//! Uploads files that grow during the run, such as archives, when they are complete.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::stored::{Standing, Stored, Unsaved, address, kind};
use super::{SinkError, inventory, nameless, not_ours};
use crate::net::{DownloadOptions, Problem, Put, Url};
use crate::policy::Replace;

/// Uploads whole files.
#[derive(Clone)]
pub struct Uploader {
    store: Arc<Stored>,
    /// Whether the run should end at once.
    stop: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Uploader {
    /// Nothing is connected yet.
    pub fn new(options: &DownloadOptions, stop: Arc<dyn Fn() -> bool + Send + Sync>) -> Self {
        Self { store: Arc::new(Stored::new(options)), stop }
    }

    /// A file for what grows, on this machine. It has no name and is gone when it is closed.
    pub fn temporary() -> io::Result<File> {
        nameless(&std::env::temp_dir())
    }

    /// Checks that an object may be written.
    ///
    /// # Errors
    /// What stands there stays, or the store does not say.
    pub fn check(&self, path: &Path, replace: Replace) -> Result<(), SinkError> {
        self.standing(path, replace).map(drop).map_err(|error| SinkError::Broken { path: path.to_path_buf(), error })
    }

    fn standing(&self, path: &Path, replace: Replace) -> io::Result<(Url, Standing)> {
        let url = address(path).map_err(failed)?;
        let standing = self.store.replaced(&url, replace, &*self.stop).map_err(failed)?;
        Ok((url, standing.ok_or_else(not_ours)?))
    }

    /// Uploads a file. The object appears whole or not at all.
    ///
    /// # Errors
    /// What stands there stays, or the upload failed.
    pub fn upload(&self, path: &Path, file: &File, replace: Replace) -> io::Result<()> {
        let (url, standing) = self.standing(path, replace)?;
        match self.store.stores.upload(&url, file, kind(path), standing.condition(), &*self.stop).map_err(failed)? {
            Put::Stored(_) => Ok(()),
            Put::Refused => Err(not_ours()),
        }
    }

    /// The names below a prefix, with their sizes.
    ///
    /// # Errors
    /// The listing failed.
    pub fn names(&self, prefix: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
        let prefix = address(prefix).map_err(failed)?;
        inventory::names(&self.store.stores, &prefix, &*self.stop).map_err(failed)
    }

    /// Reads an object into a temporary file.
    ///
    /// # Errors
    /// The download failed, or the file cannot be written.
    pub fn download(&self, path: &Path, length: u64) -> io::Result<File> {
        let file = Self::temporary()?;
        let url = address(path).map_err(failed)?;
        self.store.stores.download(&url, length, &file, &*self.stop).map_err(failed)?;
        Ok(file)
    }
}

impl std::fmt::Debug for Uploader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Uploader").finish_non_exhaustive()
    }
}

fn failed(problem: Problem) -> io::Error {
    io::Error::other(Unsaved(problem))
}
