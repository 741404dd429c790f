//! Icons made by the tests.

use super::*;
use crate::codec::DecodeOptions;
use crate::pixmap::Samples;

/// A bitmap of one column. The height in its header is that of icons.
fn bitmap(rows: i32, bits: u16, behind: &[u8]) -> Vec<u8> {
    let mut out = [40, 1, rows].map(i32::to_le_bytes).concat();
    out.extend([1, bits].map(u16::to_le_bytes).concat());
    out.resize(40, 0);
    out.extend(behind);
    out
}

fn icon(pictures: &[(u8, u32, Vec<u8>)]) -> Vec<u8> {
    let mut out = vec![0, 0, 1, 0, pictures.len() as u8, 0];
    let mut at = 6 + 16 * pictures.len();
    for (side, length, data) in pictures {
        out.extend([*side, *side, 0, 0, 1, 0, 0, 0]);
        out.extend([*length, at as u32].map(u32::to_le_bytes).concat());
        at += data.len();
    }
    out.extend(pictures.iter().flat_map(|(_, _, data)| data.clone()));
    out
}

fn single(data: Vec<u8>) -> Vec<u8> {
    icon(&[(1, data.len() as u32, data)])
}

fn samples(bytes: &[u8], allow_truncated: bool) -> Result<Vec<u8>, DecodeError> {
    let picture = Ico.open(bytes, &Limits::default())?;
    let options = DecodeOptions { allow_truncated, ..DecodeOptions::default() };
    match picture.decode(&picture.offer(None), &options)?.pixels.into_pixmap().into_samples() {
        Samples::U8(v) => Ok(v),
        Samples::U16(_) => panic!("16 bits"),
    }
}

#[test]
fn masks_and_alpha() {
    let cases: &[(&str, Vec<u8>, &[u8])] = &[
        ("mask", bitmap(4, 24, &[1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0, 0, 0x80, 0, 0, 0]), &[6, 5, 4, 0, 3, 2, 1, 255]),
        ("alpha, not the mask", bitmap(2, 32, &[1, 2, 3, 4, 0x80, 0, 0, 0]), &[3, 2, 1, 4]),
        ("alpha of zeros", bitmap(2, 32, &[1, 2, 3, 0, 0, 0, 0, 0]), &[3, 2, 1, 255]),
        ("alpha of zeros, mask", bitmap(2, 32, &[1, 2, 3, 0, 0x80, 0, 0, 0]), &[3, 2, 1, 0]),
        ("no mask", bitmap(2, 32, &[1, 2, 3, 9]), &[3, 2, 1, 9]),
        ("the picture's height alone", bitmap(1, 24, &[1, 2, 3, 0]), &[3, 2, 1, 255]),
    ];
    for (name, data, expected) in cases {
        assert_eq!(
            samples(&single(data.clone()), false).unwrap_or_else(|e| panic!("{name}: {e}")),
            *expected,
            "{name}"
        );
    }
}

#[test]
fn the_largest_by_its_own_size() {
    let small = bitmap(2, 32, &[1, 1, 1, 1, 0, 0, 0, 0]);
    let tall = bitmap(4, 32, &[2, 2, 2, 2, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0]);
    let length = |data: &[u8]| data.len() as u32;
    let wrong = icon(&[(16, length(&small), small.clone()), (1, length(&tall), tall.clone())]);
    assert_eq!(samples(&wrong, false).unwrap(), [3, 3, 3, 3, 2, 2, 2, 2]);
    // The length in the directory is ignored if it is zero or too large.
    for length in [0, 1000] {
        assert_eq!(samples(&icon(&[(1, length, tall.clone())]), false).unwrap().len(), 8, "{length}");
    }
    let short = samples(&icon(&[(1, 41, tall)]), false).unwrap_err();
    assert!(short.to_string().contains("only 41 bytes"), "{short}");
}

/// A picture cannot start inside the directory. If a larger picture lies beyond the end, a smaller
/// one does not replace it.
#[test]
fn invalid_offsets() {
    let small = bitmap(2, 32, &[1, 1, 1, 1, 0, 0, 0, 0]);
    let large = (32, small.len() as u32, small.clone());
    let mut wrong = icon(&[(1, small.len() as u32, small), large]);
    for offset in [6u32, 22, 4000] {
        wrong[34..38].copy_from_slice(&offset.to_le_bytes());
        assert!(matches!(samples(&wrong, false), Err(DecodeError::Truncated { .. })), "{offset}");
    }
    wrong[22..24].fill(1);
    assert_eq!(samples(&wrong, false), Ok(vec![1; 4]));
}

#[test]
fn cut() {
    let tall = bitmap(4, 32, &[2, 2, 2, 2, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0]);
    let whole = icon(&[(1, tall.len() as u32, tall.clone()), (1, tall.len() as u32, tall)]);
    // Only the mask of the first picture, which alpha overrides, and the pixels of the second may
    // be missing.
    let first = 38 + 40 + 8;
    for length in 0..whole.len() {
        assert_eq!(samples(&whole[..length], false).is_ok(), length >= first, "{length}");
        let strict = DecodeOptions { strict: true, ..DecodeOptions::default() };
        let read = Ico.open(&whole[..length], &Limits::default());
        assert!(read.and_then(|picture| picture.decode(&picture.offer(None), &strict)).is_err(), "{length}");
    }
}
