//! Transformed blocks that are kept whole, for what looks at them more than once.

use super::super::idct::ZIGZAG;
use super::super::simd::{Vectors, WithVectors};
use super::blocks::load;
use super::quantize::TO_INTEGER;
use super::transform::{self, Aligned, COUNT, Coefficients, LANES, Sample};

/// Parts that a unit of a coefficient is kept in: finer than any step, and the largest coefficient still fits 16 bits.
pub(super) const PARTS: f32 = 16.0;

/// The coefficients of one component, row by row of blocks.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// Blocks in a row.
    pub columns: usize,
    /// In zigzag order, in [`PARTS`].
    blocks: Vec<[i16; 64]>,
}

impl Kept {
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { columns, blocks: Vec::with_capacity(columns * rows) }
    }

    /// The blocks row by row.
    pub fn blocks(&self) -> &[[i16; 64]] {
        &self.blocks
    }
}

/// One over a quantisation step for what is kept, in zigzag order.
pub(super) fn reciprocals(table: &super::tables::Table) -> [f32; 64] {
    ZIGZAG.map(|natural| 1.0 / (PARTS * f32::from(table.0[usize::from(natural)])))
}

/// What a row of blocks is made in.
pub(super) struct Work {
    coefficients: Coefficients,
    /// Of each coefficient in zigzag order, what makes it [`PARTS`].
    scale: [f32; 64],
}

impl Work {
    pub fn new() -> Self {
        let scale = |natural: u8| (f64::from(PARTS) / (8.0 * transform::scale(natural.into()))) as f32;
        Self { coefficients: Aligned([0.0; COUNT]), scale: ZIGZAG.map(scale) }
    }
}

/// Transforms a row of blocks, and adds it.
pub(super) struct KeepRow<'a, S> {
    pub kept: &'a mut Kept,
    /// As in [`super::blocks::PushRow`].
    pub lines: [&'a [S]; 8],
    pub work: &'a mut Work,
}

impl<S: Sample> WithVectors for KeepRow<'_, S> {
    #[inline(always)]
    fn run<V: Vectors>(self, vectors: V) {
        let Self { kept, lines, work } = self;
        for x in (0..kept.columns).step_by(LANES) {
            transform::forward(vectors, &load(lines, x * 8), &mut work.coefficients);
            let (coefficients, _) = work.coefficients.0.as_chunks::<LANES>();
            let mut blocks = [[0; 64]; LANES];
            for (k, &natural) in ZIGZAG.iter().enumerate() {
                for (block, value) in blocks.iter_mut().zip(coefficients[usize::from(natural) & 63]) {
                    block[k] = (value * work.scale[k] + TO_INTEGER).to_bits() as i16;
                }
            }
            kept.blocks.extend_from_slice(&blocks[..LANES.min(kept.columns - x)]);
        }
    }
}
