//! The blocks of a GIF (GIF89a specification), walked by their lengths: how many frames there are,
//! and whether the file is whole. Nothing is decompressed.

use super::DecodeError;
use crate::format::Format;
use crate::size::Size;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// The logical screen, or the first frame where that is nothing.
    pub canvas: Size,
    /// The first frame, which may be larger.
    pub frame: Size,
    /// Frames.
    pub frames: u32,
    /// Whether the first frame has a transparent colour or leaves part of the canvas free.
    pub has_alpha: bool,
    /// Whether the trailer is there.
    pub ended: bool,
    /// An extension of a kind that the decoder does not pass over stands in front of the first frame.
    pub unknown: bool,
}

/// What is said of a file without its trailer.
pub fn no_trailer() -> DecodeError {
    DecodeError::Truncated { format: Format::Gif, what: "it ends before its trailer".to_owned() }
}

/// Walks the file to its trailer, or to its end where that comes first.
///
/// # Errors
/// It ends before its first frame, has no frame, or a block of no known kind.
pub fn read(bytes: &[u8]) -> Result<Blocks, DecodeError> {
    let mut at = Reader { bytes, at: 6 };
    let canvas = Size::new(at.u16()?, at.u16()?);
    let mut found =
        Blocks { canvas, frame: Size::new(0, 0), frames: 0, has_alpha: false, ended: false, unknown: false };
    match walk(&mut at, &mut found) {
        Ok(()) => found.ended = true,
        Err(DecodeError::Truncated { .. }) if found.frames > 0 => {}
        Err(error) => return Err(error),
    }
    if found.frames == 0 {
        return Err(damaged("no frame in it".to_owned()));
    }
    Ok(found)
}

fn walk(at: &mut Reader<'_>, found: &mut Blocks) -> Result<(), DecodeError> {
    let canvas = found.canvas;
    let flags = at.u8()?;
    at.skip(2)?;
    at.color_table(flags)?;
    let mut transparent = false;
    loop {
        match at.u8()? {
            // Extension: of the graphic control the flags are what is looked at.
            0x21 => {
                match at.u8()? {
                    0xf9 => {
                        let flags = at.bytes.get(at.at + 1).copied().unwrap_or(0);
                        transparent = flags & 1 == 1;
                    }
                    kind => found.unknown |= found.frames == 0 && !is_known(kind),
                }
                at.sub_blocks()?;
            }
            0x2c => {
                let (x, y, width, height) = (at.u16()?, at.u16()?, at.u16()?, at.u16()?);
                found.frames += 1;
                if found.frames == 1 {
                    // A screen of nothing is as large as its first frame; on another one that frame is cut.
                    let side = |screen: u32, frame: u32| if screen == 0 { frame } else { screen };
                    found.canvas = Size::new(side(canvas.width, width), side(canvas.height, height));
                    found.frame = Size::new(width, height);
                    let covers = (x, y) == (0, 0) && width >= found.canvas.width && height >= found.canvas.height;
                    found.has_alpha = transparent || !covers;
                }
                let flags = at.u8()?;
                at.color_table(flags)?;
                at.skip(1)?;
                at.sub_blocks()?;
                transparent = false;
            }
            0x3b => return Ok(()),
            // Some writers leave zeros between blocks.
            0 => {}
            kind => return Err(damaged(format!("a block of unknown kind {kind:#04x}"))),
        }
    }
}

/// Text, graphic control, comment, application.
fn is_known(extension: u8) -> bool {
    matches!(extension, 0x01 | 0xf9 | 0xfe | 0xff)
}

impl Blocks {
    /// Whether the decoder would find no screen, or end at an extension.
    pub fn needs_amending(&self, bytes: &[u8]) -> bool {
        let side = |at: usize| bytes.get(at..at + 2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]])));
        self.unknown || (side(6), side(8)) != (Some(self.canvas.width), Some(self.canvas.height))
    }
}

/// A copy of the file that says how large its canvas is, and has only known extensions.
pub fn amended(bytes: &[u8], found: &Blocks) -> Option<Vec<u8>> {
    let side = |n: u32| u16::try_from(n).ok().map(u16::to_le_bytes);
    let mut out = bytes.get(..6)?.to_vec();
    out.extend(side(found.canvas.width)?);
    out.extend(side(found.canvas.height)?);
    let mut at = Reader { bytes, at: 10 };
    let flags = at.u8().ok()?;
    at.skip(2).and_then(|()| at.color_table(flags)).ok()?;
    out.extend(bytes.get(10..at.at)?);
    // Blocks up to the first frame; all that follows stays.
    while let Some([0x21, kind, ..]) = bytes.get(at.at..) {
        let start = at.at;
        at.skip(2).and_then(|()| at.sub_blocks()).ok()?;
        if is_known(*kind) {
            out.extend(bytes.get(start..at.at)?);
        }
    }
    out.extend(bytes.get(at.at..)?);
    Some(out)
}

fn damaged(what: String) -> DecodeError {
    DecodeError::Damaged { format: Format::Gif, what }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn skip(&mut self, n: usize) -> Result<(), DecodeError> {
        self.at += n;
        if self.at > self.bytes.len() {
            return Err(no_trailer());
        }
        Ok(())
    }

    fn u8(&mut self) -> Result<u8, DecodeError> {
        self.skip(1)?;
        Ok(self.bytes[self.at - 1])
    }

    fn u16(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from(self.u8()?) | u32::from(self.u8()?) << 8)
    }

    fn color_table(&mut self, flags: u8) -> Result<(), DecodeError> {
        if flags & 0x80 == 0 { Ok(()) } else { self.skip(3 << ((flags & 7) + 1)) }
    }

    fn sub_blocks(&mut self) -> Result<(), DecodeError> {
        loop {
            match self.u8()? {
                0 => return Ok(()),
                n => self.skip(usize::from(n))?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest() {
        let gif = b"GIF89a\x02\0\x01\0\x80\0\0\0\0\0\xff\xff\xff\x21\xf9\x04\x01\0\0\0\0\x2c\0\0\0\0\x02\0\x01\0\0\x02\x02\x04\x0a\0\x3b";
        let found = read(gif).unwrap();
        assert_eq!(
            found,
            Blocks {
                canvas: Size::new(2, 1),
                frame: Size::new(2, 1),
                frames: 1,
                has_alpha: true,
                ended: true,
                unknown: false
            }
        );
        for len in 6..gif.len() {
            let read = read(&gif[..len]);
            assert!(matches!(read, Err(DecodeError::Truncated { .. }) | Ok(Blocks { ended: false, .. })), "{len}");
        }
    }
}
