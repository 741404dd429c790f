//! To and from the pictures of the `image` crate.

use crate::codec::EncodeError;
use crate::codec::registry;
use crate::format::Format;
use crate::limits::Limits;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::{EncodeSettings, Recipe};
use crate::render::{RenderError, thumbnail};
use crate::size::Size;
use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, RgbImage, RgbaImage};

/// Decodes a picture and resizes it to the first size of `recipe`, for programs that go on with the `image` crate.
///
/// The decoder does only the work that the size needs, so this is several times as fast as decoding with `image` and resizing
/// then. Colours come out in sRGB, whatever the recipe's [`IccPolicy`](crate::recipe::IccPolicy) says.
///
/// # Errors
/// [`RenderError`].
pub fn decode(bytes: &[u8], recipe: &Recipe, limits: &Limits) -> Result<DynamicImage, RenderError> {
    let recipe = recipe.clone().with_icc(crate::recipe::IccPolicy::ToSrgb);
    Ok(thumbnail(bytes, &recipe, limits)?.pixels.into())
}

/// Encodes a picture of the `image` crate with the encoders that [`render`](crate::render()) uses.
///
/// Samples are narrowed to 8 bits. JPEG takes no alpha: convert to RGB over a background first.
///
/// # Errors
/// A format that is not written, or that cannot hold the picture's size or its alpha.
pub fn encode(picture: &DynamicImage, format: Format, settings: &EncodeSettings) -> Result<Vec<u8>, EncodeError> {
    let encoder = registry::encoder(format)
        .ok_or_else(|| EncodeError::Failed { format, what: "it is not written".to_owned() })?;
    encoder.encode(&Pixmap::from(picture).into_u8(), settings, &crate::codec::Attached::default())
}

impl From<Pixmap> for DynamicImage {
    /// Inks become RGB without a profile.
    fn from(pixmap: Pixmap) -> Self {
        let Size { width, height } = pixmap.size();
        let channels = pixmap.channels();
        let pixmap = if channels == Channels::Cmyk { pixmap.into_u8() } else { pixmap };
        // `Pixmap` has as many samples as the buffers want.
        const FITS: &str = "a pixmap has all its samples";
        match (channels, pixmap.into_samples()) {
            (Channels::Grey, Samples::U8(v)) => GrayImage::from_raw(width, height, v).expect(FITS).into(),
            (Channels::GreyAlpha, Samples::U8(v)) => GrayAlphaImage::from_raw(width, height, v).expect(FITS).into(),
            (Channels::Rgb, Samples::U8(v)) => RgbImage::from_raw(width, height, v).expect(FITS).into(),
            (Channels::Rgba, Samples::U8(v)) => RgbaImage::from_raw(width, height, v).expect(FITS).into(),
            (Channels::Cmyk, Samples::U8(v)) => {
                let rgb = v.as_chunks().0.iter().flat_map(|&[c, m, y, k]| {
                    [c, m, y].map(|ink| (u16::from(255 - ink) * u16::from(255 - k) / 255) as u8)
                });
                RgbImage::from_raw(width, height, rgb.collect()).expect(FITS).into()
            }
            (Channels::Grey, Samples::U16(v)) => {
                Self::ImageLuma16(ImageBuffer::from_raw(width, height, v).expect(FITS))
            }
            (Channels::GreyAlpha, Samples::U16(v)) => {
                Self::ImageLumaA16(ImageBuffer::from_raw(width, height, v).expect(FITS))
            }
            (Channels::Rgb, Samples::U16(v)) => Self::ImageRgb16(ImageBuffer::from_raw(width, height, v).expect(FITS)),
            (Channels::Rgba, Samples::U16(v)) => {
                Self::ImageRgba16(ImageBuffer::from_raw(width, height, v).expect(FITS))
            }
            (Channels::Cmyk, Samples::U16(_)) => unreachable!("narrowed above"),
        }
    }
}

impl From<&DynamicImage> for Pixmap {
    /// Floating point becomes 16 bits.
    fn from(picture: &DynamicImage) -> Self {
        let size = Size::new(picture.width(), picture.height());
        match picture {
            DynamicImage::ImageLuma8(p) => Self::new_u8(size, Channels::Grey, p.as_raw().clone()),
            DynamicImage::ImageLumaA8(p) => Self::new_u8(size, Channels::GreyAlpha, p.as_raw().clone()),
            DynamicImage::ImageRgb8(p) => Self::new_u8(size, Channels::Rgb, p.as_raw().clone()),
            DynamicImage::ImageRgba8(p) => Self::new_u8(size, Channels::Rgba, p.as_raw().clone()),
            DynamicImage::ImageLuma16(p) => Self::new(size, Channels::Grey, Samples::U16(p.as_raw().clone())),
            DynamicImage::ImageLumaA16(p) => Self::new(size, Channels::GreyAlpha, Samples::U16(p.as_raw().clone())),
            DynamicImage::ImageRgb16(p) => Self::new(size, Channels::Rgb, Samples::U16(p.as_raw().clone())),
            DynamicImage::ImageRgba16(p) => Self::new(size, Channels::Rgba, Samples::U16(p.as_raw().clone())),
            other if other.color().has_alpha() => {
                Self::new(size, Channels::Rgba, Samples::U16(other.to_rgba16().into_raw()))
            }
            other => Self::new(size, Channels::Rgb, Samples::U16(other.to_rgb16().into_raw())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_survive_the_way_there_and_back() {
        for (channels, count) in
            [(Channels::Grey, 1), (Channels::GreyAlpha, 2), (Channels::Rgb, 3), (Channels::Rgba, 4)]
        {
            let size = Size::new(3, 2);
            let narrow = Pixmap::new_u8(size, channels, (0..6 * count).collect());
            assert_eq!(Pixmap::from(&DynamicImage::from(narrow.clone())), narrow);
            let wide = Pixmap::new(size, channels, Samples::U16((0..6 * u16::from(count)).map(|n| n * 999).collect()));
            assert_eq!(Pixmap::from(&DynamicImage::from(wide.clone())), wide);
        }
        let inks = Pixmap::new_u8(Size::new(2, 1), Channels::Cmyk, vec![255, 0, 0, 0, 0, 0, 0, 255]);
        assert_eq!(DynamicImage::from(inks).into_rgb8().into_raw(), [0, 255, 255, 0, 0, 0]);
    }

    #[test]
    fn a_thumbnail_is_decoded_and_encoded() {
        let recipe = Recipe::default().with_sizes(["20".parse().unwrap()]);
        let picture = decode(&oddities::png::rgb(60, 40), &recipe, &Limits::default()).unwrap();
        assert_eq!((picture.width(), picture.height()), (20, 13));
        let png = encode(&picture, Format::Png, &EncodeSettings::default()).unwrap();
        assert_eq!(image::load_from_memory(&png).unwrap().into_rgb8(), picture.into_rgb8());
        let refused = encode(&DynamicImage::new_rgba8(2, 2), Format::Jpeg, &EncodeSettings::default());
        assert!(refused.is_err(), "alpha");
        assert!(encode(&DynamicImage::new_rgb8(2, 2), Format::Gif, &EncodeSettings::default()).is_err());
    }
}
