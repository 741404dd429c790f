//! Encoder options, through the built binary: effort, AVIF, nearly lossless WebP, PNG with a palette.

use crate::avif;
use crate::testenv::{self, World, distance, mean};

/// A photograph and a drawing with alpha, larger than the outputs of most tests.
fn world() -> World {
    let world = World::with(&["small.png"]);
    world.sized("photo.jpg", 300, 200);
    world.sized("photo.png", 300, 200);
    world.write("alpha.png", &oddities::png::rgba(300, 200));
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos/chelsea.jpg");
    world.write("cat.jpg", &std::fs::read(path).expect("a photograph"));
    world.write("grey.jpg", &oddities::jpeg::grey(300, 200));
    world
}

/// Makes `output` of `input`, 120 pixels wide.
fn make(world: &World, input: &str, output: &str, options: &[&str]) -> Vec<u8> {
    world.run(&[&[input, "-s", "120x", "-o", output, "--existing", "replace"], options].concat()).ok();
    world.read(output)
}

fn rgba(bytes: &[u8]) -> Vec<u8> {
    image::load_from_memory(bytes).expect("a picture").into_rgba8().into_raw()
}

#[test]
fn avif_shows_the_picture() {
    let world = world();
    for (input, depth, subsample, share) in [
        ("photo.jpg", "10", "420", Some((2, 2))),
        ("photo.jpg", "8", "444", Some((1, 1))),
        ("photo.png", "10", "444", Some((1, 1))),
        ("photo.png", "8", "420", Some((2, 2))),
        ("photo.png", "10", "422", Some((2, 1))),
        ("alpha.png", "10", "420", Some((2, 2))),
        ("alpha.png", "8", "444", Some((1, 1))),
        ("grey.jpg", "10", "auto", None),
    ] {
        let case = format!("{input} {depth} {subsample}");
        let file = make(&world, input, "a.avif", &["--depth", depth, "--subsample", subsample, "-q", "90"]);
        let found = avif::read(&file);
        assert_eq!((found.width, found.height), (120, 80), "{case}");
        assert_eq!((found.depth.to_string(), found.share), (depth.to_owned(), share), "{case}");
        let exact = make(&world, input, "a.png", &[]);
        let exact = image::load_from_memory(&exact).expect("a PNG").into_rgba8().into_raw();
        // Over black: colours of transparent pixels are nobody's.
        let over = |rgb: &[u8], alpha: u8| -> Vec<u8> {
            rgb.iter().map(|&v| (u16::from(v) * u16::from(alpha) / 255) as u8).collect()
        };
        let opaque = vec![255; 120 * 80];
        let alphas = found.alpha.as_ref().unwrap_or(&opaque);
        let ours: Vec<u8> = found.rgb.chunks_exact(3).zip(alphas).flat_map(|(p, &a)| over(p, a)).collect();
        let wanted: Vec<u8> = exact.chunks_exact(4).flat_map(|p| over(&p[..3], p[3])).collect();
        let off = mean(&ours, &wanted);
        // The scene has hard edges of colour, which subsampled chroma blurs.
        let most = if share == Some((1, 1)) || share.is_none() { 2.5 } else { 7.0 };
        assert!(off < most, "{case}: {off}");
        let wanted: Vec<u8> = exact.iter().skip(3).step_by(4).copied().collect();
        assert_eq!(found.alpha.is_some(), input == "alpha.png", "{case}");
        assert!(mean(alphas, &wanted) < 2.0, "{case}: alpha is off by {}", mean(alphas, &wanted));
    }
}

#[test]
fn avif_of_any_small_size() {
    let world = world();
    for (width, height) in [(1, 1), (2, 1), (1, 9), (17, 3), (65, 64), (63, 129)] {
        for options in [&["--subsample", "420"][..], &["--subsample", "422"], &["--subsample", "444", "--depth", "8"]] {
            let size = format!("{width}x{height}");
            for input in ["photo.png", "alpha.png", "grey.jpg"] {
                let args =
                    [input, "-s", &size, "--fit", "fill", "--effort", "0", "-o", "a.avif", "--existing", "replace"];
                world.run(&[&args[..], options].concat()).ok();
                let found = avif::read(&world.read("a.avif"));
                assert_eq!((found.width, found.height), (width, height), "{input} {options:?}");
            }
        }
    }
}

#[test]
fn quality_and_effort_of_avif() {
    let world = world();
    let exact = make(&world, "photo.png", "a.png", &[]);
    let exact = testenv::decode(&exact).2;
    let off = |quality: &str| {
        let file = make(&world, "photo.png", "a.avif", &["-q", quality, "--subsample", "444"]);
        (mean(&avif::read(&file).rgb, &exact), file.len())
    };
    let points = ["10", "40", "70", "90", "100"].map(off);
    for pair in points.windows(2) {
        assert!(pair[0].0 > pair[1].0 && pair[0].1 < pair[1].1, "{points:?}");
    }
    let bytes = |effort: &str| {
        let file = make(&world, "photo.jpg", "a.avif", &["--effort", effort]);
        let found = avif::read(&file);
        assert!(mean(&found.rgb, &exact) < 8.0, "effort {effort}");
        file
    };
    let all: Vec<usize> = (0..=9).map(|effort| bytes(&effort.to_string()).len()).collect();
    assert!(all[9] < all[0], "{all:?}");
    // The same bytes come out every time.
    assert_eq!(bytes("4"), bytes("4"));
}

