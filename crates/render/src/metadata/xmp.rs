//! Selects the properties of an XMP packet that an output keeps, and reads the orientation.

use super::Changes;
use super::xmp_edit::{Edit, edit};
use crate::orientation::Orientation;

/// Properties that state authorship and rights.
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

/// Namespaces that the new packet declares.
const NAMESPACES: &[(&str, &str)] = &[
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("photoshop", "http://ns.adobe.com/photoshop/1.0/"),
    ("xmpRights", "http://ns.adobe.com/xap/1.0/rights/"),
];

/// Prefixes that describe data which the output does not contain: gain maps, depth maps, videos.
const NOT_KEPT: &[&str] = &[
    "Container",
    "Device",
    "GAudio",
    "GContainer",
    "GDepth",
    "GImage",
    "HDRGainMap",
    "Item",
    "apdi",
    "hdrgm",
    "xmpNote",
];

/// Properties that describe how the samples were stored.
const LAYOUT: &[&str] = &[
    "tiff:BitsPerSample",
    "tiff:Compression",
    "tiff:NativeDigest",
    "tiff:PhotometricInterpretation",
    "tiff:PlanarConfiguration",
    "tiff:SamplesPerPixel",
    "tiff:YCbCrPositioning",
    "tiff:YCbCrSubSampling",
    "exif:CompressedBitsPerPixel",
    "exif:NativeDigest",
    "dc:format",
    "xmp:Thumbnails",
    "xap:Thumbnails",
    "crs:CropWidth",
    "crs:CropHeight",
    "crs:CropUnit",
    "crs:CropUnits",
];

/// Properties that describe the colour encoding of the source.
const COLORS: &[&str] = &[
    "photoshop:ColorMode",
    "photoshop:ICCProfile",
    "tiff:PrimaryChromaticities",
    "tiff:ReferenceBlackWhite",
    "tiff:TransferFunction",
    "tiff:WhitePoint",
    "tiff:YCbCrCoefficients",
];

/// Properties measured in pixels of the source.
const PIXELS: &[&str] = &[
    "acdsee-rs:Regions",
    "exif:FocalPlaneResolutionUnit",
    "exif:FocalPlaneXResolution",
    "exif:FocalPlaneYResolution",
    "exif:SubjectArea",
    "exif:SubjectLocation",
];

/// Regions given as fractions of the sides.
const PLACES: &[&str] = &["mwg-rs:Regions", "MP:RegionInfo", "Iptc4xmpExt:ImageRegion"];

/// Keeps only authorship and rights.
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

/// The orientation in `tiff:Orientation`, as attribute or as element.
pub fn orientation(packet: &str) -> Option<Orientation> {
    let name = "tiff:Orientation";
    let value = match (attribute(packet, name), element(packet, name)) {
        (Some((start, end)), _) => packet[start..end].split(['"', '\'']).nth(1)?,
        (None, Some((start, end))) => packet[start..end].split(['<', '>']).nth(2)?,
        (None, None) => return None,
    };
    value.trim().parse().ok().filter(|value| (1..=8).contains(value)).map(Orientation::from_exif)
}

