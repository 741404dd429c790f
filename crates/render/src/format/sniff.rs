//! Detects the format of content from its first bytes.

use super::Format;

/// The number of leading bytes that detection inspects.
pub const HEAD: usize = 4096;

/// The format of content that begins with `head`. File names play no part. Formats that are not
/// decoded (HEIC, camera raw, SVG and others) are detected too, so that messages can name them. A
/// few hundred bytes suffice for most formats; at most [`HEAD`] are inspected.
pub fn sniff(head: &[u8]) -> Option<Format> {
    let head = &head[..head.len().min(HEAD)];
    let starts = |magic: &[u8]| head.starts_with(magic);
    if starts(b"\xff\xd8\xff") {
        return Some(Format::Jpeg);
    }
    if starts(b"\x89PNG\r\n\x1a\n") {
        return Some(Format::Png);
    }
    if starts(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        return Some(Format::WebP);
    }
    if starts(b"GIF87a") || starts(b"GIF89a") {
        return Some(Format::Gif);
    }
    if let Some(tiff) = tiff(head) {
        return Some(tiff);
    }
    if let Some(boxed) = iso_media(head) {
        return Some(boxed);
    }
    let magics: &[(&[u8], Format)] = &[
        (b"qoif", Format::Qoi),
        (b"#?RADIANCE", Format::Hdr),
        (b"#?RGBE", Format::Hdr),
        (b"\x76\x2f\x31\x01", Format::Exr),
        (b"\xff\x0a", Format::JpegXl),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", Format::JpegXl),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Format::Jpeg2000),
        (b"\xff\x4f\xff\x51", Format::Jpeg2000),
        (b"8BPS", Format::Psd),
        (b"%PDF-", Format::Pdf),
        (b"DDS ", Format::Dds),
        (b"farbfeld", Format::Farbfeld),
        (b"FUJIFILMCCD-RAW", Format::Raw),
        (b"FOVb", Format::Raw),
        (b"\0MRM", Format::Raw),
        (b"II\x1a\0\0\0HEAPCCDR", Format::Raw),
    ];
    if let Some((_, format)) = magics.iter().find(|(magic, _)| starts(magic)) {
        return Some(*format);
    }
    if is_bmp(head) {
        return Some(Format::Bmp);
    }
    if is_pnm(head) {
        return Some(Format::Pnm);
    }
    if is_ico(head) {
        return Some(Format::Ico);
    }
    if is_svg(head) {
        return Some(Format::Svg);
    }
    // TGA has no magic number, so it comes last.
    is_tga(head).then_some(Format::Tga)
}

pub(super) fn u16_at(bytes: &[u8], at: usize, big: bool) -> Option<u16> {
    let b: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(if big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) })
}

pub(super) fn u32_at(bytes: &[u8], at: usize, big: bool) -> Option<u32> {
    let b: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(if big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) })
}

/// TIFF, and the camera raw formats based on it.
fn tiff(head: &[u8]) -> Option<Format> {
    let big = match head.get(..2)? {
        b"II" => false,
        b"MM" => true,
        _ => return None,
    };
    match (u16_at(head, 2, big)?, head.get(2..4)?) {
        (42, _) => {}
        (43, _) => return Some(Format::Tiff),
        // Olympus and Panasonic use magic numbers of their own.
        (_, b"RO" | b"RS" | b"OR" | b"U\0") => return Some(Format::Raw),
        _ => return None,
    }
    if head.get(8..10) == Some(b"CR") {
        return Some(Format::Raw);
    }
    let raw = camera_raw(head, big).unwrap_or(false);
    Some(if raw { Format::Raw } else { Format::Tiff })
}

/// Whether a TIFF is a camera raw file. DNG has a tag that says so. Other raw formats have colour
/// filter array samples, or a camera maker and a reduced first picture, with the real one in a
/// sub-IFD or, from some makers, in the next IFD.
fn camera_raw(head: &[u8], big: bool) -> Option<bool> {
    let ifd = u32_at(head, 4, big)? as usize;
    let count = u16_at(head, ifd, big)?;
    let (mut made, mut maker, mut reduced, mut inner) = (false, false, false, false);
    for i in 0..usize::from(count.min(200)) {
        let entry = ifd.checked_add(2 + 12 * i)?;
        let (Some(tag), Some(value)) = (u16_at(head, entry, big), u32_at(head, entry + 8, big)) else { break };
        match tag {
            // NewSubfileType: the lowest bit marks a reduced version of another picture.
            0x00fe => reduced = value & 1 == 1,
            0x014a => inner = true,
            0x010f => {
                made = true;
                let text = head.get(value as usize..).unwrap_or_default();
                let makers: [&[u8]; 5] = [b"NIKON", b"SONY", b"PENTAX", b"SAMSUNG", b"RICOH"];
                maker = makers.iter().any(|m| text.get(..m.len()).is_some_and(|t| t.eq_ignore_ascii_case(m)));
            }
            0x0106 if u16_at(head, entry + 8, big) == Some(32_803) => return Some(true),
            0xc612 => return Some(true),
            _ => {}
        }
    }
    Some(reduced && (maker || (made && inner)))
}

