//! Decodes farbfeld: 16 bits each of red, green, blue and alpha.
//! <https://tools.suckless.org/farbfeld/>
//!
//! The `image` crate (0.25) can read rows of it with `read_rect`, but an adapter would be as long
//! as this decoder.

use super::rows::{self, Sequence, Shape};
use super::{Decode, DecodeError, DecodeOptions, Decoded, Header, Need, Offer, Picture};
use crate::format::Format;
use crate::limits::Limits;
use crate::pixmap::Channels;
use crate::size::Size;

/// The decoder.
pub struct Farbfeld;

struct FarbfeldPicture<'a> {
    header: Header,
    data: &'a [u8],
}

fn truncated() -> DecodeError {
    DecodeError::Truncated { format: Format::Farbfeld, what: "its data end too early".to_owned() }
}

impl Decode for Farbfeld {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let (head, data) = bytes.split_first_chunk::<16>().ok_or_else(truncated)?;
        let side = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let size = Size::new(side(8), side(12));
        super::check_size(Format::Farbfeld, size, limits)?;
        let header = Header { has_alpha: true, ..Header::new(Format::Farbfeld, size) };
        Ok(Box::new(FarbfeldPicture { header, data }))
    }
}

impl FarbfeldPicture<'_> {
    fn shape(&self) -> Shape {
        Shape { size: self.header.size, channels: Channels::Rgba, wide: true }
    }
}

impl Picture for FarbfeldPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        rows::offer(self.shape(), need, 0)
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        rows::decode_sequence(self.shape(), &mut Lines(self.data), offer, options)
    }
}

struct Lines<'a>(&'a [u8]);

impl Sequence for Lines<'_> {
    fn row_wide(&mut self, out: &mut [u16]) -> Result<(), DecodeError> {
        let (row, rest) = self.0.split_at_checked(out.len() * 2).ok_or_else(truncated)?;
        self.0 = rest;
        out.iter_mut().zip(row.as_chunks::<2>().0).for_each(|(out, &word)| *out = u16::from_be_bytes(word));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixmap::Samples;

    #[test]
    fn samples_and_their_end() {
        let mut file = b"farbfeld\0\0\0\x01\0\0\0\x02".to_vec();
        file.extend([0, 1, 0, 2, 0, 3, 0, 4, 255, 254, 0, 0, 1, 0, 255, 255]);
        let decode = |bytes: &[u8], allow_truncated: bool| {
            let picture = Farbfeld.open(bytes, &Limits::default())?;
            let options = DecodeOptions { allow_truncated, ..DecodeOptions::default() };
            let decoded = picture.decode(&picture.offer(None), &options)?;
            Ok((decoded.pixels.into_pixmap().into_samples(), decoded.notes.len()))
        };
        assert_eq!(decode(&file, false), Ok((Samples::U16(vec![1, 2, 3, 4, 65_534, 0, 256, 65_535]), 0)));
        let cut = &file[..file.len() - 1];
        assert_eq!(decode(cut, true), Ok((Samples::U16(vec![1, 2, 3, 4, 0, 0, 0, 0]), 1)));
        for len in 8..file.len() {
            assert_eq!(decode(&file[..len], false), Err(truncated()), "{len}");
        }
        file[11] = 0;
        assert!(matches!(decode(&file, false), Err(DecodeError::Damaged { .. })));
    }
}
