//! `fast_image_resize` behind functions without type parameters, for single planes. Its generic
//! code takes long to compile, once per pixel type. This crate compiles it once, for three types.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{F32, InnerPixel, U8, U16};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

pub use fast_image_resize::FilterType as Filter;

/// Left, top, width and height of the source region. May be fractional.
pub type Crop = (f64, f64, f64, f64);

/// Crops a plane of 8-bit samples, given as width, height and contiguous rows, and resizes it to
/// the width and height `to`. Without a filter it takes the nearest samples.
///
/// # Errors
/// A message, if the plane has the wrong size or the crop exceeds it.
pub fn resize_u8(
    (width, height, samples): (u32, u32, &[u8]),
    crop: Crop,
    to: (u32, u32),
    filter: Option<Filter>,
) -> Result<Vec<u8>, String> {
    let mut out = vec![0; to.0 as usize * to.1 as usize];
    let from = TypedImageRef::<U8>::from_buffer(width, height, samples).map_err(|e| e.to_string())?;
    let target = TypedImage::<U8>::from_buffer(to.0, to.1, &mut out).map_err(|e| e.to_string())?;
    resize(&from, target, crop, filter)?;
    Ok(out)
}

/// Like [`resize_u8`], for 16-bit samples in native byte order. Input and `out` must be aligned.
///
/// # Errors
/// As for [`resize_u8`].
pub fn resize_u16(
    (width, height, samples): (u32, u32, &[u8]),
    crop: Crop,
    (to_width, to_height, out): (u32, u32, &mut [u8]),
    filter: Option<Filter>,
) -> Result<(), String> {
    let from = TypedImageRef::<U16>::from_buffer(width, height, samples).map_err(|e| e.to_string())?;
    let target = TypedImage::<U16>::from_buffer(to_width, to_height, out).map_err(|e| e.to_string())?;
    resize(&from, target, crop, filter)
}

/// Like [`resize_u16`], for floating-point samples. Overshoot is not clamped.
///
/// # Errors
/// As for [`resize_u8`].
pub fn resize_f32(
    (width, height, samples): (u32, u32, &[u8]),
    crop: Crop,
    (to_width, to_height, out): (u32, u32, &mut [u8]),
    filter: Option<Filter>,
) -> Result<(), String> {
    let from = TypedImageRef::<F32>::from_buffer(width, height, samples).map_err(|e| e.to_string())?;
    let target = TypedImage::<F32>::from_buffer(to_width, to_height, out).map_err(|e| e.to_string())?;
    resize(&from, target, crop, filter)
}

fn resize<P: PixelTrait + InnerPixel>(
    from: &TypedImageRef<'_, P>,
    mut to: TypedImage<'_, P>,
    (left, top, width, height): Crop,
    filter: Option<FilterType>,
) -> Result<(), String> {
    let algorithm = filter.map_or(ResizeAlg::Nearest, ResizeAlg::Convolution);
    let options = ResizeOptions::new().resize_alg(algorithm).use_alpha(false).crop(left, top, width, height);
    Resizer::new().resize_typed(from, &mut to, &options).map_err(|e| e.to_string())
}
