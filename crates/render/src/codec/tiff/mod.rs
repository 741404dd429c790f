//! Decodes TIFF and BigTIFF: the first picture, row by row.
//!
//! `directory` reads tags; `layout` and `colors` derive the format of the samples from them.
//! `stream` unpacks a strip or tile, with `thunder` and `log_luv` for these compressions;
//! `old_jpeg` assembles one JPEG stream from its pieces. `rows` joins strips and tiles to rows,
//! `samples` converts bytes to numbers, and `paint` converts numbers to pixels, after `survey`
//! where that depends on all of them.

mod colors;
mod directory;
mod layout;
mod log_luv;
mod old_jpeg;
mod packing;
mod paint;
mod rows;
mod samples;
mod stream;
mod survey;
mod tags;
#[cfg(test)]
mod tests;
mod thunder;

use std::cell::Cell;

use super::reduce::{self, Reducer};
use super::{ColorSpace, Decode, DecodeError, DecodeOptions, Decoded, Header, Metadata, Need, Offer, Picture, Pixels};
use super::{exif, float, iptc};
use crate::format::Format;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::pixmap::{Channels, Pixmap};
use colors::Meaning;
use directory::Directory;
use layout::Layout;
use packing::Compression;
use paint::Painter;
use rows::Rows;
use samples::Row;
use stream::Shared;
use survey::survey;

const ORIENTATION: u16 = 274;
const JPEG_TABLES: u16 = 347;
const XMP: u16 = 700;
const IPTC: u16 = 33_723;
const ICC: u16 = 34_675;
/// A tag of GDAL: the value that means "no data", as text.
const NO_DATA: u16 = 42_113;

/// The offset of an assembled stream.
const STREAM_AT: usize = 8;

/// Rows between two checks of the interrupt.
const ROWS_PER_LOOK: u32 = 32;

/// The decoder.
pub struct Tiff;

struct TiffPicture<'a> {
    bytes: &'a [u8],
    header: Header,
    layout: Layout,
    jpeg_tables: Option<&'a [u8]>,
    /// An assembled old-style JPEG.
    stream: Option<Vec<u8>>,
    /// Whether the file ends within its directory, behind everything that is needed.
    unended: bool,
    /// The sample value that means "no data".
    filler: Option<f32>,
}

fn damaged(what: impl std::fmt::Display) -> DecodeError {
    DecodeError::Damaged { format: Format::Tiff, what: what.to_string() }
}

fn truncated(what: impl std::fmt::Display) -> DecodeError {
    DecodeError::Truncated { format: Format::Tiff, what: what.to_string() }
}

fn unsupported(what: impl std::fmt::Display) -> DecodeError {
    DecodeError::Unsupported(format!("TIFF with {what}"))
}

impl Decode for Tiff {
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError> {
        let (tags, first) = Directory::page(bytes)?;
        let size = layout::size(&tags)?;
        super::check_size(Format::Tiff, size, limits)?;
        let mut layout = Layout::read(&tags, size)?;
        let mut stream = None;
        if layout.old_jpeg {
            // Zeros in place of a file header.
            let mut bytes_of = vec![0; STREAM_AT];
            bytes_of.extend(old_jpeg::stream(&tags, bytes, size, layout.samples)?);
            let is_rgb = old_jpeg::is_rgb(&bytes_of[STREAM_AT..]);
            layout = layout.streamed(STREAM_AT as u64, (bytes_of.len() - STREAM_AT) as u64, is_rgb);
            stream = Some(bytes_of);
        }
        // Tags of the preview's directory also apply to the page, unless the page has its own.
        let value = |tag| tags.value(tag).or_else(|| first.as_ref()?.value(tag));
        let blob = |tag| value(tag).map(<[u8]>::to_vec);
        let number = |tag| tags.number(tag).or_else(|| first.as_ref()?.number(tag));
        // A profile for L*a*b* or LogLuv does not describe the converted pixels.
        let is_read =
            matches!(layout.meaning, Meaning::Lab { .. }) || matches!(layout.compression, Compression::LogLuv(_));
        let icc = blob(ICC).filter(|_| !is_read);
        let metadata = Metadata {
            // EXIF is a TIFF structure, so the file's own tags are read as EXIF.
            exif: crate::metadata::of_tiff(bytes),
            xmp: blob(XMP),
            iptc: value(IPTC).and_then(iptc::records).map(<[u8]>::to_vec),
        };
        let orientation = number(ORIENTATION).and_then(|n| n.try_into().ok()).map(Orientation::from_exif);
        let header = Header {
            format: Format::Tiff,
            size,
            orientation: orientation.or_else(|| metadata.xmp_orientation()).unwrap_or_default(),
            has_alpha: layout.channels().has_alpha(),
            animated: tags.has_more_pages(),
            color: match icc {
                Some(icc) => ColorSpace::Icc(icc),
                None if exif::read(bytes).adobe_rgb => ColorSpace::AdobeRgb,
                None => ColorSpace::Srgb,
            },
            metadata,
            notes: Vec::new(),
        };
        let filler = tags.value(NO_DATA).and_then(|text| std::str::from_utf8(text).ok());
        Ok(Box::new(TiffPicture {
            bytes,
            header,
            layout,
            jpeg_tables: tags.value(JPEG_TABLES).filter(|_| stream.is_none()),
            stream,
            unended: tags.unended,
            filler: filler.and_then(|text| text.trim_matches(['\0', ' ']).parse().ok()),
        }))
    }
}

