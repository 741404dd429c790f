//! Decodes PNM: PBM, PGM and PPM, plain and raw, PAM, and PFM.
//! <https://netpbm.sourceforge.net/doc/index.html>
//!
//! The `image` crate (0.25) decodes a PNM whole, and lacks PFM and CMYK.

pub(in crate::codec) mod header;

use crate::codec::float::{Range, Values};
use crate::codec::rows::{self, Sequence, Shape};
use crate::codec::{Decode, DecodeError, DecodeOptions, Decoded, Header, Need, Offer, Picture, float};
use crate::format::Format;
use crate::limits::Limits;
use crate::orientation::Orientation;
use header::{Coding, Head, damaged, truncated};

/// The decoder.
pub struct Pnm;

struct PnmPicture<'a> {
    header: Header,
    head: Head,
    /// The data behind the header.
    data: &'a [u8],
}

impl Decode for Pnm {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let (head, data) = header::read(bytes)?;
        crate::codec::check_size(Format::Pnm, head.size, limits)?;
        let header = Header {
            // PFM stores its lowest row first.
            orientation: match head.coding {
                Coding::Floats { .. } => Orientation::FlipV,
                _ => Orientation::Upright,
            },
            has_alpha: head.channels.has_alpha(),
            animated: follows(&head, data),
            ..Header::new(Format::Pnm, head.size)
        };
        Ok(Box::new(PnmPicture { header, head, data }))
    }
}

/// Whether another picture follows a raw one.
fn follows(head: &Head, data: &[u8]) -> bool {
    let raster = usize::try_from(head.row_bytes().saturating_mul(u64::from(head.size.height))).ok();
    let behind = raster.filter(|_| head.is_raw()).and_then(|length| data.get(length..));
    behind.is_some_and(|bytes| matches!(bytes, [b'P', b'4'..=b'7', space, ..] if space.is_ascii_whitespace()))
}

impl PnmPicture<'_> {
    fn shape(&self) -> Shape {
        Shape { size: self.head.size, channels: self.head.channels, wide: self.head.is_wide() }
    }
}

impl Picture for PnmPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        // Plus a row of numbers.
        rows::offer(self.shape(), need, self.head.samples_in_row() * 4)
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let mut lines = Lines::new(&self.head, self.data);
        let mut decoded = rows::decode_sequence(self.shape(), &mut lines, offer, options)?;
        decoded.notes.extend(lines.brighter.then(float::clipped_note));
        decoded.notes.extend(lines.range.map(Range::note));
        Ok(decoded)
    }
}

struct Lines<'a> {
    head: &'a Head,
    data: &'a [u8],
    /// Maps 8-bit samples to the full range.
    scaled: [u8; 256],
    /// The numbers of a row, if they need conversion.
    numbers: Vec<u32>,
    /// Whether a sample was brighter than white.
    brighter: bool,
    /// Black and white of floating-point data that is not light.
    range: Option<Range>,
}

impl<'a> Lines<'a> {
    fn new(head: &'a Head, data: &'a [u8]) -> Self {
        let scaled = std::array::from_fn(|v| scale(v as u32, head.max, 255) as u8);
        Self { head, data, scaled, numbers: Vec::new(), brighter: false, range: range(head, data) }
    }

    /// The bytes of the next row.
    fn raw(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(self.head.row_bytes()).map_err(|_| truncated())?;
        let (row, rest) = self.data.split_at_checked(length).ok_or_else(truncated)?;
        self.data = rest;
        Ok(row)
    }

    /// Reads the next row of plain numbers or bits.
    fn plain(&mut self) -> Result<(), DecodeError> {
        let is_bits = matches!(self.head.coding, Coding::PlainBits);
        self.numbers.clear();
        for _ in 0..self.head.samples_in_row() {
            self.data = header::skip_blank(self.data);
            let (number, rest) = if is_bits {
                match self.data {
                    [digit @ (b'0' | b'1'), rest @ ..] => (u32::from(digit - b'0'), rest),
                    [] => return Err(truncated()),
                    _ => return Err(damaged("a bit is neither 0 nor 1")),
                }
            } else {
                header::number(self.data)?
            };
            self.numbers.push(number);
            self.data = rest;
        }
        Ok(())
    }
}

