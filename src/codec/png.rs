//! PNG in, row by row through the `png` crate, averaged by a whole factor on the way, so that the
//! memory is that of the reduced picture.

use std::borrow::Cow;
use std::io::Cursor;

use png::{BitDepth, ColorType, DecodeOptions as PngOptions, Decoder, DecodingError, Reader, Transformations};

use super::png_chunks::{self, Chunks};
use super::reduce::{self, Reducer};
use super::{Decode, DecodeError, DecodeOptions, Decoded, Header, Need, Offer, Picture, Pixels, exif};
use crate::codec::ColorSpace;
use crate::format::Format;
use crate::limits::Limits;
use crate::pixmap::{Channels, Pixmap, Samples};

/// Rows between two looks at the interrupt.
const ROWS_PER_LOOK: u32 = 64;

/// The decoder.
pub struct Png;

struct PngPicture<'a> {
    /// The file; a copy of it where that has an animation, or bits in tRNS that no sample has.
    bytes: Cow<'a, [u8]>,
    chunks: Chunks,
    header: Header,
    channels: Channels,
}

fn truncated(what: &str) -> DecodeError {
    DecodeError::Truncated { format: Format::Png, what: what.to_owned() }
}

fn error(error: DecodingError) -> DecodeError {
    match error {
        DecodingError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            truncated("its data end too early")
        }
        DecodingError::LimitsExceeded => DecodeError::Limit("PNG: its rows take too much memory".to_owned()),
        other => DecodeError::Damaged { format: Format::Png, what: other.to_string() },
    }
}

impl Decode for Png {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let mut chunks = png_chunks::read(bytes)?;
        let size = chunks.size.ok_or_else(|| truncated("no header"))?;
        super::check_size(Format::Png, size, limits)?;
        let channels = match (chunks.color_type, chunks.transparency) {
            (0, false) => Channels::Grey,
            (0, true) | (4, _) => Channels::GreyAlpha,
            (2 | 3, false) => Channels::Rgb,
            (2 | 3, true) | (6, _) => Channels::Rgba,
            (n, _) => {
                let what = format!("its colour type is {n}");
                return Err(DecodeError::Damaged { format: Format::Png, what });
            }
        };
        let shown = chunks.metadata.exif.as_deref().map(exif::read).unwrap_or_default();
        let mut color = std::mem::take(&mut chunks.color);
        if shown.adobe_rgb && color == ColorSpace::Srgb {
            color = ColorSpace::AdobeRgb;
        }
        let header = Header {
            format: Format::Png,
            size,
            orientation: shown.orientation,
            has_alpha: channels.has_alpha(),
            animated: chunks.frames > 1,
            color,
            metadata: std::mem::take(&mut chunks.metadata),
            notes: std::mem::take(&mut chunks.notes),
        };
        let is_changed = chunks.animation || chunks.stray_bits;
        let bytes = if is_changed {
            png_chunks::still(bytes, chunks.stray_bits.then_some(chunks.depth)).into()
        } else {
            Cow::Borrowed(bytes)
        };
        Ok(Box::new(PngPicture { bytes, chunks, header, channels }))
    }
}

impl PngPicture<'_> {
    fn sample_bytes(&self) -> u64 {
        if self.chunks.depth == 16 { 2 } else { 1 }
    }
}

impl Picture for PngPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        let full = self.header.size;
        let factor = reduce::factor(full, need);
        let size = reduce::size(full, factor);
        let scale = 1.0 / f64::from(factor);
        let pixel = self.channels.count() as u64 * self.sample_bytes();
        // The rows that the crate holds, the sums of one row of ours, the window of zlib.
        let rows = u64::from(full.width) * (pixel * 4 + self.channels.count() as u64 * 8);
        // Rows of an interlaced picture come in seven passes, so it is held whole.
        let whole = if self.chunks.interlaced { full.pixels() * pixel * 2 } else { 0 };
        let copy = if matches!(self.bytes, Cow::Owned(_)) { self.bytes.len() as u64 } else { 0 };
        let memory = size.pixels() * pixel + whole + rows + copy + (1 << 20);
        Offer { size, scale: (scale, scale), shrink: f64::from(factor), memory, need }
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        if !self.chunks.ended && !options.allow_truncated {
            return Err(truncated("no IEND chunk"));
        }
        let mut reader = self.reader()?;
        let (color, depth) = reader.output_color_type();
        if !matches!(
            (color, self.channels),
            (ColorType::Grayscale, Channels::Grey)
                | (ColorType::GrayscaleAlpha, Channels::GreyAlpha)
                | (ColorType::Rgb, Channels::Rgb)
                | (ColorType::Rgba, Channels::Rgba)
        ) {
            return Err(DecodeError::Damaged {
                format: Format::Png,
                what: "a tRNS chunk in the wrong place".to_owned(),
            });
        }
        let wide = depth == BitDepth::Sixteen;
        let mut notes = Vec::new();
        let read = |rows: Result<u32, (u32, DecodeError)>, notes: &mut Vec<String>| match rows {
            Ok(_) => Ok(()),
            Err((rows, DecodeError::Truncated { .. } | DecodeError::Damaged { .. }))
                if options.allow_truncated && rows > 0 =>
            {
                let height = self.header.size.height;
                notes.push(format!("{} of {height} rows filled", height - rows));
                Ok(())
            }
            Err((_, error)) => Err(error),
        };
        let samples = if self.chunks.interlaced {
            let mut frame =
                vec![0; self.header.size.pixels() as usize * self.channels.count() * if wide { 2 } else { 1 }];
            read(self.read_interlaced(&mut reader, &mut frame, options), &mut notes)?;
            let samples = if wide { Samples::U16(native(&frame)) } else { Samples::U8(frame) };
            let whole = Pixmap::new(self.header.size, self.channels, samples);
            reduce::pixmap(whole, offer.shrink as u32).into_samples()
        } else {
            let mut reducer = Reducer::new(self.header.size, self.channels, offer.shrink as u32, wide);
            read(self.read_rows(&mut reader, &mut reducer, wide, options), &mut notes)?;
            reducer.finish()
        };
        if notes.is_empty() {
            // Checksums and chunks behind the pixels, up to the end.
            match reader.finish().map_err(error) {
                Ok(()) => {}
                Err(_) if options.allow_truncated => notes.push("its end is missing or damaged".to_owned()),
                Err(e) => return Err(e),
            }
        }
        Ok(Decoded { pixels: Pixels::Joint(Pixmap::new(offer.size, self.channels, samples)), notes })
    }
}

