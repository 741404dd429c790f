//! Files of formats other than JPEG, PNG and WebP that say one thing and hold another: nothing visible may be missing or
//! invented; everything else is a note.

use crate::made::{made, made_with, whole_but};
use crate::testenv::World;

fn scene() -> Vec<u8> {
    oddities::scene::rgb(96, 64)
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// BMP of 256 colours of which 0 to 2 are red, green and blue, the rest grey.
fn palette_bmp() -> Vec<u8> {
    let mut out = b"BM".to_vec();
    out.extend([1078 + 32, 0, 1078, 40, 8, 4].map(u32::to_le_bytes).concat());
    out.extend([1, 0, 8, 0]);
    out.extend([0; 24]);
    out.extend([0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0]);
    (3..=255).for_each(|i: u8| out.extend([i, i, i, 0]));
    out.extend((0..32).map(|i| i % 3));
    out
}

#[test]
fn pixels_of_a_bmp_are_not_drawn_from_its_palette() {
    let right = made("a.bmp", &palette_bmp());
    assert_eq!(right.pixels[..9], [255, 0, 0, 0, 255, 0, 0, 0, 255], "the uppermost row comes last");
    for offset in [0, 10, 53, 54, 58, 500, 1077] {
        let mut wrong = palette_bmp();
        put(&mut wrong, 10, offset);
        assert_eq!(made("a.bmp", &wrong).pixels, right.pixels, "{offset}");
    }
    let mut beyond = palette_bmp();
    put(&mut beyond, 10, 5000);
    assert!(made_with("a.bmp", &beyond, &[]).is_err());
}

#[test]
fn nonsense_about_the_colours_of_a_24_bit_bmp_is_passed_over() {
    for used in [7, 256, 70_000, 0xdead_beef] {
        let mut bytes = oddities::others::bmp(96, 64);
        put(&mut bytes, 46, used);
        assert_eq!(made("a.bmp", &bytes).pixels, scene(), "{used}");
    }
}

#[test]
fn a_bmp_may_be_shorter_than_it_says_by_what_is_not_seen() {
    let mut bytes = oddities::others::bmp(95, 64);
    let length = bytes.len();
    put(&mut bytes, 2, length as u32 + 2);
    let whole = whole_but("a.bmp", &bytes, "shorter than it says");
    bytes.truncate(length - 3);
    assert_eq!(
        whole_but("a.bmp", &bytes, "shorter than it says").pixels,
        whole.pixels,
        "a row is filled up with 3 bytes"
    );
    bytes.truncate(length - 4);
    assert!(made_with("a.bmp", &bytes, &[]).is_err_and(|error| error.contains("truncated BMP")));
}

#[test]
fn pictures_of_an_icon_do_not_lie_in_its_directory() {
    for offset in [0, 6, 21, 50_000] {
        let mut bytes = oddities::others::ico(96, 64);
        put(&mut bytes, 18, offset);
        assert!(made_with("a.ico", &bytes, &[]).is_err(), "{offset}");
    }
}

#[test]
fn an_icon_may_claim_more_bytes_than_its_picture_has() {
    let mut bytes = oddities::others::ico(96, 64);
    put(&mut bytes, 14, 50_000);
    assert_eq!(made("a.ico", &bytes).pixels, scene());
    // A PNG that is whole, also where the directory says more.
    let png = oddities::png::rgb(96, 64);
    let entry = [[0u8, 0, 1, 0, 1, 0].to_vec(), vec![96, 64, 0, 0, 1, 0, 24, 0]].concat();
    let ico =
        |length: usize, png: &[u8]| [&entry[..], &[length as u32, 22].map(u32::to_le_bytes).concat(), png].concat();
    assert_eq!(whole_but("a.ico", &ico(png.len() + 9, &png), "shorter than it says").pixels, scene());
    assert!(made_with("a.ico", &ico(png.len(), &png[..png.len() / 2]), &[]).is_err());
}

/// TGA with a map of two colours, of which the pixels are the second and the first.
fn mapped_tga() -> Vec<u8> {
    let mut out = vec![0, 1, 1, 0, 0, 2, 0, 24, 0, 0, 0, 0, 2, 0, 1, 0, 8, 0x20];
    out.extend([1, 2, 3, 4, 5, 6, 1, 0]);
    out
}

#[test]
fn the_map_of_a_tga_is_not_its_pixels() {
    assert_eq!(made("a.tga", &mapped_tga()).pixels, [6, 5, 4, 3, 2, 1]);
    // The map takes all that is left.
    let mut long = mapped_tga();
    long[5] = 4;
    assert!(made_with("a.tga", &long, &[]).is_err());
    // A footer that leads into the pixels says nothing of alpha.
    let mut rgba = vec![0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200, 0, 1, 0, 32, 0x28];
    rgba.extend([10, 20, 30, 255].repeat(199));
    rgba.extend([10, 20, 30, 0]);
    let plain = made("a.tga", &rgba);
    rgba.extend([&100u32.to_le_bytes()[..], &[0; 4], b"TRUEVISION-XFILE.\0"].concat());
    assert_eq!(made("a.tga", &rgba).pixels, plain.pixels);
    // Cut, it says nothing either, and nothing is missing.
    rgba.truncate(rgba.len() - 5);
    assert_eq!(made("a.tga", &rgba).pixels, plain.pixels);
}

/// GIF of 2x2 indices of two bits at a place on its screen, without an end to its codes' blocks where `ends` is false.
fn gif(screen: (u16, u16), at: (u16, u16), colors: bool) -> Vec<u8> {
    let mut out = b"GIF89a".to_vec();
    out.extend([screen.0, screen.1].map(u16::to_le_bytes).concat());
    out.extend([if colors { 0x91 } else { 0x11 }, 0, 0]);
    if colors {
        out.extend([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9]);
    }
    out.push(0x2c);
    out.extend([at.0, at.1, 2, 2].map(u16::to_le_bytes).concat());
    out.push(0);
    // Codes of three bits: clear, 0, 1, clear, 2, 3, end.
    let codes = [4u32, 0, 1, 4, 2, 3, 5].iter().rev().fold(0u32, |sum, code| sum << 3 | code);
    out.extend([2, 3]);
    out.extend(&codes.to_le_bytes()[..3]);
    out.extend([0, 0x3b]);
    out
}

const GIF_PIXELS: [u8; 12] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9];

