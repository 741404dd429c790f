//! The structure of a scan, for both entropy coders.

use std::ops::Range;
use std::rc::Rc;

use super::cache::Ac;
use super::huffman::DcTable;
use super::progressive::Band;
use super::row::Row;
use super::script::Conditioning;

/// How the bits of a scan are decoded.
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
    /// Index of this block in the row's first MCU, and the distance to the next MCU's.
    pub start: usize,
    pub step: usize,
    /// The last wanted zigzag index.
    pub need: u32,
}

/// A range of columns in a row of MCUs, and the offset of the scan's row of blocks in the row.
pub(super) struct Blocks<'r> {
    pub rows: &'r mut [Row],
    pub offset: usize,
    pub columns: Range<usize>,
}
