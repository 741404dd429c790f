//! Converts stored rows of bitmaps to colours.

use crate::codec::bmp::header::Bitmap;
use crate::codec::float;

/// The format of the pixels of a stored row.
pub enum Colors {
    /// Indices. The table has a colour for each, black for those that the palette lacks.
    Indexed {
        /// 1, 2, 4 or 8.
        bits: u16,
        /// Red, green, blue.
        table: Vec<[u8; 3]>,
        /// The number of colours in the palette.
        known: usize,
    },
    /// Blue, green, red.
    Bgr,
    /// Bit fields of 16 or 32 bits: red, green, blue, alpha.
    Masked {
        /// Bytes per pixel.
        bytes: usize,
        /// The bit fields.
        parts: Box<[Part; 4]>,
    },
    /// Blue, green, red, alpha: linear light as signed numbers, with 8192 as one (GDI+'s
    /// PixelFormat64bppARGB).
    Linear { opaque: bool },
}

/// The value of one in linear light.
const ONE: f32 = 8192.0;

/// A bit field of a pixel.
pub struct Part {
    mask: u32,
    shift: u32,
    max: u32,
    /// 8-bit values, if there are at most 256 of them.
    table: Vec<u8>,
    /// The value of an empty field.
    none: u8,
}

impl Part {
    fn new(mask: u32, none: u8) -> Self {
        let shift = mask.trailing_zeros() % 32;
        let max = mask >> shift;
        let table =
            if max < 256 { (0..=max).map(|v| scaled(v, max, 255, none.into()) as u8).collect() } else { vec![] };
        Self { mask, shift, max, table, none }
    }

    fn narrow(&self, pixel: u32) -> u8 {
        let value = (pixel & self.mask) >> self.shift;
        self.table.get(value as usize).copied().unwrap_or(self.none)
    }

    fn wide(&self, pixel: u32) -> u16 {
        scaled((pixel & self.mask) >> self.shift, self.max, 65_535, u32::from(self.none) * 257) as u16
    }
}

/// Scales `value` from `max` to `top`, rounded.
fn scaled(value: u32, max: u32, top: u32, none: u32) -> u32 {
    let (value, max) = (u64::from(value), u64::from(max));
    (value * u64::from(top) + max / 2).checked_div(max).map_or(none, |v| v as u32)
}

impl Colors {
    /// The pixel format of a bitmap; without alpha if `opaque`.
    pub fn of(bitmap: &Bitmap<'_>, opaque: bool) -> Self {
        match bitmap.bits {
            bits @ ..=8 => {
                let mut table = bitmap.palette.clone();
                let known = table.len();
                table.resize(256, [0; 3]);
                Self::Indexed { bits, table, known }
            }
            24 => Self::Bgr,
            64 => Self::Linear { opaque },
            bits => {
                let [red, green, blue, alpha] = bitmap.masks;
                let alpha = if opaque { 0 } else { alpha };
                let parts = [(red, 0), (green, 0), (blue, 0), (alpha, 255)].map(|(mask, none)| Part::new(mask, none));
                Self::Masked { bytes: usize::from(bits / 8), parts: Box::new(parts) }
            }
        }
    }

    /// Writes a row with `N` samples per pixel, 3 or 4. Returns whether a colour was missing in the
    /// palette.
    pub fn paint<const N: usize>(&self, stored: &[u8], out: &mut [u8]) -> bool {
        let pixels = out.as_chunks_mut::<N>().0.iter_mut();
        match self {
            Self::Indexed { bits: 8, table, known } => {
                for (p, &index) in pixels.zip(stored) {
                    put(p, table[usize::from(index)]);
                }
                *known < 256 && stored.iter().any(|&index| usize::from(index) >= *known)
            }
            Self::Indexed { bits, table, known } => {
                let (bits, mut highest) = (usize::from(*bits), 0);
                let (per_byte, mask) = (8 / bits, (1usize << bits) - 1);
                for (x, p) in pixels.enumerate() {
                    let byte = usize::from(stored[x / per_byte]);
                    let index = (byte >> (8 - bits * (x % per_byte + 1))) & mask;
                    highest = highest.max(index);
                    put(p, table[index]);
                }
                highest >= *known
            }
            Self::Bgr => {
                for (p, s) in pixels.zip(stored.as_chunks::<3>().0) {
                    put(p, [s[2], s[1], s[0]]);
                }
                false
            }
            Self::Masked { bytes, parts } => {
                for (p, s) in pixels.zip(stored.chunks_exact(*bytes)) {
                    let pixel = number(s);
                    for (sample, part) in p.iter_mut().zip(parts.iter()) {
                        *sample = part.narrow(pixel);
                    }
                }
                false
            }
            // Needs 16 bits.
            Self::Linear { .. } => false,
        }
    }

    /// Writes a row with 16 bits per sample. Returns whether there was light brighter than white.
    pub fn paint_wide(&self, stored: &[u8], out: &mut [u16], samples: usize) -> bool {
        let mut bright = false;
        let pixels = out.chunks_exact_mut(samples);
        match self {
            Self::Masked { bytes, parts } => {
                for (p, s) in pixels.zip(stored.chunks_exact(*bytes)) {
                    let pixel = number(s);
                    for (sample, part) in p.iter_mut().zip(parts.iter()) {
                        *sample = part.wide(pixel);
                    }
                }
            }
            Self::Linear { opaque } => {
                for (p, s) in pixels.zip(stored.as_chunks::<8>().0) {
                    let [b, g, r, a] = [0, 2, 4, 6].map(|at| f32::from(i16::from_le_bytes([s[at], s[at + 1]])) / ONE);
                    bright |= r > 1.0 || g > 1.0 || b > 1.0;
                    p[..3].copy_from_slice(&[r, g, b].map(float::encode));
                    if let Some(alpha) = p.get_mut(3) {
                        *alpha = if *opaque { u16::MAX } else { float::narrow(a) };
                    }
                }
            }
            _ => {}
        }
        bright
    }
}

/// Writes a colour, opaque if there is a fourth sample.
fn put<const N: usize>(pixel: &mut [u8; N], color: [u8; 3]) {
    pixel[..3].copy_from_slice(&color);
    if N == 4 {
        pixel[N - 1] = 255;
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |sum, &b| sum << 8 | u32::from(b))
}

/// Whether a bit field has values that do not fit 8 bits.
pub fn is_wide(masks: [u32; 4]) -> bool {
    masks.iter().any(|mask| *mask >> (mask.trailing_zeros() % 32) > 255)
}
