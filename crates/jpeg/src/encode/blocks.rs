//! The quantised blocks of a component, without their zeros.

use super::super::idct::ZIGZAG;
use super::super::simd::{Vectors, WithVectors};
use super::quantize::{self, Group, Quantizer};
use super::transform::{self, Aligned, COUNT, Coefficients, LANES, Lines, Sample};

/// The quantised values of a block in zigzag order.
pub(super) type Levels = [i16; 64];

/// The blocks of one component, row by row: about 8 bytes for each, and 2 for each coefficient that is not zero.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    /// Blocks in a row.
    pub columns: usize,
    /// How many words each has.
    lengths: Vec<u8>,
    /// Of each row of blocks, their words.
    rows: Vec<Box<[u16]>>,
    /// How often each symbol occurs in a sequential scan, those of means apart; in two parts, since a count that has just been
    /// written is slow to read.
    symbols: Box<[[u32; 256]; 2]>,
}

/// The words of one block: its mean as it is, then for each of the others that is not zero a [`Word`]; zeros that make no run of
/// one, and the end of a block, have words as they have symbols.
pub(super) type Block<'a> = &'a [u16];

/// A run of zeros, in the top five bits, and the bits of a value behind a one (T.81, F.1.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(pub u16);

impl Word {
    const END: Self = Self(1);
    const ZEROS: Self = Self(15 << 11 | 1);

    /// With its symbol.
    #[inline(always)]
    fn new(run: u32, value: i16) -> (Self, u8) {
        let (size, value) = (32 - i32::from(value).unsigned_abs().leading_zeros(), i32::from(value));
        let bits = (value + (value >> 31)) as u32 & ((1 << size) - 1);
        (Self((run << 11 | 1 << size | bits) as u16), (run << 4 | size) as u8)
    }

    /// The bits of the value behind a one.
    #[inline(always)]
    pub fn low(self) -> u16 {
        self.0 & 0x7FF
    }

    /// How many bits the value has.
    #[inline(always)]
    pub fn size(self) -> u32 {
        31 - (u32::from(self.low()) | 1).leading_zeros()
    }

    /// Run and size.
    #[inline(always)]
    pub fn symbol(self) -> u8 {
        ((self.0 >> 7 & 0xF0) as u32 | self.size()) as u8
    }

    /// The run of zeros.
    #[inline(always)]
    pub fn run(self) -> u32 {
        u32::from(self.0 >> 11)
    }

    /// The value; 0 where there is none.
    #[inline(always)]
    pub fn value(self) -> i32 {
        let (size, low) = (self.size(), i32::from(self.low()));
        // A positive value's first bit is a one.
        let least = 1 << size;
        if low & (least >> 1) == 0 { low - 2 * least + 1 } else { low - least }
    }
}

/// What a row of blocks is made in.
pub(super) struct Work {
    coefficients: Coefficients,
    group: Group,
    /// Words of the blocks side by side, and of the row so far.
    words: [u16; COUNT],
    row: Vec<u16>,
}

impl Work {
    pub fn new() -> Self {
        Self { coefficients: Aligned([0.0; COUNT]), group: Aligned([0; COUNT]), words: [0; COUNT], row: Vec::new() }
    }
}

impl Blocks {
    pub fn new(columns: usize, rows: usize) -> Self {
        let (lengths, rows) = (Vec::with_capacity(columns * rows), Vec::with_capacity(rows));
        Self { columns, lengths, rows, symbols: Box::new([[0; 256]; 2]) }
    }

    /// Adds a row of blocks.
    pub fn push_levels(&mut self, row: &[Levels]) {
        let mut words = Vec::new();
        let mut one = [0; 64];
        for levels in row {
            let mask = levels.iter().enumerate().fold(1, |mask, (k, &value)| mask | u64::from(value != 0) << k);
            let length = gather(|k| levels[k & 63], mask, &mut one, &mut self.symbols[0]);
            self.lengths.push(length as u8);
            words.extend_from_slice(&one[..length]);
        }
        self.rows.push(words.into());
    }

    /// Rows of blocks.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The blocks of a row; none beyond the last.
    pub fn row(&self, y: usize) -> Row<'_> {
        match self.rows.get(y) {
            Some(words) => Row { lengths: &self.lengths[y * self.columns..][..self.columns], words },
            None => Row::default(),
        }
    }

    /// How often each symbol occurs in a sequential scan, those of means apart.
    pub fn symbols(&self) -> [u64; 256] {
        std::array::from_fn(|symbol| self.symbols.iter().map(|counts| u64::from(counts[symbol])).sum())
    }
}

