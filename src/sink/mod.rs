//! Where outputs go.

mod access;
mod archive;
mod atomic;
mod close;
mod dir;
mod durable;
pub mod mark;
mod outlet;
pub mod shards;
mod stale;
mod stream;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

pub use access::{may_read, may_write, may_write_to, try_out, with_temporary};
pub use archive::Archive;
pub use atomic::not_ours;
pub use close::{close_copy, sync};
pub use dir::Directory;
pub use durable::Durable;
pub use shards::Shards;
pub use stale::remove_stale;
pub use stream::Stream;

use crate::policy::Replace;
use crate::words;

/// What the names of our temporary files begin with.
pub const TEMPORARY: &str = ".thumbs-";

/// One output to be saved.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Its final name.
    pub path: &'a Path,
    /// Its content.
    pub bytes: &'a [u8],
    /// Permission bits of the source; the output gets no more, and the umask's are taken off.
    pub mode: u32,
    /// Group of the source.
    pub gid: u32,
    /// Name of the source, where the output is written beside it.
    pub beside: Option<&'a OsStr>,
    /// Which file of this name may be replaced.
    pub replace: Replace,
}

/// Why outputs could not be saved.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// This input's outputs cannot be, others may.
    #[error("{path:?}: {}", words::system_words(.error))]
    Entry {
        /// The output.
        path: PathBuf,
        /// The system's answer.
        error: io::Error,
    },
    /// Nothing can be saved any more.
    #[error("{path:?}: {}", words::system_words(.error))]
    Broken {
        /// The output.
        path: PathBuf,
        /// The system's answer.
        error: io::Error,
    },
}

impl SinkError {
    /// The reader at the other end of a pipe went away.
    pub fn is_reader_gone(&self) -> bool {
        let (Self::Entry { error, .. } | Self::Broken { error, .. }) = self;
        error.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Writes a file of ours that is no output, such as numbers for others, whole or not at all.
///
/// # Errors
/// The system's; what stood there stands.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    remove_stale(path.parent().unwrap_or(Path::new("")));
    let gid = rustix::process::getegid().as_raw();
    let written =
        atomic::Temporary::write(&Entry { path, bytes, mode: 0o666, gid, beside: None, replace: Replace::Any })?;
    written.close()?;
    written.commit(path, Replace::Any)
}

/// Takes outputs; used by the writer alone.
pub trait Sink {
    /// Saves all outputs of one input, or none of them.
    ///
    /// # Errors
    /// Of this input, or of everything that would follow.
    fn put(&mut self, entries: &[Entry<'_>]) -> Result<(), SinkError>;

    /// Where what was put last under this name really is, if not there.
    fn place(&self, _path: &Path) -> Option<PathBuf> {
        None
    }

    /// All is put.
    ///
    /// # Errors
    /// What was put cannot be kept.
    fn finish(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// The run did not come to a good end. What stands only as a whole, such as an archive, is not
    /// to look finished; true when something was thrown away or left without its end.
    fn abandon(&mut self) -> bool {
        false
    }

    /// Whether outputs must come in the order of the inputs.
    fn in_order(&self) -> bool {
        false
    }
}

/// Sorts an error by whether others would meet it as well.
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
