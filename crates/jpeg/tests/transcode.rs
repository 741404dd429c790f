//! Rewritten JPEGs decode to the same samples with our decoder and with libjpeg, or fail.

mod common;

use common::{STRICT, samples, their_pixels, theirs};
use proptest::prelude::*;
use thumbs_jpeg::encode::{EncodeError, MAX_SEGMENT, Picture, Samples, Sampling, Settings, encode};
use thumbs_jpeg::transcode::{Options, Progressive, TranscodeError, Transcoded, Turn, transcode};
use thumbs_jpeg::{Error, Header, Kind, Planes, read_header};

const ARITHMETIC: &[u8] = include_bytes!("../../../fixtures/jpeg/arithmetic.jpg");
const ARITHMETIC_PROGRESSIVE: &[u8] = include_bytes!("../../../fixtures/jpeg/arithmetic-progressive.jpg");
const WIDE: &[u8] = include_bytes!("../../../fixtures/jpeg/twelve-bits.jpg");

fn rewrite(data: &[u8], options: &Options<'_>) -> Result<Transcoded, TranscodeError> {
    transcode(data, &read_header(data).map_err(TranscodeError::Read)?, options)
}

fn planes(data: &[u8]) -> Planes {
    let header = read_header(data).unwrap();
    thumbs_jpeg::decode_planes(data, &header, &header.full(), &STRICT).unwrap()
}

/// The planes as libjpeg decodes them, without padding.
fn shown(data: &[u8]) -> Vec<Vec<u8>> {
    let sizes =
        planes(data).planes.iter().map(|plane| (plane.width as usize, plane.height as usize)).collect::<Vec<_>>();
    let crop = |((stride, samples), (width, height)): ((usize, Vec<u8>), (usize, usize))| {
        samples.chunks(stride).take(height).flat_map(|line| line[..width].to_vec()).collect()
    };
    theirs(data).into_iter().zip(sizes).map(crop).collect()
}

fn check_same(a: &[u8], b: &[u8]) {
    assert!(planes(a) == planes(b));
    assert!(their_pixels(a) == their_pixels(b));
    let headers = [a, b].map(|data| read_header(data).unwrap());
    if headers[0].components.iter().all(|c| c.v <= 2) {
        // The wrapper cannot read planes with a higher factor.
        assert!(shown(a) == shown(b));
    }
    let [a, b] = headers;
    assert_eq!((a.color, a.jfif, a.adobe), (b.color, b.jfif, b.adobe));
}

const KINDS: [Progressive; 3] = [Progressive::Auto, Progressive::Yes, Progressive::No];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_picture_stays_the_same(
        (width, height) in prop_oneof![(1u32..20, 1u32..20), (1u32..150, 1u32..100)],
        kind in 0usize..3,
        noise in prop_oneof![Just(0u32), 0u32..60, 200u32..600],
        (seed, quality) in (any::<u32>(), 1u8..=100),
        sampling in prop_oneof![Just(Sampling::S444), Just(Sampling::S422), Just(Sampling::S420)],
        (progressive, restart) in (any::<bool>(), prop_oneof![Just(0u16), 1u16..9]),
        (wanted, new_restart) in (0usize..3, prop_oneof![3 => Just(0u16), 1 => 1u16..9]),
    ) {
        let pixels = samples((width, height), [1, 3, 4][kind], noise, seed);
        let given = match kind {
            0 => Samples::Grey(&pixels),
            1 => Samples::Rgb(&pixels),
            _ => Samples::Cmyk(&pixels),
        };
        let settings = Settings { quality, sampling, progressive, restart, ..Settings::default() };
        let source = encode(&Picture { width, height, samples: given }, &settings).unwrap();
        let options = Options { progressive: KINDS[wanted], restart: new_restart, ..Options::default() };
        let result = rewrite(&source, &options).unwrap();
        check_same(&source, &result.bytes);
        prop_assert_eq!((result.trailing, result.turned), (0, true));
        let is_progressive = read_header(&result.bytes).unwrap().kind == Kind::Progressive;
        prop_assert_eq!(result.progressive, is_progressive);
        if wanted == 0 && new_restart == 0 {
            // The encoder also optimises its tables. Stuffed bytes are not counted.
            prop_assert!(result.bytes.len() <= source.len() + source.len() / 200 + 4, "{} {}", result.bytes.len(), source.len());
        }
    }
}

