//! Crops and resizes in one pass, with fast_image_resize.

use thumbs_resize::{Crop, resize_f32, resize_u8, resize_u16};

use crate::codec::Planes;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::Filter;
use crate::size::{Region, Size};

/// An error of the resizer. None is known for valid sizes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("resize: {0}")]
pub struct ResizeError(String);

/// Resizes `crop` (in pixels of `source`) to the size `to`, plane by plane. Colours are weighted by
/// their alpha, in floating point.
///
/// # Errors
/// [`ResizeError`].
pub fn resize(source: &Pixmap, crop: Region, to: Size, filter: Filter) -> Result<Pixmap, ResizeError> {
    let from = source.size();
    let (x, width) = within(crop.x, crop.width, from.width);
    let (y, height) = within(crop.y, crop.height, from.height);
    let way = Job { from, crop: (x, y, width, height), to, filter };
    // Nearest pixels and plain cut-outs are copied, so alpha needs no weighting.
    let is_copy = filter == Filter::Nearest
        || (x.fract() == 0.0 && y.fract() == 0.0 && width == f64::from(to.width) && height == f64::from(to.height));
    let n = source.channels().count();
    let weighted = source.channels().has_alpha() && !is_copy;
    let samples = match source.samples() {
        Samples::U8(v) if weighted => Samples::U8(way.weighted(v, n, f32::from, |s| (s + 0.5) as u8)?),
        Samples::U16(v) if weighted => Samples::U16(way.weighted(v, n, f32::from, |s| (s + 0.5) as u16)?),
        Samples::U8(v) if n == 1 => Samples::U8(way.narrow(v)?),
        Samples::U16(v) if n == 1 => Samples::U16(way.wide(v)?),
        Samples::U8(v) => {
            let mut out = vec![0; to.pixels() as usize * n];
            for c in 0..n {
                let plane: Vec<u8> = v.chunks_exact(n).map(|p| p[c]).collect();
                put(&way.narrow(&plane)?, &mut out, n, c);
            }
            Samples::U8(out)
        }
        Samples::U16(v) => {
            let mut out = vec![0; to.pixels() as usize * n];
            for c in 0..n {
                let plane: Vec<u16> = v.chunks_exact(n).map(|p| p[c]).collect();
                put(&way.wide(&plane)?, &mut out, n, c);
            }
            Samples::U16(out)
        }
    };
    Ok(Pixmap::new(to, source.channels(), samples))
}

fn put<T: Copy>(plane: &[T], out: &mut [T], n: usize, c: usize) {
    for (pixel, &sample) in out.chunks_exact_mut(n).zip(plane) {
        pixel[c] = sample;
    }
}

/// The parameters of one resize.
struct Job {
    from: Size,
    crop: Crop,
    to: Size,
    filter: Filter,
}

impl Job {
    fn narrow(&self, plane: &[u8]) -> Result<Vec<u8>, ResizeError> {
        let source = (self.from.width, self.from.height, plane);
        resize_u8(source, self.crop, (self.to.width, self.to.height), kernel(self.filter)).map_err(ResizeError)
    }

    fn wide(&self, plane: &[u16]) -> Result<Vec<u16>, ResizeError> {
        let mut out = vec![0u16; self.to.pixels() as usize];
        let source = (self.from.width, self.from.height, bytemuck::cast_slice(plane));
        let target = (self.to.width, self.to.height, bytemuck::cast_slice_mut(&mut out));
        resize_u16(source, self.crop, target, kernel(self.filter)).map_err(ResizeError)?;
        Ok(out)
    }

