//! Decodes QOI. <https://qoiformat.org/qoi-specification.pdf>
//!
//! The `qoi` crate (0.4) decodes a picture whole. `rapid-qoi` (0.6) can decode ranges, but does not
//! check the end marker. Neither stores the pixel of a leading run in its index as the reference
//! decoder does.

use super::rows::{self, Sequence, Shape};
use super::{Decode, DecodeError, DecodeOptions, Decoded, Header, Need, Offer, Picture};
use crate::format::Format;
use crate::limits::Limits;
use crate::pixmap::Channels;
use crate::size::Size;

/// The decoder.
pub struct Qoi;

struct QoiPicture<'a> {
    header: Header,
    channels: Channels,
    data: &'a [u8],
}

/// The end marker.
const END: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];

fn damaged(what: &str) -> DecodeError {
    DecodeError::Damaged { format: Format::Qoi, what: what.to_owned() }
}

fn truncated() -> DecodeError {
    DecodeError::Truncated { format: Format::Qoi, what: "its data end too early".to_owned() }
}

fn no_end() -> DecodeError {
    DecodeError::Truncated { format: Format::Qoi, what: "no end marker".to_owned() }
}

impl Decode for Qoi {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let (head, data) = bytes.split_first_chunk::<14>().ok_or_else(truncated)?;
        let side = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let size = Size::new(side(4), side(8));
        super::check_size(Format::Qoi, size, limits)?;
        let channels = match head[12] {
            3 => Channels::Rgb,
            4 => Channels::Rgba,
            _ => return Err(damaged("it has neither 3 nor 4 channels")),
        };
        // The specification says that the colour space field does not affect decoding.
        if head[13] > 1 {
            return Err(damaged("its colour space is unknown"));
        }
        let header = Header { has_alpha: channels.has_alpha(), ..Header::new(Format::Qoi, size) };
        Ok(Box::new(QoiPicture { header, channels, data }))
    }
}

impl QoiPicture<'_> {
    fn shape(&self) -> Shape {
        Shape { size: self.header.size, channels: self.channels, wide: false }
    }
}

impl Picture for QoiPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        rows::offer(self.shape(), need, 0)
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let has_alpha = self.channels.has_alpha();
        let (seen, pixel) = ([[0; 4]; 64], [0, 0, 0, 255]);
        let mut lines = Lines { data: self.data, has_alpha, seen, pixel, run: 0, zeros: 0, filled: false };
        rows::decode_sequence(self.shape(), &mut lines, offer, options)
    }
}

struct Lines<'a> {
    data: &'a [u8],
    has_alpha: bool,
    /// Earlier pixels, indexed by a hash of their samples.
    seen: [[u8; 4]; 64],
    pixel: [u8; 4],
    /// How often the pixel repeats.
    run: usize,
    /// The number of consecutive zero bytes as chunks. An encoder writes no two in a row.
    zeros: u32,
    /// Whether so many zeros came that they are the end marker, or an unwritten part of the file.
    filled: bool,
}

impl Lines<'_> {
    /// Decodes the next chunk: a pixel, or a run.
    #[inline]
    fn chunk(&mut self) -> Result<(), DecodeError> {
        let [red, green, blue, alpha] = self.pixel;
        self.zeros = if self.data.first() == Some(&0) { self.zeros + 1 } else { 0 };
        self.filled |= self.zeros >= 7;
        (self.pixel, self.data) = match *self.data {
            [0xfe, red, green, blue, ref rest @ ..] => ([red, green, blue, alpha], rest),
            [0xff, red, green, blue, alpha, ref rest @ ..] => ([red, green, blue, alpha], rest),
            [0xfe | 0xff, ..] | [] => return Err(truncated()),
            [index @ 0..=0x3f, ref rest @ ..] => (self.seen[usize::from(index)], rest),
            [steps @ 0x40..=0x7f, ref rest @ ..] => {
                let step = |v: u8, shift: u8| v.wrapping_add(steps >> shift & 3).wrapping_sub(2);
                ([step(red, 4), step(green, 2), step(blue, 0), alpha], rest)
            }
            [luma @ 0x80..=0xbf, steps, ref rest @ ..] => {
                let luma = (luma & 63).wrapping_sub(32);
                let step = |v: u8, shift: u8| v.wrapping_add(luma).wrapping_add(steps >> shift & 15).wrapping_sub(8);
                ([step(red, 4), green.wrapping_add(luma), step(blue, 0), alpha], rest)
            }
            [0x80..=0xbf] => return Err(truncated()),
            [run, ref rest @ ..] => {
                self.run = usize::from(run & 63);
                (self.pixel, rest)
            }
        };
        self.seen[hash(self.pixel)] = self.pixel;
        Ok(())
    }

    fn pixels<const N: usize>(&mut self, mut out: &mut [[u8; N]]) -> Result<(), DecodeError> {
        loop {
            let run = self.run.min(out.len());
            let (same, rest) = out.split_at_mut(run);
            same.fill(std::array::from_fn(|i| self.pixel[i]));
            self.run -= run;
            out = rest;
            let Some((next, rest)) = out.split_first_mut() else { return Ok(()) };
            self.chunk()?;
            *next = std::array::from_fn(|i| self.pixel[i]);
            out = rest;
        }
    }
}

fn hash([red, green, blue, alpha]: [u8; 4]) -> usize {
    let sum = usize::from(red) * 3 + usize::from(green) * 5 + usize::from(blue) * 7 + usize::from(alpha) * 11;
    sum % 64
}

