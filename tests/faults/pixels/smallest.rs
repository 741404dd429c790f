//! PNG that grew: it gets its smallest exact form.

use image::ExtendedColorType as Type;
use moxcms::ColorProfile;
use png::{BitDepth, ColorType};

use super::{kind, png, rgba};
use crate::testenv::World;

/// Flat shapes of so many colours, as a chart has them.
fn chart(side: u32, colors: u32) -> Vec<u8> {
    let index = |x: u32, y: u32| {
        let (bar, height) = (x * colors / side, (x * colors / side * 7919) % side);
        if y >= height { bar } else { 0 }
    };
    (0..side * side).map(|i| index(i % side, i / side) as u8).collect()
}

fn color_of(index: u8) -> [u8; 3] {
    [index.wrapping_mul(37), 255 - index, index.wrapping_mul(91) ^ 0x55]
}

/// A palette PNG as a careful program writes it.
fn indexed(side: u32, depth: BitDepth, indices: &[u8], colors: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(depth);
    encoder.set_palette((0..colors).flat_map(|i| color_of(i as u8)).collect::<Vec<u8>>());
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let bits = depth as usize;
    let pack = |s: &[u8]| s.iter().enumerate().fold(0, |byte, (i, &s)| byte | s << (8 - bits * (i + 1)));
    let rows: Vec<u8> =
        indices.chunks(side as usize).flat_map(|row| row.chunks(8 / bits).map(pack).collect::<Vec<u8>>()).collect();
    encoder.write_header().expect("a header").write_image_data(&rows).expect("rows");
    out
}

/// Text in black and white: strokes at pseudo-random places.
fn scan(side: u32) -> Vec<u8> {
    let ink = |x: u32, y: u32| y % 12 < 8 && (x / 2 * 31 + y / 12 * 17) % 7 < 3 && !(x + y).is_multiple_of(5);
    (0..side * side).map(|i| u8::from(!ink(i % side, i / side))).collect()
}

#[test]
fn a_palette_picture_does_not_grow() {
    let world = World::new();
    for (colors, depth) in [(2, BitDepth::One), (4, BitDepth::Two), (12, BitDepth::Four), (100, BitDepth::Eight)] {
        let source = indexed(200, depth, &chart(200, colors as u32), colors);
        world.write("a.png", &source);
        world.run(&["a.png", "-o", "same.png"]).ok();
        let same = world.read("same.png");
        assert!(same.len() <= source.len(), "{colors} colours: {} bytes of {}", same.len(), source.len());
        assert_eq!(kind(&same), (depth as u8, 3));
        assert!(rgba(&same) == rgba(&source), "{colors} colours: other pixels");
        // Resized by the nearest pixels there are no more colours than before.
        world.run(&["a.png", "-s", "75%", "--filter", "nearest", "-o", "less.png"]).ok();
        let less = world.read("less.png");
        let plain: Vec<u8> = rgba(&less).iter().flat_map(|p| [p[0], p[1], p[2]]).collect();
        assert_eq!(kind(&less), (depth as u8, 3));
        assert!(less.len() < png(150, 150, Type::Rgb8, &plain).len(), "{colors} colours: {} bytes", less.len());
    }
}

/// More colours come up between those of the palette, but no wrong ones.
#[test]
fn a_resized_palette_picture_is_exact() {
    let world = World::new();
    world.write("a.png", &indexed(200, BitDepth::Four, &chart(200, 12), 12));
    world.run(&["a.png", "-s", "75%", "-f", "png,webp", "--lossless", "-o", "out/"]).ok();
    let made = world.read("out/a.png");
    assert!(rgba(&made) == rgba(&world.read("out/a.webp")), "other pixels than in WebP");
    let plain: Vec<u8> = rgba(&made).iter().flat_map(|p| [p[0], p[1], p[2]]).collect();
    assert!(made.len() <= png(150, 150, Type::Rgb8, &plain).len());
}

#[test]
fn a_scan_of_one_bit_stays_one() {
    let world = World::new();
    let bits: Vec<u8> = scan(240).iter().map(|s| s * 255).collect();
    for (name, color, samples) in [
        ("grey.png", Type::L8, bits.clone()),
        ("rgb.png", Type::Rgb8, bits.iter().flat_map(|&v| [v; 3]).collect()),
        ("rgba.png", Type::Rgba8, bits.iter().flat_map(|&v| [v, v, v, 255]).collect()),
        ("grey16.png", Type::L16, bits.iter().flat_map(|&v| [v; 2]).collect()),
    ] {
        world.write(name, &png(240, 240, color, &samples));
    }
    world.write("palette.png", &indexed(240, BitDepth::One, &scan(240), 2));
    // All of it, and a part that is cut out of it.
    for options in [&["-s", "240"][..], &["-s", "240x100", "--fit", "cover"]] {
        world.run(&[&[".", "-o", "out/", "--existing", "replace"][..], options].concat()).ok();
        for name in ["grey.png", "rgb.png", "rgba.png", "grey16.png"] {
            assert_eq!(kind(&world.read(format!("out/{name}"))), (1, 0), "{name} {options:?}");
        }
        assert_eq!(kind(&world.read("out/palette.png")), (1, 3), "{options:?}");
    }
}

