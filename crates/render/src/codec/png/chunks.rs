//! Reads all chunks of a PNG but the pixels (PNG, third edition, chapters 5 and 11). The `png`
//! crate only gets the pixels, in a file assembled by `data`; this module decides where the other
//! chunks may be.

use crate::codec::png::colors::{Colors, be32, inflate};
use crate::codec::{ColorSpace, DecodeError, Metadata, exif, png::profiles};
use crate::format::Format;
use crate::size::Size;

/// The PNG signature.
pub const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Samples per pixel and allowed depths, by colour type (PNG, table 12).
const COLOR_TYPES: [(u8, u8, &[u8]); 5] =
    [(0, 1, &[1, 2, 4, 8, 16]), (2, 3, &[8, 16]), (3, 1, &[1, 2, 4, 8]), (4, 2, &[8, 16]), (6, 4, &[8, 16])];

/// The contents of a PNG.
#[derive(Debug, Default)]
pub struct Chunks<'a> {
    /// The content of IHDR.
    pub header: &'a [u8],
    /// Size in pixels, from IHDR.
    pub size: Size,
    /// Bits per sample, from IHDR.
    pub depth: u8,
    /// Colour type, from IHDR.
    pub color_type: u8,
    /// Bits per stored pixel.
    pub bits: u32,
    /// Whether the picture is interlaced.
    pub interlaced: bool,
    /// The palette, if the colour type needs one.
    pub palette: Option<&'a [u8]>,
    /// The content of tRNS. For grey, reduced to the bits of a sample.
    pub transparency: Option<Vec<u8>>,
    /// The IDAT chunks.
    pub data: Vec<Data<'a>>,
    /// Whether an animation has frames that the still picture does not show.
    pub animated: bool,
    /// The colour space.
    pub color: ColorSpace,
    /// EXIF, XMP and IPTC.
    pub metadata: Metadata,
    /// Notes about what was ignored.
    pub notes: Vec<String>,
    /// Defects at the end of the file.
    pub flaws: Vec<String>,
}

/// An IDAT chunk.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// Offset in the file of its length field.
    pub start: usize,
    /// Its compressed pixels, as far as they are present.
    pub content: &'a [u8],
    /// Its checksum; None if the file ends before it.
    pub crc: Option<u32>,
}

impl Data<'_> {
    /// Whether a checksum is present that does not match.
    pub fn is_damaged(&self) -> bool {
        self.crc.is_some_and(|stored| stored != crc(&[b"IDAT", self.content]))
    }
}

/// A chunk.
struct Chunk<'a> {
    name: [u8; 4],
    content: &'a [u8],
    crc: Option<u32>,
    /// The offset of the next chunk.
    end: usize,
}

impl Chunk<'_> {
    fn is_sound(&self) -> bool {
        self.crc == Some(crc(&[&self.name, self.content]))
    }

    fn is_named(&self) -> bool {
        self.name.iter().all(u8::is_ascii_alphabetic)
    }

    fn is_critical(&self) -> bool {
        self.name[0].is_ascii_uppercase()
    }

    fn name(&self) -> String {
        self.name.iter().map(|&b| char::from(b)).collect()
    }
}

/// The chunk at `at`. Its content may be truncated.
fn chunk(bytes: &[u8], at: usize) -> Option<Chunk<'_>> {
    let length = be32(bytes, at)? as usize;
    let name = bytes.get(at + 4..at + 8)?.try_into().ok()?;
    let end = (at + 8).saturating_add(length);
    let content = bytes.get(at + 8..end).unwrap_or(&bytes[at + 8..]);
    Some(Chunk { name, content, crc: be32(bytes, end), end: end.saturating_add(4) })
}

/// The checksum of a chunk, over its name and content.
pub fn crc(parts: &[&[u8]]) -> u32 {
    let mut crc = flate2::Crc::new();
    parts.iter().for_each(|part| crc.update(part));
    crc.sum()
}

fn damaged(what: impl Into<String>) -> DecodeError {
    DecodeError::Damaged { format: Format::Png, what: what.into() }
}

fn truncated(what: &str) -> DecodeError {
    DecodeError::Truncated { format: Format::Png, what: what.to_owned() }
}

fn wrong_checksum(chunk: &Chunk<'_>) -> DecodeError {
    damaged(format!("chunk {} has a wrong checksum", chunk.name()))
}