/// Transforms and quantises a row of blocks, and adds it.
pub(super) struct PushRow<'a, S> {
    pub blocks: &'a mut Blocks,
    /// Lines of the component's width; their last sample is repeated where blocks go beyond them.
    pub lines: [&'a [S]; 8],
    pub quantizer: &'a Quantizer,
    pub work: &'a mut Work,
}

impl<S: Sample> WithVectors for PushRow<'_, S> {
    #[inline(always)]
    fn run<V: Vectors>(self, vectors: V) {
        let Self { blocks, lines, quantizer, work } = self;
        work.row.clear();
        for x in (0..blocks.columns).step_by(LANES) {
            transform::forward(vectors, &load(lines, x * 8), &mut work.coefficients);
            quantizer.quantize(&work.coefficients, &mut work.group);
            let masks = quantize::nonzero(&work.group).map(|mask| mask | 1);
            let mut filled = 0;
            for (lane, &mask) in masks.iter().enumerate().take(blocks.columns - x) {
                if let Some(to) = work.words[filled..].first_chunk_mut() {
                    let (group, _) = work.group.0.as_chunks::<LANES>();
                    let value = |k: usize| group[usize::from(ZIGZAG[k & 63]) & 63][lane & (LANES - 1)];
                    let length = gather(value, mask, to, &mut blocks.symbols[lane & 1]);
                    blocks.lengths.push(length as u8);
                    filled += length;
                }
            }
            work.row.extend_from_slice(&work.words[..filled]);
        }
        blocks.rows.push(work.row.as_slice().into());
    }
}

/// Makes the words of one block, and counts their symbols while they are at hand. `value` takes a zigzag index.
#[inline(always)]
fn gather(value: impl Fn(usize) -> i16, mask: u64, to: &mut [u16; 64], symbols: &mut [u32; 256]) -> usize {
    to[0] = value(0) as u16;
    let (mut count, mut next, mut rest) = (1, 1, mask & !1);
    let mut put = |word: Word, symbol: u8| {
        to[count & 63] = word.0;
        symbols[usize::from(symbol)] += 1;
        count += 1;
    };
    while rest != 0 {
        let k = rest.trailing_zeros();
        rest &= rest - 1;
        let mut run = k - next;
        next = k + 1;
        while run > 15 {
            put(Word::ZEROS, 0xF0);
            run -= 16;
        }
        let (word, symbol) = Word::new(run, value(k as usize));
        put(word, symbol);
    }
    if next < 64 {
        put(Word::END, 0);
    }
    count
}

/// Takes eight blocks from column `x` on.
#[inline(always)]
pub(super) fn load<S: Sample>(lines: [&[S]; 8], x: usize) -> Lines<S> {
    let mut out = [[S::default(); 8 * LANES]; 8];
    for (line, to) in lines.iter().zip(&mut out) {
        let rest = &line[x..];
        if let Some(run) = rest.first_chunk() {
            *to = *run;
        } else {
            let (copy, fill) = to.split_at_mut(rest.len());
            copy.copy_from_slice(rest);
            fill.fill(rest.last().copied().unwrap_or_default());
        }
    }
    out
}

/// The blocks of a row that are still to come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Row<'a> {
    lengths: &'a [u8],
    words: &'a [u16],
}

impl<'a> Iterator for Row<'a> {
    type Item = Block<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Block<'a>> {
        let (&length, lengths) = self.lengths.split_first()?;
        let (block, words) = self.words.split_at_checked(length.into())?;
        *self = Self { lengths, words };
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_hold_runs_and_values() {
        for value in (-1023..=1023).filter(|&v| v != 0) {
            let (word, symbol) = Word::new(u32::from(value as u16 % 16), value);
            let size = 16 - value.unsigned_abs().leading_zeros();
            assert_eq!((word.run(), word.size(), word.value()), (u32::from(value as u16 % 16), size, value.into()));
            assert_eq!([word.symbol(), symbol].map(u32::from), [word.run() << 4 | size; 2]);
        }
        assert_eq!(
            [Word::END, Word::ZEROS].map(|word| (word.symbol(), word.size(), word.value())),
            [(0, 0, 0), (0xF0, 0, 0)]
        );
    }
}
