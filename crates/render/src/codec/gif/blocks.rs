//! Walks the blocks of a GIF (GIF89a specification) by their lengths: counts frames, and records
//! what is wrong behind the first one. Nothing is decompressed.

use std::ops::Range;

use crate::codec::DecodeError;
use crate::format::Format;
use crate::size::Size;

/// The contents of a GIF.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// The logical screen, enlarged if the first frame extends beyond it.
    pub canvas: Size,
    /// The first frame.
    pub frame: Frame,
    /// The number of frames.
    pub frames: u32,
    /// Whether the first frame has a transparent colour or leaves part of the canvas uncovered.
    pub has_alpha: bool,
    /// What is wrong behind the start of the first frame: no trailer, or an invalid block.
    pub wrong: Option<DecodeError>,
    /// The ICC profile.
    pub icc: Option<Vec<u8>>,
    /// The XMP packet.
    pub xmp: Option<Vec<u8>>,
}

/// The position of a frame, on the screen and in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Offset from the corner of the screen, in columns and rows.
    pub at: (u32, u32),
    /// Its size.
    pub size: Size,
    /// The range of its colours, three bytes each. Empty if the file has none.
    pub colors: Range<usize>,
    /// The index of the transparent colour.
    pub transparent: Option<u8>,
    /// Whether rows come in four passes.
    pub interlaced: bool,
    /// The offset of its data: the code size, then blocks.
    pub data: usize,
    /// Whether the blocks are complete.
    pub ended: bool,
}

fn no_trailer() -> DecodeError {
    DecodeError::Truncated { format: Format::Gif, what: "it ends before its trailer".to_owned() }
}

/// Walks the file to its trailer, or to its end if that comes first.
///
/// # Errors
/// The file ends before its first frame, has no frame, or has an unknown block.
pub fn read(bytes: &[u8]) -> Result<Blocks, DecodeError> {
    let mut at = Reader { bytes, at: 6 };
    let mut found = Blocks { canvas: Size::new(at.u16()?, at.u16()?), ..Blocks::default() };
    match walk(&mut at, &mut found) {
        Ok(()) => {}
        Err(error) if found.frames > 0 => found.wrong = Some(error),
        Err(error) => return Err(error),
    }
    if found.frames == 0 {
        return Err(damaged("no frame in it".to_owned()));
    }
    Ok(found)
}

fn walk(at: &mut Reader<'_>, found: &mut Blocks) -> Result<(), DecodeError> {
    let flags = at.u8()?;
    at.skip(2)?;
    let colors = at.color_table(flags)?;
    let mut transparent = None;
    loop {
        match at.u8()? {
            0x21 => match at.u8()? {
                // Graphic control: flags, two bytes of delay, an index.
                0xf9 => {
                    let mut control = Reader { bytes: at.bytes, at: at.at + 1 };
                    let flags = control.u8().unwrap_or(0);
                    let index = control.skip(2).and_then(|()| control.u8()).ok();
                    transparent = index.filter(|_| flags & 1 == 1);
                    at.sub_blocks()?;
                }
                0xff => at.application(found)?,
                _ => at.sub_blocks()?,
            },
            0x2c => {
                let frame = at.frame(&colors, transparent.take())?;
                found.frames += 1;
                if found.frames == 1 {
                    found.first(frame);
                }
                at.sub_blocks()?;
                found.frame.ended = true;
            }
            0x3b => return Ok(()),
            // Some writers leave zeros between blocks.
            0 => {}
            kind => return Err(damaged(format!("a block of unknown kind {kind:#04x}"))),
        }
    }
}

