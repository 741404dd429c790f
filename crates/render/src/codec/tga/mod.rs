//! Decodes TGA. TGA has no magic number; `format::sniff` recognises its header.
//!
//! The `image` crate (0.25) decodes a TGA whole, and does not read the extension area, which
//! defines alpha.

pub(in crate::codec) mod lines;

use crate::codec::rows::{self, Rows, Shape};
use crate::codec::{Decode, DecodeError, DecodeOptions, Decoded, Header, Need, Offer, Picture, Pixels};
use crate::format::Format;
use crate::limits::Limits;
use crate::pixmap::Channels;
use crate::size::Size;
use lines::{Index, Pixel};

/// The decoder.
pub struct Tga;

struct TgaPicture<'a> {
    header: Header,
    channels: Channels,
    pixel: Pixel,
    /// Bytes per stored pixel.
    bytes: usize,
    packed: bool,
    /// The bytes from the first pixel to the end of the file.
    data: &'a [u8],
    /// Whether the first stored row is the top one.
    top_down: bool,
    /// Whether the first stored pixel of a row is the rightmost.
    mirrored: bool,
    premultiplied: bool,
}

fn damaged(what: String) -> DecodeError {
    DecodeError::Damaged { format: Format::Tga, what }
}

fn truncated() -> DecodeError {
    DecodeError::Truncated { format: Format::Tga, what: "its data end too early".to_owned() }
}

/// The meaning of the alpha bits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alpha {
    /// They have no meaning.
    None,
    /// The descriptor declares them, and nothing more is known.
    Unsaid,
    Straight,
    Premultiplied,
}

/// The attributes type in the extension area of TGA 2.0. Writers that fill in nothing leave it 0.
fn attributes_type(bytes: &[u8]) -> Option<u8> {
    let footer = bytes.last_chunk::<26>().filter(|f| f.ends_with(b"TRUEVISION-XFILE.\0"))?;
    let area = u32::from_le_bytes([footer[0], footer[1], footer[2], footer[3]]) as usize;
    // The area begins with its own length. If it does not, the footer points elsewhere.
    let length = bytes.get(area..area.checked_add(2)?).map(|b| u16::from_le_bytes([b[0], b[1]]))?;
    bytes.get(area.checked_add(494)?).copied().filter(|_| area >= 18 && length >= 495)
}

fn is_denied(bytes: &[u8]) -> bool {
    matches!(attributes_type(bytes), Some(0 | 1))
}

fn alpha(bytes: &[u8], attributes: u8) -> Alpha {
    match attributes_type(bytes) {
        _ if attributes == 0 => Alpha::None,
        // 2 is "undefined, but to be retained".
        Some(0 | 1) => Alpha::None,
        Some(4) => Alpha::Premultiplied,
        Some(3) => Alpha::Straight,
        _ => Alpha::Unsaid,
    }
}

impl Decode for Tga {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let h = bytes.first_chunk::<18>().ok_or_else(truncated)?;
        let size = Size::new(u16::from_le_bytes([h[12], h[13]]).into(), u16::from_le_bytes([h[14], h[15]]).into());
        crate::codec::check_size(Format::Tga, size, limits)?;
        let (kind, depth, flags) = (h[2], h[16], h[17]);
        if flags & 0xc0 != 0 {
            return Err(DecodeError::Unsupported("TGA with interleaved rows".to_owned()));
        }
        let map_at = 18 + usize::from(h[0]);
        let map_bytes = if h[1] == 1 { usize::from(u16::from_le_bytes([h[5], h[6]])) * bytes_of(h[7]) } else { 0 };
        let alpha = alpha(bytes, flags & 15);
        // The single bit of 16-bit pixels is an overlay bit and seldom alpha. Like most readers,
        // ignore it unless the file says more.
        let one_bit = matches!(alpha, Alpha::Straight | Alpha::Premultiplied);
        let pixel = match (kind & 7, depth) {
            (1, 8 | 16) => {
                let has_map_alpha = if h[7] == 16 { one_bit } else { alpha != Alpha::None };
                let map = bytes.get(map_at..map_at + map_bytes).ok_or_else(truncated)?;
                Pixel::mapped(map, h[7], u16::from_le_bytes([h[3], h[4]]), has_map_alpha)
                    .ok_or_else(|| damaged(format!("a colour map of {} bits", h[7])))?
            }
            (2, 15 | 16) => Pixel::Bits15 { alpha: depth == 16 && one_bit },
            (2, 24) => Pixel::Bgr,
            (2, 32) if flags & 15 == 0 && !is_denied(bytes) => {
                // Many writers store alpha without declaring its bits. If it is zero everywhere,
                // there is none.
                let data = bytes.get(map_at + map_bytes..).unwrap_or_default();
                Pixel::Bgra { alpha: lines::has_alpha(data, kind & 8 != 0, size.pixels()) }
            }
            (2, 32) => Pixel::Bgra { alpha: alpha != Alpha::None },
            (3, 8) => Pixel::Grey,
            (3, 16) => Pixel::GreyAlpha { alpha: alpha != Alpha::None },
            _ => return Err(damaged(format!("kind {kind} of {depth} bits a pixel"))),
        };
        let channels = pixel.channels();
        let header = Header { has_alpha: channels.has_alpha(), ..Header::new(Format::Tga, size) };
        Ok(Box::new(TgaPicture {
            header,
            channels,
            pixel,
            bytes: bytes_of(depth),
            packed: kind & 8 != 0,
            data: bytes.get(map_at + map_bytes..).ok_or_else(truncated)?,
            top_down: flags & 0x20 != 0,
            mirrored: flags & 0x10 != 0,
            premultiplied: alpha == Alpha::Premultiplied && channels.has_alpha(),
        }))
    }
}