/// Walks the chunks by their lengths, without inspecting pixels.
///
/// # Errors
/// The signature, the header, a required palette or the pixels are missing, or a critical chunk is
/// unknown.
pub fn read(bytes: &[u8]) -> Result<Chunks<'_>, DecodeError> {
    if !bytes.starts_with(SIGNATURE) {
        return Err(damaged("its signature is wrong"));
    }
    let first = chunk(bytes, SIGNATURE.len()).ok_or_else(|| truncated("no header"))?;
    let mut walk = Walk { found: header(&first)?, ..Walk::default() };
    let mut at = first.end;
    let mut end = None;
    while let Some(c) = chunk(bytes, at) {
        if !c.is_named() {
            break;
        }
        if &c.name == b"IEND" {
            end = Some(c).filter(|c| c.crc.is_some());
            break;
        }
        if &c.name == b"IDAT" {
            walk.found.data.push(Data { start: at, content: c.content, crc: c.crc });
        } else if c.crc.is_none() || !walk.take(&c)? {
            break;
        }
        at = c.end;
    }
    match &end {
        Some(end) if !end.content.is_empty() || !end.is_sound() => {
            walk.found.flaws.push("damaged end marker".to_owned());
        }
        Some(end) if end.end < bytes.len() => {
            walk.found.flaws.push(format!("{} bytes behind the end ignored", bytes.len() - end.end));
        }
        Some(_) => {}
        None => walk.found.flaws.push("no end marker".to_owned()),
    }
    walk.finish(end.is_some())
}

/// Parses IHDR.
fn header<'a>(first: &Chunk<'a>) -> Result<Chunks<'a>, DecodeError> {
    match &first.name {
        b"IHDR" => {}
        b"CgBI" => return Err(DecodeError::Unsupported("CgBI PNG".to_owned())),
        _ => return Err(damaged("its first chunk is not IHDR")),
    }
    if first.crc.is_none() {
        return Err(truncated("no header"));
    }
    let h: &[u8; 13] = first.content.try_into().map_err(|_| damaged("IHDR is not 13 bytes long"))?;
    if !first.is_sound() {
        return Err(wrong_checksum(first));
    }
    let side = |at: usize| u32::from_be_bytes([h[at], h[at + 1], h[at + 2], h[at + 3]]);
    let [depth, color_type, compression, filter, interlace] = [h[8], h[9], h[10], h[11], h[12]];
    let (_, samples, depths) = COLOR_TYPES
        .iter()
        .find(|(number, ..)| *number == color_type)
        .ok_or_else(|| damaged(format!("its colour type is {color_type}")))?;
    if !depths.contains(&depth) {
        return Err(damaged(format!("samples of {depth} bits, which colour type {color_type} does not have")));
    }
    for (what, number, most) in [("compression", compression, 0), ("filter", filter, 0), ("interlace", interlace, 1)] {
        if number > most {
            return Err(damaged(format!("its {what} method is {number}")));
        }
    }
    Ok(Chunks {
        header: first.content,
        size: Size::new(side(0), side(4)),
        depth,
        color_type,
        bits: u32::from(*samples) * u32::from(depth),
        interlaced: interlace == 1,
        ..Chunks::default()
    })
}

/// The state of a walk through the file.
#[derive(Default)]
struct Walk<'a> {
    found: Chunks<'a>,
    colors: Colors,
    /// Whether a PLTE chunk was seen, used or not.
    is_behind_palette: bool,
    /// The chunks that may occur once and were seen.
    taken: Vec<[u8; 4]>,
    /// The number of frames in acTL.
    frames: u32,
    /// Whether a frame of an animation was seen.
    has_frames: bool,
    /// Whether the still picture is a frame of the animation.
    is_frame: bool,
}

impl<'a> Walk<'a> {
    /// Takes what is useful in a complete chunk. Returns false if the file makes no sense from here
    /// on.
    fn take(&mut self, c: &Chunk<'a>) -> Result<bool, DecodeError> {
        let is_behind_data = !self.found.data.is_empty();
        match &c.name {
            b"IHDR" if !is_behind_data => return Err(damaged("a second IHDR chunk")),
            b"PLTE" => return self.palette(c).map(|()| true),
            b"fcTL" => {
                self.has_frames = true;
                self.is_frame |= !is_behind_data;
            }
            b"iCCP" | b"sRGB" | b"gAMA" | b"cHRM" | b"cICP" | b"tRNS" | b"sBIT" | b"acTL" | b"eXIf" => self.once(c),
            b"iTXt" | b"tEXt" | b"zTXt" if c.is_sound() => {
                let metadata = &mut self.found.metadata;
                if &c.name == b"iTXt" {
                    international(c.content, metadata);
                } else {
                    latin(c.content, &c.name == b"zTXt", metadata);
                }
            }
            _ if c.is_critical() && is_behind_data => return Ok(false),
            _ if c.is_critical() => {
                return Err(DecodeError::Unsupported(format!("PNG with the critical chunk {}", c.name())));
            }
            _ => {}
        }
        Ok(true)
    }

    fn note(&mut self, c: &Chunk<'a>, what: &str) {
        self.found.notes.push(format!("{what} chunk {} ignored", c.name()));
    }