/// HEIC, AVIF and Canon's CR3 are ISO media files, told apart by their brand.
fn iso_media(head: &[u8]) -> Option<Format> {
    if head.get(4..8)? != b"ftyp" {
        return None;
    }
    let length = (u32_at(head, 0, true)? as usize).clamp(12, 256).min(head.len());
    let brands = std::iter::once(head.get(8..12)?).chain(head.get(16..length).unwrap_or_default().chunks_exact(4));
    let mut found = None;
    for brand in brands {
        match brand {
            b"avif" | b"avis" => return Some(Format::Avif),
            b"crx " => return Some(Format::Raw),
            b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"hevm" | b"hevs" | b"mif1" | b"msf1" => {
                found = Some(Format::Heic);
            }
            b"jp2 " | b"jpx " => return Some(Format::Jpeg2000),
            b"jxl " => return Some(Format::JpegXl),
            _ => {}
        }
    }
    found
}

fn is_bmp(head: &[u8]) -> bool {
    // The size of the second header gives the version. Without this check any text that starts with
    // "BM" would match.
    let is_file = |head: &[u8]| {
        head.starts_with(b"BM") && u32_at(head, 14, false).is_some_and(|n| matches!(n, 12 | 16..=64 | 108 | 124))
    };
    // OS/2 bitmap arrays hold several bitmaps.
    is_file(head) || (head.starts_with(b"BA") && head.get(14..).is_some_and(is_file)) || is_bare_bitmap(head)
}

/// A bitmap without a file header, as found on clipboards. Its fields have few valid values.
fn is_bare_bitmap(head: &[u8]) -> bool {
    let fields = || {
        let (length, width, height) = (u32_at(head, 0, false)?, u32_at(head, 4, false)?, u32_at(head, 8, false)?);
        let (planes, bits) = (u16_at(head, 12, false)?, u16_at(head, 14, false)?);
        let (compression, colors) = (u32_at(head, 16, false)?, u32_at(head, 32, false)?);
        let sides = 1..=0xff_ffff;
        let kind = match compression {
            0 => matches!(bits, 1 | 4 | 8 | 16 | 24 | 32),
            1 => bits == 8,
            2 => bits == 4,
            3 | 6 => matches!(bits, 16 | 32),
            _ => false,
        };
        let size = sides.contains(&width) && sides.contains(&(height as i32).unsigned_abs());
        Some(matches!(length, 40 | 52 | 56 | 108 | 124) && size && planes == 1 && kind && colors <= 256)
    };
    fields().unwrap_or(false)
}

fn is_pnm(head: &[u8]) -> bool {
    let blank = |b: &u8| b.is_ascii_whitespace() || *b == b'#';
    match head {
        // An XV thumbnail.
        [b'P', b'7', b' ', b'3', b'3', b'2', ..] => false,
        [b'P', b'1'..=b'7', space, ..] => blank(space),
        // The size of a PFM follows as the next word.
        [b'P', b'F' | b'f', space, next, ..] => blank(space) && (blank(next) || next.is_ascii_digit()),
        _ => false,
    }
}

fn is_ico(head: &[u8]) -> bool {
    let [0, 0, 1 | 2, 0, count_low, count_high, entry @ ..] = head else { return false };
    let count = u16::from_le_bytes([*count_low, *count_high]);
    // An entry has width, height, colours, 0, planes, bits, bytes, offset. The offset must lie
    // behind the directory.
    let offset = u32_at(entry, 12, false).unwrap_or(0);
    (1..=1024).contains(&count) && entry.get(3).is_some_and(|&b| b == 0 || b == 255) && offset >= 6 + 16
}

/// Whether this is an XML document or fragment whose first element is `svg`.
pub(super) fn is_svg(head: &[u8]) -> bool {
    let mut rest = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if rest.starts_with(b"\x1f\x8b") {
        return false;
    }
    loop {
        let Some(inner) = rest.strip_prefix(b"<") else { return false };
        let end: &[u8] = match inner {
            [b'?', ..] => b"?>",
            [b'!', b'-', b'-', ..] => b"-->",
            // A doctype may hold declarations in brackets.
            [b'!', ..] if inner.iter().take_while(|&&b| b != b'>').any(|&b| b == b'[') => b"]>",
            [b'!', ..] => b">",
            _ => return inner.starts_with(b"svg") || inner.starts_with(b"svg:svg"),
        };
        let Some(at) = inner.windows(end.len()).position(|w| w == end) else {
            // An SVG doctype that ends beyond the head also counts.
            return inner.starts_with(b"!DOCTYPE svg");
        };
        rest = inner[at + end.len()..].trim_ascii_start();
    }
}

