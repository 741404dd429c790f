//! Scans of the output with their symbols.

use super::super::encode::blocks::Blocks;
use super::super::encode::scans::Coded;
use super::super::encode::script::{self, Scan};
use super::super::encode::walk::Counter;
use super::super::encode::word::Word;
use super::super::error::Error;
use super::super::frame::Frame;
use super::Options;

/// The largest number of blocks in an MCU (T.81, B.2.3).
const MOST_IN_MCU: u32 = 10;

/// Scans with their symbols.
pub(super) struct Scans(pub(super) Vec<(Scan, Counter)>);

impl Scans {
    /// Counts the symbols of scans.
    pub fn count<W: Word>(
        scans: impl Iterator<Item = Scan>,
        frame: &Frame,
        blocks: &[Blocks<W>],
        options: &Options<'_>,
    ) -> Result<Self, Error> {
        let counted = |scan: Scan| {
            options.check_interrupt()?;
            let counter = Coded::new(frame, &scan, blocks, options.restart.into()).counter();
            Ok((scan, counter))
        };
        scans.map(counted).collect::<Result<_, _>>().map(Self)
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
            out = Coded::new(frame, scan, blocks, options.restart.into()).write_counted(out, counter);
        }
        Ok(out)
    }
}

/// The size in bytes of the tables and header of a scan, and of its coded data.
pub(super) fn bytes(scan: &Scan, counter: &Counter) -> [u64; 2] {
    let (codes, coded) = counter.finish();
    let header = 8 + 2 * scan.components.len();
    let tables: usize = codes.iter().flatten().map(|codes| 17 + codes.symbols.len()).sum();
    [(header + tables + if tables > 0 { 4 } else { 0 }) as u64, coded]
}

/// Whether all components fit into one scan.
pub(super) fn is_interleaved(frame: &Frame) -> bool {
    let blocks = |c: &super::super::frame::Component| u32::from(c.h) * u32::from(c.v);
    frame.components.len() == 1 || frame.components.iter().map(blocks).sum::<u32>() <= MOST_IN_MCU
}
