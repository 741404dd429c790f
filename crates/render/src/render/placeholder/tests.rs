use super::*;
use crate::pixmap::{Channels, Pixmap, YCbCr};
use crate::recipe::Placeholder::{BlurHash, Color, Lqip, ThumbHash};
use crate::size::Size;

const ALL: [Placeholder; 4] = [ThumbHash, BlurHash, Color, Lqip];

fn of(pixmap: &Pixmap, kind: Placeholder) -> String {
    placeholders(Input::Pixels(pixmap, None), &[kind]).unwrap().remove(0).1
}

/// A blue sky over green, with an orange disk.
fn scene(width: u32, height: u32) -> Pixmap {
    let at = |x: u32, y: u32| {
        let (across, down) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
        match ((across - 0.7).hypot(down - 0.3) < 0.12, down > 0.65) {
            (true, _) => [240, 140, 30],
            (_, true) => [40, 120, 50],
            _ => [90, 150, 220],
        }
    };
    let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| at(x, y))).collect();
    Pixmap::new_u8(Size::new(width, height), Channels::Rgb, pixels)
}

#[test]
fn every_kind_is_made_of_every_kind_of_pixels() {
    for (channels, pixel) in [
        (Channels::Grey, &[77][..]),
        (Channels::GreyAlpha, &[77, 200]),
        (Channels::Rgb, &[200, 30, 40]),
        (Channels::Rgba, &[200, 30, 40, 0]),
        (Channels::Cmyk, &[10, 200, 180, 20]),
    ] {
        for (width, height) in [(1, 1), (1, 300), (300, 1), (64, 48), (33, 200)] {
            let pixmap = Pixmap::new_u8(Size::new(width, height), channels, pixel.repeat((width * height) as usize));
            let made = placeholders(Input::Pixels(&pixmap, None), &ALL).unwrap();
            assert_eq!(made.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), ALL, "{channels:?} {width}x{height}");
            assert!(made.iter().all(|(_, text)| !text.is_empty() && text.len() < 300), "{made:?}");
        }
    }
    assert_eq!(placeholders(Input::Pixels(&scene(9, 9), None), &[]).unwrap(), []);
}

#[test]
fn a_blur_hash_shows_the_colours_where_they_are() {
    let hash = of(&scene(300, 200), BlurHash);
    assert_eq!(hash.len(), 28);
    let pixels = blurhash::decode(&hash, 30, 20, 1.0).unwrap();
    let at = |x: usize, y: usize| &pixels[(y * 30 + x) * 4..][..3];
    let (sky, ground, disk) = (at(4, 3), at(15, 18), at(21, 6));
    assert!(sky[2] > sky[0] + 60 && ground[1] > ground[2] && disk[0] > sky[0] + 40, "{sky:?} {ground:?} {disk:?}");
    // An upright picture has more components down than across.
    assert!(blurhash::decode(&of(&scene(200, 300), BlurHash), 20, 30, 1.0).is_ok());
    assert!(of(&scene(300, 200), BlurHash).starts_with('L') && of(&scene(200, 300), BlurHash).starts_with('T'));
}

#[test]
fn a_thumb_hash_has_colours_the_ratio_and_alpha() {
    let bytes = |pixmap: &Pixmap| STANDARD.decode(of(pixmap, ThumbHash)).unwrap();
    let hash = bytes(&scene(300, 200));
    let ratio = thumbhash::thumb_hash_to_approximate_aspect_ratio(&hash).unwrap();
    assert!((ratio - 1.5).abs() < 0.15, "{ratio}");
    let (width, height, pixels) = thumbhash::thumb_hash_to_rgba(&hash).unwrap();
    let at = |x: f32, y: f32| &pixels[((y * height as f32) as usize * width + (x * width as f32) as usize) * 4..][..4];
    let (sky, ground) = (at(0.15, 0.15), at(0.5, 0.9));
    assert!(sky[2] > sky[0] + 40 && ground[1] > ground[2] && sky[3] == 255, "{sky:?} {ground:?}");
    let glass = Pixmap::new_u8(Size::new(8, 8), Channels::Rgba, [200, 30, 40, 90].repeat(64));
    let (.., alpha) = thumbhash::thumb_hash_to_average_rgba(&bytes(&glass)).unwrap();
    assert!((alpha - 90.0 / 255.0).abs() < 0.05, "{alpha}");
}

