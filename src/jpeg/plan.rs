//! Chooses how much of each block to decode for a wanted size.

use super::frame::{Component, Frame};
use super::header::Header;
use super::idct::last_index;

/// How a picture will be decoded. Made by [`Header::plan`] or [`Header::full`].
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Width of the picture that [`super::decode`] gives: ceil(W n / 8), as in libjpeg.
    pub width: u32,
    /// Height of the picture that [`super::decode`] gives.
    pub height: u32,
    /// 8 / n: full-size pixels to a decoded one, per side.
    pub shrink: f64,
    /// Upper bound of the bytes that [`super::decode_planes`] allocates, planes included. [`super::decode`] adds
    /// width x height x channels.
    pub memory: u64,
    /// Samples of each block side, per component.
    pub(super) sizes: Vec<u8>,
    /// Decode refinement scans of AC coefficients.
    pub(super) refine: bool,
}

/// Decoded samples per final one that luma and chroma must leave to the final resize.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Headroom {
    pub luma: f64,
    pub chroma: f64,
    pub refine: bool,
}

impl Default for Headroom {
    fn default() -> Self {
        Headroom { luma: 1.9, chroma: 1.0, refine: false }
    }
}

/// Bytes prepared at a time in each scan.
pub(super) fn window(scans: usize) -> usize {
    if scans <= 2 { 32 << 10 } else { 8 << 10 }
}

/// Width and height of a component's plane at `n` samples a block side, before rounding up.
pub(super) fn extent(frame: &Frame, c: &Component, n: u8) -> (f64, f64) {
    let side = |full: u32, factor: u8, max: u32| f64::from(full) * f64::from(factor) * f64::from(n) / f64::from(8 * max);
    (side(frame.width, c.h, frame.h_max()), side(frame.height, c.v, frame.v_max()))
}

/// Width and height of a component's plane at `n` samples a block side.
pub(super) fn plane_size(frame: &Frame, c: &Component, n: u8) -> (u32, u32) {
    let side = |full: u32, factor: u8, max: u32| (full * u32::from(factor) * u32::from(n)).div_ceil(8 * max);
    (side(frame.width, c.h, frame.h_max()), side(frame.height, c.v, frame.v_max()))
}

impl Header {
    /// The cheapest plan whose picture, resized to `need` (width and height that the whole stored picture will have after the
    /// final resize, fractions allowed), shows what a full decode would.
    pub fn plan(&self, need: (f64, f64)) -> Plan {
        self.plan_with(need, Headroom::default())
    }

    /// Everything at full size.
    pub fn full(&self) -> Plan {
        self.plan_with((f64::from(self.width), f64::from(self.height)), Headroom { luma: 1.0, chroma: 1.0, refine: true })
    }

    #[doc(hidden)]
    pub fn plan_with(&self, need: (f64, f64), headroom: Headroom) -> Plan {
        let frame = &self.frame;
        let positive = |need: f64| if need >= 1.0 { need } else { 1.0 };
        let ratio = (f64::from(self.width) / positive(need.0)).min(f64::from(self.height) / positive(need.1));
        let size = |headroom: f64, c: &Component| {
            let density = (f64::from(c.h) / f64::from(frame.h_max())).min(f64::from(c.v) / f64::from(frame.v_max()));
            let wanted = 8.0 * headroom / (ratio * density);
            (wanted - 1e-9).ceil().clamp(1.0, 8.0) as u8
        };
        let chroma = |i: usize| (1..=2).contains(&i) && self.components.len() >= 3 && self.color != super::ColorSpace::Rgb;
        let sizes: Vec<u8> = self
            .components
            .iter()
            .enumerate()
            .map(|(i, c)| size(if chroma(i) { headroom.chroma } else { headroom.luma }, c))
            .collect();
        let n = sizes.iter().zip(&self.components).filter(|(_, c)| u32::from(c.h) == frame.h_max()).map(|(&n, _)| n).max();
        let n = n.unwrap_or(8);
        let scaled = |full: u32| (full * u32::from(n)).div_ceil(8);
        let mut plan = Plan {
            width: scaled(self.width),
            height: scaled(self.height),
            shrink: 8.0 / f64::from(n),
            memory: 0,
            sizes,
            refine: headroom.refine,
        };
        plan.memory = plan.bytes(frame);
        plan
    }
}

impl Plan {
    fn bytes(&self, frame: &Frame) -> u64 {
        let per_component = frame.components.iter().zip(&self.sizes).map(|(c, &n)| {
            let (width, height) = plane_size(frame, c, n);
            let blocks = u64::from(frame.mcus_x()) * u64::from(c.h);
            let row = blocks * u64::from(c.v) * (2 * kept(n) as u64 + 8);
            u64::from(width) * u64::from(height) + row + blocks * u64::from(n) * u64::from(n)
        });
        // Scan records, windows and tables of a long script.
        per_component.sum::<u64>() + (4 << 20)
    }
}

/// Coefficients of a block that are kept for n x n samples.
pub(super) fn kept(n: u8) -> usize {
    last_index(n.into()) as usize + 1
}

/// Sharpening that n x n samples of a block want; see [`super::Plane::sharpen`].
pub(super) fn sharpen(n: u8) -> f64 {
    let table = std::env::var("SHARPEN").unwrap_or_default();
    let table: Vec<f64> = table.split(',').filter_map(|v| v.parse().ok()).collect();
    table.get(usize::from(n) - 1).copied().unwrap_or(0.0)
}