#[test]
fn avif_holds_metadata_and_profiles() {
    let world = World::new();
    let profile = moxcms::ColorProfile::new_display_p3().encode().expect("a profile");
    let mut samples = Vec::new();
    {
        let mut info = png::Info::with_size(64, 48);
        info.color_type = png::ColorType::Rgb;
        info.bit_depth = png::BitDepth::Eight;
        info.icc_profile = Some(profile.clone().into());
        let encoder = png::Encoder::with_info(&mut samples, info).expect("an encoder");
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(&oddities::scene::rgb(64, 48)).expect("pixels");
    }
    world.write("p3.png", &samples);
    world.run(&["p3.png", "-o", "p3.avif", "--icc", "keep"]).ok();
    assert_eq!(avif::read(&world.read("p3.avif")).icc, Some(profile));
    world.run(&["p3.png", "-o", "srgb.avif"]).ok();
    assert_eq!(avif::read(&world.read("srgb.avif")).icc, None);

    world.write("turned.jpg", &oddities::jpeg::oriented(6, 64, 48));
    world.run(&["turned.jpg", "-o", "kept.avif", "--metadata", "keep"]).ok();
    let kept = avif::read(&world.read("kept.avif"));
    let exif = kept.exif.expect("EXIF");
    assert!(exif.starts_with(b"MM\0*") || exif.starts_with(b"II*\0"), "a TIFF structure");
    world.run(&["turned.jpg", "-o", "bare.avif"]).ok();
    let bare = avif::read(&world.read("bare.avif"));
    assert!(bare.exif.is_none() && bare.xmp.is_none());
    assert_eq!((bare.width, bare.height), (kept.width, kept.height));
}

#[test]
fn avif_by_its_suffix_and_over_its_limits() {
    let world = world();
    world.run(&["photo.jpg", "-s", "40", "-o", "out", "--name", "{stem}.avif"]).ok();
    assert_eq!(avif::read(&world.read("out/photo.avif")).width, 40);
    world.run(&["photo.jpg", "-s", "40", "-f", "avif,webp", "-o", "two"]).ok();
    assert!(world.exists("two/photo.avif") && world.exists("two/photo.webp"));
    // AV1 ends at 65,536 pixels a side.
    world.run(&["small.png", "-s", "65600x2", "--fit", "fill", "--enlarge", "-o", "wide.avif"]).code(1).says("AVIF");
    assert!(!world.exists("wide.avif"));
    // What is written is not read.
    world.run(&["out/photo.avif", "-o", "again.png"]).code(1).says("unsupported: AVIF");
}

/// A copy lost its mark, and AVIF is not read: only the very bytes are known as ours.
#[test]
fn a_second_run_knows_its_avif_by_its_bytes() {
    let world = world();
    let bytes = make(&world, "photo.jpg", "a.avif", &[]);
    std::fs::remove_file(world.path("a.avif")).expect("removed");
    world.write("a.avif", &bytes);
    world.run(&["photo.jpg", "-s", "120x", "-o", "a.avif"]).ok();
    std::fs::remove_file(world.path("a.avif")).expect("removed");
    world.write("a.avif", &[&bytes[..], b"x"].concat());
    world.run(&["photo.jpg", "-s", "120x", "-o", "a.avif"]).code(1);
    assert_eq!(world.read("a.avif").len(), bytes.len() + 1);
}

#[test]
fn effort_of_png_loses_nothing() {
    let world = world();
    for input in ["photo.png", "alpha.png", "grey.jpg"] {
        let today = make(&world, input, "a.png", &[]);
        assert_eq!(make(&world, input, "a.png", &["--effort", "0"]), today);
        let mut smallest = today.len();
        for effort in 1..=9 {
            let file = make(&world, input, "a.png", &["--effort", &effort.to_string()]);
            assert_eq!(rgba(&file), rgba(&today), "{input} {effort}");
            assert!(file.len() <= today.len(), "{input} {effort}");
            smallest = smallest.min(file.len());
        }
        assert!(smallest < today.len(), "{input}");
    }
}

