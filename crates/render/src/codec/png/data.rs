//! Feeds the compressed pixels of a PNG to the `png` crate and, if that fails, finds out what is
//! wrong. Complete pixels are shown; checksums decide whether they are as written.

use std::io::{BufRead, Read, Seek, SeekFrom};
use std::vec::IntoIter;

use flate2::{Decompress, FlushDecompress, Status};

use crate::codec::png::chunks::{Chunks, SIGNATURE, crc};

/// Bytes of pixels per rewritten chunk.
const BLOCK: usize = 1 << 15;
/// An empty IEND chunk.
const END: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";

/// Reads slices of a file one after the other.
pub struct Parts<'a> {
    now: &'a [u8],
    rest: IntoIter<&'a [u8]>,
}

impl<'a> Parts<'a> {
    pub fn new(parts: Vec<&'a [u8]>) -> Self {
        Self { now: &[], rest: parts.into_iter() }
    }

    /// The rest of the first slice that is not empty. Empty at the end.
    fn look(&mut self) -> &'a [u8] {
        while self.now.is_empty() {
            match self.rest.next() {
                Some(next) => self.now = next,
                None => break,
            }
        }
        self.now
    }

    fn skip(&mut self, count: usize) {
        self.now = &self.now[count..];
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.look().first()?;
        self.skip(1);
        Some(byte)
    }
}

impl Read for Parts<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.look().read(out)?;
        self.skip(count);
        Ok(count)
    }
}

impl BufRead for Parts<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        Ok(self.look())
    }

    fn consume(&mut self, count: usize) {
        self.skip(count);
    }
}

/// The `png` crate requires `Seek` but does not use it (0.18.1).
fn no_seek() -> std::io::Result<u64> {
    Err(std::io::ErrorKind::Unsupported.into())
}

impl Seek for Parts<'_> {
    fn seek(&mut self, _: SeekFrom) -> std::io::Result<u64> {
        no_seek()
    }
}

fn push(out: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    out.extend((content.len() as u32).to_be_bytes());
    out.extend(name);
    out.extend(content);
    out.extend(crc(&[name, content]).to_be_bytes());
}

/// The chunks before the pixels, as far as the pixels need them.
pub fn head(chunks: &Chunks<'_>) -> Vec<u8> {
    let mut out = SIGNATURE.to_vec();
    push(&mut out, b"IHDR", chunks.header);
    if let Some(palette) = chunks.palette {
        push(&mut out, b"PLTE", palette);
    }
    if let Some(transparency) = &chunks.transparency {
        push(&mut out, b"tRNS", transparency);
    }
    out
}

/// A file of `head` and the first `count` IDAT chunks as stored. It ends where the last of these is
/// cut.
pub fn stored<'a>(bytes: &'a [u8], chunks: &Chunks<'a>, head: &'a [u8], count: usize) -> Parts<'a> {
    let data = &chunks.data[..count];
    let mut parts = vec![head];
    let mut run = 0..0;
    for chunk in data {
        let end = chunk.start + 8 + chunk.content.len() + if chunk.crc.is_some() { 4 } else { 0 };
        if run.end != chunk.start {
            parts.push(&bytes[run]);
            run = chunk.start..end;
        }
        run.end = end;
    }
    parts.push(bytes.get(run).unwrap_or_default());
    if count == chunks.data.len() && data.iter().all(|chunk| chunk.crc.is_some()) {
        parts.push(END);
    }
    Parts::new(parts)
}

/// The size in bytes of the rows with their filter bytes, before compression.
pub fn length(chunks: &Chunks<'_>) -> u64 {
    let pass = |width: u32, height: u32| {
        let row = (u64::from(width) * u64::from(chunks.bits)).div_ceil(8) + 1;
        if width == 0 { 0 } else { row * u64::from(height) }
    };
    let (width, height) = (chunks.size.width, chunks.size.height);
    if !chunks.interlaced {
        return pass(width, height);
    }
    let count = |side: u32, first: u32, step: u32| side.saturating_sub(first).div_ceil(step);
    [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
        .into_iter()
        .map(|(x, y, across, down)| pass(count(width, x, across), count(height, y, down)))
        .sum()
}

/// Why inflating stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// The compressed data has an explicit end here.
    End,
    /// The data ends without an end marker.
    Cut,
    /// The data is invalid.
    Corrupt,
}

