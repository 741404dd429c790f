//! CCITT fax: modified Huffman, T.4 (group 3) in one and two dimensions, T.6 (group 4). The code
//! tables are those of the `fax` crate. Its own decoders (0.3) lack modified Huffman and two-
//! dimensional T.4, and end at the first damaged row.

use fax::BitReader;
use fax::maps::{Mode, black, mode, white};

/// A fax compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One dimension without end-of-line codes. Rows begin at bytes, or at words.
    Huffman { words: bool },
    /// T.4.
    Group3 { two_dimensions: bool },
    /// T.6.
    Group4,
}

/// A decoded fax.
#[derive(Default)]
pub struct Fax {
    /// Rows of one bit per pixel; 1 is black.
    pub rows: Vec<u8>,
    /// Why decoding stopped before the last row.
    pub error: Option<&'static str>,
    /// A defect that other readers tolerate too, for the report.
    pub oddity: Option<String>,
    /// Whether the rows used up the data or all had end-of-line codes, which confirms the kind.
    is_sure: bool,
}

/// One row in so many may be damaged in transmission. Decoding resumes at the next end-of-line
/// code.
const ROWS_FOR_A_DAMAGED_ONE: u32 = 10;

/// The error for a code that is in no table.
const UNDEFINED: &str = "an undefined code of fax";
/// T.6, annex E. No writer is known to use it.
pub const UNCOMPRESSED: &str = "fax with uncompressed rows";
const TOO_EARLY: &str = "the fax ends too early";
/// The fax has an explicit end.
const ENDED: &str = "the fax ends before its last row";

/// Decodes a fax. If the data is of another kind than declared, it is decoded as that kind.
pub fn decode(packed: &[u8], kind: Kind, columns: u32, rows: u32) -> Fax {
    let fax = decode_as(packed, kind, columns, rows);
    let stride = columns.div_ceil(8) as usize;
    // A wrong kind fails within the first rows. A later failure is damage.
    if fax.error.is_none() || fax.rows.len() / stride > rows as usize / 10 {
        return fax;
    }
    let others: &[Kind] = match kind {
        Kind::Huffman { .. } => &[Kind::Group3 { two_dimensions: false }],
        Kind::Group3 { two_dimensions: true } => {
            &[Kind::Group3 { two_dimensions: false }, Kind::Huffman { words: false }]
        }
        Kind::Group3 { two_dimensions: false } => {
            &[Kind::Group3 { two_dimensions: true }, Kind::Huffman { words: false }]
        }
        Kind::Group4 => &[],
    };
    let is_whole = |fax: &Fax| fax.error.is_none() && fax.oddity.is_none() && fax.is_sure;
    others.iter().map(|&other| decode_as(packed, other, columns, rows)).find(is_whole).unwrap_or(fax)
}

fn decode_as(packed: &[u8], kind: Kind, columns: u32, rows: u32) -> Fax {
    let stride = columns.div_ceil(8) as usize;
    let mut fax = Fax::default();
    let mut reader = Reader { bits: Bits { bytes: packed, at: 0 }, kind, columns, codes: 0, damaged: 0, lost: false };
    let mut first_damaged = None;
    let (mut above, mut line) = (Vec::new(), Vec::new());
    for y in 0..rows {
        line.clear();
        match reader.row(y, &above, &mut line) {
            Ok(()) if reader.damaged > 0 => drop(first_damaged.get_or_insert(y)),
            Ok(()) => {}
            Err(ENDED) if y > 0 => {
                // A fax does not store its height. Its end code overrides the declared one.
                fax.rows.resize(fax.rows.len() + stride * (rows - y) as usize, 0);
                fax.oddity = Some(format!("{ENDED}: {} of {rows} rows are white", rows - y));
                return fax;
            }
            Err(what) => {
                fax.error = Some(what);
                return fax;
            }
        }
        match kind {
            Kind::Huffman { words: false } => reader.bits.at = reader.bits.at.next_multiple_of(8),
            Kind::Huffman { words: true } => reader.bits.at = reader.bits.at.next_multiple_of(16),
            _ => {}
        }
        let start = fax.rows.len();
        fax.rows.resize(start + stride, 0);
        paint(&line, columns, &mut fax.rows[start..]);
        std::mem::swap(&mut above, &mut line);
    }
    fax.is_sure = match kind {
        Kind::Group3 { .. } => reader.codes + 1 >= rows,
        _ => reader.bits.at + 32 > packed.len() * 8 && reader.bits.at <= packed.len() * 8,
    };
    if reader.damaged * ROWS_FOR_A_DAMAGED_ONE > rows {
        fax.error = Some("too many rows of the fax are damaged");
        fax.rows.truncate(first_damaged.unwrap_or(0) as usize * stride);
    } else if reader.damaged > 0 {
        fax.oddity = Some(format!("{} of {rows} rows of the fax were damaged in transmission", reader.damaged));
    }
    fax
}

