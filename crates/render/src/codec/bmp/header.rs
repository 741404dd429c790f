//! Headers of bitmaps: OS/2 (12 and 16 to 64 bytes) and Windows (40, 52, 56, 108, 124), in a BMP
//! file, in an icon, or alone.

use crate::codec::{ColorSpace, DecodeError};
use crate::format::Format;
use crate::size::Size;

/// Colour space types that carry more information than sRGB.
const CALIBRATED: u32 = 0;
const EMBEDDED: u32 = 0x4d42_4544;
/// The size limit of a profile in bytes, as in PNG.
const MAX_PROFILE: usize = 8 << 20;

/// How the pixels are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Rows of equal length.
    Plain,
    /// Runs and literals of 8-bit indices.
    Rle8,
    /// Runs and literals of 4-bit indices.
    Rle4,
    /// Runs and literals of blue, green and red. OS/2 only.
    Rle24,
    /// Group 3 fax in one dimension. Black is the second colour. OS/2 only.
    Fax,
    /// A JPEG file.
    Jpeg,
    /// A PNG file.
    Png,
}

/// How much of a file is present.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    Whole,
    /// A part of it lies beyond the end of the file, possibly one that is not shown.
    Short,
    /// A larger picture is missing.
    Lacking,
}

/// The content of a header.
pub struct Bitmap<'a> {
    /// The format that errors name.
    pub format: Format,
    /// The stored size, without the sign of the height. In an icon the height covers picture and
    /// mask.
    pub size: Size,
    /// Whether the first stored row is the top one.
    pub top_down: bool,
    /// Bits per pixel.
    pub bits: u16,
    /// How the pixels are stored.
    pub packing: Packing,
    /// The bits of red, green, blue and alpha in a pixel of 16 or 32 bits.
    pub masks: [u32; 4],
    /// Red, green, blue. May be shorter than the bits per pixel allow.
    pub palette: Vec<[u8; 3]>,
    /// The bytes from the first pixel to the end of the file.
    pub data: &'a [u8],
    /// How much of the file is present, by its own account.
    pub extent: Extent,
    /// The colour space.
    pub color: ColorSpace,
    /// Notes about what was ignored.
    pub notes: Vec<String>,
}

/// The little-endian fields of the header.
struct Fields<'a> {
    format: Format,
    bytes: &'a [u8],
    /// The length of the header.
    length: usize,
}

impl Fields<'_> {
    fn damaged(&self, what: String) -> DecodeError {
        DecodeError::Damaged { format: self.format, what }
    }

    fn u16(&self, at: usize) -> u16 {
        self.bytes.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
    }

    /// The field at `at`, or 0 if the header is too short, as OS/2 defines it.
    fn u32(&self, at: usize) -> u32 {
        let inside = self.bytes.get(at..at + 4).filter(|_| at + 4 <= self.length);
        inside.map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }
}

/// The values derived from the first fields of the header.
struct Kind {
    size: Size,
    top_down: bool,
    bits: u16,
    packing: Packing,
    /// The number of masks in or behind the header.
    masks: usize,
}

/// Reads a BMP file, or the first bitmap of an OS/2 array.
///
/// # Errors
/// The file is not a bitmap, ends within its header, or is not supported.
pub fn file(bytes: &[u8]) -> Result<Bitmap<'_>, DecodeError> {
    // An OS/2 array has 14 bytes in front. Offsets count from the start of the file.
    let at = if bytes.starts_with(b"BA") { 14 } else { 0 };
    let number = |at: usize| {
        let b = bytes.get(at..at + 4).ok_or_else(|| truncated(Format::Bmp, "its header ends too early"))?;
        Ok(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    };
    if bytes.get(at..at + 2) != Some(b"BM") {
        return Err(DecodeError::Damaged { format: Format::Bmp, what: "no bitmap in it".to_owned() });
    }
    let (claimed, pixels) = (number(at + 2)?, number(at + 10)?);
    let mut bitmap = read(Format::Bmp, bytes, at + 14, pixels as usize)?;
    if claimed as usize > bytes.len() {
        bitmap.extent = Extent::Short;
    }
    Ok(bitmap)
}

/// Reads a bitmap without a file header, as in icons and on the clipboard.
///
/// # Errors
/// As for [`file`].
pub fn bare(format: Format, bytes: &[u8]) -> Result<Bitmap<'_>, DecodeError> {
    read(format, bytes, 0, 0)
}

pub fn truncated(format: Format, what: &str) -> DecodeError {
    DecodeError::Truncated { format, what: what.to_owned() }
}

