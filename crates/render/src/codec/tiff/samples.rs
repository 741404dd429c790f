//! Converts the bytes of a row to samples: predictors, bit depths, byte order, signs, floating
//! point.

use super::colors::Meaning;
use super::layout::{Layout, Number};

/// The samples of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    U8(Vec<u8>),
    U16(Vec<u16>),
    /// Linear light, 0 to 1.
    F32(Vec<f32>),
}

/// Undoes the predictor of a row of a strip or tile, in place.
pub fn undo_predictor(layout: &Layout, row: &mut [u8]) {
    let samples = layout.samples_in_part();
    match (layout.predictor, layout.bits) {
        (2, 8) => match samples {
            1 => sum_bytes::<1>(row),
            3 => sum_bytes::<3>(row),
            4 => sum_bytes::<4>(row),
            _ => {
                for i in samples..row.len() {
                    row[i] = row[i].wrapping_add(row[i - samples]);
                }
            }
        },
        (2, 16) => match samples {
            1 => sum_words::<1>(row, layout.big),
            3 => sum_words::<3>(row, layout.big),
            4 => sum_words::<4>(row, layout.big),
            _ => sum::<2>(row, samples, layout.big),
        },
        (2, 32) => sum::<4>(row, samples, layout.big),
        (2, 64) => sum::<8>(row, samples, layout.big),
        (3, bits) => undo_float(row, samples, usize::from(bits / 8), layout.big),
        _ => {}
    }
}

/// Each byte of a pixel of `N` bytes is a difference from the previous pixel.
fn sum_bytes<const N: usize>(row: &mut [u8]) {
    let mut sums = [0u8; N];
    for pixel in row.as_chunks_mut::<N>().0 {
        for (sum, byte) in sums.iter_mut().zip(pixel) {
            *sum = sum.wrapping_add(*byte);
            *byte = *sum;
        }
    }
}

/// The same for numbers of two bytes.
fn sum_words<const N: usize>(row: &mut [u8], big: bool) {
    let mut sums = [0u16; N];
    for pixel in row.chunks_exact_mut(2 * N) {
        for (sum, word) in sums.iter_mut().zip(pixel.as_chunks_mut::<2>().0) {
            *sum = sum.wrapping_add(if big { u16::from_be_bytes(*word) } else { u16::from_le_bytes(*word) });
            *word = if big { sum.to_be_bytes() } else { sum.to_le_bytes() };
        }
    }
}

/// Each number of `N` bytes is a difference from the previous pixel.
fn sum<const N: usize>(row: &mut [u8], samples: usize, big: bool) {
    let read = |bytes: &[u8]| {
        let join = |n: u64, &b: &u8| n << 8 | u64::from(b);
        if big { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) }
    };
    let step = samples * N;
    for at in (step..row.len() / N * N).step_by(N) {
        let value = read(&row[at..at + N]).wrapping_add(read(&row[at - step..at - step + N]));
        let bytes = value.to_le_bytes();
        for i in 0..N {
            row[at + if big { N - 1 - i } else { i }] = bytes[i];
        }
    }
}

/// TIFF Technical Note 3: bytes are differences, and all highest bytes of a row come first.
fn undo_float(row: &mut [u8], samples: usize, size: usize, big: bool) {
    for i in samples..row.len() {
        row[i] = row[i].wrapping_add(row[i - samples]);
    }
    let shuffled = row.to_vec();
    let count = row.len() / size;
    for (i, number) in row.chunks_exact_mut(size).enumerate() {
        for (byte, place) in number.iter_mut().enumerate() {
            let rank = if big { byte } else { size - 1 - byte };
            *place = shuffled[rank * count + i];
        }
    }
}

