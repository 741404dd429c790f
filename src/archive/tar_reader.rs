//! Reads a tar front to back. Whatever the archive claims, memory is bounded by `META_LIMIT` for
//! names and by what the caller requests.
//!
//! The `tar` crate (0.4) silently accepts an archive without its end marker, and reads long names
//! and PAX headers of any length into memory.

use std::io::{self, Read};

use super::tar::{BLOCK, Header, pax_records};

/// The longest PAX header or GNU long name that is read. Real ones have a few hundred bytes.
const META_LIMIT: u64 = 1 << 20;

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file, followed by its content.
    File,
    /// A second name of an earlier entry.
    HardLink,
    /// A sparse file in one of GNU's encodings.
    Sparse,
    /// A directory, symbolic link, device or similar.
    Other,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TarEntry {
    /// The stored name.
    pub name: Vec<u8>,
    /// Size of the content.
    pub size: u64,
    /// The kind.
    pub kind: EntryKind,
}

/// An error in a tar.
#[derive(Debug, thiserror::Error)]
pub enum TarError {
    /// Reading or decompressing failed.
    #[error("{}", crate::words::system_words(.0))]
    Io(#[from] io::Error),
    /// There is no valid header at the start.
    #[error("it holds no tar archive")]
    NotATar,
    /// A header was expected, but not found.
    #[error("damaged: no header at byte {0} of the tar")]
    Damaged(u64),
    /// An extended header that is implausibly long.
    #[error("damaged: an extended header of {0} bytes")]
    Meta(u64),
    /// The data ends within a member or header.
    #[error("it ends within a member or header")]
    Truncated,
    /// The data ends between members, or the archive was never finished.
    #[error("it has no end marker: some of it may be missing")]
    NoEnd,
}

/// Reads entries one after the other.
#[derive(Debug)]
pub struct TarReader<R> {
    input: R,
    /// Bytes read so far.
    at: u64,
    /// Unread bytes of the current entry, without padding.
    left: u64,
    padding: u64,
}

impl<R: Read> TarReader<R> {
    /// Reads the tar in `input`.
    pub fn new(input: R) -> Self {
        Self { input, at: 0, left: 0, padding: 0 }
    }

    /// The next entry, or None after the end marker. Unread content of the previous entry is
    /// skipped.
    ///
    /// # Errors
    /// After an error, nothing can follow.
    pub fn next_entry(&mut self) -> Result<Option<TarEntry>, TarError> {
        self.skip(self.left + self.padding)?;
        (self.left, self.padding) = (0, 0);
        let (mut long_name, mut path, mut size, mut sparse) = (None, None, None, false);
        loop {
            let start = self.at;
            let Some(block) = self.block()? else { return Err(TarError::NoEnd) };
            if block == [0; BLOCK] {
                // Some writers end with a single block of zeros.
                return Ok(None);
            }
            let wrong = if start == 0 { TarError::NotATar } else { TarError::Damaged(start) };
            let header = Header::parse(&block).ok_or(wrong)?;
            match header.kind {
                b'L' => {
                    let mut name = self.meta(header.size)?;
                    name.truncate(name.iter().position(|&b| b == 0).unwrap_or(name.len()));
                    long_name = Some(name);
                }
                b'x' | b'X' => {
                    let bytes = self.meta(header.size)?;
                    let records = pax_records(&bytes).ok_or(TarError::Damaged(start))?;
                    for (key, value) in records {
                        match key {
                            b"path" => path = Some(value.to_vec()),
                            b"size" => {
                                let text = std::str::from_utf8(value).ok().and_then(|t| t.parse::<u64>().ok());
                                size = Some(text.ok_or(TarError::Damaged(start))?);
                            }
                            key => sparse |= key.starts_with(b"GNU.sparse."),
                        }
                    }
                }
                // Long link names, and global headers.
                b'K' | b'g' => self.skip_meta(header.size)?,
                kind => {
                    let kind = match kind {
                        _ if sparse => EntryKind::Sparse,
                        b'0' | 0 | b'7' if header.name.ends_with(b"/") => EntryKind::Other,
                        b'0' | 0 | b'7' => EntryKind::File,
                        b'1' => EntryKind::HardLink,
                        b'S' => EntryKind::Sparse,
                        _ => EntryKind::Other,
                    };
                    // Links and devices have no content, whatever their size says, unless PAX says
                    // otherwise.
                    let own = if matches!(header.kind, b'1'..=b'6') { 0 } else { header.size };
                    let size = size.unwrap_or(own);
                    self.left = size;
                    self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
                    size.checked_add(BLOCK as u64).ok_or(TarError::Damaged(start))?;
                    let name = path.or(long_name).unwrap_or(header.name);
                    return Ok(Some(TarEntry { name, size, kind }));
                }
            }
        }
    }

