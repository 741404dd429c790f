//! JPEG files that were decoded wrongly, refused though whole, or refused with the wrong words.

use crate::testenv::World;
use oddities::lossless::{Lossless, adobe};
use thumbs_render::pixmap::Samples;

/// What becomes of a sample of `precision` bits: 8 or 16 bits over the same range.
fn spread(sample: u16, precision: u8) -> u16 {
    let (max, top) = ((1u64 << precision) - 1, if precision > 8 { 65_535 } else { 255 });
    ((u64::from(sample) * top * 2 + max) / (2 * max)) as u16
}

/// The pixels that a lossless picture stands for, with 8 or 16 bits a sample; ink is inverted.
fn pixels(how: &Lossless, samples: &[Vec<u16>]) -> Vec<u16> {
    let kept = how.kept(samples);
    let max = ((1u32 << how.precision) - 1) as u16;
    let mut out = Vec::new();
    for (x, y) in (0..how.height).flat_map(|y| (0..how.width).map(move |x| (x, y))) {
        for c in 0..how.factors.len() {
            let sample = how.at(&kept, c, x, y);
            out.push(spread(if how.factors.len() == 4 { max - sample } else { sample }, how.precision));
        }
    }
    out
}

fn decoded(bytes: &[u8]) -> Vec<u16> {
    match crate::pictures::decoded(bytes).unwrap_or_else(|e| panic!("{e}")).into_samples() {
        Samples::U8(v) => v.into_iter().map(u16::from).collect(),
        Samples::U16(v) => v,
    }
}

/// Sampling factors of one, three and four components.
fn samplings() -> Vec<Vec<(u8, u8)>> {
    let chroma = |luma| vec![luma, (1, 1), (1, 1)];
    vec![
        vec![(1, 1)],
        vec![(2, 2)],
        chroma((1, 1)),
        chroma((2, 1)),
        chroma((1, 2)),
        chroma((2, 2)),
        chroma((4, 1)),
        vec![(1, 1), (2, 1), (1, 2)],
        vec![(3, 2), (2, 1), (1, 2)],
        vec![(1, 1); 4],
        vec![(2, 2), (1, 1), (1, 1), (2, 2)],
    ]
}

#[test]
fn lossless_jpeg_comes_out_as_it_was_made() {
    for factors in samplings() {
        for precision in [2, 3, 7, 8, 9, 12, 15, 16] {
            for transform in [0, 1, 2, precision - 1].into_iter().filter(|&transform| transform < precision) {
                for (predictor, restart) in (1..=7).flat_map(|p| [0, 1, 2, 3].map(|r| (p, r))) {
                    for interleaved in [true, false] {
                        let factors = factors.clone();
                        let how = Lossless {
                            precision,
                            predictor,
                            transform,
                            restart,
                            interleaved,
                            factors,
                            ..Lossless::default()
                        };
                        let samples = how.samples();
                        assert_eq!(decoded(&how.encode(&samples)), pixels(&how, &samples), "{how:?}");
                    }
                }
            }
        }
    }
}

/// Lossless coding has no quantisation, so that the number of its table means nothing.
#[test]
fn a_lossless_jpeg_may_name_any_quantisation_table() {
    let how = Lossless::default();
    let mut bytes = how.encode(&how.samples());
    let frame = bytes.windows(2).position(|w| w == [0xff, 0xc3]).unwrap();
    bytes[frame + 12] = 0xff;
    assert_eq!(decoded(&bytes), pixels(&how, &how.samples()));
}

