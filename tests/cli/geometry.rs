//! Sizes, fits and what they do to pixels.

use crate::testenv::{World, distance, mean};
use oddities::scene;

/// Runs over a picture of the given size and returns the output's.
fn made(width: u32, height: u32, options: &str) -> (u32, u32) {
    let world = World::new();
    world.sized("a.png", width, height);
    let args: Vec<&str> = ["a.png", "-o", "b.png"].into_iter().chain(options.split_whitespace()).collect();
    world.run(&args).ok();
    world.size("b.png")
}

#[test]
fn sizes_as_they_are_promised() {
    for (source, options, expected) in [
        ((1600, 1000), "", (800, 500)),
        ((1000, 1600), "", (375, 600)),
        ((90, 60), "", (90, 60)),
        ((400, 200), "-s 256", (256, 128)),
        ((400, 200), "-s 100x100", (100, 50)),
        ((400, 200), "-s 100x", (100, 50)),
        ((400, 200), "-s x100", (200, 100)),
        ((400, 200), "-s 50%", (200, 100)),
        ((401, 201), "-s 50%", (201, 101)),
        ((400, 200), "-s original", (400, 200)),
        ((400, 3), "-s 100", (100, 1)),
        ((400, 1), "-s 10", (10, 1)),
        ((90, 60), "-s 180 --enlarge", (180, 120)),
        ((90, 60), "-s 200% --enlarge", (180, 120)),
        ((400, 200), "-s 100x100 --fit cover", (100, 100)),
        ((400, 200), "-s 100x100 --fit contain", (100, 100)),
        ((400, 200), "-s 100x80 --fit fill", (100, 80)),
        ((400, 200), "-s 100x100 --fit outside", (200, 100)),
        // Without --enlarge: the box's shape at the largest size inside the picture; bars around the unenlarged picture.
        ((90, 60), "-s 200x100 --fit cover", (90, 45)),
        ((90, 60), "-s 200x100 --fit contain", (200, 100)),
        ((90, 60), "-s 200x100 --fit cover --enlarge", (200, 100)),
        ((90, 60), "-s 200x100 --fit contain --enlarge", (200, 100)),
        ((90, 60), "-s 180x30 --fit fill --enlarge", (180, 30)),
    ] {
        let (width, height) = source;
        assert_eq!(made(width, height, options), expected, "{width}x{height} with {options:?}");
    }
}

#[test]
fn senseless_settings_are_usage_errors() {
    let world = World::with(&["a.jpg"]);
    for options in [
        "-s 0x0",
        "-s x",
        "-s 10x10x10",
        "-s -5",
        "-s 0",
        "-s 0%",
        "-s big",
        "-s 99999999999",
        "-s ,",
        "--fit round",
        "--gravity up",
        "--background no-such-colour",
        "--filter sharp",
        "-q 0",
        "-q 101",
        "--subsample 410",
    ] {
        let args: Vec<&str> = std::iter::once("a.jpg").chain(options.split(' ')).collect();
        let ran = world.run(&args);
        assert_eq!(ran.code, Some(2), "{options}: {}", ran.stderr);
    }
    world.no_leftovers(&["a.jpg"]);
}

#[test]
fn cover_crops_where_gravity_says() {
    let world = World::new();
    world.sized("a.png", 240, 80);
    for (gravity, at) in [
        ("west", 0),
        ("northwest", 0),
        ("southwest", 0),
        ("center", 80),
        ("north", 80),
        ("south", 80),
        ("east", 160),
        ("northeast", 160),
        ("southeast", 160),
    ] {
        world.run(&["a.png", "-s", "80x80", "--fit", "cover", "--gravity", gravity, "-o", "b.png"]).ok();
        let (width, height, pixels) = world.pixels("b.png");
        assert_eq!((width, height), (80, 80));
        let expected: Vec<u8> =
            (0..80).flat_map(|y| (at..at + 80).flat_map(move |x| scene::pixel(x, y, 240, 80))).collect();
        assert_eq!(distance(&pixels, &expected), 0, "{gravity}");
    }
}

