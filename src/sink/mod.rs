//! Sinks, which save outputs.

mod access;
mod archive;
mod atomic;
mod backup;
mod carry;
mod close;
mod dir;
mod durable;
mod inventory;
pub mod mark;
mod original;
mod outlet;
pub mod shards;
mod stale;
mod stored;
mod stream;
mod uploader;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use access::{may_read, may_write, may_write_to, nameless, try_out, with_temporary};
pub use archive::Archive;
pub use atomic::not_ours;
pub use close::{close_copy, sync};
pub use dir::Directory;
pub use durable::Durable;
pub use inventory::Inventory;
pub use original::{Fingerprint, Original, is_changed};
pub use outlet::{Outlet, Readers};
pub use shards::Shards;
pub use stale::{host, remove_stale};
pub use stored::{Store, Stored};
pub use stream::Stream;
pub use uploader::Uploader;

use crate::net::Problem;
use crate::policy::Replace;
use crate::words;

/// The prefix of our temporary files.
pub const TEMPORARY: &str = ".thumbs-";

/// An output to be saved.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The final path.
    pub path: &'a Path,
    /// Its content.
    pub bytes: &'a [u8],
    /// Permission bits of the source. The output gets no more than these, minus the umask.
    pub mode: u32,
    /// Group of the source.
    pub gid: u32,
    /// Name of the source, if the output is written beside it.
    pub beside: Option<&'a OsStr>,
    /// Which existing file may be replaced.
    pub replace: Replace,
    /// Modification time, seconds and nanoseconds, where it is not that of writing.
    pub mtime: Option<(i64, i64)>,
    /// The source, where the output replaces it.
    pub original: Option<&'a Original>,
    /// The index of its input.
    pub number: u64,
}

/// Why outputs could not be saved.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The outputs of this input cannot be saved, others may.
    #[error("{path:?}: {}", words::system_words(.error))]
    Entry {
        /// The output.
        path: PathBuf,
        /// The system error.
        error: io::Error,
    },
    /// Nothing can be saved any more.
    #[error("{path:?}: {}", words::system_words(.error))]
    Broken {
        /// The output.
        path: PathBuf,
        /// The system error.
        error: io::Error,
    },
}

impl SinkError {
    /// The problem with a store behind it.
    pub fn problem(&self) -> Option<&Problem> {
        let (Self::Entry { error, .. } | Self::Broken { error, .. }) = self;
        stored::problem(error)
    }

    /// The source changed before its output could replace it.
    pub fn is_changed(&self) -> bool {
        let (Self::Entry { error, .. } | Self::Broken { error, .. }) = self;
        is_changed(error)
    }

    /// Whether the reader at the other end of a pipe is gone.
    pub fn is_reader_gone(&self) -> bool {
        let (Self::Entry { error, .. } | Self::Broken { error, .. }) = self;
        error.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Writes a file that is not an output, such as metrics, completely or not at all.
///
/// # Errors
/// A system error. An existing file is kept.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    remove_stale(path.parent().unwrap_or(Path::new("")));
    let gid = rustix::process::getegid().as_raw();
    let entry = Entry {
        path,
        bytes,
        mode: 0o666,
        gid,
        beside: None,
        replace: Replace::Any,
        mtime: None,
        original: None,
        number: 0,
    };
    let written = atomic::Temporary::write(&entry)?;
    written.close()?;
    written.commit(path, Replace::Any)
}

/// Saves outputs. Used by the writer only.
pub trait Sink {
    /// Saves all outputs of one input, or none.
    ///
    /// # Errors
    /// An error of this input, or one that affects all that follow.
    fn put(&mut self, entries: &[Entry<'_>]) -> Result<(), SinkError>;

    /// The actual location of the output last saved under this path, if it differs.
    fn place(&self, _path: &Path) -> Option<PathBuf> {
        None
    }

    /// The part that several threads may use, each for an input of its own, if they should.
    fn apart(&self) -> Option<Arc<Stored>> {
        None
    }

    /// Finishes after the last output.
    ///
    /// # Errors
    /// The outputs cannot be kept.
    fn finish(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Ends after a failed run. An archive must not look finished. Returns true if something was
    /// discarded or left without its end.
    fn abandon(&mut self) -> bool {
        false
    }

    /// Whether outputs must arrive in the order of the inputs.
    fn in_order(&self) -> bool {
        false
    }
}

/// Classifies an error by whether others would meet it too.
fn classify(path: &Path, error: io::Error) -> SinkError {
    use rustix::io::Errno;
    let path = path.to_path_buf();
    match Errno::from_io_error(&error) {
        Some(Errno::NOSPC | Errno::DQUOT | Errno::ROFS | Errno::IO | Errno::PIPE | Errno::STALE) => {
            SinkError::Broken { path, error }
        }
        _ => SinkError::Entry { path, error },
    }
}