#[test]
fn lossless_jpeg_through_the_binary_is_exact() {
    let world = World::new();
    let mut wanted = Vec::new();
    for (i, factors) in [vec![(1, 1)], vec![(1, 1); 3], vec![(2, 1), (1, 1), (1, 1)]].into_iter().enumerate() {
        for precision in [4, 8, 12, 16] {
            for (predictor, restart) in [(1, 3), (4, 0), (7, 1)] {
                let (transform, interleaved) = (predictor % 3, predictor != 7);
                let how = Lossless {
                    precision,
                    predictor,
                    transform,
                    restart: restart as u32,
                    interleaved,
                    factors: factors.clone(),
                    width: 300,
                    height: 70,
                    ..Lossless::default()
                };
                let samples = how.samples();
                let name = format!("{i}-{precision}-{predictor}");
                world.write(format!("in/{name}.jpg"), &how.encode(&samples));
                wanted.push((name, pixels(&how, &samples), how));
            }
        }
    }
    world.run(&["in", "-s", "original", "-f", "png", "-o", "out"]).ok();
    for (name, pixels, how) in wanted {
        let (width, height, found) = world.pixels(format!("out/{name}.png"));
        assert_eq!((width, height), (300, 70));
        let narrow = |v: u16| if how.precision > 8 { ((u32::from(v) * 255 + 32_767) / 65_535) as u8 } else { v as u8 };
        let rgb: Vec<u8> = match how.factors.len() {
            1 => pixels.iter().flat_map(|&v| [narrow(v); 3]).collect(),
            _ => pixels.iter().map(|&v| narrow(v)).collect(),
        };
        assert!(found == rgb, "{name}: {how:?}");
    }
}

/// Rows are averaged while they come, as those of a PNG are.
#[test]
fn a_lossless_jpeg_makes_the_thumbnail_that_its_pixels_make() {
    let world = World::new();
    for interleaved in [true, false] {
        let how = Lossless {
            width: 300,
            height: 200,
            predictor: 6,
            factors: vec![(1, 1); 3],
            interleaved,
            ..Lossless::default()
        };
        let samples = how.samples();
        let bytes: Vec<u8> = pixels(&how, &samples).into_iter().map(|v| v as u8).collect();
        world.write("a.jpg", &how.encode(&samples));
        world.write("b.ppm", &[&b"P6\n300 200\n255\n"[..], &bytes].concat());
        world.run(&["a.jpg", "b.ppm", "-s", "32", "-f", "png", "-o", "out/"]).ok();
        assert_eq!(world.pixels("out/a.png"), world.pixels("out/b.png"));
    }
}

/// As libjpeg-turbo has it: RGB where nothing is said, YCbCr by JFIF and Adobe's marker.
#[test]
fn colours_of_lossless_jpeg_follow_its_markers() {
    let jfif = (0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec());
    for precision in [8, 12] {
        for (marker, want) in [
            (None, [100, 90, 240]),
            (Some(adobe(0)), [100, 90, 240]),
            (Some(adobe(1)), [255, 33, 33]),
            (Some(jfif.clone()), [255, 33, 33]),
        ] {
            let how = Lossless { precision, factors: vec![(1, 1); 3], marker, ..Lossless::default() };
            let shift = precision - 8;
            let plane = |v: u16| vec![v << shift; 13 * 9];
            let bytes = how.encode(&[plane(100), plane(90), plane(240)]);
            let found = crate::pictures::rgba(crate::pictures::decoded(&bytes).unwrap());
            let near = (0..3).all(|c| found[50][c].abs_diff(want[c]) <= 1);
            assert!(near, "{how:?}: {:?}", found[50]);
        }
    }
}

#[test]
fn lossless_ycck_is_ink() {
    let how = Lossless { factors: vec![(1, 1); 4], marker: Some(adobe(2)), ..Lossless::default() };
    // Full luma, no chroma, no black: inverted that is all of every ink but black, which is white in Adobe's files.
    let plane = |v: u16| vec![v; 13 * 9];
    let bytes = how.encode(&[plane(255), plane(128), plane(128), plane(255)]);
    assert_eq!(decoded(&bytes)[..4], [255, 255, 255, 0]);
}

