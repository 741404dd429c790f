//! Walks the blocks of a scan in the order in which they are coded (ITU-T T.81, A.2): once to count symbols, once to write them.

use super::bits::Writer;
use super::blocks::{Block, Blocks, Row};
use super::codes::Codes;
use super::word::Word;

/// What takes symbols, each with its further bits.
pub(crate) trait Sink {
    /// A symbol of a table, and as many low bits of `bits` as it says; those above are zero.
    fn put(&mut self, table: usize, symbol: u8, bits: u32);
    /// Symbols and bits of words.
    fn words<W: Word>(&mut self, table: usize, words: &[W]);
    /// Bits alone.
    fn bits(&mut self, bits: u32, count: u32);
    /// The end of a restart interval that is not the last.
    fn restart(&mut self);
}

/// Tables of a scan: those of means for luma and chroma, then those of the other coefficients.
pub(crate) const TABLES: usize = 4;

/// The number of a table for means, of a component's kind (0 luma, 1 chroma).
#[inline(always)]
pub(crate) const fn dc(kind: usize) -> usize {
    kind & 1
}

/// The number of a table for other coefficients.
#[inline(always)]
pub(crate) const fn ac(kind: usize) -> usize {
    2 + (kind & 1)
}

/// Counts symbols.
#[derive(Clone, Debug)]
pub(crate) struct Counter {
    symbols: Box<[[u64; 256]; TABLES]>,
    /// Bits behind no symbol, and markers.
    others: u64,
}

impl Counter {
    pub fn new() -> Self {
        Self { symbols: Box::new([[0; 256]; TABLES]), others: 0 }
    }

    /// Adds symbols that were counted before.
    pub fn add(&mut self, table: usize, symbols: &[u64; 256]) {
        for (sum, &count) in self.symbols[table & 3].iter_mut().zip(symbols) {
            *sum += count;
        }
    }

    /// The best tables, of those that are used, and how many bytes the scan takes, but for stuffed ones.
    pub fn finish(&self) -> ([Option<Codes>; TABLES], u64) {
        let mut bits = self.others;
        let codes = self.symbols.each_ref().map(|counts| {
            let codes = counts.iter().any(|&count| count > 0).then(|| Codes::optimal(counts))?;
            let length = |symbol: usize| u64::from(codes.length(symbol)) + further(symbol);
            bits += counts.iter().enumerate().map(|(symbol, &count)| count * length(symbol)).sum::<u64>();
            Some(codes)
        });
        (codes, bits.div_ceil(8))
    }
}

/// How many bits follow a symbol's code: those of a value, or of a number of ended blocks.
fn further(symbol: usize) -> u64 {
    match (symbol >> 4, symbol & 15) {
        (15, 0) => 0,
        (ended, 0) => ended as u64,
        (_, count) => count as u64,
    }
}

impl Sink for Counter {
    #[inline(always)]
    fn put(&mut self, table: usize, symbol: u8, _bits: u32) {
        self.symbols[table & 3][usize::from(symbol)] += 1;
    }

    #[inline(always)]
    fn words<W: Word>(&mut self, table: usize, words: &[W]) {
        words.iter().for_each(|&word| self.put(table, word.symbol(), 0));
    }

    #[inline(always)]
    fn bits(&mut self, _bits: u32, count: u32) {
        self.others += u64::from(count);
    }

    fn restart(&mut self) {
        self.others += 23;
    }
}

/// Writes codes and bits.
pub(crate) struct Coder {
    /// Of each symbol, its code with room for the further bits, above the length of both (low 8 bits).
    codes: Box<[[u64; 256]; TABLES]>,
    bits: Writer,
    restarts: u8,
}

impl Coder {
    /// Behind what stands in `bytes`.
    pub fn new(codes: &[Option<Codes>; TABLES], bytes: Vec<u8>) -> Self {
        let one = |codes: &Codes| {
            std::array::from_fn(|symbol| {
                let (code, further) = (u64::from(codes.codes[symbol]), further(symbol));
                ((code >> 8) << (8 + further)) | ((code & 0xFF) + further)
            })
        };
        let codes = Box::new(codes.each_ref().map(|codes| codes.as_ref().map_or([0; 256], one)));
        Self { codes, bits: Writer::new(bytes), restarts: 0 }
    }

