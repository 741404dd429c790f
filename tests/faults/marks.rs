//! Marks in PNG and WebP that stand in the wrong place or are missing: nothing visible is lost or invented.

use crate::testenv::{World, line, report};
use oddities::{png, webp};

/// The pixels of the thumbnail at the picture's own size, and the notes.
#[track_caller]
fn made(bytes: &[u8], options: &[&str]) -> (Vec<u8>, Vec<String>) {
    let world = World::new();
    world.write("in", bytes);
    let ran = world.run(&[&["in", "-o", "out.png", "-s", "original", "--report", "-"], options].concat());
    ran.ok();
    let lines = report(&ran.stdout);
    let notes = line(&lines, "done", "in")["notes"].as_array().cloned().unwrap_or_default();
    (world.pixels("out.png").2, notes.iter().map(|note| note.as_str().expect("words").to_owned()).collect())
}

/// Why no thumbnail comes of it.
#[track_caller]
fn refused(bytes: &[u8], options: &[&str]) -> String {
    let world = World::new();
    world.write("in", bytes);
    let ran = world.run(&[&["in", "-o", "out.png", "-s", "original"], options].concat());
    ran.code(1);
    assert!(!world.exists("out.png"));
    ran.stderr
}

/// Holds that all pixels come, with this note alone, and that `--strict` refuses the file.
#[track_caller]
fn sloppy(bytes: &[u8], whole: &[u8], note: &str) {
    let (pixels, notes) = made(bytes, &[]);
    assert_eq!(notes, [note]);
    assert!(pixels == made(whole, &[]).0, "other pixels");
    let words = refused(bytes, &["--strict"]);
    assert!(words.contains(note), "{words}");
}

fn profile() -> Vec<u8> {
    let profile = moxcms::ColorProfile::new_pro_photo_rgb().encode().expect("a profile");
    let mut zlib = flate2::write::ZlibEncoder::new(b"wide\0\0".to_vec(), flate2::Compression::default());
    std::io::Write::write_all(&mut zlib, &profile).expect("to memory");
    png::chunk(b"iCCP", &zlib.finish().expect("to memory"))
}

/// Chunks that tell other colours than sRGB's, by name.
fn colors() -> Vec<(&'static str, Vec<u8>)> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let primaries = [31_270, 32_900, 73_470, 26_530, 15_960, 84_040, 3_660, 100];
    vec![
        ("gAMA", png::chunk(b"gAMA", &words(&[100_000]))),
        ("cHRM", png::chunk(b"cHRM", &words(&primaries))),
        ("cICP", png::chunk(b"cICP", &[9, 16, 0, 1])),
        ("iCCP", profile()),
    ]
}

#[test]
fn colours_told_behind_the_pixels_or_the_palette_are_ignored() {
    let plain = png::rgb(40, 30);
    let palette = png::palette_with_transparency(40, 30);
    for (name, chunk) in colors() {
        let note = vec![format!("misplaced chunk {name} ignored")];
        let (want, none) = made(&plain, &[]);
        assert_eq!(none, Vec::<String>::new());
        assert_eq!(made(&png::inserted(&plain, b"IEND", &chunk), &[]), (want.clone(), note.clone()));
        assert_ne!(made(&png::inserted(&plain, b"IDAT", &chunk), &[]).0, want, "{name} in its place counts");
        assert_eq!(made(&png::inserted(&palette, b"tRNS", &chunk), &[]), (made(&palette, &[]).0, note));
    }
    for (name, body) in [(b"sRGB", &[0][..]), (b"sBIT", &[8, 8, 8])] {
        let (pixels, notes) = made(&png::inserted(&plain, b"IEND", &png::chunk(name, body)), &[]);
        assert_eq!(pixels, made(&plain, &[]).0);
        assert_eq!(notes, [format!("misplaced chunk {} ignored", String::from_utf8_lossy(name))]);
    }
}

#[test]
fn of_two_chunks_of_a_kind_the_first_counts() {
    let plain = png::rgb(40, 30);
    for (name, chunk) in colors() {
        let once = png::inserted(&plain, b"IDAT", &chunk);
        let other = match name {
            "gAMA" => png::chunk(b"gAMA", &30_000u32.to_be_bytes()),
            "cICP" => png::chunk(b"cICP", &[1, 8, 0, 1]),
            _ => chunk.clone(),
        };
        let (want, mut notes) = made(&once, &[]);
        notes.insert(0, format!("second chunk {name} ignored"));
        assert_eq!(made(&png::inserted(&once, b"IDAT", &other), &[]), (want, notes));
    }
}

