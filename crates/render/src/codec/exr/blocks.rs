//! Checks the blocks that an OpenEXR file declares before the `exr` crate decodes it. The crate
//! allocates blocks as large as the file claims.
//! <https://openexr.com/en/latest/OpenEXRFileLayout.html>

use crate::codec::DecodeError;
use crate::format::Format;

/// Flags of the version field.
const TILED: u32 = 0x200;
const DEEP: u32 = 0x800;
const PARTS: u32 = 0x1000;
/// The longest name that is read, in bytes.
const LONGEST_NAME: usize = 255;

/// The blocks of one part.
#[derive(Default)]
struct Part {
    bytes_per_pixel: u64,
    width: u64,
    height: u64,
    lines: u64,
    tile: Option<(u64, u64)>,
}

impl Part {
    /// The size in bytes of the largest block of pixels.
    fn block(&self) -> u64 {
        let (width, height) = self.tile.unwrap_or((self.width, self.lines));
        width.min(self.width).saturating_mul(height.min(self.height)).saturating_mul(self.bytes_per_pixel)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A zero-terminated text.
    fn name(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..)?;
        let end = rest.iter().take(LONGEST_NAME + 1).position(|&b| b == 0)?;
        self.at += end + 1;
        Some(&rest[..end])
    }
}

/// Checks that no block claims more than the file has, and returns the decoded size of the largest
/// one.
///
/// # Errors
/// A header that cannot be read, or a block that is not there.
pub fn check(bytes: &[u8]) -> Result<u64, DecodeError> {
    let format = Format::Exr;
    let damaged = || DecodeError::Damaged { format, what: "its header cannot be read".to_owned() };
    let mut reader = Reader { bytes, at: 4 };
    let version = reader.u32().ok_or_else(damaged)?;
    // Blocks of deep pixels have another layout, and the crate allocates memory for them before it
    // rejects them (found by fuzzing).
    if version & DEEP != 0 {
        return Err(DecodeError::Unsupported("OpenEXR of deep pixels".to_owned()));
    }
    let mut parts = Vec::new();
    while let Some(part) = part(&mut reader).ok_or_else(damaged)? {
        parts.push(part);
        if version & PARTS == 0 {
            break;
        }
    }
    blocks(reader, version, &parts)?;
    Ok(parts.iter().map(Part::block).max().unwrap_or(0))
}

/// The header of the next part. An inner None means that no part follows.
fn part(reader: &mut Reader<'_>) -> Option<Option<Part>> {
    let mut part = Part::default();
    let mut empty = true;
    loop {
        let name = reader.name()?;
        if name.is_empty() {
            return Some((!empty).then_some(part));
        }
        empty = false;
        // After an empty type name the crate reads on, and would see another header than this
        // function (found by fuzzing).
        let _kind = reader.name().filter(|kind| !kind.is_empty())?;
        let size = reader.u32()? as usize;
        let mut value = Reader { bytes: reader.take(size)?, at: 0 };
        match name {
            b"channels" => {
                while !value.name()?.is_empty() {
                    let kind = value.u32()?;
                    value.take(12)?;
                    part.bytes_per_pixel += if kind == 1 { 2 } else { 4 };
                }
            }
            b"compression" => {
                // None, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB.
                let kind = usize::from(*value.take(1)?.first()?);
                part.lines = [1, 1, 1, 16, 32, 16, 32, 32, 32, 256].get(kind).copied().unwrap_or(256);
            }
            b"dataWindow" => {
                let mut side = || value.u32().map(|v| i64::from(v as i32));
                let (left, top, right, bottom) = (side()?, side()?, side()?, side()?);
                part.width = u64::try_from(right - left + 1).ok()?;
                part.height = u64::try_from(bottom - top + 1).ok()?;
            }
            b"tiles" => part.tile = Some((value.u32()?.into(), value.u32()?.into())),
            _ => {}
        }
    }
}

/// Checks the blocks listed in the offset tables, which precede the first block.
fn blocks(mut table: Reader<'_>, version: u32, parts: &[Part]) -> Result<(), DecodeError> {
    let format = Format::Exr;
    let behind = || DecodeError::Truncated { format, what: "a block lies beyond its end".to_owned() };
    let (file, mut first) = (table.bytes, table.bytes.len() as u64);
    while (table.at as u64) < first {
        let offset =
            table.take(8).and_then(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?))).ok_or_else(behind)?;
        // An interrupted writer leaves offsets of 0.
        if offset < table.at as u64 {
            return Err(DecodeError::Damaged {
                format,
                what: "a block lies before the table of blocks ends".to_owned(),
            });
        }
        first = first.min(offset);
        block(file, offset, version, parts).ok_or_else(behind)?;
    }
    // At least one block must be inside the file.
    if (first as usize) < file.len() { Ok(()) } else { Err(behind()) }
}

