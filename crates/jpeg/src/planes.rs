//! Decoded component planes, and the picture that they make.

use super::color;
use super::error::Error;
use super::frame::ColorSpace;
use super::plane::Plane;
use super::simd;

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
        // Positions on planes of another size, and a line buffer for each.
        let mut stretched: Vec<_> = self
            .planes
            .iter()
            .map(|p| {
                let other = (p.width, p.height) != (width, height);
                other.then(|| {
                    let x = color::positions(width, p.width, p.extent.0 / self.full_extent().0);
                    let y = color::positions(height, p.height, p.extent.1 / self.full_extent().1);
                    (x, y, vec![0u8; width as usize])
                })
            })
            .collect();
        for (y, out) in data.chunks_exact_mut(width as usize * usize::from(channels)).enumerate() {
            for (plane, other) in self.planes.iter().zip(&mut stretched) {
                if let Some((xs, ys, line)) = other {
                    color::stretch(plane, xs, ys[y], line);
                }
            }
            let mut lines: [&[u8]; 4] = [&[]; 4];
            for ((line, plane), other) in lines.iter_mut().zip(&self.planes).zip(&stretched) {
                *line = match other {
                    Some((_, _, stretched)) => stretched,
                    None => &plane.data[y * width as usize..][..width as usize],
                };
            }
            let lines = &lines[..self.planes.len().min(4)];
            simd::dispatch(
                #[inline(always)]
                || color::row(self.color, self.inverted, lines, out),
            );
        }
        Image { width, height, channels, data, damage: self.damage, lacks_end: self.lacks_end }
    }

    /// The extent of the picture in samples of the largest plane.
    fn full_extent(&self) -> (f64, f64) {
        let side = |f: fn(&Plane) -> f64| self.planes.iter().map(f).fold(1e-9, f64::max);
        (side(|p| p.extent.0), side(|p| p.extent.1))
    }
}
