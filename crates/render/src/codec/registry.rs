//! The decoders and encoders of each format.

#[cfg(feature = "avif")]
use super::avif;
use super::{Decode, Encode, bmp, exr, farbfeld, gif, hdr, ico, jpeg, png, pnm, qoi, tga, tiff, webp};
use crate::format::Format;

/// The decoder of `format`, if there is one.
pub fn decoder(format: Format) -> Option<&'static dyn Decode> {
    match format {
        Format::Jpeg => Some(&jpeg::Jpeg),
        Format::Png => Some(&png::Png),
        Format::WebP => Some(&webp::WebP),
        Format::Tiff => Some(&tiff::Tiff),
        Format::Gif => Some(&gif::Gif),
        Format::Bmp => Some(&bmp::Bmp),
        Format::Ico => Some(&ico::Ico),
        Format::Qoi => Some(&qoi::Qoi),
        Format::Pnm => Some(&pnm::Pnm),
        Format::Tga => Some(&tga::Tga),
        Format::Hdr => Some(&hdr::Hdr),
        Format::Exr => Some(&exr::Exr),
        Format::Farbfeld => Some(&farbfeld::Farbfeld),
        _ => None,
    }
}

/// The encoder of `format`, if there is one.
pub fn encoder(format: Format) -> Option<&'static dyn Encode> {
    match format {
        Format::Jpeg => Some(&jpeg::out::JpegOut),
        Format::Png => Some(&png::out::PngOut),
        Format::WebP => Some(&webp::out::WebPOut),
        #[cfg(feature = "avif")]
        Format::Avif => Some(&avif::out::AvifOut),
        _ => None,
    }
}
