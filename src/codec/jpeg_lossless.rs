//! Lossless JPEG (ITU-T T.81, process 14), through jpeg-decoder.

use std::io::Cursor;

use jpeg_decoder::{Decoder, Error, PixelFormat};

use super::{DecodeError, DecodeOptions, Decoded, Header, Need, Offer, Picture, Pixels};
use crate::format::Format;
use crate::pixmap::{Channels, Pixmap, Samples};

struct Lossless<'a> {
    bytes: &'a [u8],
    header: Header,
    precision: u8,
}

/// A picture of which our decoder has read the header.
pub fn open<'a>(bytes: &'a [u8], header: Header, precision: u8) -> Result<Box<dyn Picture + 'a>, DecodeError> {
    Ok(Box::new(Lossless { bytes, header, precision }))
}

fn error(error: Error) -> DecodeError {
    let format = Format::Jpeg;
    match error {
        Error::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format, what: "its data end too early".to_owned() }
        }
        Error::Unsupported(what) => DecodeError::Unsupported(format!("lossless JPEG with {what:?}")),
        other => DecodeError::Damaged { format, what: other.to_string() },
    }
}

impl Picture for Lossless<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        let size = self.header.size;
        Offer { size, scale: (1.0, 1.0), shrink: 1.0, memory: size.pixels() * 16, need }
    }

    fn decode(&self, offer: &Offer, _options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let mut decoder = Decoder::new(Cursor::new(self.bytes));
        let samples = decoder.decode().map_err(error)?;
        let info = decoder
            .info()
            .ok_or_else(|| DecodeError::Truncated { format: Format::Jpeg, what: "no picture in it".to_owned() })?;
        let damaged = |what: &str| DecodeError::Damaged { format: Format::Jpeg, what: what.to_owned() };
        if (u32::from(info.width), u32::from(info.height)) != (offer.size.width, offer.size.height) {
            return Err(damaged("two sizes are given"));
        }
        // A marker stands nowhere inside of coded data, so the end has to follow the last scan.
        let last = |marker: u8| self.bytes.windows(2).rposition(|w| w == [0xff, marker]);
        if last(0xd9) < last(0xda) {
            return Err(DecodeError::Truncated { format: Format::Jpeg, what: "no end-of-image marker".to_owned() });
        }
        let (channels, samples) = match info.pixel_format {
            PixelFormat::L8 => (Channels::Grey, Samples::U8(samples)),
            PixelFormat::RGB24 => (Channels::Rgb, Samples::U8(samples)),
            PixelFormat::CMYK32 => (Channels::Cmyk, Samples::U8(samples.into_iter().map(|v| 255 - v).collect())),
            PixelFormat::L16 => {
                let top = f64::from((1u32 << self.precision.clamp(9, 16)) - 1);
                let widen = |b: &[u8]| {
                    let v = f64::from(u16::from_ne_bytes([b[0], b[1]]));
                    (v * 65_535.0 / top).round().min(65_535.0) as u16
                };
                (Channels::Grey, Samples::U16(samples.chunks_exact(2).map(widen).collect()))
            }
        };
        if match &samples {
            Samples::U8(v) => v.len(),
            Samples::U16(v) => v.len(),
        } as u64
            != offer.size.pixels() * channels.count() as u64
        {
            return Err(damaged("pixels are missing"));
        }
        Ok(Decoded { pixels: Pixels::Joint(Pixmap::new(offer.size, channels, samples)), notes: Vec::new() })
    }
}
