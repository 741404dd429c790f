//! The encoder: baseline or progressive JPEG of 8 bits, from planes or pixels.
//!
//! ```
//! use thumbs_jpeg::encode::{Picture, Samples, Settings, encode};
//!
//! # fn main() -> Result<(), thumbs_jpeg::encode::EncodeError> {
//! let picture = Picture { width: 3, height: 2, samples: Samples::Grey(&[0, 50, 100, 150, 200, 250]) };
//! let bytes = encode(&picture, &Settings { quality: 90, ..Settings::default() })?;
//! assert!(bytes.starts_with(&[0xFF, 0xD8]));
//! # Ok(())
//! # }
//! ```
//!
//! `components` takes a row of blocks at a time from planes, or from pixels that `convert` makes luma and chroma; `transform` and
//! `quantize` work on eight blocks side by side, one to a lane of a vector; `blocks` keeps what is not zero of them. `script` says
//! which scans there are; `walk` goes through the blocks of each twice, first to count symbols, of which `codes` makes the best
//! Huffman tables, then to write them by `bits`; `sequential` and `progressive` make symbols of blocks. `tables` has the
//! quantisation, `segments` what stands around the scans.
//!
//! With more `effort` the coefficients are `kept`, and `choice` has each value chosen by what it costs and shows (`trellis`, and
//! `means` for those of frequency zero).
//! `search` finds the best script for quantised blocks.
//! `wide` makes luma and chroma of pixels then, with a fraction, and chroma small in a way that decoders undo.
//!
//! `recode` takes the coefficients of a JPEG instead of samples.
//!
//! Processors and their instructions have no say in the bytes: floats are added and multiplied in one order everywhere.

mod bits;
pub(super) mod blocks;
mod choice;
mod codes;
mod components;
mod convert;
mod effort;
mod kept;
mod means;
mod progressive;
mod quantize;
mod recode;
pub(super) mod scans;
pub(super) mod script;
pub(crate) mod search;
pub(super) mod segments;
mod sequential;
mod tables;
#[cfg(test)]
mod tests;
mod transform;
mod trellis;
pub(super) mod walk;
mod wide;
pub(super) mod word;

use super::frame::{Component, Frame, Kind};
use super::markers::{APP0, EOI, SOI};
use blocks::Blocks;
use components::{Keep, Quantize};
use effort::Plan;
use kept::Kept;
use quantize::Quantizer;
pub use recode::{RecodeError, Recoded, recode, recodes};
use scans::Coded;
use search::scans::Scans;
pub(super) use tables::Table;
use wide::Chroma;

/// The longest side that a JPEG can have.
pub const MAX_SIDE: u32 = 65_535;

/// Bytes that one segment holds.
pub const MAX_SEGMENT: usize = segments::MOST;

/// A picture to be encoded.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Its samples.
    pub samples: Samples<'a>,
}

