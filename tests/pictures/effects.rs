//! Operations on pixels, through the program.

use crate::testenv::{World, decode, mean, report};

/// The arguments of a command line without quotes.
fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// A PNG of RGBA pixels.
fn png(width: u32, height: u32, at: impl Fn(u32, u32) -> [u8; 4]) -> Vec<u8> {
    let pixels = image::RgbaImage::from_fn(width, height, |x, y| image::Rgba(at(x, y)));
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn plain(width: u32, height: u32, rgb: [u8; 3]) -> Vec<u8> {
    png(width, height, |_, _| [rgb[0], rgb[1], rgb[2], 255])
}

fn rgba(world: &World, name: &str) -> image::RgbaImage {
    image::load_from_memory(&world.read(name)).unwrap().into_rgba8()
}

/// The brightness of neighbours, as a measure of sharpness.
fn contrast((width, _, rgb): &(u32, u32, Vec<u8>)) -> f64 {
    let rows = rgb.chunks_exact(*width as usize * 3);
    rows.map(|row| mean(&row[3..], &row[..row.len() - 3])).sum()
}

#[test]
fn edges_of_one_colour_are_cut_off_before_the_resize() {
    let world = World::new();
    let framed = |x: u32, y: u32| match (20..80).contains(&x) && (10..40).contains(&y) {
        true => [200, 30, 40, 255],
        false => [250, 251, 252, 255],
    };
    world.write("a.png", &png(100, 60, framed));
    world.run(&["a.png", "-s", "original", "-o", "whole.png", "--trim", "10"]).ok();
    assert_eq!(world.size("whole.png"), (60, 30));
    let all = [200, 30, 40].repeat(60 * 30);
    assert_eq!(world.pixels("whole.png").2, all);
    let ran = world
        .run(&["a.png", "-s", "20", "--fit", "contain", "-f", "png", "-o", "out/", "--trim", "10", "--report", "-"]);
    let line = &report(&ran.ok().stdout)[0]["outputs"][0];
    assert_eq!((line["width"].as_u64(), line["height"].as_u64()), (Some(20), Some(20)));
    assert_eq!(world.pixels("out/a.png").2[20 * 3 * 10..][..3], [200, 30, 40], "the inner part has the whole width");
    // A picture without such edges stays as it is, and an orientation tag is respected.
    world.write("b.png", &plain(30, 20, [1, 2, 3]));
    world.run(&["b.png", "-s", "original", "-o", "b-out.png", "--trim", "10"]).ok();
    assert_eq!(world.size("b-out.png"), (30, 20));
    world.write("turned.png", &oddities::png::oriented(6, 60, 20));
    world.run(&["turned.png", "-s", "original", "-o", "plain.png"]).ok();
    world.run(&["turned.png", "-s", "original", "-o", "trimmed.png", "--trim", "0"]).ok();
    assert_eq!(world.size("trimmed.png"), world.size("plain.png"));
}

#[test]
fn jpeg_edges_with_their_noise_are_cut_off_too() {
    let world = World::new();
    let framed = |x: u32, y: u32| match (40..160).contains(&x) && (30..90).contains(&y) {
        true => [(x * 2 % 256) as u8, 30, 40, 255],
        false => [255; 4],
    };
    world.write("a.png", &png(200, 120, framed));
    world.run(&["a.png", "-s", "original", "-q", "70", "-o", "a.jpg"]).ok();
    world.run(&["a.jpg", "-s", "original", "-o", "out.jpg", "--trim", "60"]).ok();
    let (width, height) = world.size("out.jpg");
    assert!((118..=122).contains(&width) && (58..=62).contains(&height), "{width}x{height}");
}

#[test]
fn sharpening_and_blur_change_contrast_and_greys_have_no_colour() {
    let world = World::new();
    world.write("a.jpg", include_bytes!("../../fixtures/photos/hopper.jpg"));
    let of = |name: &str, options: &[&str]| {
        world.run(&[&["a.jpg", "-s", "128", "-f", "png", "-o", name][..], options].concat()).ok();
        world.pixels(name)
    };
    let (base, sharp, blurred) = (of("0.png", &[]), of("1.png", &["--sharpen", "1"]), of("2.png", &["--blur", "2"]));
    assert!(contrast(&sharp) > 1.1 * contrast(&base) && contrast(&blurred) < 0.9 * contrast(&base));
    assert_eq!((sharp.0, sharp.1, blurred.0), (base.0, base.1, base.0));
    let grey = of("3.png", &["--grayscale"]);
    assert!(grey.2.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]) && grey.2 != base.2);
    world.run(&["a.jpg", "-s", "128", "-o", "grey.jpg", "--greyscale"]).ok();
    assert!(mean(&world.pixels("grey.jpg").2, &grey.2) < 4.0);
}

