//! Decodes Radiance HDR: three 8-bit mantissas with a common exponent, packed by rows.
//! <https://radsite.lbl.gov/radiance/refer/filefmts.pdf>
//!
//! The `image` crate (0.25) decodes an HDR whole. It lacks XYZE, primaries, and orientations other
//! than `-Y +X`.

pub(in crate::codec) mod primaries;

use std::sync::LazyLock;

use crate::codec::float;
use crate::codec::rows::{self, Sequence, Shape};
use crate::codec::{ColorSpace, Decode, DecodeError, DecodeOptions, Decoded, Header, Need, Offer, Picture};
use crate::format::Format;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::pixmap::Channels;
use crate::size::Size;

/// The decoder.
pub struct Hdr;

struct HdrPicture<'a> {
    header: Header,
    /// The data after the size line.
    data: &'a [u8],
}

/// The longest header that is read, in bytes.
const MAX_HEADER: usize = 1 << 16;

fn damaged(what: &str) -> DecodeError {
    DecodeError::Damaged { format: Format::Hdr, what: what.to_owned() }
}

fn truncated() -> DecodeError {
    DecodeError::Truncated { format: Format::Hdr, what: "its data end too early".to_owned() }
}

/// The next line without its end, and the rest.
fn line(bytes: &[u8]) -> Result<(&[u8], &[u8]), DecodeError> {
    let end = bytes.iter().take(MAX_HEADER).position(|&b| b == b'\n').ok_or_else(|| match bytes.len() {
        0..MAX_HEADER => truncated(),
        _ => damaged("its header does not end"),
    })?;
    let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
    Ok((line.strip_suffix(b"\r").unwrap_or(line), rest))
}

/// Parses a size line such as `-Y 768 +X 1024` to the stored size and the orientation. Stored rows
/// run from the top, columns from the left.
fn resolution(line: &[u8]) -> Option<(Size, Orientation)> {
    let text = std::str::from_utf8(line).ok()?;
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let &[outer, rows, inner, columns] = &words[..] else { return None };
    let size = Size::new(columns.parse().ok()?, rows.parse().ok()?);
    let orientation = match (outer, inner) {
        ("-Y", "+X") => Orientation::Upright,
        ("-Y", "-X") => Orientation::FlipH,
        ("+Y", "-X") => Orientation::Rotate180,
        ("+Y", "+X") => Orientation::FlipV,
        ("+X", "-Y") => Orientation::Transpose,
        ("-X", "-Y") => Orientation::Rotate90,
        ("-X", "+Y") => Orientation::Transverse,
        ("+X", "+Y") => Orientation::Rotate270,
        _ => return None,
    };
    Some((size, orientation))
}

impl Decode for Hdr {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let (mut rest, mut primaries, mut is_xyz) = (bytes, None, false);
        loop {
            let (text, behind) = line(rest)?;
            rest = behind;
            if text.is_empty() {
                break;
            }
            if let Some(text) = text.strip_prefix(b"PRIMARIES=") {
                primaries = primaries::parse(text);
            }
            match text.strip_prefix(b"FORMAT=").map(<[u8]>::trim_ascii) {
                None | Some(b"32-bit_rle_rgbe") => {}
                Some(b"32-bit_rle_xyze") => is_xyz = true,
                Some(_) => return Err(damaged("its pixel format is unknown")),
            }
        }
        let (text, data) = line(rest)?;
        let (size, orientation) = resolution(text).ok_or_else(|| damaged("its header has no size"))?;
        crate::codec::check_size(Format::Hdr, size, limits)?;
        let color = match is_xyz.then_some(primaries::CIE_XYZ).or(primaries) {
            // Samples are encoded with the curve of sRGB.
            Some(xy) => ColorSpace::Calibrated { gamma: 0.45455, chromaticities: Some(xy) },
            None => ColorSpace::Srgb,
        };
        let header = Header { orientation, color, ..Header::new(Format::Hdr, size) };
        Ok(Box::new(HdrPicture { header, data }))
    }
}

impl HdrPicture<'_> {
    fn shape(&self) -> Shape {
        Shape { size: self.header.size, channels: Channels::Rgb, wide: true }
    }
}

impl Picture for HdrPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        rows::offer(self.shape(), need, 4 * u64::from(self.header.size.width))
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let columns = self.header.size.width as usize;
        let mut lines = Lines { data: self.data, pixels: vec![[0; 4]; columns], brighter: false };
        let mut decoded = rows::decode_sequence(self.shape(), &mut lines, offer, options)?;
        decoded.notes.extend(lines.brighter.then(float::clipped_note));
        Ok(decoded)
    }
}

