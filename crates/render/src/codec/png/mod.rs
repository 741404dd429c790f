//! Decodes PNG row by row with the `png` crate and averages rows by an integer factor on the way,
//! so that only the reduced picture is held in memory.

pub(in crate::codec) mod chunks;
pub(in crate::codec) mod colors;
pub(in crate::codec) mod data;
pub(in crate::codec) mod forms;
mod optimize;
pub(in crate::codec) mod out;
mod own;
pub(in crate::codec) mod profiles;
mod quantize;

use std::io::{BufRead, Seek};

use png::{DecodeOptions as PngOptions, Decoder, DecodingError, Reader, Transformations};

use crate::codec::ColorSpace;
use crate::codec::reduce::{self, Reducer};
use crate::codec::{Decode, DecodeError, DecodeOptions, Decoded, Header, Need, Offer, Picture, Pixels, exif};
use crate::format::Format;
use crate::limits::Limits;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::size::Size;
use chunks::Chunks;
use data::{Rewritten, Verdict};

/// Rows between two checks of the interrupt.
const ROWS_PER_LOOK: u32 = 64;

/// Up to this many bytes of pixels are inflated a second time to look for the end of the compressed
/// data. That takes a quarter of a millisecond.
const EXAMINED: u64 = 1 << 18;

/// The decoder.
pub struct Png;

struct PngPicture<'a> {
    bytes: &'a [u8],
    chunks: Chunks<'a>,
    header: Header,
    channels: Channels,
}

/// The result of an attempt to decode the pixels.
struct Attempt {
    samples: Samples,
    /// The number of rows present.
    rows: u32,
    /// Whether all rows are present and the compressed data ends properly.
    is_whole: bool,
}

fn truncated(what: &str) -> DecodeError {
    DecodeError::Truncated { format: Format::Png, what: what.to_owned() }
}

fn damaged(what: &str) -> DecodeError {
    DecodeError::Damaged { format: Format::Png, what: what.to_owned() }
}

