//! Plans the geometry: from the size of an upright picture and a constraint to a crop, a resized
//! size and a canvas. Pure arithmetic; `place` runs once, from the header.

use std::fmt;
use std::str::FromStr;

use crate::orientation::Orientation;
use crate::size::{Region, Size};

/// A requested size, as on the command line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SizeSpec {
    /// A box. If one side is free, it follows from the aspect ratio. At least one side is given.
    Box {
        /// Width in pixels, or free.
        width: Option<u32>,
        /// Height in pixels, or free.
        height: Option<u32>,
    },
    /// A fraction of the picture's own size; 0.5 is half.
    Scale(f64),
    /// The picture's own size.
    Original,
}

impl Default for SizeSpec {
    /// 800x600.
    fn default() -> Self {
        Self::Box { width: Some(800), height: Some(600) }
    }
}

/// A size that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a size: write 800x600, 256, 800x, x600, 50% or original")]
pub struct SizeSpecError(String);

impl FromStr for SizeSpec {
    type Err = SizeSpecError;

    fn from_str(text: &str) -> Result<Self, SizeSpecError> {
        let wrong = || SizeSpecError(text.to_owned());
        let side = |s: &str| -> Result<u32, SizeSpecError> {
            let digits = !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
            s.parse().ok().filter(|&n| digits && n > 0).ok_or_else(wrong)
        };
        if text.eq_ignore_ascii_case("original") {
            return Ok(Self::Original);
        }
        if let Some(percent) = text.strip_suffix('%') {
            let plain = !percent.is_empty() && percent.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            let value: f64 = percent.parse().map_err(|_| wrong())?;
            return if plain && value > 0.0 && value <= 100_000.0 {
                Ok(Self::Scale(value / 100.0))
            } else {
                Err(wrong())
            };
        }
        match text.split_once(['x', 'X']) {
            None => side(text).map(|n| Self::Box { width: Some(n), height: Some(n) }),
            Some(("", h)) => Ok(Self::Box { width: None, height: Some(side(h)?) }),
            Some((w, "")) => Ok(Self::Box { width: Some(side(w)?), height: None }),
            Some((w, h)) => Ok(Self::Box { width: Some(side(w)?), height: Some(side(h)?) }),
        }
    }
}

impl fmt::Display for SizeSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Box { width, height } => {
                let side = |s: &Option<u32>| s.map(|n| n.to_string()).unwrap_or_default();
                write!(f, "{}x{}", side(width), side(height))
            }
            Self::Scale(scale) => write!(f, "{}%", scale * 100.0),
            Self::Original => f.write_str("original"),
        }
    }
}

/// How a picture is fitted to a box with another aspect ratio. The words are those of CSS and
/// sharp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fit {
    /// As large as fits inside the box. Part of the box may stay empty.
    #[default]
    Inside,
    /// Fills the box and crops the excess.
    Cover,
    /// Like `Inside`, then padded to the box.
    Contain,
    /// Stretched to the box.
    Fill,
    /// As small as covers the box, without cropping.
    Outside,
}

/// Which part of the upright picture a crop keeps, or where the picture is placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Gravity {
    #[default]
    Center,
    North,
    NorthEast,
    East,
    SouthEast,
    South,
    SouthWest,
    West,
    NorthWest,
}

impl Gravity {
    /// The fraction of the free space to the left and above: 0, 1/2 or 1.
    pub(crate) fn shares(self) -> (f64, f64) {
        let x = match self {
            Self::West | Self::NorthWest | Self::SouthWest => 0.0,
            Self::East | Self::NorthEast | Self::SouthEast => 1.0,
            _ => 0.5,
        };
        let y = match self {
            Self::North | Self::NorthWest | Self::NorthEast => 0.0,
            Self::South | Self::SouthWest | Self::SouthEast => 1.0,
            _ => 0.5,
        };
        (x, y)
    }
}

/// The constraint on every picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constraint {
    /// The size.
    pub size: SizeSpec,
    /// How the picture is fitted to it.
    pub fit: Fit,
    /// Which part a crop keeps, or where the picture is placed.
    pub gravity: Gravity,
    /// Whether the picture may be enlarged.
    pub enlarge: bool,
}

/// The geometry of one output: crop, resize, then place on a canvas. Everything is in coordinates
/// of the upright, full-size picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// The part that is shown.
    pub crop: Region,
    /// The size to which the crop is resized.
    pub resized: Size,
    /// The size of the output. Larger than `resized` only if bars are added.
    pub canvas: Size,
    /// The position of the resized picture's upper left corner on the canvas.
    pub offset: (u32, u32),
}

impl Placement {
    /// The size that the whole picture, of size `oriented`, has at this scale.
    pub fn whole(&self, oriented: Size) -> (f64, f64) {
        (
            f64::from(self.resized.width) * f64::from(oriented.width) / self.crop.width,
            f64::from(self.resized.height) * f64::from(oriented.height) / self.crop.height,
        )
    }

    /// The crop and the resized size in coordinates of the stored picture.
    pub fn stored(&self, orientation: Orientation, stored: Size) -> (Region, Size) {
        // Swapping sides is its own inverse.
        (orientation.stored_region(stored, self.crop), orientation.apply(self.resized))
    }
}

