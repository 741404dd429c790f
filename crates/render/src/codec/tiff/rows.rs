//! Assembles the rows of a picture from its strips or tiles. Neighbouring tiles are read together,
//! a row at a time.

use std::io::{ErrorKind, Read};

use super::layout::Layout;
use super::packing::Compression;
use super::samples::undo_predictor;
use super::stream::{self, Shared, Stream};
use super::{damaged, truncated};
use crate::codec::DecodeError;

/// Strips and tiles of up to this many bytes are unpacked at once, larger ones while they are read.
const SMALL: u64 = 64 << 10;
/// Bytes that an unpacker holds: the window and tables of zlib, the codes of LZW.
const UNPACKER: u64 = 96 << 10;

/// The length of the file header, which no strip or tile may overlap.
const HEADER: u64 = 8;

/// Reads the rows of each wanted plane, as bytes.
pub struct Rows<'a> {
    layout: &'a Layout,
    bytes: &'a [u8],
    shared: Shared<'a>,
    /// The samples that have strips or tiles of their own.
    planes: Vec<usize>,
    /// The strips or tiles of the current band, plane by plane.
    parts: Vec<Part<'a>>,
    y: u32,
    /// The first error.
    pub error: Option<DecodeError>,
    /// A defect that loses no row.
    pub oddity: Option<DecodeError>,
}

struct Part<'a> {
    /// None once nothing more can be read.
    stream: Option<Stream<'a>>,
    /// The row that was read last.
    row: Vec<u8>,
}

/// An upper bound of the memory for reading, in bytes, besides the rows themselves.
pub fn memory(layout: &Layout) -> u64 {
    let rows = u64::from(layout.part.height.div_ceil(layout.share().1));
    let raw = layout.row_bytes(layout.part.width) as u64 * rows;
    // The memory that each strip or tile holds, and the temporary memory for unpacking one.
    let (held, working) = match layout.compression {
        // Copied if bits are reversed.
        Compression::None | Compression::PackBits => (raw + raw / 64, 0),
        // Planes and the picture made of them, each at most twice as large as the tile.
        Compression::Jpeg | Compression::WebP => (raw, raw.saturating_mul(5) + (16 << 20)),
        Compression::Huffman { .. }
        | Compression::Group3 { .. }
        | Compression::Group4
        | Compression::ThunderScan
        | Compression::LogLuv(_) => (raw, raw),
        Compression::Lzw | Compression::Deflate => (raw.min(SMALL) + UNPACKER, 0),
        Compression::Zstd => (raw.min(SMALL) + (1 << 20) + raw.min(32 << 20), 0),
    };
    let parts = u64::from(layout.grid().0) * if layout.planar { layout.samples as u64 } else { 1 };
    (held + 2 * layout.row_bytes(layout.part.width) as u64).saturating_mul(parts).saturating_add(working)
}

impl<'a> Rows<'a> {
    /// Reads `planes`, which are samples if each has strips or tiles of its own, and `[0]`
    /// otherwise.
    pub fn new(layout: &'a Layout, bytes: &'a [u8], shared: Shared<'a>, planes: Vec<usize>) -> Self {
        Self { layout, bytes, shared, planes, parts: Vec::new(), y: 0, error: None, oddity: None }
    }

    /// Reads the next rows, one if no chroma is shared, into a buffer for each plane. Returns false
    /// and sets `error` if something is missing in them.
    pub fn next(&mut self, out: &mut [Vec<u8>]) -> bool {
        if self.y.is_multiple_of(self.layout.part.height) {
            self.begin_band(self.y / self.layout.part.height);
        }
        let across = self.layout.grid().0 as usize;
        let mut whole = true;
        for (parts, out) in self.parts.chunks_mut(across).zip(out) {
            out.clear();
            for part in parts {
                match part.read(self.layout) {
                    Ok(()) => {}
                    Err(error) => {
                        whole = false;
                        part.row.fill(0);
                        part.stream = None;
                        self.error.get_or_insert(error);
                    }
                }
                out.extend_from_slice(&part.row);
            }
        }
        self.y += self.layout.share().1;
        // A group of rows that share chroma ends with its strip or tile.
        let into = self.y % self.layout.part.height;
        if into < self.layout.share().1 {
            self.y -= into;
        }
        whole
    }

