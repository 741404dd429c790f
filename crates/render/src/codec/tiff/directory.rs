//! Reads the directory (IFD) of the first page of a TIFF or BigTIFF file: tags and their values,
//! bounded by the file.

use std::ops::Range;

use super::tags::{DNG_VERSION, NEW_SUBFILE_TYPE, SUB_DIRECTORIES, SUBFILE_TYPE, WIDTH};
use super::{damaged, truncated};
use crate::codec::DecodeError;
use crate::format::Format;

/// The largest number of values of one tag. The offsets of a picture with this many strips take
/// some 100 MB.
const MAX_NUMBERS: u64 = 16 << 20;

/// The largest number of entries. BigTIFF could count more, but no real directory has them.
const MAX_ENTRIES: u64 = 65_535;

/// The number of directories searched for the full page.
const MAX_DIRECTORIES: usize = 256;

/// The directory of a page.
pub struct Directory<'a> {
    file: File<'a>,
    entries: Vec<Entry>,
    next: u64,
    /// Its range in the file.
    place: Range<u64>,
    /// Whether the file ends before the pointer to the next directory.
    pub unended: bool,
}

/// The bytes of a file, with their byte order.
#[derive(Clone, Copy)]
struct File<'a> {
    bytes: &'a [u8],
    /// Whether numbers are big-endian.
    big: bool,
    /// Whether offsets have 8 bytes.
    wide: bool,
}

#[derive(Clone, Copy)]
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// The offset of the value, which is in the entry itself or where the entry points.
    at: u64,
}

impl File<'_> {
    fn number(&self, at: u64, len: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(len)?)?;
        let join = |n: u64, &b: &u8| n << 8 | u64::from(b);
        Some(if self.big { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) })
    }

    /// Reads an offset or count: 4 bytes, 8 in BigTIFF.
    fn offset(&self, at: u64) -> Option<u64> {
        self.number(at, if self.wide { 8 } else { 4 })
    }

    /// The entries of the directory at `at`, its end, and the offset of the next one, unless the
    /// file ends before that.
    fn directory(&self, at: u64) -> Option<(Vec<Entry>, u64, Option<u64>)> {
        let (count, mut place) = if self.wide {
            (self.number(at, 8)?, at.checked_add(8)?)
        } else {
            (self.number(at, 2)?, at.checked_add(2)?)
        };
        let entry = if self.wide { 20 } else { 12 };
        if count > MAX_ENTRIES || count.checked_mul(entry)? > self.bytes.len() as u64 {
            return None;
        }
        let mut entries = Vec::with_capacity(usize::try_from(count).ok()?);
        for _ in 0..count {
            entries.push(self.entry(place)?);
            place += entry;
        }
        Some((entries, place, self.offset(place)))
    }

    fn entry(&self, at: u64) -> Option<Entry> {
        let (tag, kind) = (self.number(at, 2)? as u16, self.number(at + 2, 2)? as u16);
        let count = self.offset(at + 4)?;
        let value = if self.wide { at + 12 } else { at + 8 };
        let room = if self.wide { 8 } else { 4 };
        let inside = count.saturating_mul(size_of_kind(kind)) <= room;
        self.offset(value).map(|pointed| Entry { tag, kind, count, at: if inside { value } else { pointed } })
    }
}

/// The size in bytes of one value; 0 for unknown types.
fn size_of_kind(kind: u16) -> u64 {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => 0,
    }
}

impl<'a> Directory<'a> {
    /// The directory of the first page, and the first directory if that is a preview.
    ///
    /// # Errors
    /// The file is not a TIFF, ends before its directory does, or is camera raw.
    pub fn page(bytes: &'a [u8]) -> Result<(Self, Option<Self>), DecodeError> {
        let first = Self::first(bytes)?;
        if first.number(DNG_VERSION).is_some() {
            return Err(DecodeError::Unsupported(Format::Raw.to_string()));
        }
        if !first.is_reduced() {
            return Ok((first, None));
        }
        match first.full_page() {
            Some(page) => Ok((page, Some(first))),
            // A preview alone is a picture too.
            None => Ok((first, None)),
        }
    }

    fn first(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (big, wide) = match bytes.get(..4) {
            Some(b"II*\0") => (false, false),
            Some(b"MM\0*") => (true, false),
            Some(b"II+\0") => (false, true),
            Some(b"MM\0+") => (true, true),
            _ => return Err(damaged("it has no TIFF header")),
        };
        let file = File { bytes, big, wide };
        let at = file.offset(if wide { 8 } else { 4 }).ok_or_else(|| truncated("no header"))?;
        Self::at(file, at).ok_or_else(|| truncated("its directory lies beyond its end"))
    }

