//! Progressive Huffman decoding of AC bands (ITU-T T.81, G.1.2.2 and G.1.2.3, G.2).

use super::bits::{Bits, Bytes};
use super::cache::Ac;
use super::error::Error;
use super::huffman::END;
use super::row::Block;
use super::sequential::{OVERFULL, UNDEFINED, pass};

/// A band of a progressive scan, and how much of it is needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Band {
    /// First and last zigzag index.
    pub first: u32,
    pub last: u32,
    /// Bits that are still missing after this scan.
    pub low: u32,
    /// The last index whose value is needed.
    pub need: u32,
    /// Whether later scans refine this band, which requires knowing all its nonzero coefficients.
    pub masks: bool,
}

/// The value added to a magnitude with `low` missing bits: the middle of their range.
pub(super) fn half(low: u32) -> i32 {
    ((1 << low) - 1) / 2
}

/// The effect of the next bit on a nonzero coefficient.
#[derive(Clone, Copy)]
pub(super) struct Correction {
    one: i32,
    zero: i32,
}

impl Correction {
    #[inline(always)]
    pub fn new(band: &Band) -> Correction {
        let less = half(band.low + 1) - half(band.low);
        Correction { one: (1 << band.low) - less, zero: -less }
    }

    #[inline(always)]
    pub fn apply(self, coefficient: &mut i16, bit: bool) {
        let step = if bit { self.one } else { self.zero };
        *coefficient = coefficient.wrapping_add((step * i32::from(coefficient.signum())) as i16);
    }
}

/// Decodes the band of one block in a first scan. `run` is the number of further blocks that have
/// ended already.
#[inline(always)]
pub(super) fn first(
    bits: &mut Bits,
    bytes: &Bytes,
    ac: &Ac,
    band: &Band,
    run: &mut u32,
    block: &mut Block<'_>,
    mask: &mut u64,
) -> Result<(), Error> {
    let by_value = if band.masks { band.last } else { band.need.min(band.last) };
    let mut k = band.first - 1;
    while k < by_value {
        bits.refill(bytes);
        let symbol = ac.one.symbol(bits.buffer).ok_or(UNDEFINED)?;
        if symbol.advance() == END {
            *run = (1 << symbol.size()) + symbol.extra(bits.buffer) - 1;
            bits.consume(symbol.total());
            return Ok(());
        }
        let value = symbol.value(bits.buffer);
        bits.consume(symbol.total());
        k += symbol.advance();
        if k > band.last {
            return Err(OVERFULL);
        }
        if symbol.size() > 0 {
            *mask |= 1 << k;
            if let Some(coefficient) = block.get(k) {
                *coefficient = ((value << band.low) + value.signum() * half(band.low)) as i16;
            }
        }
    }
    if k < band.last {
        *run = pass(bits, bytes, ac, k, band.last)?.unwrap_or(0);
    }
    Ok(())
}

/// Reads a correction bit for each coefficient in `which` and applies it to those that are needed.
#[inline(always)]
fn correct(bits: &mut Bits, bytes: &Bytes, band: &Band, mut which: u64, block: &mut Block<'_>) {
    let correction = Correction::new(band);
    while which != 0 {
        bits.refill(bytes);
        let wanted = which & (u64::MAX >> (63 - band.need.min(63)));
        if wanted == 0 {
            // A refill provides 56 bits.
            let count = which.count_ones();
            bits.consume(count.min(48));
            if count > 48 {
                bits.refill(bytes);
                bits.consume(count - 48);
            }
            return;
        }
        let k = which.trailing_zeros();
        which &= which - 1;
        if let Some(coefficient) = block.get(k) {
            correction.apply(coefficient, bits.buffer >> 63 == 1);
        }
        bits.consume(1);
    }
}

/// Decodes the band of one block in a refinement scan.
#[inline(always)]
pub(super) fn refine(
    bits: &mut Bits,
    bytes: &Bytes,
    ac: &Ac,
    band: &Band,
    run: &mut u32,
    block: &mut Block<'_>,
    mask: &mut u64,
) -> Result<(), Error> {
    let whole = (u64::MAX >> (63 - band.last)) & (u64::MAX << band.first);
    let old = *mask & whole;
    let mut rest = whole;
    if *run == 0 {
        while rest != 0 {
            bits.refill(bytes);
            let symbol = ac.one.symbol(bits.buffer).ok_or(UNDEFINED)?;
            if symbol.advance() == END {
                *run = (1 << symbol.size()) + symbol.extra(bits.buffer);
                bits.consume(symbol.total());
                break;
            }
            if symbol.size() > 1 {
                return Err(Error::Damaged("a refinement scan holds more than a bit"));
            }
            let value = symbol.value(bits.buffer);
            bits.consume(symbol.total());
            // The coefficient is at the (run + 1)th position that was zero.
            let mut zeros = rest & !old;
            for _ in 1..symbol.advance() {
                zeros &= zeros.wrapping_sub(1);
            }
            if zeros == 0 {
                return Err(OVERFULL);
            }
            let k = zeros.trailing_zeros();
            let behind = (u64::MAX << k) << 1;
            correct(bits, bytes, band, rest & old & !behind, block);
            rest &= behind;
            if value != 0 {
                *mask |= 1 << k;
                if let Some(coefficient) = block.get(k) {
                    *coefficient = ((value << band.low) + value * half(band.low)) as i16;
                }
            }
        }
    }
    if *run > 0 {
        correct(bits, bytes, band, rest & old, block);
        *run -= 1;
    }
    Ok(())
}