/// The size in bytes of a pixel or colour with this many bits.
fn bytes_of(bits: u8) -> usize {
    usize::from(bits.div_ceil(8))
}

impl TgaPicture<'_> {
    fn shape(&self) -> Shape {
        Shape { size: self.header.size, channels: self.channels, wide: false }
    }
}

impl Picture for TgaPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        let held = if self.packed { u64::from(self.header.size.height) * lines::ROW_BYTES } else { 0 };
        rows::offer(self.shape(), need, held)
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let Size { width, height } = self.header.size;
        let row = width as usize * self.bytes;
        let index = self.packed.then(|| lines::index(self.data, self.bytes, self.header.size));
        let there = index.as_ref().map_or(self.data.len() / row, |index| index.rows());
        let mut notes = Vec::new();
        if there < height as usize {
            if !options.allow_truncated || there == 0 {
                return Err(truncated());
            }
            notes.push(format!("{}; what is missing was filled", truncated()));
        }
        let mut lines = Lines { picture: self, index, stored: vec![0; row], there, lacking: false };
        let pixmap = rows::decode(self.shape(), &mut lines, offer, options)?;
        if lines.lacking {
            notes.push("pixels without an entry in its colour map are black".to_owned());
        }
        Ok(Decoded { pixels: Pixels::Joint(pixmap), notes })
    }
}

struct Lines<'p> {
    picture: &'p TgaPicture<'p>,
    index: Option<Index<'p>>,
    stored: Vec<u8>,
    there: usize,
    lacking: bool,
}

impl Rows for Lines<'_> {
    fn row(&mut self, y: u32, out: &mut [u8]) {
        let picture = self.picture;
        let place = if picture.top_down { y } else { picture.header.size.height - 1 - y } as usize;
        if place >= self.there {
            // A missing row is black, or transparent.
            out.fill(0);
            return;
        }
        let length = self.stored.len();
        let stored = match &self.index {
            Some(index) => {
                index.row(place, &mut self.stored);
                &self.stored
            }
            None => &picture.data[place * length..][..length],
        };
        self.lacking |= picture.pixel.paint(stored, out);
        let samples = picture.channels.count();
        if picture.mirrored {
            mirror(out, samples);
        }
        if picture.premultiplied {
            divide(out, samples);
        }
    }
}

fn mirror(row: &mut [u8], samples: usize) {
    // Reverse all samples, then those of each pixel again.
    row.reverse();
    row.chunks_exact_mut(samples).for_each(<[u8]>::reverse);
}

/// Undoes premultiplied alpha.
fn divide(row: &mut [u8], samples: usize) {
    for p in row.chunks_exact_mut(samples) {
        let alpha = u32::from(p[samples - 1]);
        for c in &mut p[..samples - 1] {
            *c = (u32::from(*c) * 255 + alpha / 2).checked_div(alpha).unwrap_or(0).min(255) as u8;
        }
    }
}

#[cfg(test)]
mod tests;
