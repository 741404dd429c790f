//! Reads the bytes of an input under a limit. Never blocks on special files and never maps memory:
//! a source that shrinks during reading gives an error or the old picture, not a signal.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::words;

/// The number of bytes that are read before the format is detected.
pub const HEAD: u64 = 64 << 10;

/// Why an input cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A system error.
    #[error("{}", words::system_words(.0))]
    Io(#[from] io::Error),
    /// A FIFO, socket, device or directory.
    #[error("not a regular file but {0}")]
    NotAFile(&'static str),
    /// The file exceeds the limit.
    #[error("its size of {} is over the limit of {} (--max-file-size)", words::bytes(*.size), words::bytes(*.limit))]
    TooLarge {
        /// Size in bytes.
        size: u64,
        /// Limit in bytes.
        limit: u64,
    },
    /// Standard input continues beyond the limit.
    #[error("more than the limit of {} (--max-file-size)", words::bytes(*.limit))]
    Endless {
        /// Limit in bytes.
        limit: u64,
    },
}

impl SourceError {
    /// Whether it may be read if it is tried again soon: for an error of the disk, the network below it, or a lack of memory or of
    /// open files.
    pub fn may_pass(&self) -> bool {
        use rustix::io::Errno;
        let Self::Io(error) = self else { return false };
        matches!(
            Errno::from_io_error(error),
            Some(
                Errno::IO
                    | Errno::STALE
                    | Errno::TIMEDOUT
                    | Errno::AGAIN
                    | Errno::NOMEM
                    | Errno::MFILE
                    | Errno::NFILE
                    | Errno::NOBUFS
                    | Errno::NETDOWN
                    | Errno::NETUNREACH
                    | Errno::HOSTDOWN
                    | Errno::HOSTUNREACH
                    | Errno::CONNRESET
                    | Errno::NOTCONN
                    | Errno::REMOTEIO
            )
        )
    }
}

/// The properties of a source when it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Size in bytes; 0 for sources without a size, such as pipes.
    pub len: u64,
    /// Permission bits.
    pub mode: u32,
    /// Group.
    pub gid: u32,
    /// Device and inode.
    pub id: (u64, u64),
    /// Modification time, seconds and nanoseconds.
    pub mtime: (i64, i64),
    /// Inode change time, seconds and nanoseconds.
    pub ctime: (i64, i64),
    /// Hard links.
    pub nlink: u64,
}

impl From<&Metadata> for Facts {
    fn from(m: &Metadata) -> Self {
        Self {
            len: m.len(),
            mode: m.mode() & 0o777,
            gid: m.gid(),
            id: (m.dev(), m.ino()),
            mtime: (m.mtime(), m.mtime_nsec()),
            ctime: (m.ctime(), m.ctime_nsec()),
            nlink: m.nlink(),
        }
    }
}

/// The kind of a file that is not regular.
pub fn kind_of(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a directory")
    } else if kind.is_fifo() {
        Some("a FIFO")
    } else if kind.is_socket() {
        Some("a socket")
    } else if kind.is_char_device() || kind.is_block_device() {
        Some("a device")
    } else {
        Some("something else")
    }
}

/// Opens a file without blocking on special files.
///
/// # Errors
/// A system error.
pub fn open_file(path: &Path) -> io::Result<File> {
    // NONBLOCK: a FIFO that replaced a file must not block a worker.
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)
}

/// An opened source.
pub struct Source {
    reader: Reader,
    facts: Facts,
    limit: u64,
}

enum Reader {
    File(File),
    Stdin,
    /// Read completely.
    Ready(Vec<u8>),
    /// Decompressed from an archive. The length in the facts is exact.
    Packed(Box<dyn Read + Send>),
}

impl Source {
    /// Opens a file for reading. Nothing is read yet.
    ///
    /// # Errors
    /// The file cannot be opened, is not regular, or is larger than `limit` bytes.
    pub fn open(path: &Path, limit: u64) -> Result<Self, SourceError> {
        let file = open_file(path)?;
        let metadata = file.metadata()?;
        if let Some(kind) = kind_of(&metadata) {
            return Err(SourceError::NotAFile(kind));
        }
        let facts = Facts::from(&metadata);
        if facts.len > limit {
            return Err(SourceError::TooLarge { size: facts.len, limit });
        }
        Ok(Self { reader: Reader::File(file), facts, limit })
    }