    /// Appends up to `n` further bytes of the current entry. Memory grows with the data read, not
    /// with the claimed size.
    ///
    /// # Errors
    /// Also if the archive ends early.
    pub fn read_into(&mut self, bytes: &mut Vec<u8>, n: u64) -> Result<(), TarError> {
        let mut want = n.min(self.left);
        while want > 0 {
            let step = want.min((bytes.len() as u64).max(1 << 20));
            bytes.reserve_exact(step as usize);
            let got = (&mut self.input).take(step).read_to_end(bytes)? as u64;
            self.at += got;
            self.left -= got;
            want -= got;
            if got < step {
                return Err(TarError::Truncated);
            }
        }
        Ok(())
    }

    /// Reads on after the end marker, so that a checksum at the end of the stream is verified.
    ///
    /// # Errors
    /// An error of the stream.
    pub fn drain(&mut self) -> io::Result<()> {
        // More than the padding of any blocking factor.
        io::copy(&mut (&mut self.input).take(64 << 20), &mut io::sink()).map(|_| ())
    }

    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, TarError> {
        let mut block = [0; BLOCK];
        let mut have = 0;
        while have < BLOCK {
            match self.input.read(&mut block[have..]) {
                Ok(0) if have == 0 => return Ok(None),
                Ok(0) if self.at == 0 => return Err(TarError::NotATar),
                Ok(0) => return Err(TarError::Truncated),
                Ok(n) => have += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        self.at += BLOCK as u64;
        Ok(Some(block))
    }

    fn skip(&mut self, n: u64) -> Result<(), TarError> {
        let skipped = io::copy(&mut (&mut self.input).take(n), &mut io::sink())?;
        self.at += skipped;
        if skipped == n { Ok(()) } else { Err(TarError::Truncated) }
    }

    fn meta(&mut self, size: u64) -> Result<Vec<u8>, TarError> {
        if size > META_LIMIT {
            return Err(TarError::Meta(size));
        }
        let mut bytes = Vec::new();
        self.left = size;
        self.read_into(&mut bytes, size)?;
        self.skip(size.next_multiple_of(BLOCK as u64) - size)?;
        Ok(bytes)
    }

    fn skip_meta(&mut self, size: u64) -> Result<(), TarError> {
        if size > META_LIMIT {
            return Err(TarError::Meta(size));
        }
        self.skip(size.next_multiple_of(BLOCK as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tar::{TarWriter, header};
    use super::*;

    fn names(bytes: &[u8]) -> Result<Vec<(Vec<u8>, u64)>, TarError> {
        let mut reader = TarReader::new(bytes);
        let mut names = Vec::new();
        while let Some(entry) = reader.next_entry()? {
            names.push((entry.name, entry.size));
        }
        Ok(names)
    }

    fn written(entries: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut tar = TarWriter(Vec::new());
        for (name, bytes) in entries {
            tar.add(name, bytes).unwrap();
        }
        tar.end().unwrap()
    }

    #[test]
    fn written_archives_read_back() {
        let (long, odd) = (vec![b'n'; 300], [&b"\xff"[..], &[b'o'; 120]].concat());
        let bytes = written(&[(b"a", b"1"), (&long, &[7; 512]), (&odd, &[8; 513]), ("é".as_bytes(), b"")]);
        let mut reader = TarReader::new(&bytes[..]);
        for (name, content) in [(&b"a"[..], &b"1"[..]), (&long, &[7; 512]), (&odd, &[8; 513]), ("é".as_bytes(), b"")] {
            let entry = reader.next_entry().unwrap().unwrap();
            let want = TarEntry { name: name.to_vec(), size: content.len() as u64, kind: EntryKind::File };
            assert_eq!(entry, want);
            let mut got = Vec::new();
            reader.read_into(&mut got, u64::MAX).unwrap();
            assert_eq!(got, content);
        }
        assert_eq!(reader.next_entry().unwrap(), None);
        assert_eq!(names(&bytes).unwrap().len(), 4, "unread bytes are skipped");
    }

    #[test]
    fn truncation_is_noticed() {
        let bytes = written(&[(b"a", &[1; 700]), (&[b'n'; 200], b"2")]);
        for len in 0..bytes.len() - 2 * BLOCK {
            assert!(names(&bytes[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn false_claims_allocate_nothing() {
        // A long name of 1 TB, a size near 2^64, and an invalid PAX header.
        let mut long = header(b"x", 1 << 32);
        long[156] = b'L';
        assert!(names(&long).is_err());
        let mut huge = header(b"x", 0);
        huge[124..136].copy_from_slice(b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff");
        let sum: u32 =
            huge.iter().enumerate().map(|(i, &b)| if (148..156).contains(&i) { 32 } else { u32::from(b) }).sum();
        huge[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert!(matches!(names(&huge), Err(TarError::Damaged(0))));
        let mut claims = header(b"x", 1 << 36);
        claims.extend_from_slice(&[0; 100]);
        let mut reader = TarReader::new(&claims[..]);
        let mut bytes = Vec::new();
        assert_eq!(reader.next_entry().unwrap().unwrap().size, 1 << 36);
        assert!(matches!(reader.read_into(&mut bytes, u64::MAX), Err(TarError::Truncated)));
        assert!(bytes.capacity() <= 1 << 21);
    }
}
