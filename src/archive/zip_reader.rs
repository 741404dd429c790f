//! Reads a zip through its central directory, one entry at a time. The content of entries can be
//! read later, on any thread. Nothing is collected.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::damage;
use super::zip_records::{
    CENTRAL, CENTRAL_LEN, END, END_LEN, END64, END64_LEN, EXTRA64, LOCAL, LOCAL_LEN, LOCATOR64, LOCATOR64_LEN, MAX16,
    MAX32, u16_at, u32_at, u64_at,
};

/// An error in a zip.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// Reading failed.
    #[error("{}", crate::words::system_words(.0))]
    Io(#[from] io::Error),
    /// There is no central directory at the end.
    #[error("damaged or cut off: its directory is not at its end")]
    NoDirectory,
    /// The central directory is invalid.
    #[error("damaged: its directory at byte {0}")]
    Directory(u64),
}

/// An entry, to be opened later.
#[derive(Clone, Debug)]
pub struct ZipEntry {
    file: Arc<File>,
    /// The stored name.
    pub name: Vec<u8>,
    /// The uncompressed size in the central directory.
    pub size: u64,
    /// Whether it is a file, not a directory or link.
    pub is_file: bool,
    method: u16,
    encrypted: bool,
    crc: u32,
    packed: u64,
    header: u64,
}

/// Reads the central directory.
#[derive(Debug)]
pub struct ZipReader {
    file: Arc<File>,
    directory: BufReader<Section>,
    at: u64,
    end: u64,
    /// Bytes before the archive, such as a self-extracting program.
    before: u64,
}

impl ZipReader {
    /// Finds the central directory.
    ///
    /// # Errors
    /// There is none.
    pub fn new(file: File) -> Result<Self, ZipError> {
        let len = file.metadata()?.len();
        let tail_len = len.min(END_LEN as u64 + MAX16);
        let tail_at = len - tail_len;
        let mut tail = vec![0; tail_len as usize];
        file.read_exact_at(&mut tail, tail_at)?;
        let is_end =
            |at: &usize| u32_at(&tail, *at) == END && at + END_LEN + usize::from(u16_at(&tail, at + 20)) <= tail.len();
        let at = (0..=tail.len().saturating_sub(END_LEN)).rev().find(is_end).ok_or(ZipError::NoDirectory)?;
        let end = &tail[at..];
        let mut size = u64::from(u32_at(end, 12));
        let mut offset = u64::from(u32_at(end, 16));
        let mut end_at = tail_at + at as u64;
        if let Some(locator_at) = end_at.checked_sub(LOCATOR64_LEN as u64) {
            let mut locator = [0; LOCATOR64_LEN];
            file.read_exact_at(&mut locator, locator_at)?;
            if u32_at(&locator, 0) == LOCATOR64 {
                let mut end64 = [0; END64_LEN];
                end_at = u64_at(&locator, 8);
                file.read_exact_at(&mut end64, end_at)?;
                if u32_at(&end64, 0) != END64 {
                    return Err(ZipError::Directory(end_at));
                }
                (size, offset) = (u64_at(&end64, 40), u64_at(&end64, 48));
            }
        }
        let start = end_at.checked_sub(size).ok_or(ZipError::NoDirectory)?;
        let before = start.checked_sub(offset).ok_or(ZipError::NoDirectory)?;
        let file = Arc::new(file);
        let directory = BufReader::with_capacity(64 << 10, Section { file: Arc::clone(&file), at: start, left: size });
        Ok(Self { file, directory, at: start, end: end_at, before })
    }

    /// The next entry of the central directory.
    ///
    /// # Errors
    /// After an error, nothing can follow.
    pub fn next_entry(&mut self) -> Result<Option<ZipEntry>, ZipError> {
        if self.at >= self.end {
            return Ok(None);
        }
        let damaged = ZipError::Directory(self.at);
        let mut head = [0; CENTRAL_LEN];
        self.read(&mut head)?;
        if u32_at(&head, 0) != CENTRAL {
            return Err(damaged);
        }
        let mut name = vec![0; usize::from(u16_at(&head, 28))];
        let mut extra = vec![0; usize::from(u16_at(&head, 30))];
        let mut comment = vec![0; usize::from(u16_at(&head, 32))];
        self.read(&mut name)?;
        self.read(&mut extra)?;
        self.read(&mut comment)?;
        let large = extra64(&extra);
        let mut next_large = large.chunks_exact(8).map(|n| u64_at(n, 0));
        let mut number = |small: u32| match u64::from(small) {
            MAX32 => next_large.next(),
            n => Some(n),
        };
        let (size, packed, offset) = (number(u32_at(&head, 24)), number(u32_at(&head, 20)), number(u32_at(&head, 42)));
        let (Some(size), Some(packed), Some(offset)) = (size, packed, offset) else { return Err(damaged) };
        let header = self.before.checked_add(offset).ok_or(damaged)?;
        // For entries made on Unix, the upper half of the attributes is the mode.
        let kind = if head[5] == 3 { u32_at(&head, 38) >> 28 } else { 0 };
        let is_file = !name.ends_with(b"/") && matches!(kind, 0 | 0o10);
        Ok(Some(ZipEntry {
            file: Arc::clone(&self.file),
            name,
            size,
            is_file,
            method: u16_at(&head, 10),
            encrypted: u16_at(&head, 8) & 1 != 0,
            crc: u32_at(&head, 16),
            packed,
            header,
        }))
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), ZipError> {
        self.directory.read_exact(bytes).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => ZipError::Directory(self.at),
            _ => e.into(),
        })?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

