//! What the `image` crate reads and nothing better is here for: GIF, QOI, PNM,
//! Radiance HDR, OpenEXR and farbfeld. All of it decodes at full size.

use std::borrow::Cow;
use std::io::Cursor;

use image::codecs::{farbfeld, gif, hdr, openexr, pnm, qoi};
use image::{ColorType, ImageDecoder, ImageError};

use super::gif_blocks::{self, Blocks};
use super::{ColorSpace, Decode, DecodeError, DecodeOptions, Decoded, Header, Metadata, Need, Offer, Picture, Pixels};
use super::{exif, exr_blocks, float, hdr_primaries, reduce};
use crate::format::Format;
use crate::limits::Limits;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::size::Size;

/// The decoder of one of these formats.
pub struct Generic(pub Format);

struct GenericPicture<'a> {
    bytes: Cow<'a, [u8]>,
    header: Header,
    color: ColorType,
    /// It has the end that its format demands.
    ended: bool,
    max_memory: u64,
    /// Bytes that the decoder holds besides the pixels.
    block: u64,
}

fn error(format: Format, error: ImageError) -> DecodeError {
    match error {
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format, what: "its data end too early".to_owned() }
        }
        ImageError::Limits(e) => DecodeError::Limit(format!("{format}: {e} (--memory)")),
        ImageError::Unsupported(e) => DecodeError::Unsupported(format!("{format}: {e}")),
        // OpenEXR's kinds that are not read come as errors of the format.
        other if format == Format::Exr && is_unsupported(&other) => {
            DecodeError::Unsupported("OpenEXR of other than red, green and blue samples".to_owned())
        }
        other => DecodeError::Damaged { format, what: other.to_string() },
    }
}

fn is_unsupported(error: &ImageError) -> bool {
    let text = error.to_string();
    ["not supported", "does not contain"].iter().any(|words| text.contains(words))
}

fn decoder<'a>(format: Format, bytes: &'a [u8]) -> Result<Box<dyn ImageDecoder + 'a>, DecodeError> {
    let data = Cursor::new(bytes);
    let opened: Result<Box<dyn ImageDecoder + 'a>, ImageError> = match format {
        Format::Gif => gif::GifDecoder::new(data).map(|d| Box::new(d) as _),
        Format::Qoi => qoi::QoiDecoder::new(data).map(|d| Box::new(d) as _),
        Format::Pnm => pnm::PnmDecoder::new(data).map(|d| Box::new(d) as _),
        Format::Hdr => hdr::HdrDecoder::new(data).map(|d| Box::new(d) as _),
        Format::Exr => openexr::OpenExrDecoder::new(data).map(|d| Box::new(d) as _),
        Format::Farbfeld => farbfeld::FarbfeldDecoder::new(data).map(|d| Box::new(d) as _),
        other => return Err(DecodeError::Unsupported(other.name().to_owned())),
    };
    opened.map_err(|e| error(format, e))
}

impl Decode for Generic {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        open(self.0, bytes.into(), limits)
    }
}

/// Opens a picture of `format`.
///
/// # Errors
/// As [`Decode::open`].
pub fn open<'a>(format: Format, bytes: Cow<'a, [u8]>, limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
    let mut notes = Vec::new();
    let mut bytes = bytes;
    let gif: Option<Blocks> = if format == Format::Gif {
        let blocks = gif_blocks::read(&bytes)?;
        super::check_size(format, blocks.canvas, limits)?;
        // The decoder takes memory for the frame, which may be far larger than the canvas (found by fuzzing).
        super::check_size(format, blocks.frame, limits)?;
        if blocks.needs_amending(&bytes) {
            bytes = gif_blocks::amended(&bytes, &blocks).map_or(bytes, Cow::Owned);
        }
        Some(blocks)
    } else {
        None
    };
    let exr = if format == Format::Exr { Some(exr_blocks::check(&bytes)?) } else { None };
    let block = match &gif {
        Some(gif) => gif.frame.pixels() * 2,
        None => exr.as_ref().map_or(0, |exr| exr.block),
    };
    let primaries = match &exr {
        Some(exr) => exr.chromaticities,
        None if format == Format::Hdr => hdr_primaries::read(&bytes),
        None => None,
    };
    let mut decoder = decoder(format, &bytes)?;
    let (width, height) = decoder.dimensions();
    let size = Size::new(width, height);
    super::check_size(format, size, limits)?;
    let color = decoder.color_type();
    let icc = decoder.icc_profile().unwrap_or_else(|_| {
        notes.push("broken colour profile ignored".to_owned());
        None
    });
    let exif = decoder.exif_metadata().ok().flatten();
    let xmp = decoder.xmp_metadata().ok().flatten();
    let shown = exif.as_deref().map(exif::read).unwrap_or_default();
    let header = Header {
        format,
        size,
        orientation: shown.orientation,
        // What is missing of a GIF is transparent.
        has_alpha: gif.as_ref().map_or(color.has_alpha(), |g| g.has_alpha || !g.ended),
        animated: gif.as_ref().is_some_and(|g| g.frames > 1),
        color: match (icc, primaries) {
            (Some(icc), _) => ColorSpace::Icc(icc),
            // Light was given the curve of sRGB by then.
            (None, Some(xy)) => ColorSpace::Calibrated { gamma: 0.45455, chromaticities: Some(xy) },
            (None, None) => ColorSpace::Srgb,
        },
        metadata: Metadata { exif, xmp, iptc: None },
        notes,
    };
    drop(decoder);
    let ended = gif.is_none_or(|g| g.ended);
    Ok(Box::new(GenericPicture { bytes, header, color, ended, max_memory: limits.max_memory, block }))
}

