//! `fast_image_resize` behind functions without type parameters. Its generic code takes minutes to
//! compile; in a crate of its own that happens once, and with full optimisation also in tests.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::pixels::{U8x4, U16x4};
pub use fast_image_resize::{FilterType, PixelType};
use fast_image_resize::{MulDiv, ResizeAlg, ResizeOptions, Resizer};

/// A picture to read: rows of samples in native byte order without gaps.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Aligned for the pixel type.
    pub bytes: &'a [u8],
}

/// A picture to write, laid out like [`Source`].
pub struct Target<'a> {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Aligned for the pixel type.
    pub bytes: &'a mut [u8],
}

/// Left, top, width and height of the part of the source that is shown; fractions are meant.
pub type Crop = (f64, f64, f64, f64);

/// Crops and resizes in one pass, every channel alike; without a filter the nearest pixels are taken.
///
/// # Errors
/// Buffers of another size or alignment than said, and a crop beyond the source, in words.
pub fn resize(
    kind: PixelType,
    source: Source<'_>,
    crop: Crop,
    target: Target<'_>,
    filter: Option<FilterType>,
) -> Result<(), String> {
    let from = ImageRef::new(source.width, source.height, source.bytes, kind).map_err(|e| e.to_string())?;
    let mut to = Image::from_slice_u8(target.width, target.height, target.bytes, kind).map_err(|e| e.to_string())?;
    let algorithm = filter.map_or(ResizeAlg::Nearest, ResizeAlg::Convolution);
    let (left, top, width, height) = crop;
    let options = ResizeOptions::new().resize_alg(algorithm).use_alpha(false).crop(left, top, width, height);
    // The types that are used, each by name: the library's own dispatch would compile all thirteen.
    macro_rules! typed {
        ($($kind:ident),*) => {
            match kind {
                $(PixelType::$kind => {
                    type Pixel = fast_image_resize::pixels::$kind;
                    let (Some(from), Some(mut to)) = (from.typed_image::<Pixel>(), to.typed_image_mut::<Pixel>()) else {
                        return Err("pixel types differ".to_owned());
                    };
                    Resizer::new().resize_typed(&from, &mut to, &options).map_err(|e| e.to_string())
                })*
                _ => Err("a pixel type that is not used".to_owned()),
            }
        };
    }
    typed!(U8, U8x3, U8x4, U16, U16x3, U16x4)
}

/// Multiplies colours by the last channel, in place; four channels.
///
/// # Errors
/// A buffer of another size or alignment than said, in words.
pub fn multiply_alpha(kind: PixelType, picture: Target<'_>) -> Result<(), String> {
    let mut image = in_place(kind, picture)?;
    match kind {
        PixelType::U8x4 => {
            image.typed_image_mut::<U8x4>().map(|mut i| MulDiv::new().multiply_alpha_inplace_typed(&mut i))
        }
        _ => image.typed_image_mut::<U16x4>().map(|mut i| MulDiv::new().multiply_alpha_inplace_typed(&mut i)),
    }
    .ok_or("a pixel type without alpha")?
    .map_err(|e| e.to_string())
}

/// Divides colours by the last channel, in place; four channels.
///
/// # Errors
/// A buffer of another size or alignment than said, in words.
pub fn divide_alpha(kind: PixelType, picture: Target<'_>) -> Result<(), String> {
    let mut image = in_place(kind, picture)?;
    match kind {
        PixelType::U8x4 => {
            image.typed_image_mut::<U8x4>().map(|mut i| MulDiv::new().divide_alpha_inplace_typed(&mut i))
        }
        _ => image.typed_image_mut::<U16x4>().map(|mut i| MulDiv::new().divide_alpha_inplace_typed(&mut i)),
    }
    .ok_or("a pixel type without alpha")?
    .map_err(|e| e.to_string())
}

fn in_place(kind: PixelType, picture: Target<'_>) -> Result<Image<'_>, String> {
    Image::from_slice_u8(picture.width, picture.height, picture.bytes, kind).map_err(|e| e.to_string())
}
