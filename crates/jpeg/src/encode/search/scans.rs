//! Scans of the output with their symbols.

use super::super::blocks::Blocks;
use super::super::scans::Coded;
use super::super::script::{self, Scan};
use super::super::walk::Counter;
use super::super::word::Word;
use super::Options;
use crate::error::Error;
use crate::frame::Frame;

/// The largest number of blocks in an MCU (T.81, B.2.3).
const MOST_IN_MCU: u32 = 10;

/// Scans with their symbols.
pub(crate) struct Scans(pub(crate) Vec<(Scan, Counter)>);

impl Scans {
    /// Counts the symbols of scans.
    pub fn of<W: Word>(
        scans: impl IntoIterator<Item = Scan>,
        frame: &Frame,
        blocks: &[Blocks<W>],
        restart: usize,
    ) -> Self {
        let counted = |scan: Scan| {
            let counter = Coded::new(frame, &scan, blocks, restart).counter();
            (scan, counter)
        };
        Self(scans.into_iter().map(counted).collect())
    }

    /// The same, if nothing interrupts it.
    pub fn count<W: Word>(
        scans: impl Iterator<Item = Scan>,
        frame: &Frame,
        blocks: &[Blocks<W>],
        options: &Options<'_>,
    ) -> Result<Self, Error> {
        let mut all = Vec::new();
        for scan in scans {
            options.check_interrupt()?;
            all.extend(Self::of([scan], frame, blocks, options.restart).0);
        }
        Ok(Self(all))
    }

    /// The smallest of several assignments of Huffman tables to the components of a scan.
    pub fn best_tables<W: Word>(
        scan: &Scan,
        frame: &Frame,
        blocks: &[Blocks<W>],
        options: &Options<'_>,
    ) -> Result<Self, Error> {
        let usual: [u8; 4] = std::array::from_fn(script::kind);
        let tables = match blocks.len() {
            1 => &[usual][..],
            3 => &[usual, [0; 4]],
            _ => &[usual, [0; 4], [0, 0, 0, 1], [0, 1, 1, 1]],
        };
        let mut best: Option<Self> = None;
        for &tables in tables {
            let scan = Scan { tables, ..scan.clone() };
            let counted = Self::count(std::iter::once(scan), frame, blocks, options)?;
            if best.as_ref().is_none_or(|best| counted.bytes() < best.bytes()) {
                best = Some(counted);
            }
        }
        Ok(best.unwrap_or(Self(Vec::new())))
    }

    /// Appends other scans.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// The size in bytes, without stuffed bytes.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|(scan, counter)| bytes(scan, counter).iter().sum::<u64>()).sum()
    }

    /// Appends the scans to `out`.
    pub fn write<W: Word>(
        &self,
        mut out: Vec<u8>,
        frame: &Frame,
        blocks: &[Blocks<W>],
        options: &Options<'_>,
    ) -> Result<Vec<u8>, Error> {
        for (scan, counter) in &self.0 {
            options.check_interrupt()?;
            out = Coded::new(frame, scan, blocks, options.restart).write_counted(out, counter);
        }
        Ok(out)
    }
}

/// The size in bytes of the tables and header of a scan, and of its coded data.
pub(crate) fn bytes(scan: &Scan, counter: &Counter) -> [u64; 2] {
    let (codes, coded) = counter.finish();
    let header = 8 + 2 * scan.components.len();
    let tables: usize = codes.iter().flatten().map(|codes| 17 + codes.symbols.len()).sum();
    [(header + tables + if tables > 0 { 4 } else { 0 }) as u64, coded]
}

/// Whether all components fit into one scan.
pub(crate) fn is_interleaved(frame: &Frame) -> bool {
    let blocks = |c: &crate::frame::Component| u32::from(c.h) * u32::from(c.v);
    frame.components.len() == 1 || frame.components.iter().map(blocks).sum::<u32>() <= MOST_IN_MCU
}
