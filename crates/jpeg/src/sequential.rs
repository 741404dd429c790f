//! Sequential Huffman decoding of blocks (ITU-T T.81, F.2.2). The first coefficients are decoded,
//! the others only skipped.

use super::bits::{Bits, Bytes, Reader};
use super::cache::Ac;
use super::error::Error;
use super::huffman::{self, DcTable};
use super::row::Block;
use super::skip;

pub(super) const UNDEFINED: Error = Error::Damaged("an undefined Huffman code");
pub(super) const OVERFULL: Error = Error::Damaged("a block has more than 64 coefficients");

/// Skips the coefficients after index `k` to the end of the block, which is at index `last`.
///
/// The low six bits of the accumulator count the bits skipped since the last refill, the others
/// hold the index. Table entries add to both at once.
#[inline(always)]
pub(super) fn pass(bits: &mut Bits, bytes: &Bytes, ac: &Ac, k: u32, last: u32) -> Result<Option<u32>, Error> {
    const FULL: u32 = 63;
    let shift = FULL - last;
    let mut sum = (k + shift) << skip::SHIFT;
    'refill: loop {
        bits.refill(bytes);
        let mut entry = ac.skip.entry(bits.buffer);
        let mut next = sum + entry;
        // Three lookups per refill, unrolled so that each has a branch of its own for the
        // predictor.
        'end: {
            if next >= FULL << skip::SHIFT {
                break 'end;
            }
            bits.buffer <<= entry & 63;
            sum = next;
            entry = ac.skip.entry(bits.buffer);
            next = sum + entry;
            if next >= FULL << skip::SHIFT {
                break 'end;
            }
            bits.buffer <<= entry & 63;
            sum = next;
            entry = ac.skip.entry(bits.buffer);
            next = sum + entry;
            if next >= FULL << skip::SHIFT {
                break 'end;
            }
            bits.buffer <<= entry & 63;
            bits.count -= next & 63;
            sum = next & !63;
            continue 'refill;
        }
        let reached = next >> skip::SHIFT;
        if reached == FULL || reached.wrapping_sub(skip::END) < FULL {
            bits.buffer <<= entry & 63;
            bits.count -= next & 63;
            return Ok(None);
        }
        // The index holds no whole symbol, or one that belongs to the next block.
        bits.count -= sum & 63;
        bits.refill(bytes);
        let symbol = ac.one.symbol(bits.buffer).ok_or(UNDEFINED)?;
        if symbol.advance() == huffman::END {
            let run = (1 << symbol.size()) + symbol.extra(bits.buffer) - 1;
            bits.consume(symbol.total());
            return Ok(Some(run));
        }
        bits.consume(symbol.total());
        let k = (sum >> skip::SHIFT) + symbol.advance();
        match k {
            0..FULL => sum = k << skip::SHIFT,
            FULL => return Ok(None),
            _ => return Err(OVERFULL),
        }
    }
}

/// Decodes one block: DC as a sum with `predictor`, coefficients up to zigzag index `need` into
/// `block`, in zigzag order, without dequantisation. Later coefficients are parsed and may or may
/// not be stored. `WIDE` pictures have 12 bits. Returns a number of coefficients behind which all are zero.
#[inline(always)]
pub(super) fn block<const WIDE: bool>(
    bits: &mut Bits,
    bytes: &Bytes,
    (dc, ac): (&DcTable, &Ac),
    predictor: &mut i32,
    need: u32,
    block: &mut Block<'_>,
) -> Result<u32, Error> {
    bits.refill(bytes);
    let symbol = dc.symbol(bits.buffer).ok_or(UNDEFINED)?;
    *predictor = predictor.wrapping_add(symbol.value(bits.buffer));
    bits.consume(symbol.total());
    if let Some(first) = block.get(0) {
        *first = *predictor as i16;
    }
    let mut k = 0;
    while k < need {
        // A refill serves two symbols of at most 26 bits, or one of 30.
        bits.refill(bytes);
        for _ in 0..if WIDE { 1 } else { 2 } {
            let symbol = ac.one.symbol(bits.buffer).ok_or(UNDEFINED)?;
            let value = symbol.value(bits.buffer);
            bits.consume(symbol.total());
            k += symbol.advance();
            if let Some(coefficient) = block.get(k) {
                *coefficient = value as i16;
            } else if k > 63 {
                return if symbol.advance() == huffman::END { Ok(k - huffman::END + 1) } else { Err(OVERFULL) };
            }
            if k >= need {
                break;
            }
        }
    }
    if k < 63 {
        pass(bits, bytes, ac, k, 63)?;
    }
    Ok(k + 1)
}

/// Calls [`Reader::more`] when due, and keeps the bits in registers otherwise.
#[inline(always)]
pub(super) fn ensure(reader: &mut Reader, bits: &mut Bits) -> Result<(), Error> {
    if bits.at >= reader.limit {
        *bits = reader.more(*bits)?;
    }
    Ok(())
}