impl GenericPicture<'_> {
    fn bytes_of_pixels(&self) -> u64 {
        self.header.size.pixels() * u64::from(self.color.bytes_per_pixel())
    }

    /// The pixels; with an error also those that came before it.
    fn read(&self, bytes: &[u8]) -> Result<Vec<u8>, (DecodeError, Option<Vec<u8>>)> {
        let format = self.header.format;
        let mut decoder = decoder(format, bytes).map_err(|e| (e, None))?;
        let mut limits = image::Limits::no_limits();
        limits.max_alloc = Some(self.max_memory);
        decoder.set_limits(limits).map_err(|e| (error(format, e), None))?;
        let length = usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX);
        if length as u64 != self.bytes_of_pixels() {
            return Err((DecodeError::Damaged { format, what: "two sizes are given".to_owned() }, None));
        }
        let mut buffer = vec![0u8; length];
        match decoder.read_image_boxed(&mut buffer) {
            Ok(()) => Ok(buffer),
            Err(e) => Err((error(format, e), Some(buffer))),
        }
    }

    /// What there is of a picture that ends early: the rows that were decoded, or what comes with zeros behind
    /// the file's end, which in formats without much compression are black pixels. None if that is nothing.
    fn part(&self, decoded: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let something = |pixels: &Vec<u8>| pixels.iter().any(|&b| b != 0);
        decoded.filter(something).or_else(|| {
            // A header, and as many bytes as the pixels take at most.
            let mut padded = self.bytes.to_vec();
            padded.resize(padded.len().checked_add(usize::try_from(self.bytes_of_pixels()).ok()?)?, 0);
            match self.read(&padded) {
                Ok(pixels) => Some(pixels).filter(something),
                Err((_, pixels)) => pixels.filter(something),
            }
        })
    }
}

