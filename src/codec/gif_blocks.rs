//! The blocks of a GIF (GIF89a specification), walked by their lengths: how many frames there are,
//! and whether the file is whole. Nothing is decompressed.

use super::DecodeError;
use crate::format::Format;
use crate::size::Size;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// The logical screen, grown to what the first frame covers.
    pub canvas: Size,
    /// Frames.
    pub frames: u32,
    /// Whether the first frame has a transparent colour or leaves part of the canvas free.
    pub has_alpha: bool,
    /// Whether the trailer is there.
    pub ended: bool,
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
    let mut found = Blocks { canvas, frames: 0, has_alpha: false, ended: false };
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
                if at.u8()? == 0xf9 {
                    let flags = at.bytes.get(at.at + 1).copied().unwrap_or(0);
                    transparent = flags & 1 == 1;
                }
                at.sub_blocks()?;
            }
            0x2c => {
                let (x, y, width, height) = (at.u16()?, at.u16()?, at.u16()?, at.u16()?);
                found.frames += 1;
                if found.frames == 1 {
                    let covers = x == 0 && y == 0 && width >= canvas.width && height >= canvas.height;
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
        assert_eq!(found, Blocks { canvas: Size::new(2, 1), frames: 1, has_alpha: true, ended: true });
        for len in 6..gif.len() {
            let read = read(&gif[..len]);
            assert!(matches!(read, Err(DecodeError::Truncated { .. }) | Ok(Blocks { ended: false, .. })), "{len}");
        }
    }
}
