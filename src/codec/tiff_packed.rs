//! Samples in TIFF that are not whole bytes: 1 to 7 and 9 to 15 bits, several to a pixel or not. The
//! `tiff` crate takes the fewest of them, so it is shown rows of plain bytes, which are taken apart here.

use super::exif::{Entry, Tiff};
use crate::pixmap::{Channels, Samples};
use crate::size::Size;

const WIDTH: u16 = 256;
const BITS: u16 = 258;
const PHOTOMETRIC: u16 = 262;
const SAMPLES: u16 = 277;
const PLANAR: u16 = 284;
const PREDICTOR: u16 = 317;
const TILE_WIDTH: u16 = 322;
const EXTRA: u16 = 338;

/// How samples lie in a row.
#[derive(Clone, Debug)]
pub struct Packed {
    /// Bits of one.
    pub bits: u8,
    /// Of a pixel, also those that are not colours.
    pub samples: u16,
    /// What they mean.
    pub channels: Channels,
    /// The alpha is multiplied into the colours.
    pub premultiplied: bool,
    /// 0 is white.
    inverted: bool,
    width: u32,
}

/// A copy of the file that says its rows are grey bytes, if this is such a file.
pub fn as_bytes(bytes: &[u8]) -> Option<(Vec<u8>, Packed)> {
    let tiff = Tiff::new(bytes)?;
    let entries: Vec<Entry> = tiff.entries(tiff.first_ifd()?).collect();
    let find = |tag: u16| entries.iter().find(|entry| entry.tag == tag);
    let number = |tag: u16| find(tag).and_then(|entry| tiff.number(entry));
    let bits = u8::try_from(number(BITS)?).ok().filter(|b| (1..16).contains(b) && *b != 8)?;
    let samples = u16::try_from(number(SAMPLES).unwrap_or(1)).ok()?;
    if (matches!(bits, 1 | 2 | 4) && samples == 1) || number(PLANAR) == Some(2) || number(PREDICTOR) == Some(2) {
        return None;
    }
    let kind = find(BITS).and_then(|entry| tiff.value(entry))?;
    if kind.chunks_exact(2).any(|pair| pair != &kind[..2]) {
        return None;
    }
    let photometric = number(PHOTOMETRIC)?;
    let extra = number(EXTRA);
    let is_alpha = matches!(extra, Some(1 | 2));
    let channels = match (photometric, samples) {
        (0 | 1, 2) if is_alpha => Channels::GreyAlpha,
        (0 | 1, 1..) => Channels::Grey,
        (2, 4) if is_alpha => Channels::Rgba,
        (2, 3..) => Channels::Rgb,
        (5, 4..) => Channels::Cmyk,
        _ => return None,
    };
    let row = |pixels: u32| {
        let bits = u64::from(pixels) * u64::from(samples) * u64::from(bits);
        u32::try_from(bits.div_ceil(8)).ok()
    };
    let width = number(WIDTH)?;
    let mut changed = bytes.to_vec();
    let mut set = |entry: &Entry, value: u32| write_long(&mut changed, bytes, entry, value, tiff.big());
    set(find(WIDTH)?, row(width)?)?;
    set(find(BITS)?, 8)?;
    set(find(PHOTOMETRIC)?, 1)?;
    if let Some(entry) = find(SAMPLES) {
        set(entry, 1)?;
    }
    if let Some(entry) = find(TILE_WIDTH) {
        // Its tiles must begin at whole bytes; TIFF wants multiples of 16 pixels.
        let tile = tiff.number(entry).filter(|t| t % 8 == 0)?;
        set(entry, row(tile)?)?;
    }
    let inverted = photometric == 0;
    let premultiplied = extra == Some(1);
    Some((changed, Packed { bits, samples, channels, premultiplied, inverted, width }))
}

/// Makes an entry one LONG. Where the entry itself stands is found by its tag: its value may lie elsewhere.
fn write_long(changed: &mut [u8], bytes: &[u8], entry: &Entry, value: u32, big: bool) -> Option<()> {
    let tiff = Tiff::new(bytes)?;
    let first = tiff.first_ifd()?;
    let count = usize::from(tiff.u16(first)?);
    let at = (0..count).map(|i| first + 2 + 12 * i).find(|&at| tiff.u16(at) == Some(entry.tag))?;
    let (kind, one, value) = if big {
        (4u16.to_be_bytes(), 1u32.to_be_bytes(), value.to_be_bytes())
    } else {
        (4u16.to_le_bytes(), 1u32.to_le_bytes(), value.to_le_bytes())
    };
    changed.get_mut(at + 2..at + 12)?.copy_from_slice(&[&kind[..], &one, &value].concat());
    Some(())
}

impl Packed {
    /// Takes rows of `stride` bytes apart; samples of up to 8 bits become 8, others 16.
    pub fn unpack(&self, rows: &[u8], stride: usize, size: Size) -> Samples {
        let per_row = self.width as usize * usize::from(self.samples);
        let top = (1u32 << self.bits) - 1;
        let read = |out: &mut dyn FnMut(u32)| {
            for row in rows.chunks(stride.max(1)).take(size.height as usize) {
                let mut bits = Bits { bytes: row.iter(), held: 0, count: 0 };
                for _ in 0..per_row {
                    let value = bits.take(u32::from(self.bits));
                    out(if self.inverted { top - value } else { value });
                }
            }
        };
        let total = per_row * size.height as usize;
        if self.bits < 8 {
            let mut out = Vec::with_capacity(total);
            read(&mut |value| out.push(((value * 255 + top / 2) / top) as u8));
            Samples::U8(out)
        } else {
            let mut out = Vec::with_capacity(total);
            read(&mut |value| out.push(((value * 65_535 + top / 2) / top) as u16));
            Samples::U16(out)
        }
    }
}

/// Numbers of so many bits, the highest first.
struct Bits<'a> {
    bytes: std::slice::Iter<'a, u8>,
    held: u32,
    count: u32,
}

impl Bits<'_> {
    fn take(&mut self, bits: u32) -> u32 {
        while self.count < bits {
            self.held = self.held << 8 | u32::from(self.bytes.next().copied().unwrap_or(0));
            self.count += 8;
        }
        self.count -= bits;
        self.held >> self.count & ((1 << bits) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(bits: u8, samples: u16, width: u32) -> Packed {
        Packed { bits, samples, channels: Channels::Rgb, premultiplied: false, inverted: false, width }
    }

    #[test]
    fn rows_begin_at_bytes() {
        // Twelve bits, one sample, three pixels, so half a byte of padding.
        let rows = [0xff, 0xf0, 0x00, 0x80, 0x00, 0x00, 0x0f, 0xff, 0x00, 0x10];
        let Samples::U16(v) = packed(12, 1, 3).unpack(&rows, 5, Size::new(3, 2)) else { panic!("16 bits") };
        assert_eq!(v, [65_535, 0, 32_776, 0, 65_535, 16]);
        let Samples::U8(v) = packed(4, 3, 1).unpack(&[0xf0, 0x80, 0x12, 0x30], 2, Size::new(1, 2)) else {
            panic!("8 bits")
        };
        assert_eq!(v, [255, 0, 136, 17, 34, 51]);
    }
}