#[test]
fn a_frame_beyond_the_screen_of_a_gif_enlarges_it() {
    let small = made("a.gif", &gif((1, 1), (0, 0), true));
    assert_eq!((small.size, &small.pixels[..]), ((2, 2), &GIF_PIXELS[..]));
    for (screen, at, size) in [((2, 1), (0, 0), (2, 2)), ((3, 3), (2, 0), (4, 3)), ((0, 0), (5, 1), (7, 3))] {
        assert_eq!(made("a.gif", &gif(screen, at, true)).size, size, "{screen:?} {at:?}");
    }
    // No way around the limit of pixels.
    let far = made_with("a.gif", &gif((1, 1), (65_000, 65_000), true), &[]);
    assert!(far.is_err_and(|error| error.contains("--max-pixels")));
}

#[test]
fn a_gif_without_colours_is_grey() {
    let grey = made("a.gif", &gif((2, 2), (0, 0), false));
    assert_eq!(grey.pixels, [0, 0, 0, 85, 85, 85, 170, 170, 170, 255, 255, 255]);
    assert_eq!(grey.notes, ["no palette: its indices are shown as greys"]);
}

#[test]
fn a_whole_first_frame_is_enough_of_a_gif() {
    let whole = gif((2, 2), (0, 0), true);
    let end = whole.len();
    for tail in [&b""[..], &b"\x99\x99\x99"[..], b"<!-- a comment -->", b"\x2c\0\0\0", b"\x21\xf9"] {
        let bytes = [&whole[..end - 1], tail].concat();
        let made = whole_but("a.gif", &bytes, "GIF");
        assert_eq!((made.size, &made.pixels[..]), ((2, 2), &GIF_PIXELS[..]), "{tail:?}");
    }
    // In the middle of the frame it fails, whatever follows.
    for bytes in [whole[..end - 4].to_vec(), [&whole[..end - 6], &[1, whole[end - 5], 0, 0x3b][..]].concat()] {
        assert!(made_with("a.gif", &bytes, &[]).is_err_and(|error| error.contains("truncated GIF")));
    }
}

