//! Decodes ICO and CUR: the largest picture of the file, a PNG or a bitmap without a file header.
//! Its own header gives the size.
//!
//! The `image` crate (0.25) decodes an icon whole, and trusts the directory in choosing the largest
//! picture.

use crate::codec::bmp::header::{self, Bitmap, Extent, Packing, truncated};
use crate::codec::bmp::{self, BmpPicture, Inside};
use crate::codec::{Decode, DecodeError, Picture, png};
use crate::format::Format;
use crate::limits::Limits;
use crate::size::Size;

/// The decoder.
pub struct Ico;

/// A directory entry.
#[derive(Clone, Copy)]
struct Entry<'a> {
    size: Size,
    /// The size in the directory.
    listed: Size,
    bits: u16,
    /// The bytes from its start to the end of the file.
    data: &'a [u8],
    /// The length in the directory.
    length: usize,
}

fn damaged(what: &str) -> DecodeError {
    DecodeError::Damaged { format: Format::Ico, what: what.to_owned() }
}

fn too_early() -> DecodeError {
    truncated(Format::Ico, "its data end too early")
}

impl<'a> Entry<'a> {
    fn read(bytes: &'a [u8], directory: usize, line: &[u8], is_icon: bool) -> Option<Self> {
        let number = |at: usize| u32::from_le_bytes([line[at], line[at + 1], line[at + 2], line[at + 3]]) as usize;
        let offset = number(12);
        // No picture starts inside the directory.
        let data = bytes.get(offset..).filter(|_| offset >= directory)?;
        // A cursor stores its hot spot in place of the bits.
        let bits = if is_icon { u16::from_le_bytes([line[6], line[7]]) } else { 0 };
        let size = listed(line);
        Some(Self { size, listed: size, bits, data, length: number(8) }.by_itself())
    }

    /// Replaces size and bits by those in the picture's own header, if it has one.
    fn by_itself(self) -> Self {
        if self.is_png() {
            let side = |at: usize| Some(u32::from_be_bytes(*self.data.get(at..)?.first_chunk()?));
            let size = side(16).zip(side(20)).map_or(self.size, |(width, height)| Size::new(width, height));
            return Self { size, ..self };
        }
        match self.bitmap() {
            Ok(bitmap) => Self { size: bitmap.size, bits: bitmap.bits, ..self },
            Err(_) => self,
        }
    }

    fn is_png(&self) -> bool {
        self.data.starts_with(b"\x89PNG")
    }

    fn bitmap(&self) -> Result<Bitmap<'a>, DecodeError> {
        let mut bitmap = header::bare(Format::Ico, self.data)?;
        if bitmap.packing != Packing::Plain {
            return Err(DecodeError::Unsupported("ICO with a compressed bitmap".to_owned()));
        }
        // The height covers picture and mask, unless a writer forgot that and omitted the mask.
        let whole = bmp::stride(bitmap.size, bitmap.bits).saturating_mul(bitmap.size.height as usize);
        if bitmap.size != self.listed || bitmap.data.len() < whole {
            bitmap.size.height /= 2;
        }
        Ok(bitmap)
    }

    /// Whether the file ends before the picture. The directory may be wrong about the size of a
    /// bitmap.
    fn is_cut(&self) -> bool {
        let whole = |bitmap: Bitmap<'_>| {
            let row = bmp::stride(bitmap.size, bitmap.bits).saturating_add(bmp::stride(bitmap.size, 1));
            row.saturating_mul(bitmap.size.height as usize) <= bitmap.data.len()
        };
        self.length > self.data.len() && (self.is_png() || !self.bitmap().is_ok_and(whole))
    }
}

/// The size in a directory entry; 0 stands for 256.
fn listed(line: &[u8]) -> Size {
    let side = |b: u8| if b == 0 { 256 } else { u32::from(b) };
    Size::new(side(line[0]), side(line[1]))
}

/// The largest entry. Among equals, the one with the most bits, then the first.
fn largest(bytes: &[u8]) -> Result<(Entry<'_>, Extent), DecodeError> {
    let [0, 0, kind, 0, low, high, lines @ ..] = bytes else { return Err(too_early()) };
    let count = usize::from(u16::from_le_bytes([*low, *high]));
    let lines = lines.get(..16 * count).ok_or_else(too_early)?;
    let directory = 6 + 16 * count;
    let (mut best, mut lost, mut short): (Option<Entry<'_>>, Option<Size>, bool) = (None, None, false);
    for line in lines.chunks_exact(16) {
        let Some(entry) = Entry::read(bytes, directory, line, *kind == 1) else {
            let size = listed(line);
            lost = lost.filter(|lost| lost.pixels() >= size.pixels()).or(Some(size));
            continue;
        };
        short |= entry.is_cut();
        let rank = |e: &Entry<'_>| (e.size.pixels(), e.bits);
        if best.as_ref().is_none_or(|b| rank(&entry) > rank(b)) {
            best = Some(entry);
        }
    }
    match best {
        Some(best) => {
            let lacks = lost.is_some_and(|size| size.pixels() > best.size.pixels());
            let extent = if lacks {
                Extent::Lacking
            } else if short || lost.is_some() {
                Extent::Short
            } else {
                Extent::Whole
            };
            Ok((best, extent))
        }
        None if lost.is_some() => Err(too_early()),
        None => Err(damaged("no picture in it")),
    }
}

impl Decode for Ico {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let (entry, extent) = largest(bytes)?;
        if entry.is_png() {
            let data = &entry.data[..entry.length.min(entry.data.len())];
            return Inside::open(&png::Png, Format::Ico, data, extent, limits);
        }
        let mut bitmap = entry.bitmap()?;
        let pixels = bmp::stride(bitmap.size, bitmap.bits).saturating_mul(bitmap.size.height as usize);
        // Some writers omit the length.
        if entry.length > 0 && entry.data.len() - bitmap.data.len() + pixels > entry.length {
            return Err(damaged(&format!(
                "its directory gives a bitmap of {} only {} bytes",
                bitmap.size, entry.length
            )));
        }
        bitmap.extent = extent;
        BmpPicture::open(bitmap, true, limits)
    }
}

#[cfg(test)]
mod tests;
