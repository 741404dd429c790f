//! Whether something could be written or read, before it is.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use rustix::fs::{Access, access};

use super::atomic::Temporary;

/// Writes an empty file to `dir` and removes it again. What a system answers when it is only asked does not hold for
/// every file system, nor for root.
///
/// # Errors
/// The system's answer.
pub fn try_out(dir: &Path) -> io::Result<()> {
    Temporary::private(dir).map(drop)
}

/// Makes an empty file in `dir` for as long as `work` takes, which gets its name.
///
/// # Errors
/// The system's answer.
pub fn with_temporary<R>(dir: &Path, work: impl FnOnce(&OsStr) -> R) -> io::Result<R> {
    let (_file, temporary) = Temporary::private(dir)?;
    Ok(work(temporary.name()))
}

/// Whether files may be made in `dir`, as far as the system says so without trying.
///
/// # Errors
/// The system's answer.
pub fn may_write(dir: &Path) -> io::Result<()> {
    Ok(access(dir, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Whether a file that stands may be written to.
///
/// # Errors
/// The system's answer.
pub fn may_write_to(file: &Path) -> io::Result<()> {
    Ok(access(file, Access::WRITE_OK)?)
}

/// Whether `file` may be read.
///
/// # Errors
/// The system's answer.
pub fn may_read(file: &Path) -> io::Result<()> {
    Ok(access(file, Access::READ_OK)?)
}
