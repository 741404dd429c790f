//! Unpacks the bytes of one strip or tile while they are read.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, Cursor, Read};

use super::layout::Layout;
use super::packing::Compression;
use super::{log_luv, thunder, unsupported};
use crate::codec::DecodeError;
use crate::codec::fax;
use crate::codec::lzw::{Lzw, Order, Step};

/// An unpacked strip or tile: rows of `Layout::row_bytes`, one after the other.
pub type Stream<'a> = Box<dyn Read + 'a>;

/// What strips and tiles need besides their own bytes.
#[derive(Clone, Copy, Default)]
pub struct Shared<'a> {
    /// The common tables of all JPEG tiles.
    pub jpeg_tables: Option<&'a [u8]>,
    /// Called from time to time; true ends the work.
    pub interrupt: Option<&'a (dyn Fn() -> bool + Sync)>,
    /// Also check data that a scaled decode may skip.
    pub strict: bool,
    /// Set if a JPEG is complete but for its end-of-image marker.
    pub lacks_end: Option<&'a Cell<bool>>,
}

/// A defect of a strip or tile that can be shown in full.
pub type Oddity = Option<DecodeError>;

/// Unpacks `packed`, a strip or tile of `columns` and `rows`.
///
/// # Errors
/// Damage that is found before anything is read.
pub fn open<'a>(
    layout: &Layout,
    packed: &'a [u8],
    shared: Shared<'_>,
    columns: u32,
    rows: u32,
) -> Result<(Stream<'a>, Oddity), DecodeError> {
    let packed = if layout.reversed && !matches!(layout.compression, Compression::Jpeg | Compression::WebP) {
        Cow::Owned(packed.iter().map(|b| b.reverse_bits()).collect())
    } else {
        Cow::Borrowed(packed)
    };
    let stream: Stream<'a> = match layout.compression {
        Compression::None => Box::new(Cursor::new(packed)),
        Compression::PackBits => Box::new(PackBits { packed, at: 0, run: Run::Copy(0) }),
        Compression::Lzw => Box::new(Unpacked::new(packed)),
        Compression::Deflate => Box::new(flate2::bufread::ZlibDecoder::new(Cursor::new(packed))),
        Compression::Zstd => {
            let mut zstd = zstd::stream::read::Decoder::with_buffer(Cursor::new(packed)).map_err(broken)?;
            // 32 MiB, four times what common levels use. The memory of a picture must be known
            // before it is decoded.
            zstd.window_log_max(25).map_err(broken)?;
            Box::new(zstd)
        }
        Compression::Huffman { words } => {
            return faxed(fax::decode(&packed, fax::Kind::Huffman { words }, columns, rows));
        }
        Compression::Group3 { two_dimensions } => {
            return faxed(fax::decode(&packed, fax::Kind::Group3 { two_dimensions }, columns, rows));
        }
        Compression::ThunderScan => Box::new(Cursor::new(thunder::decode(&packed, columns, rows))),
        Compression::LogLuv(kind) => Box::new(Cursor::new(log_luv::decode(&packed, kind, columns, rows, layout.big))),
        Compression::Group4 => return faxed(fax::decode(&packed, fax::Kind::Group4, columns, rows)),
        Compression::Jpeg => Box::new(Cursor::new(jpeg(layout, &packed, shared, columns, rows)?)),
        Compression::WebP => Box::new(Cursor::new(webp(layout, &packed, columns, rows)?)),
    };
    Ok((stream, None))
}

fn broken(error: io::Error) -> DecodeError {
    super::damaged(error)
}

/// Decoded rows, and the error at their end.
fn faxed<'a>(fax: fax::Fax) -> Result<(Stream<'a>, Oddity), DecodeError> {
    if fax.error == Some(fax::UNCOMPRESSED) {
        return Err(unsupported(fax::UNCOMPRESSED));
    }
    struct Ended(Option<&'static str>);
    impl Read for Ended {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.0.map_or(Ok(0), |what| Err(io::Error::new(io::ErrorKind::InvalidData, what)))
        }
    }
    let oddity = fax.oddity.map(super::damaged);
    Ok((Box::new(Cursor::new(fax.rows).chain(Ended(fax.error))), oddity))
}

/// Adobe's PackBits: a count, then so many bytes, or one byte so many times.
struct PackBits<'a> {
    packed: Cow<'a, [u8]>,
    at: usize,
    run: Run,
}

enum Run {
    Copy(usize),
    Repeat(u8, usize),
}

impl PackBits<'_> {
    fn begin(&mut self) -> Option<()> {
        let &count = self.packed.get(self.at)?;
        self.at += 1;
        self.run = match count {
            0..=127 => Run::Copy(usize::from(count) + 1),
            128 => Run::Copy(0),
            129..=255 => {
                let &byte = self.packed.get(self.at)?;
                self.at += 1;
                Run::Repeat(byte, 257 - usize::from(count))
            }
        };
        Some(())
    }
}

impl Read for PackBits<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < out.len() {
            let room = &mut out[done..];
            let taken = match &mut self.run {
                Run::Copy(0) | Run::Repeat(_, 0) => {
                    if self.begin().is_none() {
                        break;
                    }
                    0
                }
                Run::Copy(left) => {
                    let from = self.packed.get(self.at..).unwrap_or_default();
                    let n = (*left).min(room.len()).min(from.len());
                    if n == 0 {
                        break;
                    }
                    room[..n].copy_from_slice(&from[..n]);
                    self.at += n;
                    *left -= n;
                    n
                }
                Run::Repeat(byte, left) => {
                    let n = (*left).min(room.len());
                    room[..n].fill(*byte);
                    *left -= n;
                    n
                }
            };
            done += taken;
        }
        Ok(done)
    }
}

