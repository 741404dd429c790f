//! Reads pixels and runs of TGA. Runs may continue in the next row, and rows may come bottom-up, so
//! a first pass records where each row begins, without decoding pixels.

use crate::pixmap::Channels;
use crate::size::Size;

/// Memory per recorded row, in bytes.
pub const ROW_BYTES: u64 = size_of::<RowStart>() as u64;

/// The format of a stored pixel.
pub enum Pixel {
    /// An index into colours of 3 or 4 samples.
    Mapped {
        /// The colours.
        colors: Vec<[u8; 4]>,
        /// The index of the first one.
        first: u16,
        /// Whether the colours have alpha.
        alpha: bool,
    },
    /// Five bits per colour, and one that may be alpha.
    Bits15 {
        /// Whether it is alpha.
        alpha: bool,
    },
    /// Blue, green, red.
    Bgr,
    /// Blue, green, red, and a byte that may be alpha.
    Bgra {
        /// Whether it is alpha.
        alpha: bool,
    },
    /// Grey.
    Grey,
    /// Grey, and a byte that may be alpha.
    GreyAlpha {
        /// Whether it is alpha.
        alpha: bool,
    },
}

/// Red, green, blue and alpha of a 16-bit pixel.
fn bits15(low: u8, high: u8) -> [u8; 4] {
    let value = u16::from_le_bytes([low, high]);
    let part = |shift: u16| ((u32::from(value >> shift & 31) * 255 + 15) / 31) as u8;
    [part(10), part(5), part(0), if high & 0x80 == 0 { 0 } else { 255 }]
}

impl Pixel {
    /// An index into a colour map with entries of `bits` bits. Returns None for an invalid depth.
    /// `alpha` is what the file declares.
    pub fn mapped(map: &[u8], bits: u8, first: u16, alpha: bool) -> Option<Self> {
        let colors = match bits {
            15 | 16 => map.chunks_exact(2).map(|c| bits15(c[0], c[1])).collect(),
            24 => map.chunks_exact(3).map(|c| [c[2], c[1], c[0], 255]).collect(),
            32 => map.chunks_exact(4).map(|c| [c[2], c[1], c[0], c[3]]).collect(),
            _ => return None,
        };
        Some(Self::Mapped { colors, first, alpha: alpha && matches!(bits, 16 | 32) })
    }

    /// The channels of the output.
    pub fn channels(&self) -> Channels {
        match self {
            Self::Mapped { alpha, .. } | Self::Bits15 { alpha } | Self::Bgra { alpha } if *alpha => Channels::Rgba,
            Self::GreyAlpha { alpha: true } => Channels::GreyAlpha,
            Self::Grey | Self::GreyAlpha { .. } => Channels::Grey,
            _ => Channels::Rgb,
        }
    }

    /// Writes a row. Returns whether an index was outside the colour map; such pixels are black.
    pub fn paint(&self, stored: &[u8], out: &mut [u8]) -> bool {
        let mut lacking = false;
        let samples = self.channels().count();
        match self {
            Self::Mapped { colors, first, .. } => {
                let wide = stored.len() * samples > out.len();
                let indices = stored.chunks_exact(if wide { 2 } else { 1 });
                for (p, index) in out.chunks_exact_mut(samples).zip(indices) {
                    let index = index.iter().rev().fold(0u16, |sum, &b| sum << 8 | u16::from(b));
                    let color = index.checked_sub(*first).and_then(|i| colors.get(usize::from(i)));
                    lacking |= color.is_none();
                    p.copy_from_slice(&color.unwrap_or(&[0, 0, 0, 255])[..samples]);
                }
            }
            Self::Bits15 { .. } => {
                for (p, s) in out.chunks_exact_mut(samples).zip(stored.chunks_exact(2)) {
                    p.copy_from_slice(&bits15(s[0], s[1])[..samples]);
                }
            }
            Self::Bgr => {
                for (p, s) in out.as_chunks_mut::<3>().0.iter_mut().zip(stored.as_chunks::<3>().0) {
                    *p = [s[2], s[1], s[0]];
                }
            }
            Self::Bgra { .. } => {
                for (p, s) in out.chunks_exact_mut(samples).zip(stored.as_chunks::<4>().0) {
                    p.copy_from_slice(&[s[2], s[1], s[0], s[3]][..samples]);
                }
            }
            Self::Grey => out.copy_from_slice(stored),
            Self::GreyAlpha { .. } => {
                for (p, s) in out.chunks_exact_mut(samples).zip(stored.as_chunks::<2>().0) {
                    p.copy_from_slice(&s[..samples]);
                }
            }
        }
        lacking
    }
}

