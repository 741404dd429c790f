//! Decodes lossless JPEG (ITU-T T.81, process 14), row by row.

use crate::codec::jpeg::{LACKS_END, damage_note, error};
use crate::codec::rows::{self, Sequence, Shape};
use crate::codec::{DecodeError, DecodeOptions, Decoded, Header, Need, Offer, Picture};
use crate::pixmap::Channels;

struct Lossless<'a> {
    bytes: &'a [u8],
    inner: thumbs_jpeg::Header,
    header: Header,
    shape: Shape,
}

/// Opens a picture whose header was read.
pub fn open<'a>(
    bytes: &'a [u8],
    inner: thumbs_jpeg::Header,
    header: Header,
) -> Result<Box<dyn Picture + 'a>, DecodeError> {
    inner.supported_lossless().map_err(error)?;
    let channels = match inner.channels() {
        1 => Channels::Grey,
        3 => Channels::Rgb,
        _ => Channels::Cmyk,
    };
    let shape = Shape { size: header.size, channels, wide: inner.precision > 8 };
    Ok(Box::new(Lossless { bytes, inner, header, shape }))
}

impl Sequence for thumbs_jpeg::LosslessRows<'_> {
    fn row(&mut self, out: &mut [u8]) -> Result<(), DecodeError> {
        thumbs_jpeg::LosslessRows::row(self, out).map_err(error)
    }

    fn row_wide(&mut self, out: &mut [u16]) -> Result<(), DecodeError> {
        thumbs_jpeg::LosslessRows::row_wide(self, out).map_err(error)
    }

    fn end(&mut self) -> Result<(), DecodeError> {
        thumbs_jpeg::LosslessRows::end(self).map_err(error)
    }
}

impl Picture for Lossless<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        rows::offer(self.shape, need, self.inner.lossless_memory())
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let how = thumbs_jpeg::Options {
            allow_truncated: options.allow_truncated,
            strict: options.strict,
            ..thumbs_jpeg::Options::default()
        };
        let mut rows = thumbs_jpeg::LosslessRows::new(self.bytes, &self.inner, &how).map_err(error)?;
        let mut decoded = rows::decode_sequence(self.shape, &mut rows, offer, options)?;
        decoded.notes.extend(rows.damage().map(|damage| damage_note(damage, self.header.size.height)));
        decoded.notes.extend(rows.lacks_end().then(|| LACKS_END.to_owned()));
        Ok(decoded)
    }
}
