//! Old-style JPEG (compression 6, TIFF 6.0 section 22). Like libtiff, it assembles a stream from
//! tags and strips. There are three variants: a whole JPEG at one offset; its headers there and its
//! scan in the strips; and tables at separate offsets.

use super::directory::Directory;
use super::{damaged, truncated, unsupported};
use crate::codec::DecodeError;
use crate::size::Size;

const STRIP_OFFSETS: u16 = 273;
const STRIP_COUNTS: u16 = 279;
const ROWS_PER_STRIP: u16 = 278;
const TILE_WIDTH: u16 = 322;
const TILE_HEIGHT: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_COUNTS: u16 = 325;
const PROCESS: u16 = 512;
const STREAM: u16 = 513;
const STREAM_LENGTH: u16 = 514;
const RESTART_INTERVAL: u16 = 515;
const QUANTISATION: u16 = 519;
const DC_TABLES: u16 = 520;
const AC_TABLES: u16 = 521;
const SUBSAMPLING: u16 = 530;

const SOI: [u8; 2] = [0xff, 0xd8];
const EOI: [u8; 2] = [0xff, 0xd9];

/// Assembles the JPEG that the directory describes.
///
/// # Errors
/// A piece of it lies beyond the end of the file, or is not supported.
pub fn stream(tags: &Directory<'_>, bytes: &[u8], size: Size, samples: usize) -> Result<Vec<u8>, DecodeError> {
    if tags.number(PROCESS) == Some(14) {
        return Err(unsupported("old-style lossless JPEG"));
    }
    let (strips, size) = match tags.numbers(TILE_OFFSETS)? {
        Some(tiles) if tiles.len() > 1 => return Err(unsupported("old-style JPEG in tiles")),
        Some(_) => {
            let side =
                |tag, least: u32| tags.number(tag).and_then(|n| u32::try_from(n).ok()).unwrap_or(least).max(least);
            let tile = Size::new(side(TILE_WIDTH, size.width), side(TILE_HEIGHT, size.height));
            (strips(tags, bytes, TILE_OFFSETS, TILE_COUNTS)?, tile)
        }
        None => (strips(tags, bytes, STRIP_OFFSETS, STRIP_COUNTS)?, size),
    };
    if let Some(at) = tags.number(STREAM).filter(|&at| at > 0)
        && let Some(found) = at_one_place(tags, bytes, at, size, &strips)
    {
        return Ok(found);
    }
    if let [only] = strips[..]
        && only.starts_with(&SOI)
        && is_picture(only)
    {
        return Ok(only.to_vec());
    }
    of_tables(tags, bytes, size, samples, &strips)
}

/// The bytes of each strip. A strip without a count extends as far as possible.
fn strips<'a>(tags: &Directory<'_>, bytes: &'a [u8], offsets: u16, counts: u16) -> Result<Vec<&'a [u8]>, DecodeError> {
    let offsets = tags.numbers(offsets)?.unwrap_or_default();
    let counts = tags.numbers(counts)?.unwrap_or_default();
    let strip = |(i, &offset): (usize, &u64)| {
        let there = bytes.get(usize::try_from(offset).ok()?..)?;
        let count = counts.get(i).filter(|&&count| count > 0).and_then(|&count| usize::try_from(count).ok());
        Some(&there[..count.unwrap_or(there.len()).min(there.len())])
    };
    offsets.iter().enumerate().map(strip).collect::<Option<_>>().ok_or_else(|| truncated("a strip lies beyond its end"))
}

/// Whether the components of a stream are RGB, according to the stream itself. The tags are seldom
/// right.
pub fn is_rgb(stream: &[u8]) -> bool {
    thumbs_jpeg::read_header(stream).is_ok_and(|header| header.color == thumbs_jpeg::ColorSpace::Rgb)
}

fn is_picture(stream: &[u8]) -> bool {
    thumbs_jpeg::read_header(stream).is_ok()
}

/// The stream at the offset in a tag, followed by the strips if it consists of headers only.
fn at_one_place(tags: &Directory<'_>, bytes: &[u8], at: u64, size: Size, strips: &[&[u8]]) -> Option<Vec<u8>> {
    let there = bytes.get(usize::try_from(at).ok()?..).filter(|there| there.starts_with(&SOI))?;
    // The length may be missing or wrong. The stream has an end marker.
    let said = tags.number(STREAM_LENGTH).and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let headers = said.clamp(2, there.len());
    let headers = &there[..if said == 0 { there.len() } else { headers }];
    let start = at as usize..at as usize + headers.len();
    let inside = strips.iter().all(|strip| {
        let offset = strip.as_ptr() as usize - bytes.as_ptr() as usize;
        start.contains(&offset)
    });
    if inside && is_picture(there) {
        return Some(there.to_vec());
    }
    // Everything up to the scan, which is in the strips.
    let mut out = headers.strip_suffix(&EOI).unwrap_or(headers).to_vec();
    if strips.len() > 1 {
        // The first strip may contain the header of the scan.
        let header = thumbs_jpeg::read_header(&[&out[..], strips[0]].concat()).ok()?;
        let across = header.components.iter().map(|c| c.h).max()?;
        let down = header.components.iter().map(|c| c.v).max()?;
        let interval = u16::try_from(units(size, rows_in_strip(tags, size), across, down)).ok()?;
        // A later restart interval, usually 0, would take precedence.
        if let Some(at) = out.windows(4).position(|w| w == [0xff, 0xdd, 0, 4]) {
            out.drain(at..(at + 6).min(out.len()));
        }
        let mut restart = Vec::new();
        segment(&mut restart, 0xdd, &[&interval.to_be_bytes()]);
        out.splice(2..2, restart);
    }
    for (i, strip) in strips.iter().enumerate() {
        if i > 0 {
            out.extend([0xff, 0xd0 + ((i - 1) % 8) as u8]);
        }
        out.extend(strip.strip_suffix(&EOI).unwrap_or(strip));
    }
    out.extend(EOI);
    if is_picture(&out) {
        return Some(out);
    }
    is_picture(there).then(|| there.to_vec())
}

