//! The scans of a progressive picture (ITU-T T.81, annex G.1.2).

use super::blocks::Block;
use super::walk::{Coding, Sink, ac, dc, magnitude};
use super::word::Word;

/// Means, without their `low` last bits.
#[derive(Debug)]
pub(crate) struct Means {
    low: u8,
    last: [i32; 4],
}

impl Means {
    pub fn new(low: u8) -> Self {
        Self { low, last: [0; 4] }
    }
}

impl<W: Word> Coding<W> for Means {
    #[inline(always)]
    fn block(&mut self, part: usize, kind: usize, block: Option<Block<'_, W>>, sink: &mut impl Sink) {
        let mean = match block {
            Some([mean, ..]) => mean.mean() >> self.low,
            _ => self.last[part & 3],
        };
        let (count, bits) = magnitude(mean - self.last[part & 3]);
        self.last[part & 3] = mean;
        sink.put(dc(kind), count as u8, bits);
    }

    fn end(&mut self, _sink: &mut impl Sink) {
        self.last = [0; 4];
    }
}

/// One further bit of each mean.
#[derive(Debug)]
pub(crate) struct MeanBits {
    pub low: u8,
}

impl<W: Word> Coding<W> for MeanBits {
    #[inline(always)]
    fn block(&mut self, _part: usize, _kind: usize, block: Option<Block<'_, W>>, sink: &mut impl Sink) {
        let mean = block.and_then(|words| words.first()).map_or(0, |mean| mean.mean() as u32);
        sink.bits(mean >> self.low & 1, 1);
    }

    fn end(&mut self, _sink: &mut impl Sink) {}
}

/// Coefficients of a band, those of means excepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Band {
    pub first: u8,
    pub last: u8,
    /// How many of their last bits are left out.
    pub low: u8,
}

impl Band {
    /// Index, magnitude without the bits left out, and value of a block's coefficients that are not zero then.
    #[inline(always)]
    fn of<W: Word>(self, block: Option<Block<'_, W>>) -> impl Iterator<Item = (u32, u32, i32)> {
        let mut next = 1;
        let words = block.and_then(|words| words.get(1..)).unwrap_or_default().iter();
        let places = words.map(move |&word| {
            let k = next + word.run();
            next = k + 1;
            (k, word)
        });
        places.take_while(move |&(k, _)| k <= self.last.into()).filter_map(move |(k, word)| {
            let magnitude = word.value().unsigned_abs() >> self.low;
            (k >= self.first.into() && magnitude > 0).then_some((k, magnitude, word.value()))
        })
    }
}

/// Correction bits of coefficients that an earlier scan coded, at most those of one block.
#[derive(Clone, Copy, Debug, Default)]
struct Corrections {
    bits: u64,
    count: u32,
}

impl Corrections {
    #[inline(always)]
    fn push(&mut self, bit: u32) {
        self.bits = self.bits << 1 | u64::from(bit);
        self.count += 1;
    }

    #[inline(always)]
    fn flush(&mut self, sink: &mut impl Sink) {
        let Self { bits, count } = std::mem::take(self);
        if count > 32 {
            sink.bits((bits >> 32) as u32, count - 32);
        }
        if count > 0 {
            sink.bits(bits as u32, count.min(32));
        }
    }
}

/// Blocks in a row that have no more coefficients, and the bits that belong behind the symbol for them.
#[derive(Debug, Default)]
struct Ended {
    blocks: u32,
    corrections: Vec<Corrections>,
    /// The number of correction bits.
    count: u32,
}

/// As many blocks as one symbol holds.
const MOST_BLOCKS: u32 = 0x7FFF;

/// Corrections that are collected at most, to bound them.
const MOST_CORRECTIONS: u32 = 1000;

impl Ended {
    /// Writes what was collected.
    #[inline(always)]
    fn flush(&mut self, kind: usize, sink: &mut impl Sink) {
        if self.blocks > 0 {
            let bits = self.blocks.ilog2();
            sink.put(ac(kind), (bits << 4) as u8, self.blocks & ((1 << bits) - 1));
            self.blocks = 0;
        }
        self.corrections.drain(..).for_each(|mut corrections| corrections.flush(sink));
        self.count = 0;
    }
}

/// The first scan of a band.
#[derive(Debug)]
pub(crate) struct First {
    band: Band,
    kind: usize,
    ended: Ended,
}

impl First {
    pub fn new(band: Band) -> Self {
        Self { band, kind: 0, ended: Ended::default() }
    }
}

impl<W: Word> Coding<W> for First {
    #[inline(always)]
    fn block(&mut self, _part: usize, kind: usize, block: Option<Block<'_, W>>, sink: &mut impl Sink) {
        self.kind = kind;
        let mut next = u32::from(self.band.first);
        for (k, magnitude, value) in self.band.of(block) {
            self.ended.flush(kind, sink);
            let mut run = k - next;
            next = k + 1;
            while run > 15 {
                sink.put(ac(kind), 0xF0, 0);
                run -= 16;
            }
            let count = 32 - magnitude.leading_zeros();
            let bits = (if value < 0 { !magnitude } else { magnitude }) & ((1 << count) - 1);
            sink.put(ac(kind), (run << 4 | count) as u8, bits);
        }
        if next <= self.band.last.into() {
            self.ended.blocks += 1;
            if self.ended.blocks == MOST_BLOCKS {
                self.ended.flush(kind, sink);
            }
        }
    }

    fn end(&mut self, sink: &mut impl Sink) {
        self.ended.flush(self.kind, sink);
    }
}

/// A further scan of a band, which adds one bit.
#[derive(Debug)]
pub(crate) struct Refinement {
    band: Band,
    kind: usize,
    ended: Ended,
    /// Bits of coefficients passed since the last symbol.
    passed: Corrections,
}

impl Refinement {
    pub fn new(band: Band) -> Self {
        Self { band, kind: 0, ended: Ended::default(), passed: Corrections::default() }
    }
}

impl<W: Word> Coding<W> for Refinement {
    #[inline(always)]
    fn block(&mut self, _part: usize, kind: usize, block: Option<Block<'_, W>>, sink: &mut impl Sink) {
        self.kind = kind;
        // Behind the last coefficient that becomes visible now, only corrections follow.
        let end = self.band.of(block).filter(|c| c.1 == 1).map(|c| c.0).last().unwrap_or(0);
        let (mut run, mut next) = (0, u32::from(self.band.first));
        for (k, magnitude, value) in self.band.of(block) {
            run += k - next;
            next = k + 1;
            while run > 15 && k <= end {
                self.ended.flush(kind, sink);
                sink.put(ac(kind), 0xF0, 0);
                self.passed.flush(sink);
                run -= 16;
            }
            if magnitude > 1 {
                self.passed.push(magnitude & 1);
                continue;
            }
            self.ended.flush(kind, sink);
            sink.put(ac(kind), (run << 4 | 1) as u8, u32::from(value >= 0));
            self.passed.flush(sink);
            run = 0;
        }
        if run > 0 || next <= self.band.last.into() || self.passed.count > 0 {
            self.ended.blocks += 1;
            let passed = std::mem::take(&mut self.passed);
            if passed.count > 0 {
                self.ended.corrections.push(passed);
                self.ended.count += passed.count;
            }
            if self.ended.blocks == MOST_BLOCKS || self.ended.count > MOST_CORRECTIONS {
                self.ended.flush(kind, sink);
            }
        }
    }

    fn end(&mut self, sink: &mut impl Sink) {
        self.ended.flush(self.kind, sink);
    }
}
