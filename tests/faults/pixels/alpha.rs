//! A bright rim inside the edges of alpha.

use image::{ExtendedColorType, ImageEncoder};
use proptest::prelude::*;
use thumbs_render::op::{linear, resize};
use thumbs_render::pixmap::{Channels, Pixmap, Samples};
use thumbs_render::recipe::Filter;
use thumbs_render::size::{Region, Size};

use super::{png, rgba};
use crate::testenv::World;

const COLOR: [u8; 3] = [220, 30, 40];
const GREY: u8 = 128;

/// Alpha of a disc, of noise in cells, and of a ramp: hard edges, soft ones, and none.
fn alpha(x: u32, y: u32, side: u32) -> u8 {
    let (dx, dy) = (x.abs_diff(side / 3), y.abs_diff(side / 2));
    let cell = (x / 7).wrapping_mul(2_654_435_761) ^ (y / 5).wrapping_mul(40_503);
    match (x * 3 / side, dx * dx + dy * dy < side * side / 12) {
        (0 | 1, true) => 255,
        (0, false) => 0,
        (1, false) => (cell >> 7) as u8,
        _ => (y * 255 / side) as u8,
    }
}

/// One colour everywhere, black where nothing shows.
fn one_color(side: u32) -> Vec<u8> {
    let pixel = |i: u32| match alpha(i % side, i / side, side) {
        0 => [0; 4],
        a => [COLOR[0], COLOR[1], COLOR[2], a],
    };
    (0..side * side).flat_map(pixel).collect()
}

fn one_grey(side: u32) -> Vec<u8> {
    let pixel = |i: u32| match alpha(i % side, i / side, side) {
        0 => [0; 2],
        a => [GREY, a],
    };
    (0..side * side).flat_map(pixel).collect()
}

fn wide(samples: &[u8]) -> Vec<u8> {
    samples.iter().flat_map(|&s| [s, s]).collect()
}

/// Bytes of a TIFF of one strip, with alpha that is not premultiplied.
fn tiff(side: u32, samples: &[u8]) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    let fields: [(u16, u16, u32, u32); 9] = [
        (256, 4, 1, side),
        (257, 4, 1, side),
        (258, 3, 4, 8 + 2 + 9 * 12 + 4),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 8 + 2 + 9 * 12 + 4 + 8),
        (277, 3, 1, 4),
        (279, 4, 1, samples.len() as u32),
        (338, 3, 1, 2),
    ];
    out.extend((fields.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in fields {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend([0; 4]);
    out.extend([8, 0, 8, 0, 8, 0, 8, 0]);
    out.extend(samples);
    out
}

/// A GIF of two colours, the second transparent.
fn gif(side: u16, indices: &[u8]) -> Vec<u8> {
    let mut out = b"GIF89a".to_vec();
    let size = [side.to_le_bytes(), side.to_le_bytes()].concat();
    out.extend(&size);
    out.extend([0x80, 0, 0, COLOR[0], COLOR[1], COLOR[2], 255, 255, 255]);
    out.extend([0x21, 0xf9, 4, 1, 0, 0, 1, 0, 0x2c, 0, 0, 0, 0]);
    out.extend(&size);
    out.extend([0, 2]);
    let data = weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 2).encode(indices).expect("LZW");
    for block in data.chunks(255) {
        out.push(block.len() as u8);
        out.extend(block);
    }
    out.extend([0, 0x3b]);
    out
}

#[track_caller]
fn assert_one_color(pixels: &[[u8; 4]], color: [u8; 3], what: &str) {
    assert!(pixels.iter().any(|p| p[3] == 255) && pixels.iter().any(|p| p[3] < 255), "{what}: alpha is lost");
    let worst = pixels.iter().filter(|p| p[3] > 0).max_by_key(|p| (0..3).map(|c| p[c].abs_diff(color[c])).max());
    let worst = worst.expect("something shows");
    assert!((0..3).all(|c| worst[c].abs_diff(color[c]) <= 1), "{what}: {worst:?} in a picture of {color:?}");
}

#[test]
fn one_color_under_alpha_stays_that_color_in_every_format_and_at_every_size() {
    let world = World::new();
    let side = 300;
    let color = one_color(side);
    world.write("color.png", &png(side, side, ExtendedColorType::Rgba8, &color));
    world.write("color16.png", &png(side, side, ExtendedColorType::Rgba16, &wide(&color)));
    world.write("grey.png", &png(side, side, ExtendedColorType::La8, &one_grey(side)));
    world.write("grey16.png", &png(side, side, ExtendedColorType::La16, &wide(&one_grey(side))));
    let mut webp = Vec::new();
    let encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut webp);
    encoder.write_image(&color, side, side, ExtendedColorType::Rgba8).expect("a WebP");
    world.write("color.webp", &webp);
    world.write("color.tif", &tiff(side, &color));
    let indices: Vec<u8> = color.chunks_exact(4).map(|p| u8::from(p[3] < 128)).collect();
    world.write("color.gif", &gif(side as u16, &indices));
    for options in ["", "--linear", "--fit fill", "--fit contain --background transparent"] {
        // 40 is averaged by the decoder first; 511 is larger than the picture.
        for size in ["40x40", "100x100", "199x199", "511x511"] {
            let mut args = vec![".", "-s", size, "--enlarge", "-f", "png", "-o", "../out/", "--name", "{name}.{ext}"];
            args.extend(["--existing", "replace"]);
            args.extend(options.split_whitespace());
            let out = world.path("out");
            args[7] = out.to_str().expect("UTF-8");
            world.run(&args).ok();
            for name in ["color.png", "color16.png", "color.webp", "color.tif", "color.gif"] {
                let made = rgba(&world.read(format!("out/{name}.png")));
                assert_one_color(&made, COLOR, &format!("{name} {size} {options}"));
            }
            for name in ["grey.png", "grey16.png"] {
                let made = rgba(&world.read(format!("out/{name}.png")));
                assert_one_color(&made, [GREY; 3], &format!("{name} {size} {options}"));
            }
        }
    }
}

