//! What stands in a PNG beside its pixels (PNG, third edition, chapter 11). The `png` crate could
//! tell most of it, but only of what precedes the pixels, and it keeps the texts as well.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::{ColorSpace, DecodeError, Metadata, exif, png_profiles};
use crate::format::Format;
use crate::size::Size;

/// Bytes that a colour profile or an XMP packet may inflate to. The largest real profiles (CMYK
/// tables) have some 3 MB.
const MAX_INFLATED: u64 = 8 << 20;

/// The signature and what IHDR must begin with.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What was found.
#[derive(Debug, Default)]
pub struct Chunks {
    /// From IHDR.
    pub size: Option<Size>,
    /// Bits a sample, from IHDR.
    pub depth: u8,
    /// Colour type, from IHDR.
    pub color_type: u8,
    /// Whether it is interlaced.
    pub interlaced: bool,
    /// Whether there is a tRNS chunk.
    pub transparency: bool,
    /// Whether that has bits which no sample has.
    pub stray_bits: bool,
    /// Frames of an animation.
    pub frames: u32,
    /// Whether there are chunks of an animation, also of a broken one.
    pub animation: bool,
    /// Colours.
    pub color: ColorSpace,
    /// EXIF, XMP and IPTC.
    pub metadata: Metadata,
    /// Whether IEND is there.
    pub ended: bool,
    /// What was passed over.
    pub notes: Vec<String>,
}

/// Walks the chunks by their lengths; pixels are not looked at.
///
/// # Errors
/// No signature, no header.
pub fn read(bytes: &[u8]) -> Result<Chunks, DecodeError> {
    let damaged = |what: &str| DecodeError::Damaged { format: Format::Png, what: what.to_owned() };
    let Some(mut rest) = bytes.strip_prefix(SIGNATURE) else { return Err(damaged("its signature is wrong")) };
    let mut found = Chunks::default();
    let mut colors = Colors::default();
    while let Some((name, content, whole, next)) = chunk(rest) {
        if found.size.is_none() && name != b"IHDR" {
            return Err(damaged("its first chunk is not IHDR"));
        }
        if !whole {
            break;
        }
        match name {
            b"IHDR" if found.size.is_none() => {
                let h: &[u8; 13] = content.try_into().map_err(|_| damaged("IHDR is not 13 bytes long"))?;
                let side = |at: usize| u32::from_be_bytes([h[at], h[at + 1], h[at + 2], h[at + 3]]);
                found.size = Some(Size::new(side(0), side(4)));
                (found.depth, found.color_type, found.interlaced) = (h[8], h[9], h[12] == 1);
            }
            // Where it is needed; the decoder would panic over a part of an entry (png 0.18.1).
            b"PLTE"
                if found.color_type == 3
                    && !(content.len().is_multiple_of(3) && (3..=768).contains(&content.len())) =>
            {
                return Err(damaged(&format!("its palette is {} bytes long", content.len())));
            }
            b"tRNS" => {
                found.transparency = true;
                // Only as many bits as a sample has count; the decoder compares all of them (png 0.18.1).
                let spare = found.color_type == 0 && found.depth < 8 && content.len() == 2;
                found.stray_bits = spare && (content[0] != 0 || content[1] >> found.depth != 0);
            }
            b"acTL" => (found.animation, found.frames) = (true, be32(content, 0).unwrap_or(0)),
            b"fcTL" | b"fdAT" => found.animation = true,
            b"eXIf" if found.metadata.exif.is_none() => {
                found.metadata.exif = Some(exif::without_prefix(content).to_vec());
            }
            b"iTXt" => international(content, &mut found.metadata),
            b"tEXt" | b"zTXt" => latin(content, name == b"zTXt", &mut found.metadata),
            b"iCCP" | b"sRGB" | b"gAMA" | b"cHRM" | b"cICP" => colors.take(name, content, &mut found.notes),
            b"IEND" => {
                found.ended = true;
                break;
            }
            _ => {}
        }
        rest = next;
    }
    if found.size.is_none() {
        return Err(DecodeError::Truncated { format: Format::Png, what: "no header".to_owned() });
    }
    if colors.broken && colors.icc.is_none() {
        found.notes.push("broken colour profile ignored".to_owned());
    }
    // A grey picture may have a grey profile only (PNG, iCCP).
    if matches!(found.color_type, 0 | 4) && colors.icc.take_if(|icc| icc.get(16..20) == Some(b"RGB ")).is_some() {
        found.notes.push("colour profile of another kind of pixels ignored".to_owned());
    }
    found.color = colors.resolve();
    Ok(found)
}