/// The inflated rows with their filter bytes. Checksums are ignored.
struct Inflated<'a> {
    parts: Parts<'a>,
    inflate: Decompress,
    stop: Option<Stop>,
}

impl<'a> Inflated<'a> {
    fn new(chunks: &Chunks<'a>) -> Self {
        let mut parts = Parts::new(chunks.data.iter().map(|chunk| chunk.content).collect());
        // Skip the zlib header of two bytes.
        let stop = (parts.byte().is_none() || parts.byte().is_none()).then_some(Stop::Cut);
        Self { parts, inflate: Decompress::new(false), stop }
    }

    /// Reads as many bytes as there are, at most the length of `out`.
    fn read(&mut self, out: &mut [u8]) -> usize {
        let mut filled = 0;
        while filled < out.len() && self.stop.is_none() {
            let input = self.parts.look();
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let flush = if input.is_empty() { FlushDecompress::Finish } else { FlushDecompress::None };
            let status = self.inflate.decompress(input, &mut out[filled..], flush);
            let read = (self.inflate.total_in() - read) as usize;
            let written = (self.inflate.total_out() - written) as usize;
            self.parts.skip(read);
            filled += written;
            match status {
                Ok(Status::StreamEnd) => self.stop = Some(Stop::End),
                Err(_) => self.stop = Some(Stop::Corrupt),
                Ok(_) if input.is_empty() && written == 0 => self.stop = Some(Stop::Cut),
                Ok(_) if read == 0 && written == 0 => self.stop = Some(Stop::Corrupt),
                Ok(_) => {}
            }
        }
        filled
    }
}

/// The state of the compressed pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Complete, and confirmed by a checksum, or no checksum exists. The text says what is wrong.
    Whole(&'static str),
    /// Complete, but modified.
    Changed,
    /// They end before the picture does.
    Short,
    /// The file ends before the picture does.
    Cut,
    /// They cannot be inflated.
    Corrupt,
}

/// Examines the compressed pixels. `damaged` says for each chunk whether its checksum is wrong.
pub fn check(chunks: &Chunks<'_>, damaged: &[bool], interrupt: Option<&(dyn Fn() -> bool + Sync)>) -> Option<Verdict> {
    let mut rows = Inflated::new(chunks);
    let mut left = length(chunks);
    let mut sum = Adler::default();
    let mut block = vec![0; BLOCK];
    while left > 0 {
        if interrupt.is_some_and(|stop| stop()) {
            return None;
        }
        let want = left.min(BLOCK as u64) as usize;
        let count = rows.read(&mut block[..want]);
        sum.add(&block[..count]);
        left -= count as u64;
        if count < want {
            return Some(match rows.stop {
                Some(Stop::End) => Verdict::Short,
                Some(Stop::Corrupt) => Verdict::Corrupt,
                _ => Verdict::Cut,
            });
        }
    }
    let is_more = rows.read(&mut block[..1]) > 0;
    let last = damaged.iter().rposition(|&is_damaged| is_damaged);
    let is_sound = last.is_none();
    Some(match rows.stop {
        Some(Stop::End) if !is_more => {
            let stored: Vec<u8> = std::iter::from_fn(|| rows.parts.byte()).take(4).collect();
            match <[u8; 4]>::try_from(stored).map(u32::from_be_bytes) {
                Ok(stored) if stored == sum.value() && is_sound => Verdict::Whole(""),
                Ok(stored) if stored == sum.value() => Verdict::Whole("wrong checksum of chunk IDAT ignored"),
                Ok(0) if last.is_none_or(|at| at + 1 == damaged.len() && chunks.data[at].crc == Some(0)) => {
                    Verdict::Whole("no checksum of the pixel data")
                }
                Ok(_) if is_sound || only_the_sum_is_wrong(chunks, damaged, sum.value()) => {
                    Verdict::Whole("wrong checksum of the pixel data ignored")
                }
                Err(_) if is_sound => Verdict::Whole("no checksum of the pixel data"),
                _ => Verdict::Changed,
            }
        }
        _ if !is_sound => Verdict::Changed,
        _ if is_more => Verdict::Whole("excess pixel data ignored"),
        _ => Verdict::Whole("no end marker in the compressed pixels"),
    })
}

