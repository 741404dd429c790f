//! The quantised blocks of a component, without their zeros.

use super::super::idct::ZIGZAG;
use super::super::simd::{Vectors, WithVectors};
use super::quantize::{self, Group, Quantizer, Requantizer};
use super::transform::{self, Aligned, COUNT, Coefficients, LANES, Lines, Sample};
use super::word::Word;

/// The quantised values of a block in zigzag order.
pub(crate) type Levels = [i16; 64];

/// The blocks of one component, row by row: about 8 bytes for each, and a word for each coefficient that is not zero.
#[derive(Clone, Debug)]
pub(crate) struct Blocks<W = u16> {
    /// Blocks in a row.
    pub columns: usize,
    /// How many words each has.
    lengths: Vec<u8>,
    /// Of each row of blocks, their words.
    rows: Vec<Box<[W]>>,
    /// How often each symbol occurs in a sequential scan, those of means apart; in two parts, since a count that has just been
    /// written is slow to read.
    symbols: Box<[[u32; 256]; 2]>,
    /// Whether all coefficients are zero, as far as blocks were quantised here.
    is_flat: bool,
}

/// The words of one block: its mean, then one for each of the others that is not zero; zeros that make no run of one, and the end
/// of a block, have words as they have symbols.
pub(crate) type Block<'a, W> = &'a [W];

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

impl<W: Word> Blocks<W> {
    pub fn new(columns: usize, rows: usize) -> Self {
        let (lengths, rows) = (Vec::with_capacity(columns * rows), Vec::with_capacity(rows));
        Self { columns, lengths, rows, symbols: Box::new([[0; 256]; 2]), is_flat: true }
    }

    /// Adds a row of blocks.
    pub fn push_levels(&mut self, row: &[Levels]) {
        let mut words = Vec::new();
        let mut one = [W::default(); 64];
        for levels in row {
            let mask = levels.iter().enumerate().fold(1, |mask, (k, &value)| mask | u64::from(value != 0) << k);
            let length = gather(|k| levels[k & 63], mask, &mut one, &mut self.symbols[0]);
            self.lengths.push(length as u8);
            words.extend_from_slice(&one[..length]);
        }
        self.rows.push(words.into());
    }

    /// Whether all coefficients of quantised blocks are zero.
    pub fn is_flat(&self) -> bool {
        self.is_flat
    }

    /// Rows of blocks.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The blocks of a row; none beyond the last.
    pub fn row(&self, y: usize) -> Row<'_, W> {
        match self.rows.get(y) {
            Some(words) => Row { lengths: &self.lengths[y * self.columns..][..self.columns], words },
            None => Row { lengths: &[], words: &[] },
        }
    }

    /// Some of the rows, without their symbols.
    pub fn some(&self, rows: impl Iterator<Item = usize>) -> Self {
        let mut some = Self::new(self.columns, 0);
        for y in rows.filter(|&y| y < self.rows.len()) {
            some.lengths.extend_from_slice(&self.lengths[y * self.columns..][..self.columns]);
            some.rows.push(self.rows[y].clone());
        }
        some
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
            let masks = quantize::nonzero(&work.group);
            let (group, _) = work.group.0.as_chunks::<LANES>();
            let value = |k: usize, lane: usize| group[usize::from(ZIGZAG[k & 63]) & 63][lane & (LANES - 1)];
            push(blocks, x, &masks, value, &mut work.words, &mut work.row);
        }
        blocks.rows.push(work.row.as_slice().into());
    }
}

/// Quantises a row of blocks that another picture has, and adds it.
pub(super) struct RequantizeRow<'a> {
    pub blocks: &'a mut Blocks,
    /// Its coefficients, from a multiple of [`LANES`] on.
    pub row: &'a super::super::row::Row,
    pub first: usize,
    pub quantizer: &'a Requantizer,
    pub work: &'a mut Work,
}

impl RequantizeRow<'_> {
    #[inline(always)]
    pub fn run(self) {
        let Self { blocks, row, first, quantizer, work } = self;
        work.row.clear();
        let groups = row.coefficients.as_chunks::<LANES>().0;
        for x in (0..blocks.columns).step_by(LANES) {
            let group = (first + x) / LANES;
            let count = row.count(group).max(1);
            let from = groups.get(group..).unwrap_or_default();
            let masks = quantizer.quantize(from, row.pitch / LANES, count, &mut work.coefficients, &mut work.group);
            let (group, _) = work.group.0.as_chunks::<LANES>();
            push(blocks, x, &masks, |k, lane| group[k & 63][lane & (LANES - 1)], &mut work.words, &mut work.row);
        }
        blocks.rows.push(work.row.as_slice().into());
    }
}

/// Adds the words of up to eight blocks from column `x` on to `row`. `value` takes a zigzag index and a lane.
#[inline(always)]
fn push(
    blocks: &mut Blocks,
    x: usize,
    masks: &[u64; LANES],
    value: impl Fn(usize, usize) -> i16,
    words: &mut [u16; COUNT],
    row: &mut Vec<u16>,
) {
    let here = LANES.min(blocks.columns - x);
    blocks.is_flat &= masks[..here].iter().all(|&mask| mask == 0);
    let mut filled = 0;
    for (lane, &mask) in masks.iter().enumerate().take(here) {
        if let Some(to) = words[filled..].first_chunk_mut() {
            let length = gather(|k| value(k, lane), mask | 1, to, &mut blocks.symbols[lane & 1]);
            blocks.lengths.push(length as u8);
            filled += length;
        }
    }
    row.extend_from_slice(&words[..filled]);
}

/// Makes the words of one block, and counts their symbols while they are at hand. `value` takes a zigzag index.
#[inline(always)]
fn gather<W: Word>(value: impl Fn(usize) -> i16, mask: u64, to: &mut [W; 64], symbols: &mut [u32; 256]) -> usize {
    to[0] = W::of_mean(value(0));
    let (mut count, mut next, mut rest) = (1, 1, mask & !1);
    let mut put = |word: W, symbol: u8| {
        to[count & 63] = word;
        symbols[usize::from(symbol)] += 1;
        count += 1;
    };
    while rest != 0 {
        let k = rest.trailing_zeros();
        rest &= rest - 1;
        let mut run = k - next;
        next = k + 1;
        while run > 15 {
            put(W::ZEROS, 0xF0);
            run -= 16;
        }
        let (word, symbol) = W::new(run, value(k as usize));
        put(word, symbol);
    }
    if next < 64 {
        put(W::END, 0);
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
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a, W> {
    lengths: &'a [u8],
    words: &'a [W],
}

impl<'a, W> Iterator for Row<'a, W> {
    type Item = Block<'a, W>;

    #[inline(always)]
    fn next(&mut self) -> Option<Block<'a, W>> {
        let (&length, lengths) = self.lengths.split_first()?;
        let (block, words) = self.words.split_at_checked(length.into())?;
        *self = Self { lengths, words };
        Some(block)
    }
}

impl<W> DoubleEndedIterator for Row<'_, W> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let (&length, lengths) = self.lengths.split_last()?;
        let (words, block) = self.words.split_at_checked(self.words.len().checked_sub(length.into())?)?;
        *self = Self { lengths, words };
        Some(block)
    }
}