#[test]
fn contain_pads_with_the_background() {
    let world = World::with(&["a.png"]);
    for (color, expected) in
        [("white", [255; 3]), ("#102030", [16, 32, 48]), ("rgb(1, 2, 3)", [1, 2, 3]), ("tomato", [255, 99, 71])]
    {
        world.run(&["a.png", "-s", "96x96", "--fit", "contain", "--background", color, "-o", "b.png"]).ok();
        let (_, _, pixels) = world.pixels("b.png");
        assert_eq!(pixels[..3], expected, "{color}");
        assert_eq!(pixels[pixels.len() - 3..], expected, "{color}");
        assert_eq!(pixels[96 * 3 * 16..][..96 * 64 * 3], scene::rgb(96, 64), "the picture stands in the middle");
    }
    world.run(&["a.png", "-s", "96x96", "--fit", "contain", "--gravity", "north", "-o", "b.png"]).ok();
    assert_eq!(world.pixels("b.png").2[..96 * 64 * 3], scene::rgb(96, 64));
}

#[test]
fn every_orientation_comes_out_upright() {
    let world = World::new();
    for orientation in 1..=8 {
        world.write(format!("{orientation}.jpg"), &oddities::jpeg::oriented(orientation, 96, 64));
        world.write(format!("{orientation}.png"), &oddities::png::oriented(orientation, 96, 64));
        world.write(format!("{orientation}.webp"), &oddities::webp::oriented(orientation, 96, 64));
    }
    world.run(&[".", "-o", "up", "-s", "original", "-f", "png", "--name", "{name}.png"]).ok();
    world.run(&[".", "-o", "half", "-s", "48", "-f", "png", "--name", "{name}.png", "--exclude", "up"]).ok();
    let half = world.pixels("half/1.png.png").2;
    for orientation in 1..=8 {
        // JPEG rings at the scene's hard edges, so it is judged by its mean.
        for (extension, tolerance) in [("jpg", 1.5), ("png", 0.0), ("webp", 0.0)] {
            let name = format!("{orientation}.{extension}.png");
            let (width, height, pixels) = world.pixels(format!("up/{name}"));
            assert_eq!((width, height), (96, 64), "{name}");
            assert!(mean(&pixels, &scene::rgb(96, 64)) <= tolerance, "{name}");
            let small = world.pixels(format!("half/{name}"));
            assert_eq!((small.0, small.1), (48, 32), "{name}");
            assert!(mean(&small.2, &half) <= tolerance + 0.5, "{name} made smaller is {} off", mean(&small.2, &half));
        }
    }
}

#[test]
fn boxes_are_meant_for_the_upright_picture() {
    let world = World::new();
    world.write("a.jpg", &oddities::jpeg::oriented(6, 400, 200));
    world.run(&["a.jpg", "-s", "100x", "-o", "b.png"]).ok();
    assert_eq!(world.size("b.png"), (100, 50));
    world.run(&["a.jpg", "-s", "100x100", "--fit", "cover", "--gravity", "northwest", "-o", "b.png"]).ok();
    let corner = &world.pixels("b.png").2[..3];
    assert!(distance(corner, &[208, 48, 48]) < 12, "{corner:?} should be the red corner");
}

#[test]
fn no_auto_orient_leaves_pixels_as_stored() {
    let world = World::new();
    world.write("a.png", &oddities::png::oriented(6, 96, 64));
    world.run(&["a.png", "--no-auto-orient", "-o", "b.png"]).ok();
    let (width, height, stored) = scene::stored(6, 96, 64);
    assert_eq!(world.pixels("b.png"), (width, height, stored));
}

#[test]
fn alpha_is_flattened_onto_the_background_for_jpeg() {
    let world = World::new();
    world.write("a.png", &oddities::png::palette_with_transparency(96, 64));
    for (options, expected) in [(&[][..], [255; 3]), (&["--background", "navy"][..], [0, 0, 128])] {
        let args: Vec<&str> = ["a.png", "-o", "b.jpg"].iter().chain(options).copied().collect();
        world.run(&args).ok();
        let (_, _, pixels) = world.pixels("b.jpg");
        let corner = &pixels[pixels.len() - 3..];
        assert!(distance(corner, &expected) < 6, "the clear corner is {corner:?}, not {expected:?}");
        assert!(distance(&pixels[..3], &[208, 48, 48]) < 12, "the opaque corner does not");
    }
}