#[test]
fn a_lossless_jpeg_with_a_fault_fails_and_says_which() {
    let world = World::new();
    let how = Lossless { width: 120, height: 80, restart: 4, ..Lossless::default() };
    let whole = how.encode(&how.samples());
    let changed = |code: u8, at: usize, value: u8| {
        let mut bytes = whole.clone();
        let marker = bytes.windows(2).position(|w| w == [0xff, code]).expect("a segment");
        bytes[marker + 4 + at] = value;
        bytes
    };
    let deep = Lossless { precision: 9, ..how.clone() };
    let high = deep.encode(&[vec![500; 120 * 80]]);
    let mut too_deep = high.clone();
    let frame = too_deep.windows(2).position(|w| w == [0xff, 0xc3]).unwrap();
    too_deep[frame + 4] = 8;
    for (bytes, words) in [
        (changed(0xdd, 1, 121), "a restart interval of lossless coding is not a number of whole rows"),
        (changed(0xda, 3, 0), "a predictor that does not exist"),
        (changed(0xda, 3, 8), "a predictor that does not exist"),
        (changed(0xda, 5, 8), "a point transform leaves no bits"),
        (whole[..60].to_vec(), "truncated JPEG: the file ends before its first scan"),
        (changed(0xc3, 0, 1), "JPEG with a precision that is not between 2 and 16 bits"),
        (too_deep, "a sample has more bits than the picture"),
        (oddities::cut(&whole, 50), "truncated JPEG: the file ends inside the picture"),
        (oddities::jpeg::relabelled(&oddities::jpeg::plain(96, 64), 0xcb), "JPEG with arithmetic lossless coding"),
        (oddities::jpeg::without_segment(&whole, 0xc4), "damaged JPEG"),
    ] {
        world.write("a.jpg", &bytes);
        let ran = world.run(&["a.jpg", "-o", "out/"]);
        assert_eq!(ran.code, Some(1), "{words}");
        ran.says(words);
        assert!(!world.exists("out/a.jpg"), "{words}");
    }
}

#[test]
fn a_cut_lossless_jpeg_is_filled_where_that_is_allowed() {
    let world = World::new();
    for interleaved in [true, false] {
        let how = Lossless { width: 60, height: 80, factors: vec![(1, 1); 3], interleaved, ..Lossless::default() };
        let samples = how.samples();
        let whole = how.encode(&samples);
        world.write("a.jpg", &oddities::cut(&whole, 60));
        let args = ["a.jpg", "-s", "original", "-f", "png", "-o", "out/", "--report", "r"];
        world.run(&args).code(1).says("truncated JPEG");
        world.run(&[&args[..], &["--allow-truncated"]].concat()).ok();
        let note = notes(&world);
        assert!(note.contains("of 80 rows filled"), "{note}");
        let (_, _, found) = world.pixels("out/a.png");
        let wanted: Vec<u8> = pixels(&how, &samples).into_iter().map(|v| v as u8).collect();
        let (components, last) = if interleaved { (0..3, 60 * 40 * 3) } else { (0..1, 60 * 80 * 3) };
        for i in (0..last).filter(|i| components.contains(&(i % 3))) {
            assert_eq!(found[i], wanted[i], "{interleaved} {i}");
        }
        assert_eq!(found[60 * 80 * 3 - 1], 128, "{interleaved}");
    }
}

/// The notes of the one output in the report `r`.
fn notes(world: &World) -> String {
    let lines = crate::testenv::report(&world.read("r"));
    lines.iter().map(|line| line["notes"].to_string()).filter(|notes| notes != "null").collect()
}

/// Every kind of complete picture.
fn complete() -> Vec<(&'static str, Vec<u8>)> {
    let lossless = |interleaved| {
        let how = Lossless {
            width: 96,
            height: 64,
            factors: vec![(1, 1); 3],
            interleaved,
            predictor: 5,
            ..Lossless::default()
        };
        how.encode(&how.samples())
    };
    vec![
        ("plain", oddities::jpeg::plain(96, 64)),
        ("grey", oddities::jpeg::grey(96, 64)),
        ("subsampled", oddities::jpeg::subsampled(97, 65)),
        ("restart", oddities::jpeg::restart(96, 64)),
        ("progressive", oddities::jpeg::progressive(96, 64)),
        ("cmyk", oddities::jpeg::cmyk(96, 64)),
        ("scans", oddities::jpeg::scans(97, 65)),
        ("grainy", oddities::jpeg::grainy(300, 200, 80)),
        ("lossless", lossless(true)),
        ("lossless in scans", lossless(false)),
    ]
}

