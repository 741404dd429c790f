//! Coefficients as scans leave them and the transform takes them.

use super::idct::LANES;

/// Coefficients of one component in one row of interleaved MCUs, not dequantised: all DCs first, then all coefficients of zigzag
/// index 1, and so on, so that the transform can take many blocks at a time.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Places from a coefficient to the next of the same block.
    pub pitch: usize,
    /// Blocks from one row of blocks to the next.
    pub blocks: usize,
    pub coefficients: Vec<i16>,
    /// Which coefficients are nonzero, a bit each; kept only for bands that are refined.
    pub masks: Vec<u64>,
}

impl Row {
    /// Room for `count` coefficients of each block in `lines` rows of `blocks`.
    pub fn new(count: usize, blocks: usize, lines: usize) -> Row {
        let pitch = (blocks * lines).next_multiple_of(LANES) + LANES;
        Row { pitch, blocks, coefficients: vec![0; count * pitch], masks: vec![0; blocks * lines] }
    }

    pub fn clear(&mut self) {
        self.coefficients.fill(0);
        self.masks.fill(0);
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
    /// The coefficient of zigzag index `k`, where it is kept.
    #[inline(always)]
    pub fn get(&mut self, k: u32) -> Option<&mut i16> {
        self.coefficients.get_mut(k as usize * self.pitch)
    }

    /// Sets the coefficient of zigzag index `k`, where it is kept.
    #[inline(always)]
    pub fn set(&mut self, k: u32, value: i32) {
        if let Some(coefficient) = self.get(k) {
            *coefficient = value as i16;
        }
    }
}