    /// Standard input, up to `limit` bytes.
    pub fn stdin(limit: u64) -> Self {
        let facts = Facts { mode: 0o666, ..Facts::default() };
        Self { reader: Reader::Stdin, facts, limit }
    }

    /// A source that was read already. Its length replaces that in the facts.
    pub fn ready(bytes: Vec<u8>, facts: Facts) -> Self {
        let facts = Facts { len: bytes.len() as u64, ..facts };
        Self { reader: Reader::Ready(bytes), facts, limit: facts.len }
    }

    /// A source of as many bytes as the facts say, which the reader must have.
    pub fn packed(reader: Box<dyn Read + Send>, facts: Facts) -> Self {
        Self { reader: Reader::Packed(reader), facts, limit: facts.len }
    }

    /// The facts at opening.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Reads the first bytes, enough to detect the format. Small files are read completely.
    ///
    /// # Errors
    /// A system error.
    pub fn head(&mut self) -> Result<Vec<u8>, SourceError> {
        if let Reader::Ready(bytes) = &mut self.reader {
            return Ok(std::mem::take(bytes));
        }
        let want = if self.facts.len == 0 { HEAD } else { self.facts.len.min(HEAD) };
        let capacity = if self.facts.len == 0 { HEAD } else { self.facts.len };
        let mut bytes = Vec::with_capacity(capacity as usize);
        self.read_up_to(&mut bytes, want)?;
        Ok(bytes)
    }

    /// Reads the rest into `bytes`, which holds the head.
    ///
    /// # Errors
    /// A system error, or a source without a size that exceeds the limit.
    pub fn rest(&mut self, bytes: &mut Vec<u8>) -> Result<(), SourceError> {
        let have = bytes.len() as u64;
        if self.facts.len > 0 {
            return self.read_up_to(bytes, self.facts.len.saturating_sub(have));
        }
        if have == HEAD {
            self.read_up_to(bytes, self.limit.saturating_sub(have).saturating_add(1))?;
        }
        if bytes.len() as u64 > self.limit {
            return Err(SourceError::Endless { limit: self.limit });
        }
        Ok(())
    }

    fn read_up_to(&mut self, bytes: &mut Vec<u8>, n: u64) -> Result<(), SourceError> {
        match &mut self.reader {
            Reader::File(file) => file.take(n).read_to_end(bytes)?,
            Reader::Ready(_) => 0,
            Reader::Packed(reader) => reader.take(n).read_to_end(bytes)?,
            Reader::Stdin => io::stdin().lock().take(n).read_to_end(bytes)?,
        };
        Ok(())
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("facts", &self.facts).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
        let mut source = Source::open(Path::new(path), limit)?;
        let mut bytes = source.head()?;
        source.rest(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn files_are_read_whole() {
        let dir = tempfile::tempdir().unwrap();
        for len in [0, 1, HEAD as usize - 1, HEAD as usize, HEAD as usize + 1, 300_000] {
            let path = dir.path().join("f");
            let want: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            std::fs::write(&path, &want).unwrap();
            assert_eq!(read(path.to_str().unwrap(), 1 << 20).unwrap(), want);
        }
    }

    #[test]
    fn special_files_are_refused() {
        assert!(matches!(read("/dev/null", 10), Err(SourceError::NotAFile("a device"))));
        assert!(matches!(read("/", 10), Err(SourceError::NotAFile("a directory"))));
        assert_eq!(read("/does/not/exist", 10).unwrap_err().to_string(), "No such file or directory");
        // Claims a size of 0 and cannot be read at its start.
        assert!(matches!(read("/proc/self/mem", 10), Err(SourceError::Io(_))));
    }

    #[test]
    fn sizeless_files_end_at_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sparse");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = read(path.to_str().unwrap(), 1 << 30).unwrap_err();
        assert_eq!(error.to_string(), "its size of 1.10 TB is over the limit of 1.07 GB (--max-file-size)");
    }
}
