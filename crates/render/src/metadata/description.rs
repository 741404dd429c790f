//! What a picture shows, in the words of its author.

use std::cell::RefCell;

use super::Metadata;
use super::tags::{Tiff, without_prefix};
use super::xmp_edit::{Edit, edit};

/// The longest description that is read. More is no caption.
const LONGEST: usize = 2000;
/// Descriptions of cameras and programs that say nothing.
const EMPTY: [&str; 4] = ["OLYMPUS DIGITAL CAMERA", "SONY DSC", "DCIM", "default"];

/// The description: `dc:description` of XMP, else ImageDescription of EXIF, else the caption of IPTC.
pub fn description(metadata: &Metadata) -> Option<String> {
    let xmp = || of_xmp(std::str::from_utf8(metadata.xmp.as_deref()?).ok()?);
    let exif = || of_exif(metadata.exif.as_deref()?);
    let iptc = || of_iptc(metadata.iptc.as_deref()?);
    xmp().or_else(exif).or_else(iptc)
}

/// The words without spaces around, if they say something.
fn said(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let is_said = !text.is_empty() && text.len() <= LONGEST && !EMPTY.contains(&text);
    is_said.then(|| text.replace(|c: char| c.is_control() && c != '\n', " "))
}

/// The first of the alternatives, which is the default language.
fn of_xmp(packet: &str) -> Option<String> {
    let found = RefCell::new(None);
    edit(packet, &|path, name, value| {
        let inside = path.iter().any(|element| element == "dc:description");
        if let (true, Some(value)) = (inside && name == "rdf:li" || name == "dc:description", value) {
            found.borrow_mut().get_or_insert_with(|| value.to_owned());
        }
        Edit::Keep
    })?;
    said(&unescaped(&found.into_inner()?))
}

/// Text of XML, with its five entities and numbers of characters.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| *end < 12);
        let character = end.and_then(|end| match &rest[1..end] {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            number => match number.strip_prefix("#x") {
                Some(hex) => u32::from_str_radix(hex, 16).ok().and_then(char::from_u32),
                None => number.strip_prefix('#')?.parse().ok().and_then(char::from_u32),
            },
        });
        let length = if character.is_some() { end.map_or(1, |end| end + 1) } else { 1 };
        out.push(character.unwrap_or('&'));
        rest = &rest[length..];
    }
    out + rest
}

fn of_exif(exif: &[u8]) -> Option<String> {
    let tiff = Tiff::new(without_prefix(exif))?;
    let entry = tiff.entries(tiff.first_ifd()?).find(|entry| entry.tag == 0x010e)?;
    said(&decoded(tiff.value(&entry)?))
}

fn of_iptc(records: &[u8]) -> Option<String> {
    said(&decoded(super::iptc::value(records, (2, 120))?))
}

/// UTF-8, or else Latin-1, which old programs wrote.
fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(xmp: Option<&str>, exif: Option<&[u8]>, iptc: Option<&[u8]>) -> Option<String> {
        let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        description(&Metadata { xmp: xmp.map(|text| text.into()), exif: owned(exif), iptc: owned(iptc) })
    }

    fn xmp(inside: &str) -> String {
        format!(
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
             <rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/'>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>"
        )
    }

    fn exif(text: &[u8]) -> Vec<u8> {
        let mut exif = b"II*\0\x08\0\0\0\x01\0\x0e\x01\x02\0".to_vec();
        exif.extend((text.len() as u32).to_le_bytes());
        exif.extend(26_u32.to_le_bytes());
        exif.extend([0; 4]);
        exif.extend(text);
        exif
    }

    #[test]
    fn each_kind_is_read_and_the_first_one_counts() {
        let alternatives = "<dc:title><rdf:Alt><rdf:li>T</rdf:li></rdf:Alt></dc:title><dc:description><rdf:Alt>\
                            <rdf:li xml:lang='x-default'>A &amp; B &#x263a;</rdf:li><rdf:li>C</rdf:li></rdf:Alt></dc:description>";
        let (xmp, exif, iptc) = (xmp(alternatives), exif(b"  a boat\0\0"), b"\x1c\x02\x78\0\x05a dog".to_vec());
        assert_eq!(of(Some(&xmp), Some(&exif), Some(&iptc)).as_deref(), Some("A & B \u{263a}"));
        assert_eq!(of(None, Some(&exif), Some(&iptc)).as_deref(), Some("a boat"));
        assert_eq!(of(None, None, Some(&iptc)).as_deref(), Some("a dog"));
        assert_eq!(of(Some("no xml"), None, None), None);
    }

    #[test]
    fn what_says_nothing_is_no_description() {
        assert_eq!(of(None, Some(&exif(b"OLYMPUS DIGITAL CAMERA         ")), None), None);
        assert_eq!(of(None, Some(&exif(b"      ")), Some(b"\x1c\x02\x78\0\x01x")).as_deref(), Some("x"));
        assert_eq!(of(None, Some(&exif(b"caf\xe9\x07 1")), None).as_deref(), Some("caf\u{e9}  1"));
        assert_eq!(unescaped("a &nope; & &lt;b&gt; &"), "a &nope; & <b> &");
    }
}