/// Keeps everything that is still true of the output. Returns None if the packet is not
/// well-formed.
pub fn keep(packet: &str, changes: &Changes) -> Option<String> {
    let number = |name| value(packet, name).and_then(|text| text.parse::<f64>().ok()).filter(|&n| n >= 1.0);
    let (across, down) = (number("GPano:CroppedAreaImageWidthPixels"), number("GPano:CroppedAreaImageHeightPixels"));
    let scale = changes.from.map(|from| {
        let share = |to: u32, from: u32, told: Option<f64>| f64::from(to) / told.unwrap_or(f64::from(from));
        let (from, to) = (from, changes.size);
        (share(to.width, from.width, across), share(to.height, from.height, down))
    });
    let is_same = changes.from == Some(changes.size);
    let in_pixels = packet.contains("pixel");
    edit(packet, &|open, name, value| {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let is_gone = |prefix: &str| NOT_KEPT.contains(&prefix) || (prefix == "GPano" && scale.is_none());
        let has_parts = ["MicroVideo", "MotionPhoto", "OLivePhoto"].iter().any(|part| local.starts_with(part));
        let is_crop = prefix == "crs" && (local.starts_with("Crop") || local == "HasCrop");
        let is_region_in_pixels = name == "Iptc4xmpExt:ImageRegion" && in_pixels && !is_same;
        if is_gone(if prefix == "xmlns" { local } else { prefix })
            || (has_parts && prefix != "xmlns")
            || LAYOUT.contains(&name)
            || (changes.is_srgb && COLORS.contains(&name))
            || (!is_same && PIXELS.contains(&name))
            || (changes.from.is_none() && (PLACES.contains(&name) || is_crop))
            || is_region_in_pixels
        {
            return Edit::Drop;
        }
        let set = |number: u32| Edit::Set(number.to_string());
        match (name, value) {
            ("tiff:Orientation", _) if changes.is_upright => set(1),
            ("exif:ColorSpace", _) if changes.is_srgb => set(1),
            ("tiff:ImageWidth" | "exif:PixelXDimension", _) => set(changes.size.width),
            ("tiff:ImageLength" | "exif:PixelYDimension", _) => set(changes.size.height),
            ("stDim:w", _) if is_of_regions(open) => set(changes.size.width),
            ("stDim:h", _) if is_of_regions(open) => set(changes.size.height),
            (_, Some(value)) if prefix == "GPano" => scaled(local, value, scale),
            _ => Edit::Keep,
        }
    })
}

fn is_of_regions(open: &[String]) -> bool {
    open.iter().any(|name| name == "mwg-rs:AppliedToDimensions")
}

/// Scales a panorama property: pixels of the whole panorama, of the part that the picture shows,
/// and of a rectangle in that part.
fn scaled(local: &str, value: &str, scale: Option<(f64, f64)>) -> Edit {
    let (Some((across, down)), Ok(number)) = (scale, value.parse::<f64>()) else { return Edit::Keep };
    let share = match local {
        "CroppedAreaImageWidthPixels"
        | "CroppedAreaLeftPixels"
        | "FullPanoWidthPixels"
        | "LargestValidInteriorRectLeft"
        | "LargestValidInteriorRectWidth" => across,
        "CroppedAreaImageHeightPixels"
        | "CroppedAreaTopPixels"
        | "FullPanoHeightPixels"
        | "LargestValidInteriorRectTop"
        | "LargestValidInteriorRectHeight" => down,
        _ => return Edit::Keep,
    };
    Edit::Set(format!("{:.0}", number * share))
}

/// The first simple value of a property, found by its customary name.
fn value(packet: &str, wanted: &str) -> Option<String> {
    let found = std::cell::RefCell::new(None);
    edit(packet, &|_, name, value| {
        if name == wanted && found.borrow().is_none() {
            *found.borrow_mut() = value.map(str::to_owned);
        }
        Edit::Keep
    })?;
    found.into_inner()
}

/// The range from `<name` to the end of `</name>`, or of an empty element.
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

/// The range of `name="value"`, with either kind of quotes.
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

/// Whether all tags and attributes use prefixes that the new packet declares.
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
        let changes = Changes { size: Size::new(80, 60), from: None, is_upright: true, is_srgb: true };
        let out = keep(PACKET, &changes).unwrap();
        for part in ["tiff:Orientation=\"1\"", "PixelXDimension=\"80\"", "<exif:PixelYDimension>60</", "GPSLatitude"] {
            assert!(out.contains(part), "{part} in {out}");
        }
        assert!(!out.contains("Thumbnails"));
    }

    #[test]
    fn copyright_keeps_authorship_only() {
        let out = copyright(PACKET).unwrap();
        for part in ["<rdf:li>A. Person</rdf:li>", "mine", "photoshop:Credit=\"Me &amp; Co\""] {
            assert!(out.contains(part), "{part} in {out}");
        }
        assert!(!out.contains("GPS") && !out.contains("Orientation") && !out.contains("Thumbnails"));
        assert_eq!(copyright("<x/>"), None);
    }

    #[test]
    fn truncated_packets_do_not_panic() {
        let changes = Changes { size: Size::new(80, 60), from: None, is_upright: true, is_srgb: true };
        for (at, _) in PACKET.char_indices() {
            let _ = (keep(&PACKET[..at], &changes), copyright(&PACKET[..at]), orientation(&PACKET[..at]));
        }
    }
}