#[test]
fn one_color_under_alpha_stays_that_color_with_every_kernel() {
    let world = World::new();
    world.write("color.png", &png(300, 300, ExtendedColorType::Rgba8, &one_color(300)));
    for filter in ["lanczos3", "catmullrom", "mitchell", "bilinear", "box", "nearest"] {
        for size in ["70", "200", "511"] {
            for format in ["png", "webp"] {
                let out = format!("{filter}_{size}.{format}");
                world
                    .run(&["color.png", "-s", size, "--enlarge", "--filter", filter, "--lossless", "-o", out.as_str()])
                    .ok();
                assert_one_color(&rgba(&world.read(&out)), COLOR, &out);
            }
        }
    }
}

/// Onto white: every pixel lies between the colour and white, on the straight line.
#[test]
fn one_color_flattened_after_the_resize_lies_between_it_and_the_background() {
    let world = World::new();
    world.write("color.png", &png(300, 300, ExtendedColorType::Rgba8, &one_color(300)));
    world.run(&["color.png", "-s", "200", "-q", "100", "--subsample", "444", "-o", "a.jpg"]).ok();
    let (.., pixels) = world.pixels("a.jpg");
    for p in pixels.chunks_exact(3) {
        let share = f64::from(255 - p[1]) / 225.0;
        let on_line = |c: usize| 255.0 - share * f64::from(255 - COLOR[c]);
        assert!((0..3).all(|c| (f64::from(p[c]) - on_line(c)).abs() < 6.0), "{p:?}");
    }
}

const FILTERS: [Filter; 5] = [Filter::Lanczos3, Filter::CatmullRom, Filter::Mitchell, Filter::Bilinear, Filter::Box];

fn any_alpha() -> impl Strategy<Value = (u32, u32, Vec<u16>)> {
    let edge = prop_oneof![Just(0u16), Just(0xffff), any::<u16>(), 0u16..1000];
    (1u32..24, 1u32..24).prop_flat_map(move |(w, h)| {
        proptest::collection::vec(edge.clone(), (w * h) as usize).prop_map(move |v| (w, h, v))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A mean of equals is the same again, whatever the weights.
    #[test]
    fn one_color_under_any_alpha_by_any_kernel(
        (width, height, alpha) in any_alpha(),
        color in any::<[u16; 3]>(),
        to in (1u32..60, 1u32..60),
        filter in 0usize..5,
        bits in prop_oneof![Just(8u8), Just(16)],
        grey in any::<bool>(),
        light in any::<bool>(),
    ) {
        let (channels, n) = if grey { (Channels::GreyAlpha, 2) } else { (Channels::Rgba, 4) };
        let size = Size::new(width, height);
        let narrow = |v: u16| (v >> 8) as u8;
        let pixels = alpha.iter().flat_map(|&a| color[..n - 1].iter().copied().chain([a]));
        let samples = match bits {
            8 => Samples::U8(pixels.map(narrow).collect()),
            _ => Samples::U16(pixels.collect()),
        };
        let mut source = Pixmap::new(size, channels, samples);
        if light {
            source = linear::to_linear(source);
        }
        let crop = Region::whole(size);
        let mut out = resize::resize(&source, crop, Size::new(to.0, to.1), FILTERS[filter]).unwrap();
        if light {
            out = linear::from_linear(out);
        }
        match out.samples() {
            Samples::U8(v) => for p in v.chunks_exact(n).filter(|p| p[n - 1] > 0) {
                prop_assert!((0..n - 1).all(|c| p[c] == narrow(color[c])), "{p:?} of {color:?}");
            },
            // Of 65,535: near black a step of linear light is some thirteen of sRGB, and what has less alpha than half a
            // step of 8 bits is not visible.
            Samples::U16(v) => for p in v.chunks_exact(n).filter(|p| p[n - 1] >= 128) {
                let want = |c: usize| if bits == 8 { u16::from(narrow(color[c])) * 257 } else { color[c] };
                let most = if light { 64 } else { 16 };
                prop_assert!((0..n - 1).all(|c| p[c].abs_diff(want(c)) <= most), "{p:?} of {color:?}");
            },
        }
    }
}
