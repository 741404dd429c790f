//! CCITT fax: modified Huffman, T.4 (group 3) in one and two dimensions, T.6 (group 4). The code tables are the `fax`
//! crate's, whose own decoders take fewer kinds and end at 65,535 columns.

use fax::BitReader;
use fax::maps::{Mode, black, mode, white};

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One dimension without codes for the ends of lines, rows beginning at bytes, or at words.
    Huffman { words: bool },
    /// T.4.
    Group3 { two_dimensions: bool },
    /// T.6.
    Group4,
}

/// Rows of one bit a pixel, 1 for black, and what ended them before all had come.
pub fn decode(packed: &[u8], kind: Kind, columns: u32, rows: u32) -> (Vec<u8>, Option<&'static str>) {
    let stride = columns.div_ceil(8) as usize;
    let mut out = Vec::new();
    let mut bits = Bits { bytes: packed, at: 0 };
    let (mut above, mut line) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        line.clear();
        let read = match kind {
            Kind::Huffman { .. } => runs(&mut bits, columns, &mut line),
            Kind::Group4 => differences(&mut bits, columns, &above, &mut line),
            Kind::Group3 { two_dimensions } => match end_of_line(&mut bits, two_dimensions) {
                None => Err("the fax ends too early"),
                Some(true) => runs(&mut bits, columns, &mut line),
                Some(false) => differences(&mut bits, columns, &above, &mut line),
            },
        };
        if let Err(what) = read {
            return (out, Some(what));
        }
        match kind {
            Kind::Huffman { words: false } => bits.at = bits.at.next_multiple_of(8),
            Kind::Huffman { words: true } => bits.at = bits.at.next_multiple_of(16),
            _ => {}
        }
        let start = out.len();
        out.resize(start + stride, 0);
        paint(&line, columns, &mut out[start..]);
        std::mem::swap(&mut above, &mut line);
    }
    (out, None)
}

/// Passes fill bits and the end-of-line code in front of a row, which some writers leave out. In two dimensions a bit
/// follows: whether the row stands alone. None at the end of the data.
fn end_of_line(bits: &mut Bits<'_>, two_dimensions: bool) -> Option<bool> {
    let start = bits.at;
    let mut zeros = 0;
    while bits.peek(1)? == 0 {
        bits.at += 1;
        zeros += 1;
        if bits.at >= bits.bytes.len() * 8 {
            return None;
        }
    }
    if zeros >= 11 {
        bits.at += 1;
    } else {
        bits.at = start;
        // Without the code there is no bit for the kind of row.
        return Some(true);
    }
    if !two_dimensions {
        return Some(true);
    }
    let alone = bits.peek(1)? == 1;
    bits.at += 1;
    Some(alone)
}

/// A row in one dimension, as the places where its colour changes, white first.
fn runs(bits: &mut Bits<'_>, columns: u32, line: &mut Vec<u32>) -> Result<(), &'static str> {
    let (mut at, mut is_black) = (0, false);
    while at < columns {
        at = at.saturating_add(run(bits, is_black)?).min(columns);
        line.push(at);
        is_black = !is_black;
    }
    Ok(())
}

/// Codes for multiples of 64, then one below.
fn run(bits: &mut Bits<'_>, is_black: bool) -> Result<u32, &'static str> {
    let mut sum = 0u32;
    loop {
        if bits.at >= bits.bytes.len() * 8 {
            return Err("the fax ends too early");
        }
        let code = if is_black { black::decode(bits) } else { white::decode(bits) };
        let code = u32::from(code.ok_or("an undefined code of fax")?);
        sum = sum.saturating_add(code);
        if code < 64 {
            return Ok(sum);
        }
    }
}

/// A row in two dimensions, told by where the one `above` changes (T.6, 2.2).
fn differences(bits: &mut Bits<'_>, columns: u32, above: &[u32], line: &mut Vec<u32>) -> Result<(), &'static str> {
    let (mut a0, mut is_black, mut first) = (0u32, false, true);
    // Changes of the row above up to here are passed for good: a0 never goes back.
    let mut seen = 0;
    while a0 < columns {
        if bits.at >= bits.bytes.len() * 8 {
            return Err("the fax ends too early");
        }
        // b1: the first change right of a0 to the other colour; changes at even places are to black.
        while above.get(seen).is_some_and(|&x| x < a0) {
            seen += 1;
        }
        let mut b = seen;
        while above.get(b).is_some_and(|&x| x <= a0 && !(first && x == 0) || (b % 2 == 1) != is_black) {
            b += 1;
        }
        let b1 = above.get(b).copied().unwrap_or(columns);
        let b2 = above.get(b + 1).copied().unwrap_or(columns);
        match mode::decode(bits).ok_or("an undefined code of fax")? {
            Mode::Pass => {
                a0 = b2;
            }
            Mode::Horizontal => {
                let white_or_black = run(bits, is_black)?;
                let other = run(bits, !is_black)?;
                let a1 = a0.saturating_add(white_or_black).min(columns);
                let a2 = a1.saturating_add(other).min(columns);
                line.extend([a1, a2]);
                a0 = a2;
            }
            Mode::Vertical(by) => {
                let a1 = b1.saturating_add_signed(i32::from(by)).min(columns);
                if a1 < a0 {
                    return Err("a row of fax goes back");
                }
                line.push(a1);
                is_black = !is_black;
                a0 = a1;
            }
            Mode::Extension => return Err("fax with uncompressed rows"),
            Mode::EOF => return Err("the fax ends too early"),
        }
        first = false;
    }
    Ok(())
}

/// Sets the bits of the black runs.
fn paint(line: &[u32], columns: u32, row: &mut [u8]) {
    for pair in line.chunks(2) {
        let (from, to) = (pair[0], pair.get(1).copied().unwrap_or(columns));
        for x in from..to.min(columns) {
            row[(x / 8) as usize] |= 0x80 >> (x % 8);
        }
    }
}

/// Bits, the highest first; behind the end there are zeros.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl BitReader for Bits<'_> {
    type Error = std::convert::Infallible;

    fn peek(&self, bits: u8) -> Option<u16> {
        let byte = |i: usize| u32::from(self.bytes.get(self.at / 8 + i).copied().unwrap_or(0));
        let held = byte(0) << 16 | byte(1) << 8 | byte(2);
        let shift = 24 - (self.at % 8) as u32 - u32::from(bits);
        Some((held >> shift & ((1u32 << bits) - 1)) as u16)
    }

    fn consume(&mut self, bits: u8) -> Result<(), Self::Error> {
        self.at += usize::from(bits);
        Ok(())
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        (self.at.next_multiple_of(8) - self.at) as u8
    }
}

#[cfg(test)]
#[path = "fax_tests.rs"]
mod tests;