/// Reads `count` samples from the bytes of a row. Palette indices stay unchanged, other samples are
/// scaled to the full 8 or 16 bits. Negative numbers become 0.
pub fn unpack(layout: &Layout, bytes: &[u8], count: usize) -> Row {
    let is_index = matches!(layout.meaning, Meaning::Palette(_));
    let (big, bits) = (layout.big, layout.bits);
    match (layout.number, bits) {
        (Number::Float, _) => Row::F32(floats(bytes, bits, big).take(count).collect()),
        (Number::Unsigned, 8) => Row::U8(bytes.iter().copied().take(count).collect()),
        (Number::Signed, 8) if is_lab(layout) => Row::U8(bytes.iter().copied().take(count).collect()),
        (Number::Signed, 8) => Row::U8(bytes.iter().take(count).map(|&b| unsign(u64::from(b), 8) as u8).collect()),
        (Number::Unsigned, 16) => {
            let words = bytes.as_chunks::<2>().0.iter().take(count);
            Row::U16(if big {
                words.map(|word| u16::from_be_bytes(*word)).collect()
            } else {
                words.map(|word| u16::from_le_bytes(*word)).collect()
            })
        }
        (number, 16 | 32 | 64) => {
            let signed = number == Number::Signed && !is_lab(layout);
            let narrow = |v: u64| (v >> (bits - 16)) as u16;
            let value = |v| narrow(if signed { unsign(v, bits) } else { v });
            Row::U16(whole(bytes, bits, big).take(count).map(value).collect())
        }
        (number, _) => {
            let top = (1u64 << bits) - 1;
            let signed = number == Number::Signed;
            let numbers = Bits { bytes: bytes.iter(), held: 0, count: 0, bits: u32::from(bits) }.take(count);
            let numbers = numbers.map(|v| if signed { unsign(v, bits) } else { v });
            if is_index && bits < 8 {
                Row::U8(numbers.map(|v| v as u8).collect())
            } else if is_index {
                Row::U16(numbers.map(|v| v as u16).collect())
            } else if bits < 8 {
                Row::U8(numbers.map(|v| ((v * 255 + top / 2) / top) as u8).collect())
            } else {
                Row::U16(numbers.map(|v| ((v * 65_535 + top / 2) / top) as u16).collect())
            }
        }
    }
}

/// L*a*b* handles signs itself.
fn is_lab(layout: &Layout) -> bool {
    matches!(layout.meaning, Meaning::Lab { .. })
}

/// Converts a number in two's complement: negative numbers become 0, the others are scaled to all
/// bits.
fn unsign(v: u64, bits: u8) -> u64 {
    let top = u64::MAX >> (64 - u32::from(bits));
    if v > top >> 1 { 0 } else { (v << 1 | v >> (bits.max(2) - 2)) & top }
}

/// Numbers of whole bytes.
fn whole(bytes: &[u8], bits: u8, big: bool) -> impl Iterator<Item = u64> + '_ {
    bytes.chunks_exact(usize::from(bits / 8)).map(move |number| {
        let join = |n: u64, &b: &u8| n << 8 | u64::from(b);
        if big { number.iter().fold(0, join) } else { number.iter().rev().fold(0, join) }
    })
}

fn floats(bytes: &[u8], bits: u8, big: bool) -> impl Iterator<Item = f32> + '_ {
    whole(bytes, bits, big).map(move |v| match bits {
        16 => half(v as u16),
        32 => f32::from_bits(v as u32),
        _ => f64::from_bits(v) as f32,
    })
}

/// IEEE 754 binary16.
fn half(v: u16) -> f32 {
    let sign = if v >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(v >> 10 & 31), f32::from(v & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

/// Numbers of a fixed number of bits, the highest bit first.
struct Bits<'a> {
    bytes: std::slice::Iter<'a, u8>,
    held: u64,
    count: u32,
    bits: u32,
}

impl Iterator for Bits<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        while self.count < self.bits {
            self.held = self.held << 8 | u64::from(*self.bytes.next()?);
            self.count += 8;
        }
        self.count -= self.bits;
        Some(self.held >> self.count & ((1 << self.bits) - 1))
    }
}
