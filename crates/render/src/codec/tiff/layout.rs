//! The layout of the samples, from the tags: where they are, how they are packed, and what they
//! mean.

use std::ops::Range;
use std::sync::Arc;

use super::colors::{self, Alpha, Meaning};
use super::directory::Directory;
use super::packing::{Compression, LogLuv};
use super::tags::{
    BITS, COMPRESSION, FILL_ORDER, HEIGHT, PHOTOMETRIC, PLANAR, PREDICTOR, ROWS_PER_STRIP, SAMPLE_FORMAT, SAMPLES,
    STRIP_COUNTS, STRIP_OFFSETS, T4_OPTIONS, TILE_COUNTS, TILE_HEIGHT, TILE_OFFSETS, TILE_WIDTH, WIDTH,
};
use super::{damaged, unsupported};
use crate::codec::DecodeError;
use crate::pixmap::Channels;
use crate::size::Size;

/// The number format of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    Unsigned,
    Signed,
    Float,
}

/// How a picture is stored.
#[derive(Clone, Debug)]
pub struct Layout {
    pub size: Size,
    pub bits: u8,
    /// Samples per pixel, including ignored ones.
    pub samples: usize,
    pub number: Number,
    pub meaning: Meaning,
    pub alpha: Option<Alpha>,
    /// Whether samples are big-endian.
    pub big: bool,
    /// Whether each sample has strips or tiles of its own.
    pub planar: bool,
    pub predictor: u64,
    pub compression: Compression,
    /// The number of samples to which a side of a JPEG block of 8 is decoded.
    pub jpeg_block: u8,
    /// JPEG from before Technical Note 2, as a single stream.
    pub old_jpeg: bool,
    /// Whether JPEG components are RGB, not luma and chroma.
    pub jpeg_rgb: bool,
    /// Whether the lowest bit comes first.
    pub reversed: bool,
    /// Size of a strip or a tile.
    pub part: Size,
    pub tiled: bool,
    /// The range of the directory, which no strip or tile may overlap.
    pub directory: Range<u64>,
    /// Offsets and sizes of the strips or tiles. A large picture has many.
    pub offsets: Arc<[u64]>,
    pub counts: Arc<[u64]>,
}

/// Reads width and height, before anything else.
pub fn size(tags: &Directory<'_>) -> Result<Size, DecodeError> {
    let side = |tag, name| {
        let n = tags.number(tag).ok_or_else(|| damaged(format_args!("it has no {name}")))?;
        u32::try_from(n).map_err(|_| damaged(format_args!("its {name} is {n}")))
    };
    Ok(Size::new(side(WIDTH, "ImageWidth")?, side(HEIGHT, "ImageLength")?))
}

impl Layout {
    /// Reads the layout from the tags of a directory.
    ///
    /// # Errors
    /// A tag is missing, contradicts another, or has an unsupported value.
    pub fn read(tags: &Directory<'_>, size: Size) -> Result<Self, DecodeError> {
        let compression = compression(tags)?;
        let samples = tags.number(SAMPLES).unwrap_or(1);
        let samples = usize::try_from(samples).ok().filter(|n| (1..=64).contains(n));
        let samples = samples.ok_or_else(|| unsupported("more than 64 samples a pixel"))?;
        let bits = bits(tags, samples)?;
        let number = number(tags, bits)?;
        let tiled = tags.number(TILE_WIDTH).is_some();
        let (strips, tiles) = ((STRIP_OFFSETS, STRIP_COUNTS), (TILE_OFFSETS, TILE_COUNTS));
        // Old writers list tiles under the tags of strips, and libtiff accepts that.
        let ways = if tiled { [tiles, strips] } else { [strips, tiles] };
        let way = ways.into_iter().find(|way| tags.number(way.0).is_some()).unwrap_or(strips);
        let offsets = tags.numbers(way.0)?.ok_or_else(|| damaged("no tag gives the offsets of its pixels"))?;
        let counts = tags.numbers(way.1)?.unwrap_or_default();
        let meaning = colors::meaning(tags, samples, bits, compression)?;
        let mut layout = Self {
            size,
            bits,
            samples,
            number,
            alpha: colors::alpha(tags, &meaning, samples)?,
            jpeg_block: 8,
            old_jpeg: tags.number(COMPRESSION) == Some(6),
            jpeg_rgb: !matches!(meaning, Meaning::YCbCr(_)),
            meaning,
            big: tags.big(),
            planar: samples > 1 && tags.number(PLANAR) == Some(2),
            predictor: tags.number(PREDICTOR).unwrap_or(1),
            compression,
            reversed: tags.number(FILL_ORDER) == Some(2),
            part: part(tags, size, tiled)?,
            tiled,
            directory: tags.place(),
            offsets: offsets.into(),
            counts: counts.into(),
        };
        layout.settle()?;
        Ok(layout)
    }

