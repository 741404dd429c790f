//! Metadata as hexadecimal text in PNG: `Raw profile type iptc` and similar, which ImageMagick
//! introduced. It is the only way to store IPTC in PNG.

use crate::codec::{Metadata, exif, iptc};

/// The prefix of the keywords.
const KEYWORD: &[u8] = b"Raw profile type ";
/// Bytes per line of text.
const LINE: usize = 36;

/// Takes the content of a text chunk, if it is such a profile and the picture has none of its kind
/// yet. `text` returns the text of the chunk, which may have to be inflated first.
pub fn take(keyword: &[u8], text: impl FnOnce() -> Option<Vec<u8>>, metadata: &mut Metadata) {
    let Some(kind) = keyword.strip_prefix(KEYWORD) else { return };
    match kind {
        b"iptc" | b"8bim" if metadata.iptc.is_none() => {
            let block = text().and_then(|t| parse(&t));
            metadata.iptc = block.as_deref().and_then(iptc::records).map(<[u8]>::to_vec);
        }
        b"exif" if metadata.exif.is_none() => {
            metadata.exif = text().and_then(|t| parse(&t)).map(|b| exif::without_prefix(&b).to_vec());
        }
        b"xmp" if metadata.xmp.is_none() => metadata.xmp = text().and_then(|t| parse(&t)),
        _ => {}
    }
}

/// Parses a newline, the kind, the length in decimal, then that many bytes in hexadecimal.
fn parse(text: &[u8]) -> Option<Vec<u8>> {
    let mut lines = text.strip_prefix(b"\n").unwrap_or(text).splitn(3, |&b| b == b'\n');
    let _kind = lines.next()?;
    let length: usize = std::str::from_utf8(lines.next()?).ok()?.trim().parse().ok()?;
    let digit = |b: &u8| char::from(*b).to_digit(16).map(|d| d as u8);
    let digits: Vec<u8> = lines.next()?.iter().filter(|b| !b.is_ascii_whitespace()).map_while(digit).collect();
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    (bytes.len() == length).then_some(bytes)
}

/// The keyword and text of a profile with IPTC records.
pub fn of_iptc(records: &[u8]) -> (String, String) {
    let block = iptc::wrapped(records);
    let mut text = format!("\niptc\n{:8}", block.len());
    for line in block.chunks(LINE) {
        text.push('\n');
        line.iter().for_each(|byte| text.push_str(&format!("{byte:02x}")));
    }
    text.push('\n');
    (String::from_utf8_lossy(KEYWORD).into_owned() + "iptc", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_read_again() {
        let records = b"\x1c\x02\x74\0\x30a notice of copyright that is longer than one line.".to_vec();
        let (keyword, text) = of_iptc(&records);
        let mut found = Metadata::default();
        take(keyword.as_bytes(), || Some(text.clone().into_bytes()), &mut found);
        assert!(found.iptc.as_deref().is_some_and(|r| r.starts_with(&records)));
        for len in 0..text.len() - 1 {
            assert_eq!(parse(&text.as_bytes()[..len]), None, "cut at {len}");
        }
    }

    #[test]
    fn others_are_left_alone() {
        let mut found = Metadata::default();
        take(b"Comment", || panic!("nobody asked"), &mut found);
        take(b"Raw profile type exif", || Some(b"\nexif\n 10\n457869660000\n4d4d002a".to_vec()), &mut found);
        assert_eq!(found.exif.as_deref(), Some(&b"MM\0*"[..]));
        take(b"Raw profile type exif", || panic!("the first counts"), &mut found);
    }
}