impl Decode for Png {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let mut chunks = chunks::read(bytes)?;
        crate::codec::check_size(Format::Png, chunks.size, limits)?;
        let channels = match (chunks.color_type, chunks.transparency.is_some()) {
            (0, false) => Channels::Grey,
            (0, true) | (4, _) => Channels::GreyAlpha,
            (2 | 3, false) => Channels::Rgb,
            _ => Channels::Rgba,
        };
        let shown = chunks.metadata.exif.as_deref().map(exif::read).unwrap_or_default();
        let mut color = std::mem::take(&mut chunks.color);
        if shown.adobe_rgb && color == ColorSpace::Srgb {
            color = ColorSpace::AdobeRgb;
        }
        let header = Header {
            format: Format::Png,
            size: chunks.size,
            orientation: chunks.metadata.orientation(),
            has_alpha: channels.has_alpha(),
            animated: chunks.animated,
            color,
            metadata: std::mem::take(&mut chunks.metadata),
            notes: std::mem::take(&mut chunks.notes),
        };
        Ok(Box::new(PngPicture { bytes, chunks, header, channels }))
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
        let pixel = self.channels.count() as u64 * if self.chunks.depth == 16 { 2 } else { 1 };
        // The rows that the crate holds, the sums of one row of ours, the window of zlib.
        let rows = u64::from(full.width) * (pixel * 4 + self.channels.count() as u64 * 8);
        // The rows of an interlaced picture come in seven passes, so the whole picture is held.
        let whole = if self.chunks.interlaced { full.pixels() * pixel * 2 } else { 0 };
        let memory = size.pixels() * pixel + whole + rows + (1 << 20);
        Offer { size, scale: (scale, scale), shrink: f64::from(factor), memory, need }
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let head = data::head(&self.chunks);
        let data = &self.chunks.data;
        let stored = |count| data::stored(self.bytes, &self.chunks, &head, count);
        let is_damaged: Vec<bool> = data.iter().map(chunks::Data::is_damaged).collect();
        let first_damaged = is_damaged.iter().position(|&is| is);
        let mut attempt = self.attempt(stored(data.len()), false, offer, options)?;
        let mut flaws = self.chunks.flaws.clone();
        let mut notes = Vec::new();
        // The crate accepts a missing end of the compressed data (0.18.1). Looking for it in large
        // pictures costs time.
        let is_examined = options.strict || !flaws.is_empty() || data::length(&self.chunks) <= EXAMINED;
        if !attempt.is_whole || first_damaged.is_some() || is_examined {
            let verdict = data::check(&self.chunks, &is_damaged, options.interrupt);
            let fault = match verdict.ok_or(DecodeError::Interrupted)? {
                Verdict::Whole(words) => {
                    flaws.extend(Some(words.to_owned()).filter(|words| !words.is_empty()));
                    if attempt.rows < self.header.size.height {
                        drop(attempt);
                        attempt = self.attempt(Rewritten::new(&self.chunks, head.clone()), true, offer, options)?;
                    }
                    // The data inflates, but its rows are invalid.
                    (attempt.rows < self.header.size.height).then(|| damaged("a row with an unknown filter"))
                }
                Verdict::Short => Some(truncated("rows are missing")),
                Verdict::Cut => Some(truncated("its data end too early")),
                _ if first_damaged.is_some() => Some(damaged("chunk IDAT has a wrong checksum")),
                Verdict::Changed => Some(damaged("its pixel data have a wrong checksum")),
                Verdict::Corrupt => Some(damaged("its compressed pixels are corrupt")),
            };
            match fault {
                Some(fault) if !options.allow_truncated || attempt.rows == 0 => return Err(fault),
                Some(fault) => {
                    // Data behind the first damage cannot be trusted.
                    drop(attempt);
                    let count = first_damaged.filter(|&count| count > 0).unwrap_or(data.len());
                    attempt = self.attempt(stored(count), false, offer, options)?;
                    let height = self.header.size.height;
                    notes.push(match attempt.rows {
                        rows if rows < height => format!("{} of {height} rows filled", height - rows),
                        _ => fault.to_string(),
                    });
                }
                None => {}
            }
        }
        if options.strict && !options.allow_truncated && !flaws.is_empty() {
            return Err(damaged(&flaws.join(", ")));
        }
        notes.extend(flaws);
        Ok(Decoded { pixels: Pixels::Joint(Pixmap::new(offer.size, self.channels, attempt.samples)), notes })
    }
}