/// Samples of a picture, row by row without gaps.
#[derive(Clone, Copy, Debug)]
pub enum Samples<'a> {
    /// One a pixel.
    Grey(&'a [u8]),
    /// Luma, and chroma as JFIF has it, of the size that [`Settings::sampling`] stores: rounded up.
    YCbCr([&'a [u8]; 3]),
    /// Three a pixel.
    Rgb(&'a [u8]),
    /// Four a pixel, 0 for no ink. Stored as YCCK with Adobe's marker and inversion.
    Cmyk(&'a [u8]),
}

/// How many pixels share a sample of chroma.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sampling {
    /// Each has its own.
    S444,
    /// Two neighbours in a line.
    S422,
    /// Two neighbours in each of two lines.
    #[default]
    S420,
}

impl Sampling {
    /// Columns and lines that share a sample of chroma.
    pub fn share(self) -> (u8, u8) {
        match self {
            Self::S444 => (1, 1),
            Self::S422 => (2, 1),
            Self::S420 => (2, 2),
        }
    }
}

/// How to encode.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// 1 to 100, on libjpeg's scale.
    pub quality: u8,
    /// Of colours; grey pictures have none.
    pub sampling: Sampling,
    /// In several scans, coarse to fine. From an effort of 4 on the encoder chooses what is smaller, unless this is set.
    pub progressive: bool,
    /// How hard to look for fewer bytes, from 0 (fastest) to 9 (smallest); `docs/encoders.md` says what each step does.
    pub effort: u8,
    /// MCUs between restart markers, 0 for none.
    pub restart: u16,
    /// Application segments: n of APPn (0 to 15), and contents of at most [`MAX_SEGMENT`] bytes. JFIF's or Adobe's is added.
    pub segments: &'a [(u8, Vec<u8>)],
    /// A colour profile.
    pub icc: Option<&'a [u8]>,
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Self {
            quality: 80,
            sampling: Sampling::S420,
            progressive: false,
            effort: 0,
            restart: 0,
            segments: &[],
            icc: None,
        }
    }
}

/// Why a picture cannot be encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A side is 0 or longer than [`MAX_SIDE`].
    #[error("JPEG has no pictures of {width}x{height} pixels")]
    Size {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// Samples are missing, or too many.
    #[error("there are {found} samples where {needed} are needed")]
    Samples {
        /// Given.
        found: usize,
        /// Right.
        needed: usize,
    },
    /// A segment has more than [`MAX_SEGMENT`] bytes, or a number above 15.
    #[error("an APP{0} segment of {1} bytes is impossible")]
    Segment(u8, usize),
    /// A comment has more than [`MAX_SEGMENT`] bytes.
    #[error("a comment of {0} bytes is too long")]
    Comment(usize),
    /// The profile does not fit 255 segments.
    #[error("a colour profile of {0} bytes is too long")]
    Profile(usize),
}

/// Encodes a picture.
///
/// # Errors
/// What JPEG cannot hold, and samples of another number than the size says.
pub fn encode(picture: &Picture<'_>, settings: &Settings<'_>) -> Result<Vec<u8>, EncodeError> {
    let frame = frame(picture, settings);
    check(picture, settings, &frame)?;
    let tables = match settings.effort {
        0 => single(settings),
        _ => (0..frame.components.len().min(2)).map(|kind| Table::tuned(settings.quality, kind == 1)).collect(),
    };
    let plan = Plan::new(settings.effort);
    let blocks = match plan.rounds {
        0 => quantised(&frame, picture.samples, &tables, plan.chroma, settings.quality),
        _ => chosen(&frame, picture.samples, &tables, &plan),
    };
    Ok(write(frame, &blocks, &tables, &plan, settings))
}

/// One table for all components, which saves a thumbnail's header as much as another table would save its chroma.
fn single(settings: &Settings<'_>) -> Vec<Table> {
    vec![Table::new(settings.quality)]
}

/// The file of quantised blocks.
fn write(mut frame: Frame, blocks: &[Blocks], tables: &[Table], plan: &Plan, settings: &Settings<'_>) -> Vec<u8> {
    let restart = settings.restart.into();
    let kinds: &[Kind] = if settings.progressive { &[Kind::Progressive] } else { &[Kind::Baseline, Kind::Progressive] };
    let searched = plan.omitted.map(|omitted| search::Options { kinds, omitted, restart, interrupt: None });
    // A search that nothing interrupts does not fail.
    let found = searched.and_then(|options| search::smallest(&mut frame, blocks, &options).ok());
    let scans = found.unwrap_or_else(|| Scans::of(script::of(&frame), &frame, blocks, restart));
    let mut out = vec![0xFF, SOI];
    match frame.components.len() {
        4 => segments::adobe(&mut out, 2),
        _ => segments::jfif(&mut out, (0, 1, 1)),
    }
    for (number, data) in settings.segments {
        segments::segment(&mut out, APP0 + number, &[data]);
    }
    if let Some(icc) = settings.icc {
        segments::icc(&mut out, icc);
    }
    let steps: Vec<_> = tables.iter().map(Table::zigzag).collect();
    segments::quantisation(&mut out, &steps);
    segments::frame(&mut out, &frame);
    if settings.restart > 0 {
        segments::restart(&mut out, settings.restart);
    }
    for (scan, counter) in &scans.0 {
        out = Coded::new(&frame, scan, blocks, restart).write_counted(out, counter);
    }
    out.extend([0xFF, EOI]);
    out
}

/// Each coefficient rounded on its own.
fn quantised(
    frame: &Frame,
    samples: Samples<'_>,
    tables: &[Table],
    chroma: Option<Chroma>,
    quality: u8,
) -> Vec<Blocks> {
    let dead_zone = tables::dead_zone(quality);
    let quantizers: Vec<Quantizer> = tables.iter().map(|table| Quantizer::new(table, dead_zone)).collect();
    let rows = components::of_samples(frame, samples, chroma, |component| Quantize::new(frame, component, &quantizers));
    rows.into_iter().map(Quantize::finish).collect()
}

/// Coefficients chosen by what they cost.
fn chosen(frame: &Frame, samples: Samples<'_>, tables: &[Table], plan: &Plan) -> Vec<Blocks> {
    let rows = components::of_samples(frame, samples, plan.chroma, |component| Keep::new(frame, component));
    let kept: Vec<Kept> = rows.into_iter().map(Keep::finish).collect();
    choice::choose(frame, &kept, tables, plan)
}

fn frame(picture: &Picture<'_>, settings: &Settings<'_>) -> Frame {
    let count = match picture.samples {
        Samples::Grey(_) => 1,
        Samples::YCbCr(_) | Samples::Rgb(_) => 3,
        Samples::Cmyk(_) => 4,
    };
    frame_of((picture.width, picture.height), count, settings)
}

/// The frame of a picture with one, three or four components.
fn frame_of((width, height): (u32, u32), count: usize, settings: &Settings<'_>) -> Frame {
    let (h, v) = settings.sampling.share();
    let luma = |id| Component { id, h, v, table: 0 };
    let chroma = |id| Component { id, h: 1, v: 1, table: u8::from(settings.effort > 0) };
    let components = match count {
        1 => vec![Component { id: 1, h: 1, v: 1, table: 0 }],
        3 => vec![luma(1), chroma(2), chroma(3)],
        _ => vec![luma(1), chroma(2), chroma(3), luma(4)],
    };
    let kind = if settings.progressive { Kind::Progressive } else { Kind::Baseline };
    Frame { kind, arithmetic: false, precision: 8, width, height, components }
}

fn check(picture: &Picture<'_>, settings: &Settings<'_>, frame: &Frame) -> Result<(), EncodeError> {
    let &Picture { width, height, samples } = picture;
    if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
        return Err(EncodeError::Size { width, height });
    }
    let pixels = width as usize * height as usize;
    let given = |found: &[u8], needed: usize| match found.len() {
        found if found == needed => Ok(()),
        found => Err(EncodeError::Samples { found, needed }),
    };
    match samples {
        Samples::Grey(samples) => given(samples, pixels)?,
        Samples::Rgb(samples) => given(samples, pixels * 3)?,
        Samples::Cmyk(samples) => given(samples, pixels * 4)?,
        Samples::YCbCr(planes) => {
            for (plane, component) in planes.iter().zip(&frame.components) {
                let (width, height) = frame.samples(component);
                given(plane, width as usize * height as usize)?;
            }
        }
    }
    segments::check(settings.segments, settings.icc)
}
