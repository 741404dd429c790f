//! Pictures that grew without being changed: the source's own bytes stand.

use std::io::Cursor;

use image::ExtendedColorType as Type;

use super::{kind, png, rgba};
use crate::testenv::{World, decode, line, report};

const KEPT: &str = "kept the source's own bytes";

/// Runs over one picture, and says whether its own bytes stand.
#[track_caller]
fn stands(world: &World, name: &str, options: &[&str]) -> bool {
    let ran = world.run(&[&[name, "-o", "out/", "--existing", "replace", "--report", "-"][..], options].concat());
    ran.ok();
    line(&report(&ran.stdout), "done", name)["notes"].to_string().contains(KEPT)
}

fn has(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|w| w == words)
}

/// A JPEG segment.
fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    [&[0xff, marker][..], &(content.len() as u16 + 2).to_be_bytes(), content].concat()
}

/// A PNG chunk.
fn chunk(name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(name);
    crc.update(content);
    [&(content.len() as u32).to_be_bytes()[..], name, content, &crc.sum().to_be_bytes()].concat()
}

/// From the first scan on: what is coded.
fn scans(jpeg: &[u8]) -> &[u8] {
    let start = jpeg.windows(2).position(|w| w == [0xff, 0xda]).expect("a scan");
    &jpeg[start..]
}

fn exif() -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x82\x98\0\x02\0\0\0\x08\0\0\0\x1a\0\0\0\0".to_vec();
    exif.extend(b"Some One\0");
    exif
}

/// Coarsely coded, with a comment, EXIF, and something behind its end.
fn small_jpeg(progressive: bool) -> Vec<u8> {
    let plain = match progressive {
        true => oddities::jpeg::progressive(96, 64),
        false => oddities::jpeg::grainy(96, 64, 20),
    };
    let secret = [segment(0xfe, b"secret comment"), segment(0xe1, &exif()), segment(0xec, b"secret Ducky")].concat();
    [&plain[..2], &secret, &plain[2..], b"secret trailer"].concat()
}

#[test]
fn a_small_jpeg_does_not_grow_and_tells_no_more_than_it_may() {
    let world = World::new();
    let source = small_jpeg(false);
    world.write("a.jpg", &source);
    assert!(stands(&world, "a.jpg", &["-q", "95"]));
    let made = world.read("out/a.jpg");
    assert!(made.len() < source.len() && !has(&made, b"secret") && !has(&made, b"Exif") && !has(&made, b"Some One"));
    let end = source.len() - b"secret trailer".len();
    assert!(scans(&made) == scans(&source[..end]), "other scans");
    assert!(decode(&made) == decode(&source), "other pixels");

    assert!(stands(&world, "a.jpg", &["-q", "95", "--metadata", "copyright"]));
    let made = world.read("out/a.jpg");
    assert!(has(&made, b"Some One") && !has(&made, b"secret"));
    assert!(stands(&world, "a.jpg", &["-q", "95", "--metadata", "keep"]));
    let made = world.read("out/a.jpg");
    assert!(has(&made, b"Some One") && !has(&made, b"secret"));
    assert!(scans(&made) == scans(&source[..end]), "other scans");
}

#[test]
fn a_jpeg_is_coded_again_where_its_own_coding_is_not_what_was_asked_for() {
    let world = World::new();
    world.write("a.jpg", &small_jpeg(false));
    world.write("progressive.jpg", &small_jpeg(true));
    assert!(!stands(&world, "a.jpg", &["-q", "95", "--progressive"]));
    assert!(stands(&world, "progressive.jpg", &["-q", "98", "--progressive"]));
    // Smaller by the quality that is asked for.
    assert!(!stands(&world, "a.jpg", &["-q", "5"]));
    for options in ["-s 90", "--fit contain -s 96x96", "--fit cover -s 64x64", "-s 200 --enlarge", "-f webp", "-f png"]
    {
        assert!(!stands(&world, "a.jpg", &options.split_whitespace().collect::<Vec<_>>()), "{options}");
    }
    let sampled = |words: &[u8]| {
        let at = words.windows(2).position(|w| w == [0xff, 0xc0]).expect("a frame");
        words[at + 11]
    };
    for (way, factors) in [("444", 0x11), ("422", 0x21), ("420", 0x22)] {
        let own = stands(&world, "a.jpg", &["-q", "100", "--subsample", way]);
        let is_same = sampled(&world.read("a.jpg")) == factors;
        assert_eq!(own, is_same, "{way}");
        assert_eq!(sampled(&world.read("out/a.jpg")), factors, "{way}");
    }
    // Turned, and cut.
    world.write("turned.jpg", &oddities::jpeg::oriented(6, 96, 64));
    assert!(!stands(&world, "turned.jpg", &["-q", "100"]));
    let cut = oddities::jpeg::grainy(96, 64, 20);
    world.write("cut.jpg", &cut[..cut.len() * 3 / 4]);
    assert!(!stands(&world, "cut.jpg", &["-q", "100", "--allow-truncated"]));
    world.write("inks.jpg", &oddities::jpeg::cmyk(96, 64));
    assert!(!stands(&world, "inks.jpg", &["-q", "100"]));
    assert!(!stands(&world, "inks.jpg", &["-q", "100", "--icc", "keep"]));
}

