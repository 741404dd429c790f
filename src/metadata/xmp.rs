//! XMP packets, changed as text: the properties meant are found by their customary prefixes, which
//! every known writer uses.

use super::Changes;

/// What tells whose picture it is.
const COPYRIGHT: &[&str] = &[
    "dc:creator",
    "dc:rights",
    "photoshop:AuthorsPosition",
    "photoshop:Credit",
    "photoshop:Source",
    "xmpRights:Marked",
    "xmpRights:Owner",
    "xmpRights:UsageTerms",
    "xmpRights:WebStatement",
];

/// Prefixes that the new packet declares.
const NAMESPACES: &[(&str, &str)] = &[
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("photoshop", "http://ns.adobe.com/photoshop/1.0/"),
    ("xmpRights", "http://ns.adobe.com/xap/1.0/rights/"),
];

/// Previews, and what speaks of pictures that are not in the file any more.
const DROPPED: &[&str] = &["xmp:Thumbnails", "xap:Thumbnails", "Container:Directory", "GContainer:Directory"];

/// Only what tells whose picture it is.
pub fn copyright(packet: &str) -> Option<String> {
    let mut elements = String::new();
    let mut attributes = String::new();
    for name in COPYRIGHT {
        if let Some((start, end)) = element(packet, name) {
            let text = &packet[start..end];
            if only_known_prefixes(text) {
                elements.push_str(text);
            }
        } else if let Some((start, end)) = attribute(packet, name) {
            attributes.push(' ');
            attributes.push_str(&packet[start..end]);
        }
    }
    if elements.is_empty() && attributes.is_empty() {
        return None;
    }
    let namespaces: String = NAMESPACES.iter().map(|(prefix, uri)| format!(" xmlns:{prefix}=\"{uri}\"")).collect();
    Some(format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\"{namespaces}{attributes}>{elements}</rdf:Description>\
         </rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>"
    ))
}

/// The packet with orientation and dimensions of the output, without previews.
pub fn keep(packet: &str, changes: &Changes) -> String {
    let mut out = packet.to_owned();
    for name in DROPPED {
        while let Some((start, end)) = element(&out, name) {
            out.replace_range(start..end, "");
        }
    }
    if changes.is_upright {
        set(&mut out, "tiff:Orientation", "1");
    }
    for (name, value) in [
        ("tiff:ImageWidth", changes.size.width),
        ("tiff:ImageLength", changes.size.height),
        ("exif:PixelXDimension", changes.size.width),
        ("exif:PixelYDimension", changes.size.height),
    ] {
        set(&mut out, name, &value.to_string());
    }
    if changes.is_srgb {
        set(&mut out, "exif:ColorSpace", "1");
    }
    out
}

/// Changes a simple property where it is there, as element or attribute.
fn set(packet: &mut String, name: &str, value: &str) {
    if let Some((start, end)) = attribute(packet, name) {
        packet.replace_range(start..end, &format!("{name}=\"{value}\""));
    }
    if let Some((start, end)) = element(packet, name) {
        packet.replace_range(start..end, &format!("<{name}>{value}</{name}>"));
    }
}

/// From `<name` to the end of `</name>` (or of an empty element).
fn element(packet: &str, name: &str) -> Option<(usize, usize)> {
    let open = format!("<{name}");
    let start = packet
        .match_indices(&open)
        .map(|(at, _)| at)
        .find(|&at| packet[at + open.len()..].starts_with(|c: char| c == '>' || c == '/' || c.is_ascii_whitespace()))?;
    let head_end = start + packet[start..].find('>')? + 1;
    if packet[..head_end].ends_with("/>") {
        return Some((start, head_end));
    }
    let close = format!("</{name}>");
    let end = head_end + packet[head_end..].find(&close)? + close.len();
    Some((start, end))
}

/// `name="value"`, in either kind of quotes.
fn attribute(packet: &str, name: &str) -> Option<(usize, usize)> {
    let open = format!("{name}=");
    packet.match_indices(&open).find_map(|(start, _)| {
        let before = packet[..start].chars().next_back()?;
        let value = &packet[start + open.len()..];
        let quote = value.chars().next().filter(|&q| q == '"' || q == '\'')?;
        let end = start + open.len() + 1 + value[1..].find(quote)? + 1;
        before.is_ascii_whitespace().then_some((start, end))
    })
}

/// Whether all tags and attributes in a piece of XML have prefixes that the new packet declares.
fn only_known_prefixes(text: &str) -> bool {
    text.split('<').skip(1).all(|tag| {
        let head = tag.split('>').next().unwrap_or_default().trim_start_matches('/').trim_end_matches('/');
        let mut names = head.split(['"', '\'']).step_by(2).flat_map(|part| part.split_ascii_whitespace());
        names.all(|name| {
            let prefix = name.trim_end_matches('=').split(':').next().unwrap_or_default();
            name.is_empty() || name == "=" || ["rdf", "xml", "dc", "photoshop", "xmpRights"].contains(&prefix)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::Size;

    const PACKET: &str = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description rdf:about=""
 tiff:Orientation="6" exif:PixelXDimension='4000' photoshop:Credit="Me &amp; Co" exif:GPSLatitude="1,2N">
<dc:creator><rdf:Seq><rdf:li>A. Person</rdf:li></rdf:Seq></dc:creator>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">mine</rdf:li></rdf:Alt></dc:rights>
<xmp:Thumbnails><rdf:Alt>AAAA</rdf:Alt></xmp:Thumbnails><exif:PixelYDimension>3000</exif:PixelYDimension>
</rdf:Description></rdf:RDF></x:xmpmeta>"#;

    #[test]
    fn reset() {
        let changes = Changes { size: Size::new(80, 60), is_upright: true, is_srgb: true };
        let out = keep(PACKET, &changes);
        for part in ["tiff:Orientation=\"1\"", "PixelXDimension=\"80\"", "<exif:PixelYDimension>60</", "GPSLatitude"] {
            assert!(out.contains(part), "{part} in {out}");
        }
        assert!(!out.contains("Thumbnails"));
    }

    #[test]
    fn whose_it_is() {
        let out = copyright(PACKET).unwrap();
        for part in ["<rdf:li>A. Person</rdf:li>", "mine", "photoshop:Credit=\"Me &amp; Co\""] {
            assert!(out.contains(part), "{part} in {out}");
        }
        assert!(!out.contains("GPS") && !out.contains("Orientation") && !out.contains("Thumbnails"));
        assert_eq!(copyright("<x/>"), None);
    }

    #[test]
    fn cut_anywhere_is_safe() {
        let changes = Changes { size: Size::new(80, 60), is_upright: true, is_srgb: true };
        for (at, _) in PACKET.char_indices() {
            let _ = (keep(&PACKET[..at], &changes), copyright(&PACKET[..at]));
        }
    }
}
