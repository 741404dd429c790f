//! Decoded component planes, and the picture that they make.

use super::color;
use super::error::Error;
use super::frame::ColorSpace;
use super::plane::Plane;
use super::simd;
use super::upsample::Halves;

/// The component planes of a picture, each at its own size.
///
/// To make a thumbnail, call [`Planes::resize`] and then [`Planes::into_image`]: colours are
/// converted at the final size only. To use another resizer, resize each plane (cropped to its
/// extent) to the final size and pass the results to [`Planes::with_planes`].
#[derive(Debug, Clone, PartialEq)]
pub struct Planes {
    /// The planes in the order of the frame, for example Y, Cb, Cr.
    pub planes: Vec<Plane>,
    /// The meaning of the planes.
    pub color: ColorSpace,
    /// Whether CMYK samples are inverted, as Adobe stores them.
    pub inverted: bool,
    /// What was filled in because the data is damaged. Only with `allow_truncated`.
    pub damage: Option<Damage>,
    /// Whether every MCU is present, but no end-of-image marker follows.
    pub lacks_end: bool,
    /// The size of the whole picture in full-size pixels.
    pub(super) full: (f64, f64),
    /// The size of the largest plane.
    pub(super) size: (u32, u32),
}

/// A decoded picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Pixels per line. Lines are contiguous.
    pub width: u32,
    /// The number of lines.
    pub height: u32,
    /// 1 grey, 3 RGB, 4 CMYK where 0 is no ink (Adobe's inversion is undone).
    pub channels: u8,
    /// width x height x channels bytes.
    pub data: Vec<u8>,
    /// What was filled in because the data is damaged. Only with `allow_truncated`.
    pub damage: Option<Damage>,
    /// Whether every MCU is present, but no end-of-image marker follows.
    pub lacks_end: bool,
}

/// Damage that was tolerated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The first error.
    pub error: Error,
    /// Intact lines of the full-size picture above the damage. Lines below may be grey or coarse.
    pub whole_lines: u32,
}

impl Planes {
    /// Replaces the samples of all planes by `data`, with one size for all planes.
    ///
    /// # Panics
    /// If the number of planes differs, or the data of a plane is not width x height bytes.
    pub fn with_planes(&self, width: u32, height: u32, data: Vec<Vec<u8>>) -> Planes {
        assert_eq!(data.len(), self.planes.len());
        let planes = data.into_iter().map(|data| {
            assert_eq!(data.len(), width as usize * height as usize);
            Plane { width, height, extent: (f64::from(width), f64::from(height)), sharpen: 0.0, data }
        });
        Planes {
            planes: planes.collect(),
            color: self.color,
            inverted: self.inverted,
            damage: self.damage.clone(),
            lacks_end: self.lacks_end,
            full: (f64::from(width), f64::from(height)),
            size: (width, height),
        }
    }

    /// Converts to pixels at the size of the largest plane. Smaller planes are interpolated
    /// linearly.
    pub fn into_image(mut self) -> Image {
        let (width, height) = self.size;
        let channels = match self.color {
            ColorSpace::Grey | ColorSpace::Unknown => 1u8,
            ColorSpace::YCbCr | ColorSpace::Rgb => 3,
            ColorSpace::Cmyk | ColorSpace::Ycck => 4,
        };
        let alike = self.planes.iter().all(|p| (p.width, p.height) == (width, height));
        if channels == 1 && alike {
            let data = std::mem::take(&mut self.planes[0].data);
            return Image { width, height, channels, data, damage: self.damage, lacks_end: self.lacks_end };
        }
        let mut data = vec![0; width as usize * height as usize * usize::from(channels)];
        let size = (width, height);
        let mut smaller: Vec<_> =
            self.planes.iter().map(|plane| Smaller::new(plane, self.full_extent(), size)).collect();
        simd::dispatch(
            #[inline(always)]
            || {
                for (y, out) in data.chunks_exact_mut(width as usize * usize::from(channels)).enumerate() {
                    let mut lines: [&[u8]; 4] = [&[]; 4];
                    for ((line, plane), smaller) in lines.iter_mut().zip(&self.planes).zip(&mut smaller) {
                        *line = &smaller.line(plane, y)[..width as usize];
                    }
                    color::row(self.color, self.inverted, &lines[..self.planes.len().min(4)], out);
                }
            },
        );
        Image { width, height, channels, data, damage: self.damage, lacks_end: self.lacks_end }
    }

    /// The extent of the picture in samples of the largest plane.
    fn full_extent(&self) -> (f64, f64) {
        let side = |f: fn(&Plane) -> f64| self.planes.iter().map(f).fold(1e-9, f64::max);
        (side(|p| p.extent.0), side(|p| p.extent.1))
    }
}

/// How the lines of a plane become lines of the picture.
enum Smaller {
    No,
    Halves(Halves),
    /// Positions on the plane across and down, and a line.
    Other(Vec<(u32, u32)>, Vec<(u32, u32)>, Vec<u8>),
}

impl Smaller {
    fn new(plane: &Plane, full: (f64, f64), size: (u32, u32)) -> Smaller {
        if (plane.width, plane.height) == size {
            return Smaller::No;
        }
        Halves::new(plane, full, size).map_or_else(
            || {
                let xs = color::positions(size.0, plane.width, plane.extent.0 / full.0);
                let ys = color::positions(size.1, plane.height, plane.extent.1 / full.1);
                Smaller::Other(xs, ys, vec![0; size.0 as usize])
            },
            Smaller::Halves,
        )
    }

    /// Line `y` of the picture. It may be longer than the picture.
    #[inline(always)]
    fn line<'s>(&'s mut self, plane: &'s Plane, y: usize) -> &'s [u8] {
        match self {
            Smaller::No => &plane.data[y * plane.width as usize..],
            Smaller::Halves(halves) => halves.line(plane, y),
            Smaller::Other(xs, ys, line) => {
                color::stretch(plane, xs, ys[y], line);
                line
            }
        }
    }
}
