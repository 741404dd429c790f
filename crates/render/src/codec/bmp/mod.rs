//! Decodes BMP, also without a file header and inside icons. Rows are read top-down, wherever they
//! are in the file, and averaged as they arrive, so that only the reduced picture is held in
//! memory.
//!
//! The `image` crate (0.25) decodes a BMP whole. It lacks OS/2 2.x headers, RLE24, fax, 64 bits per
//! pixel, and embedded JPEG and PNG.

pub(in crate::codec) mod header;
pub(in crate::codec) mod lines;
pub(in crate::codec) mod rle;

use std::borrow::Cow;
use std::ops::Range;

use crate::codec::rows::{self, Rows, Shape};
use crate::codec::{
    Decode, DecodeError, DecodeOptions, Decoded, Header, Metadata, Need, Offer, Picture, Pixels, jpeg, png,
};
use crate::codec::{fax, float};
use crate::format::Format;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::pixmap::Channels;
use crate::size::Size;
use header::{Bitmap, Extent, Packing, truncated};
use lines::Colors;
use rle::Index;

/// The decoder.
pub struct Bmp;

/// A bitmap, with its mask if it is an icon.
pub struct BmpPicture<'a> {
    bitmap: Bitmap<'a>,
    header: Header,
    shape: Shape,
    icon: bool,
}

/// A picture of another format inside this one.
pub struct Inside<'a> {
    inner: Box<dyn Picture + 'a>,
    header: Header,
    /// How much of the outer file is present.
    extent: Extent,
}

impl Decode for Bmp {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let is_file = bytes.starts_with(b"BM") || bytes.starts_with(b"BA");
        let bitmap = if is_file { header::file(bytes)? } else { header::bare(Format::Bmp, bytes)? };
        match bitmap.packing {
            Packing::Jpeg => Inside::open(&jpeg::Jpeg, Format::Bmp, bitmap.data, bitmap.extent, limits),
            Packing::Png => Inside::open(&png::Png, Format::Bmp, bitmap.data, bitmap.extent, limits),
            _ => BmpPicture::open(bitmap, false, limits),
        }
    }
}

impl<'a> Inside<'a> {
    /// Opens the picture. Its header names the outer format.
    ///
    /// # Errors
    /// The errors of the inner decoder.
    pub fn open(
        decoder: &dyn Decode,
        format: Format,
        bytes: &'a [u8],
        extent: Extent,
        limits: &Limits,
    ) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let inner = decoder.open(bytes, limits)?;
        let header = Header { format, ..inner.header().clone() };
        Ok(Box::new(Self { inner, header, extent }))
    }
}

impl Picture for Inside<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        self.inner.offer(need)
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let note = self.extent.note(self.header.format, options)?;
        let mut decoded = self.inner.decode(offer, options)?;
        decoded.notes.extend(note);
        Ok(decoded)
    }
}

impl Extent {
    /// The note or error for a picture that is complete itself.
    fn note(self, format: Format, options: &DecodeOptions<'_>) -> Result<Option<String>, DecodeError> {
        match self {
            Self::Whole => Ok(None),
            Self::Short => {
                let error = truncated(format, "it is shorter than it says");
                if options.strict { Err(error) } else { Ok(Some(error.to_string())) }
            }
            Self::Lacking => {
                let error = truncated(format, "its largest picture lies beyond its end");
                if options.allow_truncated { Ok(Some(error.to_string())) } else { Err(error) }
            }
        }
    }
}

impl<'a> BmpPicture<'a> {
    /// Opens a bitmap of pixels. With `icon`, a mask follows them.
    ///
    /// # Errors
    /// Sizes beyond the limits.
    pub fn open(mut bitmap: Bitmap<'a>, icon: bool, limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        crate::codec::check_size(bitmap.format, bitmap.size, limits)?;
        if icon && bitmap.bits == 32 && bitmap.masks[3] == 0 && bitmap.packing == Packing::Plain {
            bitmap.masks[3] = !(bitmap.masks[0] | bitmap.masks[1] | bitmap.masks[2]);
        }
        if icon && bitmap.bits == 64 {
            return Err(DecodeError::Unsupported(format!("{} of 64 bits a pixel", bitmap.format)));
        }
        let linear = bitmap.bits == 64;
        let has_alpha = icon || linear || (matches!(bitmap.bits, 16 | 32) && bitmap.masks[3] != 0);
        let channels = if has_alpha { Channels::Rgba } else { Channels::Rgb };
        let wide = linear || (!icon && matches!(bitmap.bits, 16 | 32) && lines::is_wide(bitmap.masks));
        let shape = Shape { size: bitmap.size, channels, wide };
        let header = Header {
            format: bitmap.format,
            size: bitmap.size,
            orientation: Orientation::default(),
            has_alpha,
            animated: false,
            color: std::mem::take(&mut bitmap.color),
            metadata: Metadata::default(),
            notes: std::mem::take(&mut bitmap.notes),
        };
        Ok(Box::new(Self { bitmap, header, shape, icon }))
    }

