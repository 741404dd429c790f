//! Run-length encoding of BMP. Rows are stored bottom-up and needed top-down, so a first pass
//! records where each row begins, without decoding pixels.

use std::ops::Range;

use crate::codec::bmp::header::Packing;
use crate::size::Size;

/// Memory per recorded row, in bytes.
pub const ROW_BYTES: u64 = size_of::<RowStart>() as u64;

/// One step of the data. `at` is the offset of literals and colours.
enum Step {
    Run { count: usize, at: usize },
    Literal { count: usize, at: usize },
    Move { columns: u32, rows: u32 },
    Line,
    End,
}

#[derive(Clone, Copy)]
struct Steps<'a> {
    data: &'a [u8],
    at: usize,
    packing: Packing,
}

impl Iterator for Steps<'_> {
    type Item = Step;

    /// None if the data ends within a step.
    fn next(&mut self) -> Option<Step> {
        let [first, second] = *self.data.get(self.at..)?.first_chunk()?;
        let at = self.at + 2;
        let (step, length) = match (first, second) {
            (0, 0) => (Step::Line, 0),
            (0, 1) => (Step::End, 0),
            (0, 2) => {
                let [columns, rows] = *self.data.get(at..)?.first_chunk()?;
                (Step::Move { columns: columns.into(), rows: rows.into() }, 2)
            }
            (0, count) => {
                let count = usize::from(count);
                let length = match self.packing {
                    Packing::Rle4 => count.div_ceil(2),
                    Packing::Rle24 => 3 * count,
                    _ => count,
                };
                (Step::Literal { count, at }, length)
            }
            (count, _) => {
                let more = if self.packing == Packing::Rle24 { 2 } else { 0 };
                (Step::Run { count: count.into(), at: at - 1 }, more)
            }
        };
        if self.data.len() < at + length {
            return None;
        }
        // Literals are padded to two bytes; all other steps have an even length.
        self.at = at + length.next_multiple_of(2);
        Some(step)
    }
}

/// Where the first pixel of a stored row is.
struct RowStart {
    row: u32,
    column: u32,
    at: usize,
}

/// The rows of a picture, for decoding in any order.
pub struct Index<'a> {
    steps: Steps<'a>,
    size: Size,
    starts: Vec<RowStart>,
    /// The number of rows: of a truncated picture, those that are present.
    pub rows: u32,
}

/// The largest number of rows that are recorded.
pub fn most_rows(size: Size, data: &[u8]) -> usize {
    (size.height as usize).min(data.len() / 2 + 1)
}

/// Indexes the rows in one pass over the data.
pub fn index(packing: Packing, size: Size, data: &[u8]) -> Index<'_> {
    let steps = Steps { data, at: 0, packing };
    let mut starts = Vec::with_capacity(most_rows(size, data));
    starts.push(RowStart { row: 0, column: 0, at: 0 });
    let (mut row, mut column, mut ended) = (0u32, 0u32, false);
    let mut walk = steps;
    while row < size.height && !ended {
        let Some(step) = walk.next() else { break };
        let before = row;
        match step {
            Step::Run { count, .. } | Step::Literal { count, .. } => column = column.saturating_add(count as u32),
            Step::Move { columns, rows } => {
                column = column.saturating_add(columns);
                row = row.saturating_add(rows);
            }
            Step::Line => (row, column) = (row + 1, 0),
            Step::End => ended = true,
        }
        if row > before && row < size.height {
            starts.push(RowStart { row, column, at: walk.at });
        }
    }
    // The end marker may be missing if nothing else is.
    let whole = ended || row >= size.height || (row + 1 == size.height && column >= size.width);
    Index { steps, size, starts, rows: if whole { size.height } else { row } }
}

impl Index<'_> {
    /// The bytes of an unpacked row.
    pub fn row_length(&self) -> usize {
        self.size.width as usize * if self.steps.packing == Packing::Rle24 { 3 } else { 1 }
    }

    /// Unpacks a stored row: one index per byte, or blue, green and red. `gaps` receives the
    /// skipped columns.
    pub fn row(&self, row: u32, out: &mut [u8], gaps: &mut Vec<Range<usize>>) {
        gaps.clear();
        let width = self.size.width as usize;
        let Ok(found) = self.starts.binary_search_by_key(&row, |start| start.row) else {
            gaps.push(0..width);
            return;
        };
        let start = &self.starts[found];
        let mut column = start.column as usize;
        gaps.push(0..column.min(width));
        for step in (Steps { at: start.at, ..self.steps }) {
            match step {
                Step::Run { count, at } => column = self.run(out, column, count, at),
                Step::Literal { count, at } => column = self.literal(out, column, count, at),
                Step::Move { columns, rows: 0 } => {
                    let to = column + columns as usize;
                    gaps.push(column.min(width)..to.min(width));
                    column = to;
                }
                Step::Move { .. } | Step::Line | Step::End => break,
            }
        }
        gaps.push(column.min(width)..width);
    }

    /// The part of `out` for this many pixels, clipped to the row.
    fn part<'o>(&self, out: &'o mut [u8], column: usize, count: usize) -> &'o mut [u8] {
        let pixel = if self.steps.packing == Packing::Rle24 { 3 } else { 1 };
        let from = (column * pixel).min(out.len());
        let to = ((column + count) * pixel).min(out.len());
        &mut out[from..to]
    }

    fn run(&self, out: &mut [u8], column: usize, count: usize, at: usize) -> usize {
        let part = self.part(out, column, count);
        let value = self.steps.data[at];
        match self.steps.packing {
            Packing::Rle4 => {
                for (i, index) in part.iter_mut().enumerate() {
                    *index = if i % 2 == 0 { value >> 4 } else { value & 15 };
                }
            }
            Packing::Rle24 => part.chunks_exact_mut(3).for_each(|p| p.copy_from_slice(&self.steps.data[at..at + 3])),
            _ => part.fill(value),
        }
        column + count
    }

    fn literal(&self, out: &mut [u8], column: usize, count: usize, at: usize) -> usize {
        let part = self.part(out, column, count);
        let stored = &self.steps.data[at..];
        match self.steps.packing {
            Packing::Rle4 => {
                for (i, index) in part.iter_mut().enumerate() {
                    *index = if i % 2 == 0 { stored[i / 2] >> 4 } else { stored[i / 2] & 15 };
                }
            }
            _ => {
                let length = part.len();
                part.copy_from_slice(&stored[..length]);
            }
        }
        column + count
    }
}
