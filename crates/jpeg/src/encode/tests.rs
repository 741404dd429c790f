//! The encoder as a whole, from inside: what was quantised comes back, with vectors and without.

use super::super::idct::ZIGZAG;
use super::super::simd::tests::plainly;
use super::super::{Options, decode_planes, read_header};
use super::quantize::Quantizer;
use super::search::scans::bytes as bytes_of;
use super::word::Word;
use super::*;
use proptest::prelude::*;

/// Samples that are smooth, but for `noise` of 256.
fn samples(count: usize, width: usize, noise: u32, seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let sample = |i: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = (i % width, i / width);
        let smooth = 128.0 + 120.0 * ((x as f64 / 9.0 + f64::from(seed)).sin() * (y as f64 / 7.0).cos());
        let noise = f64::from(noise) * (f64::from(state >> 16) / 65_536.0 - 0.5);
        (smooth + noise).clamp(0.0, 255.0) as u8
    };
    (0..count).map(sample).collect()
}

fn any_settings() -> impl Strategy<Value = Settings<'static>> {
    let sampling = prop_oneof![Just(Sampling::S444), Just(Sampling::S422), Just(Sampling::S420)];
    (1u8..=100, sampling, any::<bool>(), prop_oneof![Just(0u16), 1u16..9]).prop_map(
        |(quality, sampling, progressive, restart)| Settings {
            quality,
            sampling,
            progressive,
            restart,
            ..Settings::default()
        },
    )
}

/// Planes of quantised blocks, by the formula of the inverse transform.
fn inverse(blocks: &Blocks, table: &Table, (width, height): (usize, usize)) -> Vec<f64> {
    let mut plane = vec![0.0; width * height];
    let c = |u: usize| if u == 0 { 0.5f64.sqrt() } else { 1.0 };
    let cosine: [[f64; 8]; 8] = std::array::from_fn(|u| {
        std::array::from_fn(|x| c(u) / 2.0 * ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0).cos())
    });
    for row in 0..blocks.rows() {
        for (column, words) in blocks.row(row).enumerate() {
            let mut coefficients = [0.0; 64];
            coefficients[0] = f64::from(words[0].mean());
            let mut k = 0;
            for word in words[1..].iter().filter(|word| word.symbol() != 0) {
                k += word.run() as usize + 1;
                coefficients[usize::from(ZIGZAG[k])] = f64::from(word.value());
            }
            for (y, x) in (0..8).flat_map(|y| (0..8).map(move |x| (y, x))) {
                let (to_x, to_y) = (column * 8 + x, row * 8 + y);
                if to_x < width && to_y < height {
                    let one = |i: usize| coefficients[i] * f64::from(table.0[i]) * cosine[i / 8][y] * cosine[i % 8][x];
                    plane[to_y * width + to_x] = (128.0 + (0..64).map(one).sum::<f64>()).clamp(0.0, 255.0);
                }
            }
        }
    }
    plane
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_decoder_finds_what_was_quantised(
        (width, height) in (1u32..70, 1u32..50), noise in 0u32..500, seed in any::<u32>(), settings in any_settings()
    ) {
        let planes: Vec<Vec<u8>> = {
            let (h, v) = settings.sampling.share();
            let chroma = (width.div_ceil(h.into()) as usize, height.div_ceil(v.into()) as usize);
            let plane = |(w, h): (usize, usize), seed| samples(w * h, w, noise, seed);
            vec![plane((width as usize, height as usize), seed), plane(chroma, seed ^ 9), plane(chroma, !seed)]
        };
        let samples = Samples::YCbCr([&planes[0], &planes[1], &planes[2]]);
        let picture = Picture { width, height, samples };
        let bytes = encode(&picture, &settings).unwrap();
        let header = read_header(&bytes).unwrap();
        let decoded = decode_planes(&bytes, &header, &header.full(), &Options { strict: true, ..Options::default() });
        let decoded = decoded.unwrap();
        let tables = [Table::new(settings.quality)];
        let quantizers = tables.each_ref().map(|table| Quantizer::new(table, tables::dead_zone(settings.quality)));
        let frame = frame(&picture, &settings);
        let planes = [&planes[0][..], &planes[1], &planes[2]];
        let blocks = components::of_planes(&frame, &planes, |component| Quantize::new(&frame, component, &quantizers));
        let blocks: Vec<Blocks> = blocks.into_iter().map(Quantize::finish).collect();
        for ((plane, blocks), component) in decoded.planes.iter().zip(&blocks).zip(&frame.components) {
            let (w, h) = frame.samples(component);
            let wanted = inverse(blocks, &tables[usize::from(component.table)], (w as usize, h as usize));
            // A decoded plane may be wider.
            for (y, line) in wanted.chunks(w as usize).enumerate() {
                for (x, wanted) in line.iter().enumerate() {
                    let got = f64::from(plane.data[y * plane.width as usize + x]);
                    prop_assert!((got - wanted).abs() <= 0.51, "{x}, {y}: {got} {wanted}");
                }
            }
        }
    }

    #[test]
    fn bytes_are_the_same_without_vectors(
        (width, height) in (1u32..70, 1u32..50), noise in 0u32..500, seed in any::<u32>(), kind in 0usize..3,
        settings in any_settings(), effort in 0u8..=9
    ) {
        let settings = Settings { effort, ..settings };
        let channels = [1, 3, 4][kind];
        let pixels = samples((width * height) as usize * channels, width as usize * channels, noise, seed);
        let samples = [Samples::Grey(&pixels), Samples::Rgb(&pixels), Samples::Cmyk(&pixels)][kind];
        let picture = Picture { width, height, samples };
        prop_assert_eq!(plainly(|| encode(&picture, &settings)), encode(&picture, &settings));
    }
}