/// The first output of a run over `a.jpg`.
fn output(world: &World, options: &[&str]) -> serde_json::Value {
    let args = ["a.jpg", "-s", "original", "-o", "out/", "--existing", "replace", "--report", "-"];
    let ran = world.run(&[&args[..], options].concat());
    ran.ok();
    line(&report(&ran.stdout), "done", "a.jpg")["outputs"][0].clone()
}

#[test]
fn a_jpeg_is_not_encoded_above_its_own_quality() {
    let world = World::new();
    world.write("a.jpg", &oddities::jpeg::grainy(96, 64, 50));
    // Coded otherwise than the source.
    assert_eq!(output(&world, &["-q", "90", "--progressive"])["quality"], 50);
    assert_eq!(output(&world, &["-q", "30", "--progressive"])["quality"], 30);
    for options in [&["-q", "90"][..], &["--target", "99.5"]] {
        let kept = output(&world, options);
        assert_eq!((&kept["encoder"], &kept["score"]), (&"source".into(), &100.0.into()), "{options:?} {kept}");
        assert!(kept["quality"].is_null() && kept["effort"].is_null(), "{kept}");
        assert!(decode(&world.read("out/a.jpg")) == decode(&world.read("a.jpg")), "other pixels");
    }
    // What is resized has no quality yet.
    let ran = world.run(&["a.jpg", "-s", "48", "-q", "90", "-o", "small/", "--report", "-"]);
    assert_eq!(line(&report(&ran.ok().stdout), "done", "a.jpg")["outputs"][0]["quality"], 90);
}

#[test]
fn a_jpeg_is_turned_without_loss_where_encoding_it_is_no_better() {
    let world = World::new();
    world.write("a.jpg", &oddities::jpeg::oriented(6, 96, 64));
    let turned = output(&world, &["-q", "100"]);
    assert_eq!((&turned["encoder"], &turned["width"], &turned["height"]), (&"source".into(), &96.into(), &64.into()));
    world.run(&["a.jpg", "-s", "original", "--lossless", "-o", "exact/"]).ok();
    assert!(world.read("out/a.jpg") == world.read("exact/a.jpg"), "not what --lossless makes");
    // Its tag is gone.
    assert!(!has(&world.read("out/a.jpg"), b"Exif"));
    assert_ne!(output(&world, &["-q", "100", "--subsample", "444"])["encoder"], "source");
    assert_ne!(output(&world, &["-q", "5"])["encoder"], "source");
}

#[test]
fn a_well_packed_png_does_not_grow_and_tells_no_more_than_it_may() {
    let world = World::new();
    // Many colours, so that no palette is smaller.
    let many: Vec<u8> = (0..96 * 64u32).flat_map(|i| [i as u8, (i >> 3) as u8, (i >> 6) as u8]).collect();
    let mut wide = Vec::new();
    let mut encoder = png::Encoder::new(&mut wide, 96, 64);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.write_header().expect("a header").write_image_data(&many).expect("rows");
    let secret = [
        chunk(b"tEXt", b"Comment\0secret"),
        chunk(b"tIME", &[7, 234, 1, 1, 1, 1, 1]),
        chunk(b"gAMA", &45_455u32.to_be_bytes()),
        chunk(b"eXIf", &exif()[6..]),
    ]
    .concat();
    let source = [&wide[..33], &secret, &wide[33..]].concat();
    world.write("a.png", &source);
    assert!(stands(&world, "a.png", &[]));
    let made = world.read("out/a.png");
    assert!(made.len() < source.len() && !has(&made, b"secret") && !has(&made, b"tIME") && !has(&made, b"eXIf"));
    assert!(rgba(&made) == rgba(&wide), "other pixels");
    assert!(stands(&world, "a.png", &["--metadata", "copyright"]));
    let made = world.read("out/a.png");
    assert!(has(&made, b"Some One") && !has(&made, b"secret"));
    assert!(rgba(&made) == rgba(&wide), "other pixels");
}