#[test]
fn planes_and_pixels_give_the_same() {
    let rgb = scene(96, 64);
    let Pixels { luma, blue, red } = Pixels::of(&rgb);
    let planes = YCbCr { size: Size::new(96, 64), share: (1, 1), planes: [luma, blue, red] };
    let (a, b) = (Small::new(Input::Planes(&planes)).unwrap(), Small::new(Input::Pixels(&rgb, None)).unwrap());
    assert_eq!(a.size, b.size);
    let worst = a.rgba.iter().zip(&b.rgba).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(3), "{worst:?}");
}

struct Pixels {
    luma: Vec<u8>,
    blue: Vec<u8>,
    red: Vec<u8>,
}

impl Pixels {
    /// As JFIF has it.
    fn of(pixmap: &Pixmap) -> Self {
        let crate::pixmap::Samples::U8(samples) = pixmap.samples() else { unreachable!() };
        let rows = |weights: [f32; 3], offset: f32| {
            let sum = |p: &[u8]| p.iter().zip(weights).map(|(&v, weight)| f32::from(v) * weight).sum::<f32>();
            samples.chunks_exact(3).map(|p| (sum(p) + offset + 0.5) as u8).collect()
        };
        Self {
            luma: rows([0.299, 0.587, 0.114], 0.0),
            blue: rows([-0.168_736, -0.331_264, 0.5], 128.0),
            red: rows([0.5, -0.418_688, -0.081_312], 128.0),
        }
    }
}

#[test]
fn a_tiny_picture_fits_into_its_bytes_and_shows_the_scene() {
    for (width, height) in [(300, 200), (200, 300), (256, 256), (4000, 40)] {
        let uri = of(&scene(width, height), Lqip);
        assert!(uri.len() < 300, "{} bytes", uri.len());
        let bytes = STANDARD.decode(uri.strip_prefix("data:image/webp;base64,").unwrap()).unwrap();
        let picture = image::load_from_memory(&bytes).unwrap().into_rgb8();
        assert_eq!(picture.width().max(picture.height()), 16, "{width}x{height}");
    }
    // Noise takes the most bytes.
    let noise =
        |i: u32| (i.wrapping_mul(0x9e37_79b1) ^ (i >> 3).wrapping_mul(0x85eb_ca6b)).wrapping_mul(0xc2b2_ae35) >> 24;
    let samples = (0..16 * 16 * 4).map(|i| noise(i) as u8).collect();
    let uri = of(&Pixmap::new_u8(Size::new(16, 16), Channels::Rgba, samples), Lqip);
    assert!(uri.len() < 300, "{} bytes", uri.len());
}

#[test]
fn hashes_are_those_of_other_implementations() {
    let noise = |i: u32| (i.wrapping_mul(0x9e37_79b1) ^ (i >> 5).wrapping_mul(0x85eb_ca6b)) >> 24;
    for (width, height) in [(1, 1), (32, 32), (32, 21), (9, 31), (32, 1), (1, 20)] {
        let size = Size::new(width, height);
        let opaque = |i: u32| if i % 4 == 3 { 255 } else { noise(i / 40) as u8 };
        let glass = |i: u32| if i % 4 == 3 { noise(i / 90) as u8 } else { noise(i / 40) as u8 };
        let of = |at: &dyn Fn(u32) -> u8| (0..width * height * 4).map(at).collect::<Vec<u8>>();
        for rgba in [of(&opaque), of(&glass)] {
            let theirs = thumbhash::rgba_to_thumb_hash(width as usize, height as usize, &rgba);
            let small = Small { size, rgba };
            assert_eq!(thumb_hash::encode(&small), theirs, "{size}");
            let (across, down) = if width >= height { (4, 3) } else { (3, 4) };
            let theirs = blurhash::encode(across, down, width, height, &small.over_white()).unwrap();
            let ours = blur_hash::encode(&small);
            assert_eq!((&ours[..2], &ours[6..]), (&theirs[..2], &theirs[6..]), "{size}");
            // That crate rounds the average colour twice, so that it is one too light.
            let average = |hash: &str| {
                let digit = |c: u8| blur_hash::DIGITS.iter().position(|d| *d == c).unwrap();
                hash.as_bytes()[2..6].iter().fold(0, |sum, c| sum * 83 + digit(*c)) as u32
            };
            for (a, b) in average(&ours).to_le_bytes().iter().zip(average(&theirs).to_le_bytes()) {
                assert!(a.abs_diff(b) <= 1, "{size}: {ours} {theirs}");
            }
        }
    }
}