    /// Resizes pixels of `n` samples with alpha last. `narrow` rounds and clamps to the range of a
    /// sample.
    ///
    /// Kernels overshoot on both sides of an edge. Neither the product of colour and alpha nor
    /// alpha itself may be clamped before the division: they reach their bounds at different
    /// places, and if only one is clamped, the quotient is another colour. Hence floating point.
    fn weighted<T: Copy + Default>(
        &self,
        v: &[T],
        n: usize,
        widen: impl Fn(T) -> f32,
        narrow: impl Fn(f32) -> T,
    ) -> Result<Vec<T>, ResizeError> {
        let mut out = vec![T::default(); self.to.pixels() as usize * n];
        let mut plane: Vec<f32> = v.chunks_exact(n).map(|p| widen(p[n - 1])).collect();
        let alpha = self.floating(&plane)?;
        for c in 0..n - 1 {
            for (sample, p) in plane.iter_mut().zip(v.chunks_exact(n)) {
                *sample = widen(p[c]) * widen(p[n - 1]);
            }
            let resized = self.floating(&plane)?;
            for ((pixel, color), &alpha) in out.chunks_exact_mut(n).zip(resized).zip(&alpha) {
                // An alpha below half a step is invisible.
                if alpha >= 0.5 {
                    pixel[c] = narrow(color / alpha);
                }
            }
        }
        for (pixel, &alpha) in out.chunks_exact_mut(n).zip(&alpha) {
            pixel[n - 1] = narrow(alpha);
        }
        Ok(out)
    }

    fn floating(&self, plane: &[f32]) -> Result<Vec<f32>, ResizeError> {
        let mut out = vec![0f32; self.to.pixels() as usize];
        let source = (self.from.width, self.from.height, bytemuck::cast_slice(plane));
        let target = (self.to.width, self.to.height, bytemuck::cast_slice_mut(&mut out));
        resize_f32(source, self.crop, target, kernel(self.filter)).map_err(ResizeError)?;
        Ok(out)
    }
}

/// Resizes one whole plane of 8 bits.
///
/// # Errors
/// [`ResizeError`].
pub fn resize_plane(from: Size, plane: &[u8], to: Size, filter: Filter) -> Result<Vec<u8>, ResizeError> {
    let crop = (0.0, 0.0, f64::from(from.width), f64::from(from.height));
    Job { from, crop, to, filter }.narrow(plane)
}

/// Crops and resizes the planes one by one and joins them. `crop` is in pixels of the stored
/// picture, which has size `stored`.
///
/// # Errors
/// [`ResizeError`].
pub fn resize_planes(
    planes: &dyn Planes,
    stored: Size,
    crop: Region,
    to: Size,
    filter: Filter,
) -> Result<Pixmap, ResizeError> {
    if let Some(resized) = planes.resize(crop, to, filter) {
        return Ok(resized);
    }
    let mut resized = Vec::with_capacity(4);
    for plane in planes.planes() {
        let crop = crop.scaled(plane.extent.0 / f64::from(stored.width), plane.extent.1 / f64::from(stored.height));
        let (x, width) = within(crop.x, crop.width, plane.size.width);
        let (y, height) = within(crop.y, crop.height, plane.size.height);
        let way = Job { from: plane.size, crop: (x, y, width, height), to, filter };
        resized.push(way.narrow(plane.samples)?);
    }
    Ok(planes.join(to, resized))
}

/// Clamps a crop's edge and extent to the picture, against rounding errors.
fn within(at: f64, extent: f64, side: u32) -> (f64, f64) {
    let side = f64::from(side);
    // An edge that misses a whole number by a rounding error would blur a plain cut-out.
    let snap = |v: f64| if (v - v.round()).abs() < 1e-6 { v.round() } else { v };
    let at = snap(at).clamp(0.0, side - 1e-3);
    (at, snap(extent).min(side - at).max(1e-3))
}

fn kernel(filter: Filter) -> Option<thumbs_resize::Filter> {
    use thumbs_resize::Filter as FilterType;
    match filter {
        Filter::Lanczos3 => Some(FilterType::Lanczos3),
        Filter::CatmullRom => Some(FilterType::CatmullRom),
        Filter::Mitchell => Some(FilterType::Mitchell),
        Filter::Bilinear => Some(FilterType::Bilinear),
        Filter::Box => Some(FilterType::Box),
        Filter::Nearest => None,
    }
}