fn is_tga(head: &[u8]) -> bool {
    let Some(h) = head.first_chunk::<18>() else { return false };
    let (mapped, kind, depth, flags) = (h[1], h[2], h[16], h[17]);
    let (width, height) = (u16::from_le_bytes([h[12], h[13]]), u16::from_le_bytes([h[14], h[15]]));
    let map_length = u16::from_le_bytes([h[5], h[6]]);
    let map = match mapped {
        // Some writers set the bit depth of an absent colour map.
        0 => h[3..7] == [0; 4] && matches!(h[7], 0 | 15 | 16 | 24 | 32),
        1 => map_length > 0 && matches!(h[7], 15 | 16 | 24 | 32),
        _ => false,
    };
    let bits = match kind {
        1 | 9 => mapped == 1 && matches!(depth, 8 | 16),
        2 | 10 => matches!(depth, 15 | 16 | 24 | 32),
        3 | 11 => matches!(depth, 8 | 16),
        _ => false,
    };
    map && bits && width > 0 && height > 0 && flags & 0xc0 == 0 && flags & 0x0f <= 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognised() {
        let mut bmp = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
        bmp.extend([0; 36]);
        let mut os2 = b"BA\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        os2.extend(&bmp);
        let mut bare = bmp[14..].to_vec();
        (bare[4], bare[8], bare[12], bare[14]) = (5, 7, 1, 24);
        let mut no_planes = bare.clone();
        no_planes[12] = 0;
        let mut odd_bits = bare.clone();
        odd_bits[14] = 23;
        let mut dng = b"II*\0\x08\0\0\0\x02\0".to_vec();
        dng.extend(b"\x00\x01\x04\0\x01\0\0\0\x01\0\0\0");
        dng.extend(b"\x12\xc6\x01\0\x04\0\0\0\x01\x04\0\0");
        // A maker, a reduced picture, and a sub-IFD.
        let mut other_raw = b"II*\0\x08\0\0\0\x03\0".to_vec();
        other_raw.extend(b"\xfe\0\x04\0\x01\0\0\0\x01\0\0\0");
        other_raw.extend(b"\x0f\x01\x02\0\x0b\0\0\0\0\x04\0\0");
        other_raw.extend(b"\x4a\x01\x04\0\x01\0\0\0\0\x05\0\0");
        let mut pyramid = other_raw.clone();
        pyramid[18] = 0;
        let mut tga = vec![0u8; 18];
        tga[2] = 10;
        (tga[12], tga[14], tga[16]) = (5, 7, 24);
        let cases: &[(&[u8], Option<Format>)] = &[
            (b"", None),
            (b"\xff\xd8", None),
            (b"\xff\xd8\xff\xe0", Some(Format::Jpeg)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some(Format::WebP)),
            (b"RIFF\x10\0\0\0WAVEfmt ", None),
            (b"II*\0\x08\0\0\0", Some(Format::Tiff)),
            (b"MM\0*\0\0\0\x08", Some(Format::Tiff)),
            (b"II+\0\x08\0\0\0", Some(Format::Tiff)),
            (b"II*\0\x10\0\0\0CR\x02\0", Some(Format::Raw)),
            (b"IIU\0\x08\0\0\0", Some(Format::Raw)),
            (&dng, Some(Format::Raw)),
            (&other_raw, Some(Format::Raw)),
            (&pyramid, Some(Format::Tiff)),
            (b"II\x1a\0\0\0HEAPCCDR", Some(Format::Raw)),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Some(Format::Heic)),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", Some(Format::Avif)),
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", Some(Format::Raw)),
            (b"\0\0\0\x18ftypisom\0\0\0\x01isommp42", None),
            (&bmp, Some(Format::Bmp)),
            (&os2, Some(Format::Bmp)),
            (&bare, Some(Format::Bmp)),
            (&no_planes, None),
            (&odd_bits, None),
            (b"BM is how this letter begins, and no picture", None),
            (b"P6\n3 3\n255\n", Some(Format::Pnm)),
            (b"P7\nWIDTH 3", Some(Format::Pnm)),
            (b"PS: never mind", None),
            (b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\x68\x04\0\0\x16\0\0\0", Some(Format::Ico)),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Some(Format::Svg)),
            (b"<?xml version='1.0'?>\n<!-- <html> -->\n<!DOCTYPE svg [ <!ENTITY a 'b>'> ]>\n<svg/>", Some(Format::Svg)),
            (b"<html><svg/></html>", None),
            (b"%PDF-1.7", Some(Format::Pdf)),
            (&tga, Some(Format::Tga)),
            (&[0; 64], None),
        ];
        for (head, format) in cases {
            assert_eq!(sniff(head), *format, "{:?}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn arbitrary_heads_do_not_panic() {
        for magic in
            [&b"II*\0"[..], b"MM\0*", b"\0\0\xff\xffftyp", b"<!", b"\0\0\x01\0\x01\0", b"P", b"\x28\0\0\0", b"BA"]
        {
            for fill in [0u8, 0x20, 0xff] {
                for len in 0..64 {
                    let mut head = magic.to_vec();
                    head.resize(magic.len() + len, fill);
                    let _ = sniff(&head);
                }
            }
        }
    }
}