#[test]
fn other_writers_and_samplings() {
    let (width, height) = (83u32, 61u32);
    let pixels = samples((width, height), 3, 40, 5);
    for (h, v) in [(1u8, 1u8), (2, 2), (2, 1), (1, 2), (4, 1), (1, 4), (4, 2)] {
        for progressive in [false, true] {
            let mut comp = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_RGB);
            comp.set_size(width as usize, height as usize);
            comp.set_quality(90.0);
            comp.set_chroma_sampling_pixel_sizes((h, v), (h, v));
            if progressive {
                comp.set_progressive_mode();
            }
            let mut comp = comp.start_compress(Vec::new()).unwrap();
            comp.write_scanlines(&pixels).unwrap();
            let source = comp.finish().unwrap();
            for progressive in KINDS {
                let result = rewrite(&source, &Options { progressive, ..Options::default() }).unwrap();
                check_same(&source, &result.bytes);
                if progressive == Progressive::Auto {
                    // mozjpeg has optimised the scans already.
                    assert!(result.bytes.len() <= source.len(), "{h}x{v}: {} {}", result.bytes.len(), source.len());
                }
            }
        }
    }
}

#[test]
fn arithmetic_coding_becomes_huffmans() {
    for source in [ARITHMETIC, ARITHMETIC_PROGRESSIVE] {
        for progressive in KINDS {
            let result = rewrite(source, &Options { progressive, ..Options::default() }).unwrap();
            assert!(!read_header(&result.bytes).unwrap().arithmetic);
            check_same(source, &result.bytes);
        }
    }
}

#[test]
fn twelve_bits_stay() {
    for (progressive, kind) in [(Progressive::No, Kind::Extended), (Progressive::Yes, Kind::Progressive)] {
        let result = rewrite(WIDE, &Options { progressive, ..Options::default() }).unwrap();
        let header = read_header(&result.bytes).unwrap();
        assert_eq!((header.precision, header.kind), (12, kind));
        assert!(planes(WIDE) == planes(&result.bytes));
        assert!(result.bytes.len() < WIDE.len());
    }
}

/// A picture of 64 x 48 pixels.
fn small(progressive: bool, restart: u16) -> Vec<u8> {
    let pixels = samples((64, 48), 3, 60, 3);
    let settings = Settings { progressive, restart, ..Settings::default() };
    encode(&Picture { width: 64, height: 48, samples: Samples::Rgb(&pixels) }, &settings).unwrap()
}

#[test]
fn what_is_cut_is_refused() {
    for source in [&small(false, 0)[..], &small(false, 2), &small(true, 0), ARITHMETIC, ARITHMETIC_PROGRESSIVE, WIDE] {
        for end in (0..source.len()).step_by(7).chain([source.len() - 2, source.len() - 1]) {
            let error = rewrite(&source[..end], &Options::default()).unwrap_err();
            let is_damage =
                matches!(error, TranscodeError::Read(Error::Truncated(_) | Error::Damaged(_) | Error::NotJpeg));
            assert!(is_damage, "{end}: {error:?}");
        }
    }
}