impl PngPicture<'_> {
    fn reader(&self) -> Result<Reader<Cursor<&[u8]>>, DecodeError> {
        let mut how = PngOptions::default();
        how.set_ignore_adler32(false);
        // Read already, and bounded: see `png_chunks`.
        how.set_ignore_iccp_chunk(true);
        how.set_ignore_text_chunk(true);
        let mut decoder = Decoder::new_with_options(Cursor::new(&*self.bytes), how);
        // A row at its widest (65 MB with the largest width that 4 GiB hold) and the chunks before the pixels.
        let row = u64::from(self.header.size.width).saturating_mul(8 * 4);
        let limit = row.saturating_add(16 << 20);
        decoder.set_limits(png::Limits { bytes: usize::try_from(limit).unwrap_or(usize::MAX) });
        decoder.set_transformations(Transformations::EXPAND);
        decoder.read_info().map_err(error)
    }

    /// All rows into `reducer`; with an error, how many there were.
    fn read_rows(
        &self,
        reader: &mut Reader<Cursor<&[u8]>>,
        reducer: &mut Reducer,
        wide: bool,
        options: &DecodeOptions<'_>,
    ) -> Result<u32, (u32, DecodeError)> {
        let height = self.header.size.height;
        let length = reader.output_line_size(self.header.size.width).unwrap_or(0);
        let mut row = vec![0u8; length];
        for y in 0..height {
            if y % ROWS_PER_LOOK == 0 && options.interrupt.is_some_and(|stop| stop()) {
                return Err((y, DecodeError::Interrupted));
            }
            match reader.read_row(&mut row) {
                Ok(Some(_)) if wide => reducer.push_wide(&native(&row)),
                Ok(Some(_)) => reducer.push(&row),
                Ok(None) => return Err((y, truncated("rows are missing"))),
                Err(e) => return Err((y, error(e))),
            }
        }
        Ok(height)
    }

    fn read_interlaced(
        &self,
        reader: &mut Reader<Cursor<&[u8]>>,
        frame: &mut [u8],
        options: &DecodeOptions<'_>,
    ) -> Result<u32, (u32, DecodeError)> {
        let height = self.header.size.height;
        let size = self.header.size;
        let (color, depth) = reader.output_color_type();
        let bits = color.samples() as u8 * depth as u8;
        let stride = size.width as usize * usize::from(bits / 8);
        let mut row = vec![0u8; stride];
        let mut count = 0u32;
        loop {
            count += 1;
            if count.is_multiple_of(ROWS_PER_LOOK) && options.interrupt.is_some_and(|stop| stop()) {
                return Err((0, DecodeError::Interrupted));
            }
            match reader.read_row(&mut row) {
                Ok(None) => return Ok(height),
                Ok(Some(info)) => match info {
                    png::InterlaceInfo::Adam7(pass) => png::expand_interlaced_row(frame, stride, &row, &pass, bits),
                    png::InterlaceInfo::Null(_) => return Err((0, truncated("rows are missing"))),
                },
                // The first pass has been over the whole picture once, coarsely.
                Err(e) => return Err((if count > height.div_ceil(8) { count.min(height) } else { 0 }, error(e))),
            }
        }
    }
}

/// PNG's 16-bit samples are big-endian.
fn native(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|b| u16::from_be_bytes([b[0], b[1]])).collect()
}
