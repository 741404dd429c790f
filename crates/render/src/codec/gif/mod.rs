//! Decodes GIF: the first frame on its screen. <https://www.w3.org/Graphics/GIF/spec-gif89a.txt>
//!
//! Indices are unpacked a row at a time. Only interlaced frames are held whole, one byte per pixel.
//!
//! The `gif` crate (0.14) also decodes row by row, but rejects a frame without a palette, and does
//! not say how many pixels precede a damaged code.

pub(in crate::codec) mod blocks;

use crate::codec::lzw::{Lzw, Order, Step};
use crate::codec::rows::{self, Sequence, Shape};
use crate::codec::{ColorSpace, Decode, DecodeError, DecodeOptions, Decoded, Header, Metadata, Need, Offer, Picture};
use crate::format::Format;
use crate::limits::Limits;
use crate::pixmap::Channels;
use crate::size::Size;
use blocks::Blocks;

/// The decoder.
pub struct Gif;

struct GifPicture<'a> {
    header: Header,
    blocks: Blocks,
    bytes: &'a [u8],
}

/// The largest width of an index in bits. Codes are at least one bit wider.
const MAX_BITS: u8 = 11;

fn damaged(what: impl Into<String>) -> DecodeError {
    DecodeError::Damaged { format: Format::Gif, what: what.into() }
}

fn truncated() -> DecodeError {
    DecodeError::Truncated { format: Format::Gif, what: "its first frame ends too early".to_owned() }
}

impl Decode for Gif {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let mut blocks = blocks::read(bytes)?;
        crate::codec::check_size(Format::Gif, blocks.canvas, limits)?;
        crate::codec::check_size(Format::Gif, blocks.frame.size, limits)?;
        // Missing pixels are transparent.
        blocks.has_alpha |= !blocks.frame.ended;
        let header = Header {
            has_alpha: blocks.has_alpha,
            animated: blocks.frames > 1,
            color: blocks.icc.take().map_or(ColorSpace::Srgb, ColorSpace::Icc),
            metadata: Metadata { exif: None, xmp: blocks.xmp.take(), iptc: None },
            ..Header::new(Format::Gif, blocks.canvas)
        };
        Ok(Box::new(GifPicture { header, blocks, bytes }))
    }
}

impl GifPicture<'_> {
    fn shape(&self) -> Shape {
        let channels = if self.header.has_alpha { Channels::Rgba } else { Channels::Rgb };
        Shape { size: self.header.size, channels, wide: false }
    }
}

impl Picture for GifPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        let frame = &self.blocks.frame;
        let held = if frame.interlaced { frame.size.pixels() } else { u64::from(frame.size.width) };
        // Includes the code table.
        rows::offer(self.shape(), need, held + (1 << 16))
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let mut lines = Lines::new(&self.blocks, self.bytes)?;
        let mut decoded = rows::decode_sequence(self.shape(), &mut lines, offer, options)?;
        if !lines.any && !decoded.notes.is_empty() {
            // The uncovered part of the screen above the frame is not a picture.
            return Err(truncated());
        }
        let whole = decoded.notes.is_empty();
        if lines.lacking {
            decoded.notes.push("pixels without an entry in its palette were left empty".to_owned());
        }
        if lines.is_grey {
            decoded.notes.push("no palette: its indices are shown as greys".to_owned());
        }
        match &self.blocks.wrong {
            Some(wrong) if options.strict => return Err(wrong.clone()),
            // The first frame, which is the one shown, may still be complete.
            Some(wrong) if whole => decoded.notes.push(wrong.to_string()),
            _ => {}
        }
        Ok(decoded)
    }
}

/// Unpacks the indices of a frame.
struct Indices<'a> {
    blocks: Box<dyn Iterator<Item = &'a [u8]> + 'a>,
    block: &'a [u8],
    /// Bits per index.
    bits: u8,
    lzw: Lzw,
    ended: bool,
}

impl<'a> Indices<'a> {
    fn new(data: &'a [u8]) -> Result<Self, DecodeError> {
        let (&bits, data) = data.split_first().ok_or_else(truncated)?;
        if !(1..=MAX_BITS).contains(&bits) {
            return Err(damaged(format!("indices of {bits} bits")));
        }
        let lzw = Lzw::new(Order::Low, bits);
        Ok(Self { blocks: Box::new(blocks::blocks(data)), block: &[], bits, lzw, ended: false })
    }

    /// Fills `out` and returns how much was available.
    fn read(&mut self, out: &mut [u8]) -> Result<usize, DecodeError> {
        let mut have = 0;
        while have < out.len() && !self.ended {
            match self.lzw.step(&mut self.block, &mut out[have..]) {
                Ok(Step::Bytes(count)) => have += count,
                Ok(Step::Ended) => self.ended = true,
                Ok(Step::Starved) => match self.blocks.next() {
                    Some(block) => self.block = block,
                    None => break,
                },
                Err(_) if have > 0 => self.ended = true,
                Err(_) => return Err(damaged("an undefined code in its data")),
            }
        }
        Ok(have)
    }
}