/// Reads the header at `at`. Pixels begin at `pixels`, if that lies behind the header.
fn read(format: Format, bytes: &[u8], at: usize, pixels: usize) -> Result<Bitmap<'_>, DecodeError> {
    let short = || truncated(format, "its header ends too early");
    let length = bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).ok_or_else(short)?;
    let header = at + length.min(124) as usize;
    let fields = Fields { format, bytes: bytes.get(at..header).ok_or_else(short)?, length: length as usize };
    if !matches!(length, 12 | 16..=64 | 108 | 124) {
        return Err(fields.damaged(format!("its header has {length} bytes")));
    }
    let kind = kind(&fields)?;
    let behind = if length == 40 { 4 * kind.masks } else { 0 };
    let masks = masks(&fields, &kind, bytes.get(header..header + behind).ok_or_else(short)?)?;
    let start = header + behind;
    let (palette, first) = palette(&fields, &kind, bytes, start, pixels);
    let mut notes = Vec::new();
    let color = color(&fields, bytes, at, &mut notes);
    let mut data = bytes.get(first..).ok_or_else(|| truncated(format, "no pixels in it"))?;
    if matches!(kind.packing, Packing::Jpeg | Packing::Png) {
        let length = (fields.u32(20) as usize).min(data.len());
        data = if length == 0 { data } else { &data[..length] };
    }
    let Kind { size, top_down, bits, packing, .. } = kind;
    Ok(Bitmap { format, size, top_down, bits, packing, masks, palette, data, extent: Extent::Whole, color, notes })
}

fn kind(fields: &Fields<'_>) -> Result<Kind, DecodeError> {
    if fields.length == 12 {
        let size = Size::new(fields.u16(4).into(), fields.u16(6).into());
        let bits = fields.u16(10);
        let (packing, masks) = packing(fields, bits, 0)?;
        return Ok(Kind { size, top_down: false, bits, packing, masks });
    }
    let (width, height) = (fields.u32(4) as i32, fields.u32(8) as i32);
    if width < 0 {
        return Err(fields.damaged(format!("its width is {width}")));
    }
    let bits = fields.u16(14);
    let (packing, masks) = packing(fields, bits, fields.u32(16))?;
    let size = Size::new(width as u32, height.unsigned_abs());
    Ok(Kind { size, top_down: height < 0, bits, packing, masks })
}

/// The packing and the number of masks for a compression.
fn packing(fields: &Fields<'_>, bits: u16, compression: u32) -> Result<(Packing, usize), DecodeError> {
    let os2 = !matches!(fields.length, 12 | 40 | 52 | 56 | 108 | 124);
    Ok(match (compression, bits) {
        (0, 1 | 2 | 4 | 8 | 16 | 24 | 32 | 64) => (Packing::Plain, 0),
        (1, 8) => (Packing::Rle8, 0),
        (2, 4) => (Packing::Rle4, 0),
        // The numbers 3 and 4 have another meaning in OS/2, even with a header as long as that of
        // Windows.
        (3, 1) => (Packing::Fax, 0),
        (4, 24) => (Packing::Rle24, 0),
        (3, 16 | 32) if !os2 => (Packing::Plain, 3),
        (6, 16 | 32) if !os2 => (Packing::Plain, 4),
        (4, _) if !os2 => (Packing::Jpeg, 0),
        (5, _) if !os2 => (Packing::Png, 0),
        (11..=13, _) => return Err(DecodeError::Unsupported(format!("{} of CMYK", fields.format))),
        _ => return Err(fields.damaged(format!("compression {compression} of {bits} bits a pixel"))),
    })
}

fn masks(fields: &Fields<'_>, kind: &Kind, behind: &[u8]) -> Result<[u32; 4], DecodeError> {
    let mut masks = [0; 4];
    match (kind.masks, kind.bits) {
        (0, 16) => masks = [0x7c00, 0x03e0, 0x001f, 0],
        // The remaining 8 of the 32 bits are not alpha, even if a longer header says so.
        (0, 32) => masks = [0x00ff_0000, 0xff00, 0xff, 0],
        (0, _) => {}
        _ if fields.length == 40 => {
            for (mask, b) in masks.iter_mut().zip(behind.chunks_exact(4)) {
                *mask = u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
            }
        }
        _ => masks = [40, 44, 48, 52].map(|at| fields.u32(at)),
    }
    if kind.masks > 0 && masks[..3] == [0; 3] {
        return Err(fields.damaged("no colours in its masks".to_owned()));
    }
    Ok(masks)
}