/// A position in the data, within a packet or at the start of one.
#[derive(Clone, Copy)]
struct RowStart {
    /// The offset of the next packet. Within a literal packet, the next pixel; within a run, its
    /// pixel.
    at: usize,
    /// The number of pixels left in the packet.
    left: u8,
    run: bool,
}

/// Whether any of the first `pixels` pixels, of four bytes each, has a last byte other than 0.
pub fn has_alpha(data: &[u8], packed: bool, pixels: u64) -> bool {
    let pixels = usize::try_from(pixels).unwrap_or(usize::MAX);
    let some = |bytes: &[u8]| bytes.as_chunks::<4>().0.iter().any(|p| p[3] != 0);
    if !packed {
        return some(&data[..data.len().min(pixels.saturating_mul(4))]);
    }
    let (mut at, mut seen) = (0, 0);
    while seen < pixels {
        let Some(&head) = data.get(at) else { break };
        let count = usize::from(head & 127) + 1;
        let stored = if head & 128 == 0 { count * 4 } else { 4 };
        let there = &data[at + 1..];
        if some(&there[..there.len().min(stored)]) {
            return true;
        }
        (at, seen) = (at + 1 + stored, seen + count);
    }
    false
}

/// The rows of a packed picture, for decoding in any order.
pub struct Index<'a> {
    data: &'a [u8],
    /// Bytes per pixel.
    pixel: usize,
    starts: Vec<RowStart>,
    whole: usize,
}

impl RowStart {
    /// Advances to a packet with pixels left. Returns None at the end of the data.
    fn refilled(mut self, data: &[u8], pixel: usize) -> Option<Self> {
        if self.left > 0 {
            return Some(self);
        }
        let packet = *data.get(self.at)?;
        (self.left, self.run) = ((packet & 0x7f) + 1, packet & 0x80 != 0);
        self.at += 1;
        let length = pixel * if self.run { 1 } else { usize::from(self.left) };
        // A truncated packet keeps the pixels before the cut.
        if data.len() - self.at < length {
            self.left = if self.run { 0 } else { ((data.len() - self.at) / pixel) as u8 };
        }
        (self.left > 0).then_some(self)
    }

    /// The position `count` pixels later within the packet.
    fn after(mut self, count: usize, pixel: usize) -> Self {
        self.left -= count as u8;
        if !self.run {
            self.at += count * pixel;
        } else if self.left == 0 {
            self.at += pixel;
        }
        self
    }
}

/// Indexes the rows in one pass over the data.
pub fn index(data: &[u8], pixel: usize, size: Size) -> Index<'_> {
    let mut starts = Vec::with_capacity(size.height as usize);
    let mut place = RowStart { at: 0, left: 0, run: false };
    let mut whole = 0;
    while whole < size.height as usize {
        starts.push(place);
        let mut missing = size.width as usize;
        while missing > 0 {
            let Some(packet) = place.refilled(data, pixel) else { break };
            let count = missing.min(packet.left.into());
            place = packet.after(count, pixel);
            missing -= count;
        }
        if missing > 0 {
            break;
        }
        whole += 1;
    }
    Index { data, pixel, starts, whole }
}

impl Index<'_> {
    /// The number of rows present.
    pub fn rows(&self) -> usize {
        self.whole
    }

    /// Unpacks a row that is present, in stored order.
    pub fn row(&self, row: usize, mut out: &mut [u8]) {
        let mut place = self.starts[row];
        while !out.is_empty() {
            let Some(packet) = place.refilled(self.data, self.pixel) else { return };
            let count = (out.len() / self.pixel).min(packet.left.into());
            let (part, rest) = out.split_at_mut(count * self.pixel);
            if packet.run {
                let color = &self.data[packet.at..][..self.pixel];
                part.chunks_exact_mut(self.pixel).for_each(|p| p.copy_from_slice(color));
            } else {
                part.copy_from_slice(&self.data[packet.at..][..part.len()]);
            }
            place = packet.after(count, self.pixel);
            out = rest;
        }
    }
}
