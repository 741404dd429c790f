//! Which colours the samples of a pixel mean.

use super::directory::Directory;
use super::packing::{Compression, LogLuv};
use super::tags::{
    COLOR_MAP, EXTRA, INK_SET, PHOTOMETRIC, REFERENCE_BLACK_WHITE, YCBCR_COEFFICIENTS, YCBCR_SUBSAMPLING,
};
use super::{damaged, unsupported};
use crate::codec::DecodeError;

/// The meaning of the samples of a pixel.
#[derive(Clone, Debug, PartialEq)]
pub enum Meaning {
    Grey {
        /// Whether 0 is white.
        inverted: bool,
    },
    Rgb,
    Palette(Vec<[u8; 3]>),
    Cmyk,
    YCbCr(YCbCrRule),
    /// CIE L*a*b* in D50. With `signed`, a and b are centred on 0, else on the middle of the range.
    Lab {
        signed: bool,
    },
}

/// TIFF 6.0, section 21.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct YCbCrRule {
    /// The luma coefficients of red, green, blue.
    pub luma: [f64; 3],
    /// Black and white of Y, Cb, Cr.
    pub reference: [f64; 6],
    /// Columns and rows per chroma sample.
    pub share: (u32, u32),
}

/// The sample that is alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alpha {
    pub at: usize,
    pub premultiplied: bool,
    /// Whether this is a guess: it is alpha unless it is zero everywhere.
    pub guessed: bool,
}

pub fn alpha(tags: &Directory<'_>, meaning: &Meaning, samples: usize) -> Result<Option<Alpha>, DecodeError> {
    let colors = match meaning {
        Meaning::Grey { .. } | Meaning::Palette(_) => 1,
        Meaning::Rgb => 3,
        Meaning::Cmyk => 4,
        // Luma with alpha is shown as opaque.
        Meaning::YCbCr(_) | Meaning::Lab { .. } => return Ok(None),
    };
    let Some(kinds) = tags.numbers(EXTRA)? else {
        // Other readers take a single extra sample as alpha. Some writers omit the tag that says
        // so.
        let is_one_more = *meaning != Meaning::Cmyk && samples == colors + 1;
        return Ok(is_one_more.then_some(Alpha { at: colors, premultiplied: false, guessed: true }));
    };
    if *meaning == Meaning::Cmyk && kinds.iter().any(|kind| matches!(kind, 1 | 2)) {
        return Err(unsupported("CMYK and alpha"));
    }
    let found = kinds.iter().position(|kind| matches!(kind, 1 | 2)).filter(|i| colors + i < samples);
    // An extra sample that is declared as something else is ignored.
    Ok(found.map(|i| Alpha { at: colors + i, premultiplied: kinds[i] == 1, guessed: false }))
}

pub fn meaning(
    tags: &Directory<'_>,
    samples: usize,
    bits: u8,
    compression: Compression,
) -> Result<Meaning, DecodeError> {
    // If the tag is missing, readers guess. Fax is black on white.
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
        32_844 | 32_845 => match compression {
            Compression::LogLuv(LogLuv::Luminance) => Ok(Meaning::Grey { inverted: false }),
            Compression::LogLuv(_) => Ok(Meaning::Rgb),
            _ => Err(unsupported("LogLuv colours that are not packed as such")),
        },
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
    // Palette entries have 16 bits. Some writers fill only the lower 8.
    let narrow = table.iter().all(|&v| v < 256);
    let color = |v: u64| if narrow { v as u8 } else { ((v.min(65_535) * 255 + 32_767) / 65_535) as u8 };
    Ok((0..n).map(|i| [table[i], table[n + i], table[2 * n + i]].map(color)).collect())
}

fn ycbcr(tags: &Directory<'_>) -> Result<YCbCrRule, DecodeError> {
    let share = tags.numbers(YCBCR_SUBSAMPLING)?.unwrap_or_else(|| vec![2, 2]);
    let share = match share[..] {
        [x @ (1 | 2 | 4), y @ (1 | 2 | 4), ..] => (x as u32, y as u32),
        _ => return Err(damaged("its chroma subsampling is invalid")),
    };
    let luma = tags.fractions(YCBCR_COEFFICIENTS).filter(|l| l.iter().all(|v| (0.0..1.0).contains(v)) && l[1] > 0.0);
    let reference = tags.fractions(REFERENCE_BLACK_WHITE).filter(|r| r[0] < r[1] && r[2] < r[3] && r[4] < r[5]);
    Ok(YCbCrRule {
        luma: luma.unwrap_or([0.299, 0.587, 0.114]),
        reference: reference.unwrap_or([0.0, 255.0, 128.0, 255.0, 128.0, 255.0]),
        share,
    })
}
