//! Names content that is not supported, for messages.

use std::io::Read;

use super::sniff::{HEAD, is_svg, u16_at, u32_at};

/// Magic numbers and names of picture formats that are not in the table of formats.
const MAGICS: &[(&[u8], &str)] = &[
    (b"\x01\xda\0\x01", "SGI"),
    (b"\x01\xda\x01\x01", "SGI"),
    (b"\x01\xda\0\x02", "SGI"),
    (b"\x01\xda\x01\x02", "SGI"),
    (b"\x59\xa6\x6a\x95", "Sun raster"),
    (b"/* XPM */", "XPM"),
    (b"gimp xcf", "GIMP"),
    (b"Paint Shop Pro Image File", "Paint Shop Pro"),
    (b"AT&TFORM", "DjVu"),
    (b"SIMPLE  =", "FITS"),
    (b"BPG\xfb", "BPG"),
    (b"FLIF", "FLIF"),
    (b"\x8aMNG\r\n\x1a\n", "MNG"),
    (b"\x8bJNG\r\n\x1a\n", "JNG"),
    (b"\xabKTX 11\xbb\r\n\x1a\n", "KTX"),
    (b"\xabKTX 20\xbb\r\n\x1a\n", "KTX"),
    (b"PVR\x03", "PVR"),
    (b"VTF\0", "VTF"),
    (b"BLP1", "BLP"),
    (b"BLP2", "BLP"),
    (b"\x13\xab\xa1\x5c", "ASTC"),
    (b"\xd7\xcd\xc6\x9a", "WMF"),
    (b"icns", "ICNS"),
    (b"id=ImageMagick", "MIFF"),
    (b"\x08\xf2\xa6\xb6", "VIPS"),
    (b"\xb6\xa6\xf2\x08", "VIPS"),
    (b"II\xbc", "JPEG XR"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"SDPX", "DPX"),
    (b"XPDS", "DPX"),
    (b"\x80\x2a\x5f\xd7", "Cineon"),
    (b"P7 332", "XV thumbnail"),
    (b"\x97JB2\r\n\x1a\n", "JBIG2"),
];

/// The name of a picture format that [`sniff`](super::sniff) does not detect.
pub fn unread(head: &[u8]) -> Option<&'static str> {
    let head = &head[..head.len().min(HEAD)];
    if let Some((_, name)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(name);
    }
    let at = |at: usize, magic: &[u8]| head.get(at..at + magic.len()) == Some(magic);
    let checks = [
        (at(40, b" EMF") && at(0, b"\x01\0\0\0"), "EMF"),
        (at(128, b"DICM"), "DICOM"),
        (at(0, b"FORM") && [&b"ILBM"[..], b"PBM ", b"ACBM", b"RGB8", b"RGBN"].iter().any(|kind| at(8, kind)), "IFF"),
        (at(0, b"RIFF") && at(8, b"ACON"), "ANI"),
        (at(522, b"\0\x11\x02\xff\x0c\0"), "PICT"),
        (is_pcx(head), "PCX"),
        (is_xbm(head), "XBM"),
        (is_xwd(head), "XWD"),
        (is_svgz(head), "SVG"),
    ];
    checks.into_iter().find_map(|(is, name)| is.then_some(name))
}

/// The magic number is a single byte, so the fields behind it are checked too.
fn is_pcx(head: &[u8]) -> bool {
    matches!(head, [0x0a, 0 | 2..=5, 0 | 1, 1 | 2 | 4 | 8, _, _, _, _, ..])
        && head.get(64) == Some(&0)
        && matches!(head.get(65), Some(1..=4))
        && (u16_at(head, 4, false) <= u16_at(head, 8, false) && u16_at(head, 6, false) <= u16_at(head, 10, false))
}

/// A bitmap as C source code.
fn is_xbm(head: &[u8]) -> bool {
    if !head.starts_with(b"#define ") && !head.starts_with(b"/*") {
        return false;
    }
    let text = String::from_utf8_lossy(&head[..head.len().min(1024)]);
    let number = |end: &str| {
        text.lines().any(|line| {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            matches!(words[..], ["#define", name, value] if name.ends_with(end) && value.parse::<u32>().is_ok())
        })
    };
    number("width") && number("height")
}

/// A window dump of X11, version 7.
fn is_xwd(head: &[u8]) -> bool {
    [true, false].into_iter().any(|big| {
        let word = |i: usize| u32_at(head, 4 * i, big).unwrap_or(u32::MAX);
        // Length of the header, version, kind, depth.
        (100..=1024).contains(&word(0)) && word(1) == 7 && word(2) <= 2 && (1..=32).contains(&word(3))
    })
}

/// SVG compressed with gzip.
fn is_svgz(head: &[u8]) -> bool {
    let mut inner = Vec::new();
    if head.starts_with(b"\x1f\x8b") {
        // Errors are ignored: the head usually ends in the middle of the stream.
        let _ = flate2::read::GzDecoder::new(head).take(HEAD as u64).read_to_end(&mut inner);
    }
    is_svg(&inner)
}

