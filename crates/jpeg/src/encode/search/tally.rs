//! Counts the symbols of all candidate bands in one pass.
//!
//! The symbol of a coefficient depends on the previous coefficient that the scan codes, unless the band begins between the two.
//! Each coefficient is therefore counted once for all bands that contain both, and once for each edge in between. Only runs of
//! ended blocks (EOBRUN) are followed for each band separately.

use super::super::blocks::Blocks;
use super::super::walk::{self, Counter, Sink};
use super::super::word::Word;

/// Zigzag indices where bands may begin, and the end.
pub(crate) const EDGES: [u8; 8] = [1, 2, 3, 6, 9, 13, 19, 64];

/// The number of stretches between edges.
pub(crate) const COUNT: usize = EDGES.len() - 1;

/// The stretch of each zigzag index.
const STRETCH: [u8; 64] = {
    let mut stretches = [0; 64];
    let mut k = 1;
    while k < 64 {
        let mut stretch = 0;
        while EDGES[stretch + 1] <= k as u8 {
            stretch += 1;
        }
        stretches[k] = stretch as u8;
        k += 1;
    }
    stretches
};

/// The largest number of ended blocks in one symbol.
const MOST_BLOCKS: u32 = 0x7FFF;

/// The count of each symbol.
type Symbols = [u32; 256];

/// The symbols of every band for one kind of scan.
pub(crate) struct Tally {
    /// By the stretches of the previous coefficient and of the coefficient.
    inner: Box<[[Symbols; COUNT]; COUNT]>,
    /// By the edge where the band begins, and the stretch of its first coefficient in a block.
    first: Box<[[Symbols; COUNT]; COUNT]>,
    /// By the first and last stretch of the band: the current run of ended blocks, and the number of past runs by the bits of
    /// their length.
    ended: [[u32; COUNT]; COUNT],
    runs: [[[u32; 16]; COUNT]; COUNT],
    /// Correction bits in each stretch.
    corrections: [u64; COUNT],
}

impl Tally {
    /// Counts first scans that omit `low` bits, or refinements down to `low` bits.
    pub fn new<W: Word>(blocks: &Blocks<W>, low: u8, refines: bool) -> Self {
        let mut tally = Self {
            inner: Box::new([[[0; 256]; COUNT]; COUNT]),
            first: Box::new([[[0; 256]; COUNT]; COUNT]),
            ended: [[0; COUNT]; COUNT],
            runs: [[[0; 16]; COUNT]; COUNT],
            corrections: [0; COUNT],
        };
        for block in (0..blocks.rows()).flat_map(|y| blocks.row(y)) {
            tally.block(block.get(1..).unwrap_or_default(), low, refines);
        }
        for from in 0..COUNT {
            for to in from..COUNT {
                tally.flush(from, to);
            }
        }
        tally
    }

    fn block<W: Word>(&mut self, words: &[W], low: u8, refines: bool) {
        let mut next = 1;
        // Zero coefficients before the current one, before the last one with a symbol, and before each edge.
        let (mut zeros, mut place, mut before) = (0u32, 1u32, 0u32);
        let mut edges = [0u32; COUNT];
        let mut last: Option<u8> = None;
        let mut edge = 0;
        // Stretches that contain a coefficient with a symbol, and stretches that end with one.
        let (mut visible, mut full) = (0u32, 0u32);
        for &word in words {
            let k = next + word.run();
            next = k + 1;
            let magnitude = word.value().unsigned_abs() >> low;
            if magnitude == 0 {
                continue;
            }
            while let Some(&at) = EDGES[..COUNT].get(edge).filter(|&&at| u32::from(at) <= k) {
                edges[edge] = zeros + u32::from(at) - place;
                edge += 1;
            }
            zeros += k - place;
            place = k + 1;
            let stretch = usize::from(STRETCH[k as usize & 63]);
            if refines && magnitude > 1 {
                self.corrections[stretch] += 1;
                continue;
            }
            let size = 32 - magnitude.leading_zeros();
            let begin = match last {
                Some(last) => {
                    count(&mut self.inner[usize::from(last)][stretch], zeros - before, size);
                    usize::from(last) + 1
                }
                None => 0,
            };
            for (first, edge) in self.first.iter_mut().zip(&edges).take(stretch + 1).skip(begin) {
                count(&mut first[stretch], zeros - edge, size);
            }
            last = Some(stretch as u8);
            before = zeros;
            visible |= 1 << stretch;
            full |= u32::from(k + 1 == EDGES[stretch + 1].into()) << stretch;
        }
        for from in 0..COUNT {
            for to in from..COUNT {
                if visible >> from & ((2 << (to - from)) - 1) != 0 {
                    self.flush(from, to);
                }
                self.ended[from][to] += full >> to & 1 ^ 1;
                if self.ended[from][to] == MOST_BLOCKS {
                    self.flush(from, to);
                }
            }
        }
    }

    #[inline(always)]
    fn flush(&mut self, from: usize, to: usize) {
        if self.ended[from][to] > 0 {
            self.runs[from][to][self.ended[from][to].ilog2() as usize & 15] += 1;
            self.ended[from][to] = 0;
        }
    }

    /// The symbols of the band from edge `from` to edge `to`.
    pub fn band(&self, from: usize, to: usize) -> Counter {
        let mut sums = [0u64; 256];
        let mut add =
            |symbols: &Symbols| sums.iter_mut().zip(symbols).for_each(|(sum, &count)| *sum += u64::from(count));
        for stretch in from..to {
            add(&self.first[from][stretch]);
            (from..=stretch).for_each(|before| add(&self.inner[before][stretch]));
        }
        for (bits, &count) in self.runs[from][to - 1].iter().enumerate().take(15) {
            sums[bits << 4] += u64::from(count);
        }
        let mut counter = Counter::new();
        counter.add(walk::ac(0), &sums);
        counter.bits(0, self.corrections[from..to].iter().sum::<u64>() as u32);
        counter
    }
}

#[inline(always)]
fn count(symbols: &mut Symbols, zeros: u32, size: u32) {
    symbols[0xF0] += zeros >> 4;
    symbols[((zeros & 15) << 4 | size) as usize & 0xFF] += 1;
}
