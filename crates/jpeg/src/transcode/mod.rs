//! Rewrites a JPEG without loss: the coefficients and quantisation tables stay the same, the file becomes smaller.
//!
//! ```
//! use thumbs_jpeg::encode::{Picture, Samples, Settings, encode};
//! use thumbs_jpeg::transcode::{Options, transcode};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let samples: Vec<u8> = (0..64 * 64).map(|i| (i % 64 * 3 + i / 64) as u8).collect();
//! let picture = Picture { width: 64, height: 64, samples: Samples::Grey(&samples) };
//! let bytes = encode(&picture, &Settings { restart: 1, ..Settings::default() })?;
//! let header = thumbs_jpeg::read_header(&bytes)?;
//! let smaller = transcode(&bytes, &header, &Options::default())?.bytes;
//! assert!(smaller.len() < bytes.len());
//! # Ok(())
//! # }
//! ```
//!
//! # Memory
//!
//! The coefficients of the whole picture are held: a block of 64 takes 2 bytes for each coefficient that is not zero, plus
//! 3, and at most 129 bytes. Pictures with 12 bits per sample take twice that. A turned picture is held twice for a moment.
//! One row of MCUs and the output come on top. [`Options::max_memory`] is compared with these upper bounds before the
//! coefficients are read, and with the output size before the output is written.

// `read` decodes all scans to blocks, `turn` moves blocks and coefficients. The encoder's search finds the smallest scans.

mod read;
#[cfg(test)]
mod tests;
mod turn;

use super::encode::word::Word;
use super::encode::{EncodeError, MAX_SEGMENT, search, segments};
use super::error::Error;
use super::frame::{Frame, Kind};
use super::header::Header;
use super::markers::{APP0, EOI, SOI};
use super::script::{Quant, Script};
pub use turn::Turn;

/// The most bits that a scan omits.
const OMITTED: u8 = 3;

/// Whether the output is progressive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progressive {
    /// If that is smaller.
    #[default]
    Auto,
    /// Always.
    Yes,
    /// Never.
    No,
}

/// How to rewrite a JPEG.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Whether to write a progressive file.
    pub progressive: Progressive,
    /// MCUs between restart markers, 0 for none.
    pub restart: u16,
    /// Application segments to write: n of APPn (0 to 15), and contents of at most [`MAX_SEGMENT`] bytes. The JFIF density and
    /// Adobe's transform are always kept. No other segment of the source is.
    pub segments: &'a [(u8, Vec<u8>)],
    /// Comments to write.
    pub comments: &'a [Vec<u8>],
    /// The colour profile to write.
    pub icc: Option<&'a [u8]>,
    /// How to turn the picture. [`Transcoded::turned`] reports whether that was possible.
    pub turn: Turn,
    /// Called for each row of MCUs and each scan. `true` ends the work with [`Error::Interrupted`].
    pub interrupt: Option<&'a dyn Fn() -> bool>,
    /// The largest number of bytes to allocate; see the module.
    pub max_memory: Option<u64>,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("progressive", &self.progressive)
            .field("restart", &self.restart)
            .field("segments", &self.segments.len())
            .field("comments", &self.comments.len())
            .field("icc", &self.icc.map(<[u8]>::len))
            .field("turn", &self.turn)
            .field("interrupt", &self.interrupt.is_some())
            .field("max_memory", &self.max_memory)
            .finish()
    }
}

impl Options<'_> {
    fn check_interrupt(&self) -> Result<(), Error> {
        if self.interrupt.is_some_and(|stop| stop()) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// A rewritten JPEG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcoded {
    /// The file.
    pub bytes: Vec<u8>,
    /// Whether it is progressive.
    pub progressive: bool,
    /// Whether the picture was turned as requested. A side that ends with a partial block cannot be mirrored. The picture is
    /// then written as it is, so that its EXIF orientation must be kept.
    pub turned: bool,
    /// Bytes of the source after the end of the picture, which are not in the output: further pictures of a multi-picture file
    /// (MPF), or the video of a motion photo.
    pub trailing: usize,
}