struct Unpacked<'a> {
    packed: Cow<'a, [u8]>,
    at: usize,
    lzw: Lzw,
}

impl<'a> Unpacked<'a> {
    fn new(packed: Cow<'a, [u8]>) -> Self {
        // Before TIFF 5, codes began with the lowest bit and grew one code later. Such a stream
        // begins with its clear code, 256, as 00 x1 (libtiff, tif_lzw.c).
        let old = matches!(packed[..], [0, second, ..] if second & 1 == 1);
        let order = if old { Order::Low } else { Order::HighEarly };
        Self { packed, at: 0, lzw: Lzw::new(order, 8) }
    }
}

impl Read for Unpacked<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let mut data = self.packed.get(self.at..).unwrap_or_default();
        let step = self.lzw.step(&mut data, out);
        self.at = self.packed.len() - data.len();
        match step {
            Ok(Step::Bytes(count)) => Ok(count),
            Ok(Step::Starved | Step::Ended) => Ok(0),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
    }
}

/// Decodes a strip or tile that is a JPEG, except for tables that may be elsewhere (TIFF Technical
/// Note 2).
fn jpeg(layout: &Layout, packed: &[u8], shared: Shared<'_>, columns: u32, rows: u32) -> Result<Vec<u8>, DecodeError> {
    let of_jpeg = |error: thumbs_jpeg::Error| match error {
        thumbs_jpeg::Error::Unsupported(what) => unsupported(format_args!("JPEG with {what}")),
        thumbs_jpeg::Error::Truncated(what) => super::truncated(what),
        thumbs_jpeg::Error::Interrupted => DecodeError::Interrupted,
        other => super::damaged(other),
    };
    let mut joined = Vec::new();
    let data = match shared.jpeg_tables.map(|tables| tables.strip_suffix(b"\xff\xd9").unwrap_or(tables)) {
        Some(tables) if packed.starts_with(b"\xff\xd8") => {
            joined.extend_from_slice(tables);
            joined.extend_from_slice(&packed[2..]);
            &joined[..]
        }
        _ => packed,
    };
    let mut header = thumbs_jpeg::read_header(data).map_err(of_jpeg)?;
    header.supported().map_err(of_jpeg)?;
    let found = header.components.len();
    if found != layout.samples_in_part() {
        return Err(super::damaged(format_args!("a JPEG of {found} components in it")));
    }
    let plan = header.plan_at(layout.jpeg_block);
    if plan.width < columns || plan.height < rows {
        return Err(super::damaged(format_args!(
            "a JPEG of {}x{} in it, which is too small",
            header.width, header.height
        )));
    }
    // The last strip may be as high as the others. A larger JPEG would bypass the limits.
    let part = u64::from(columns) * u64::from(rows.max(layout.part.height));
    if u64::from(plan.width) * u64::from(plan.height) > 2 * part.max(1 << 15) {
        return Err(super::damaged("a JPEG in it is larger than its part"));
    }
    // The tag decides what the components are; markers of the JPEG do not count.
    header.color = match found {
        1 => thumbs_jpeg::ColorSpace::Grey,
        3 if layout.jpeg_rgb => thumbs_jpeg::ColorSpace::Rgb,
        3 => thumbs_jpeg::ColorSpace::YCbCr,
        4 => thumbs_jpeg::ColorSpace::Cmyk,
        _ => return Err(unsupported(format_args!("JPEG of {found} components"))),
    };
    header.inverted = false;
    let interrupt = shared.interrupt.map(|stop| move || stop());
    let options = thumbs_jpeg::Options {
        interrupt: interrupt.as_ref().map(|stop| stop as &dyn Fn() -> bool),
        strict: shared.strict,
        ..thumbs_jpeg::Options::default()
    };
    let image = thumbs_jpeg::decode(data, &header, &plan, &options).map_err(of_jpeg)?;
    if let (true, Some(lacks_end)) = (image.lacks_end, shared.lacks_end) {
        lacks_end.set(true);
    }
    Ok(cut(&image.data, image.width, usize::from(image.channels), columns, rows))
}

fn webp(layout: &Layout, packed: &[u8], columns: u32, rows: u32) -> Result<Vec<u8>, DecodeError> {
    let wrong = |_| super::damaged("a broken WebP in it");
    let found = thumbs_libwebp::features(packed).map_err(wrong)?;
    let samples = layout.samples_in_part();
    if found.width != columns || found.height < rows || !(3..=4).contains(&samples) || found.has_animation {
        return Err(super::damaged(format_args!("a WebP of {}x{} in it", found.width, found.height)));
    }
    if u64::from(found.height) > 2 * u64::from(rows.max(layout.part.height).max(128)) {
        return Err(super::damaged("a WebP in it is larger than its part"));
    }
    let target = thumbs_libwebp::Target {
        width: found.width,
        height: found.height,
        alpha: samples == 4,
        skip_filter: false,
        partial: false,
    };
    let image = thumbs_libwebp::decode(packed, &target).map_err(wrong)?;
    Ok(cut(&image.samples, found.width, samples, columns, rows))
}

/// The first columns and rows.
fn cut(samples: &[u8], width: u32, channels: usize, columns: u32, rows: u32) -> Vec<u8> {
    let (row, wanted) = (width as usize * channels, columns as usize * channels);
    samples.chunks_exact(row.max(1)).take(rows as usize).flat_map(|row| &row[..wanted]).copied().collect()
}
