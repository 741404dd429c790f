//! The RIFF container of WebP (RFC 9649): reads chunks, and assembles files from chunks.

use std::borrow::Cow;

use crate::codec::DecodeError;
use crate::format::Format;
use crate::size::Size;

/// Flags of the VP8X chunk.
const ICC: u8 = 0x20;
const ALPHA: u8 = 0x10;
const EXIF: u8 = 0x08;
const XMP: u8 = 0x04;
const ANIMATION: u8 = 0x02;

/// The contents of a WebP file.
#[derive(Clone, Debug, Default)]
pub struct Container<'a> {
    /// The canvas of an extended file.
    pub canvas: Option<Size>,
    /// Whether the file is animated.
    pub animated: bool,
    /// The number of frames of an animation that were counted.
    pub frames: u32,
    /// The first picture: chunks `ALPH` and `VP8 `, or `VP8L`, with their headers.
    pub image: Option<Cow<'a, [u8]>>,
    /// The position of an animation's first frame on the canvas, and its size.
    pub frame: Option<Frame>,
    /// Colour profile.
    pub icc: Option<&'a [u8]>,
    /// EXIF.
    pub exif: Option<&'a [u8]>,
    /// XMP.
    pub xmp: Option<&'a [u8]>,
    /// Whether the file ends before that picture does.
    pub truncated: bool,
    /// Defects of the container that do not affect the picture.
    pub flaws: Vec<String>,
}

/// The first frame of an animation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Left edge on the canvas.
    pub x: u32,
    /// Upper edge on the canvas.
    pub y: u32,
    /// Size in pixels.
    pub size: Size,
}

fn u24(bytes: &[u8], at: usize) -> Option<u32> {
    let b = bytes.get(at..at + 3)?;
    Some(u32::from_le_bytes([b[0], b[1], b[2], 0]))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Names of chunks, used to detect a missing padding byte.
const NAMES: [&[u8]; 9] = [b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L", b"EXIF", b"XMP "];

/// A chunk: its name, its content as far as it is present, and whether it is complete.
struct Chunk<'a> {
    name: &'a [u8],
    content: &'a [u8],
    whole: bool,
    /// Header and content, without padding.
    all: &'a [u8],
    next: &'a [u8],
    /// Whether its padding is missing.
    unpadded: bool,
}

fn chunk(bytes: &[u8]) -> Option<Chunk<'_>> {
    let length = u32_at(bytes, 4)? as usize;
    let end = length.saturating_add(8);
    let whole = end <= bytes.len();
    let end = end.min(bytes.len());
    // Chunks are padded to an even length. Some writers forget that.
    let is_name = |at: usize| bytes.get(at..at + 4).is_some_and(|name| NAMES.contains(&name));
    let is_odd = end % 2 == 1;
    let unpadded = is_odd && whole && (end == bytes.len() || (is_name(end) && !is_name(end + 1)));
    let next = bytes.get(if is_odd && !unpadded { end + 1 } else { end }..).unwrap_or_default();
    Some(Chunk { name: &bytes[..4], content: &bytes[8..end], whole, all: &bytes[..end], next, unpadded })
}

/// Walks the chunks.
///
/// # Errors
/// The content is not a WebP container.
pub fn read(bytes: &[u8]) -> Result<Container<'_>, DecodeError> {
    let damaged = |what: &str| DecodeError::Damaged { format: Format::WebP, what: what.to_owned() };
    let cut = |what: &str| DecodeError::Truncated { format: Format::WebP, what: what.to_owned() };
    let riff = u32_at(bytes, 4).ok_or_else(|| cut("no header"))? as usize;
    if bytes.len() < 20 {
        return Err(cut("no header"));
    }
    // The declared end of the container. Once there is a picture, data behind it is a trailer and
    // ignored. A chunk that begins before it is read in full.
    let said = riff.saturating_add(8);
    let mut rest = &bytes[12..];
    let mut found = Container::default();
    let mut alpha = None;
    let (mut is_unpadded, mut is_cut) = (false, false);
    while bytes.len() - rest.len() < said || found.image.is_none() {
        let Some(c) = chunk(rest) else { break };
        is_cut |= !c.whole;
        is_unpadded |= c.unpadded && !c.next.is_empty();
        match c.name {
            b"VP8X" => {
                let (Some(flags), Some(w), Some(h)) = (c.content.first(), u24(c.content, 4), u24(c.content, 7)) else {
                    return Err(if c.whole { damaged("a VP8X chunk that is too short") } else { cut("no header") });
                };
                found.canvas = Some(Size::new(w + 1, h + 1));
                found.animated = flags & ANIMATION != 0;
            }
            b"ICCP" if c.whole && found.icc.is_none() => found.icc = Some(c.content),
            b"EXIF" if c.whole && found.exif.is_none() => found.exif = Some(c.content),
            b"XMP " if c.whole && found.xmp.is_none() => found.xmp = Some(c.content),
            b"ALPH" if found.image.is_none() => alpha = Some(c.all),
            b"VP8 " | b"VP8L" if found.image.is_none() && !found.animated => {
                found.image = Some(join(alpha, &c));
                found.truncated = !c.whole;
            }
            b"ANMF" if found.animated => {
                found.frames += 1;
                if found.frames == 1 {
                    read_frame(&c, &mut found).ok_or_else(|| cut("the first frame is not whole"))?;
                }
            }
            _ => {}
        }
        rest = c.next;
    }
    let end = bytes.len() - rest.len();
    // The length includes the padding of the last chunk, but some writers do not count it.
    let is_near = |a: usize, b: usize| a == b || a == b + b % 2;
    if found.image.is_none() {
        // A file without its picture that is shorter than declared was truncated.
        found.truncated |= is_cut || said > bytes.len();
    }
    if is_cut && !found.truncated {
        found.flaws.push("chunk behind the picture cut".to_owned());
    }
    if is_unpadded {
        found.flaws.push("missing padding of chunks".to_owned());
    }
    if !is_near(said, end) && !is_near(end, said) && !is_cut {
        found.flaws.push("wrong length of the container ignored".to_owned());
    } else if said < bytes.len() && end < bytes.len() {
        found.flaws.push(format!("{} bytes behind the end ignored", bytes.len() - end));
    }
    Ok(found)
}

