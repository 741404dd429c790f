use super::*;
use crate::pixmap::Samples;

fn file(header: &str, size: &str, data: &[u8]) -> Vec<u8> {
    [format!("#?RADIANCE\n{header}\n{size}\n").as_bytes(), data].concat()
}

fn decode_with(bytes: &[u8], options: &DecodeOptions<'_>) -> Result<(Vec<u16>, Vec<String>), DecodeError> {
    let picture = Hdr.open(bytes, &Limits::default())?;
    let decoded = picture.decode(&picture.offer(None), options)?;
    let Samples::U16(samples) = decoded.pixels.into_pixmap().into_samples() else { panic!("16 bits") };
    Ok((samples, decoded.notes))
}

fn decode(bytes: &[u8]) -> Result<(Vec<u16>, Vec<String>), DecodeError> {
    decode_with(bytes, &DecodeOptions::default())
}

#[test]
fn light_becomes_samples() {
    // 1, 1/2, 2^-8 of white, and twice white.
    let data = [[128, 64, 1, 129], [128, 0, 0, 130], [9, 9, 9, 0]].concat();
    let (samples, notes) = decode(&file("FORMAT=32-bit_rle_rgbe\n", "-Y 1 +X 3", &data)).unwrap();
    let dark = float::encode(1.0 / 128.0);
    assert_eq!(samples, [65_535, 48_192, dark, 65_535, 0, 0, 0, 0, 0]);
    assert_eq!(notes, ["HDR highlights clipped to white"]);
    let (_, notes) = decode(&file("", "-Y 1 +X 1", &[128, 128, 128, 129])).unwrap();
    assert!(notes.is_empty(), "white is not brighter than white");
}

#[test]
fn brighter_than_white() {
    for exponent in 1..=255u8 {
        for mantissa in 0..=255u8 {
            let light = f64::from(mantissa) * (f64::from(exponent) - 136.0).exp2();
            let brighter = exponent > HALVES && is_brighter(mantissa, exponent);
            assert_eq!(brighter, light > 1.0, "{mantissa} {exponent}");
        }
    }
}

#[test]
fn runs_of_both_kinds() {
    let planes = |last: &[u8]| [&[2, 2, 0, 8, 136, 128, 3, 1, 2, 3, 133, 4, 136, 0][..], last].concat();
    let (samples, _) = decode(&file("", "-Y 1 +X 8", &planes(&[136, 128]))).unwrap();
    let green: Vec<u16> = samples.chunks(3).map(|p| p[1]).collect();
    let of = |m: u16| float::encode(f32::from(m) / 256.0);
    assert_eq!(green, [1, 2, 3, 4, 4, 4, 4, 4].map(of));
    for (last, cut) in [(&[136][..], true), (&[137, 128], false), (&[0], false), (&[135, 128, 130, 1], false)] {
        let error = decode(&file("", "-Y 1 +X 8", &planes(last))).unwrap_err();
        assert_eq!(matches!(error, DecodeError::Truncated { .. }), cut, "{last:?}: {error}");
    }
    // A pixel of ones is a run: of 2 pixels, then of 1 * 256.
    let old = [[9, 8, 7, 128], [1, 1, 1, 2], [1, 1, 1, 1], [5, 5, 5, 128]].concat();
    let (samples, _) = decode(&file("", "-Y 1 +X 260", &old)).unwrap();
    assert_eq!((samples[0], samples[3 * 258], samples[3 * 259]), (of(9), of(9), of(5)));
    for wrong in [[1, 1, 1, 1], [1, 1, 1, 0]] {
        assert!(decode(&file("", "-Y 1 +X 3", &wrong)).is_err());
    }
    let beyond = [[9, 8, 7, 128], [1, 1, 1, 3]].concat();
    assert!(matches!(decode(&file("", "-Y 1 +X 3", &beyond)).unwrap_err(), DecodeError::Damaged { .. }));
}

#[test]
fn all_orientations() {
    let ways = ["-Y 2 +X 3", "-Y 2 -X 3", "+Y 2 -X 3", "+Y 2 +X 3", "+X 2 -Y 3", "-X 2 -Y 3", "-X 2 +Y 3", "+X 2 +Y 3"];
    for (way, orientation) in ways.into_iter().zip(Orientation::ALL) {
        let bytes = file("", way, &[0; 24]);
        let picture = Hdr.open(&bytes, &Limits::default()).unwrap();
        assert_eq!((picture.header().size, picture.header().orientation), (Size::new(3, 2), orientation), "{way}");
    }
    for way in ["-Y 2", "-Y 2 +Y 3", "-Y x +X 3", "", "-Y 0 +X 3"] {
        assert!(matches!(decode(&file("", way, &[0; 24])), Err(DecodeError::Damaged { .. })), "{way}");
    }
}

#[test]
fn formats_and_truncated_headers() {
    assert!(decode(&file("FORMAT=32-bit_rle_xyze\n", "-Y 1 +X 1", &[0; 4])).is_ok());
    assert!(matches!(decode(&file("FORMAT=other\n", "-Y 1 +X 1", &[0; 4])), Err(DecodeError::Damaged { .. })));
    let whole = file("SOFTWARE=\r\n", "-Y 1 +X 1\r", &[1, 2, 3, 128]);
    assert!(decode(&whole).is_ok());
    for len in 0..whole.len() {
        assert!(matches!(decode(&whole[..len]), Err(DecodeError::Truncated { .. })), "{len}");
    }
    let endless = [&b"#?RADIANCE\n"[..], &[b'x'; MAX_HEADER + 1]].concat();
    assert!(matches!(decode(&endless), Err(DecodeError::Damaged { .. })));
}

#[test]
fn primaries() {
    let color = |line: &str| {
        let bytes = file(line, "-Y 1 +X 1", &[0; 4]);
        Hdr.open(&bytes, &Limits::default()).unwrap().header().color.clone()
    };
    let said = color("PRIMARIES= 0.680 0.320 0.265 0.690 0.150 0.060 0.3127 0.3290\n");
    assert!(matches!(said, ColorSpace::Calibrated { chromaticities: Some([(0.3127, 0.3290), ..]), .. }), "{said:?}");
    assert_eq!(color("EXPOSURE=1\n"), ColorSpace::Srgb);
}

#[test]
fn rows_that_are_missing() {
    let bytes = file("", "-Y 3 +X 1", &[128, 128, 128, 129, 128, 128]);
    let partial = DecodeOptions { allow_truncated: true, ..DecodeOptions::default() };
    let (samples, notes) = decode_with(&bytes, &partial).unwrap();
    assert_eq!(samples, [65_535, 65_535, 65_535, 0, 0, 0, 0, 0, 0]);
    assert_eq!(notes.len(), 1);
    assert!(decode(&bytes).is_err());
}
