//! Crop and resize in one pass, by fast_image_resize.

use thumbs_resize::{FilterType, PixelType, Source, Target};

use crate::codec::Planes;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::Filter;
use crate::size::{Region, Size};

/// A fault of the resizer: none is known for sizes that exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("resize: {0}")]
pub struct ResizeError(String);

fn pixel_type(pixmap: &Pixmap) -> PixelType {
    let wide = matches!(pixmap.samples(), Samples::U16(_));
    match (pixmap.channels().count(), wide) {
        (1, false) => PixelType::U8,
        (3, false) => PixelType::U8x3,
        (_, false) => PixelType::U8x4,
        (1, true) => PixelType::U16,
        (3, true) => PixelType::U16x3,
        (_, true) => PixelType::U16x4,
    }
}

fn bytes(samples: &Samples) -> &[u8] {
    match samples {
        Samples::U8(v) => v,
        Samples::U16(v) => bytemuck::cast_slice(v),
    }
}

fn bytes_mut(samples: &mut Samples) -> &mut [u8] {
    match samples {
        Samples::U8(v) => v,
        Samples::U16(v) => bytemuck::cast_slice_mut(v),
    }
}

/// A picture whose channels the resizer takes: grey with alpha, which is rare, becomes RGBA.
pub fn resizable(pixmap: Pixmap) -> Pixmap {
    fn spread<T: Copy>(v: &[T]) -> Vec<T> {
        v.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect()
    }
    if pixmap.channels() != Channels::GreyAlpha {
        return pixmap;
    }
    let samples = match pixmap.samples() {
        Samples::U8(v) => Samples::U8(spread(v)),
        Samples::U16(v) => Samples::U16(spread(v)),
    };
    Pixmap::new(pixmap.size(), Channels::Rgba, samples)
}

/// Undoes [`resizable`] for what was grey.
pub fn to_grey(pixmap: Pixmap) -> Pixmap {
    fn gather<T: Copy>(v: &[T]) -> Vec<T> {
        v.chunks_exact(4).flat_map(|p| [p[0], p[3]]).collect()
    }
    if pixmap.channels() != Channels::Rgba {
        return pixmap;
    }
    let samples = match pixmap.samples() {
        Samples::U8(v) => Samples::U8(gather(v)),
        Samples::U16(v) => Samples::U16(gather(v)),
    };
    Pixmap::new(pixmap.size(), Channels::GreyAlpha, samples)
}

/// Multiplies colours by alpha in place, so that transparent pixels have no say in a resize;
/// pictures without alpha stay as they are.
///
/// # Errors
/// [`ResizeError`].
pub fn premultiply(pixmap: &mut Pixmap) -> Result<(), ResizeError> {
    alpha(pixmap, thumbs_resize::multiply_alpha)
}

/// Undoes [`premultiply`].
///
/// # Errors
/// [`ResizeError`].
pub fn unpremultiply(pixmap: &mut Pixmap) -> Result<(), ResizeError> {
    alpha(pixmap, thumbs_resize::divide_alpha)
}

fn alpha(pixmap: &mut Pixmap, change: impl Fn(PixelType, Target<'_>) -> Result<(), String>) -> Result<(), ResizeError> {
    if pixmap.channels() != Channels::Rgba {
        return Ok(());
    }
    let (Size { width, height }, kind) = (pixmap.size(), pixel_type(pixmap));
    change(kind, Target { width, height, bytes: bytes_mut(pixmap.samples_mut()) }).map_err(ResizeError)
}

/// What shows in `crop` (in pixels of `source`) at the size `to`. Every channel is treated alike:
/// alpha has to be premultiplied before and divided out after.
///
/// # Errors
/// [`ResizeError`].
pub fn resize(source: &Pixmap, crop: Region, to: Size, filter: Filter) -> Result<Pixmap, ResizeError> {
    let kind = pixel_type(source);
    let from = source.size();
    let view = Source { width: from.width, height: from.height, bytes: bytes(source.samples()) };
    let count = to.pixels() as usize * source.channels().count();
    let mut samples = match source.samples() {
        Samples::U8(_) => Samples::U8(vec![0; count]),
        Samples::U16(_) => Samples::U16(vec![0; count]),
    };
    let target = Target { width: to.width, height: to.height, bytes: bytes_mut(&mut samples) };
    let (x, width) = within(crop.x, crop.width, from.width);
    let (y, height) = within(crop.y, crop.height, from.height);
    thumbs_resize::resize(kind, view, (x, y, width, height), target, kernel(filter)).map_err(ResizeError)?;
    Ok(Pixmap::new(to, source.channels(), samples))
}

/// Planes cropped and resized one by one, and joined: what shows in `crop` (in pixels of the stored
/// picture, which is of size `stored`) at the size `to`.
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
        let mut samples = vec![0; to.pixels() as usize];
        let view = Source { width: plane.size.width, height: plane.size.height, bytes: plane.samples };
        let target = Target { width: to.width, height: to.height, bytes: &mut samples };
        let (x, width) = within(crop.x, crop.width, plane.size.width);
        let (y, height) = within(crop.y, crop.height, plane.size.height);
        thumbs_resize::resize(PixelType::U8, view, (x, y, width, height), target, kernel(filter))
            .map_err(ResizeError)?;
        resized.push(samples);
    }
    Ok(planes.join(to, resized))
}

/// A crop's edge and extent, kept inside the picture against what rounding adds.
fn within(at: f64, extent: f64, side: u32) -> (f64, f64) {
    let side = f64::from(side);
    // Whole numbers that rounding has missed by a hair would blur what is only cut out.
    let snap = |v: f64| if (v - v.round()).abs() < 1e-6 { v.round() } else { v };
    let at = snap(at).clamp(0.0, side - 1e-3);
    (at, snap(extent).min(side - at).max(1e-3))
}

fn kernel(filter: Filter) -> Option<FilterType> {
    match filter {
        Filter::Lanczos3 => Some(FilterType::Lanczos3),
        Filter::CatmullRom => Some(FilterType::CatmullRom),
        Filter::Mitchell => Some(FilterType::Mitchell),
        Filter::Bilinear => Some(FilterType::Bilinear),
        Filter::Box => Some(FilterType::Box),
        Filter::Nearest => None,
    }
}

/// Bytes that a resize of one sample's channels takes beyond source and target: the rows between
/// the two passes, which have the target's width and the crop's height or the other way round.
pub fn intermediate(crop: Region, to: Size, pixel_bytes: u64) -> u64 {
    let across = f64::from(to.width) * (crop.height + 8.0);
    let down = f64::from(to.height) * (crop.width + 8.0);
    across.max(down).ceil() as u64 * pixel_bytes + 65_536
}

/// Whether a picture has alpha and makes no use of it.
pub fn is_opaque(pixmap: &Pixmap) -> bool {
    let n = pixmap.channels().count();
    pixmap.channels().has_alpha()
        && match pixmap.samples() {
            Samples::U8(v) => v.chunks_exact(n).all(|p| p[n - 1] == u8::MAX),
            Samples::U16(v) => v.chunks_exact(n).all(|p| p[n - 1] == u16::MAX),
        }
}

/// The same picture without its alpha channel.
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
        let mut source = Pixmap::new_u8(Size::new(4, 8), Channels::Rgba, v);
        premultiply(&mut source).unwrap();
        let mut out = resize(&source, Region::whole(source.size()), Size::new(3, 4), Filter::Bilinear).unwrap();
        unpremultiply(&mut out).unwrap();
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