struct Lines<'a> {
    data: &'a [u8],
    pixels: Vec<[u8; 4]>,
    /// Whether a pixel was brighter than white.
    brighter: bool,
}

impl Sequence for Lines<'_> {
    fn row_wide(&mut self, out: &mut [u16]) -> Result<(), DecodeError> {
        self.data = unpack(self.data, &mut self.pixels)?;
        for (out, &[red, green, blue, exponent]) in out.as_chunks_mut::<3>().0.iter_mut().zip(&self.pixels) {
            let curve = &CURVE[usize::from(exponent)];
            *out = [red, green, blue].map(|mantissa| curve[usize::from(mantissa)]);
            self.brighter |= exponent > HALVES && is_brighter(red.max(green).max(blue), exponent);
        }
        Ok(())
    }
}

/// The largest exponent with which no mantissa is brighter than white.
const HALVES: u8 = 128;

/// Whether `mantissa * 2^(exponent - 136)` is more than 1.
fn is_brighter(mantissa: u8, exponent: u8) -> bool {
    match 136u8.checked_sub(exponent) {
        Some(bits) => u32::from(mantissa) > 1u32.checked_shl(bits.into()).unwrap_or(u32::MAX),
        None => mantissa > 0,
    }
}

/// sRGB samples by exponent and mantissa.
static CURVE: LazyLock<Box<[[u16; 256]]>> = LazyLock::new(|| {
    let sample = |exponent: u16, mantissa: u16| match exponent {
        0 => 0,
        _ => float::encode(f32::from(mantissa) * (f32::from(exponent) - 136.0).exp2()),
    };
    (0..256).map(|e| std::array::from_fn(|m| sample(e, m as u16))).collect()
});

/// Unpacks a row and returns the data behind it.
fn unpack<'a>(data: &'a [u8], pixels: &mut [[u8; 4]]) -> Result<&'a [u8], DecodeError> {
    match data {
        [2, 2, high @ 0..=127, low, rest @ ..] if (8..32_768).contains(&pixels.len()) => {
            if usize::from(*high) << 8 | usize::from(*low) != pixels.len() {
                return Err(damaged("a row is not as long as the picture is wide"));
            }
            unpack_planes(rest, pixels)
        }
        _ => unpack_pixels(data, pixels),
    }
}

/// Unpacks red of all pixels, then green, blue and the exponents, each with runs.
fn unpack_planes<'a>(mut data: &'a [u8], pixels: &mut [[u8; 4]]) -> Result<&'a [u8], DecodeError> {
    let beyond = || damaged("a run extends beyond its row");
    for plane in 0..4 {
        let mut x = 0;
        while x < pixels.len() {
            let (&code, rest) = data.split_first().ok_or_else(truncated)?;
            if code > 128 {
                let (&value, rest) = rest.split_first().ok_or_else(truncated)?;
                let run = pixels.get_mut(x..x + usize::from(code - 128)).ok_or_else(beyond)?;
                run.iter_mut().for_each(|pixel| pixel[plane] = value);
                (x, data) = (x + run.len(), rest);
            } else {
                let part =
                    pixels.get_mut(x..x + usize::from(code)).filter(|part| !part.is_empty()).ok_or_else(beyond)?;
                let (values, rest) = rest.split_at_checked(part.len()).ok_or_else(truncated)?;
                part.iter_mut().zip(values).for_each(|(pixel, &value)| pixel[plane] = value);
                (x, data) = (x + part.len(), rest);
            }
        }
    }
    Ok(data)
}

/// Unpacks pixel by pixel. If all three mantissas are 1, the fourth byte repeats the previous
/// pixel; further such pixels give more significant bits of the count.
fn unpack_pixels<'a>(data: &'a [u8], pixels: &mut [[u8; 4]]) -> Result<&'a [u8], DecodeError> {
    let (mut rest, mut x, mut shift) = (data, 0, 0u32);
    while x < pixels.len() {
        let (&pixel, behind) = rest.split_first_chunk::<4>().ok_or_else(truncated)?;
        rest = behind;
        if let [1, 1, 1, count] = pixel {
            let before = x.checked_sub(1).map(|i| pixels[i]).ok_or_else(|| damaged("a run before the first pixel"))?;
            let count = usize::from(count).checked_shl(shift).unwrap_or(usize::MAX);
            let run = pixels.get_mut(x..x.saturating_add(count));
            let run = run.ok_or_else(|| damaged("a run extends beyond its row"))?;
            run.fill(before);
            x += run.len();
            shift = (shift + 8).min(24);
        } else {
            pixels[x] = pixel;
            (x, shift) = (x + 1, 0);
        }
    }
    Ok(rest)
}

#[cfg(test)]
mod tests;