#[test]
fn effort_of_webp_and_jpeg() {
    let world = world();
    let exact = rgba(&make(&world, "alpha.png", "a.png", &[]));
    for mode in [&[][..], &["--lossless"]] {
        let with = |effort: &str| make(&world, "alpha.png", "a.webp", &[&["--effort", effort], mode].concat());
        let sizes: Vec<usize> = (0..=9)
            .map(|effort| {
                let file = with(&effort.to_string());
                let off = mean(&rgba(&file), &exact);
                assert!(off < if mode.is_empty() { 12.0 } else { 0.001 }, "{effort} {mode:?}: {off}");
                file.len()
            })
            .collect();
        assert!(sizes[9] < sizes[0], "{mode:?} {sizes:?}");
    }
    // The default is method 4.
    let webp = |options: &[&str]| make(&world, "photo.jpg", "b.webp", options);
    assert_eq!(webp(&[]), webp(&["--effort", "4"]));
    let jpeg = |options: &[&str]| make(&world, "photo.jpg", "b.jpg", options);
    assert_eq!(jpeg(&[]), jpeg(&["--effort", "0"]));
    assert!(jpeg(&["--effort", "9"]).len() < jpeg(&[]).len());
    world.run(&["photo.jpg", "--effort", "10"]).code(2).says("0 to 9");
}

#[test]
fn near_lossless_and_alpha_quality() {
    let world = world();
    let exact = make(&world, "cat.jpg", "a.webp", &["--lossless"]);
    let near = make(&world, "cat.jpg", "a.webp", &["--near-lossless", "40"]);
    assert!(near.len() < exact.len());
    let off = distance(&rgba(&near), &rgba(&exact));
    assert!((1..=16).contains(&off), "{off}");
    assert_eq!(rgba(&make(&world, "cat.jpg", "a.webp", &["--near-lossless", "100"])), rgba(&exact));
    world.run(&["alpha.png", "--near-lossless", "40", "--lossless"]).code(2);

    // Alpha like noise.
    let samples: Vec<u8> = (0..120 * 80u32).flat_map(|i| [90, 120, 60, (i * i % 251) as u8]).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 120, 80);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&samples)).expect("a PNG");
    world.write("noise.png", &file);
    for output in ["a.webp", "a.avif"] {
        let fine = make(&world, "noise.png", output, &["--alpha-quality", "100"]);
        let coarse = make(&world, "noise.png", output, &["--alpha-quality", "5"]);
        assert!(coarse.len() < fine.len(), "{output}");
    }
}

#[test]
fn lossy_png_has_a_palette() {
    let world = world();
    for input in ["cat.jpg", "alpha.png"] {
        let exact = make(&world, input, "a.png", &["-f", "png"]);
        let sizes = ["50", "80", "100"].map(|quality| {
            let options = ["-f", "png", "--lossy-png", "-q", quality];
            let file = make(&world, input, "a.png", &options);
            let (before, after) = (rgba(&exact), rgba(&file));
            let colors: std::collections::HashSet<&[u8]> = after.chunks_exact(4).collect();
            assert!(colors.len() <= 256, "{input}: {} colours", colors.len());
            for (a, b) in before.chunks_exact(4).zip(after.chunks_exact(4)) {
                assert_eq!((a[3] == 0, a[3] == 255), (b[3] == 0, b[3] == 255), "{input}: {a:?} {b:?}");
            }
            assert!(mean(&before, &after) < 12.0, "{input}: {}", mean(&before, &after));
            // The palette is chosen with more rounds, too, so pixels differ.
            let packed = make(&world, input, "a.png", &[&options[..], &["--effort", "5"]].concat());
            let colors: std::collections::HashSet<Vec<u8>> =
                rgba(&packed).chunks_exact(4).map(<[u8]>::to_vec).collect();
            assert!(colors.len() <= 256, "{input}: {} colours", colors.len());
            (file.len(), file[25])
        });
        if input == "cat.jpg" {
            let [coarse, middle, fine] = sizes;
            assert!(coarse.0 < middle.0 && middle.0 < fine.0 && fine.0 < exact.len(), "{sizes:?}");
            assert!(sizes.iter().all(|&(_, kind)| kind == 3), "palettes");
        }
    }
}

#[test]
fn options_without_effect_are_named() {
    let world = world();
    for (options, words) in [
        (&["-f", "jpeg", "--lossy-png"][..], "--lossy-png has no effect"),
        (&["-f", "jpeg", "--near-lossless", "60"], "--near-lossless has no effect"),
        (&["-f", "webp", "--depth", "8"], "--depth has no effect"),
        (&["-f", "png", "--alpha-quality", "8"], "--alpha-quality has no effect"),
        (&["-f", "avif", "--lossless"], "--lossless has no effect"),
        (&["-f", "avif", "--progressive"], "--progressive has no effect"),
        (&["-f", "webp", "--near-lossless", "60", "-q", "70"], "-q has no effect"),
    ] {
        let ran = world.run(&[&["small.png", "-s", "20", "-o", "out"], options].concat());
        ran.ok().says(words);
    }
    world.run(&["small.png", "-s", "20", "-f", "png", "--lossy-png", "-q", "70", "-o", "x"]).ok().never_says("-q");
    world.run(&["small.png", "-f", "avif", "--depth", "9"]).code(2).says("8 or 10 bits");
}