    /// The bytes with the scan.
    pub fn finish(self) -> Vec<u8> {
        self.bits.into_bytes()
    }
}

impl Sink for Coder {
    #[inline(always)]
    fn put(&mut self, table: usize, symbol: u8, bits: u32) {
        let code = self.codes[table & 3][usize::from(symbol)];
        self.bits.put((code >> 8) as u32 | bits, code as u32 & 0xFF);
    }

    #[inline(always)]
    fn words<W: Word>(&mut self, table: usize, words: &[W]) {
        let codes = &self.codes[table & 3];
        self.bits.put_all(words.iter().map(|&word| {
            let code = codes[usize::from(word.symbol())];
            let bits = word.low() ^ 1 << word.size();
            ((code >> 8) as u32 | bits, code as u32 & 0xFF)
        }));
    }

    #[inline(always)]
    fn bits(&mut self, bits: u32, count: u32) {
        self.bits.put(bits, count);
    }

    fn restart(&mut self) {
        self.bits.marker(0xD0 + self.restarts);
        self.restarts = (self.restarts + 1) & 7;
    }
}

/// How blocks become symbols.
pub(crate) trait Coding<W> {
    /// A block of the scan's `part`-th component, of a `kind` (0 luma, 1 chroma); none where an MCU goes beyond the component.
    fn block(&mut self, part: usize, kind: usize, block: Option<Block<'_, W>>, sink: &mut impl Sink);
    /// The end of a restart interval, and of the scan.
    fn end(&mut self, sink: &mut impl Sink);
}

/// A component in a scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a, W> {
    pub blocks: &'a Blocks<W>,
    /// Blocks in an MCU of several components.
    pub h: usize,
    pub v: usize,
    /// 0 for the tables of luma, 1 for those of chroma.
    pub kind: usize,
}

/// Walks the scan of these components, with `restart` MCUs to an interval (0: all).
#[inline(always)]
pub(crate) fn walk<W: Word>(parts: &[Part<'_, W>], restart: usize, coding: &mut impl Coding<W>, sink: &mut impl Sink) {
    let single = parts.len() == 1;
    let mcu = |part: &Part<'_, W>| if single { (1, 1) } else { (part.h, part.v) };
    let mcus = |part: &Part<'_, W>| {
        let (h, v) = mcu(part);
        (part.blocks.columns.div_ceil(h), part.blocks.rows().div_ceil(v))
    };
    let (across, down) = parts.iter().map(mcus).fold((0, 0), |a, b| (a.0.max(b.0), a.1.max(b.1)));
    let mut left = restart;
    // The rows of blocks that a row of MCUs goes through, in the order of an MCU's blocks: component, how many across, blocks.
    let mut rows: Vec<(usize, usize, usize, Row<'_, W>)> = Vec::new();
    for y in 0..down {
        rows.clear();
        for (i, part) in parts.iter().enumerate() {
            let (h, v) = mcu(part);
            rows.extend((0..v).map(|row| (i, part.kind, h, part.blocks.row(y * v + row))));
        }
        for _ in 0..across {
            if restart > 0 {
                if left == 0 {
                    coding.end(sink);
                    sink.restart();
                    left = restart;
                }
                left -= 1;
            }
            for (part, kind, h, row) in &mut rows {
                for _ in 0..*h {
                    coding.block(*part, *kind, row.next(), sink);
                }
            }
        }
    }
    coding.end(sink);
}

/// The number of bits of a value, and those bits: of a negative value those of the value less one (T.81, F.1.2.1).
#[inline(always)]
pub(crate) fn magnitude(value: i32) -> (u32, u32) {
    let count = 32 - value.unsigned_abs().leading_zeros();
    (count, (value + (value >> 31)) as u32 & ((1 << count) - 1))
}