    fn palette(&mut self, c: &Chunk<'a>) -> Result<(), DecodeError> {
        self.is_behind_palette = true;
        // In other colour types the palette is a suggestion for screens with few colours.
        if self.found.color_type != 3 {
            return Ok(());
        }
        if !self.found.data.is_empty() {
            self.note(c, "misplaced");
            return Ok(());
        }
        if self.found.palette.is_some() {
            return Err(damaged("a second palette"));
        }
        if !c.is_sound() {
            return Err(wrong_checksum(c));
        }
        if !(c.content.len().is_multiple_of(3) && (3..=768).contains(&c.content.len())) {
            return Err(damaged(format!("its palette is {} bytes long", c.content.len())));
        }
        self.found.palette = Some(c.content);
        Ok(())
    }

    /// Takes ancillary chunks that may occur once. As in libpng, the first one in a valid position
    /// counts.
    fn once(&mut self, c: &Chunk<'a>) {
        let is_behind_data = !self.found.data.is_empty();
        let is_misplaced = match &c.name {
            b"eXIf" => false,
            b"acTL" => is_behind_data,
            b"tRNS" => {
                let color_type = self.found.color_type;
                is_behind_data || color_type > 3 || (color_type == 3 && self.found.palette.is_none())
            }
            _ => is_behind_data || self.is_behind_palette,
        };
        if is_misplaced {
            return self.note(c, "misplaced");
        }
        if !c.is_sound() {
            return self.note(c, "damaged");
        }
        // An unreadable profile does not count as seen.
        let counts = &c.name != b"iCCP" || self.colors.icc.is_some();
        if self.taken.contains(&c.name) && counts {
            return self.note(c, "second");
        }
        self.taken.push(c.name);
        match &c.name {
            b"acTL" => self.frames = be32(c.content, 0).unwrap_or(0),
            b"eXIf" => self.found.metadata.exif = Some(exif::without_prefix(c.content).to_vec()),
            b"tRNS" => self.transparency(c),
            b"sBIT" => {}
            name => self.colors.take(name, c.content, &mut self.found.notes),
        }
    }

    fn transparency(&mut self, c: &Chunk<'a>) {
        let is_right = match self.found.color_type {
            0 => c.content.len() == 2,
            2 => c.content.len() == 6,
            _ => !c.content.is_empty(),
        };
        if !is_right {
            return self.note(c, "damaged");
        }
        let mut content = c.content.to_vec();
        // Only as many bits as a sample has are significant, but the `png` crate (0.18.1) compares
        // all of them.
        if let (0, 1..8, [high, low]) = (self.found.color_type, self.found.depth, &mut content[..]) {
            *high = 0;
            *low &= (1 << self.found.depth) - 1;
        }
        self.found.transparency = Some(content);
    }

    fn finish(mut self, is_ended: bool) -> Result<Chunks<'a>, DecodeError> {
        let mut found = self.found;
        if found.color_type == 3 && found.palette.is_none() && (is_ended || !found.data.is_empty()) {
            return Err(damaged("no palette"));
        }
        if found.data.is_empty() {
            return Err(if is_ended { damaged("no pixel data") } else { truncated("no pixel data") });
        }
        if self.colors.broken && self.colors.icc.is_none() {
            found.notes.push("broken colour profile ignored".to_owned());
        }
        // A grey picture may only have a grey profile (PNG, iCCP).
        let is_grey = matches!(found.color_type, 0 | 4);
        if is_grey && self.colors.icc.take_if(|icc| icc.get(16..20) == Some(b"RGB ")).is_some() {
            found.notes.push("colour profile of another kind of pixels ignored".to_owned());
        }
        found.animated = self.frames > 1 || (self.frames == 1 && self.has_frames && !self.is_frame);
        found.color = self.colors.resolve();
        Ok(found)
    }
}

/// Reads an iTXt chunk: keyword, zero, compression flag, method, language, zero, translation, zero,
/// text.
fn international(content: &[u8], metadata: &mut Metadata) {
    let Some((keyword, [compressed, _method, rest @ ..])) = keyword(content) else { return };
    let Some(text) = rest.splitn(3, |&b| b == 0).nth(2) else { return };
    let text = || if *compressed == 1 { inflate(text) } else { Some(text.to_vec()) };
    if keyword == b"XML:com.adobe.xmp" {
        metadata.xmp = metadata.xmp.take().or_else(text);
    } else {
        profiles::take(keyword, text, metadata);
    }
}

/// Reads a tEXt or zTXt chunk: keyword, zero, in zTXt the method, text.
fn latin(content: &[u8], compressed: bool, metadata: &mut Metadata) {
    let Some((keyword, rest)) = keyword(content) else { return };
    let text = || if compressed { rest.split_first().and_then(|(_, data)| inflate(data)) } else { Some(rest.to_vec()) };
    profiles::take(keyword, text, metadata);
}

/// The keyword, of 1 to 79 bytes, and the data after its zero.
fn keyword(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = content.iter().take(80).position(|&b| b == 0).filter(|&at| at > 0)?;
    Some((&content[..at], &content[at + 1..]))
}