    fn at(file: File<'a>, at: u64) -> Option<Self> {
        let (entries, end, next) = file.directory(at)?;
        let unended = next.is_none();
        // Some files have a single directory that names itself as the next.
        let next = next.filter(|&next| next != at).unwrap_or(0);
        Some(Self { file, entries, next, place: at..end, unended })
    }

    /// Whether it is a smaller version of another page.
    fn is_reduced(&self) -> bool {
        self.number(NEW_SUBFILE_TYPE).unwrap_or(0) & 1 == 1 || self.number(SUBFILE_TYPE) == Some(2)
    }

    /// Whether it is a picture of its own, not a mask or a smaller version.
    fn is_page(&self) -> bool {
        let is_mask = self.number(NEW_SUBFILE_TYPE).unwrap_or(0) & 4 != 0;
        !self.is_reduced() && !is_mask && self.number(WIDTH).is_some()
    }

    /// The first full page behind this directory, or inside it.
    fn full_page(&self) -> Option<Self> {
        let mut next = self.next;
        for _ in 0..MAX_DIRECTORIES {
            if next == 0 {
                break;
            }
            let Some(page) = Self::at(self.file, next) else { break };
            if page.is_page() {
                return Some(page);
            }
            next = page.next;
        }
        let inner = self.numbers(SUB_DIRECTORIES).ok().flatten().unwrap_or_default();
        inner.iter().take(MAX_DIRECTORIES).filter_map(|&at| Self::at(self.file, at)).find(Self::is_page)
    }

    /// The range of the directory in the file.
    pub fn place(&self) -> Range<u64> {
        self.place.clone()
    }

    /// Whether samples are big-endian.
    pub fn big(&self) -> bool {
        self.file.big
    }

    /// Whether a further page follows. A smaller version or a mask of the first does not count.
    pub fn has_more_pages(&self) -> bool {
        self.next != 0 && Self::at(self.file, self.next).is_some_and(|next| next.is_page())
    }

    fn find(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag && entry.count > 0)
    }

    /// The integers of a tag; None if it is missing or of another type.
    ///
    /// # Errors
    /// More values than any picture has, or a value beyond the end of the file.
    pub fn numbers(&self, tag: u16) -> Result<Option<Vec<u64>>, DecodeError> {
        let Some(entry) = self.find(tag) else { return Ok(None) };
        if !matches!(entry.kind, 1 | 3 | 4 | 7 | 13 | 16 | 18) {
            return Ok(None);
        }
        let size = size_of_kind(entry.kind);
        if entry.count > MAX_NUMBERS {
            return Err(damaged(format_args!("tag {tag} has {} values", entry.count)));
        }
        let end = entry.at.saturating_add(entry.count * size);
        if end > self.file.bytes.len() as u64 {
            return Err(truncated(format_args!("tag {tag} lies beyond its end")));
        }
        let number = |i| self.file.number(entry.at + i * size, size as usize).unwrap_or(0);
        Ok(Some((0..entry.count).map(number).collect()))
    }

    /// The first integer of a tag.
    pub fn number(&self, tag: u16) -> Option<u64> {
        let entry = self.find(tag)?;
        let known = matches!(entry.kind, 1 | 3 | 4 | 7 | 13 | 16 | 18);
        known.then(|| self.file.number(entry.at, size_of_kind(entry.kind) as usize)).flatten()
    }

    /// `N` numbers of a tag, which may be fractions.
    pub fn fractions<const N: usize>(&self, tag: u16) -> Option<[f64; N]> {
        let entry = self.find(tag).filter(|entry| entry.count >= N as u64)?;
        let mut out = [0.0; N];
        for (i, value) in out.iter_mut().enumerate() {
            let at = entry.at.checked_add(i as u64 * size_of_kind(entry.kind))?;
            *value = match entry.kind {
                3 => self.file.number(at, 2)? as f64,
                4 => self.file.number(at, 4)? as f64,
                5 => self.file.number(at, 4)? as f64 / self.file.number(at.checked_add(4)?, 4)? as f64,
                11 => f64::from(f32::from_bits(self.file.number(at, 4)? as u32)),
                _ => return None,
            };
        }
        out.iter().all(|v| v.is_finite()).then_some(out)
    }

    /// The bytes of a tag's value.
    pub fn value(&self, tag: u16) -> Option<&'a [u8]> {
        let entry = self.find(tag)?;
        let len = usize::try_from(entry.count.checked_mul(size_of_kind(entry.kind))?).ok()?;
        let at = usize::try_from(entry.at).ok()?;
        self.file.bytes.get(at..at.checked_add(len)?).filter(|value| !value.is_empty())
    }
}
