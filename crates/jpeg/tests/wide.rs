//! JPEGs with 12 bits per sample.

use thumbs_jpeg::{Error, Image, Kind, Options};

/// The same picture with 12 bits per sample and with 8.
const WIDE: &[u8] = include_bytes!("../../../fixtures/jpeg/twelve-bits.jpg");
const NARROW: &[u8] = include_bytes!("../../../fixtures/jpeg/huffman.jpg");

fn at(data: &[u8], n: u8, options: &Options<'_>) -> Result<Image, Error> {
    let header = thumbs_jpeg::read_header(data).unwrap();
    thumbs_jpeg::decode(data, &header, &header.plan_at(n), options)
}

#[test]
fn twelve_bits_decode_like_8_bits() {
    let header = thumbs_jpeg::read_header(WIDE).unwrap();
    assert_eq!((header.precision, header.kind, header.width, header.height), (12, Kind::Extended, 123, 93));
    for n in 1..=8 {
        let [wide, narrow] = [WIDE, NARROW].map(|data| at(data, n, &Options::default()).unwrap());
        assert_eq!((wide.width, wide.height), (narrow.width, narrow.height));
        let mean = mean(&wide.data, &narrow.data);
        assert!(mean < 2.0, "{mean} at {n}");
    }
}

#[test]
fn truncated_anywhere() {
    for end in (0..WIDE.len()).step_by(41).chain([WIDE.len() - 3]) {
        let cut = &WIDE[..end];
        if thumbs_jpeg::read_header(cut).is_err() {
            continue;
        }
        let result = at(cut, 4, &Options::default());
        assert!(matches!(result, Err(Error::Truncated(_) | Error::Damaged(_))), "{end}: {result:?}");
        assert!(at(cut, 4, &Options { allow_truncated: true, ..Options::default() }).unwrap().damage.is_some());
    }
    // Only the end-of-image marker is missing.
    for end in [WIDE.len() - 1, WIDE.len() - 2] {
        assert!(at(&WIDE[..end], 4, &Options::default()).unwrap().lacks_end, "{end}");
    }
}

#[test]
fn other_widths_are_refused() {
    let frame = WIDE.windows(2).position(|two| two == [0xFF, 0xC1]).unwrap();
    let mut claims_16 = WIDE.to_vec();
    claims_16[frame + 4] = 16;
    let refused = Error::Unsupported("neither 8 nor 12 bits per sample");
    assert_eq!(at(&claims_16, 8, &Options::default()), Err(refused));
}

/// The mean absolute difference of samples.
fn mean(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}