/// A stream of tables and strips. Each strip starts as after a restart marker.
fn of_tables(
    tags: &Directory<'_>,
    bytes: &[u8],
    size: Size,
    samples: usize,
    strips: &[&[u8]],
) -> Result<Vec<u8>, DecodeError> {
    if !matches!(samples, 1 | 3) {
        return Err(unsupported(format_args!("old-style JPEG of {samples} components")));
    }
    let sides = (u16::try_from(size.width), u16::try_from(size.height));
    let (Ok(width), Ok(height)) = sides else { return Err(unsupported(format_args!("old-style JPEG of {size}"))) };
    let mut out = SOI.to_vec();
    let quantisation = places(tags, QUANTISATION, samples)?;
    let (dc, ac) = (places(tags, DC_TABLES, samples)?, places(tags, AC_TABLES, samples)?);
    for (i, &at) in quantisation.iter().enumerate() {
        let table = bytes.get(at..).and_then(|there| there.get(..64)).ok_or_else(beyond)?;
        segment(&mut out, 0xdb, &[&[i as u8], table]);
    }
    for (class, places) in [(0u8, &dc), (0x10, &ac)] {
        for (i, &at) in places.iter().enumerate() {
            let there = bytes.get(at..).unwrap_or_default();
            let counts = there.get(..16).ok_or_else(beyond)?;
            let values = counts.iter().map(|&n| usize::from(n)).sum::<usize>();
            let table = there.get(..16 + values).ok_or_else(beyond)?;
            segment(&mut out, 0xc4, &[&[class | i as u8], table]);
        }
    }
    let share = tags.numbers(SUBSAMPLING)?.unwrap_or_else(|| vec![2, 2]);
    let (across, down) = match share[..] {
        _ if samples == 1 => (1, 1),
        [x @ (1 | 2 | 4), y @ (1 | 2 | 4), ..] => (x as u8, y as u8),
        _ => return Err(damaged("its chroma subsampling is invalid")),
    };
    let units = units(size, rows_in_strip(tags, size), across, down);
    let interval = match tags.number(RESTART_INTERVAL) {
        Some(interval @ 1..=0xffff) if strips.len() == 1 => interval as u16,
        _ if strips.len() == 1 => 0,
        _ => u16::try_from(units).map_err(|_| unsupported("old-style JPEG in strips of this size"))?,
    };
    if interval > 0 {
        segment(&mut out, 0xdd, &[&interval.to_be_bytes()]);
    }
    let table = |i: usize, tables: &[usize]| i.min(tables.len() - 1) as u8;
    let mut frame = vec![8];
    frame.extend([height.to_be_bytes(), width.to_be_bytes()].concat());
    frame.push(samples as u8);
    let mut scan = vec![samples as u8];
    for i in 0..samples {
        let sampling = if i == 0 { across << 4 | down } else { 0x11 };
        frame.extend([i as u8 + 1, sampling, table(i, &quantisation)]);
        scan.extend([i as u8 + 1, table(i, &dc) << 4 | table(i, &ac)]);
    }
    scan.extend([0, 63, 0]);
    segment(&mut out, 0xc0, &[&frame]);
    segment(&mut out, 0xda, &[&scan]);
    for (i, strip) in strips.iter().enumerate() {
        if i > 0 {
            out.extend([0xff, 0xd0 + ((i - 1) % 8) as u8]);
        }
        out.extend(strip.strip_suffix(&EOI).unwrap_or(strip));
    }
    out.extend(EOI);
    Ok(out)
}

fn rows_in_strip(tags: &Directory<'_>, size: Size) -> u32 {
    tags.number(ROWS_PER_STRIP).unwrap_or(0).clamp(1, u64::from(size.height)) as u32
}

/// The number of MCUs in a strip.
fn units(size: Size, rows: u32, across: u8, down: u8) -> u32 {
    size.width.div_ceil(8 * u32::from(across)) * rows.div_ceil(8 * u32::from(down))
}

fn beyond() -> DecodeError {
    truncated("its JPEG tables lie beyond its end")
}

/// The offsets of the tables of each component. Trailing equal offsets count once.
fn places(tags: &Directory<'_>, tag: u16, samples: usize) -> Result<Vec<usize>, DecodeError> {
    let found = tags.numbers(tag)?.unwrap_or_default();
    let mut places: Vec<usize> = found.iter().take(samples).filter_map(|&at| usize::try_from(at).ok()).collect();
    while places.len() > 1 && places[places.len() - 1] == places[places.len() - 2] {
        places.pop();
    }
    if places.is_empty() { Err(damaged("no tables for its old-style JPEG")) } else { Ok(places) }
}

fn segment(out: &mut Vec<u8>, marker: u8, parts: &[&[u8]]) {
    let length = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    out.extend([0xff, marker]);
    out.extend((length as u16).to_be_bytes());
    parts.iter().for_each(|part| out.extend(*part));
}