impl Picture for GenericPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        let full = self.header.size;
        let factor = reduce::factor(full, need);
        let size = reduce::size(full, factor);
        // The pixels as decoded and as converted or averaged, and what decoders hold of their own: a frame, an index.
        let memory = self.bytes_of_pixels() * 2 + full.pixels() * 4 + 2 * self.block + (1 << 20);
        let scale = 1.0 / f64::from(factor);
        Offer { size, scale: (scale, scale), shrink: f64::from(factor), memory, need }
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let format = self.header.format;
        let mut notes = Vec::new();
        let whole = if self.ended { self.read(&self.bytes) } else { Err((gif_blocks::no_trailer(), None)) };
        let buffer = match whole {
            Ok(buffer) => buffer,
            Err((error, _)) if !options.allow_truncated => return Err(error),
            Err((error, part)) => {
                notes.push(format!("{error}; what is missing was filled"));
                self.part(part).ok_or(error)?
            }
        };
        let wide = |b: Vec<u8>| Samples::U16(b.chunks_exact(2).map(|v| u16::from_ne_bytes([v[0], v[1]])).collect());
        let (channels, samples) = match self.color {
            ColorType::L8 => (Channels::Grey, Samples::U8(buffer)),
            ColorType::La8 => (Channels::GreyAlpha, Samples::U8(buffer)),
            ColorType::Rgb8 => (Channels::Rgb, Samples::U8(buffer)),
            ColorType::Rgba8 => (Channels::Rgba, Samples::U8(buffer)),
            ColorType::L16 => (Channels::Grey, wide(buffer)),
            ColorType::La16 => (Channels::GreyAlpha, wide(buffer)),
            ColorType::Rgb16 => (Channels::Rgb, wide(buffer)),
            ColorType::Rgba16 => (Channels::Rgba, wide(buffer)),
            ColorType::Rgb32F => {
                let light = floats(&buffer);
                notes.extend(float::clipped(&light, 3, false));
                (Channels::Rgb, Samples::U16(float::to_srgb(&light, 3, false)))
            }
            ColorType::Rgba32F => {
                let mut light = floats(&buffer);
                if format == Format::Exr {
                    float::divide_by_alpha(&mut light);
                }
                notes.extend(float::clipped(&light, 4, true));
                (Channels::Rgba, Samples::U16(float::to_srgb(&light, 4, true)))
            }
            other => return Err(DecodeError::Unsupported(format!("{format} with pixels of kind {other:?}"))),
        };
        let pixmap = reduce::pixmap(Pixmap::new(self.header.size, channels, samples), offer.shrink as u32);
        Ok(Decoded { pixels: Pixels::Joint(pixmap), notes })
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_ne_bytes([b[0], b[1], b[2], b[3]])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::registry;

    /// A GIF with a screen, and a frame of white at a place on it, behind an extension of some kind.
    fn gif(screen: (u8, u8), (left, top): (u8, u8), frame: (u8, u8), extension: &[u8]) -> Vec<u8> {
        let mut out = b"GIF89a".to_vec();
        out.extend([screen.0, 0, screen.1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
        out.extend(extension);
        out.extend([0x2c, left, 0, top, 0, frame.0, 0, frame.1, 0, 0, 2]);
        let indices = vec![1u8; usize::from(frame.0) * usize::from(frame.1)];
        let data = weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 2).encode(&indices).unwrap();
        out.push(data.len() as u8);
        out.extend(data);
        out.extend([0, 0x3b]);
        out
    }

    fn decoded(bytes: &[u8]) -> Pixmap {
        let picture = registry::decoder(Format::Gif).unwrap().open(bytes, &Limits::default()).unwrap();
        let decoded = picture.decode(&picture.offer(None), &DecodeOptions::default()).unwrap();
        decoded.pixels.into_pixmap()
    }

    #[test]
    fn screens_and_their_first_frames() {
        for (screen, at, frame, size) in [
            ((5, 5), (1, 1), (2, 2), (5, 5)),
            ((2, 2), (0, 0), (4, 3), (2, 2)),
            ((4, 4), (1, 2), (3, 3), (4, 4)),
            ((0, 0), (0, 0), (3, 2), (3, 2)),
        ] {
            let pixmap = decoded(&gif(screen, at, frame, b""));
            assert_eq!(pixmap.size(), Size::new(size.0, size.1));
            let Samples::U8(v) = pixmap.samples() else { panic!("8 bits") };
            let white = v.chunks(4).filter(|p| *p == [255; 4]).count();
            // What leads beyond the screen is cut.
            let shown = |at: u8, frame: u8, size: u32| (u32::from(at) + u32::from(frame)).min(size) - u32::from(at);
            assert_eq!(white as u32, shown(at.0, frame.0, size.0) * shown(at.1, frame.1, size.1));
            assert_eq!(v[3], if at == (0, 0) { 255 } else { 0 });
        }
    }

    #[test]
    fn extensions_of_unknown_kinds_are_passed_over() {
        // A comment, which is known, around one that is not.
        let extensions = b"\x21\xfe\x02hi\0\x21\x42\x03abc\x01d\0\x21\xfe\x01!\0";
        assert_eq!(decoded(&gif((3, 3), (0, 0), (3, 3), extensions)).size(), Size::new(3, 3));
        let bytes = gif((3, 3), (0, 0), (3, 3), extensions);
        for len in 6..bytes.len() {
            let Ok(found) = gif_blocks::read(&bytes[..len]) else { continue };
            let _ = gif_blocks::amended(&bytes[..len], &found);
        }
    }
}
