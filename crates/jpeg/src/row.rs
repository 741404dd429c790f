//! The coefficients between entropy decoding and the transform.

/// Blocks that are transformed side by side, one to a lane.
pub(super) const LANES: usize = 8;

/// The coefficients of one component in one row of interleaved MCUs, not dequantised: first all
/// DCs, then all coefficients of zigzag index 1, and so on, so that the transform can process many
/// blocks at a time.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The distance from a coefficient to the next of the same block.
    pub pitch: usize,
    /// The distance from a row of blocks to the next, a multiple of [`LANES`].
    pub stride: usize,
    pub coefficients: Vec<i16>,
    /// A bit for each nonzero coefficient. Kept only for bands that are refined.
    pub masks: Vec<u64>,
    /// For each group of [`LANES`] places, a number of coefficients behind which all are zero.
    counts: Vec<u8>,
}

/// The places that a row of `blocks` takes.
pub(super) fn stride(blocks: usize) -> usize {
    blocks.next_multiple_of(LANES)
}

impl Row {
    /// Allocates `count` coefficients for each block in `lines` rows of `blocks`.
    pub fn new(count: usize, blocks: usize, lines: usize) -> Row {
        let stride = stride(blocks);
        let pitch = stride * lines + LANES;
        Row {
            pitch,
            stride,
            coefficients: vec![0; count * pitch],
            masks: vec![0; stride * lines],
            counts: vec![0; pitch / LANES],
        }
    }

    pub fn clear(&mut self) {
        let (cells, _) = self.coefficients.as_chunks_mut::<LANES>();
        for (group, count) in self.counts.iter_mut().enumerate() {
            let count = std::mem::take(count).into();
            for cells in cells.iter_mut().skip(group).step_by(self.pitch / LANES).take(count) {
                *cells = [0; LANES];
            }
        }
        self.masks.fill(0);
    }

    /// Notes that the block at `place` has up to `count` coefficients.
    #[inline(always)]
    pub fn extend(&mut self, place: usize, count: u32) {
        if let Some(known) = self.counts.get_mut(place / LANES) {
            *known = (*known).max(count as u8);
        }
    }

    /// Notes that any block has up to `count` coefficients.
    pub fn extend_all(&mut self, count: u32) {
        self.counts.iter_mut().for_each(|known| *known = (*known).max(count as u8));
    }

    /// The number of coefficients that the blocks of a group have, at most.
    #[inline(always)]
    pub fn count(&self, group: usize) -> usize {
        self.counts.get(group).copied().unwrap_or(0).into()
    }

    pub fn block(&mut self, place: usize) -> Block<'_> {
        Block { coefficients: self.coefficients.get_mut(place..).unwrap_or_default(), pitch: self.pitch }
    }
}

/// The coefficients of one block in a [`Row`].
pub(super) struct Block<'r> {
    coefficients: &'r mut [i16],
    pitch: usize,
}

impl Block<'_> {
    /// The coefficient of zigzag index `k`, if it is kept.
    #[inline(always)]
    pub fn get(&mut self, k: u32) -> Option<&mut i16> {
        self.coefficients.get_mut(k as usize * self.pitch)
    }

    /// Sets the coefficient of zigzag index `k`, if it is kept.
    #[inline(always)]
    pub fn set(&mut self, k: u32, value: i32) {
        if let Some(coefficient) = self.get(k) {
            *coefficient = value as i16;
        }
    }
}