/// What is cut out is not the source's own file.
#[test]
fn every_form_is_chosen_where_it_is_exact() {
    let world = World::new();
    let noise = |i: u32, n: u32| i.wrapping_mul(2_654_435_761) >> 20 & (n - 1);
    let of = |pixel: &dyn Fn(u32) -> Vec<u8>| (0..128 * 128).flat_map(pixel).collect::<Vec<u8>>();
    let level = |i: u32, n: u32| (noise(i, n) * 255 / (n - 1)) as u8;
    for (want, color, samples) in [
        ((1, 0), Type::L8, of(&|i| vec![level(i, 2)])),
        ((2, 0), Type::Rgb8, of(&|i| vec![level(i, 4); 3])),
        ((4, 0), Type::L8, of(&|i| vec![level(i, 16)])),
        ((8, 0), Type::Rgba8, of(&|i| vec![level(i, 64), level(i, 64), level(i, 64), 255])),
        // Two greys that no two bits of grey are, then five of them.
        ((1, 3), Type::L8, of(&|i| vec![if noise(i, 2) == 0 { 10 } else { 200 }])),
        ((4, 3), Type::L8, of(&|i| vec![(noise(i, 8) * 3) as u8 + 7])),
        // Transparency in a palette, and grey under alpha of many values.
        (
            (2, 3),
            Type::Rgba8,
            of(&|i| vec![[9, 9, 9, 0], [1, 2, 3, 9], [1, 2, 3, 255]][noise(i, 4) as usize % 3].to_vec()),
        ),
        ((8, 4), Type::Rgba8, of(&|i| vec![i as u8, i as u8, i as u8, (i >> 7) as u8])),
        ((8, 2), Type::Rgb8, of(&|i| vec![i as u8, (i >> 7) as u8, noise(i, 128) as u8])),
        ((8, 2), Type::Rgba8, of(&|i| vec![i as u8, (i >> 7) as u8, noise(i, 128) as u8, 255])),
        ((8, 6), Type::Rgba8, of(&|i| vec![i as u8, (i >> 7) as u8, noise(i, 128) as u8, level(i, 32)])),
        ((8, 3), Type::Rgb16, of(&|i| [[7; 2], [(noise(i, 64) * 3) as u8; 2], [9; 2]].concat())),
    ] {
        world.write("a.png", &png(128, 128, color, &samples));
        world.run(&["a.png", "-s", "128x64", "--fit", "cover", "-o", "b.png"]).ok();
        let (source, made) = (rgba(&world.read("a.png")), world.read("b.png"));
        assert_eq!(kind(&made), want, "{color:?}");
        assert!(rgba(&made) == source[32 * 128..96 * 128], "{want:?}: other pixels");
    }
}

/// A palette costs three bytes a colour: too many for an icon of few pixels.
#[test]
fn an_icon_of_many_colours_has_no_palette_that_is_longer_than_its_pixels() {
    let world = World::new();
    let ramp: Vec<u8> = (0..16 * 8).flat_map(|i| [i as u8, 255 - i as u8, 30]).collect();
    world.write("a.png", &png(16, 8, Type::Rgb8, &ramp));
    world.run(&["a.png", "-s", "8x8", "--fit", "cover", "-o", "b.png"]).ok();
    let made = world.read("b.png");
    assert_eq!(kind(&made), (8, 2));
}

#[test]
fn a_profile_of_colours_is_not_put_on_grey_samples_nor_the_other_way_round() {
    let world = World::new();
    let attach = |color: ColorType, profile: &ColorProfile, samples: &[u8]| {
        let mut out = Vec::new();
        let mut info = png::Info::with_size(64, 64);
        (info.color_type, info.bit_depth) = (color, BitDepth::Eight);
        info.icc_profile = Some(profile.encode().expect("a profile").into());
        let encoder = png::Encoder::with_info(&mut out, info).expect("an encoder");
        encoder.write_header().expect("a header").write_image_data(samples).expect("rows");
        out
    };
    let bits: Vec<u8> = scan(64).iter().map(|s| s * 255).collect();
    let rgb: Vec<u8> = bits.iter().flat_map(|&v| [v; 3]).collect();
    world.write("rgb.png", &attach(ColorType::Rgb, &ColorProfile::new_display_p3(), &rgb));
    world.write("grey.png", &attach(ColorType::Grayscale, &ColorProfile::new_gray_with_gamma(1.8), &bits));
    for size in ["64x32", "40x40"] {
        let keep = ["--icc", "keep", "--fit", "cover", "-s", size, "--existing", "replace", "-o", "out/"];
        world.run(&[&["rgb.png", "grey.png"][..], &keep].concat()).ok();
        let (color, grey) = (world.read("out/rgb.png"), world.read("out/grey.png"));
        assert!(matches!(kind(&color).1, 2 | 3), "{size}: {:?}", kind(&color));
        assert_eq!(kind(&grey).1, 0, "{size}");
        for (file, name) in [(&color, "out/rgb.png"), (&grey, "out/grey.png")] {
            assert!(file.windows(4).any(|w| w == b"iCCP"), "{name}: the profile is lost");
        }
    }
    world.run(&["rgb.png", "-s", "64x32", "--fit", "cover", "-o", "plain.png"]).ok();
    assert_eq!(kind(&world.read("plain.png")), (1, 0));
}