/// `a * b / c`, rounded half up, at least 1.
fn muldiv(a: u32, b: u32, c: u32) -> u32 {
    // The product of two 32-bit sides, doubled, does not fit 64 bits.
    let (a, b, c) = (u128::from(a), u128::from(b), u128::from(c));
    ((2 * a * b + c) / (2 * c)).clamp(1, u128::from(u32::MAX)) as u32
}

/// The size at this width with the aspect ratio of `picture`. Exact arithmetic makes halves round
/// up.
fn at_width(picture: Size, width: u32) -> Size {
    Size::new(width, muldiv(picture.height, width, picture.width))
}

fn at_height(picture: Size, height: u32) -> Size {
    Size::new(muldiv(picture.width, height, picture.height), height)
}

/// Whether the box's aspect ratio is at least that of the picture.
fn wider(boxed: Size, picture: Size) -> bool {
    u64::from(boxed.width) * u64::from(picture.height) >= u64::from(boxed.height) * u64::from(picture.width)
}

fn inside(picture: Size, boxed: Size) -> Size {
    if wider(boxed, picture) { at_height(picture, boxed.height) } else { at_width(picture, boxed.width) }
}

fn outside(picture: Size, boxed: Size) -> Size {
    if wider(boxed, picture) { at_width(picture, boxed.width) } else { at_height(picture, boxed.height) }
}

/// Plans the placement of an upright picture of size `oriented`.
pub fn place(oriented: Size, constraint: &Constraint) -> Placement {
    let limit = |size: Size| {
        let grows = size.width > oriented.width || size.height > oriented.height;
        if grows && !constraint.enlarge { oriented } else { size }
    };
    let boxed = match constraint.size {
        SizeSpec::Original => return plain(oriented, oriented),
        SizeSpec::Scale(scale) => {
            let side = |n: u32| ((f64::from(n) * scale + 0.5).floor()).clamp(1.0, f64::from(u32::MAX)) as u32;
            return plain(oriented, limit(Size::new(side(oriented.width), side(oriented.height))));
        }
        // With a free side there is no box to crop, pad or stretch to.
        SizeSpec::Box { width: Some(width), height: None } => return plain(oriented, limit(at_width(oriented, width))),
        SizeSpec::Box { width: None, height: Some(height) } => {
            return plain(oriented, limit(at_height(oriented, height)));
        }
        SizeSpec::Box { width: None, height: None } => return plain(oriented, oriented),
        SizeSpec::Box { width: Some(width), height: Some(height) } => Size::new(width, height),
    };
    match constraint.fit {
        Fit::Inside => plain(oriented, limit(inside(oriented, boxed))),
        Fit::Outside => plain(oriented, limit(outside(oriented, boxed))),
        Fit::Fill if constraint.enlarge => plain(oriented, boxed),
        Fit::Fill => plain(oriented, Size::new(boxed.width.min(oriented.width), boxed.height.min(oriented.height))),
        Fit::Contain => {
            let resized = limit(inside(oriented, boxed));
            let (sx, sy) = constraint.gravity.shares();
            let free = |all: u32, part: u32, share: f64| (f64::from(all - part) * share).floor() as u32;
            let offset = (free(boxed.width, resized.width, sx), free(boxed.height, resized.height, sy));
            Placement { crop: Region::whole(oriented), resized, canvas: boxed, offset }
        }
        Fit::Cover => cover(oriented, boxed, constraint),
    }
}

fn plain(oriented: Size, resized: Size) -> Placement {
    Placement { crop: Region::whole(oriented), resized, canvas: resized, offset: (0, 0) }
}

fn cover(oriented: Size, boxed: Size, constraint: &Constraint) -> Placement {
    let fits = boxed.width <= oriented.width && boxed.height <= oriented.height;
    let (sx, sy) = constraint.gravity.shares();
    if fits || constraint.enlarge {
        // The largest part with the box's aspect ratio. One side is the picture's own.
        let (w, h) = (f64::from(oriented.width), f64::from(oriented.height));
        let shape = f64::from(boxed.width) / f64::from(boxed.height);
        let (width, height) = if wider(boxed, oriented) { (w, (w / shape).min(h)) } else { ((h * shape).min(w), h) };
        let crop = Region { x: (w - width) * sx, y: (h - height) * sy, width, height };
        return Placement { crop, resized: boxed, canvas: boxed, offset: (0, 0) };
    }
    // Without enlarging: the largest size with the box's aspect ratio that fits in the picture,
    // pixels unchanged.
    let size = inside(boxed, oriented);
    let size = Size::new(size.width.min(oriented.width), size.height.min(oriented.height));
    let at = |all: u32, part: u32, share: f64| (f64::from(all - part) * share).floor();
    let crop = Region {
        x: at(oriented.width, size.width, sx),
        y: at(oriented.height, size.height, sy),
        width: f64::from(size.width),
        height: f64::from(size.height),
    };
    Placement { crop, resized: size, canvas: size, offset: (0, 0) }
}

#[cfg(test)]
#[path = "geometry_tests.rs"]
mod tests;
