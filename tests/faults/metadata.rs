//! What metadata says of an output holds of it, and the way a picture stands is found in all places that tell it.

use crate::testenv::{World, distance, line, report};
use oddities::{jpeg, png, scene, webp};

fn packet(attributes: &str, elements: &str) -> Vec<u8> {
    let spaces = [
        ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
        ("tiff", "http://ns.adobe.com/tiff/1.0/"),
        ("exif", "http://ns.adobe.com/exif/1.0/"),
        ("xmp", "http://ns.adobe.com/xap/1.0/"),
        ("xmpNote", "http://ns.adobe.com/xmp/note/"),
        ("GPano", "http://ns.google.com/photos/1.0/panorama/"),
        ("GCamera", "http://ns.google.com/photos/1.0/camera/"),
        ("GDepth", "http://ns.google.com/photos/1.0/depthmap/"),
        ("Container", "http://ns.google.com/photos/1.0/container/"),
        ("Item", "http://ns.google.com/photos/1.0/container/item/"),
        ("hdrgm", "http://ns.adobe.com/hdr-gain-map/1.0/"),
        ("mwg-rs", "http://www.metadataworkinggroup.com/schemas/regions/"),
        ("stDim", "http://ns.adobe.com/xap/1.0/sType/Dimensions#"),
        ("crs", "http://ns.adobe.com/camera-raw-settings/1.0/"),
    ];
    let spaces: String = spaces.iter().map(|(prefix, uri)| format!(" xmlns:{prefix}=\"{uri}\"")).collect();
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF{spaces}><rdf:Description rdf:about=\"\" {attributes}>{elements}</rdf:Description></rdf:RDF>\
         </x:xmpmeta><?xpacket end=\"w\"?>"
    )
    .into_bytes()
}

fn segment(number: u8, content: &[u8]) -> Vec<u8> {
    [&[0xff, 0xe0 + number][..], &(content.len() as u16 + 2).to_be_bytes(), content].concat()
}

fn in_jpeg(file: &[u8], xmp: &[u8]) -> Vec<u8> {
    let content = [b"http://ns.adobe.com/xap/1.0/\0", xmp].concat();
    [&file[..2], &segment(1, &content), &file[2..]].concat()
}

fn in_png(file: &[u8], xmp: &[u8]) -> Vec<u8> {
    png::inserted(file, b"IDAT", &png::chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", xmp].concat()))
}

fn in_webp(width: u32, height: u32, xmp: &[u8]) -> Vec<u8> {
    webp::extended(width, height, 4, &webp::chunk(b"XMP ", xmp))
}

/// The directory is rewritten behind the file, with one more tag.
fn in_tiff(file: &[u8], xmp: &[u8]) -> Vec<u8> {
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes")) as usize;
    let at = number(4);
    let count = u16::from_le_bytes([file[at], file[at + 1]]);
    let entries = &file[at + 2..at + 2 + 12 * usize::from(count)];
    let mut out = [file, xmp].concat();
    out.resize(out.len().next_multiple_of(2), 0);
    let place = out.len() as u32;
    out[4..8].copy_from_slice(&place.to_le_bytes());
    out.extend((count + 1).to_le_bytes());
    let own =
        [&700u16.to_le_bytes()[..], &[1, 0], &(xmp.len() as u32).to_le_bytes(), &(file.len() as u32).to_le_bytes()];
    let mut tags: Vec<Vec<u8>> = entries.chunks(12).map(<[u8]>::to_vec).chain([own.concat()]).collect();
    tags.sort_by_key(|tag| u16::from_le_bytes([tag[0], tag[1]]));
    out.extend(tags.concat());
    out.extend([0; 4]);
    out
}

/// The XMP of what was made, as text.
fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let (start, end) = (text.find("<x:xmpmeta"), text.find("</x:xmpmeta>"));
    start.zip(end).map(|(start, end)| text[start..end].to_owned()).unwrap_or_default()
}

