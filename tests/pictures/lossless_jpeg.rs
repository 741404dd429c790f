//! `--lossless` from JPEG to JPEG: the same pixels in fewer bytes.

use crate::testenv::{World, report};

fn photograph(world: &World, name: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos").join(name);
    world.write(name, &std::fs::read(path).expect("a photograph"));
}

#[test]
fn the_pixels_are_the_same_and_the_file_is_smaller() {
    let world = World::new();
    for name in ["astronaut.jpg", "camera.jpg", "chelsea.jpg", "hopper.jpg", "hubble.jpg"] {
        photograph(&world, name);
        world.run(&[name, "-s", "original", "--lossless", "-o", "out/"]).ok().never_says("no effect");
        let out = format!("out/{name}");
        assert!(world.pixels(&out) == world.pixels(name), "{name}");
        assert!(world.read(&out).len() < world.read(name).len(), "{name}");
    }
}

#[test]
fn a_picture_of_whole_blocks_is_turned() {
    let world = World::new();
    photograph(&world, "raccoon.jpg");
    world.run(&["raccoon.jpg", "-s", "original", "--lossless", "-o", "out/"]).ok();
    // 768x1024 as stored, to be turned by 90 degrees.
    assert_eq!(world.size("out/raccoon.jpg"), (1024, 768));
    let (_, _, stored) = world.pixels("raccoon.jpg");
    let (width, height, turned) = world.pixels("out/raccoon.jpg");
    let (mut sum, mut most) = (0u64, 0);
    for y in 0..height as usize {
        for x in 0..width as usize {
            let from = ((width as usize - 1 - x) * height as usize + y) * 3;
            let to = (y * width as usize + x) * 3;
            for c in 0..3 {
                let difference = stored[from + c].abs_diff(turned[to + c]);
                sum += u64::from(difference);
                most = most.max(difference);
            }
        }
    }
    // Luma is the same. 4:2:2 became 4:4:0, for which libjpeg upsamples chroma in another way.
    let mean = sum as f64 / turned.len() as f64;
    assert!(mean < 2.0 && most < 20, "{mean}, at most {most}");
    let again = world.run(&["out/raccoon.jpg", "-s", "original", "--lossless", "-o", "again/"]);
    again.ok();
    assert_eq!(world.size("again/raccoon.jpg"), (1024, 768));
}

#[test]
fn a_picture_with_partial_blocks_keeps_its_orientation_tag() {
    let world = World::new();
    world.write("a.jpg", &oddities::jpeg::oriented(6, 96, 61));
    world.run(&["a.jpg", "-s", "original", "--lossless", "-o", "out/", "--report", "r.ndjson"]).ok();
    let lines = report(&world.read("r.ndjson"));
    let notes = lines[0]["notes"].to_string();
    let (source, made) = (world.size("a.jpg"), world.size("out/a.jpg"));
    if notes.contains("orientation tag") {
        assert_eq!(source, made);
        // Another run finds the tag and turns the pixels.
        world.run(&["out/a.jpg", "-s", "original", "-f", "png", "-o", "png/"]).ok();
        world.run(&["a.jpg", "-s", "original", "-f", "png", "-o", "other/"]).ok();
        assert!(world.pixels("png/a.png") == world.pixels("other/a.png"));
        assert_eq!(world.size("png/a.png"), (source.1, source.0));
    } else {
        assert_eq!((source.1, source.0), made);
    }
}

#[test]
fn arithmetic_coding_becomes_huffman_with_the_same_pixels() {
    let world = World::new();
    world.write("a.jpg", include_bytes!("../../fixtures/jpeg/arithmetic.jpg"));
    world.write("b.jpg", include_bytes!("../../fixtures/jpeg/huffman.jpg"));
    world.run(&["a.jpg", "-s", "original", "--lossless", "-o", "out/"]).ok();
    assert!(world.pixels("out/a.jpg") == world.pixels("b.jpg"));
}

#[test]
fn damage_is_a_failure_and_leaves_nothing() {
    let world = World::new();
    photograph(&world, "hopper.jpg");
    let bytes = world.read("hopper.jpg");
    world.write("cut.jpg", &bytes[..bytes.len() / 2]);
    world.run(&["cut.jpg", "-s", "original", "--lossless", "-o", "out/"]).code(1).says("truncated JPEG");
    assert!(!world.exists("out/cut.jpg"));
}

#[test]
fn a_resized_jpeg_is_encoded_again_and_that_is_said() {
    let world = World::with(&["a.jpg"]);
    let ran = world.run(&["a.jpg", "-s", "50", "-f", "jpeg", "--lossless", "-o", "out/"]);
    ran.ok().says("--lossless has no effect: a resized JPEG is encoded again");
}

#[test]
fn metadata_follow_the_option() {
    let world = World::new();
    photograph(&world, "hubble.jpg");
    world.run(&["hubble.jpg", "-s", "original", "--lossless", "-o", "none/"]).ok();
    world.run(&["hubble.jpg", "-s", "original", "--lossless", "--metadata", "keep", "-o", "keep/"]).ok();
    let has = |name: &str, what: &[u8]| world.read(name).windows(what.len()).any(|w| w == what);
    assert!(!has("none/hubble.jpg", b"Exif\0\0") && has("keep/hubble.jpg", b"Exif\0\0"));
    // Its pixels are as they were, so its profile stays.
    assert_eq!(has("hubble.jpg", b"ICC_PROFILE"), has("none/hubble.jpg", b"ICC_PROFILE"));
}