#[test]
fn a_png_is_coded_again_where_it_is_more_than_a_still_picture_of_8_bits_in_srgb() {
    let world = World::new();
    world.write("moving.png", &oddities::png::animated(96, 64));
    assert!(!stands(&world, "moving.png", &[]));
    assert!(!has(&world.read("out/moving.png"), b"acTL"));
    let deep: Vec<u8> = (0..64 * 64u32).flat_map(|i| (i as u16 * 13).to_be_bytes()).collect();
    world.write("deep.png", &png(64, 64, Type::L16, &deep));
    assert!(!stands(&world, "deep.png", &[]));
    assert_eq!(kind(&world.read("out/deep.png")).0, 8);
    world.write("turned.png", &oddities::png::oriented(6, 96, 64));
    assert!(!stands(&world, "turned.png", &[]));
    // Of light that is not sRGB's.
    let plain = png(96, 64, Type::Rgb8, &oddities::scene::rgb(96, 64));
    world.write("dark.png", &[&plain[..33], &chunk(b"gAMA", &100_000u32.to_be_bytes()), &plain[33..]].concat());
    assert!(!stands(&world, "dark.png", &[]));
    assert!(rgba(&world.read("out/dark.png")) != rgba(&plain), "light as it was");
}

#[test]
fn a_webp_does_not_grow_and_tells_no_more_than_it_may() {
    let world = World::new();
    world.write("a.png", &oddities::png::rgb(96, 64));
    world.run(&["a.png", "-q", "5", "-o", "a.webp"]).ok();
    let lossy = world.read("a.webp");
    assert!(stands(&world, "a.webp", &["-q", "100"]));
    assert_eq!(world.read("out/a.webp"), lossy);
    // The pixels of a lossy file are all that lossless can keep.
    assert!(stands(&world, "a.webp", &["--lossless"]));
    assert_eq!(world.read("out/a.webp"), lossy);
    let mut flat = Vec::new();
    let samples: Vec<u8> = (0..96 * 64u32).flat_map(|i| [200, (i / 1000 * 40) as u8, 0, (i % 96) as u8 * 2]).collect();
    let encoder = image::codecs::webp::WebPEncoder::new_lossless(Cursor::new(&mut flat));
    encoder.encode(&samples, 96, 64, Type::Rgba8).expect("a WebP");
    let chunk = |name: &[u8], content: &[u8]| [name, &(content.len() as u32).to_le_bytes(), content].concat();
    let flags = chunk(b"VP8X", &[0x18, 0, 0, 0, 95, 0, 0, 63, 0, 0]);
    let body = [b"WEBP", &flags[..], &flat[12..], &chunk(b"EXIF", &[&exif()[6..], b"secret!"].concat())].concat();
    let source = [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat();
    world.write("flat.webp", &source);
    assert!(stands(&world, "flat.webp", &["-q", "100"]));
    let made = world.read("out/flat.webp");
    assert!(!has(&made, b"secret") && !has(&made, b"VP8X") && rgba(&made) == rgba(&flat));
    assert!(stands(&world, "flat.webp", &["-q", "100", "--metadata", "copyright"]));
    let made = world.read("out/flat.webp");
    assert!(!has(&made, b"secret") && has(&made, b"Some One") && rgba(&made) == rgba(&flat));
    world.write("moving.webp", &oddities::webp::animated(96, 64));
    assert!(!stands(&world, "moving.webp", &["--lossless"]));
    assert!(!has(&world.read("out/moving.webp"), b"ANIM"));
}