/// The bytes that a resize takes beyond source and target: one plane of the source, and the rows
/// between the two passes, which have the target's width and the crop's height or the other way
/// round.
pub fn intermediate(from: Size, crop: Region, to: Size, sample_bytes: u64) -> u64 {
    let across = f64::from(to.width) * (crop.height + 8.0);
    let down = f64::from(to.height) * (crop.width + 8.0);
    (from.pixels() + across.max(down).ceil() as u64 + 3 * to.pixels()) * sample_bytes + 65_536
}

/// Whether a picture has an alpha channel but is opaque everywhere.
pub fn is_opaque(pixmap: &Pixmap) -> bool {
    let n = pixmap.channels().count();
    pixmap.channels().has_alpha()
        && match pixmap.samples() {
            Samples::U8(v) => v.chunks_exact(n).all(|p| p[n - 1] == u8::MAX),
            Samples::U16(v) => v.chunks_exact(n).all(|p| p[n - 1] == u16::MAX),
        }
}

/// The picture without its alpha channel.
pub fn without_alpha(pixmap: Pixmap) -> Pixmap {
    let to = match pixmap.channels() {
        Channels::GreyAlpha => Channels::Grey,
        Channels::Rgba => Channels::Rgb,
        _ => return pixmap,
    };
    fn drop<T: Copy>(v: Vec<T>, n: usize) -> Vec<T> {
        v.chunks_exact(n).flat_map(|p| &p[..n - 1]).copied().collect()
    }
    let (size, n) = (pixmap.size(), pixmap.channels().count());
    let samples = match pixmap.into_samples() {
        Samples::U8(v) => Samples::U8(drop(v, n)),
        Samples::U16(v) => Samples::U16(drop(v, n)),
    };
    Pixmap::new(size, to, samples)
}

/// Converts RGB to grey if all three channels are equal everywhere. Returns other pictures
/// unchanged.
pub fn grey_if_it_is(pixmap: Pixmap) -> Pixmap {
    fn first<T: Copy + PartialEq>(v: &[T]) -> Option<Vec<T>> {
        let is_grey = v.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]);
        is_grey.then(|| v.chunks_exact(3).map(|p| p[0]).collect())
    }
    if pixmap.channels() != Channels::Rgb {
        return pixmap;
    }
    let grey = match pixmap.samples() {
        Samples::U8(v) => first(v).map(Samples::U8),
        Samples::U16(v) => first(v).map(Samples::U16),
    };
    match grey {
        Some(samples) => Pixmap::new(pixmap.size(), Channels::Grey, samples),
        None => pixmap,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crop_of_the_same_size_is_a_copy() {
        let source = Pixmap::new_u8(Size::new(4, 3), Channels::Grey, (0..12).collect());
        let crop = Region { x: 1.0, y: 1.0, width: 2.0000000001, height: 2.0 };
        let out = resize(&source, crop, Size::new(2, 2), Filter::Lanczos3).unwrap();
        assert_eq!(*out.samples(), Samples::U8(vec![5, 6, 9, 10]));
    }

    #[test]
    fn edges_do_not_take_the_color_of_transparent_pixels() {
        let mut v = Vec::new();
        for _ in 0..8 {
            v.extend([250, 0, 0, 255, 250, 0, 0, 255, 0, 255, 0, 0, 0, 255, 0, 0]);
        }
        let source = Pixmap::new_u8(Size::new(4, 8), Channels::Rgba, v);
        let out = resize(&source, Region::whole(source.size()), Size::new(3, 4), Filter::Bilinear).unwrap();
        let Samples::U8(v) = out.samples() else { unreachable!() };
        for p in v.chunks_exact(4).filter(|p| p[3] > 8) {
            assert!(p[0] > 245 && p[1] < 5, "{p:?}");
        }
    }

    #[test]
    fn flat_stays_flat_at_16_bits() {
        let source = Pixmap::new(Size::new(50, 40), Channels::Rgb, Samples::U16(vec![12_345; 6000]));
        let out = resize(&source, Region::whole(source.size()), Size::new(7, 9), Filter::Lanczos3).unwrap();
        let Samples::U16(v) = out.samples() else { unreachable!() };
        assert!(v.iter().all(|&s| s.abs_diff(12_345) <= 1), "{v:?}");
    }
}