    fn has_runs(&self) -> bool {
        matches!(self.bitmap.packing, Packing::Rle4 | Packing::Rle8 | Packing::Rle24)
    }

    /// The rows, as many as are present.
    fn source(&self) -> Source<'a> {
        let Bitmap { size, data, packing, .. } = self.bitmap;
        if self.has_runs() {
            return Source::Packed(rle::index(packing, size, data));
        }
        if packing == Packing::Fax {
            let row = size.width.div_ceil(8) as usize;
            let fax = fax::decode(data, fax::Kind::Group3 { two_dimensions: false }, size.width, size.height);
            let rows = (fax.rows.len() / row) as u32;
            return Source::Plain { rows, data: fax.rows.into(), stride: row, row, oddity: fax.oddity };
        }
        let stride = stride(size, self.bitmap.bits);
        let row = (u64::from(size.width) * u64::from(self.bitmap.bits)).div_ceil(8) as usize;
        // The padding of the last row may be missing.
        let there = data.len() + stride - row;
        let oddity = None;
        Source::Plain {
            data: data.into(),
            stride,
            row,
            oddity,
            rows: (there / stride).min(size.height as usize) as u32,
        }
    }

    /// Whether to ignore alpha: if it is zero everywhere in an icon, whose mask counts then, or in
    /// linear light.
    fn is_opaque(&self, source: &Source<'_>) -> bool {
        let Source::Plain { data, stride, row, rows, .. } = source else { return true };
        let lines = data.chunks(*stride).take(*rows as usize).map(|line| &line[..*row]);
        let (bytes, alpha) = (usize::from(self.bitmap.bits / 8), self.bitmap.masks[3].to_le_bytes());
        if bytes == 8 {
            return !lines.flat_map(|line| line.as_chunks::<8>().0).any(|p| p[6..] != [0; 2]);
        }
        if bytes < 2 || bytes == 3 || alpha == [0; 4] {
            return true;
        }
        if !self.icon {
            return false;
        }
        !lines.flat_map(|line| line.chunks_exact(bytes)).any(|p| p.iter().zip(alpha).any(|(b, mask)| b & mask != 0))
    }

    /// The mask of an icon, behind its pixels. None if it is missing, which is common with alpha.
    fn mask(&self, opaque: bool) -> Option<&'a [u8]> {
        let pixels = stride(self.bitmap.size, self.bitmap.bits) * self.bitmap.size.height as usize;
        let mask = self.bitmap.data.get(pixels..).filter(|_| self.icon && opaque)?;
        mask.get(..stride(self.bitmap.size, 1) * self.bitmap.size.height as usize)
    }
}

/// The bytes of a stored row, padded to a multiple of four.
pub fn stride(size: Size, bits: u16) -> usize {
    (u64::from(size.width) * u64::from(bits)).div_ceil(32) as usize * 4
}

