//! What the tags say of the samples: where they lie, how they are packed, and what they mean.

use super::directory::Directory;
use super::{damaged, unsupported};
use crate::codec::DecodeError;
use crate::pixmap::Channels;
use crate::size::Size;

pub const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const FILL_ORDER: u16 = 266;
const STRIP_OFFSETS: u16 = 273;
const SAMPLES: u16 = 277;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_COUNTS: u16 = 279;
const PLANAR: u16 = 284;
const T4_OPTIONS: u16 = 292;
const PREDICTOR: u16 = 317;
const COLOR_MAP: u16 = 320;
const TILE_WIDTH: u16 = 322;
const TILE_HEIGHT: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_COUNTS: u16 = 325;
const INK_SET: u16 = 332;
const EXTRA: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const YCBCR_COEFFICIENTS: u16 = 529;
const YCBCR_SUBSAMPLING: u16 = 530;
const REFERENCE_BLACK_WHITE: u16 = 532;

/// How the bytes of a part are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    None,
    /// Modified Huffman (2): no end-of-line codes, rows begin at bytes, or at words (32771).
    Huffman {
        words: bool,
    },
    /// CCITT T.4, in two dimensions where the options say so.
    Group3 {
        two_dimensions: bool,
    },
    Group4,
    Lzw,
    Jpeg,
    Deflate,
    PackBits,
    Zstd,
    WebP,
}

/// What a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    Unsigned,
    Signed,
    Float,
}

/// What the samples of a pixel stand for.
#[derive(Clone, Debug, PartialEq)]
pub enum Meaning {
    Grey {
        /// 0 is white.
        inverted: bool,
    },
    Rgb,
    Palette(Vec<[u8; 3]>),
    Cmyk,
    YCbCr(YCbCrRule),
    /// CIE L*a*b* of D50; `signed` where a and b are numbers around 0, else around the middle.
    Lab {
        signed: bool,
    },
}

/// TIFF 6.0, section 21.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct YCbCrRule {
    /// Luma of red, green, blue.
    pub luma: [f64; 3],
    /// Black and white of Y, Cb, Cr.
    pub reference: [f64; 6],
    /// Columns and rows that share chroma.
    pub share: (u32, u32),
}

/// The sample that is alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alpha {
    pub at: usize,
    pub premultiplied: bool,
}

/// How a picture is stored.
#[derive(Clone, Debug)]
pub struct Layout {
    pub size: Size,
    pub bits: u8,
    /// Of a pixel, also those that are passed over.
    pub samples: usize,
    pub number: Number,
    pub meaning: Meaning,
    pub alpha: Option<Alpha>,
    /// Samples are big-endian.
    pub big: bool,
    /// Each sample in parts of its own.
    pub planar: bool,
    pub predictor: u64,
    pub compression: Compression,
    /// Components of JPEG are red, green and blue as they are.
    pub jpeg_rgb: bool,
    /// The lowest bit comes first.
    pub reversed: bool,
    /// Size of a strip or a tile.
    pub part: Size,
    pub tiled: bool,
    pub offsets: Vec<u64>,
    pub counts: Vec<u64>,
}

/// Width and height, before anything else is asked.
pub fn size(tags: &Directory<'_>) -> Result<Size, DecodeError> {
    let side = |tag, name| {
        let n = tags.number(tag).ok_or_else(|| damaged(format_args!("it has no {name}")))?;
        u32::try_from(n).map_err(|_| damaged(format_args!("its {name} is {n}")))
    };
    Ok(Size::new(side(WIDTH, "ImageWidth")?, side(HEIGHT, "ImageLength")?))
}

impl Layout {
    /// From the tags of a directory.
    ///
    /// # Errors
    /// What is missing, contradicts itself, or is not read.
    pub fn read(tags: &Directory<'_>, size: Size) -> Result<Self, DecodeError> {
        let compression = compression(tags)?;
        let samples = tags.number(SAMPLES).unwrap_or(1);
        let samples = usize::try_from(samples).ok().filter(|n| (1..=64).contains(n));
        let samples = samples.ok_or_else(|| unsupported("more than 64 samples a pixel"))?;
        let bits = bits(tags)?;
        let number = number(tags, bits)?;
        let tiled = tags.number(TILE_WIDTH).is_some();
        let (offsets, counts) = if tiled { (TILE_OFFSETS, TILE_COUNTS) } else { (STRIP_OFFSETS, STRIP_COUNTS) };
        let offsets = tags.numbers(offsets)?.ok_or_else(|| damaged("it says not where its pixels are"))?;
        let counts = tags.numbers(counts)?.unwrap_or_default();
        let meaning = meaning(tags, samples, bits, compression)?;
        let mut layout = Self {
            size,
            bits,
            samples,
            number,
            alpha: alpha(tags, &meaning, samples)?,
            jpeg_rgb: meaning == Meaning::Rgb,
            meaning,
            big: tags.big(),
            planar: samples > 1 && tags.number(PLANAR) == Some(2),
            predictor: tags.number(PREDICTOR).unwrap_or(1),
            compression,
            reversed: tags.number(FILL_ORDER) == Some(2),
            part: part(tags, size, tiled)?,
            tiled,
            offsets,
            counts,
        };
        layout.settle()?;
        Ok(layout)
    }