/// The file without its animation: what is wrong in there is nothing that is shown. Where a grey tRNS has
/// `stray_bits`, only as many as samples have are left.
pub fn still(bytes: &[u8], stray_bits: Option<u8>) -> Vec<u8> {
    let mut out = SIGNATURE.to_vec();
    let mut rest = bytes.get(SIGNATURE.len()..).unwrap_or_default();
    while let Some((name, content, _, next)) = chunk(rest) {
        match (name, content, stray_bits) {
            (b"acTL" | b"fcTL" | b"fdAT", ..) => {}
            (b"tRNS", &[_, low], Some(depth)) => {
                let start = out.len() + 4;
                out.extend_from_slice(b"\0\0\0\x02tRNS\0");
                out.push(low & ((1 << depth) - 1));
                let mut crc = flate2::Crc::new();
                crc.update(&out[start..]);
                out.extend(crc.sum().to_be_bytes());
            }
            _ => out.extend_from_slice(&rest[..rest.len() - next.len()]),
        }
        rest = next;
    }
    out
}

/// Name, content as far as it is there, whether it is whole with its checksum, and the rest.
fn chunk(bytes: &[u8]) -> Option<(&[u8], &[u8], bool, &[u8])> {
    let length = be32(bytes, 0)? as usize;
    let name = bytes.get(4..8)?;
    let end = length.saturating_add(8);
    match bytes.get(8..end) {
        Some(content) => {
            let whole = bytes.len() >= end.saturating_add(4);
            Some((name, content, whole, bytes.get(end + 4..).unwrap_or_default()))
        }
        None => Some((name, &bytes[8..], false, &[])),
    }
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Inflates, but not beyond [`MAX_INFLATED`].
fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    ZlibDecoder::new(bytes).take(MAX_INFLATED + 1).read_to_end(&mut out).ok()?;
    (out.len() as u64 <= MAX_INFLATED).then_some(out)
}

/// An iTXt chunk: keyword, zero, whether compressed, method, language, zero, translation, zero, text.
fn international(content: &[u8], metadata: &mut Metadata) {
    let Some((keyword, [compressed, _method, rest @ ..])) = keyword(content) else { return };
    let Some(text) = rest.splitn(3, |&b| b == 0).nth(2) else { return };
    let text = || if *compressed == 1 { inflate(text) } else { Some(text.to_vec()) };
    if keyword == b"XML:com.adobe.xmp" {
        metadata.xmp = metadata.xmp.take().or_else(text);
    } else {
        png_profiles::take(keyword, text, metadata);
    }
}

/// A tEXt or zTXt chunk: keyword, zero, in zTXt the method, text.
fn latin(content: &[u8], compressed: bool, metadata: &mut Metadata) {
    let Some((keyword, rest)) = keyword(content) else { return };
    let text = || if compressed { rest.split_first().and_then(|(_, data)| inflate(data)) } else { Some(rest.to_vec()) };
    png_profiles::take(keyword, text, metadata);
}

/// The keyword, of 1 to 79 bytes, and what follows its zero.
fn keyword(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = content.iter().take(80).position(|&b| b == 0).filter(|&at| at > 0)?;
    Some((&content[..at], &content[at + 1..]))
}

/// The chunks that tell colours; a later kind here goes before an earlier one.
#[derive(Default)]
struct Colors {
    gamma: Option<f64>,
    chromaticities: Option<[(f64, f64); 4]>,
    srgb: bool,
    icc: Option<Vec<u8>>,
    cicp: Option<(u8, u8)>,
    /// There was a profile that could not be read.
    broken: bool,
}

impl Colors {
    fn take(&mut self, name: &[u8], content: &[u8], notes: &mut Vec<String>) {
        match name {
            b"gAMA" => self.gamma = be32(content, 0).filter(|&g| g > 0).map(|g| f64::from(g) / 100_000.0),
            b"cHRM" => {
                let at = |i: usize| be32(content, 4 * i).map(|n| f64::from(n) / 100_000.0);
                let pair = |i: usize| Some((at(2 * i)?, at(2 * i + 1)?));
                self.chromaticities = (|| Some([pair(0)?, pair(1)?, pair(2)?, pair(3)?]))();
            }
            b"sRGB" => self.srgb = true,
            b"cICP" => match content {
                [primaries, transfer, 0, 1] => self.cicp = Some((*primaries, *transfer)),
                _ => notes.push("cICP of a kind that PNG does not have was ignored".to_owned()),
            },
            b"iCCP" if self.icc.is_none() => {
                // A name of 1 to 79 bytes, a zero, the method (0), then zlib data.
                let name = content.iter().take(80).position(|&b| b == 0);
                let profile = name.and_then(|at| content.get(at + 1..)).and_then(|rest| match rest {
                    [0, data @ ..] => inflate(data),
                    _ => None,
                });
                match profile {
                    Some(profile) => self.icc = Some(profile),
                    None => self.broken = true,
                }
            }
            _ => {}
        }
    }