#[test]
fn a_watermark_of_any_format_lies_where_it_should() {
    let world = World::new();
    world.write("a.png", &plain(400, 200, [100; 3]));
    world.write("logo.png", &png(100, 50, |x, _| if x < 50 { [255, 0, 0, 255] } else { [0, 0, 0, 0] }));
    let base = ["a.png", "-s", "original", "--watermark", "logo.png", "-o"];
    world.run(&[&base[..], &["se.png"]].concat()).ok();
    let out = rgba(&world, "se.png");
    // 100x50 is a quarter of it, 5 pixels from the corner, half opaque on its left half.
    assert_eq!((out.get_pixel(296, 146).0, out.get_pixel(294, 146).0), ([178, 50, 50, 255], [100, 100, 100, 255]));
    assert_eq!((out.get_pixel(360, 160).0, out.get_pixel(0, 0).0), ([100, 100, 100, 255], [100, 100, 100, 255]));
    let placed = ["--watermark-gravity", "top-left", "--watermark-opacity", "100%", "--watermark-scale", "10%"];
    world.run(&[&base[..], &["nw.png"], &placed[..]].concat()).ok();
    let out = rgba(&world, "nw.png");
    assert_eq!((out.get_pixel(6, 6).0, out.get_pixel(60, 6).0), ([255, 0, 0, 255], [100, 100, 100, 255]));
    assert_eq!(out.get_pixel(4, 4).0, [100, 100, 100, 255]);
    world.write("bad.jpg", b"words");
    world.run(&["a.png", "--watermark", "bad.jpg", "-o", "x.png"]).code(2).says("--watermark bad.jpg");
    world.run(&["a.png", "--watermark", "none.png", "-o", "x.png"]).code(2).says("none.png: No such file");
    world.run(&["a.png", "--watermark-scale", "5%", "-o", "x.png"]).code(2).says("no effect without --watermark");
    assert!(!world.exists("x.png"));
}

#[test]
fn borders_are_outside_and_corners_are_round() {
    let world = World::new();
    world.write("a.png", &plain(100, 60, [10, 120, 200]));
    world.run(&["a.png", "-s", "50", "-o", "b.png", "--border", "4", "--border-color", "#ff0000"]).ok();
    let out = rgba(&world, "b.png");
    assert_eq!(out.dimensions(), (58, 38));
    assert_eq!((out.get_pixel(3, 20).0, out.get_pixel(4, 20).0), ([255, 0, 0, 255], [10, 120, 200, 255]));
    let both = ["a.png", "-s", "50", "--fit", "cover", "--border", "2", "--round", "50%", "-o"];
    world.run(&[&both[..], &["r.png"]].concat()).ok();
    let out = rgba(&world, "r.png");
    assert_eq!(
        (out.get_pixel(0, 0).0[3], out.get_pixel(27, 0).0, out.get_pixel(27, 27).0),
        (0, [0, 0, 0, 255], [10, 120, 200, 255])
    );
    // JPEG has no alpha, so its corners get the background.
    let jpeg = [&both[..9], &["-q", "100", "--background", "#00ff00", "-o", "r.jpg"]].concat();
    world.run(&jpeg).ok();
    let (_, _, rgb) = world.pixels("r.jpg");
    assert!(rgb[1] > 200 && rgb[0] < 60, "{:?}", &rgb[..3]);
    world.run(&["a.png", "-s", "40", "--name", "{stem}-{width}.png", "--border", "5", "-o", "named/"]).ok();
    assert_eq!(world.size("named/a-50.png"), (50, 34));
}

#[test]
fn operations_leave_the_ways_that_copy_coefficients_and_bytes() {
    let world = World::new();
    world.sized("a.jpg", 64, 48);
    world.run(&["a.jpg", "-s", "original", "-o", "own/"]).ok();
    assert!(world.pixels("own/a.jpg").2.chunks_exact(3).any(|p| p[0].abs_diff(p[2]) > 20), "it has colours");
    for lossless in [&[][..], &["--lossless"], &["--max-bytes", "1"], &["-f", "auto", "--allow", "jpeg"]] {
        let run =
            [&["a.jpg", "-s", "original", "-o", "out/", "--grayscale", "--existing", "replace"][..], lossless].concat();
        world.run(&run);
        let (_, _, rgb) = world.pixels("out/a.jpg");
        assert!(rgb.chunks_exact(3).all(|p| p[0] == p[2]), "{lossless:?}");
    }
    world
        .run(&["a.jpg", "-s", "original", "-f", "jpeg", "-o", "o/", "--grayscale", "--lossless"])
        .ok()
        .says("--lossless has no effect");
}