    /// What does not go together.
    fn settle(&mut self) -> Result<(), DecodeError> {
        use Compression as C;
        if matches!(self.compression, C::Jpeg | C::WebP) && self.bits != 8 {
            return Err(unsupported(format_args!("{} bits a sample in JPEG or WebP", self.bits)));
        }
        let is_fax = matches!(self.compression, C::Huffman { .. } | C::Group3 { .. } | C::Group4);
        if is_fax && (self.bits, self.samples) != (1, 1) {
            return Err(damaged("fax of more than one bit a pixel"));
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
                // The JPEG decoder gives colours.
                self.meaning = Meaning::Rgb;
            } else if self.bits != 8 || self.number != Number::Unsigned {
                return Err(unsupported("YCbCr of other than 8 bits"));
            } else if rule.share != (1, 1) && (self.planar || self.samples != 3 || self.predictor != 1) {
                return Err(unsupported("shared chroma in planes"));
            }
        }
        if self.tiled && u64::from(self.part.width) * u64::from(self.bits) % 8 != 0 {
            return Err(unsupported("tiles that end inside of a byte"));
        }
        Ok(())
    }

    /// What a pixel becomes.
    pub fn channels(&self) -> Channels {
        match (&self.meaning, self.alpha) {
            (Meaning::Grey { .. }, None) => Channels::Grey,
            (Meaning::Grey { .. }, Some(_)) => Channels::GreyAlpha,
            (Meaning::Cmyk, _) => Channels::Cmyk,
            (_, None) => Channels::Rgb,
            (_, Some(_)) => Channels::Rgba,
        }
    }

    /// Samples of colour, which come first.
    pub fn colors(&self) -> usize {
        match self.meaning {
            Meaning::Grey { .. } | Meaning::Palette(_) => 1,
            Meaning::Cmyk => 4,
            Meaning::Rgb | Meaning::YCbCr(_) | Meaning::Lab { .. } => 3,
        }
    }

    /// Whether pixels come with 16 bits.
    pub fn wide(&self) -> bool {
        match self.meaning {
            Meaning::Palette(_) => false,
            Meaning::Lab { .. } => true,
            _ => self.bits > 8 || self.number == Number::Float,
        }
    }

    /// Columns and rows that share chroma in the stored samples.
    pub fn share(&self) -> (u32, u32) {
        match self.meaning {
            Meaning::YCbCr(rule) => rule.share,
            _ => (1, 1),
        }
    }

    /// Samples of a pixel within one part.
    pub fn samples_in_part(&self) -> usize {
        if self.planar { 1 } else { self.samples }
    }

    /// Bytes of `columns` pixels in a part; of a row, or, where rows share chroma, of those rows.
    pub fn row_bytes(&self, columns: u32) -> usize {
        let (x, y) = self.share();
        let bits = if (x, y) == (1, 1) {
            u64::from(columns) * self.samples_in_part() as u64 * u64::from(self.bits)
        } else {
            u64::from(columns.div_ceil(x)) * (u64::from(x * y) + 2) * 8
        };
        bits.div_ceil(8) as usize
    }

    /// Parts beside each other, and below each other.
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
        7 => return Ok(C::Jpeg),
        8 | 32_946 => return Ok(C::Deflate),
        32_771 => return Ok(C::Huffman { words: true }),
        32_773 => return Ok(C::PackBits),
        50_000 => return Ok(C::Zstd),
        50_001 => return Ok(C::WebP),
        6 => "old-style JPEG compression (6)".to_owned(),
        32_809 => "ThunderScan compression".to_owned(),
        32_908 | 32_909 => "Pixar compression".to_owned(),
        33_003 | 33_004 | 33_005 | 34_712 => "JPEG 2000 compression".to_owned(),
        34_676 | 34_677 => "SGI log compression".to_owned(),
        34_887 => "LERC compression".to_owned(),
        34_925 => "LZMA compression".to_owned(),
        22_610 | 34_934 => "JPEG XR compression".to_owned(),
        50_002 | 52_546 => "JPEG XL compression".to_owned(),
        n => format!("compression {n}"),
    };
    Err(unsupported(name))
}