#[test]
fn flipped_bits_are_refused_or_kept() {
    for source in [&small(false, 0)[..], &small(false, 2), &small(true, 0), ARITHMETIC, ARITHMETIC_PROGRESSIVE] {
        let mut refused = 0;
        for at in (2..source.len()).step_by(5) {
            let mut bad = source.to_vec();
            bad[at] ^= 1 << (at % 8);
            match rewrite(&bad, &Options { max_memory: Some(1 << 22), ..Options::default() }) {
                Ok(result) => assert!(planes(&bad) == planes(&result.bytes), "{at}"),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 20, "{refused}");
    }
}

#[test]
fn scans_that_are_left_out_are_refused() {
    let source = small(true, 0);
    let last = source.windows(2).rposition(|two| two == [0xFF, 0xC4]).unwrap();
    let short = [&source[..last], &[0xFF, 0xD9]].concat();
    assert!(
        thumbs_jpeg::decode_planes(
            &short,
            &read_header(&short).unwrap(),
            &read_header(&short).unwrap().full(),
            &STRICT
        )
        .is_ok()
    );
    let refused = Error::Unsupported("scans that omit coefficients");
    assert_eq!(rewrite(&short, &Options::default()), Err(TranscodeError::Read(refused)));
}

#[test]
fn what_stands_behind_the_picture_is_counted() {
    for source in [small(false, 0), small(true, 0)] {
        let with = [&source[..], b"\xFF\xD8\xFF\xE0 a further picture \xFF\xD9"].concat();
        let (alone, with) =
            (rewrite(&source, &Options::default()).unwrap(), rewrite(&with, &Options::default()).unwrap());
        assert_eq!((alone.trailing, with.trailing), (0, 25));
        assert!(alone.bytes == with.bytes);
    }
}

#[test]
fn only_the_metadata_that_is_asked_for_is_written() {
    let icc: Vec<u8> = (0..100_000u32).map(|i| ((i * 7) >> 3) as u8).collect();
    let exif = [b"Exif\0\0".as_slice(), b"MM\0\x2A\0\0\0\x08\0\0\0\0\0\0"].concat();
    let segments = [(1, exif), (13, b"Photoshop 3.0\0".to_vec())];
    let pixels = samples((24, 16), 3, 60, 3);
    let given = Settings { segments: &segments, icc: Some(&icc), ..Settings::default() };
    let mut source = encode(&Picture { width: 24, height: 16, samples: Samples::Rgb(&pixels) }, &given).unwrap();
    // 300 dots per inch across, 200 down.
    source[13..18].copy_from_slice(&[1, 300u16.to_be_bytes()[0], 300u16.to_be_bytes()[1], 0, 200]);
    let header = |data: &[u8]| -> Header { read_header(data).unwrap() };

    let bare = rewrite(&source, &Options::default()).unwrap().bytes;
    let head = header(&bare);
    assert_eq!((head.exif, head.icc, head.iptc, head.jfif), (None, None, None, Some((1, 300, 200))));
    let turned = rewrite(&source, &Options { turn: Turn::Transpose, ..Options::default() }).unwrap().bytes;
    assert_eq!(header(&turned).jfif, Some((1, 200, 300)));

    let comments = [b"made by hand".to_vec()];
    let options = Options { segments: &segments[..1], icc: Some(&icc), comments: &comments, ..Options::default() };
    let full = rewrite(&source, &options).unwrap().bytes;
    let head = header(&full);
    assert_eq!(full[head.exif.unwrap()], segments[0].1[6..]);
    assert_eq!((head.icc.as_ref(), head.iptc), (Some(&icc), None));
    assert_eq!(full.windows(16).filter(|w| *w == b"\xFF\xFE\0\x0Emade by hand").count(), 1);
    check_same(&source, &full);

    for (options, error) in [
        (
            Options { segments: &[(1, vec![0; MAX_SEGMENT + 1])], ..Options::default() },
            EncodeError::Segment(1, MAX_SEGMENT + 1),
        ),
        (
            Options { comments: &[vec![0; MAX_SEGMENT + 1]], ..Options::default() },
            EncodeError::Comment(MAX_SEGMENT + 1),
        ),
        (Options { icc: Some(&vec![0; 1 << 25]), ..Options::default() }, EncodeError::Profile(1 << 25)),
    ] {
        assert_eq!(rewrite(&source, &options), Err(TranscodeError::Write(error)));
    }
}

#[test]
fn limits_and_interruption() {
    let source = small(false, 0);
    // 6 blocks in each of 12 MCUs.
    let most = 6 * 12 * 129;
    let limit =
        |max_memory, turn| rewrite(&source, &Options { max_memory: Some(max_memory), turn, ..Options::default() });
    assert!(limit(most + source.len() as u64, Turn::None).is_ok());
    for (limit, needed, turn) in [(most - 1, most, Turn::None), (most + 9000, 2 * most, Turn::Rotate90)] {
        let error = Error::TooLarge { width: 64, height: 48, needed, limit };
        let options = Options { max_memory: Some(limit), turn, ..Options::default() };
        assert_eq!(rewrite(&source, &options), Err(TranscodeError::Read(error)));
    }
    // The coefficients fit, and the new file with them does not.
    assert!(matches!(limit(most + 10, Turn::None), Err(TranscodeError::Read(Error::TooLarge { .. }))));
    let calls = std::cell::Cell::new(0);
    for after in [0, 1, 4, 9] {
        calls.set(0);
        let interrupt = || calls.replace(calls.get() + 1) >= after;
        let options = Options { interrupt: Some(&interrupt), ..Options::default() };
        assert_eq!(rewrite(&source, &options), Err(TranscodeError::Read(Error::Interrupted)));
    }
}

/// Turns the samples of a plane.
fn turned(turn: Turn, pixels: &[u8], (width, height): (usize, usize)) -> Vec<u8> {
    let size = if turn.is_transposed() { (height, width) } else { (width, height) };
    let from = |x: usize, y: usize| match turn {
        Turn::None => (x, y),
        Turn::FlipH => (width - 1 - x, y),
        Turn::Rotate180 => (width - 1 - x, height - 1 - y),
        Turn::FlipV => (x, height - 1 - y),
        Turn::Transpose => (y, x),
        Turn::Rotate90 => (y, height - 1 - x),
        Turn::Transverse => (width - 1 - y, height - 1 - x),
        Turn::Rotate270 => (width - 1 - y, x),
    };
    (0..size.1).flat_map(|y| (0..size.0).map(move |x| from(x, y))).map(|(x, y)| pixels[y * width + x]).collect()
}

#[test]
fn turned_pictures_are_turned() {
    for (sampling, (width, height)) in
        [(Sampling::S444, (64, 40)), (Sampling::S422, (64, 40)), (Sampling::S420, (64, 48)), (Sampling::S420, (59, 48))]
    {
        let pixels = samples((width, height), 3, 20, 3);
        let settings = Settings { sampling, quality: 95, ..Settings::default() };
        let source = encode(&Picture { width, height, samples: Samples::Rgb(&pixels) }, &settings).unwrap();
        for (number, turn) in (1..).zip(Turn::ALL) {
            assert_eq!(Turn::of_exif(number), Some(turn));
            let result = rewrite(&source, &Options { turn, ..Options::default() }).unwrap();
            let mirrors_width = matches!(turn, Turn::FlipH | Turn::Rotate180 | Turn::Transverse | Turn::Rotate270);
            assert_eq!(result.turned, width == 64 || !mirrors_width, "{turn:?}");
            if !result.turned {
                check_same(&source, &result.bytes);
                continue;
            }
            for (before, after) in planes(&source).planes.iter().zip(&planes(&result.bytes).planes) {
                let wanted = turned(turn, &before.data, (before.width as usize, before.height as usize));
                let worst = wanted.iter().zip(&after.data).map(|(a, b)| a.abs_diff(*b)).max();
                assert!(wanted.len() == after.data.len() && worst <= Some(1), "{turn:?} {worst:?}");
            }
            theirs(&result.bytes);
            // The opposite turn restores the source.
            let back = match turn {
                Turn::Rotate90 => Turn::Rotate270,
                Turn::Rotate270 => Turn::Rotate90,
                other => other,
            };
            let again = rewrite(&result.bytes, &Options { turn: back, ..Options::default() }).unwrap();
            assert!(again.turned);
            check_same(&source, &again.bytes);
        }
    }
    assert_eq!([0, 9].map(Turn::of_exif), [None, None]);
}