#[test]
fn the_order_of_operations_is_fixed() {
    let world = World::new();
    world.write(
        "a.png",
        &png(60, 60, |x, y| if (10..50).contains(&x) && (10..50).contains(&y) { [200, 30, 40, 255] } else { [255; 4] }),
    );
    world.write("logo.png", &plain(10, 10, [0, 0, 255]));
    let all = words(
        "--trim 10 --grayscale --watermark logo.png --watermark-opacity 100 --border 3 --border-color lime --round 6",
    );
    world.run(&[&["a.png", "-s", "40", "-o", "out.png"][..], &all[..]].concat()).ok();
    let out = rgba(&world, "out.png");
    assert_eq!(out.dimensions(), (46, 46), "trimmed to 40, then the border");
    assert_eq!(out.get_pixel(0, 0).0[3], 0, "the border is rounded, too");
    assert_eq!(out.get_pixel(23, 1).0, [0, 255, 0, 255], "the border has its colour");
    assert_eq!(out.get_pixel(38, 38).0, [0, 0, 255, 255], "the watermark keeps its colours");
    let [r, g, b, _] = out.get_pixel(8, 8).0;
    assert!(r == g && g == b && r < 150, "the picture is grey: {r} {g} {b}");
}

#[test]
fn an_update_notices_other_operations_and_another_watermark() {
    let world = World::new();
    world.sized("in/a.png", 40, 30);
    world.write("logo.png", &plain(10, 10, [255; 3]));
    let base = ["in", "-s", "32", "-o", "out", "--update", "--report", "-"];
    let done = |options: &[&str]| {
        let ran = world.run(&[&base[..], options].concat());
        report(&ran.ok().stdout).iter().filter(|line| line["type"] == "done").count()
    };
    assert_eq!((done(&[]), done(&["--blur", "1"]), done(&["--blur", "1"]), done(&["--blur", "2"])), (1, 1, 0, 1));
    let mark = ["--watermark", "logo.png"];
    assert_eq!((done(&mark), done(&mark)), (1, 0));
    world.write("logo.png", &plain(10, 10, [0; 3]));
    assert_eq!((done(&mark), done(&mark)), (1, 0), "the content of the file counts");
}

#[test]
fn what_cannot_be_together_is_refused_before_anything_is_written() {
    let world = World::with(&["a.jpg"]);
    let before = world.read("a.jpg");
    for (options, words) in [
        (&["--in-place", "--blur", "1"][..], "--blur: not together with --in-place"),
        (&["--trim", "10", "--enlarge"], "--trim: not together with --enlarge"),
        (&["--trim", "10", "--name", "{stem}-{width}.{ext}"], "use {size}"),
        (&["--border-color", "red"], "no effect without --border"),
        (&["--round", "60%"], "a radius is"),
        (&["--sharpen", "0"], "an amount is"),
    ] {
        world.run(&[&["a.jpg"][..], options].concat()).code(2).says(words);
    }
    assert_eq!((world.tree(), world.read("a.jpg")), (vec!["a.jpg".to_owned()], before));
}

#[test]
fn operations_work_on_every_kind_of_pixels() {
    let world = World::new();
    world.write("logo.png", &plain(8, 8, [255, 0, 0]));
    let all =
        words("--trim 3 --sharpen 0.5 --blur 1 --watermark logo.png --border 1 --round 3 --placeholder color,lqip");
    for oddity in oddities::all() {
        world.write(format!("in/{}", oddity.name), &oddity.bytes);
    }
    for keep in [&[][..], &["--icc", "keep"], &["--grayscale"], &["-f", "jpeg"], &["--linear"]] {
        let base = world.run(&["in", "-s", "24", "-o", "base/", "--existing", "replace", "--quiet"]);
        let ran = world
            .run(&[&["in", "-s", "24", "-o", "out/", "--existing", "replace", "--quiet"][..], &all, keep].concat());
        assert_eq!(ran.code, base.code);
        assert!(!ran.stderr.contains("panic") && !ran.stderr.contains("internal"), "{}", ran.stderr);
    }
    for name in world.tree().iter().filter(|name| name.starts_with("out/")) {
        let (width, height, _) = decode(&world.read(name));
        assert!(width <= 26 && height <= 26, "{name}: {width}x{height}");
    }
}