#[test]
fn transparency_in_a_wrong_place_is_ignored() {
    let (rgb, rgba) = (png::rgb(40, 30), png::rgba(40, 30));
    let palette = png::palette_with_transparency(40, 30);
    let trns = png::place(&palette, b"tRNS");
    let mut early = palette.clone();
    let chunk: Vec<u8> = early.drain(trns.clone()).collect();
    let opaque = early.clone();
    let early = png::inserted(&early, b"PLTE", &chunk);
    let of_rgb = png::chunk(b"tRNS", &[0, 208, 0, 48, 0, 48]);
    let note = ["misplaced chunk tRNS ignored"];
    for (file, like) in [
        (png::inserted(&rgb, b"IEND", &of_rgb), &rgb),
        (png::inserted(&opaque, b"IEND", &chunk), &opaque),
        (png::inserted(&rgba, b"IDAT", &of_rgb), &rgba),
        (early, &opaque),
    ] {
        let (pixels, notes) = made(&file, &[]);
        assert_eq!(notes, note);
        assert_eq!(pixels, made(like, &[]).0);
    }
    // In its place it counts; where it is too short for any colour it does not.
    let there = png::inserted(&rgb, b"IDAT", &of_rgb);
    assert_eq!(made(&there, &["-f", "png"]).1, Vec::<String>::new());
    let short = png::inserted(&rgb, b"IDAT", &png::chunk(b"tRNS", &[0, 208]));
    assert_eq!(made(&short, &[]), (made(&rgb, &[]).0, vec!["damaged chunk tRNS ignored".to_owned()]));
}

#[test]
fn ancillary_chunks_between_the_pixels_do_not_part_them() {
    let pieces = png::in_pieces(40, 30, 40);
    let second = png::place(&pieces, b"IDAT").end;
    for chunk in [png::chunk(b"tEXt", b"Comment\0between"), png::chunk(b"gAMA", &100_000u32.to_be_bytes())] {
        let file = [&pieces[..second], &chunk, &pieces[second..]].concat();
        assert_eq!(made(&file, &[]).0, made(&pieces, &[]).0);
    }
}

#[test]
fn apples_png_is_unsupported() {
    let plain = png::rgb(40, 30);
    let file = png::inserted(&plain, b"IHDR", &png::chunk(b"CgBI", &[0x50, 0, 0x20, 2]));
    assert!(refused(&file, &[]).contains("unsupported: CgBI PNG"));
    let unknown = png::inserted(&plain, b"IDAT", &png::chunk(b"ABCD", b""));
    assert!(refused(&unknown, &[]).contains("unsupported: PNG with the critical chunk ABCD"));
}

#[test]
fn an_animation_beside_its_default_image_is_told() {
    let note = "animation lost: first frame only";
    let plain = made(&png::rgb(40, 30), &[]).0;
    for file in [png::animated(40, 30), png::animated_beside_the_picture(40, 30)] {
        assert_eq!(made(&file, &[]), (plain.clone(), vec![note.to_owned()]));
    }
    // Told behind the pixels, it is none.
    let late = png::inserted(&png::rgb(40, 30), b"IEND", &png::chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]));
    assert_eq!(made(&late, &[]), (plain, vec!["misplaced chunk acTL ignored".to_owned()]));
}

#[test]
fn whole_pixels_in_a_png_without_its_end_are_a_picture() {
    for whole in [png::rgb(40, 30), png::in_pieces(40, 30, 50), png::interlaced(41, 31), png::rgb16(20, 9)] {
        let end = png::place(&whole, b"IEND");
        for length in [end.start, end.start + 3, end.start + 8, end.end - 1] {
            sloppy(&whole[..length], &whole, "no end marker");
        }
        let text = png::inserted(&whole, b"IEND", &png::chunk(b"tEXt", b"Comment\0of some length"));
        sloppy(&text[..end.start + 20], &whole, "no end marker");
        sloppy(&[&whole[..end.start], &[0; 12]].concat(), &whole, "no end marker");
        sloppy(&[&whole[..end.start], b"junk of any kind that is no chunk"].concat(), &whole, "no end marker");
        let mut damaged = whole.clone();
        *damaged.last_mut().unwrap() ^= 1;
        sloppy(&damaged, &whole, "damaged end marker");
        sloppy(&[&whole[..], b"junk"].concat(), &whole, "4 bytes behind the end ignored");
    }
}