impl Picture for BmpPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        let size = self.bitmap.size;
        let more = match self.bitmap.packing {
            Packing::Fax => u64::from(size.width.div_ceil(8)) * u64::from(size.height),
            _ if self.has_runs() => rle::most_rows(size, self.bitmap.data) as u64 * rle::ROW_BYTES,
            _ => 0,
        };
        rows::offer(self.shape, need, more)
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let mut notes = Vec::new();
        let source = self.source();
        let (there, height) = (source.rows(), self.bitmap.size.height);
        let opaque = self.is_opaque(&source);
        let mask = self.mask(opaque);
        // An icon without alpha misses its mask, unless the file is as long as it declares.
        let is_cut = there < height || (self.icon && opaque && mask.is_none() && self.bitmap.extent != Extent::Whole);
        if is_cut {
            let error = truncated(self.bitmap.format, "its data end too early");
            if !options.allow_truncated || there == 0 {
                return Err(error);
            }
            notes.push(format!("{error}; what is missing was filled"));
        } else {
            notes.extend(self.bitmap.extent.note(self.bitmap.format, options)?);
            if let Source::Plain { oddity: Some(oddity), .. } = &source {
                if options.strict {
                    return Err(DecodeError::Damaged { format: self.bitmap.format, what: oddity.clone() });
                }
                notes.push(oddity.clone());
            }
        }
        let mut lines = Lines {
            colors: self.colors(opaque),
            mask,
            stored: vec![0; source.length()],
            gaps: Vec::new(),
            source,
            size: self.bitmap.size,
            channels: self.shape.channels,
            top_down: self.bitmap.top_down,
            lacking: false,
            bright: false,
        };
        let pixmap = rows::decode(self.shape, &mut lines, offer, options)?;
        if lines.lacking {
            notes.push("pixels without an entry in its palette are black".to_owned());
        }
        if lines.bright {
            notes.push(float::clipped_note());
        }
        Ok(Decoded { pixels: Pixels::Joint(pixmap), notes })
    }
}

impl BmpPicture<'_> {
    fn colors(&self, opaque: bool) -> Colors {
        match Colors::of(&self.bitmap, opaque) {
            // Unpacked indices have one byte each.
            Colors::Indexed { table, known, .. } if self.has_runs() => Colors::Indexed { bits: 8, table, known },
            colors => colors,
        }
    }
}

enum Source<'a> {
    Plain { data: Cow<'a, [u8]>, stride: usize, row: usize, rows: u32, oddity: Option<String> },
    Packed(Index<'a>),
}

impl Source<'_> {
    /// The number of rows present.
    fn rows(&self) -> u32 {
        match self {
            Self::Plain { rows, .. } => *rows,
            Self::Packed(index) => index.rows,
        }
    }

    /// The bytes of an unpacked row.
    fn length(&self) -> usize {
        match self {
            Self::Plain { .. } => 0,
            Self::Packed(index) => index.row_length(),
        }
    }
}

struct Lines<'a> {
    source: Source<'a>,
    colors: Colors,
    mask: Option<&'a [u8]>,
    stored: Vec<u8>,
    /// The columns of an RLE row that were skipped.
    gaps: Vec<Range<usize>>,
    size: Size,
    channels: Channels,
    top_down: bool,
    lacking: bool,
    bright: bool,
}

impl Lines<'_> {
    fn place(&self, y: u32) -> u32 {
        if self.top_down { y } else { self.size.height - 1 - y }
    }
}

/// A stored row; None if it is missing.
fn stored<'l>(
    source: &'l Source<'_>,
    place: u32,
    unpacked: &'l mut [u8],
    gaps: &mut Vec<Range<usize>>,
) -> Option<&'l [u8]> {
    match source {
        Source::Plain { rows, .. } if place >= *rows => None,
        Source::Plain { data, stride, row, .. } => data.get(place as usize * stride..)?.get(..*row),
        Source::Packed(index) => {
            index.row(place, unpacked, gaps);
            Some(unpacked)
        }
    }
}

impl Rows for Lines<'_> {
    fn row(&mut self, y: u32, out: &mut [u8]) {
        let place = self.place(y);
        let Some(stored) = stored(&self.source, place, &mut self.stored, &mut self.gaps) else {
            // A missing row is black, or transparent.
            out.fill(0);
            return;
        };
        let lacking = match self.channels {
            Channels::Rgba => self.colors.paint::<4>(stored, out),
            _ => self.colors.paint::<3>(stored, out),
        };
        self.lacking |= lacking;
        // Pixels that RLE skips are black.
        for gap in &self.gaps {
            out[gap.start * 3..gap.end * 3].fill(0);
        }
        if let Some(mask) = self.mask {
            let line = &mask[stride(self.size, 1) * place as usize..];
            for (x, p) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                if line[x / 8] >> (7 - x % 8) & 1 == 1 {
                    p[3] = 0;
                }
            }
        }
    }

    fn row_wide(&mut self, y: u32, out: &mut [u16]) {
        match stored(&self.source, self.place(y), &mut self.stored, &mut self.gaps) {
            Some(stored) => self.bright |= self.colors.paint_wide(stored, out, self.channels.count()),
            None => out.fill(0),
        }
    }
}

#[cfg(test)]
mod tests;