/// The ZIP64 extra field, which has the numbers that do not fit elsewhere.
fn extra64(mut extra: &[u8]) -> &[u8] {
    while extra.len() >= 4 {
        let len = usize::from(u16_at(extra, 2)).min(extra.len() - 4);
        let (field, rest) = extra[4..].split_at(len);
        if u16_at(extra, 0) == EXTRA64 {
            return field;
        }
        extra = rest;
    }
    &[]
}

impl ZipEntry {
    /// Opens the uncompressed content. The last bytes are returned only if length and checksum are
    /// right.
    ///
    /// # Errors
    /// Content that cannot be decompressed.
    pub fn open(&self) -> io::Result<ZipContent> {
        if self.encrypted {
            return Err(io::Error::other("it is encrypted"));
        }
        let mut head = [0; LOCAL_LEN];
        self.file.read_exact_at(&mut head, self.header).map_err(|_| damaged())?;
        if u32_at(&head, 0) != LOCAL {
            return Err(damaged());
        }
        let skip = LOCAL_LEN as u64 + u64::from(u16_at(&head, 26)) + u64::from(u16_at(&head, 28));
        let at = self.header.checked_add(skip).ok_or_else(damaged)?;
        let section = Section { file: Arc::clone(&self.file), at, left: self.packed };
        let inner = match self.method {
            0 => Unpack::Stored(section),
            8 => Unpack::Deflated(Box::new(flate2::bufread::DeflateDecoder::new(BufReader::new(section)))),
            other => return Err(io::Error::other(format!("its compression (method {other}) is not read"))),
        };
        Ok(ZipContent { inner, left: self.size, crc: flate2::Crc::new(), want: self.crc })
    }
}

fn damaged() -> io::Error {
    io::Error::other("damaged: its place in the archive holds something else")
}

/// The content of an entry.
#[derive(Debug)]
pub struct ZipContent {
    inner: Unpack,
    left: u64,
    crc: flate2::Crc,
    want: u32,
}

#[derive(Debug)]
enum Unpack {
    Stored(Section),
    Deflated(Box<flate2::bufread::DeflateDecoder<BufReader<Section>>>),
}

impl Read for Unpack {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stored(section) => section.read(bytes),
            Self::Deflated(decoder) => decoder.read(bytes).map_err(|error| damage::described("zip member", error)),
        }
    }
}

impl Read for ZipContent {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        if most == 0 {
            return Ok(0);
        }
        let n = self.inner.read(&mut bytes[..most])?;
        if n == 0 {
            return Err(io::Error::other("damaged: shorter than the archive says"));
        }
        self.crc.update(&bytes[..n]);
        self.left -= n as u64;
        if self.left == 0 {
            if self.inner.read(&mut [0])? > 0 {
                return Err(io::Error::other("damaged: longer than the archive says"));
            }
            if self.crc.sum() != self.want {
                return Err(io::Error::other("damaged: its checksum is wrong"));
            }
        }
        Ok(n)
    }
}

/// A part of a file, read without moving the file's own position.
#[derive(Debug)]
struct Section {
    file: Arc<File>,
    at: u64,
    left: u64,
}

impl Read for Section {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        let n = self.file.read_at(&mut bytes[..most], self.at)?;
        self.at += n as u64;
        self.left -= n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::super::zip_writer::ZipWriter;
    use super::*;

    fn file(bytes: &[u8]) -> File {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(bytes, 0).unwrap();
        file
    }

    fn written() -> Vec<u8> {
        let mut zip = ZipWriter::new(Vec::new());
        zip.add(b"a.jpg", b"first").unwrap();
        zip.add("d/\u{e9}.jpg".as_bytes(), &[9; 3000]).unwrap();
        zip.end().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>, ZipError> {
        let mut reader = ZipReader::new(file(bytes))?;
        let mut all = Vec::new();
        while let Some(entry) = reader.next_entry()? {
            let mut content = Vec::new();
            entry.open()?.read_to_end(&mut content)?;
            all.push((entry.name, content));
        }
        Ok(all)
    }

    #[test]
    fn written_archives_read_back() {
        let want = vec![(b"a.jpg".to_vec(), b"first".to_vec()), ("d/é.jpg".into(), vec![9; 3000])];
        assert_eq!(read(&written()).unwrap(), want);
        // A program before it, and a comment behind it.
        let mut bytes = [b"#!/bin/sh\n".to_vec(), written(), b"hello".to_vec()].concat();
        let at = bytes.len() - 7;
        bytes[at] = 5;
        assert_eq!(read(&bytes).unwrap(), want);
    }

    #[test]
    fn damage_is_noticed() {
        let good = written();
        for len in 0..good.len() {
            assert!(read(&good[..len]).is_err(), "{len}");
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x55;
            // Whatever the result, there is no panic, no endless loop, and no wrong content.
            if let Ok(entries) = read(&bad) {
                assert!(entries.iter().all(|(_, c)| c == b"first" || *c == vec![9; 3000] || c.is_empty()), "{at}");
            }
        }
    }
}