impl TiffPicture<'_> {
    /// The number of samples to which a side of a JPEG block is decoded, and the factor by which
    /// rows are averaged after that.
    fn shrinks(&self, need: Option<Need>) -> (u8, u32) {
        let factor = reduce::factor(self.header.size, need);
        match factor {
            _ if !self.layout.shrinks() => (8, factor),
            1 => (8, 1),
            2..=3 => (4, factor / 2),
            4..=7 => (2, factor / 4),
            8.. | 0 => (1, factor / 8),
        }
    }
}

impl Picture for TiffPicture<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        let full = self.header.size;
        let (block, factor) = self.shrinks(need);
        let layout = self.layout.shrunk(block);
        let size = reduce::size(layout.size, factor);
        let count = self.layout.channels().count() as u64;
        let sample = if self.layout.wide() { 2 } else { 1 };
        // The bytes, numbers, pixels and sums of a row.
        let row = u64::from(full.width) * (self.layout.samples as u64 * 12 + count * 32);
        let row = row * u64::from(layout.share().1);
        let parts = 8 * (layout.offsets.len() + layout.counts.len()) as u64;
        let parts = parts + self.stream.as_ref().map_or(0, |stream| stream.len() as u64);
        let memory = size.pixels() * count * sample + rows::memory(&layout) + row + parts + (1 << 20);
        let shrink = f64::from(factor * u32::from(8 / block));
        Offer { size, scale: (1.0 / shrink, 1.0 / shrink), shrink, memory, need }
    }

    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        let (block, factor) = self.shrinks(offer.need);
        let layout = &self.layout.shrunk(block);
        let (full, channels, wide) = (layout.size, layout.channels(), layout.wide());
        if options.strict && self.unended {
            return Err(unended());
        }
        let wanted = wanted(layout);
        let planes = planes(layout, &wanted);
        let mut buffers = vec![Vec::new(); planes.len()];
        let bytes = self.stream.as_deref().unwrap_or(self.bytes);
        let lacks_end = Cell::new(false);
        let shared = Shared {
            jpeg_tables: self.jpeg_tables,
            interrupt: options.interrupt,
            strict: options.strict,
            lacks_end: Some(&lacks_end),
        };
        let survey = survey(layout, bytes, shared, self.filler)?;
        let mut rows = Rows::new(layout, bytes, shared, planes);
        let mut reducer = Reducer::new(full, channels, factor, wide);
        let mut painter = Painter::new(layout, &survey);
        let (mut y, mut missing) = (0, 0);
        while y < full.height {
            if y % ROWS_PER_LOOK == 0 && options.interrupt.is_some_and(|stop| stop()) {
                return Err(DecodeError::Interrupted);
            }
            let whole = rows.next(&mut buffers);
            match &rows.error {
                Some(error) if !options.allow_truncated || *error == DecodeError::Interrupted => {
                    return Err(error.clone());
                }
                _ => {}
            }
            // Subsampled chroma is not shared across strips or tiles.
            let height = layout.part.height;
            let together = layout.share().1.min(height - y % height).min(full.height - y);
            if whole {
                let unpacked = unpack(layout, &buffers, &wanted);
                unpacked.into_iter().take(together as usize).for_each(|row| painter.paint(row, &mut reducer));
            } else {
                (0..together).for_each(|_| push_nothing(&mut reducer, channels, wide, full.width as usize));
                missing += together;
            }
            y += together;
        }
        let mut notes = Vec::new();
        if lacks_end.get() {
            notes.push("a JPEG in it has no end marker".to_owned());
        }
        if painter.bright {
            notes.push(float::clipped_note());
        }
        notes.extend(survey.range.map(|range| range.note()));
        if self.unended {
            notes.push(unended().to_string());
        }
        match rows.oddity {
            Some(oddity) if options.strict => return Err(oddity),
            Some(oddity) if rows.error.is_none() => notes.push(oddity.to_string()),
            _ => {}
        }
        if let Some(error) = rows.error {
            if missing == full.height {
                return Err(error);
            }
            let (missing, height) = (missing * u32::from(8 / block), self.header.size.height);
            notes.push(format!("{error}: {} of {height} rows filled", missing.min(height)));
        }
        let pixmap = Pixmap::new(offer.size, channels, reducer.finish());
        Ok(Decoded { pixels: Pixels::Joint(pixmap), notes })
    }
}