#[test]
fn a_whole_jpeg_without_an_end_marker_is_made_with_a_note() {
    let world = World::new();
    for (kind, whole) in complete() {
        let data = &whole[..whole.len() - 2];
        let tails: [(&str, &[u8]); 7] = [
            ("cut", b""),
            ("half a marker", b"\xff"),
            ("zeroed", &[0; 2]),
            ("zeroed far", &[0; 5000]),
            ("filled with ones", &[0xff; 700]),
            ("junk", b"junk behind the picture, \xff\x00\x12 and a bit more of it"),
            ("a trailer", b"\xff\xe3\x00\x01SEFH\x00\x00\x00\x24\x00\x00\x00SEFT"),
        ];
        for (tail, bytes) in tails {
            world.write("whole.jpg", &whole);
            world.write("a.jpg", &[data, bytes].concat());
            for size in ["original", "24"] {
                let args = ["a.jpg", "-s", size, "-f", "png", "-o", "out/", "--report", "r"];
                let ran = world.run(&[&args[..], &["--strict"]].concat());
                assert!(ran.stderr.contains("no end-of-image marker"), "{kind}, {tail}, {size}: {}", ran.stderr);
                ran.code(1);
                assert!(!world.exists("out/a.png"));
                for more in [&[][..], &["--allow-truncated"]] {
                    let ran = world.run(&[&args[..], more].concat());
                    assert_eq!(ran.code, Some(0), "{kind}, {tail}, {size}: {}", ran.stderr);
                    assert_eq!(notes(&world), r#"["no end marker"]"#, "{kind}, {tail}");
                }
                world.run(&["whole.jpg", "-s", size, "-f", "png", "-o", "out/"]).ok();
                assert_eq!(world.pixels("out/a.png"), world.pixels("out/whole.png"), "{kind}, {tail}, {size}");
                std::fs::remove_dir_all(world.path("out")).unwrap();
            }
        }
    }
}

#[test]
fn a_jpeg_whose_last_blocks_are_lost_still_fails() {
    let world = World::new();
    for (kind, whole) in complete() {
        for lost in [1, 2, 3, 4, 20, 60, whole.len() / 4] {
            let data = &whole[..whole.len() - 2 - lost];
            for (tail, bytes) in [("cut", vec![]), ("zeroed", vec![0; lost + 2]), ("zeroed far", vec![0; 100_000])] {
                // A few zeros at the very end may be the picture's own.
                if tail != "cut" && lost < 60 {
                    continue;
                }
                world.write("a.jpg", &[data, &bytes].concat());
                for size in ["original", "24"] {
                    let ran = world.run(&["a.jpg", "-s", size, "-f", "png", "-o", "out/"]);
                    assert_eq!(ran.code, Some(1), "{kind}, {tail}, {lost}, {size}");
                    assert!(!world.exists("out/a.png"));
                }
            }
        }
    }
}

#[test]
fn what_fills_up_a_jpeg_is_not_its_picture() {
    let world = World::new();
    let whole = oddities::jpeg::grainy(320, 240, 80);
    world.write("a.jpg", &[&whole[..whole.len() / 2], &[0; 200_000]].concat());
    let args = ["a.jpg", "-s", "original", "-f", "png", "-o", "out/", "--report", "r"];
    world.run(&args).code(1);
    world.run(&[&args[..], &["--allow-truncated"]].concat()).ok();
    assert!(notes(&world).contains("of 240 rows filled"), "{}", notes(&world));
}

#[test]
fn a_frame_of_motion_jpeg_needs_no_tables_of_its_own() {
    let world = World::new();
    for (name, whole) in [
        ("rgb", oddities::jpeg::plain(96, 64)),
        ("grey", oddities::jpeg::grey(96, 64)),
        ("420", oddities::jpeg::subsampled(97, 65)),
        ("restart", oddities::jpeg::restart(96, 64)),
        ("cmyk", oddities::jpeg::cmyk(96, 64)),
    ] {
        world.write("in/whole.jpg", &whole);
        world.write("in/frame.jpg", &oddities::jpeg::without_segment(&whole, 0xc4));
        for more in [&[][..], &["--allow-truncated"], &["--strict"]] {
            world.run(&[&["in", "-s", "original", "-f", "png", "-o", "out"][..], more].concat()).ok();
            assert_eq!(world.pixels("out/frame.png"), world.pixels("out/whole.png"), "{name} {more:?}");
        }
    }
    // Where there are tables, one that is missing is damage; progressive pictures always bring theirs.
    let whole = oddities::jpeg::plain(96, 64);
    let at = whole.windows(2).position(|w| w == [0xff, 0xc4]).unwrap();
    let end = at + 2 + usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
    for bytes in [
        [&whole[..at], &whole[end..]].concat(),
        oddities::jpeg::without_segment(&oddities::jpeg::progressive(96, 64), 0xc4),
    ] {
        world.write("a.jpg", &bytes);
        world.run(&["a.jpg", "-o", "out/"]).code(1).says("a scan uses a Huffman table that is not there");
    }
}

#[test]
fn inks_without_a_marker_of_adobe_are_inverted_as_well() {
    let world = World::new();
    let marked = oddities::jpeg::cmyk(96, 64);
    let bare = oddities::jpeg::without_segment(&marked, 0xee);
    assert_ne!(marked, bare);
    let jfif = [&bare[..2], b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0", &bare[2..]].concat();
    let scene = oddities::scene::rgb(96, 64);
    for (name, bytes) in
        [("marked", &marked), ("bare", &bare), ("jfif", &jfif), ("lossless", &oddities::lossless::scene(4, 96, 64))]
    {
        world.write("a.jpg", bytes);
        world.run(&["a.jpg", "-s", "original", "-f", "png", "-o", "out/"]).ok();
        let (_, _, found) = world.pixels("out/a.png");
        assert!(crate::testenv::mean(&found, &scene) < 3.0, "{name}: {}", crate::testenv::mean(&found, &scene));
        // What is kept as ink is the same again for another reader.
        world.run(&["a.jpg", "-s", "original", "--icc", "keep", "-q", "95", "-o", "kept/"]).ok();
        let kept = world.read("kept/a.jpg");
        assert!(kept.windows(5).any(|w| w == b"Adobe"), "{name}");
        let picture = mozjpeg::Decompress::new_mem(&kept).unwrap();
        let mut picture = picture.to_colorspace(mozjpeg::ColorSpace::JCS_CMYK).unwrap();
        let inks: Vec<[u8; 4]> = picture.read_scanlines().unwrap();
        let shown: Vec<u8> = inks
            .iter()
            .flat_map(|p| [p[0], p[1], p[2]].map(|v| (u16::from(v) * u16::from(p[3]) / 255) as u8))
            .collect();
        assert!(crate::testenv::mean(&shown, &scene) < 4.0, "{name}: {}", crate::testenv::mean(&shown, &scene));
    }
}

#[test]
fn an_output_that_its_format_cannot_hold_is_refused_before_work() {
    let world = World::new();
    world.write("wide.pgm", &[&b"P5\n65501 2\n255\n"[..], &[90; 2 * 65_501]].concat());
    world.write("high.pgm", &[&b"P5\n2 65501\n255\n"[..], &[90; 2 * 65_501]].concat());
    world.write("most.pgm", &[&b"P5\n65500 1\n255\n"[..], &[90; 65_500]].concat());
    for (input, format, words) in [
        ("wide.pgm", "jpeg", "a width of 65501 pixels is over the limit of JPEG, which is 65500 a side"),
        ("high.pgm", "jpeg", "a height of 65501 pixels is over the limit of JPEG, which is 65500 a side"),
        ("wide.pgm", "webp", "a width of 65501 pixels is over the limit of WebP, which is 16383 a side"),
        ("high.pgm", "png,webp", "a height of 65501 pixels is over the limit of WebP, which is 16383 a side"),
    ] {
        for more in [&[][..], &["-n"]] {
            let args = [input, "-s", "original", "-f", format, "-o", "out/", "--report", "r"];
            world.run(&[&args[..], more].concat()).code(1).says(words);
            let lines = crate::testenv::report(&world.read("r"));
            assert_eq!(crate::testenv::line(&lines, "failed", input)["stage"], "plan");
            assert!(!world.exists("out/wide.png") && !world.exists("out/high.png"));
        }
        // A row that breaks off is not even met.
        let cut = oddities::cut(&world.read(input), 50);
        world.write(format!("cut-{input}"), &cut);
        world.run(&[&format!("cut-{input}"), "-s", "original", "-f", format, "-o", "out/"]).code(1).says(words);
    }
    world.run(&["wide.pgm", "-s", "65500x", "-o", "out/", "-f", "jpeg"]).ok();
    world.run(&["wide.pgm", "-s", "original", "-o", "out/", "-f", "png"]).ok();
    world.run(&["most.pgm", "-s", "original", "-o", "out/", "-f", "jpeg"]).ok();
    assert_eq!(world.size("out/most.jpg"), (65_500, 1));
}

/// One strip, a JPEG of 16 x 16, whose tables may stand in the directory's tag.
fn tiff(strip: &[u8], tables: &[u8]) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    let data = 8 + 2 + 10 * 12 + 4 + 6;
    let entries = [
        (256u16, 3u16, 1, 16),
        (257, 3, 1, 16),
        (258, 3, 3, data - 6),
        (259, 3, 1, 7),
        (262, 3, 1, 6),
        (273, 4, 1, data),
        (277, 3, 1, 3),
        (278, 3, 1, 16),
        (279, 4, 1, strip.len()),
        (347, 7, tables.len(), data + strip.len()),
    ];
    out.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        out.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        out.extend([(count as u32).to_le_bytes(), (value as u32).to_le_bytes()].concat());
    }
    out.extend([0, 0, 0, 0, 8, 0, 8, 0, 8, 0]);
    [&out, strip, tables].concat()
}