/// The file with the report's notes.
#[track_caller]
fn made(bytes: &[u8], to: &str, options: &[&str]) -> (Vec<u8>, Vec<String>) {
    let world = World::new();
    world.write("in", bytes);
    let ran = world.run(&[&["in", "-o", to, "--report", "-"], options].concat());
    ran.ok();
    let notes = line(&report(&ran.stdout), "done", "in")["notes"].as_array().cloned().unwrap_or_default();
    (world.read(to), notes.iter().map(|note| note.as_str().expect("words").to_owned()).collect())
}

#[test]
fn orientation_told_by_xmp_alone_turns_the_picture() {
    for xmp in [
        packet("tiff:Orientation=\"6\"", ""),
        packet("tiff:Orientation='6'", ""),
        packet("", "<tiff:Orientation> 6 </tiff:Orientation>"),
    ] {
        for (name, file) in [
            ("jpeg", in_jpeg(&jpeg::plain(96, 64), &xmp)),
            ("png", in_png(&png::rgb(96, 64), &xmp)),
            ("webp", in_webp(96, 64, &xmp)),
            ("tiff", in_tiff(&oddities::others::tiff(96, 64), &xmp)),
        ] {
            let (out, _) = made(&file, "o.png", &["-s", "original", "--metadata", "keep"]);
            let (width, height, pixels) = crate::testenv::decode(&out);
            assert_eq!((width, height), (64, 96), "{name}");
            // Turned by a quarter, clockwise: what was at the left is at the top.
            let want: Vec<u8> =
                (0..96).flat_map(|y| (0..64).flat_map(move |x| scene::pixel(y, 63 - x, 96, 64))).collect();
            assert!(distance(&pixels, &want) < 60, "{name}");
            assert!(
                !text(&out).contains('6')
                    || text(&out).contains("tiff:Orientation=\"1\"")
                    || text(&out).contains("<tiff:Orientation>1<"),
                "{name}"
            );
            let (out, _) = made(&file, "o.png", &["-s", "original", "--no-auto-orient", "--metadata", "keep"]);
            assert_eq!(crate::testenv::decode(&out).0, 96, "{name}");
        }
    }
}

#[test]
fn orientation_of_exif_goes_before_that_of_xmp() {
    let xmp = packet("tiff:Orientation=\"6\"", "");
    for orientation in [1, 3] {
        let exif = segment(1, &oddities::exif::app1(&oddities::exif::orientation(orientation)));
        let plain = in_jpeg(&jpeg::plain(96, 64), &xmp);
        let file = [&plain[..2], &exif, &plain[2..]].concat();
        assert_eq!(crate::testenv::decode(&made(&file, "o.png", &["-s", "original"]).0).0, 96);
    }
    let nonsense = in_jpeg(&jpeg::plain(96, 64), &packet("tiff:Orientation=\"9\"", ""));
    assert_eq!(crate::testenv::decode(&made(&nonsense, "o.png", &["-s", "original"]).0).0, 96);
}

const PANO: &str = "GPano:ProjectionType=\"equirectangular\" GPano:CroppedAreaImageWidthPixels=\"96\" \
    GPano:CroppedAreaImageHeightPixels=\"64\" GPano:FullPanoWidthPixels=\"192\" GPano:FullPanoHeightPixels=\"96\" \
    GPano:CroppedAreaLeftPixels=\"48\" GPano:CroppedAreaTopPixels=\"16\" GPano:PoseHeadingDegrees=\"350.0\"";