    /// Rejects invalid combinations, and resolves others.
    fn settle(&mut self) -> Result<(), DecodeError> {
        use Compression as C;
        if self.compression == C::Jpeg && (self.bits == 12 || self.old_jpeg) {
            // These are decoded to 8 bits.
            self.bits = 8;
        }
        self.planar &= !self.old_jpeg;
        if matches!(self.compression, C::Jpeg | C::WebP) && self.bits != 8 {
            return Err(unsupported(format_args!("{} bits a sample in JPEG or WebP", self.bits)));
        }
        let is_fax = matches!(self.compression, C::Huffman { .. } | C::Group3 { .. } | C::Group4);
        if is_fax && (self.bits, self.samples) != (1, 1) {
            return Err(damaged("fax of more than one bit a pixel"));
        }
        if self.compression == C::ThunderScan && (self.bits, self.samples) != (4, 1) {
            return Err(damaged("ThunderScan of other than four bits a pixel"));
        }
        if let C::LogLuv(kind) = self.compression {
            // The decoder returns light, whatever the tags say about the samples.
            (self.bits, self.number, self.alpha, self.planar) = (32, Number::Float, None, false);
            self.samples = if kind == LogLuv::Luminance { 1 } else { 3 };
        }
        if !matches!(self.compression, C::Lzw | C::Deflate | C::Zstd) {
            self.predictor = 1;
        }
        match (self.predictor, self.number) {
            (1, _) => {}
            (2, _) if matches!(self.bits, 8 | 16 | 32 | 64) => {}
            (3, Number::Float) => {}
            (n, _) => return Err(unsupported(format_args!("predictor {n} on {} bits a sample", self.bits))),
        }
        if let Meaning::YCbCr(rule) = &mut self.meaning {
            if self.compression == C::Jpeg && !self.planar {
                // The JPEG decoder returns RGB.
                self.meaning = Meaning::Rgb;
            } else if self.bits != 8 || self.number != Number::Unsigned {
                return Err(unsupported("YCbCr of other than 8 bits"));
            } else if rule.share != (1, 1) && (self.planar || self.samples != 3 || self.predictor != 1) {
                return Err(unsupported("subsampled chroma in planes"));
            }
        }
        if self.number == Number::Float && matches!(self.meaning, Meaning::Lab { .. } | Meaning::Palette(_)) {
            return Err(unsupported("floating point in colours of this kind"));
        }
        if self.tiled && u64::from(self.part.width) * u64::from(self.bits) % 8 != 0 {
            return Err(unsupported("tiles that end inside of a byte"));
        }
        Ok(())
    }

    /// The same picture as one JPEG stream of `length` bytes at offset `at`.
    pub fn streamed(self, at: u64, length: u64, is_rgb: bool) -> Self {
        let (offsets, counts) = ([at].into(), [length].into());
        Self { part: self.size, tiled: false, directory: 0..0, jpeg_rgb: is_rgb, offsets, counts, ..self }
    }

    /// The same picture with a JPEG block decoded to 1, 2, 4 or 8 samples a side.
    pub fn shrunk(&self, jpeg_block: u8) -> Self {
        let by = u32::from(8 / jpeg_block);
        let small = |size: Size| Size::new(size.width.div_ceil(by), size.height.div_ceil(by));
        Self { size: small(self.size), part: small(self.part), jpeg_block, ..self.clone() }
    }

    /// Whether strips or tiles begin at JPEG blocks.
    pub fn shrinks(&self) -> bool {
        let whole = |part: u32, size: u32| part.is_multiple_of(8) || part >= size;
        self.compression == Compression::Jpeg
            && whole(self.part.width, self.size.width)
            && whole(self.part.height, self.size.height)
    }

    /// The channels of the output.
    pub fn channels(&self) -> Channels {
        match (&self.meaning, self.alpha) {
            (Meaning::Grey { .. }, None) => Channels::Grey,
            (Meaning::Grey { .. }, Some(_)) => Channels::GreyAlpha,
            (Meaning::Cmyk, _) => Channels::Cmyk,
            (_, None) => Channels::Rgb,
            (_, Some(_)) => Channels::Rgba,
        }
    }

    /// The number of colour samples, which come first.
    pub fn colors(&self) -> usize {
        match self.meaning {
            Meaning::Grey { .. } | Meaning::Palette(_) => 1,
            Meaning::Cmyk => 4,
            Meaning::Rgb | Meaning::YCbCr(_) | Meaning::Lab { .. } => 3,
        }
    }

    /// Whether pixels have 16 bits per sample.
    pub fn wide(&self) -> bool {
        match self.meaning {
            Meaning::Palette(_) => false,
            Meaning::Lab { .. } => true,
            _ => self.bits > 8 || self.number == Number::Float,
        }
    }

    /// The columns and rows per chroma sample, as stored.
    pub fn share(&self) -> (u32, u32) {
        match self.meaning {
            Meaning::YCbCr(rule) => rule.share,
            _ => (1, 1),
        }
    }