/// Why a JPEG cannot be rewritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TranscodeError {
    /// It cannot be read completely.
    #[error(transparent)]
    Read(#[from] Error),
    /// The metadata to write do not fit.
    #[error(transparent)]
    Write(#[from] EncodeError),
}

/// Rewrites a JPEG with the same coefficients and quantisation tables.
///
/// # Errors
/// - [`Error::Unsupported`] as [`Header::supported`] reports, and for pictures whose scans omit coefficients or bits.
/// - [`Error::Truncated`] and [`Error::Damaged`] for any damage that a strict decode finds, including a missing end-of-image
///   marker, and for coefficients that are out of range.
/// - [`TranscodeError::Write`] for segments that do not fit.
/// - [`Error::TooLarge`] and [`Error::Interrupted`].
pub fn transcode(data: &[u8], header: &Header, options: &Options<'_>) -> Result<Transcoded, TranscodeError> {
    header.supported()?;
    segments::check(options.segments, options.icc)?;
    if let Some(comment) = options.comments.iter().find(|comment| comment.len() > MAX_SEGMENT) {
        return Err(EncodeError::Comment(comment.len()).into());
    }
    if header.frame.is_wide() {
        Ok(with_words::<u32>(data, header, options)?)
    } else {
        Ok(with_words::<u16>(data, header, options)?)
    }
}

fn with_words<W: Word>(data: &[u8], header: &Header, options: &Options<'_>) -> Result<Transcoded, Error> {
    let script = Script::read(data, header)?;
    let turned = options.turn.fits(&header.frame);
    let turn = if turned { options.turn } else { Turn::None };
    let copies = if turn == Turn::None { 1 } else { 2 };
    check_memory(header, options, copies * read::memory::<W>(&header.frame))?;
    let quant = read::quantisation(&script)?;
    let (mut blocks, end) = read::blocks::<W>(data, header, &script, options)?;
    let mut frame = header.frame.clone();
    if turn != Turn::None {
        blocks = blocks.iter().map(|blocks| turn.blocks(blocks)).collect();
        turn.frame(&mut frame);
    }
    let tables = number(&mut frame, quant.iter().map(|quant| turn.quantisation(quant)));
    rename(&mut frame);

    let is_baseline = !frame.is_wide() && tables.iter().flatten().all(|&step| step < 256);
    let plain = if is_baseline { Kind::Baseline } else { Kind::Extended };
    let kinds = match options.progressive {
        Progressive::Auto => &[plain, Kind::Progressive][..],
        Progressive::Yes => &[Kind::Progressive],
        Progressive::No => &[plain],
    };
    let restart = options.restart.into();
    let searched = search::Options { kinds, omitted: OMITTED, restart, interrupt: options.interrupt };
    let scans = search::smallest(&mut frame, &blocks, &searched)?;
    check_memory(header, options, read::memory::<W>(&header.frame) + scans.bytes())?;
    let mut out = vec![0xFF, SOI];
    write_metadata(&mut out, header, turn, options);
    segments::quantisation(&mut out, &tables);
    segments::frame(&mut out, &frame);
    if options.restart > 0 {
        segments::restart(&mut out, options.restart);
    }
    out = scans.write(out, &frame, &blocks, &searched)?;
    out.extend([0xFF, EOI]);
    let progressive = frame.kind == Kind::Progressive;
    Ok(Transcoded { bytes: out, progressive, turned, trailing: data.len() - end })
}

fn check_memory(header: &Header, options: &Options<'_>, needed: u64) -> Result<(), Error> {
    match options.max_memory {
        Some(limit) if needed > limit => {
            Err(Error::TooLarge { width: header.width, height: header.height, needed, limit })
        }
        _ => Ok(()),
    }
}

/// Numbers the quantisation tables of the components and returns them in that order. Equal tables are written once.
fn number(frame: &mut Frame, quant: impl Iterator<Item = Quant>) -> Vec<Quant> {
    let mut tables: Vec<Quant> = Vec::new();
    for (component, quant) in frame.components.iter_mut().zip(quant) {
        let found = tables.iter().position(|table| *table == quant);
        component.table = found.unwrap_or(tables.len()) as u8;
        if found.is_none() {
            tables.push(quant);
        }
    }
    tables
}

/// Renumbers the components if two share an identifier, because scan headers could not tell them apart. Such identifiers do
/// not determine the colour space.
fn rename(frame: &mut Frame) {
    let components = &mut frame.components;
    if (1..components.len()).any(|i| components[..i].iter().any(|c| c.id == components[i].id)) {
        (1..).zip(components).for_each(|(id, component)| component.id = id);
    }
}

fn write_metadata(out: &mut Vec<u8>, header: &Header, turn: Turn, options: &Options<'_>) {
    if let Some((unit, x, y)) = header.jfif {
        segments::jfif(out, if turn.is_transposed() { (unit, y, x) } else { (unit, x, y) });
    }
    for (number, data) in options.segments {
        segments::segment(out, APP0 + number, &[data]);
    }
    if let Some(icc) = options.icc {
        segments::icc(out, icc);
    }
    if let Some(transform) = header.adobe {
        segments::adobe(out, transform);
    }
    for comment in options.comments {
        segments::segment(out, segments::COM, &[comment]);
    }
}