impl Blocks {
    fn first(&mut self, frame: Frame) {
        let Size { width, height } = frame.size;
        self.canvas = Size::new(self.canvas.width.max(frame.at.0 + width), self.canvas.height.max(frame.at.1 + height));
        let covers = frame.at == (0, 0) && width >= self.canvas.width && height >= self.canvas.height;
        self.has_alpha = frame.transparent.is_some() || !covers;
        self.frame = frame;
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

    fn color_table(&mut self, flags: u8) -> Result<Range<usize>, DecodeError> {
        let start = self.at;
        if flags & 0x80 != 0 {
            self.skip(3 << ((flags & 7) + 1))?;
        }
        Ok(start..self.at)
    }

    /// Reads the descriptor before the blocks of a frame's data.
    fn frame(&mut self, colors: &Range<usize>, transparent: Option<u8>) -> Result<Frame, DecodeError> {
        let at = (self.u16()?, self.u16()?);
        let size = Size::new(self.u16()?, self.u16()?);
        let flags = self.u8()?;
        let own = self.color_table(flags)?;
        let colors = if own.is_empty() { colors.clone() } else { own };
        let data = self.at;
        self.skip(1)?;
        Ok(Frame { at, size, colors, transparent, interlaced: flags & 0x40 != 0, data, ended: false })
    }

    /// Reads an application extension. The first profile and the first packet count.
    fn application(&mut self, found: &mut Blocks) -> Result<(), DecodeError> {
        let start = self.at;
        self.sub_blocks()?;
        let Some((name, data)) = self.bytes[start..self.at].split_first_chunk::<12>() else { return Ok(()) };
        match name {
            b"\x0bICCRGBG1012" if found.icc.is_none() => found.icc = Some(blocks(data).flatten().copied().collect()),
            b"\x0bXMP DataXMP" if found.xmp.is_none() => {
                // XMP is not stored in blocks. The trailer behind it leads a reader of blocks to a
                // zero from any position.
                let end = data.len().saturating_sub(MAGIC_TRAILER);
                found.xmp = Some(data[..end].to_vec()).filter(|_| data[end..].starts_with(&[1, 0xff]));
            }
            _ => {}
        }
        Ok(())
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

/// The length of the trailer behind an XMP packet: 1, 255, 254 and so on to 0, and 0 (XMP
/// Specification Part 3).
const MAGIC_TRAILER: usize = 258;

/// The data blocks up to an empty one. The last one may be truncated.
pub fn blocks(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (&length, rest) = data.split_first().filter(|&(&length, _)| length > 0)?;
        let (block, rest) = rest.split_at(rest.len().min(length.into()));
        data = rest;
        Some(block)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_gif() {
        let gif = b"GIF89a\x02\0\x01\0\x80\0\0\0\0\0\xff\xff\xff\x21\xf9\x04\x01\0\0\0\0\x2c\0\0\0\0\x02\0\x01\0\0\x02\x02\x04\x0a\0\x3b";
        let found = read(gif).unwrap();
        let frame = Frame {
            size: Size::new(2, 1),
            colors: 13..19,
            transparent: Some(0),
            data: 37,
            ended: true,
            ..Frame::default()
        };
        assert_eq!(found, Blocks { canvas: Size::new(2, 1), frame, frames: 1, has_alpha: true, ..Blocks::default() });
        for len in 6..gif.len() {
            let read = read(&gif[..len]);
            assert!(matches!(read, Err(DecodeError::Truncated { .. }) | Ok(Blocks { wrong: Some(_), .. })), "{len}");
        }
    }

    #[test]
    fn profiles_and_packets() {
        let trailer: Vec<u8> = [1].into_iter().chain((0..=255).rev()).chain([0]).collect();
        let xmp = b"<x:xmpmeta>of any length, which blocks do not know</x:xmpmeta>";
        let gif = [
            &b"GIF89a\x01\0\x01\0\0\0\0"[..],
            b"\x21\xff\x0bICCRGBG1012\x02ab\x01c\0",
            b"\x21\xff\x0bXMP DataXMP",
            xmp,
            &trailer,
            b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0",
            b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b",
        ]
        .concat();
        let found = read(&gif).unwrap();
        assert_eq!((found.icc.as_deref(), found.xmp.as_deref()), (Some(&b"abc"[..]), Some(&xmp[..])));
        assert!(found.wrong.is_none() && !found.has_alpha);
    }
}