/// The palette at `start`, and the offset of the pixels, which the header gives as `pixels`.
fn palette(fields: &Fields<'_>, kind: &Kind, bytes: &[u8], start: usize, pixels: usize) -> (Vec<[u8; 3]>, usize) {
    let entry = if fields.length == 12 { 3 } else { 4 };
    let most = if kind.bits <= 8 { 1usize << kind.bits } else { 0 };
    let used = fields.u32(32) as usize;
    let end_of = |count: usize| count.checked_mul(entry).and_then(|n| n.checked_add(start));
    let said = if used == 0 { most } else { used };
    // More colours than the file has bytes cannot be right, but does no harm if the pixels have an
    // offset of their own.
    let end = end_of(said).filter(|end| *end <= bytes.len() || said <= most).or_else(|| end_of(most)).unwrap_or(start);
    let first = match pixels {
        // Offsets of 0 and into the header occur in practice.
        _ if pixels < start => end,
        // A palette may be shorter than declared. But if the file has room for all of it and the
        // pixels behind it, the offset is wrong.
        _ if pixels < end && most > 0 => {
            let length = pixel_bytes(fields, kind);
            let fits = end.checked_add(length).is_some_and(|all| all <= bytes.len());
            if length > 0 && fits { end } else { pixels }
        }
        _ => pixels,
    };
    let stored = bytes.get(start..end.min(first).min(bytes.len())).unwrap_or_default();
    (stored.chunks_exact(entry).take(most).map(|c| [c[2], c[1], c[0]]).collect(), first)
}

/// The size of all rows in bytes. For packed rows, the size in the header, or 0.
fn pixel_bytes(fields: &Fields<'_>, kind: &Kind) -> usize {
    let Size { width, height } = kind.size;
    match kind.packing {
        Packing::Plain => {
            let row = (u64::from(width) * u64::from(kind.bits)).div_ceil(32) * 4;
            // The padding of the last row may be missing.
            let filled = row - (u64::from(width) * u64::from(kind.bits)).div_ceil(8);
            usize::try_from((row * u64::from(height)).saturating_sub(filled)).unwrap_or(usize::MAX)
        }
        _ => fields.u32(20) as usize,
    }
}

fn color(fields: &Fields<'_>, bytes: &[u8], at: usize, notes: &mut Vec<String>) -> ColorSpace {
    if fields.length < 108 {
        return ColorSpace::Srgb;
    }
    match fields.u32(56) {
        CALIBRATED => calibrated(fields).unwrap_or_default(),
        EMBEDDED => {
            let (offset, length) = (fields.u32(112) as usize, fields.u32(116) as usize);
            let icc = at.checked_add(offset).and_then(|from| bytes.get(from..from.checked_add(length)?));
            match icc.filter(|icc| (1..=MAX_PROFILE).contains(&icc.len())) {
                Some(icc) => ColorSpace::Icc(icc.to_vec()),
                None => {
                    notes.push("broken colour profile ignored".to_owned());
                    ColorSpace::Srgb
                }
            }
        }
        // sRGB, the system's colour space, or a profile in another file.
        _ => ColorSpace::Srgb,
    }
}

/// Endpoints and gamma. Most writers leave them zero.
fn calibrated(fields: &Fields<'_>) -> Option<ColorSpace> {
    let gammas = [96, 100, 104].map(|at| f64::from(fields.u32(at)) / 65_536.0);
    if gammas[0] <= 0.0 || gammas.iter().any(|g| (g / gammas[0] - 1.0).abs() > 0.01) {
        return None;
    }
    // Some writers store the decoding exponent, others the encoding exponent.
    let gamma = if gammas[0] > 1.0 { 1.0 / gammas[0] } else { gammas[0] };
    let number = |i: usize| f64::from(fields.u32(60 + 4 * i) as i32) / f64::from(1 << 30);
    let ends: [[f64; 3]; 3] = std::array::from_fn(|c| std::array::from_fn(|i| number(3 * c + i)));
    Some(ColorSpace::Calibrated { gamma, chromaticities: chromaticities(ends) })
}

/// The chromaticities of white, red, green and blue.
fn chromaticities(ends: [[f64; 3]; 3]) -> Option<[(f64, f64); 4]> {
    let sums = ends.map(|e| e.iter().sum::<f64>());
    if sums.iter().any(|s| *s <= 0.0) {
        return None;
    }
    let xy = |e: [f64; 3]| (e[0] / (e[0] + e[1] + e[2]), e[1] / (e[0] + e[1] + e[2]));
    // The XYZ of the three primaries sum up to white. Many writers scale each primary to 1; then
    // white is unknown.
    let white = if sums.iter().all(|s| (s - 1.0).abs() < 0.05) {
        (0.3127, 0.3290)
    } else {
        xy(std::array::from_fn(|i| ends[0][i] + ends[1][i] + ends[2][i]))
    };
    let [red, green, blue] = ends.map(xy);
    Some([white, red, green, blue])
}