fn bits(tags: &Directory<'_>) -> Result<u8, DecodeError> {
    let all = tags.numbers(BITS)?.unwrap_or_else(|| vec![1]);
    let first = all[0];
    if all.iter().any(|&n| n != first) {
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
        // A RowsPerStrip of 0 is met, and means all of them.
        let rows = side(ROWS_PER_STRIP, size.height);
        Size::new(size.width, if rows == 0 { size.height } else { rows.min(size.height) })
    };
    // Tiles may be larger than their picture, but not by any amount.
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

fn alpha(tags: &Directory<'_>, meaning: &Meaning, samples: usize) -> Result<Option<Alpha>, DecodeError> {
    let colors = match meaning {
        Meaning::Grey { .. } | Meaning::Palette(_) => 1,
        Meaning::Rgb => 3,
        Meaning::Cmyk => 4,
        // Luma with alpha is shown as if it had none.
        Meaning::YCbCr(_) | Meaning::Lab { .. } => return Ok(None),
    };
    let kinds = tags.numbers(EXTRA)?.unwrap_or_default();
    if *meaning == Meaning::Cmyk && kinds.iter().any(|kind| matches!(kind, 1 | 2)) {
        return Err(unsupported("inks and alpha"));
    }
    let found = kinds.iter().position(|kind| matches!(kind, 1 | 2)).filter(|i| colors + i < samples);
    // A further sample that does not call itself alpha is passed over.
    Ok(found.map(|i| Alpha { at: colors + i, premultiplied: kinds[i] == 1 }))
}

fn meaning(tags: &Directory<'_>, samples: usize, bits: u8, compression: Compression) -> Result<Meaning, DecodeError> {
    // Where it is missing, readers guess: fax is black on white.
    let guess = match (samples, compression) {
        (3.., _) => 2,
        (_, Compression::Huffman { .. } | Compression::Group3 { .. } | Compression::Group4) => 0,
        _ => 1,
    };
    let photometric = tags.number(PHOTOMETRIC).unwrap_or(guess);
    let few = || damaged(format_args!("{samples} samples a pixel are too few for its colours"));
    match photometric {
        0 => Ok(Meaning::Grey { inverted: true }),
        1 => Ok(Meaning::Grey { inverted: false }),
        2 if samples >= 3 => Ok(Meaning::Rgb),
        3 => palette(tags, bits).map(Meaning::Palette),
        5 if tags.number(INK_SET).unwrap_or(1) != 1 => Err(unsupported("inks other than CMYK")),
        5 if samples >= 4 => Ok(Meaning::Cmyk),
        6 if samples >= 3 => ycbcr(tags).map(Meaning::YCbCr),
        8 | 9 if samples == 1 => Ok(Meaning::Grey { inverted: false }),
        8 | 9 if samples >= 3 && matches!(bits, 8 | 16) => Ok(Meaning::Lab { signed: photometric == 8 }),
        2 | 5 | 6 => Err(few()),
        8..=10 => Err(unsupported("L*a*b* of this kind")),
        32_803 | 34_892 => Err(unsupported("camera raw samples")),
        32_844 | 32_845 => Err(unsupported("LogLuv colours")),
        n => Err(unsupported(format_args!("photometric interpretation {n}"))),
    }
}

fn palette(tags: &Directory<'_>, bits: u8) -> Result<Vec<[u8; 3]>, DecodeError> {
    let short = || damaged("its palette is too short");
    if bits > 16 {
        return Err(unsupported(format_args!("a palette of {bits} bits")));
    }
    let table = tags.numbers(COLOR_MAP)?.ok_or_else(short)?;
    let n = 1usize << bits;
    if table.len() < 3 * n {
        return Err(short());
    }
    // A palette's entries have 16 bits; writers that fill only the lower 8 are known.
    let narrow = table.iter().all(|&v| v < 256);
    let color = |v: u64| if narrow { v as u8 } else { ((v.min(65_535) * 255 + 32_767) / 65_535) as u8 };
    Ok((0..n).map(|i| [table[i], table[n + i], table[2 * n + i]].map(color)).collect())
}

fn ycbcr(tags: &Directory<'_>) -> Result<YCbCrRule, DecodeError> {
    let share = tags.numbers(YCBCR_SUBSAMPLING)?.unwrap_or_else(|| vec![2, 2]);
    let share = match share[..] {
        [x @ (1 | 2 | 4), y @ (1 | 2 | 4), ..] => (x as u32, y as u32),
        _ => return Err(damaged("its chroma is shared by no known number of pixels")),
    };
    let luma = tags.fractions(YCBCR_COEFFICIENTS).filter(|l| l.iter().all(|v| (0.0..1.0).contains(v)) && l[1] > 0.0);
    let reference = tags.fractions(REFERENCE_BLACK_WHITE).filter(|r| r[0] < r[1] && r[2] < r[3] && r[4] < r[5]);
    Ok(YCbCrRule {
        luma: luma.unwrap_or([0.299, 0.587, 0.114]),
        reference: reference.unwrap_or([0.0, 255.0, 128.0, 255.0, 128.0, 255.0]),
        share,
    })
}
