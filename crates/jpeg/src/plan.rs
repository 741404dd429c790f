//! Chooses how much of each block to decode for a wanted size.

use super::frame::{Component, Frame, Kind};
use super::header::Header;
use super::idct::last_index;

/// How a picture will be decoded. Made by [`Header::plan`] or [`Header::full`].
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Width of the picture that [`super::decode`] returns: ceil(W n / 8), as in libjpeg.
    pub width: u32,
    /// Height of the picture that [`super::decode`] returns.
    pub height: u32,
    /// The width and height that the picture covers: W n / 8 and H n / 8 before rounding up. Crop
    /// to this extent in a resize to avoid a shift.
    pub extent: (f64, f64),
    /// 8 / n: full-size pixels per decoded pixel, on each side.
    pub shrink: f64,
    /// Upper bound of the memory that [`super::decode_planes`] takes, in bytes, including planes.
    /// [`super::decode`] adds width x height x channels.
    pub memory: u64,
    /// Samples per block side, for each component.
    pub(super) sizes: Vec<u8>,
    /// In progressive pictures, AC bits worth no more than this may be omitted.
    pub(super) tolerance: f64,
}

/// The margin that a plan leaves to the final resize.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Headroom {
    /// Decoded luma samples per final one, on each side, at n = 1.
    pub single: f64,
    /// The same for larger n.
    pub luma: f64,
    /// The same for chroma.
    pub chroma: f64,
    /// The largest value of omitted bits of a luma coefficient, in dequantised units.
    pub tolerance: f64,
}

impl Headroom {
    /// The smallest margin that keeps the SSIMULACRA2 score against a full decode at the required
    /// level (mean 95 at 256 px and 94 at 800 px, 5th percentile 92 and 90). Block means alone need
    /// less, because the resize sharpens them. In progressive pictures most scans must be parsed
    /// completely anyway, so that more samples cost little.
    fn of(header: &Header) -> Headroom {
        let progressive = header.kind == Kind::Progressive;
        Headroom { single: 1.4, luma: if progressive { 1.65 } else { 1.5 }, chroma: 1.2, tolerance: 4.0 }
    }
}

/// Width and height of a component's plane at `n` samples per block side, before rounding up.
pub(super) fn extent(frame: &Frame, c: &Component, n: u8) -> (f64, f64) {
    let side =
        |full: u32, factor: u8, max: u32| f64::from(full) * f64::from(factor) * f64::from(n) / f64::from(8 * max);
    (side(frame.width, c.h, frame.h_max()), side(frame.height, c.v, frame.v_max()))
}

/// Width and height of a component's plane at `n` samples per block side.
pub(super) fn plane_size(frame: &Frame, c: &Component, n: u8) -> (u32, u32) {
    let side = |full: u32, factor: u8, max: u32| (full * u32::from(factor) * u32::from(n)).div_ceil(8 * max);
    (side(frame.width, c.h, frame.h_max()), side(frame.height, c.v, frame.v_max()))
}

impl Header {
    /// The cheapest plan that shows what a full decode would, after a resize to `need`: the width
    /// and height of the whole stored picture after the resize, possibly fractional.
    pub fn plan(&self, need: (f64, f64)) -> Plan {
        self.plan_shared(need, 1.0)
    }

    /// Like [`Header::plan`], for a picture that will be stored as YCbCr with chroma for only a
    /// `share` of its columns and rows.
    pub fn plan_shared(&self, need: (f64, f64), share: f64) -> Plan {
        let mut headroom = Headroom::of(self);
        if self.color == super::ColorSpace::YCbCr {
            headroom.chroma *= share;
        }
        self.plan_with(need, headroom)
    }

    /// The full size, without any loss.
    pub fn full(&self) -> Plan {
        self.plan_with(
            (f64::from(self.width), f64::from(self.height)),
            Headroom { single: 8.0, luma: 1.0, chroma: 1.0, tolerance: 0.0 },
        )
    }

    /// The same n for every component, regardless of quality. 8 / n is the shrink.
    pub fn plan_at(&self, n: u8) -> Plan {
        self.plan_of(vec![n.clamp(1, 8); self.components.len()], 0.0)
    }

    #[doc(hidden)]
    pub fn plan_with(&self, need: (f64, f64), headroom: Headroom) -> Plan {
        let frame = &self.frame;
        let positive = |need: f64| if need >= 1.0 { need } else { 1.0 };
        let ratio = (f64::from(self.width) / positive(need.0)).min(f64::from(self.height) / positive(need.1));
        let size = |headroom: f64, c: &Component| {
            let density = (f64::from(c.h) / f64::from(frame.h_max())).min(f64::from(c.v) / f64::from(frame.v_max()));
            8.0 * headroom / (ratio * density) - 1e-9
        };
        let chroma =
            |i: usize| (1..=2).contains(&i) && self.components.len() >= 3 && self.color != super::ColorSpace::Rgb;
        let sizes: Vec<u8> = self
            .components
            .iter()
            .enumerate()
            .map(|(i, c)| {
                let (single, more) =
                    if chroma(i) { (headroom.chroma, headroom.chroma) } else { (headroom.single, headroom.luma) };
                let least = if size(single, c) <= 1.0 { 1.0 } else { 2.0 };
                size(more, c).ceil().clamp(least, 8.0) as u8
            })
            .collect();
        // A resize to a quarter or less averages errors out.
        let coarse = sizes.first().is_some_and(|&n| n <= 2);
        self.plan_of(sizes, if coarse { 6.0 } else { 1.0 } * headroom.tolerance)
    }

    fn plan_of(&self, sizes: Vec<u8>, tolerance: f64) -> Plan {
        let frame = &self.frame;
        let n =
            sizes.iter().zip(&self.components).filter(|(_, c)| u32::from(c.h) == frame.h_max()).map(|(&n, _)| n).max();
        let n = n.unwrap_or(8);
        let scaled = |full: u32| (full * u32::from(n)).div_ceil(8);
        let mut plan = Plan {
            width: scaled(self.width),
            height: scaled(self.height),
            extent: (f64::from(self.width) * f64::from(n) / 8.0, f64::from(self.height) * f64::from(n) / 8.0),
            shrink: 8.0 / f64::from(n),
            memory: 0,
            sizes,
            tolerance,
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
        // Scan records, windows and tables of the longest accepted script.
        per_component.sum::<u64>() + (6 << 20)
    }
}

/// The number of coefficients per block that n x n samples need.
pub(super) fn kept(n: u8) -> usize {
    last_index(n.into()) as usize + 1
}

/// The sharpening for n x n samples per block, see [`super::Plane::sharpen`]. The mean of a block
/// attenuates frequencies as sinc(f), which 1/24 compensates at low frequencies.
pub(super) fn sharpen(n: u8) -> f64 {
    match n {
        1 => 0.04,
        2 => 0.02,
        _ => 0.0,
    }
}