#[test]
fn a_panorama_counts_the_pixels_of_the_thumbnail() {
    let as_elements: String = PANO
        .split_whitespace()
        .filter_map(|part| part.split_once("=\""))
        .map(|(name, value)| format!("<{name}>{}</{name}>", value.trim_end_matches('"')))
        .collect();
    for xmp in [packet(PANO, ""), packet("", &as_elements)] {
        for (file, to) in [
            (in_jpeg(&jpeg::plain(96, 64), &xmp), "o.jpg"),
            (in_png(&png::rgb(96, 64), &xmp), "o.png"),
            (in_webp(96, 64, &xmp), "o.webp"),
        ] {
            let (out, _) = made(&file, to, &["-s", "48", "--metadata", "keep"]);
            let kept = text(&out);
            for (name, number) in [
                ("CroppedAreaImageWidthPixels", 48),
                ("CroppedAreaImageHeightPixels", 32),
                ("FullPanoWidthPixels", 96),
                ("FullPanoHeightPixels", 48),
                ("CroppedAreaLeftPixels", 24),
                ("CroppedAreaTopPixels", 8),
            ] {
                let (attribute, element) = (format!("GPano:{name}=\"{number}\""), format!("<GPano:{name}>{number}<"));
                assert!(kept.contains(&attribute) || kept.contains(&element), "{name} in {to}: {kept}");
            }
            assert!(kept.contains("equirectangular") && kept.contains("350.0"), "{kept}");
            // A part of it, or one with bars, is no panorama of this kind.
            for fit in ["cover", "contain"] {
                let (out, _) = made(&file, to, &["-s", "48x48", "--fit", fit, "--metadata", "keep"]);
                assert!(
                    !text(&out).contains("GPano") && text(&out).contains("rdf:Description"),
                    "{fit}: {}",
                    text(&out)
                );
            }
        }
    }
}

#[test]
fn what_is_not_in_the_file_is_not_told() {
    let attributes = "GCamera:MicroVideo=\"1\" GCamera:MicroVideoVersion=\"1\" GCamera:MicroVideoOffset=\"4000\" \
        GCamera:MotionPhoto=\"1\" GCamera:MotionPhotoVersion=\"1\" GCamera:MotionPhotoPresentationTimestampUs=\"500\" \
        hdrgm:Version=\"1.0\" xmpNote:HasExtendedXMP=\"0123456789ABCDEF\" GDepth:Format=\"RangeInverse\" \
        GDepth:Mime=\"image/png\" crs:CropWidth=\"96\" xmp:CreatorTool=\"a camera\"";
    let elements = "<Container:Directory><rdf:Seq><rdf:li rdf:parseType=\"Resource\"><Container:Item \
        Item:Mime=\"video/mp4\" Item:Semantic=\"MotionPhoto\" Item:Length=\"4000\"/></rdf:li></rdf:Seq>\
        </Container:Directory><GDepth:Data>AAAA</GDepth:Data><hdrgm:GainMapMax><rdf:Seq><rdf:li>2</rdf:li></rdf:Seq>\
        </hdrgm:GainMapMax><xmp:Thumbnails><rdf:Alt><rdf:li>AAAA</rdf:li></rdf:Alt></xmp:Thumbnails>\
        <exif:PixelXDimension>96</exif:PixelXDimension><tiff:ImageLength>64</tiff:ImageLength>";
    let file = in_jpeg(&jpeg::plain(96, 64), &packet(attributes, elements));
    let (out, _) = made(&file, "o.jpg", &["-s", "48", "--metadata", "keep"]);
    let kept = text(&out);
    for gone in ["MicroVideo", "MotionPhoto", "hdrgm", "HasExtendedXMP", "GDepth", "Container", "Item:", "Thumbnails"] {
        assert!(!kept.contains(gone), "{gone} in {kept}");
    }
    assert!(!kept.contains("CropWidth") && kept.contains("xmp:CreatorTool=\"a camera\""), "{kept}");
    assert!(kept.contains("<exif:PixelXDimension>48<") && kept.contains("<tiff:ImageLength>32<"), "{kept}");
}

#[test]
fn regions_hold_or_go() {
    let regions = "<mwg-rs:Regions rdf:parseType=\"Resource\"><mwg-rs:AppliedToDimensions stDim:w=\"96\" stDim:h=\"64\" \
        stDim:unit=\"pixel\"/><mwg-rs:RegionList><rdf:Bag><rdf:li>Ada</rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>";
    let file = in_jpeg(&jpeg::plain(96, 64), &packet("crs:HasCrop=\"True\" crs:CropTop=\"0.1\"", regions));
    let (out, _) = made(&file, "o.jpg", &["-s", "48", "--metadata", "keep"]);
    let kept = text(&out);
    assert!(
        kept.contains("stDim:w=\"48\" stDim:h=\"32\"") && kept.contains("Ada") && kept.contains("CropTop"),
        "{kept}"
    );
    let (out, _) = made(&file, "o.jpg", &["-s", "48x48", "--fit", "cover", "--metadata", "keep"]);
    let kept = text(&out);
    assert!(!kept.contains("mwg-rs:R") && !kept.contains("Ada") && !kept.contains("Crop"), "{kept}");
    let turned = in_jpeg(&jpeg::plain(96, 64), &packet("tiff:Orientation=\"6\"", regions));
    assert!(!text(&made(&turned, "o.jpg", &["-s", "48", "--metadata", "keep"]).0).contains("Ada"));
}

