//! Counts the symbols of a scan, and writes them.

use super::super::frame::{Frame, Kind};
use super::super::simd;
use super::blocks::Blocks;
use super::progressive::{Band, First, MeanBits, Means, Refinement};
use super::script::Scan;
use super::segments;
use super::sequential::{self, Sequential};
use super::walk::{self, Coder, Coding, Counter, Part, Sink};
use super::word::Word;

/// A scan, and what it codes.
pub(crate) struct Coded<'a, W> {
    frame: &'a Frame,
    scan: &'a Scan,
    parts: Vec<Part<'a, W>>,
    restart: usize,
}

impl<'a, W: Word> Coded<'a, W> {
    /// With `restart` MCUs between restart markers, 0 for none.
    pub fn new(frame: &'a Frame, scan: &'a Scan, blocks: &'a [Blocks<W>], restart: usize) -> Self {
        let part = |&i: &usize| {
            let component = frame.components[i];
            Part { blocks: &blocks[i], h: component.h.into(), v: component.v.into(), kind: scan.tables[i & 3].into() }
        };
        Self { frame, scan, parts: scan.components.iter().map(part).collect(), restart }
    }

    /// Counts its symbols.
    pub fn counter(&self) -> Counter {
        let (band, low) = (self.band(), self.scan.low);
        match (self.frame.kind, self.scan.first, self.scan.high) {
            (Kind::Progressive, 0, 0) => self.walk(Means::new(low), Counter::new()),
            (Kind::Progressive, 0, _) => self.walk(MeanBits { low }, Counter::new()),
            (Kind::Progressive, _, 0) => self.walk(First::new(band), Counter::new()),
            (Kind::Progressive, ..) => self.walk(Refinement::new(band), Counter::new()),
            _ => {
                let mut counter = self.walk(sequential::Rest::default(), Counter::new());
                self.parts.iter().for_each(|part| counter.add(walk::ac(part.kind), &part.blocks.symbols()));
                counter
            }
        }
    }

    /// Writes its tables, its header, and what it codes, behind `out`. `counter` has counted its symbols.
    pub fn write_counted(&self, mut out: Vec<u8>, counter: &Counter) -> Vec<u8> {
        let (codes, bytes) = counter.finish();
        segments::huffman(&mut out, &codes);
        segments::scan(&mut out, self.frame, self.scan);
        // One byte in 256 is stuffed.
        out.reserve_exact(bytes as usize + (bytes as usize >> 6) + 64);
        let (band, low, coder) = (self.band(), self.scan.low, Coder::new(&codes, out));
        let coder = match (self.frame.kind, self.scan.first, self.scan.high) {
            (Kind::Progressive, 0, 0) => self.walk(Means::new(low), coder),
            (Kind::Progressive, 0, _) => self.walk(MeanBits { low }, coder),
            (Kind::Progressive, _, 0) => self.walk(First::new(band), coder),
            (Kind::Progressive, ..) => self.walk(Refinement::new(band), coder),
            _ => self.walk(Sequential::default(), coder),
        };
        coder.finish()
    }

    fn band(&self) -> Band {
        Band { first: self.scan.first, last: self.scan.last, low: self.scan.low }
    }

    fn walk<S: Sink>(&self, coding: impl Coding<W>, sink: S) -> S {
        simd::dispatch(
            #[inline(always)]
            || {
                // Here, and not behind references, so that they may stay in registers.
                let (mut coding, mut sink) = (coding, sink);
                walk::walk(&self.parts, self.restart, &mut coding, &mut sink);
                sink
            },
        )
    }
}