    fn begin_band(&mut self, band: u32) {
        let (across, down) = self.layout.grid();
        self.parts.clear();
        for &plane in &self.planes.clone() {
            for x in 0..across {
                let index = (plane as u64 * u64::from(down) + u64::from(band)) * u64::from(across) + u64::from(x);
                let stream = match self.open(index as usize, band) {
                    Ok((stream, oddity)) => {
                        self.oddity = self.oddity.take().or(oddity);
                        Some(stream)
                    }
                    Err(error) => {
                        self.error.get_or_insert(error);
                        None
                    }
                };
                let row = vec![0; self.layout.row_bytes(self.layout.part.width)];
                self.parts.push(Part { stream, row });
            }
        }
    }

    /// Opens the stream of a strip or tile, with a defect that does not prevent reading.
    fn open(&self, index: usize, band: u32) -> Result<(Stream<'a>, Option<DecodeError>), DecodeError> {
        let layout = self.layout;
        let &offset = layout.offsets.get(index).ok_or_else(|| damaged("parts of it are missing"))?;
        let left = layout.size.height - band * layout.part.height;
        let rows = if layout.tiled { layout.part.height } else { left.min(layout.part.height) };
        let groups = u64::from(rows.div_ceil(layout.share().1));
        let raw = layout.row_bytes(layout.part.width) as u64 * groups;
        let said = layout.counts.get(index).copied().filter(|&count| count > 0 || offset == 0 || layout.tiled);
        let count = match said {
            // Like libtiff, ignore the count of a single uncompressed strip.
            Some(1..) if layout.compression == Compression::None && layout.offsets.len() == 1 => raw,
            Some(count) => count,
            // Without a count, the data extends as far as possible.
            None if layout.compression == Compression::None => raw,
            None => (self.bytes.len() as u64).saturating_sub(offset),
        };
        if (offset, count) == (0, 0) || (count == 0 && layout.tiled) {
            // Sparse files omit empty tiles.
            return Ok((Box::new(std::io::repeat(0).take(raw)), None));
        }
        // Of compressed data, only the first byte certainly belongs to it.
        let needed = if layout.compression == Compression::None { raw.min(count) } else { 1 };
        let directory = &layout.directory;
        if offset < HEADER || (offset < directory.end && directory.start < offset.saturating_add(needed)) {
            return Err(damaged("its pixels would lie in its directory"));
        }
        let from = usize::try_from(offset).map_err(|_| beyond())?;
        let there = self.bytes.get(from..).filter(|there| !there.is_empty()).ok_or_else(beyond)?;
        let length = usize::try_from(count).unwrap_or(usize::MAX);
        let packed = &there[..length.min(there.len())];
        // The missing bytes may be padding.
        let oddity = (length > there.len()).then(|| truncated("one of its strips or tiles extends beyond its end"));
        let (mut stream, inner) = stream::open(layout, packed, self.shared, layout.part.width, rows)?;
        let oddity = oddity.or(inner);
        let unpacks = matches!(layout.compression, Compression::Lzw | Compression::Deflate | Compression::Zstd);
        if layout.tiled && unpacks && raw <= SMALL {
            let mut all = Vec::with_capacity(raw as usize);
            // An error shows later, when a row is missing.
            let _ = stream.take(raw).read_to_end(&mut all);
            stream = Box::new(std::io::Cursor::new(all));
        }
        Ok((stream, oddity))
    }
}

fn beyond() -> DecodeError {
    truncated("its data end too early")
}

impl Part<'_> {
    fn read(&mut self, layout: &Layout) -> Result<(), DecodeError> {
        let stream = self.stream.as_mut().ok_or_else(beyond)?;
        stream.read_exact(&mut self.row).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => beyond(),
            _ => damaged(error),
        })?;
        undo_predictor(layout, &mut self.row);
        Ok(())
    }
}
