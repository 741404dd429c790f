//! What holds for every codec, on pictures made in the process: cut anywhere, a file never
//! panics and never gives a full picture; limits hold; encoders and decoders agree.

mod pictures;

use std::panic;

use pictures::{decoded, difference, encoded, rgba, scene};
use thumbs_render::codec::{DecodeError, DecodeOptions, registry};
use thumbs_render::format::{self, Format};
use thumbs_render::limits::Limits;
use thumbs_render::pixmap::{Channels, Pixmap, Samples};
use thumbs_render::recipe::{EncodeSettings, FormatChoice, Recipe};
use thumbs_render::render;
use thumbs_render::size::Size;

const SIZE: Size = Size::new(53, 37);

fn settings() -> EncodeSettings {
    EncodeSettings::default()
}

/// A picture of every kind that can be made here, with its name.
fn samples() -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    for channels in [Channels::Grey, Channels::Rgb, Channels::GreyAlpha, Channels::Rgba] {
        let picture = scene(SIZE, channels);
        out.push((format!("png {channels:?}"), encoded(&picture, Format::Png, &settings())));
        for lossless in [false, true] {
            let how = settings().with_lossless(lossless);
            out.push((format!("webp {channels:?} lossless {lossless}"), encoded(&picture, Format::WebP, &how)));
        }
    }
    for channels in [Channels::Grey, Channels::Rgb, Channels::Cmyk] {
        for progressive in [false, true] {
            let how = settings().with_progressive(progressive);
            let bytes = encoded(&scene(SIZE, channels), Format::Jpeg, &how);
            out.push((format!("jpeg {channels:?} progressive {progressive}"), bytes));
        }
    }
    let wide = match scene(SIZE, Channels::Rgb).into_samples() {
        Samples::U8(v) => Samples::U16(v.into_iter().map(|s| u16::from(s) * 257).collect()),
        samples => samples,
    };
    let wide = Pixmap::new(SIZE, Channels::Rgb, wide);
    out.push(("png 16 bits".to_owned(), encoded(&wide, Format::Png, &settings())));
    out.push(("pnm".to_owned(), pnm()));
    out.push(("bmp".to_owned(), bmp()));
    out.push(("ico Rgba".to_owned(), ico()));
    out.push(("tga".to_owned(), tga(false)));
    out.push(("tga packed".to_owned(), tga(true)));
    out.push(("tiff".to_owned(), tiff(8)));
    out.push(("tiff 12 bits".to_owned(), tiff(12)));
    out.push(("gif".to_owned(), gif()));
    out.push(("qoi".to_owned(), qoi()));
    out
}

fn rgb() -> Vec<u8> {
    match scene(SIZE, Channels::Rgb).into_samples() {
        Samples::U8(v) => v,
        Samples::U16(_) => unreachable!("scenes have 8 bits"),
    }
}

fn pnm() -> Vec<u8> {
    [format!("P6\n{} {}\n255\n", SIZE.width, SIZE.height).into_bytes(), rgb()].concat()
}

fn bmp() -> Vec<u8> {
    let stride = (SIZE.width as usize * 3).next_multiple_of(4);
    let mut out = b"BM".to_vec();
    let length = 54 + stride * SIZE.height as usize;
    for number in [length as u32, 0, 54, 40, SIZE.width, SIZE.height, 24 << 16 | 1, 0, 0, 0, 0, 0, 0] {
        out.extend(number.to_le_bytes());
    }
    for row in rgb().chunks(SIZE.width as usize * 3).rev() {
        let line: Vec<u8> = row.chunks(3).flat_map(|p| [p[2], p[1], p[0]]).collect();
        out.extend(&line);
        out.resize(out.len() + stride - line.len(), 0);
    }
    out
}

/// A bitmap of 32 bits, without the mask.
fn ico() -> Vec<u8> {
    let Samples::U8(rgba) = scene(SIZE, Channels::Rgba).into_samples() else { unreachable!("scenes have 8 bits") };
    let length = 40 + rgba.len() as u32;
    let mut out = vec![0, 0, 1, 0, 1, 0, SIZE.width as u8, SIZE.height as u8, 0, 0, 1, 0, 32, 0];
    for number in [length, 22, 40, SIZE.width, 2 * SIZE.height, 32 << 16 | 1, 0, 0, 0, 0, 0, 0] {
        out.extend(number.to_le_bytes());
    }
    for row in rgba.chunks(SIZE.width as usize * 4).rev() {
        out.extend(row.chunks(4).flat_map(|p| [p[2], p[1], p[0], p[3]]));
    }
    out
}