/// Whether correcting the zlib checksum at the end of the last chunk makes the chunk's own checksum
/// right.
fn only_the_sum_is_wrong(chunks: &Chunks<'_>, damaged: &[bool], sum: u32) -> bool {
    let Some((true, others)) = damaged.split_last() else { return false };
    let Some(last) = chunks.data.last() else { return false };
    let Some(content) = last.content.len().checked_sub(4).map(|end| &last.content[..end]) else { return false };
    others.iter().all(|is_damaged| !is_damaged) && last.crc == Some(crc(&[b"IDAT", content, &sum.to_be_bytes()]))
}

/// Adler-32 (RFC 1950).
struct Adler(u32, u32);

impl Default for Adler {
    fn default() -> Self {
        Self(1, 0)
    }
}

impl Adler {
    fn add(&mut self, bytes: &[u8]) {
        // In blocks of this size the sums stay below 2^32.
        for part in bytes.chunks(5552) {
            for &byte in part {
                self.0 += u32::from(byte);
                self.1 += self.0;
            }
            (self.0, self.1) = (self.0 % 65_521, self.1 % 65_521);
        }
    }

    fn value(&self) -> u32 {
        self.1 << 16 | self.0
    }
}

/// A file of `head` and the pixels that [`check`] found complete, stored uncompressed in new
/// chunks.
pub struct Rewritten<'a> {
    rows: Inflated<'a>,
    left: u64,
    is_first: bool,
    is_done: bool,
    block: Vec<u8>,
    buffer: Vec<u8>,
    at: usize,
}

impl<'a> Rewritten<'a> {
    pub fn new(chunks: &Chunks<'a>, head: Vec<u8>) -> Self {
        let (rows, left) = (Inflated::new(chunks), length(chunks));
        Self { rows, left, is_first: true, is_done: false, block: vec![0; BLOCK], buffer: head, at: 0 }
    }

    /// Writes the next IDAT chunk: a stored block (RFC 1951), with the zlib header before the first
    /// block and the checksum, which is ignored, after the last.
    fn refill(&mut self) {
        self.at = 0;
        self.buffer.clear();
        if self.left == 0 {
            if !self.is_done {
                self.buffer.extend(END);
                self.is_done = true;
            }
            return;
        }
        let want = self.left.min(BLOCK as u64) as usize;
        let count = self.rows.read(&mut self.block[..want]);
        self.left = if count == 0 { 0 } else { self.left - count as u64 };
        let is_last = self.left == 0;
        let mut content = Vec::with_capacity(count + 16);
        if std::mem::take(&mut self.is_first) {
            content.extend([0x78, 0x01]);
        }
        content.push(u8::from(is_last));
        content.extend((count as u16).to_le_bytes());
        content.extend((!(count as u16)).to_le_bytes());
        content.extend(&self.block[..count]);
        if is_last {
            content.extend([0; 4]);
        }
        push(&mut self.buffer, b"IDAT", &content);
    }
}

impl Read for Rewritten<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Rewritten<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.at == self.buffer.len() {
            self.refill();
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

impl Seek for Rewritten<'_> {
    fn seek(&mut self, _: SeekFrom) -> std::io::Result<u64> {
        no_seek()
    }
}
