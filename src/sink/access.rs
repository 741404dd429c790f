//! Tests whether something can be written or read before doing so.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{Access, access};

use super::atomic::Temporary;

/// Creates an empty file in `dir` and removes it. Permission queries are unreliable on some file
/// systems, and for root.
///
/// # Errors
/// A system error.
pub fn try_out(dir: &Path) -> io::Result<()> {
    Temporary::private(dir).map(drop)
}

/// Creates an empty file in `dir`, runs `work` with its name, and removes the file.
///
/// # Errors
/// A system error.
pub fn with_temporary<R>(dir: &Path, work: impl FnOnce(&OsStr) -> R) -> io::Result<R> {
    let (_file, temporary) = Temporary::private(dir)?;
    Ok(work(temporary.name()))
}

/// A file in `dir` for the caller alone, which has no name and is gone when it is closed.
///
/// # Errors
/// A system error.
pub fn nameless(dir: &Path) -> io::Result<File> {
    let (written, temporary) = Temporary::private(dir)?;
    let file = File::options().read(true).write(true).open(dir.join(temporary.name()))?;
    drop((written, temporary));
    Ok(file)
}

/// Whether files may be created in `dir`, as far as the system can tell without trying.
///
/// # Errors
/// A system error.
pub fn may_write(dir: &Path) -> io::Result<()> {
    Ok(access(dir, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Whether an existing file may be written to.
///
/// # Errors
/// A system error.
pub fn may_write_to(file: &Path) -> io::Result<()> {
    Ok(access(file, Access::WRITE_OK)?)
}

/// Whether `file` may be read.
///
/// # Errors
/// A system error.
pub fn may_read(file: &Path) -> io::Result<()> {
    Ok(access(file, Access::READ_OK)?)
}
