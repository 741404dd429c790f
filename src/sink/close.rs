//! Closes files and reports errors. Network disks and quotas report lost writes only on close.

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;

use nix::errno::Errno;

/// Closes a copy of the descriptor, which flushes delayed writes, and returns the result. The file
/// stays open, and with it the lock that marks it as in use.
///
/// # Errors
/// Written data may be lost.
pub fn close_copy(file: BorrowedFd<'_>) -> io::Result<()> {
    match nix::unistd::close(file.try_clone_to_owned()?) {
        // Linux has closed it nevertheless.
        Ok(()) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Syncs a file to disk. Returns false if its file system cannot sync.
///
/// # Errors
/// Written data may be lost.
pub fn sync(file: &File) -> io::Result<bool> {
    use rustix::io::Errno;
    match file.sync_all() {
        Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS)) => {
            Ok(false)
        }
        other => other.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn the_file_stays_open() {
        use std::io::Write;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"1").unwrap();
        close_copy(file.as_fd()).unwrap();
        file.write_all(b"2").unwrap();
        assert_eq!(file.metadata().unwrap().len(), 2);
        assert!(sync(&file).unwrap());
    }

    #[test]
    fn a_pipe_cannot_be_synced_and_that_is_no_failure() {
        let (_reader, writer) = io::pipe().unwrap();
        let file = File::from(std::os::fd::OwnedFd::from(writer));
        assert!(!sync(&file).unwrap());
    }
}