/// The chunk of the picture, with the alpha chunk before it if that belongs to it.
fn join<'a>(alpha: Option<&'a [u8]>, picture: &Chunk<'a>) -> Cow<'a, [u8]> {
    match alpha {
        Some(alpha) if picture.name == b"VP8 " => {
            let padding: &[u8] = if alpha.len() % 2 == 1 { &[0] } else { &[] };
            [alpha, padding, picture.all].concat().into()
        }
        _ => picture.all.into(),
    }
}

fn read_frame<'a>(c: &Chunk<'a>, found: &mut Container<'a>) -> Option<()> {
    let (x, y) = (u24(c.content, 0)? * 2, u24(c.content, 3)? * 2);
    let size = Size::new(u24(c.content, 6)? + 1, u24(c.content, 9)? + 1);
    found.frame = Some(Frame { x, y, size });
    let mut rest = c.content.get(16..)?;
    let mut alpha = None;
    while let Some(inner) = chunk(rest) {
        match inner.name {
            b"ALPH" => alpha = Some(inner.all),
            b"VP8 " | b"VP8L" => {
                found.image = Some(join(alpha, &inner));
                found.truncated = !inner.whole;
                return Some(());
            }
            _ => {}
        }
        rest = inner.next;
    }
    None
}

/// Wraps an encoded file with metadata. Returns it unchanged if there is none.
pub fn with_metadata(
    file: Vec<u8>,
    size: Size,
    alpha: bool,
    icc: Option<&[u8]>,
    exif: Option<&[u8]>,
    xmp: Option<&[u8]>,
) -> Vec<u8> {
    if icc.is_none() && exif.is_none() && xmp.is_none() {
        return file;
    }
    let Ok(inner) = read(&file) else { return file };
    let Some(image) = inner.image else { return file };
    wrapped(&image, size, alpha, [icc, exif, xmp])
}

/// The picture of `source` with the metadata of `encoded`, unless it is animated, incomplete, or
/// inconsistent.
pub fn own(source: &[u8], encoded: &[u8]) -> Option<Vec<u8>> {
    let (theirs, ours) = (read(source).ok()?, read(encoded).ok()?);
    if theirs.animated || theirs.truncated || theirs.frame.is_some() {
        return None;
    }
    let image = theirs.image?;
    let features = thumbs_libwebp::features(&image).ok()?;
    let size = Size::new(features.width, features.height);
    // Readers disagree about alpha that the container does not declare.
    let flags = theirs.canvas.and_then(|_| source.get(20)).map(|flags| flags & ALPHA != 0);
    if flags.is_some_and(|flag| flag != features.has_alpha) || theirs.canvas.is_some_and(|canvas| canvas != size) {
        return None;
    }
    let metadata = [ours.icc, ours.exif, ours.xmp];
    if metadata.iter().any(Option::is_some) || image.starts_with(b"ALPH") {
        return Some(wrapped(&image, size, features.has_alpha, metadata));
    }
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    out.extend(&*image);
    Some(finished(out))
}

/// An extended file: the chunks of the picture, with a profile, EXIF and XMP.
fn wrapped(image: &[u8], size: Size, alpha: bool, [icc, exif, xmp]: [Option<&[u8]>; 3]) -> Vec<u8> {
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    let flag = |there: bool, flag: u8| if there { flag } else { 0 };
    let flags = flag(icc.is_some(), ICC) | flag(exif.is_some(), EXIF) | flag(xmp.is_some(), XMP) | flag(alpha, ALPHA);
    let mut head = vec![flags, 0, 0, 0];
    head.extend(&(size.width - 1).to_le_bytes()[..3]);
    head.extend(&(size.height - 1).to_le_bytes()[..3]);
    push(&mut out, b"VP8X", &head);
    if let Some(icc) = icc {
        push(&mut out, b"ICCP", icc);
    }
    out.extend(image);
    if out.len() % 2 == 1 {
        out.push(0);
    }
    if let Some(exif) = exif {
        push(&mut out, b"EXIF", exif);
    }
    if let Some(xmp) = xmp {
        push(&mut out, b"XMP ", xmp);
    }
    finished(out)
}

/// Adds the padding and the length.
fn finished(mut out: Vec<u8>) -> Vec<u8> {
    if out.len() % 2 == 1 {
        out.push(0);
    }
    let length = (out.len() - 8) as u32;
    out[4..8].copy_from_slice(&length.to_le_bytes());
    out
}

fn push(out: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    out.extend(name);
    out.extend((content.len() as u32).to_le_bytes());
    out.extend(content);
    if content.len() % 2 == 1 {
        out.push(0);
    }
}