struct Reader<'a> {
    bits: Bits<'a>,
    kind: Kind,
    columns: u32,
    /// The number of rows with an end-of-line code in front.
    codes: u32,
    /// The number of incomplete rows.
    damaged: u32,
    /// Whether the row above is damaged, so that the next row cannot be predicted from it.
    lost: bool,
}

impl Reader<'_> {
    fn row(&mut self, y: u32, above: &[u32], line: &mut Vec<u32>) -> Result<(), &'static str> {
        let two_dimensions = match self.kind {
            Kind::Huffman { .. } => return runs(&mut self.bits, self.columns, line),
            Kind::Group4 => return differences(&mut self.bits, self.columns, above, line),
            Kind::Group3 { two_dimensions } => two_dimensions,
        };
        let mut found = end_of_line(&mut self.bits, two_dimensions).ok_or(TOO_EARLY)?;
        if found == Line::Bare && y > 1 && self.codes + 1 >= y {
            // All rows so far had the code, so the previous row is longer than it should be. Some
            // writers end rows with a run of length 0.
            let start = self.bits.at;
            self.seek_code()?;
            self.damaged += u32::from(self.bits.at > start + 32);
            found = end_of_line(&mut self.bits, two_dimensions).ok_or(TOO_EARLY)?;
        }
        if found != Line::Bare {
            self.codes += 1;
            if is_code(&self.bits) {
                // Two codes in a row end the fax.
                return Err(ENDED);
            }
        }
        if self.lost && found == Line::Differences {
            // Repeat the row above until a row that is coded in one dimension.
            line.extend(above);
            self.damaged += 1;
            return self.seek_code();
        }
        self.lost = false;
        let read = match found {
            Line::Differences => differences(&mut self.bits, self.columns, above, line),
            Line::Bare | Line::Alone => runs(&mut self.bits, self.columns, line),
        };
        match read {
            Err(what) if self.codes == 0 => Err(what),
            Err(_) => {
                // Keep the pixels before the damage, as other readers do, and leave the rest white.
                if line.len() % 2 == 1 {
                    line.push(line[line.len() - 1]);
                }
                (self.damaged, self.lost) = (self.damaged + 1, true);
                self.seek_code()
            }
            Ok(()) => Ok(()),
        }
    }

    /// Skips to the next end-of-line code.
    fn seek_code(&mut self) -> Result<(), &'static str> {
        let end = self.bits.bytes.len() * 8;
        let mut zeros = 0;
        let mut at = self.bits.at;
        while at < end {
            let is_one = self.bits.bytes[at / 8] << (at % 8) & 0x80 != 0;
            if is_one && zeros >= 11 {
                self.bits.at = at - 11;
                return Ok(());
            }
            zeros = if is_one { 0 } else { zeros + 1 };
            at += 1;
        }
        Err(TOO_EARLY)
    }
}

/// What precedes a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// No end-of-line code. Some writers omit it.
    Bare,
    /// The code, before a row coded in one dimension.
    Alone,
    /// The code, before a row predicted from the row above.
    Differences,
}