/// What content that is not a picture appears to be, for messages: "an empty file", "HTML".
pub fn describe(head: &[u8]) -> String {
    let head = &head[..head.len().min(HEAD)];
    let trimmed = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let starts = |magic: &[u8]| head.starts_with(magic);
    let word = |word: &[u8]| trimmed.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word));
    let what = if head.is_empty() {
        "an empty file"
    } else if head.iter().all(|&b| b == 0) {
        "zeros"
    } else if starts(b"version https://git-lfs") {
        "a git-lfs pointer"
    } else if word(b"<!doctype html") || word(b"<html") || word(b"<head") || word(b"<body") {
        "HTML"
    } else if word(b"<?xml") {
        "XML"
    } else if word(b"push graphic-context") || word(b"viewbox ") {
        "an MVG drawing"
    } else if starts(b"\x1f\x8b") {
        "gzip data"
    } else if starts(b"PK\x03\x04") {
        "a zip archive"
    } else if starts(b"Rar!\x1a\x07") || starts(b"7z\xbc\xaf\x27\x1c") {
        "an archive"
    } else if starts(b"\x28\xb5\x2f\xfd") {
        "Zstandard data"
    } else if starts(b"BZh") || starts(b"\xfd7zXZ\0") {
        "compressed data"
    } else if head.get(257..262) == Some(b"ustar") {
        "a tar archive"
    } else if head.get(4..8) == Some(b"ftyp") || starts(b"\x1a\x45\xdf\xa3") || starts(b"\0\0\x01\xba") {
        "a video"
    } else if starts(b"RIFF") {
        "a RIFF file, not WebP"
    } else if starts(b"ID3") || starts(b"OggS") || starts(b"fLaC") {
        "audio"
    } else if starts(b"\x7fELF") || starts(b"MZ") {
        "a program"
    } else if is_text(head) {
        "text"
    } else {
        return "not a picture of a known kind".to_owned();
    };
    format!("not a picture ({what})")
}

/// UTF-8 without control characters. The last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => return is_text(&head[..e.valid_up_to()]),
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !c.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These bytes at these offsets, zeros elsewhere.
    fn head(parts: &[(usize, &[u8])]) -> Vec<u8> {
        let mut out = vec![0; 600];
        for &(at, bytes) in parts {
            out[at..at + bytes.len()].copy_from_slice(bytes);
        }
        out
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut out, bytes).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn unsupported_pictures_are_named() {
        let large = [&b"<svg>"[..], &[b' '; 9000]].concat();
        let cases: &[(&[u8], Option<&str>)] = &[
            (b"gimp xcf v011\0", Some("GIMP")),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n", Some("PostScript")),
            (&head(&[(0, b"\x0a\x05\x01\x08\0\0\0\0\x07\0\x07\0"), (65, b"\x03\x08")]), Some("PCX")),
            (&head(&[(0, b"\x0a\x05\x01\x08\x09\0\0\0\x07\0\x07\0"), (65, b"\x03\x08")]), None),
            (&head(&[(0, b"\x0a\x05\x01\x08\0\0\0\0\x07\0\x07\0")]), None),
            (&head(&[(0, b"\x01\0\0\0"), (40, b" EMF")]), Some("EMF")),
            (&head(&[(128, b"DICM")]), Some("DICOM")),
            (&head(&[(0, b"FORM"), (8, b"ILBM")]), Some("IFF")),
            (&head(&[(0, b"FORM"), (8, b"AIFF")]), None),
            (&head(&[(0, b"RIFF"), (8, b"ACON")]), Some("ANI")),
            (&head(&[(522, b"\0\x11\x02\xff\x0c\0")]), Some("PICT")),
            (&head(&[(0, b"\0\0\0\x6b\0\0\0\x07\0\0\0\x02\0\0\0\x18")]), Some("XWD")),
            (&head(&[(0, b"\x6b\0\0\0\x07\0\0\0\x02\0\0\0\x18\0\0\0")]), Some("XWD")),
            (&head(&[(0, b"\0\0\0\x6b\0\0\0\x08\0\0\0\x02\0\0\0\x18")]), None),
            (b"#define x_width 16\n#define x_height 7\nstatic char x_bits[] = {", Some("XBM")),
            (b"/* a comment */\n#define width 16\n#define height 7\n", Some("XBM")),
            (b"#define SIZE 16\n#define x_height 7\n", None),
            (&gzip(b"<svg/>"), Some("SVG")),
            (&gzip(&large)[..20], Some("SVG")),
            (&gzip(b"<html/>"), None),
            (b"\x1f\x8b", None),
            (b"", None),
        ];
        for (head, name) in cases {
            assert_eq!(unread(head), *name, "{:?}", String::from_utf8_lossy(head));
            for len in 0..head.len() {
                let _ = (unread(&head[..len]), describe(&head[..len]));
            }
        }
        for (at, (magic, name)) in MAGICS.iter().enumerate() {
            assert_eq!((unread(magic), super::super::sniff(magic)), (Some(*name), None), "{at}");
        }
    }

    #[test]
    fn described() {
        let cases: &[(&[u8], &str)] = &[
            (b"", "not a picture (an empty file)"),
            (b"\0", "not a picture (zeros)"),
            (b"\n<!DOCTYPE HTML><p>", "not a picture (HTML)"),
            (b"version https://git-lfs.github.com/spec/v1\n", "not a picture (a git-lfs pointer)"),
            (b"push graphic-context\n", "not a picture (an MVG drawing)"),
            (b"hello \xc3", "not a picture (text)"),
            (b"\x01\x02\x03", "not a picture of a known kind"),
        ];
        for (head, words) in cases {
            assert_eq!(describe(head), *words);
        }
    }
}