#[test]
fn a_jpeg_of_a_few_hundred_bytes_is_read_to_its_end() {
    // zune-jpeg 0.5.15 left the last blocks black, without an error.
    let world = World::new();
    world.sized("a.png", 96, 64);
    world.run(&["a.png", "-o", "b.jpg", "-q", "90"]).ok();
    assert!(world.read("b.jpg").len() < 1000);
    world.run(&["b.jpg", "-o", "c.png"]).ok();
    let off = mean(&world.pixels("c.png").2, &scene::rgb(96, 64));
    assert!(off < 3.0, "{off}");
}

#[test]
fn clear_pixels_do_not_bleed_while_resizing() {
    // Left half opaque white, right half clear black: premultiplied, no grey appears at the seam.
    let world = World::new();
    let mut pixels = Vec::new();
    for _ in 0..64 {
        pixels.extend([255u8, 255, 255, 255].repeat(32));
        pixels.extend([0u8, 0, 0, 0].repeat(32));
    }
    let mut encoded = std::io::Cursor::new(Vec::new());
    let picture = image::RgbaImage::from_raw(64, 64, pixels).unwrap();
    picture.write_to(&mut encoded, image::ImageFormat::Png).unwrap();
    world.write("a.png", encoded.get_ref());
    world.run(&["a.png", "-s", "15", "-o", "b.png"]).ok();
    let small = image::load_from_memory(&world.read("b.png")).unwrap().into_rgba8();
    for pixel in small.pixels().filter(|p| p[3] > 8) {
        assert!(pixel.0[..3].iter().all(|v| *v >= 250), "{pixel:?} is darkened by clear black");
    }
}

#[test]
fn every_filter_works_and_nearest_mixes_nothing() {
    let world = World::new();
    world.sized("a.png", 100, 70);
    for filter in ["lanczos3", "catmullrom", "mitchell", "bilinear", "box", "nearest"] {
        world.run(&["a.png", "-s", "33", "--filter", filter, "-o", "b.png"]).ok();
        assert_eq!(world.size("b.png"), (33, 23), "{filter}");
    }
    let colors: Vec<[u8; 3]> = scene::rgb(100, 70).chunks(3).map(|p| [p[0], p[1], p[2]]).collect();
    assert!(world.pixels("b.png").2.chunks(3).all(|p| colors.iter().any(|c| c == p)));
}

#[test]
fn several_sizes_come_from_one_run() {
    let world = World::new();
    world.sized("a.jpg", 400, 300);
    world.run(&["a.jpg", "-s", "200,100x100", "-s", "50%,original", "-o", "out/"]).ok();
    assert_eq!(world.tree(), ["a.jpg", "out/a_100x100.jpg", "out/a_200.jpg", "out/a_50%.jpg", "out/a_original.jpg"]);
    assert_eq!(world.size("out/a_200.jpg"), (200, 150));
    assert_eq!(world.size("out/a_100x100.jpg"), (100, 75));
    assert_eq!(world.size("out/a_50%.jpg"), (200, 150));
    assert_eq!(world.size("out/a_original.jpg"), (400, 300));
}

#[test]
fn one_of_several_sizes_is_what_it_would_be_alone() {
    // The largest decides how the picture is decoded; a small one may therefore differ by a little, never by a pixel's place.
    let world = World::new();
    world.write("a.jpg", &oddities::jpeg::grainy(1200, 900, 90));
    world.run(&["a.jpg", "-s", "800,100", "-f", "png", "-o", "both/"]).ok();
    world.run(&["a.jpg", "-s", "100", "-f", "png", "-o", "alone/"]).ok();
    let (both, alone) = (world.pixels("both/a_100.png"), world.pixels("alone/a.png"));
    assert_eq!((both.0, both.1), (alone.0, alone.1));
    assert!(mean(&both.2, &alone.2) < 4.0, "mean difference {}", mean(&both.2, &alone.2));
}
