//! What of a picture's metadata stands in its outputs, as another program reads it.

use crate::testenv::{World, has, skip};
use serde_json::Value;

/// Everything that exiftool finds, by `group:tag`, numbers as numbers.
fn tags(world: &World, file: &str) -> Value {
    let mut exiftool = world.command("exiftool");
    let ran = world.finish(exiftool.args(["-j", "-n", "-a", "-G1", file]));
    ran.code(0);
    serde_json::from_slice::<Value>(&ran.stdout).expect("JSON")[0].take()
}

/// Groups that hold a tag whose `group:tag` contains `part`.
fn groups(found: &Value, part: &str) -> Vec<String> {
    found.as_object().expect("an object").keys().filter(|key| key.contains(part)).cloned().collect()
}

/// EXIF with a maker's name and note, which exiftool keeps but does not write itself.
fn exif() -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value.to_be_bytes()].concat()
    };
    let head = b"MM\0*\0\0\0\x08".to_vec();
    let first = [&2u16.to_be_bytes()[..], &entry(0x010f, 2, 6, 38), &entry(0x8769, 4, 1, 44), &[0; 4]].concat();
    let second = [&1u16.to_be_bytes()[..], &entry(0x927c, 7, 24, 62), &[0; 4]].concat();
    [&head[..], &first, b"Maker\0", &second, b"the secrets of the maker"].concat()
}

/// A picture, 96 x 64 as stored, that holds all there is to hold.
fn everything(world: &World) {
    let plain = oddities::jpeg::plain(96, 64);
    let app1 = oddities::exif::app1(&exif());
    let length = (app1.len() as u16 + 2).to_be_bytes();
    let bytes = [&plain[..2], b"\xff\xe1", &length, &app1, &plain[2..]].concat();
    world.write("all.jpg", &bytes);
    world.write("preview.jpg", &oddities::jpeg::plain(32, 24));
    world.write("p3.icc", &moxcms::ColorProfile::new_display_p3().encode().expect("a profile"));
    let mut exiftool = world.command("exiftool");
    exiftool.args(["-q", "-overwrite_original", "-n", "-Orientation=6", "-ExifImageWidth=96", "-ExifImageHeight=64"]);
    exiftool.args([
        "-IFD0:Artist=A. Person",
        "-IFD0:Copyright=(c) A. Person",
        "-GPSLatitude=12.5",
        "-GPSLatitudeRef=N",
    ]);
    exiftool.args(["-XMP-dc:Creator=A. Person", "-XMP-dc:Rights=all mine", "-XMP-exif:GPSLatitude=12.5"]);
    exiftool.args(["-XMP-tiff:Orientation=6", "-XMP-dc:Subject=harbour", "-XMP-xmpRights:Marked=1"]);
    exiftool.args(["-IPTC:CopyrightNotice=mine too", "-IPTC:By-line=A. Person", "-IPTC:Keywords=harbour"]);
    exiftool.args(["-ThumbnailImage<=preview.jpg", "-ICC_Profile<=p3.icc", "all.jpg"]);
    world.finish(&mut exiftool).code(0);
    let found = tags(world, "all.jpg");
    let there = ["ThumbnailImage", "GPS:GPSLatitude", "IFD0:Make", "ICC", "IPTC:Keywords", "MakerNote"];
    let missing: Vec<_> = there.iter().filter(|part| groups(&found, part).is_empty()).collect();
    assert!(missing.is_empty(), "the source lacks {missing:?}: {found:#}");
}

/// What is in no output but with `keep`, and what is in none at all.
const PRIVATE: [&str; 7] = ["GPS", "Make", "Subject", "Keywords", "MakerNote", "Orientation", "ExifIFD"];
const NEVER: [&str; 3] = ["ThumbnailImage", "IFD1:", "Warning"];

#[test]
fn what_exiftool_finds_in_outputs() {
    if !has("exiftool") {
        return skip("there is no exiftool to look with");
    }
    let world = World::new();
    everything(&world);
    for format in ["jpeg", "png", "webp"] {
        // WebP has no place for IPTC.
        let iptc = format != "webp";
        let make = |policy: &str, icc: &str| {
            let name = format!("{policy}-{icc}.{{ext}}");
            world
                .run(&[
                    "all.jpg",
                    "-o",
                    format,
                    "-f",
                    format,
                    "-s",
                    "48x48",
                    "--name",
                    &name,
                    "--metadata",
                    policy,
                    "--icc",
                    icc,
                ])
                .ok();
            let ext = if format == "jpeg" { "jpg" } else { format };
            let found = tags(&world, &format!("{format}/{policy}-{icc}.{ext}"));
            for part in NEVER {
                assert!(groups(&found, part).is_empty(), "{format} {policy} has {part}: {found:#}");
            }
            assert_eq!(
                groups(&found, "ICC_Profile:").is_empty() && groups(&found, "ICC-header:").is_empty(),
                icc == "srgb",
                "{format}: {found:#}"
            );
            found
        };

        let none = make("none", "srgb");
        for part in ["Artist", "Copyright", "XMP", "IPTC", "EXIF:", "IFD0:"].iter().chain(&PRIVATE) {
            assert!(groups(&none, part).is_empty(), "{format} none has {part}: {none:#}");
        }

        let copyright = make("copyright", "srgb");
        for part in PRIVATE {
            assert!(groups(&copyright, part).is_empty(), "{format} copyright has {part}: {copyright:#}");
        }
        assert_eq!(copyright["IFD0:Artist"], "A. Person", "{format}: {copyright:#}");
        assert_eq!(copyright["IFD0:Copyright"], "(c) A. Person", "{format}");
        assert_eq!(copyright["XMP-dc:Rights"], "all mine", "{format}");
        assert_eq!(copyright["XMP-dc:Creator"], "A. Person", "{format}");
        assert_eq!(copyright.get("IPTC:CopyrightNotice").is_some(), iptc, "{format}: {copyright:#}");

        let keep = make("keep", "keep");
        for (tag, value) in [
            ("IFD0:Orientation", 1),
            ("ExifIFD:ExifImageWidth", 32),
            ("ExifIFD:ExifImageHeight", 48),
            ("XMP-tiff:Orientation", 1),
        ] {
            assert_eq!(keep[tag], value, "{format} {tag}: {keep:#}");
        }
        assert_eq!(keep["GPS:GPSLatitude"], 12.5, "{format}");
        assert_eq!(keep["IFD0:Make"], "Maker", "{format}");
        assert_eq!(keep["XMP-dc:Subject"], "harbour", "{format}");
        assert!(!groups(&keep, "MakerNote").is_empty(), "{format}: {keep:#}");
        assert_eq!(keep.get("IPTC:Keywords").is_some(), iptc, "{format}: {keep:#}");

        // Once more, from what we wrote.
        let ext = if format == "jpeg" { "jpg" } else { format };
        let first = format!("{format}/keep-keep.{ext}");
        world.run(&[&first, "-o", "again.jpg", "-s", "24", "--metadata", "keep", "--icc", "keep"]).ok();
        let again = tags(&world, "again.jpg");
        assert_eq!(again["ExifIFD:ExifImageWidth"], 16, "{format}: {again:#}");
        assert_eq!(again.get("IPTC:Keywords"), keep.get("IPTC:Keywords"), "{format}: {again:#}");
        assert_eq!(again["XMP-dc:Rights"], "all mine", "{format}");
    }
}