/// From the top; packed without any runs.
fn tga(packed: bool) -> Vec<u8> {
    let mut out = vec![0, 0, if packed { 10 } else { 2 }, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    out.extend([SIZE.width as u8, 0, SIZE.height as u8, 0, 24, 0x20]);
    let bgr: Vec<u8> = rgb().chunks(3).flat_map(|p| [p[2], p[1], p[0]]).collect();
    for part in bgr.chunks(3 * 100) {
        if packed {
            out.push((part.len() / 3 - 1) as u8);
        }
        out.extend(part);
    }
    out
}

/// Numbers of so many bits, rows padded to bytes.
fn packed(samples: &[u8], per_row: usize, bits: u32) -> Vec<u8> {
    let mut out = Vec::new();
    for row in samples.chunks(per_row) {
        let (mut held, mut count) = (0u32, 0);
        for &sample in row {
            let top = (1 << bits) - 1;
            held = (held << bits) | ((u32::from(sample) * top + 127) / 255);
            count += bits;
            while count >= 8 {
                count -= 8;
                out.push((held >> count) as u8);
            }
        }
        if count > 0 {
            out.push((held << (8 - count)) as u8);
        }
    }
    out
}

/// Samples that are no whole bytes come out as near as their bits allow.
#[test]
fn tiff_of_any_bits() {
    let picture = scene(SIZE, Channels::Rgb);
    for bits in (1..16).filter(|b| *b != 8) {
        let pixels = decoded(&tiff(bits)).unwrap_or_else(|e| panic!("{bits} bits: {e}"));
        let (largest, _) = difference(pixels, picture.clone());
        let step = 255 / ((1u32 << bits) - 1) / 2 + 1;
        assert!(u32::from(largest) <= step, "{bits} bits: {largest}");
    }
}

/// Uncompressed, one strip, the directory in front of it.
fn tiff(bits: u32) -> Vec<u8> {
    let pixels = packed(&rgb(), SIZE.width as usize * 3, bits);
    let entries: [(u16, u16, u32, u32); 9] = [
        (256, 3, 1, SIZE.width),
        (257, 3, 1, SIZE.height),
        (258, 3, 3, 122),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 128),
        (277, 3, 1, 3),
        (278, 3, 1, SIZE.height),
        (279, 4, 1, pixels.len() as u32),
    ];
    let mut out = b"II*\0\x08\0\0\0\x09\0".to_vec();
    for (tag, kind, count, value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend([0; 4]);
    assert_eq!(out.len(), 122);
    out.extend([bits as u8, 0, bits as u8, 0, bits as u8, 0]);
    out.extend(pixels);
    out
}

/// Codes of 9 bits that never compress: a clear code before every 254 pixels.
fn gif() -> Vec<u8> {
    let mut out = b"GIF89a".to_vec();
    out.extend((SIZE.width as u16).to_le_bytes());
    out.extend((SIZE.height as u16).to_le_bytes());
    out.extend([0xf7, 0, 0]);
    out.extend((0..=255u8).flat_map(|v| [v, v, 255 - v]));
    out.extend([0x2c, 0, 0, 0, 0]);
    out.extend((SIZE.width as u16).to_le_bytes());
    out.extend((SIZE.height as u16).to_le_bytes());
    out.extend([0, 8]);
    let (mut bits, mut held, mut data) = (0u32, 0, Vec::new());
    let mut put = |code: u32, data: &mut Vec<u8>| {
        bits |= code << held;
        held += 9;
        while held >= 8 {
            data.push(bits as u8);
            bits >>= 8;
            held -= 8;
        }
    };
    for (i, p) in rgb().chunks(3).enumerate() {
        if i % 254 == 0 {
            put(256, &mut data);
        }
        put(u32::from(p[0]), &mut data);
    }
    put(257, &mut data);
    put(0, &mut data);
    for block in data.chunks(255) {
        out.push(block.len() as u8);
        out.extend(block);
    }
    out.extend([0, 0x3b]);
    out
}

fn qoi() -> Vec<u8> {
    let mut out = b"qoif".to_vec();
    out.extend(SIZE.width.to_be_bytes());
    out.extend(SIZE.height.to_be_bytes());
    out.extend([3, 0]);
    for p in rgb().chunks(3) {
        out.push(0xfe);
        out.extend(p);
    }
    out.extend([0, 0, 0, 0, 0, 0, 0, 1]);
    out
}

#[test]
fn whole_ones_decode_to_the_scene() {
    for (name, bytes) in samples() {
        let ours = decoded(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(ours.size(), SIZE, "{name}");
        if name == "gif" {
            continue;
        }
        let kinds = [Channels::GreyAlpha, Channels::Grey, Channels::Rgba, Channels::Cmyk, Channels::Rgb];
        let channels = kinds.into_iter().find(|c| name.contains(&format!(" {c:?}"))).unwrap_or(Channels::Rgb);
        let (_, mean) = difference(ours, scene(SIZE, channels));
        let limit = if name.contains("jpeg") || name.contains("lossless false") { 6.0 } else { 0.1 };
        assert!(mean <= limit, "{name}: {mean}");
    }
}

#[test]
fn cut_anywhere_is_an_error() {
    for (name, bytes) in samples() {
        let whole = decoded(&bytes).expect("a whole picture");
        let lengths = (0..bytes.len()).step_by(37).chain(bytes.len().saturating_sub(3)..bytes.len());
        for length in lengths {
            let cut = &bytes[..length];
            let out = panic::catch_unwind(|| decoded(cut));
            let out = out.unwrap_or_else(|_| panic!("{name} cut to {length} of {} panicked", bytes.len()));
            // What lacks nothing but marks and padding is whole.
            let is_right = out.as_ref().is_ok_and(|pixels| rgba(pixels.clone()) == rgba(whole.clone()));
            assert!(out.is_err() || is_right, "{name} cut to {length} of {} was taken", bytes.len());
        }
    }
}

#[test]
fn what_there_is_of_a_cut_picture() {
    for (name, bytes) in samples() {
        let Some(format) = format::sniff(&bytes) else { continue };
        let recipe = Recipe::default().with_formats([FormatChoice::To(Format::Png)]).with_allow_truncated(true);
        for length in (0..bytes.len()).step_by(37) {
            let out = render::render(&bytes[..length], &recipe, &Limits::default());
            if let Ok(out) = out {
                assert!(!out.notes.is_empty(), "{name} ({format}) cut to {length} of {}: no note", bytes.len());
                assert_eq!(out.outputs[0].size, SIZE);
            }
        }
        let most = bytes.len() - bytes.len() / 20 - 13;
        let out = render::render(&bytes[..most], &recipe, &Limits::default());
        // libwebp gives rows some way behind what it has read, of so small a picture perhaps none.
        assert!(out.is_ok() || format == Format::WebP, "{name}: {:?}", out.err());
    }
}

#[test]
fn changed_anywhere_does_not_panic() {
    for (name, bytes) in samples() {
        for at in (0..bytes.len()).step_by(17) {
            for value in [0x00, 0x7f, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let out = panic::catch_unwind(|| decoded(&changed).map(|p| p.size()));
                assert!(out.is_ok(), "{name} with {value} at {at} panicked");
            }
        }
    }
}

#[test]
fn limits_hold() {
    for (name, bytes) in samples() {
        let format = format::sniff(&bytes).unwrap();
        let decoder = registry::decoder(format).unwrap();
        let few = Limits::default().with_max_pixels(SIZE.pixels() - 1);
        let out = decoder.open(&bytes, &few).map(|_| ());
        let Err(DecodeError::Limit(words)) = out else { panic!("{name}: {out:?}") };
        assert!(words.contains("--max-pixels") && words.contains(&SIZE.to_string()), "{name}: {words}");
        let exact = Limits::default().with_max_pixels(SIZE.pixels());
        assert!(decoder.open(&bytes, &exact).is_ok(), "{name}");
        let small = Limits::default().with_max_memory(1000);
        let out = render::render(&bytes, &Recipe::default(), &small);
        let Err(render::RenderError::Decode(DecodeError::Limit(words))) = out else {
            panic!("{name}: {:?}", out.map(|o| o.notes))
        };
        assert!(words.contains("--memory"), "{name}: {words}");
    }
}

#[test]
fn interrupts_are_heard() {
    for (name, bytes) in samples() {
        let opened = render::open(&bytes, &Recipe::default(), &Limits::default()).unwrap();
        let out = opened.render(&[0], Some(&|| true));
        assert!(
            matches!(out, Err(render::RenderError::Decode(DecodeError::Interrupted))),
            "{name}: {:?}",
            out.map(|o| o.notes)
        );
    }
}

#[test]
fn the_offer_is_what_comes() {
    for (name, bytes) in samples() {
        let picture = registry::decoder(format::sniff(&bytes).unwrap()).unwrap();
        let picture = picture.open(&bytes, &Limits::default()).unwrap();
        for (width, height) in [(1.0, 1.0), (5.3, 3.7), (13.0, 9.0), (26.5, 18.5), (53.0, 37.0)] {
            let offer = picture.offer(Some(thumbs_render::codec::Need { width, height, chroma: 1.0 }));
            let whole = |stored: u32, scale: f64| (f64::from(stored) * scale - 1e-9).ceil() as u32;
            assert_eq!(offer.size.width, whole(SIZE.width, offer.scale.0), "{name}");
            assert_eq!(offer.size.height, whole(SIZE.height, offer.scale.1), "{name}");
            assert!(f64::from(offer.size.width) >= width && f64::from(offer.size.height) >= height, "{name}");
            let pixels = picture.decode(&offer, &DecodeOptions::default()).unwrap().pixels.into_pixmap();
            assert_eq!(pixels.size(), offer.size, "{name}");
            assert!(pixels.bytes() <= offer.memory, "{name}");
        }
    }
}

#[test]
fn same_bytes_every_time() {
    let recipe = Recipe::default().with_sizes(["20x20".parse().unwrap(), "9x".parse().unwrap()]).with_formats([
        FormatChoice::To(Format::Jpeg),
        FormatChoice::To(Format::Png),
        FormatChoice::To(Format::WebP),
    ]);
    for (name, bytes) in samples() {
        let all = |out: render::Rendered| out.outputs.into_iter().map(|o| o.bytes).collect::<Vec<_>>();
        let first = all(render::render(&bytes, &recipe, &Limits::default()).unwrap());
        assert_eq!(first.len(), 6);
        assert_eq!(first, all(render::render(&bytes, &recipe, &Limits::default()).unwrap()), "{name}");
    }
}