    /// Samples per pixel within one strip or tile.
    pub fn samples_in_part(&self) -> usize {
        if self.planar { 1 } else { self.samples }
    }

    /// The bytes of `columns` pixels in a strip or tile, for one row or, with subsampled chroma,
    /// for the rows that share it.
    pub fn row_bytes(&self, columns: u32) -> usize {
        let (x, y) = self.share();
        let bits = if (x, y) == (1, 1) {
            u64::from(columns) * self.samples_in_part() as u64 * u64::from(self.bits)
        } else {
            u64::from(columns.div_ceil(x)) * (u64::from(x * y) + 2) * 8
        };
        bits.div_ceil(8) as usize
    }

    /// The number of strips or tiles across and down.
    pub fn grid(&self) -> (u32, u32) {
        (self.size.width.div_ceil(self.part.width), self.size.height.div_ceil(self.part.height))
    }
}

fn compression(tags: &Directory<'_>) -> Result<Compression, DecodeError> {
    use Compression as C;
    let options = tags.number(T4_OPTIONS).unwrap_or(0);
    let name = match tags.number(COMPRESSION).unwrap_or(1) {
        0 | 1 => return Ok(C::None),
        2 => return Ok(C::Huffman { words: false }),
        3 => return Ok(C::Group3 { two_dimensions: options & 1 != 0 }),
        4 => return Ok(C::Group4),
        5 => return Ok(C::Lzw),
        6 | 7 => return Ok(C::Jpeg),
        8 | 32_946 => return Ok(C::Deflate),
        32_771 => return Ok(C::Huffman { words: true }),
        32_773 => return Ok(C::PackBits),
        50_000 => return Ok(C::Zstd),
        50_001 => return Ok(C::WebP),
        32_809 => return Ok(C::ThunderScan),
        n @ (34_676 | 34_677) => match (n, tags.number(PHOTOMETRIC)) {
            (34_676, Some(32_844)) => return Ok(C::LogLuv(LogLuv::Luminance)),
            (34_676, Some(32_845)) => return Ok(C::LogLuv(LogLuv::Runs)),
            (34_677, Some(32_845)) => return Ok(C::LogLuv(LogLuv::Triples)),
            _ => "logarithms of other colours than LogLuv".to_owned(),
        },
        32_908 | 32_909 => "Pixar compression".to_owned(),
        33_003 | 33_004 | 33_005 | 34_712 => "JPEG 2000 compression".to_owned(),
        34_887 => "LERC compression".to_owned(),
        34_925 => "LZMA compression".to_owned(),
        22_610 | 34_934 => "JPEG XR compression".to_owned(),
        50_002 | 52_546 => "JPEG XL compression".to_owned(),
        n => format!("compression {n}"),
    };
    Err(unsupported(name))
}

fn bits(tags: &Directory<'_>, samples: usize) -> Result<u8, DecodeError> {
    let all = tags.numbers(BITS)?.unwrap_or_else(|| vec![1]);
    let first = all[0];
    // Some writers list bits for more samples than there are.
    if all.iter().take(samples).any(|&n| n != first) {
        return Err(unsupported("samples of different bits"));
    }
    let bits = u8::try_from(first).ok().filter(|b| (1..=32).contains(b) || *b == 64);
    bits.ok_or_else(|| unsupported(format_args!("{first} bits a sample")))
}

fn number(tags: &Directory<'_>, bits: u8) -> Result<Number, DecodeError> {
    match (tags.number(SAMPLE_FORMAT).unwrap_or(1), bits) {
        (1 | 4, _) => Ok(Number::Unsigned),
        (2, _) => Ok(Number::Signed),
        (3, 16 | 32 | 64) => Ok(Number::Float),
        (3, _) => Err(unsupported(format_args!("floating point of {bits} bits"))),
        _ => Err(unsupported("complex numbers")),
    }
}

fn part(tags: &Directory<'_>, size: Size, tiled: bool) -> Result<Size, DecodeError> {
    let side = |tag, whole: u32| u32::try_from(tags.number(tag).unwrap_or(u64::from(whole))).unwrap_or(u32::MAX);
    let part = if tiled {
        Size::new(side(TILE_WIDTH, 0), side(TILE_HEIGHT, 0))
    } else {
        // Some writers set RowsPerStrip to 0 for all rows.
        let rows = side(ROWS_PER_STRIP, size.height);
        Size::new(size.width, if rows == 0 { size.height } else { rows.min(size.height) })
    };
    // Tiles may be larger than their picture, within reason.
    let most = |n: u32| u64::from(n).next_multiple_of(1 << 16);
    if part.width == 0
        || part.height == 0
        || u64::from(part.width) > most(size.width)
        || u64::from(part.height) > most(size.height)
    {
        return Err(damaged(format_args!("its tiles are {part}")));
    }
    Ok(part)
}