/// A picture of both smooth parts and noise.
fn scene(width: usize, height: usize) -> Vec<u8> {
    let (smooth, noise) = (samples(width * height * 3, width * 3, 4, 3), samples(width * height * 3, width * 3, 90, 3));
    let half = smooth.len() / 2;
    [&smooth[..half], &noise[half..]].concat()
}

#[test]
fn the_size_of_scans_is_known_before_they_are_written() {
    let pixels = scene(120, 90);
    let picture = Picture { width: 120, height: 90, samples: Samples::Rgb(&pixels) };
    for (progressive, restart) in [(false, 0), (false, 5), (true, 0), (true, 7)] {
        let settings = Settings { progressive, restart, quality: 60, ..Settings::default() };
        let frame = frame(&picture, &settings);
        let blocks = quantised(&frame, picture.samples, &[Table::new(60)], None, 60);
        for scan in script::of(&frame) {
            let coded = Coded::new(&frame, &scan, &blocks, restart.into());
            let counter = coded.counter();
            let bytes = coded.write_counted(Vec::new(), &counter);
            let size: u64 = bytes_of(&scan, &counter).iter().sum();
            let start = bytes.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap();
            let stuffed = bytes[start..].windows(2).filter(|two| two == &[0xFF, 0]).count();
            // A scan, and each restart interval, ends with a whole byte.
            let restarts =
                bytes[start..].windows(2).filter(|two| two[0] == 0xFF && (0xD0..0xD8).contains(&two[1])).count();
            let wanted = (bytes.len() - stuffed) as u64;
            assert!((wanted..=wanted + restarts as u64).contains(&size), "{wanted} {size} {scan:?}");
        }
    }
}

#[test]
fn searched_scans_take_fewer_bytes_and_code_the_same() {
    let pixels = scene(200, 160);
    let picture = Picture { width: 200, height: 160, samples: Samples::Rgb(&pixels) };
    for (restart, progressive) in [(0, false), (0, true), (9, true)] {
        let settings = Settings { progressive, restart, ..Settings::default() };
        let frame = frame(&picture, &settings);
        let blocks = quantised(&frame, picture.samples, &[Table::new(80)], None, 80);
        let given = Scans::of(script::of(&frame), &frame, &blocks, restart.into());
        let mut last = given.bytes();
        for omitted in 1..=3 {
            let kinds = if progressive { &[Kind::Progressive][..] } else { &[Kind::Baseline, Kind::Progressive] };
            let options = search::Options { kinds, omitted, restart: restart.into(), interrupt: None };
            let mut found = frame.clone();
            let scans = search::smallest(&mut found, &blocks, &options).unwrap();
            assert!(!progressive || found.kind == Kind::Progressive);
            assert!(scans.bytes() <= last, "{} {last}", scans.bytes());
            last = scans.bytes();
            let file = |frame: &Frame, scans: &Scans| {
                let mut out = vec![0xFF, SOI];
                segments::quantisation(&mut out, &[Table::new(80).zigzag()]);
                segments::frame(&mut out, frame);
                segments::restart(&mut out, restart);
                for (scan, counter) in &scans.0 {
                    out = Coded::new(frame, scan, &blocks, restart.into()).write_counted(out, counter);
                }
                out.extend([0xFF, EOI]);
                let header = read_header(&out).unwrap();
                let options = Options { strict: true, ..Options::default() };
                decode_planes(&out, &header, &header.full(), &options)
                    .unwrap()
                    .planes
                    .into_iter()
                    .map(|p| p.data)
                    .collect::<Vec<_>>()
            };
            assert_eq!(file(&found, &scans), file(&frame, &given));
        }
    }
}

#[test]
fn what_jpeg_cannot_hold_is_refused() {
    let grey = |width, height, samples| Picture { width, height, samples: Samples::Grey(samples) };
    let settings = Settings::default();
    let refused = |picture: &Picture<'_>, settings: &Settings<'_>| encode(picture, settings).unwrap_err();
    assert_eq!(refused(&grey(0, 1, &[]), &settings), EncodeError::Size { width: 0, height: 1 });
    assert_eq!(refused(&grey(1, 65_536, &[]), &settings), EncodeError::Size { width: 1, height: 65_536 });
    assert_eq!(refused(&grey(2, 1, &[1, 2, 3]), &settings), EncodeError::Samples { found: 3, needed: 2 });
    let chroma = Picture { width: 3, height: 3, samples: Samples::YCbCr([&[0; 9], &[0; 4], &[0; 9]]) };
    assert_eq!(refused(&chroma, &settings), EncodeError::Samples { found: 9, needed: 4 });
    let long = [(1, vec![0; MAX_SEGMENT + 1])];
    let error = refused(&grey(1, 1, &[1]), &Settings { segments: &long, ..settings });
    assert_eq!(error, EncodeError::Segment(1, MAX_SEGMENT + 1));
    let icc = vec![0; segments::MOST_ICC + 1];
    let error = refused(&grey(1, 1, &[1]), &Settings { icc: Some(&icc), ..settings });
    assert_eq!(error, EncodeError::Profile(segments::MOST_ICC + 1));
}

#[test]
fn blocks_beyond_the_picture_cost_next_to_nothing() {
    // One column of blocks more than whole MCUs.
    let noise = |width: usize| {
        let pixels = samples(width * 256, width, 256, 5);
        let planes = [&pixels[..], &vec![128; width.div_ceil(2) * 128], &vec![128; width.div_ceil(2) * 128]];
        let picture = Picture { width: width as u32, height: 256, samples: Samples::YCbCr(planes) };
        encode(&picture, &Settings::default()).unwrap().len()
    };
    let (whole, more) = (noise(64), noise(72));
    assert!(more < whole * 73 / 64, "{whole} {more}");
}
