//! Writes a zip front to back. Entries are stored without compression, because pictures are
//! compressed already.

use std::fmt;
use std::io::{self, Write};

use flate2::write::{DeflateDecoder, DeflateEncoder};

use super::zip_records::{CENTRAL, END, END64, EXTRA64, LOCAL, LOCATOR64, MAX16, MAX32, Record};

/// 1980-01-01 00:00, the earliest time that zip can express.
const DATE: u16 = 0x21;
/// A regular file with mode 644, in the form of Unix.
const ATTRIBUTES: u32 = 0o100_644 << 16;

/// Writes entries one after the other, and the central directory at the end.
pub struct ZipWriter<W> {
    out: W,
    written: u64,
    entries: u64,
    /// The central directory so far, deflated: some 25 bytes per entry.
    directory: DeflateEncoder<Vec<u8>>,
    directory_len: u64,
}

impl<W: Write> ZipWriter<W> {
    /// Makes a zip that is written to `out`.
    pub fn new(out: W) -> Self {
        let directory = DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        Self { out, written: 0, entries: 0, directory, directory_len: 0 }
    }

    /// Writes an entry.
    ///
    /// # Errors
    /// An error of the stream. Nothing can follow it.
    pub fn add(&mut self, name: &[u8], bytes: &[u8]) -> io::Result<()> {
        let name_len = u16::try_from(name.len()).map_err(|_| io::Error::other("a name over 65,535 bytes"))?;
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let (offset, size) = (self.written, bytes.len() as u64);
        let mut local64 = Record::default();
        if size >= MAX32 {
            local64.u16(EXTRA64).u16(16).u64(size).u64(size);
        }
        let mut central64 = Record::default();
        if offset >= MAX32 || size >= MAX32 {
            let sizes = if size >= MAX32 { 16 } else { 0 };
            central64.u16(EXTRA64).u16(sizes + if offset >= MAX32 { 8 } else { 0 });
            if size >= MAX32 {
                central64.u64(size).u64(size);
            }
            if offset >= MAX32 {
                central64.u64(offset);
            }
        }
        let needs: u16 = if central64.0.is_empty() { 20 } else { 45 };
        // Bit 11: the name is UTF-8. Other names are stored as raw bytes.
        let flags = if !name.is_ascii() && std::str::from_utf8(name).is_ok() { 0x800 } else { 0 };
        let small = |n: u64| n.min(MAX32) as u32;
        let mut common = Record::default();
        common.u16(needs).u16(flags).u16(0).u16(0).u16(DATE);
        common.u32(crc.sum()).u32(small(size)).u32(small(size)).u16(name_len);

        let mut local = Record::default();
        local.u32(LOCAL).bytes(&common.0).u16(local64.0.len() as u16).bytes(name).bytes(&local64.0);
        self.write(&local.0)?;
        self.write(bytes)?;

        let mut central = Record::default();
        central.u32(CENTRAL).u16(3 << 8 | 45).bytes(&common.0).u16(central64.0.len() as u16);
        central.u16(0).u16(0).u16(0).u32(ATTRIBUTES).u32(small(offset)).bytes(name).bytes(&central64.0);
        self.directory.write_all(&central.0)?;
        self.directory_len += central.0.len() as u64;
        self.entries += 1;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Writes the central directory.
    ///
    /// # Errors
    /// An error of the stream.
    pub fn end(self) -> io::Result<W> {
        let (offset, len, entries) = (self.written, self.directory_len, self.entries);
        let packed = self.directory.finish()?;
        let mut unpacked = DeflateDecoder::new(self.out);
        unpacked.write_all(&packed)?;
        let mut out = unpacked.finish()?;
        let mut end = Record::default();
        if offset >= MAX32 || len >= MAX32 || entries >= MAX16 {
            end.u32(END64).u64(44).u16(3 << 8 | 45).u16(45).u32(0).u32(0);
            end.u64(entries).u64(entries).u64(len).u64(offset);
            end.u32(LOCATOR64).u32(0).u64(offset + len).u32(1);
        }
        let count = entries.min(MAX16) as u16;
        end.u32(END).u16(0).u16(0).u16(count).u16(count);
        end.u32(len.min(MAX32) as u32).u32(offset.min(MAX32) as u32).u16(0);
        out.write_all(&end.0)?;
        Ok(out)
    }

    /// Flushes buffers.
    ///
    /// # Errors
    /// An error of the stream.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether a zip that begins with these bytes has the form written here: stored without a time, or
/// without members.
pub fn begins_ours(head: &[u8]) -> bool {
    let same = |at: usize, value: u16| head.get(at..at + 2).is_some_and(|field| field == value.to_le_bytes());
    head.starts_with(b"PK\x05\x06") || (head.starts_with(b"PK\x03\x04") && same(8, 0) && same(10, 0) && same(12, DATE))
}

impl<W> fmt::Debug for ZipWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZipWriter").field("entries", &self.entries).finish_non_exhaustive()
    }
}