#[test]
fn a_qoi_needs_no_end_mark_but_all_of_its_pixels() {
    let whole = oddities::others::qoi(96, 64);
    for cut in 1..=8 {
        assert_eq!(whole_but("a.qoi", &whole[..whole.len() - cut], "no end marker").pixels, scene(), "{cut}");
    }
    assert!(made_with("a.qoi", &whole[..whole.len() - 9], &[]).is_err());
    // The end mark is no pixels: here two of them are missing.
    let missing = [&whole[..whole.len() - 16], &[0, 0, 0, 0, 0, 0, 0, 1]].concat();
    assert!(made_with("a.qoi", &missing, &[]).is_err());
}

#[test]
fn what_stands_behind_a_picture_is_no_part_of_it() {
    for (name, bytes) in [
        ("a.ppm", oddities::others::ppm(96, 64)),
        ("a.pgm", oddities::others::plain_pgm(96, 64)),
        ("a.ff", oddities::others::farbfeld(96, 64)),
        ("a.hdr", oddities::others::sideways_hdr(96, 64)),
        ("a.tga", oddities::others::tga(96, 64)),
        ("a.bmp", oddities::others::bmp(96, 64)),
        ("a.pfm", oddities::others::pfm(96, 64)),
    ] {
        let plain = made(name, &bytes);
        for junk in [&b"\n\n  "[..], b"\0\0\0\0", b"junk, and more of it"] {
            let more = made(name, &[&bytes[..], junk].concat());
            assert_eq!((more.pixels == plain.pixels, more.notes), (true, vec![]), "{name} {junk:?}");
        }
    }
}

#[test]
fn a_pfm_of_measurements_is_not_white() {
    let pfm = |kind: &str, values: &[f32]| {
        let size = values.len() / if kind == "PF" { 3 } else { 1 };
        let mut out = format!("{kind}\n{size} 1\n-1.0\n").into_bytes();
        out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        out
    };
    let depth = made("a.pfm", &pfm("Pf", &[20.0, 40.0, 60.0, f32::INFINITY]));
    assert_eq!(depth.pixels, [0, 0, 0, 128, 128, 128, 255, 255, 255, 255, 255, 255]);
    assert_eq!(depth.notes, ["values from 20 to 60 spread from black to white"]);
    let light = made("a.pfm", &pfm("PF", &[0.0, 0.5, 9.0]));
    assert_eq!(light.notes, ["HDR highlights clipped to white"]);
}

#[test]
fn each_kind_is_called_by_its_name() {
    let gzip = |bytes: &[u8]| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut out, bytes).unwrap();
        out.finish().unwrap()
    };
    let svg = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>";
    for (name, bytes, words) in [
        ("a.svg.gz", gzip(svg), "unsupported: SVG"),
        ("a.svgz", gzip(svg), "unsupported: SVG"),
        ("a.ppm.gz", gzip(&oddities::others::ppm(96, 64)), "not a picture (gzip data)"),
        (
            "a.ppm.zst",
            zstd::encode_all(&oddities::others::ppm(96, 64)[..], 0).unwrap(),
            "not a picture (Zstandard data)",
        ),
        (
            "a.xv",
            b"P7 332\n#XVVERSION:Version 2.28\n#END_OF_COMMENTS\n2 2 255\nabcd".to_vec(),
            "unsupported: XV thumbnail",
        ),
        ("a.jb2", b"\x97JB2\r\n\x1a\n\x01\0\0\0\x01".to_vec(), "unsupported: JBIG2"),
    ] {
        let world = World::new();
        world.write(name, &bytes);
        for args in [&[name][..], &[name, "-o", "out/"]] {
            world.run(args).code(1).says(words);
        }
    }
    // A tar is an archive, whatever it is called and compressed with.
    let world = World::with(&["in/a.jpg"]);
    world.shell("tar -C in -czf pictures.svg.gz a.jpg").ok();
    world.run(&["pictures.svg.gz", "-o", "out/"]).ok();
    assert!(world.exists("out/a.jpg"));
}
