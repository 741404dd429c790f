//! Which code reads and writes which format.

use super::{Decode, Encode, jpeg, jpeg_out, png, png_out, webp, webp_out};
use crate::format::Format;

/// The decoder of `format`, where there is one.
pub fn decoder(format: Format) -> Option<&'static dyn Decode> {
    match format {
        Format::Jpeg => Some(&jpeg::Jpeg),
        Format::Png => Some(&png::Png),
        Format::WebP => Some(&webp::WebP),
        _ => None,
    }
}

/// The encoder of `format`, where there is one.
pub fn encoder(format: Format) -> Option<&'static dyn Encode> {
    match format {
        Format::Jpeg => Some(&jpeg_out::JpegOut),
        Format::Png => Some(&png_out::PngOut),
        Format::WebP => Some(&webp_out::WebPOut),
        _ => None,
    }
}