/// The range of a PFM whose values do not fit 0 to 1, such as depths.
fn range(head: &Head, data: &[u8]) -> Option<Range> {
    let Coding::Floats { big } = head.coding else { return None };
    let count = usize::try_from(head.samples_in_row() * u64::from(head.size.height)).unwrap_or(usize::MAX);
    let mut values = Values::new(None);
    data.as_chunks::<4>().0.iter().take(count).for_each(|&bytes| values.add(number(bytes, big)));
    values.range(false)
}

fn number(bytes: [u8; 4], big: bool) -> f32 {
    if big { f32::from_be_bytes(bytes) } else { f32::from_le_bytes(bytes) }
}

/// Scales `v` from `max` to `full`, rounded. Values over `max` become `full`.
fn scale(v: u32, max: u32, full: u32) -> u32 {
    let (v, max) = (u64::from(v.min(max)), u64::from(max.max(1)));
    ((v * u64::from(full) + max / 2) / max) as u32
}

/// Converts the first `shown` of each `stored` samples.
fn pick<T: Copy, U>(row: impl Iterator<Item = T>, stored: usize, shown: usize, out: &mut [U], change: impl Fn(T) -> U) {
    if stored == shown {
        out.iter_mut().zip(row).for_each(|(out, v)| *out = change(v));
    } else {
        let row = row.enumerate().filter(|(i, _)| i % stored < shown);
        out.iter_mut().zip(row).for_each(|(out, (_, v))| *out = change(v));
    }
}

impl Sequence for Lines<'_> {
    fn row(&mut self, out: &mut [u8]) -> Result<(), DecodeError> {
        let (stored, shown) = (self.head.stored, self.head.channels.count());
        match self.head.coding {
            Coding::Bits => {
                let row = self.raw()?;
                // 1 is black.
                for (out, byte) in out.chunks_mut(8).zip(row) {
                    out.iter_mut().enumerate().for_each(|(i, v)| *v = if byte << i & 0x80 == 0 { 255 } else { 0 });
                }
            }
            Coding::Bytes if self.head.max == 255 && stored == shown => out.copy_from_slice(self.raw()?),
            Coding::Bytes => {
                let row = self.raw()?;
                pick(row.iter(), stored, shown, out, |&v| self.scaled[usize::from(v)]);
            }
            Coding::PlainBits => {
                self.plain()?;
                out.iter_mut().zip(&self.numbers).for_each(|(out, &bit)| *out = if bit == 0 { 255 } else { 0 });
            }
            _ => {
                self.plain()?;
                out.iter_mut().zip(&self.numbers).for_each(|(out, &v)| *out = scale(v, self.head.max, 255) as u8);
            }
        }
        Ok(())
    }

    fn row_wide(&mut self, out: &mut [u16]) -> Result<(), DecodeError> {
        let (stored, shown, max) = (self.head.stored, self.head.channels.count(), self.head.max);
        match self.head.coding {
            Coding::Words => {
                let words = self.raw()?.as_chunks::<2>().0.iter().map(|&word| u16::from_be_bytes(word));
                match max {
                    65_535 => pick(words, stored, shown, out, |v| v),
                    _ => pick(words, stored, shown, out, |v| scale(v.into(), max, 65_535) as u16),
                }
            }
            Coding::Floats { big } => {
                let row = self.raw()?.as_chunks::<4>().0;
                for (out, &bytes) in out.iter_mut().zip(row) {
                    let light = number(bytes, big);
                    *out = match self.range {
                        Some(range) => float::narrow(range.share(light)),
                        None => {
                            self.brighter |= light > 1.0;
                            float::encode(light)
                        }
                    };
                }
            }
            _ => {
                self.plain()?;
                out.iter_mut().zip(&self.numbers).for_each(|(out, &v)| *out = scale(v, max, 65_535) as u16);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
