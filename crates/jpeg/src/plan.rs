//! Chooses how much of each block to decode for a wanted size.

use super::frame::{Component, Frame, Kind};
use super::header::Header;
use super::idct::last_index;

/// How a picture will be decoded. Made by [`Header::plan`] or [`Header::full`].
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Width of the picture that [`super::decode`] gives: ceil(W n / 8), as in libjpeg.
    pub width: u32,
    /// Height of the picture that [`super::decode`] gives.
    pub height: u32,
    /// Of that width and height, what the picture covers: W n / 8 and H n / 8 before rounding up. Crop to it in a resize, so that
    /// nothing shifts.
    pub extent: (f64, f64),
    /// 8 / n: full-size pixels to a decoded one, per side.
    pub shrink: f64,
    /// Upper bound of the bytes that [`super::decode_planes`] allocates, planes included. [`super::decode`] adds
    /// width x height x channels.
    pub memory: u64,
    /// Samples of each block side, per component.
    pub(super) sizes: Vec<u8>,
    /// Bits of AC coefficients may stay missing in progressive pictures while they are worth no more than this.
    pub(super) tolerance: f64,
}

/// What a plan must leave to the final resize.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Headroom {
    /// Decoded luma samples for each final one, per side, at n = 1.
    pub single: f64,
    /// The same at larger n.
    pub luma: f64,
    /// The same for chroma.
    pub chroma: f64,
    /// Most that missing bits of a luma coefficient may be worth, in dequantised units.
    pub tolerance: f64,
}

impl Headroom {
    /// The least that keeps SSIMULACRA2 against a full decode where it belongs (mean 95 at 256 px, 94 at 800 px, with a 5th
    /// percentile of 92 and 90). Block means alone do with less, since the resize sharpens them. In progressive pictures most
    /// scans must be parsed whole anyway, so that more samples cost little.
    fn of(header: &Header) -> Headroom {
        let progressive = header.kind == Kind::Progressive;
        Headroom { single: 1.4, luma: if progressive { 1.65 } else { 1.5 }, chroma: 1.2, tolerance: 4.0 }
    }
}

/// Width and height of a component's plane at `n` samples a block side, before rounding up.
pub(super) fn extent(frame: &Frame, c: &Component, n: u8) -> (f64, f64) {
    let side =
        |full: u32, factor: u8, max: u32| f64::from(full) * f64::from(factor) * f64::from(n) / f64::from(8 * max);
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
        self.plan_shared(need, 1.0)
    }

    /// The same for a picture that will be stored as YCbCr again, with chroma for a `share` of its columns and rows alone.
    pub fn plan_shared(&self, need: (f64, f64), share: f64) -> Plan {
        let mut headroom = Headroom::of(self);
        if self.color == super::ColorSpace::YCbCr {
            headroom.chroma *= share;
        }
        self.plan_with(need, headroom)
    }

    /// Everything at full size.
    pub fn full(&self) -> Plan {
        self.plan_with(
            (f64::from(self.width), f64::from(self.height)),
            Headroom { single: 8.0, luma: 1.0, chroma: 1.0, tolerance: 0.0 },
        )
    }

    /// The same n for every component, without regard to quality: 8 / n is the shrink.
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
        // A resize to a quarter and less averages errors out.
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
        // Scan records, windows and tables of the longest script taken.
        per_component.sum::<u64>() + (6 << 20)
    }
}

/// Coefficients of a block that are kept for n x n samples.
pub(super) fn kept(n: u8) -> usize {
    last_index(n.into()) as usize + 1
}

/// Sharpening that n x n samples of a block want; see [`super::Plane::sharpen`]. A block's mean falls off as sinc(f) does, to which
/// 1/24 is the answer at low frequencies.
pub(super) fn sharpen(n: u8) -> f64 {
    match n {
        1 => 0.04,
        2 => 0.02,
        _ => 0.0,
    }
}