impl PngPicture<'_> {
    /// Decodes as many pixels as possible; the others are zero. With `is_known`, the data is
    /// complete and need not end properly.
    fn attempt(
        &self,
        input: impl BufRead + Seek,
        is_known: bool,
        offer: &Offer,
        options: &DecodeOptions<'_>,
    ) -> Result<Attempt, DecodeError> {
        let size = self.header.size;
        let wide = self.chunks.depth == 16;
        let reader = self.reader(input, is_known);
        let none = |samples| Attempt { samples, rows: 0, is_whole: false };
        let (rows, samples, mut reader) = if self.chunks.interlaced {
            let bytes = if wide { 2 } else { 1 };
            let mut frame = vec![0; size.pixels() as usize * self.channels.count() * bytes];
            let samples = |frame: Vec<u8>| {
                let samples = if wide { Samples::U16(native(&frame)) } else { Samples::U8(frame) };
                reduce::pixmap(Pixmap::new(size, self.channels, samples), offer.shrink as u32).into_samples()
            };
            match reader? {
                Some(mut reader) => (self.read_interlaced(&mut reader, &mut frame, options)?, samples(frame), reader),
                None => return Ok(none(samples(frame))),
            }
        } else {
            let mut reducer = Reducer::new(size, self.channels, offer.shrink as u32, wide);
            match reader? {
                Some(mut reader) => {
                    (self.read_rows(&mut reader, &mut reducer, wide, options)?, reducer.finish(), reader)
                }
                None => return Ok(none(reducer.finish())),
            }
        };
        let is_whole = rows == size.height && (is_known || reader.finish().is_ok());
        Ok(Attempt { samples, rows, is_whole })
    }

    /// The reader of the crate, or None if it does not reach the pixels.
    fn reader<R: BufRead + Seek>(&self, input: R, is_known: bool) -> Result<Option<Reader<R>>, DecodeError> {
        let mut how = PngOptions::default();
        how.set_ignore_adler32(is_known);
        // These are the checksums of the IDAT chunks, which were checked already.
        how.set_ignore_crc(true);
        let mut decoder = Decoder::new_with_options(input, how);
        // The widest row (65 MB at the largest width that 4 GiB hold) and the chunks before the
        // pixels.
        let row = u64::from(self.header.size.width).saturating_mul(8 * 4);
        let limit = row.saturating_add(16 << 20);
        decoder.set_limits(png::Limits { bytes: usize::try_from(limit).unwrap_or(usize::MAX) });
        decoder.set_transformations(Transformations::EXPAND);
        match decoder.read_info() {
            Ok(reader) => Ok(Some(reader)),
            Err(DecodingError::LimitsExceeded) => {
                Err(DecodeError::Limit("PNG: its rows take too much memory".to_owned()))
            }
            Err(_) => Ok(None),
        }
    }

    /// Reads rows into `reducer` until they end. Returns their number.
    fn read_rows<R: BufRead + Seek>(
        &self,
        reader: &mut Reader<R>,
        reducer: &mut Reducer,
        wide: bool,
        options: &DecodeOptions<'_>,
    ) -> Result<u32, DecodeError> {
        let height = self.header.size.height;
        let length = reader.output_line_size(self.header.size.width).unwrap_or(0);
        let mut row = vec![0u8; length];
        for y in 0..height {
            if y % ROWS_PER_LOOK == 0 && options.interrupt.is_some_and(|stop| stop()) {
                return Err(DecodeError::Interrupted);
            }
            match reader.read_row(&mut row) {
                Ok(Some(_)) if wide => reducer.push_wide(&native(&row)),
                Ok(Some(_)) => reducer.push(&row),
                Ok(None) | Err(_) => return Ok(y),
            }
        }
        Ok(height)
    }

    /// Reads the rows of all passes into `frame`. Returns the number of rows that are certainly
    /// present.
    fn read_interlaced<R: BufRead + Seek>(
        &self,
        reader: &mut Reader<R>,
        frame: &mut [u8],
        options: &DecodeOptions<'_>,
    ) -> Result<u32, DecodeError> {
        let size = self.header.size;
        let (color, depth) = reader.output_color_type();
        let bits = color.samples() as u8 * depth as u8;
        let stride = size.width as usize * usize::from(bits / 8);
        let mut row = vec![0u8; stride];
        let mut left = passes(size);
        let mut count = 0u32;
        while left > 0 {
            count += 1;
            if count.is_multiple_of(ROWS_PER_LOOK) && options.interrupt.is_some_and(|stop| stop()) {
                return Err(DecodeError::Interrupted);
            }
            match reader.read_row(&mut row) {
                Ok(Some(png::InterlaceInfo::Adam7(pass))) => {
                    png::expand_interlaced_row(frame, stride, &row, &pass, bits);
                }
                // The first pass has covered the whole picture coarsely.
                _ if count > size.height.div_ceil(8) => return Ok(count.min(size.height - 1)),
                _ => return Ok(0),
            }
            left -= 1;
        }
        Ok(size.height)
    }
}

/// The total number of rows of all seven passes.
fn passes(size: Size) -> u32 {
    [(0, 0, 8), (4, 0, 8), (0, 4, 8), (2, 0, 4), (0, 2, 4), (1, 0, 2), (0, 1, 2)]
        .into_iter()
        .filter(|&(left, ..)| left < size.width)
        .map(|(_, top, down)| size.height.saturating_sub(top).div_ceil(down))
        .sum()
}

/// Converts big-endian 16-bit samples.
fn native(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|b| u16::from_be_bytes([b[0], b[1]])).collect()
}

#[cfg(test)]
mod tests;
