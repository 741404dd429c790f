//! OpenEXR in, through the `image` crate, at full size: red, green, blue and alpha of scan lines or tiles.

use std::io::Cursor;

use image::codecs::openexr::OpenExrDecoder;
use image::{ColorType, ImageDecoder, ImageError};

use super::{ColorSpace, Decode, DecodeError, DecodeOptions, Decoded, Header, Metadata, Need, Offer, Picture, Pixels};
use super::{exr_blocks, float, reduce};
use crate::format::Format;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::size::Size;

/// The decoder.
pub struct Exr;

struct ExrPicture<'a> {
    bytes: &'a [u8],
    header: Header,
    color: ColorType,
    max_memory: u64,
    /// Bytes of a block, which the decoder holds besides the pixels.
    block: u64,
}

fn error(error: ImageError) -> DecodeError {
    let format = Format::Exr;
    match error {
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format, what: "its data end too early".to_owned() }
        }
        ImageError::Limits(e) => DecodeError::Limit(format!("{format}: {e} (--memory)")),
        ImageError::Unsupported(e) => DecodeError::Unsupported(format!("{format}: {e}")),
        // Kinds that are not read come as errors of the format.
        other if is_unsupported(&other) => {
            DecodeError::Unsupported("OpenEXR of other than red, green and blue samples".to_owned())
        }
        other => DecodeError::Damaged { format, what: other.to_string() },
    }
}

fn is_unsupported(error: &ImageError) -> bool {
    let text = error.to_string();
    ["not supported", "does not contain"].iter().any(|words| text.contains(words))
}

fn decoder(bytes: &[u8]) -> Result<OpenExrDecoder<Cursor<&[u8]>>, DecodeError> {
    OpenExrDecoder::new(Cursor::new(bytes)).map_err(error)
}

impl Decode for Exr {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let checked = exr_blocks::check(bytes)?;
        let decoder = decoder(bytes)?;
        let (width, height) = decoder.dimensions();
        let size = Size::new(width, height);
        super::check_size(Format::Exr, size, limits)?;
        let color = decoder.color_type();
        let header = Header {
            format: Format::Exr,
            size,
            orientation: Orientation::default(),
            has_alpha: color.has_alpha(),
            animated: false,
            color: match checked.chromaticities {
                // Light was given the curve of sRGB by then.
                Some(xy) => ColorSpace::Calibrated { gamma: 0.45455, chromaticities: Some(xy) },
                None => ColorSpace::Srgb,
            },
            metadata: Metadata::default(),
            notes: Vec::new(),
        };
        Ok(Box::new(ExrPicture { bytes, header, color, max_memory: limits.max_memory, block: checked.block }))
    }
}

impl ExrPicture<'_> {
    fn bytes_of_pixels(&self) -> u64 {
        self.header.size.pixels() * u64::from(self.color.bytes_per_pixel())
    }

    /// Samples of light. The library's own word on an end that comes too early keeps nothing of what was there.
    fn read(&self) -> Result<Vec<f32>, DecodeError> {
        let mut decoder = decoder(self.bytes)?;
        let mut limits = image::Limits::no_limits();
        limits.max_alloc = Some(self.max_memory);
        decoder.set_limits(limits).map_err(error)?;
        let length = usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX);
        if length as u64 != self.bytes_of_pixels() {
            return Err(DecodeError::Damaged { format: Format::Exr, what: "two sizes are given".to_owned() });
        }
        let mut buffer = vec![0u8; length];
        decoder.read_image(&mut buffer).map_err(error)?;
        Ok(buffer.as_chunks::<4>().0.iter().map(|&bytes| f32::from_ne_bytes(bytes)).collect())
    }
}

impl Picture for ExrPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        let full = self.header.size;
        let factor = reduce::factor(full, need);
        let size = reduce::size(full, factor);
        // The pixels as decoded and as converted or averaged, and what the decoder holds of its own.
        let memory = self.bytes_of_pixels() * 2 + full.pixels() * 4 + 2 * self.block + (1 << 20);
        let scale = 1.0 / f64::from(factor);
        Offer { size, scale: (scale, scale), shrink: f64::from(factor), memory, need }
    }

    fn decode(&self, offer: &Offer, _options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let mut light = self.read()?;
        let has_alpha = self.color.has_alpha();
        let channels = if has_alpha { Channels::Rgba } else { Channels::Rgb };
        if has_alpha {
            float::divide_by_alpha(&mut light);
        }
        let notes = float::clipped(&light, channels.count(), has_alpha).into_iter().collect();
        let samples = Samples::U16(float::to_srgb(&light, channels.count(), has_alpha));
        let pixmap = reduce::pixmap(Pixmap::new(self.header.size, channels, samples), offer.shrink as u32);
        Ok(Decoded { pixels: Pixels::Joint(pixmap), notes })
    }
}