#[test]
fn whole_pixels_whose_checksums_are_wrong_or_missing_are_a_picture() {
    let whole = png::rgb(40, 30);
    let idat = png::place(&whole, b"IDAT");
    let changed = |at: usize| {
        let mut file = whole.clone();
        file[at] ^= 0x55;
        file
    };
    sloppy(&changed(idat.end - 1), &whole, "wrong checksum of chunk IDAT ignored");
    // The checksum of the pixels alone, with that of the chunk made for it or not.
    let adler = |data: &mut Vec<u8>| *data.last_mut().unwrap() ^= 1;
    sloppy(&png::with_data(40, 30, adler), &whole, "wrong checksum of the pixel data ignored");
    sloppy(&changed(idat.end - 5), &whole, "wrong checksum of the pixel data ignored");
    let without = |count: usize| png::with_data(40, 30, move |data| data.truncate(data.len() - count));
    sloppy(&without(2), &whole, "no checksum of the pixel data");
    sloppy(&without(4), &whole, "no checksum of the pixel data");
    let more = png::with_data(40, 30, |data| data.extend([9; 20]));
    assert_eq!(made(&more, &[]).0, made(&whole, &[]).0);
    // A file cut, or zeroed, behind the last pixel.
    for length in [idat.end - 2, idat.end - 6, idat.end - 8] {
        let (pixels, notes) = made(&whole[..length], &[]);
        assert_eq!(pixels, made(&whole, &[]).0);
        assert!(notes.contains(&"no end marker".to_owned()), "{notes:?}");
        refused(&whole[..length], &["--strict"]);
    }
    let mut zeroed = whole.clone();
    zeroed[idat.end - 8..].fill(0);
    assert_eq!(made(&zeroed, &[]).0, made(&whole, &[]).0);
}

#[test]
fn pixels_without_the_end_of_their_compression_are_a_picture() {
    // In stored blocks the end is told before the pixels, in others behind them.
    for whole in [png::rgb(40, 30), png::rgb(300, 200), png::interlaced(41, 31)] {
        let data = png::place(&whole, b"IDAT");
        let want = made(&whole, &[]).0;
        let mut lengths = Vec::new();
        for length in (data.end - 20..data.end - 4).rev() {
            let world = World::new();
            world.write("in.png", &whole[..length]);
            if world.run(&["in.png", "-o", "out.png", "-s", "original"]).code == Some(0) {
                assert_eq!(world.pixels("out.png").2, want, "cut to {length}");
                lengths.push(length);
            }
        }
        assert!(!lengths.is_empty() && lengths.len() < 16, "{lengths:?}");
    }
}

#[test]
fn changed_pixels_fail_with_our_words() {
    let whole = png::rgb(40, 30);
    let idat = png::place(&whole, b"IDAT");
    let mut flipped = whole.clone();
    flipped[idat.start + 30] ^= 0x10;
    let palette = png::palette_with_transparency(40, 30);
    let (plte, header) = (png::place(&palette, b"PLTE"), png::place(&whole, b"IHDR"));
    let changed = |file: &[u8], at: usize| {
        let mut file = file.to_vec();
        file[at] ^= 1;
        file
    };
    let without = [&palette[..plte.start], &palette[plte.end..]].concat();
    let rows = png::with_data(40, 30, |data| *data = vec![0x78, 1, 1, 2, 0, 0xfd, 0xff, 0, 0]);
    let filter = png::with_data(1, 1, |data| *data = vec![0x78, 1, 1, 4, 0, 0xfb, 0xff, 9, 1, 2, 3, 0, 0, 0, 0]);
    for (file, words) in [
        (flipped, "damaged PNG: chunk IDAT has a wrong checksum"),
        (changed(&palette, plte.end - 1), "damaged PNG: chunk PLTE has a wrong checksum"),
        (changed(&whole, header.end - 1), "damaged PNG: chunk IHDR has a wrong checksum"),
        (without, "damaged PNG: no palette"),
        (png::bad_zlib(40, 30), "damaged PNG: its compressed pixels are corrupt"),
        (rows, "truncated PNG: rows are missing"),
        (filter, "damaged PNG: a row with an unknown filter"),
        (whole[..idat.start + 40].to_vec(), "truncated PNG: its data end too early"),
        (whole[..idat.start].to_vec(), "truncated PNG: no pixel data"),
        ([&whole[..idat.start], &whole[idat.end..]].concat(), "damaged PNG: no pixel data"),
    ] {
        let said = refused(&file, &[]);
        assert!(said.contains(words), "{said:?} lacks {words:?}");
        assert!(!said.contains("ChunkType") && !said.contains('{'), "{said}");
    }
}