    fn resolve(self) -> ColorSpace {
        if let Some((primaries, transfer)) = self.cicp {
            return if (primaries, transfer) == (1, 13) {
                ColorSpace::Srgb
            } else {
                ColorSpace::Cicp { primaries, transfer }
            };
        }
        if let Some(icc) = self.icc {
            return ColorSpace::Icc(icc);
        }
        if self.srgb {
            return ColorSpace::Srgb;
        }
        match (self.gamma, self.chromaticities) {
            (None, None) => ColorSpace::Srgb,
            (gamma, chromaticities) => ColorSpace::Calibrated { gamma: gamma.unwrap_or(0.45455), chromaticities },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by fuzzing: in a bitmap of an ICO that ends early such a palette reached the decoder, which panicked.
    #[test]
    fn palettes_are_whole_colours() {
        for bytes in [0, 2, 38, 771] {
            let error = read(&oddities::png::palette_of(bytes, 9, 7)).unwrap_err();
            assert_eq!(error.to_string(), format!("damaged PNG: its palette is {bytes} bytes long"));
        }
        assert!(read(&oddities::png::palette_of(768, 9, 7)).is_ok());
    }

    fn chunk_of(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let mut crc = flate2::Crc::new();
        crc.update(name);
        crc.update(content);
        [&(content.len() as u32).to_be_bytes()[..], name, content, &crc.sum().to_be_bytes()].concat()
    }

    fn decoded(bytes: &[u8]) -> crate::pixmap::Pixmap {
        use crate::codec::{DecodeOptions, registry};
        let picture = registry::decoder(Format::Png).unwrap().open(bytes, &crate::limits::Limits::default()).unwrap();
        picture.decode(&picture.offer(None), &DecodeOptions::default()).unwrap().pixels.into_pixmap()
    }

    /// What is shown is the default image; the frames of the animation are lost anyway.
    #[test]
    fn a_broken_animation_does_not_count() {
        let plain = oddities::png::rgb(9, 7);
        let want = decoded(&plain);
        let end = plain.len() - 12;
        for broken in [
            chunk_of(b"fdAT", &[0, 0, 0, 7, 1, 2, 3]),
            [chunk_of(b"fcTL", &[9; 26]), chunk_of(b"fcTL", &[9; 26])].concat(),
            chunk_of(b"acTL", &[0; 8]),
        ] {
            for at in [33, end] {
                let file = [&plain[..at], &broken, &plain[at..]].concat();
                assert_eq!(decoded(&file), want, "{at}");
            }
        }
    }

    /// Two transparent entries are no grey of 16 bits.
    #[test]
    fn a_palette_in_an_animation_keeps_its_transparency() {
        let plain = oddities::png::palette_of(6, 8, 1);
        let at = plain.windows(4).position(|w| w == b"IDAT").unwrap() - 4;
        let trns = chunk_of(b"tRNS", &[0xf0, 0x81]);
        let still = [&plain[..at], &trns, &plain[at..]].concat();
        let moving = [&plain[..at], &trns, &chunk_of(b"fcTL", &[0; 26]), &plain[at..]].concat();
        assert_eq!(decoded(&moving), decoded(&still));
    }

    /// PNG, tRNS: "only the low-order bits are used".
    #[test]
    fn stray_bits_of_transparent_grey() {
        use crate::pixmap::Samples;
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut zlib, &[0, 0b0001_1011]).unwrap();
        let header = [&[0, 0, 0, 4, 0, 0, 0, 1][..], &[2, 0, 0, 0, 0]].concat();
        let file = [
            SIGNATURE,
            &chunk_of(b"IHDR", &header),
            &chunk_of(b"tRNS", &[0xab, 0xfe]),
            &chunk_of(b"IDAT", &zlib.finish().unwrap()),
            &chunk_of(b"IEND", b""),
        ]
        .concat();
        let pixmap = decoded(&file);
        assert_eq!(pixmap.samples(), &Samples::U8(vec![0, 255, 85, 255, 170, 0, 255, 255]));
    }
}