#[test]
fn a_jpeg_in_a_tiff_needs_no_end_marker() {
    let world = World::new();
    let whole = oddities::jpeg::plain(16, 16);
    let bare = oddities::jpeg::without_segment(&whole, 0xdb);
    let mut tables = b"\xff\xd8".to_vec();
    let at = whole.windows(2).position(|w| w == [0xff, 0xdb]).unwrap();
    let end = at + 2 + usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
    tables.extend(&whole[at..end]);
    let rest = &whole[end..];
    if rest.starts_with(&[0xff, 0xdb]) {
        let end = 2 + usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        tables.extend(&rest[..end]);
    }
    let ended = [&tables[..], b"\xff\xd9"].concat();
    let args = ["a.tif", "-s", "original", "-f", "png", "-o", "out/", "--report", "r"];
    for (name, strip, tables, lacks_end) in [
        ("whole", &whole[..], &[][..], false),
        ("no end", &whole[..whole.len() - 2], &[], true),
        ("tables", &bare, &ended, false),
        ("tables without an end", &bare, &tables, false),
    ] {
        world.write("a.tif", &tiff(strip, tables));
        world.run(&args).ok();
        let note = r#"["a JPEG in it has no end marker"]"#;
        assert_eq!(notes(&world) == note, lacks_end, "{name}: {}", notes(&world));
        let (_, _, found) = world.pixels("out/a.png");
        assert!(crate::testenv::mean(&found, &oddities::scene::rgb(16, 16)) < 4.0, "{name}");
        world.run(&[&args[..], &["--strict"]].concat()).code(lacks_end.into());
    }
    world.write("a.tif", &tiff(&whole[..whole.len() - 8], &[]));
    world.run(&args).code(1);
}

#[test]
fn missing_scans_are_counted() {
    let world = World::new();
    let how = Lossless { width: 40, height: 30, factors: vec![(1, 1); 3], interleaved: false, ..Lossless::default() };
    let lossless = how.encode(&how.samples());
    for whole in [lossless, oddities::jpeg::scans(96, 64)] {
        let scans: Vec<usize> =
            whole.windows(2).enumerate().filter(|(_, w)| *w == [0xff, 0xda]).map(|(i, _)| i).collect();
        for (i, missing) in [(0, 2), (1, 1)] {
            let cut = &whole[..scans[i + 1]];
            let words = match missing {
                1 => "the scan of 1 of 3 components is missing",
                _ => "the scans of 2 of 3 components are missing",
            };
            world.write("a.jpg", cut);
            world.run(&["a.jpg", "-o", "out/"]).code(1).says(&format!("truncated JPEG: {words}"));
            world.write("a.jpg", &[cut, b"\xff\xd9"].concat());
            world.run(&["a.jpg", "-o", "out/"]).code(1).says(&format!("damaged JPEG: {words}"));
            world.run(&["a.jpg", "-o", "out/", "--allow-truncated"]).ok();
        }
    }
}