#[test]
fn a_chunk_whose_checksum_is_wrong_is_ignored() {
    let plain = png::rgb(40, 30);
    for (name, mut chunk) in colors() {
        *chunk.last_mut().unwrap() ^= 1;
        let file = png::inserted(&plain, b"IDAT", &chunk);
        assert_eq!(made(&file, &[]), (made(&plain, &[]).0, vec![format!("damaged chunk {name} ignored")]));
    }
}

/// A lossless WebP whose one chunk has an odd length, by the width of the picture.
fn odd() -> Vec<u8> {
    let odd = |file: &Vec<u8>| file[16] % 2 == 1;
    (20..60).map(|width| webp::rgb(width, 30)).find(odd).expect("an odd length")
}

#[test]
fn a_webp_whose_container_lies_about_its_length_is_a_picture() {
    let extended = webp::extended(40, 30, 8, &webp::chunk(b"EXIF", &oddities::exif::orientation(1)));
    for whole in [webp::rgb(40, 30), webp::rgba(40, 30), extended, webp::animated(40, 30)] {
        let said = u32::from_le_bytes([whole[4], whole[5], whole[6], whole[7]]);
        for wrong in [0, 4, said - 6, said - 2, said + 2, said + 10, u32::MAX - 9] {
            let file = [&whole[..4], &wrong.to_le_bytes(), &whole[8..]].concat();
            let (pixels, notes) = made(&file, &[]);
            assert_eq!(pixels, made(&whole, &[]).0, "{wrong} for {said}");
            assert!(
                notes.contains(&"wrong length of the container ignored".to_owned()),
                "{wrong} for {said}: {notes:?}"
            );
            refused(&file, &["--strict"]);
        }
        let (pixels, notes) = made(&[&whole[..], b"junk behind it"].concat(), &[]);
        assert_eq!(pixels, made(&whole, &[]).0);
        assert!(notes.contains(&"14 bytes behind the end ignored".to_owned()), "{notes:?}");
        // Of the picture itself nothing may be missing.
        assert!(refused(&whole[..whole.len() / 3], &[]).contains("truncated WebP"));
    }
}

#[test]
fn a_webp_without_padding_is_a_picture() {
    let whole = odd();
    let length = whole[16] as usize + 256 * whole[17] as usize;
    let bare = &whole[12..20 + length];
    let (w, exif) = (whole_width(&whole), webp::chunk(b"EXIF", &oddities::exif::orientation(1)));
    let three = |v: u32| v.to_le_bytes()[..3].to_vec();
    let head = webp::chunk(b"VP8X", &[&[8, 0, 0, 0][..], &three(w - 1), &three(29)].concat());
    sloppy(&webp::file(&[&head, bare, &exif].concat()), &whole, "missing padding of chunks");
    // At the very end nobody misses it.
    assert_eq!(made(&webp::file(bare), &[]), (made(&whole, &[]).0, vec![]));
}

fn whole_width(file: &[u8]) -> u32 {
    // VP8L: a signature byte, then 14 bits of width less one.
    (u32::from(file[21]) | u32::from(file[22] & 0x3f) << 8) + 1
}

#[test]
fn a_webp_cut_behind_its_picture_is_one() {
    let exif = webp::chunk(b"EXIF", &oddities::exif::orientation(1));
    let whole = webp::extended(40, 30, 8, &exif);
    sloppy(&whole[..whole.len() - 9], &whole, "chunk behind the picture cut");
    let moving = webp::animated(40, 30);
    let (pixels, notes) = made(&moving[..moving.len() - 9], &[]);
    assert_eq!(pixels, made(&moving, &[]).0);
    assert_eq!(notes, ["animation lost: first frame only", "chunk behind the picture cut"]);
}