struct Lines<'a> {
    blocks: &'a Blocks,
    indices: Indices<'a>,
    colors: Box<[[u8; 4]; 256]>,
    /// The number of colours in the palette.
    known: usize,
    /// Whether any row of indices was read.
    any: bool,
    /// Whether an index had no colour.
    lacking: bool,
    /// Whether the file has no palette, so that greys are used.
    is_grey: bool,
    /// The next row of the screen.
    y: u32,
    /// A row of indices, or all rows of an interlaced frame.
    held: Vec<u8>,
    /// Why an interlaced frame is incomplete.
    error: Option<DecodeError>,
}

impl<'a> Lines<'a> {
    fn new(blocks: &'a Blocks, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let frame = &blocks.frame;
        let indices = Indices::new(bytes.get(frame.data..).unwrap_or_default())?;
        // An index without a colour is black, or transparent.
        let mut colors = Box::new([[0; 4]; 256]);
        let table = bytes.get(frame.colors.clone()).unwrap_or_default().as_chunks::<3>().0;
        colors.iter_mut().zip(table).for_each(|(out, &[red, green, blue])| *out = [red, green, blue, 255]);
        let is_grey = table.is_empty();
        if is_grey {
            // Without a palette, GIF89a leaves the colours to the reader. With 8 bits, these are
            // the greys of Pillow.
            let top = (1usize << indices.bits.min(8)) - 1;
            let grey = |i: usize| (i.min(top) * 255 / top) as u8;
            colors.iter_mut().enumerate().for_each(|(i, out)| *out = [grey(i), grey(i), grey(i), 255]);
        }
        if let Some(index) = frame.transparent {
            colors[usize::from(index)] = [0; 4];
        }
        let known = if is_grey { 256 } else { table.len().min(256) };
        let (any, lacking, held) = (false, false, Vec::new());
        Ok(Self { blocks, indices, colors, known, any, lacking, is_grey, y: 0, held, error: None })
    }

    /// All rows of an interlaced frame in order. Missing rows repeat those of the previous pass.
    fn hold(&mut self) -> Result<(), DecodeError> {
        let Size { width, height } = self.blocks.frame.size;
        let (width, height) = (width as usize, height as usize);
        self.held = vec![0; width * height];
        let mut first = true;
        for (start, step) in [(0, 8), (4, 8), (2, 4), (1, 2)] {
            for y in (start..height).step_by(step) {
                let row = y * width..(y + 1) * width;
                if self.error.is_none() {
                    match self.indices.read(&mut self.held[row.clone()]) {
                        Ok(have) if have == width => {
                            first = false;
                            continue;
                        }
                        Ok(_) => self.error = Some(truncated()),
                        Err(error) => self.error = Some(error),
                    }
                }
                // The previous pass had every row that is a multiple of twice the step.
                let above = if start == 0 { y.saturating_sub(step) } else { y - start };
                self.held.copy_within(above * width..(above + 1) * width, row.start);
            }
        }
        match self.error.take() {
            Some(error) if first => Err(error),
            error => {
                self.error = error;
                Ok(())
            }
        }
    }

    /// Writes the part of a row that the frame covers.
    fn paint<const N: usize>(&mut self, indices: &[u8], out: &mut [[u8; N]]) {
        let left = (self.blocks.frame.at.0 as usize).min(out.len());
        let mut largest = 0;
        for (pixel, &index) in out[left..].iter_mut().zip(indices) {
            let color = self.colors[usize::from(index)];
            *pixel = std::array::from_fn(|i| color[i]);
            largest = largest.max(index);
        }
        self.lacking |= usize::from(largest) >= self.known && self.misses(indices);
    }

    fn misses(&self, indices: &[u8]) -> bool {
        indices.iter().any(|&i| usize::from(i) >= self.known && Some(i) != self.blocks.frame.transparent)
    }
}

impl Sequence for Lines<'_> {
    fn row(&mut self, out: &mut [u8]) -> Result<(), DecodeError> {
        let frame = &self.blocks.frame;
        let width = frame.size.width as usize;
        if self.y == 0 && frame.interlaced {
            self.hold()?;
        }
        let row = self.y.checked_sub(frame.at.1).filter(|&row| row < frame.size.height);
        self.y += 1;
        if width < self.blocks.canvas.width as usize || row.is_none() || frame.at.0 > 0 {
            out.fill(0);
        }
        let Some(row) = row else { return Ok(()) };
        let mut held = std::mem::take(&mut self.held);
        let indices = if frame.interlaced {
            &held[row as usize * width..][..width]
        } else {
            held.resize(width, 0);
            match self.indices.read(&mut held)? {
                have if have == width => &held[..],
                _ => return Err(truncated()),
            }
        };
        self.any = true;
        if self.blocks.has_alpha {
            self.paint(indices, out.as_chunks_mut::<4>().0);
        } else {
            self.paint(indices, out.as_chunks_mut::<3>().0);
        }
        self.held = held;
        Ok(())
    }

    fn end(&mut self) -> Result<(), DecodeError> {
        self.error.take().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests;