fn unended() -> DecodeError {
    truncated("it ends before the pointer to the next directory")
}

/// The samples that are shown, colours first.
fn wanted(layout: &Layout) -> Vec<usize> {
    (0..layout.colors()).chain(layout.alpha.map(|alpha| alpha.at)).collect()
}

/// The wanted samples that have strips or tiles of their own.
fn planes(layout: &Layout, wanted: &[usize]) -> Vec<usize> {
    if layout.planar { wanted.to_vec() } else { vec![0] }
}

/// Unpacks the rows in the bytes of each plane: one, or those that share chroma.
fn unpack(layout: &Layout, planes: &[Vec<u8>], wanted: &[usize]) -> Vec<Row> {
    let columns = layout.size.width as usize;
    if layout.share() != (1, 1) {
        return unshare(&planes[0], layout, columns);
    }
    let stored = layout.samples_in_part();
    let rows: Vec<Row> = planes.iter().map(|bytes| samples::unpack(layout, bytes, columns * stored)).collect();
    let one = |mut rows: Vec<Row>| rows.swap_remove(0);
    vec![if layout.planar {
        weave(&rows)
    } else if wanted.len() == stored && wanted.iter().copied().eq(0..stored) {
        one(rows)
    } else {
        choose(&one(rows), stored, wanted)
    }]
}

/// Adds a missing row: transparent, or grey.
fn push_nothing(to: &mut Reducer, channels: Channels, wide: bool, columns: usize) {
    let count = columns * channels.count();
    match (channels.has_alpha(), wide) {
        (true, false) => to.push(&vec![0; count]),
        (true, true) => to.push_wide(&vec![0; count]),
        (false, false) => to.push(&vec![128; count]),
        (false, true) => to.push_wide(&vec![32_768; count]),
    }
}

/// Interleaves the samples of planes. All planes have the same kind of samples.
fn weave(planes: &[Row]) -> Row {
    fn join<T: Copy>(planes: &[&[T]]) -> Vec<T> {
        let count = planes.iter().map(|plane| plane.len()).min().unwrap_or(0);
        (0..count).flat_map(|i| planes.iter().map(move |plane| plane[i])).collect()
    }
    let (mut narrow, mut wide, mut float) = (Vec::new(), Vec::new(), Vec::new());
    for plane in planes {
        match plane {
            Row::U8(v) => narrow.push(&v[..]),
            Row::U16(v) => wide.push(&v[..]),
            Row::F32(v) => float.push(&v[..]),
        }
    }
    match planes.first() {
        Some(Row::U16(_)) => Row::U16(join(&wide)),
        Some(Row::F32(_)) => Row::F32(join(&float)),
        _ => Row::U8(join(&narrow)),
    }
}

/// Picks the wanted samples of each pixel of `stored` samples.
fn choose(row: &Row, stored: usize, wanted: &[usize]) -> Row {
    fn pick<T: Copy>(v: &[T], stored: usize, wanted: &[usize]) -> Vec<T> {
        v.chunks_exact(stored).flat_map(|p| wanted.iter().map(move |&i| p[i])).collect()
    }
    match row {
        Row::U8(v) => Row::U8(pick(v, stored, wanted)),
        Row::U16(v) => Row::U16(pick(v, stored, wanted)),
        Row::F32(v) => Row::F32(pick(v, stored, wanted)),
    }
}

/// Expands blocks of luma, row by row, each followed by its two chroma samples.
fn unshare(bytes: &[u8], layout: &Layout, columns: usize) -> Vec<Row> {
    let (across, down) = layout.share();
    let (across, down) = (across as usize, down as usize);
    let block = across * down + 2;
    let mut rows = vec![Vec::with_capacity(columns * 3); down];
    // Blocks do not continue across tiles.
    let part = layout.part.width as usize;
    for tile in bytes.chunks_exact(layout.row_bytes(layout.part.width)) {
        for (y, row) in rows.iter_mut().enumerate() {
            for x in 0..part {
                let at = x / across * block;
                let luma = tile[at + y * across + x % across];
                row.extend([luma, tile[at + block - 2], tile[at + block - 1]]);
            }
        }
    }
    rows.iter_mut().for_each(|row| row.truncate(columns * 3));
    rows.into_iter().map(Row::U8).collect()
}
