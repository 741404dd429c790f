//! Decodes OpenEXR with the `exr` crate: red, green, blue and alpha, or luminance, from scan lines
//! or tiles. Pixels are averaged as they arrive.

pub(in crate::codec) mod blocks;
pub(in crate::codec) mod layer;

use std::io::Cursor;

use exr::block::reader::Reader;
use exr::error::Error;
use exr::math::Vec2;
use exr::prelude::traits::*;

use crate::codec::{ColorSpace, Decode, DecodeError, DecodeOptions, Decoded, Header, Need, Offer, Picture, Pixels};
use crate::codec::{float, reduce};
use crate::format::Format;
use crate::limits::Limits;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::size::Size;
use crate::words;
use layer::ExrLayer;

/// The decoder.
pub struct Exr;

struct ExrPicture<'a> {
    bytes: &'a [u8],
    header: Header,
    layer: ExrLayer,
    /// Offset from the corner of the display window to the corner of the data window, in columns
    /// and rows.
    offset: (i64, i64),
    /// Bytes of a block, which the crate holds besides the pixels.
    block: u64,
}

fn error(error: Error) -> DecodeError {
    let format = Format::Exr;
    match error {
        Error::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format, what: "its data end too early".to_owned() }
        }
        Error::Aborted => DecodeError::Interrupted,
        Error::NotSupported(what) => DecodeError::Unsupported(format!("OpenEXR: {what}")),
        Error::Invalid(what) if what.contains("compress") => {
            DecodeError::Damaged { format, what: "its compressed data are wrong".to_owned() }
        }
        Error::Invalid(what) => DecodeError::Damaged { format, what: what.into_owned() },
        Error::Io(e) => DecodeError::Damaged { format, what: words::system_words(&e) },
    }
}

fn reader(bytes: &[u8]) -> Result<Reader<Cursor<&[u8]>>, DecodeError> {
    exr::block::read(Cursor::new(bytes), false).map_err(error)
}

impl Decode for Exr {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let block = blocks::check(bytes)?;
        let reader = reader(bytes)?;
        let (part, layer) = ExrLayer::choose(reader.headers())
            .ok_or_else(|| DecodeError::Unsupported("OpenEXR of other than red, green and blue samples".to_owned()))?;
        let channels = layer.channels;
        let shown = part.shared_attributes.display_window;
        let side = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let size = Size::new(side(shown.size.width()), side(shown.size.height()));
        crate::codec::check_size(Format::Exr, size, limits)?;
        let stored = part.own_attributes.layer_position;
        let between = |a: i32, b: i32| i64::from(a) - i64::from(b);
        let header = Header {
            has_alpha: channels.has_alpha(),
            color: match part.shared_attributes.chromaticities {
                // Samples are encoded with the curve of sRGB at this point.
                Some(said) if channels.count() >= 3 => {
                    let xy = [said.white, said.red, said.green, said.blue].map(|v| (v.x().into(), v.y().into()));
                    ColorSpace::Calibrated { gamma: 0.45455, chromaticities: Some(xy) }
                }
                _ => ColorSpace::Srgb,
            },
            ..Header::new(Format::Exr, size)
        };
        let offset = (between(stored.x(), shown.position.x()), between(stored.y(), shown.position.y()));
        Ok(Box::new(ExrPicture { bytes, header, layer, offset, block }))
    }
}