/// Checks that a block is complete.
fn block(file: &[u8], offset: u64, version: u32, parts: &[Part]) -> Option<()> {
    let mut block = Reader { bytes: file, at: usize::try_from(offset).ok()? };
    let part = if version & PARTS == 0 { 0 } else { block.u32()? as usize };
    let tiled = version & TILED != 0 || parts.get(part)?.tile.is_some();
    block.take(if tiled { 16 } else { 4 })?;
    let size = block.u32()? as usize;
    block.take(size).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part of scan lines with half-float RGB and ZIP. Its single block claims `claimed` bytes,
    /// of which `there` are present.
    fn sample(width: u32, claimed: u32, there: usize) -> Vec<u8> {
        let mut out = vec![0x76, 0x2f, 0x31, 0x01, 2, 0, 0, 0];
        let mut attribute = |name: &str, kind: &str, value: &[u8]| {
            out.extend([name.as_bytes(), b"\0", kind.as_bytes(), b"\0"].concat());
            out.extend((value.len() as u32).to_le_bytes());
            out.extend(value);
        };
        let channel = |name: u8| [&[name, 0, 1, 0, 0, 0, 0, 0, 0, 0][..], &[1, 0, 0, 0, 1, 0, 0, 0]].concat();
        attribute("channels", "chlist", &[channel(b'B'), channel(b'G'), channel(b'R'), vec![0]].concat());
        attribute("compression", "compression", &[3]);
        let window: Vec<u8> = [0, 0, width - 1, 3].iter().flat_map(|v| v.to_le_bytes()).collect();
        attribute("dataWindow", "box2i", &window);
        out.push(0);
        let offset = out.len() as u64 + 8;
        out.extend(offset.to_le_bytes());
        out.extend([0; 4]);
        out.extend(claimed.to_le_bytes());
        out.extend(vec![7; there]);
        out
    }

    #[test]
    fn blocks_are_bounded_by_the_picture() {
        assert_eq!(check(&sample(100, 20, 20)).unwrap(), 100 * 4 * 6);
    }

    /// Regression: such a file of 849 bytes took 1.7 gigabytes.
    #[test]
    fn deep_pixels_are_refused_before_decoding() {
        let mut file = sample(100, 0x6000_0000, 20);
        file[5] = 8;
        assert!(matches!(check(&file).unwrap_err(), DecodeError::Unsupported(_)));
    }

    /// Regression: 565 bytes took 1.8 gigabytes, because the crate found another header in them.
    #[test]
    fn an_empty_type_name_is_refused() {
        let mut file = sample(100, 20, 20);
        file.splice(8..8, *b"x\0\0\0\0\0\0");
        assert!(matches!(check(&file).unwrap_err(), DecodeError::Damaged { .. }));
        file.splice(10..10, *b"y");
        assert!(part(&mut Reader { bytes: &file, at: 8 }).is_some());
    }

    #[test]
    fn blocks_follow_their_table() {
        for offset in [0u64, 100] {
            let mut file = sample(100, 20, 20);
            let at = file.len() - 36;
            file[at..at + 8].copy_from_slice(&offset.to_le_bytes());
            let error = check(&file).unwrap_err();
            assert!(error.to_string().contains("before the table"), "{error}");
        }
    }

    /// Regression: a file of a kilobyte took two gigabytes, which ended a run under a memory limit.
    #[test]
    fn claimed_sizes_are_checked_against_the_file() {
        for (claimed, there) in [(21, 20), (0x7fff_ffff, 20), (u32::MAX, 20)] {
            let error = check(&sample(30_000_000, claimed, there)).unwrap_err();
            assert!(matches!(error, DecodeError::Truncated { .. }), "{error}");
        }
        let whole = sample(100, 20, 20);
        for at in 8..whole.len() {
            assert!(check(&whole[..at]).is_err(), "{at}");
            let mut changed = whole.clone();
            changed[at] ^= 0xff;
            let _ = check(&changed);
        }
    }
}
