//! What a scan is made of, for both entropy coders.

use std::ops::Range;
use std::rc::Rc;

use super::cache::Ac;
use super::huffman::DcTable;
use super::progressive::Band;
use super::row::Row;
use super::script::Conditioning;

/// How the bits of a scan are to be read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mode {
    Sequential,
    DcFirst { low: u32 },
    DcRefine { low: u32 },
    AcFirst(Band),
    AcRefine(Band),
}

/// One block of an MCU.
#[derive(Debug)]
pub(super) struct Unit {
    pub part: usize,
    pub component: usize,
    /// Huffman tables.
    pub dc: Option<Rc<DcTable>>,
    pub ac: Option<Rc<Ac>>,
    /// For arithmetic coding.
    pub conditioning: Conditioning,
    /// Place of the block of the row's first MCU, and how far the next MCU's is.
    pub start: usize,
    pub step: usize,
    /// Last zigzag index wanted.
    pub need: u32,
}

/// A stretch of a row of MCUs: its columns, and where the scan's row of blocks begins in the row.
pub(super) struct Blocks<'r> {
    pub rows: &'r mut [Row],
    pub offset: usize,
    pub columns: Range<usize>,
}