impl ExrPicture<'_> {
    /// Reads the pixels. Pixels outside the data window are black, or transparent.
    fn read(&self, factor: u32) -> Result<Canvas, DecodeError> {
        let (size, channels, (left, top)) = (self.header.size, self.layer.channels, self.offset);
        let name = |channel| self.layer.name(channel);
        let create = move || Canvas::new(size, channels, factor);
        let at = move |position: Vec2<usize>| (position.x() as i64 + left, position.y() as i64 + top);
        let levels = exr::prelude::read().no_deep_data().largest_resolution_level().specific_channels();
        let reader = reader(self.bytes)?;
        if channels.count() >= 3 {
            let samples =
                levels.required(name("R")).required(name("G")).required(name("B")).optional(name("A"), 1.0f32);
            let pixels = samples.collect_pixels(
                move |_, _| create(),
                move |canvas: &mut Canvas, position, (red, green, blue, alpha): (f32, f32, f32, f32)| {
                    canvas.put(at(position), [red, green, blue], alpha);
                },
            );
            let image = pixels.first_valid_layer().all_attributes().from_chunks(reader).map_err(error)?;
            Ok(image.layer_data.channel_data.pixels)
        } else {
            let pixels = levels.required(name("Y")).optional(name("A"), 1.0f32).collect_pixels(
                move |_, _| create(),
                move |canvas: &mut Canvas, position, (luminance, alpha): (f32, f32)| {
                    canvas.put(at(position), [luminance; 3], alpha);
                },
            );
            let image = pixels.first_valid_layer().all_attributes().from_chunks(reader).map_err(error)?;
            Ok(image.layer_data.channel_data.pixels)
        }
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
        // Samples, or sums and then samples.
        let sample = if factor > 1 { 10 } else { 2 };
        let pixels = size.pixels() * self.layer.channels.count() as u64 * sample;
        let memory = pixels + u64::from(full.width) * 16 + 2 * self.block + (1 << 20);
        let scale = 1.0 / f64::from(factor);
        Offer { size, scale: (scale, scale), shrink: f64::from(factor), memory, need }
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        if options.interrupt.is_some_and(|stop| stop()) {
            return Err(DecodeError::Interrupted);
        }
        let canvas = self.read(offer.shrink as u32)?;
        let notes = canvas.brighter.then(float::clipped_note).into_iter().collect();
        Ok(Decoded { pixels: Pixels::Joint(canvas.finish()), notes })
    }
}

/// Collects pixels in any order and averages them by an integer factor.
struct Canvas {
    size: Size,
    channels: Channels,
    factor: u32,
    /// sRGB samples, if the factor is 1.
    samples: Vec<u16>,
    /// Sums of samples otherwise; with alpha, of colours times alpha, and of alpha.
    sums: Vec<u64>,
    /// Whether a pixel was brighter than white.
    brighter: bool,
}

impl Canvas {
    fn new(size: Size, channels: Channels, factor: u32) -> Self {
        let count = reduce::size(size, factor).pixels() as usize * channels.count();
        let (samples, sums) = if factor == 1 { (vec![0; count], Vec::new()) } else { (Vec::new(), vec![0; count]) };
        Self { size, channels, factor, samples, sums, brighter: false }
    }

    /// Adds a pixel, given as light with premultiplied alpha. Pixels outside the picture are
    /// ignored.
    fn put(&mut self, (x, y): (i64, i64), mut light: [f32; 3], alpha: f32) {
        let Size { width, height } = self.size;
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
        if x >= width || y >= height {
            return;
        }
        let has_alpha = self.channels.has_alpha();
        if has_alpha {
            float::divide_by_alpha(&mut light, alpha);
        }
        self.brighter |= light.iter().any(|&v| v > 1.0);
        let n = self.channels.count();
        let colors = if has_alpha { n - 1 } else { n };
        let columns = width.div_ceil(self.factor) as usize;
        let at = ((y / self.factor) as usize * columns + (x / self.factor) as usize) * n;
        let alpha = if has_alpha { float::narrow(alpha) } else { u16::MAX };
        for (i, &light) in light[..colors].iter().enumerate() {
            let sample = float::encode(light);
            if self.factor == 1 {
                self.samples[at + i] = sample;
            } else {
                self.sums[at + i] += u64::from(sample) * if has_alpha { u64::from(alpha) } else { 1 };
            }
        }
        if has_alpha && self.factor == 1 {
            self.samples[at + colors] = alpha;
        } else if has_alpha {
            self.sums[at + colors] += u64::from(alpha);
        }
    }

    fn finish(self) -> Pixmap {
        let (size, n, factor) = (reduce::size(self.size, self.factor), self.channels.count(), self.factor);
        if factor == 1 {
            return Pixmap::new(size, self.channels, Samples::U16(self.samples));
        }
        let mut out = Vec::with_capacity(self.sums.len());
        let mean = |sum: u64, count: u64| (sum + count / 2).checked_div(count).unwrap_or(0) as u16;
        for (i, sums) in self.sums.chunks_exact(n).enumerate() {
            let (x, y) = (i as u32 % size.width * factor, i as u32 / size.width * factor);
            let count = u64::from((self.size.width - x).min(factor)) * u64::from((self.size.height - y).min(factor));
            match self.channels.has_alpha().then(|| sums[n - 1]) {
                Some(alpha) => {
                    out.extend(sums[..n - 1].iter().map(|&sum| mean(sum, alpha)));
                    out.push(mean(alpha, count));
                }
                None => out.extend(sums.iter().map(|&sum| mean(sum, count))),
            }
        }
        Pixmap::new(size, self.channels, Samples::U16(out))
    }
}

#[cfg(test)]
mod tests;
