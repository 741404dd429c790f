//! Decodes the encoder's output with libjpeg and with our own decoder in strict mode.

mod common;

use common::{STRICT, samples, theirs};
use proptest::prelude::*;
use thumbs_jpeg::encode::{Picture, Samples, Sampling, Settings, encode};
use thumbs_jpeg::{ColorSpace, Kind};

fn any_settings() -> impl Strategy<Value = Settings<'static>> {
    let quality = prop_oneof![1u8..=100, 95u8..=100];
    let sampling = prop_oneof![Just(Sampling::S444), Just(Sampling::S422), Just(Sampling::S420)];
    let restart = prop_oneof![Just(0u16), 1u16..9];
    let effort = prop_oneof![Just(0u8), 1u8..=10];
    (quality, sampling, any::<bool>(), restart, effort).prop_map(|(quality, sampling, progressive, restart, effort)| {
        Settings { quality, sampling, progressive, restart, effort, ..Settings::default() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_picture_decodes_without_a_warning(
        (width, height) in prop_oneof![(1u32..20, 1u32..20), (1u32..150, 1u32..100)],
        kind in 0usize..4,
        noise in prop_oneof![Just(0u32), 0u32..60, 200u32..600],
        seed in any::<u32>(),
        settings in any_settings(),
    ) {
        let (h, v) = settings.sampling.share();
        let chroma = (width.div_ceil(h.into()), height.div_ceil(v.into()));
        let planes = [(width, height), chroma, chroma].map(|size| samples(size, 1, noise, seed));
        let pixels = samples((width, height), [1, 3, 3, 4][kind], noise, seed);
        let given = match kind {
            0 => Samples::Grey(&pixels),
            1 => Samples::YCbCr([&planes[0], &planes[1], &planes[2]]),
            2 => Samples::Rgb(&pixels),
            _ => Samples::Cmyk(&pixels),
        };
        let bytes = encode(&Picture { width, height, samples: given }, &settings).unwrap();

        let header = thumbs_jpeg::read_header(&bytes).unwrap();
        prop_assert_eq!((header.width, header.height), (width, height));
        let colors = [ColorSpace::Grey, ColorSpace::YCbCr, ColorSpace::YCbCr, ColorSpace::Ycck];
        prop_assert_eq!(header.color, colors[kind]);
        let is_asked = header.kind == if settings.progressive { Kind::Progressive } else { Kind::Baseline };
        let may_choose = settings.effort > 3 && !settings.progressive && header.kind == Kind::Progressive;
        prop_assert!(is_asked || may_choose, "{:?}", header.kind);
        let ours = thumbs_jpeg::decode_planes(&bytes, &header, &header.full(), &STRICT).unwrap();
        let theirs = theirs(&bytes);
        prop_assert_eq!(ours.planes.len(), theirs.len());
        for (ours, (stride, theirs)) in ours.planes.iter().zip(&theirs) {
            let (width, height) = (ours.width as usize, ours.height as usize);
            for (top, left) in (0..height).step_by(8).flat_map(|y| (0..width).step_by(8).map(move |x| (y, x))) {
                let block = (top..height.min(top + 8)).flat_map(|y| (left..width.min(left + 8)).map(move |x| (y, x)));
                let pairs: Vec<(u8, u8)> = block.map(|(y, x)| (ours.data[y * width + x], theirs[y * stride + x])).collect();
                // The integer transform of libjpeg wraps if coefficients are far out of range.
                let is_clamped = pairs.iter().any(|&(a, _)| a == 0 || a == 255);
                prop_assert!(is_clamped || pairs.iter().all(|(a, b)| a.abs_diff(*b) <= 1), "{:?}", pairs);
            }
        }

        // Close to the input, if the settings promise that.
        let (is_whole, is_smooth) = (settings.sampling == Sampling::S444 || kind < 2, noise < 10);
        let most = match settings.quality {
            // Colours combine the errors of three planes, some nearly doubled.
            100 if is_whole && settings.effort == 0 => [3, 3, 8, 8][kind],
            95.. if is_smooth => 14,
            _ => return Ok(()),
        };
        if kind == 1 {
            for (got, wanted) in ours.planes.iter().zip(&planes) {
                for (line, wanted) in got.data.chunks(got.width as usize).zip(wanted.chunks(got.extent.0.round() as usize)) {
                    let worst = line.iter().zip(wanted).map(|(a, b)| a.abs_diff(*b)).max();
                    prop_assert!(worst <= Some(most), "{:?}", worst);
                }
            }
        } else {
            let worst = ours.into_image().data.iter().zip(&pixels).map(|(a, b)| a.abs_diff(*b)).max();
            prop_assert!(worst <= Some(most), "{:?}", worst);
        }
    }
}

#[test]
fn segments_and_long_profiles_come_back() {
    let icc: Vec<u8> = (0..200_000u32).map(|i| ((i * 7) >> 3) as u8).collect();
    let exif = [b"Exif\0\0".as_slice(), b"MM\0\x2A\0\0\0\x08\0\0\0\0\0\0"].concat();
    let xmp = [b"http://ns.adobe.com/xap/1.0/\0".as_slice(), b"<x:xmpmeta/>"].concat();
    let iptc = [b"Photoshop 3.0\0".as_slice(), b"8BIM\x04\x04\0\0\0\0\0\0"].concat();
    let segments = [(1, exif), (1, xmp), (13, iptc)];
    for progressive in [false, true] {
        for samples in [Samples::Rgb(&[9; 12]), Samples::Cmyk(&[9; 16])] {
            let settings = Settings { segments: &segments, icc: Some(&icc), progressive, ..Settings::default() };
            let bytes = encode(&Picture { width: 2, height: 2, samples }, &settings).unwrap();
            theirs(&bytes);
            let header = thumbs_jpeg::read_header(&bytes).unwrap();
            assert_eq!(header.icc.as_ref(), Some(&icc));
            assert_eq!(bytes[header.exif.unwrap()], segments[0].1[6..]);
            assert_eq!(bytes[header.xmp.unwrap()], segments[1].1[29..]);
            assert_eq!(bytes[header.iptc.unwrap()], segments[2].1[14..]);
            assert_eq!(
                (header.jfif.is_some(), header.adobe),
                if header.components.len() == 3 { (true, None) } else { (false, Some(2)) }
            );
        }
    }
}

#[test]
fn restart_markers_follow_the_interval() {
    let pixels = vec![77; 64 * 24];
    let count = |restart, progressive| {
        let settings = Settings { restart, progressive, ..Settings::default() };
        let bytes = encode(&Picture { width: 64, height: 24, samples: Samples::Grey(&pixels) }, &settings).unwrap();
        theirs(&bytes);
        bytes.windows(2).filter(|two| two[0] == 0xFF && (0xD0..=0xD7).contains(&two[1])).count()
    };
    assert_eq!([0, 1, 5, 24, 25].map(|restart| count(restart, false)), [0, 23, 4, 0, 0]);
    // Six scans.
    assert_eq!(count(8, true), 6 * 2);
}

#[test]
fn effort_keeps_more_of_colours_and_takes_fewer_bytes() {
    let (width, height) = (160u32, 120u32);
    // Coloured edges on a soft ground.
    let pixel = |i: u32| {
        let (x, y) = (i % width, i / width);
        let soft = (128.0 + 60.0 * (f64::from(x) / 25.0).sin() * (f64::from(y) / 31.0).cos()) as u8;
        if (x / 9 + y / 7) % 5 == 0 { [230, 40, soft] } else { [soft, soft / 2 + 60, 90] }
    };
    let pixels: Vec<u8> = (0..width * height).flat_map(pixel).collect();
    let run = |effort, quality| {
        let picture = Picture { width, height, samples: Samples::Rgb(&pixels) };
        let bytes = encode(&picture, &Settings { effort, quality, ..Settings::default() }).unwrap();
        let mut decoded = mozjpeg::Decompress::new_mem(&bytes).unwrap().rgb().unwrap();
        let decoded: Vec<u8> = decoded.read_scanlines::<u8>().unwrap();
        let error: u64 = decoded.iter().zip(&pixels).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
        (bytes.len(), error)
    };
    let (fast, careful) = (run(0, 95), run(3, 91));
    assert!(careful.1 < fast.1 && careful.0 < fast.0, "{fast:?} {careful:?}");
    let sizes = [3, 5, 9].map(|effort| run(effort, 75).0);
    assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
}