/// Skips fill bits and the end-of-line code before a row. In two dimensions a bit follows that says
/// how the row is coded. Returns None at the end of the data.
fn end_of_line(bits: &mut Bits<'_>, two_dimensions: bool) -> Option<Line> {
    let start = bits.at;
    let mut zeros = 0;
    while bits.peek(1)? == 0 {
        bits.at += 1;
        zeros += 1;
        if bits.at >= bits.bytes.len() * 8 {
            return None;
        }
    }
    if zeros < 11 {
        bits.at = start;
        // Without the code there is no bit for the kind of row.
        return Some(Line::Bare);
    }
    bits.at += 1;
    if !two_dimensions {
        return Some(Line::Alone);
    }
    let alone = bits.peek(1)? == 1;
    bits.at += 1;
    Some(if alone { Line::Alone } else { Line::Differences })
}

/// Whether an end-of-line code starts here, without fill bits.
fn is_code(bits: &Bits<'_>) -> bool {
    bits.at + 12 <= bits.bytes.len() * 8 && bits.peek(12) == Some(1)
}

/// Whether the end of group 4 is here: the code twice, or once at the end of the data.
fn is_end(bits: &Bits<'_>) -> bool {
    let behind = Bits { bytes: bits.bytes, at: bits.at + 12 };
    is_code(bits) && (is_code(&behind) || behind.at + 12 > bits.bytes.len() * 8)
}

/// Decodes a row in one dimension into the positions where its colour changes, white first.
fn runs(bits: &mut Bits<'_>, columns: u32, line: &mut Vec<u32>) -> Result<(), &'static str> {
    let (mut at, mut is_black) = (0, false);
    while at < columns {
        at = at.saturating_add(run(bits, is_black)?).min(columns);
        line.push(at);
        is_black = !is_black;
    }
    Ok(())
}

/// Decodes a run: codes for multiples of 64, then a code below 64.
fn run(bits: &mut Bits<'_>, is_black: bool) -> Result<u32, &'static str> {
    let mut sum = 0u32;
    loop {
        if bits.at >= bits.bytes.len() * 8 {
            return Err(TOO_EARLY);
        }
        let start = bits.at;
        let code = if is_black { black::decode(bits) } else { white::decode(bits) };
        let Some(code) = code.map(u32::from) else {
            // An end-of-line code may begin here.
            bits.at = start;
            return Err(UNDEFINED);
        };
        sum = sum.saturating_add(code);
        if code < 64 {
            return Ok(sum);
        }
    }
}

/// Decodes a row in two dimensions, predicted from the changes of the row `above` (T.6, 2.2).
fn differences(bits: &mut Bits<'_>, columns: u32, above: &[u32], line: &mut Vec<u32>) -> Result<(), &'static str> {
    let (mut a0, mut is_black, mut first) = (0u32, false, true);
    // Changes before this one are passed for good, because a0 never goes back.
    let mut seen = 0;
    while a0 < columns {
        if bits.at >= bits.bytes.len() * 8 {
            return Err(TOO_EARLY);
        }
        if is_end(bits) {
            return Err(ENDED);
        }
        // b1 is the first change right of a0 to the other colour. Changes at even indices are to
        // black.
        while above.get(seen).is_some_and(|&x| x < a0) {
            seen += 1;
        }
        let mut b = seen;
        while above.get(b).is_some_and(|&x| x <= a0 && !(first && x == 0) || (b % 2 == 1) != is_black) {
            b += 1;
        }
        let b1 = above.get(b).copied().unwrap_or(columns);
        let b2 = above.get(b + 1).copied().unwrap_or(columns);
        match mode::decode(bits).ok_or(UNDEFINED)? {
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
                    return Err("a row of the fax runs backwards");
                }
                line.push(a1);
                is_black = !is_black;
                a0 = a1;
            }
            Mode::Extension => return Err(UNCOMPRESSED),
            Mode::EOF => return Err(UNDEFINED),
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

/// Reads bits, the highest first, and zeros beyond the end.
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
mod tests;
