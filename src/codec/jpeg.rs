//! JPEG in, through zune-jpeg.

use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace as Zune;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{ColorSpace, Decode, DecodeError, DecodeOptions, Decoded, Header, Metadata, Need, Offer, Picture, exif};
use crate::format::Format;
use crate::limits::Limits;
use crate::pixmap::{Channels, Pixmap};
use crate::size::Size;

/// The decoder.
pub struct Jpeg;

struct JpegPicture<'a> {
    bytes: &'a [u8],
    header: Header,
    channels: Channels,
}

fn options() -> DecoderOptions {
    DecoderOptions::default().set_strict_mode(false).set_max_width(65_535).set_max_height(65_535).set_use_unsafe(true)
}

fn damaged(error: &DecodeErrors) -> DecodeError {
    match error {
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => truncated("it ends before the picture does"),
        DecodeErrors::Unsupported(kind) => DecodeError::Unsupported(format!("JPEG: {kind:?}")),
        other => DecodeError::Damaged { format: Format::Jpeg, what: other.to_string() },
    }
}

fn truncated(what: &str) -> DecodeError {
    DecodeError::Truncated { format: Format::Jpeg, what: what.to_owned() }
}

impl Decode for Jpeg {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options());
        decoder.decode_headers().map_err(|e| damaged(&e))?;
        let (width, height) = decoder.dimensions().ok_or_else(|| truncated("no frame"))?;
        let size = Size::new(width as u32, height as u32);
        super::check_size(Format::Jpeg, size, limits)?;
        let channels = match decoder.input_colorspace() {
            Some(Zune::Luma) => Channels::Grey,
            _ => Channels::Rgb,
        };
        let exif = decoder.exif().cloned();
        let shown = exif.as_deref().map(exif::read).unwrap_or_default();
        let color = match decoder.icc_profile() {
            Some(icc) => ColorSpace::Icc(icc),
            None if shown.adobe_rgb => ColorSpace::AdobeRgb,
            None => ColorSpace::Srgb,
        };
        let header = Header {
            format: Format::Jpeg,
            size,
            orientation: shown.orientation,
            has_alpha: false,
            animated: false,
            color,
            metadata: Metadata { exif, xmp: decoder.xmp().cloned(), iptc: decoder.iptc().cloned() },
            notes: Vec::new(),
        };
        Ok(Box::new(JpegPicture { bytes, header, channels }))
    }
}

impl Picture for JpegPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, _need: Option<Need>) -> Offer {
        let size = self.header.size;
        Offer { size, scale: (1.0, 1.0), shrink: 1.0, memory: size.pixels() * 12, way: 0 }
    }

    fn decode(&self, offer: &Offer, _options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let out = if self.channels == Channels::Grey { Zune::Luma } else { Zune::RGB };
        let options = options().jpeg_set_out_colorspace(out).set_strict_mode(true);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(self.bytes), options);
        let samples = decoder.decode().map_err(|e| damaged(&e))?;
        Ok(Decoded { pixmap: Pixmap::new_u8(offer.size, self.channels, samples), notes: Vec::new() })
    }
}