/// Curve, kind and bytes of the profile in a PNG or WebP.
fn profile(file: &[u8]) -> Option<String> {
    let icc = match file.windows(4).position(|name| name == b"iCCP") {
        Some(at) => {
            let content = &file[at + 4..];
            let zlib = content.iter().position(|&byte| byte == 0)? + 2;
            let mut out = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(&content[zlib..]), &mut out).ok()?;
            out
        }
        None => file[file.windows(4).position(|name| matches!(name, b"ICCP"))? + 8..].to_vec(),
    };
    Some(String::from_utf8_lossy(&icc[16..20]).into_owned())
}

fn with_profile(file: &[u8], profile: &moxcms::ColorProfile) -> Vec<u8> {
    let content = [&b"ICC_PROFILE\0\x01\x01"[..], &profile.encode().expect("a profile")].concat();
    [&file[..2], &segment(2, &content), &file[2..]].concat()
}

#[test]
fn a_kept_profile_is_one_of_the_pixels_beside_it() {
    let grey = with_profile(&jpeg::grey(96, 64), &moxcms::ColorProfile::new_gray_with_gamma(1.4));
    let colored = with_profile(&jpeg::grey(96, 64), &moxcms::ColorProfile::new_pro_photo_rgb());
    let size = ["-s", "original"];
    let keep = ["-s", "original", "--icc", "keep"];
    // Grey stays what it is where there is grey.
    let (out, notes) = made(&grey, "o.png", &keep);
    assert_eq!((profile(&out).as_deref(), notes), (Some("GRAY"), vec![]));
    assert!(distance(&crate::testenv::decode(&out).2, &crate::testenv::decode(&jpeg::grey(96, 64)).2) <= 2);
    let (out, notes) = made(&colored, "o.png", &keep);
    assert_eq!((profile(&out).as_deref(), notes), (Some("GRAY"), vec![]));
    assert!(distance(&crate::testenv::decode(&out).2, &crate::testenv::decode(&jpeg::grey(96, 64)).2) <= 2);
    // WebP has none: pixels of three samples have a profile of three, or are sRGB.
    let how = ["-s", "original", "--icc", "keep", "--lossless"];
    let (out, notes) = made(&colored, "o.webp", &how);
    assert_eq!((profile(&out).as_deref(), notes), (Some("RGB "), vec![]));
    let (out, notes) = made(&grey, "o.webp", &how);
    assert_eq!(profile(&out), None);
    assert_eq!(notes, ["colours converted to sRGB: no profile fits them in this output"]);
    let want = crate::testenv::decode(&made(&grey, "o.png", &size).0).2;
    assert!(distance(&crate::testenv::decode(&out).2, &want) <= 1);
    // Beside bars of a colour, too.
    let bars = ["-s", "96x96", "--fit", "contain", "--background", "red", "--icc", "keep"];
    let (out, notes) = made(&grey, "o.png", &bars);
    assert_eq!((profile(&out), notes.len()), (None, 1));
    assert_eq!(profile(&made(&colored, "o.png", &bars).0).as_deref(), Some("RGB "));
    // Three samples with a profile of grey have none.
    let misfit = with_profile(&jpeg::plain(96, 64), &moxcms::ColorProfile::new_gray_with_gamma(1.4));
    let (out, notes) = made(&misfit, "o.png", &keep);
    assert_eq!(profile(&out), None);
    assert_eq!(notes, ["colour profile of another kind of pixels ignored"]);
}