impl Sequence for Lines<'_> {
    fn row(&mut self, out: &mut [u8]) -> Result<(), DecodeError> {
        if self.has_alpha { self.pixels(out.as_chunks_mut::<4>().0) } else { self.pixels(out.as_chunks_mut::<3>().0) }
    }

    fn end(&mut self) -> Result<(), DecodeError> {
        match self.data {
            data if data.starts_with(&END) => Ok(()),
            // The end marker was taken for pixels.
            _ if self.filled || self.zeros > 1 => Err(truncated()),
            data if END.starts_with(data) => Ok(()),
            _ => Err(damaged("its end marker does not follow its pixels")),
        }
    }

    fn trailer(&mut self) -> Result<(), DecodeError> {
        if self.data.starts_with(&END) { Ok(()) } else { Err(no_end()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixmap::Samples;

    fn file(size: (u8, u8), channels: u8, chunks: &[u8]) -> Vec<u8> {
        [&b"qoif\0\0\0"[..], &[size.0, 0, 0, 0, size.1, channels, 0], chunks, &END].concat()
    }

    fn decode(bytes: &[u8], allow_truncated: bool) -> Result<(Vec<u8>, usize), DecodeError> {
        decode_with(bytes, DecodeOptions { allow_truncated, ..DecodeOptions::default() })
    }

    fn decode_strictly(bytes: &[u8]) -> Result<(Vec<u8>, usize), DecodeError> {
        decode_with(bytes, DecodeOptions { strict: true, ..DecodeOptions::default() })
    }

    fn decode_with(bytes: &[u8], options: DecodeOptions<'_>) -> Result<(Vec<u8>, usize), DecodeError> {
        let picture = Qoi.open(bytes, &Limits::default())?;
        let decoded = picture.decode(&picture.offer(None), &options)?;
        let Samples::U8(samples) = decoded.pixels.into_pixmap().into_samples() else { panic!("8 bits") };
        Ok((samples, decoded.notes.len()))
    }

    /// Follows the wording of the specification pixel by pixel.
    #[test]
    fn every_chunk() {
        let chunks = [
            &[0xfe, 10, 20, 30][..],          // red, green, blue
            &[0xff, 1, 2, 3, 4],              // and alpha
            &[0b01_11_00_10],                 // + 1, - 2, 0
            &[0b10_100001, 0b1001_0111],      // green + 1, red + 1 + 1, blue + 1 - 1
            &[hash([10, 20, 30, 255]) as u8], // seen before
            &[0b11_000001],                   // twice more
            &[0xfe, 255, 255, 255],
            &[0b01_11_11_11], // around
        ]
        .concat();
        let pixels = [
            [10, 20, 30, 255],
            [1, 2, 3, 4],
            [2, 0, 3, 4],
            [4, 1, 3, 4],
            [10, 20, 30, 255],
            [10, 20, 30, 255],
            [10, 20, 30, 255],
            [255, 255, 255, 255],
            [0, 0, 0, 255],
        ];
        assert_eq!(decode(&file((3, 3), 4, &chunks), false), Ok((pixels.concat(), 0)));
        let opaque: Vec<u8> = pixels.iter().flat_map(|p| p[..3].to_vec()).collect();
        assert_eq!(decode(&file((9, 1), 3, &chunks), false), Ok((opaque, 0)));
    }

    #[test]
    fn the_first_pixel_may_be_the_one_before_it() {
        assert_eq!(decode(&file((2, 1), 4, &[0b11_000001]), false), Ok((vec![0, 0, 0, 255, 0, 0, 0, 255], 0)));
    }

    #[test]
    fn ends() {
        let whole = file((1, 2), 3, &[0xfe, 9, 8, 7, 0b10_100000, 0x88]);
        assert_eq!(decode(&whole, false), Ok((vec![9, 8, 7, 9, 8, 7], 0)));
        for len in 4..whole.len() {
            let strict = decode_strictly(&whole[..len]);
            match len {
                ..20 => assert_eq!(decode(&whole[..len], false), Err(truncated()), "{len}"),
                20.. => {
                    assert_eq!(decode(&whole[..len], false), Ok((vec![9, 8, 7, 9, 8, 7], 1)), "{len}");
                    assert_eq!(strict, Err(no_end()), "{len}");
                }
            }
            assert!(strict.is_err(), "{len}");
            assert_eq!(decode(&whole[..len], true).is_ok(), len >= 18, "{len}");
        }
        assert_eq!(decode(&whole[..19], true), Ok((vec![9, 8, 7, 0, 0, 0], 1)));
        assert_eq!(decode(&whole[..20], true), Ok((vec![9, 8, 7, 9, 8, 7], 1)));
        let mut longer = whole;
        longer.insert(18, 0b11_000000);
        assert!(matches!(decode(&longer, false), Err(DecodeError::Damaged { .. })));
    }

    /// In a picture that lacks pixels, neither the end marker nor the zeros of an unwritten file
    /// may be shown as pixels.
    #[test]
    fn the_end_marker_is_not_shown_as_pixels() {
        for (missing, tail) in [(7, &END[..]), (8, &END[..]), (9, &[0; 9][..]), (8, &[0; 15][..]), (3, &[0; 9][..])] {
            let mut bytes = file((10, 1), 3, &[0xfe, 9, 8, 7].repeat(10 - missing));
            bytes.truncate(bytes.len() - END.len());
            bytes.extend(tail);
            assert!(decode(&bytes, false).is_err(), "{missing} {tail:?}");
        }
    }

    #[test]
    fn heads() {
        for (at, value) in [(12, 2), (12, 5), (13, 2), (7, 0)] {
            let mut bytes = file((1, 1), 3, &[0xfe, 1, 2, 3]);
            bytes[at] = value;
            assert!(matches!(decode(&bytes, false), Err(DecodeError::Damaged { .. })), "{at} {value}");
        }
    }
}
