//! TGA files made by the tests.

use super::*;
use crate::pixmap::Samples;

fn file(kind: u8, map: (u16, u16, u8), size: (u16, u16), depth: u8, flags: u8, rest: &[u8]) -> Vec<u8> {
    let mut out = vec![3, u8::from(map.1 > 0), kind];
    out.extend([map.0.to_le_bytes(), map.1.to_le_bytes()].concat());
    out.extend([map.2, 0, 0, 0, 0]);
    out.extend([size.0.to_le_bytes(), size.1.to_le_bytes()].concat());
    out.extend([depth, flags]);
    out.extend(b"own");
    out.extend(rest);
    out
}

fn decoded(bytes: &[u8], allow_truncated: bool) -> Result<(Channels, Vec<u8>, usize), DecodeError> {
    let picture = Tga.open(bytes, &Limits::default())?;
    let options = DecodeOptions { allow_truncated, ..DecodeOptions::default() };
    let decoded = picture.decode(&picture.offer(None), &options)?;
    let pixmap = decoded.pixels.into_pixmap();
    let channels = pixmap.channels();
    match pixmap.into_samples() {
        Samples::U8(v) => Ok((channels, v, decoded.notes.len())),
        Samples::U16(_) => panic!("16 bits"),
    }
}

const NO_MAP: (u16, u16, u8) = (0, 0, 0);
const TOP: u8 = 0x20;

#[test]
fn kinds() {
    let cases: &[(&str, Vec<u8>, Channels, &[u8])] = &[
        ("grey", file(3, NO_MAP, (2, 1), 8, TOP, &[1, 2]), Channels::Grey, &[1, 2]),
        ("grey, alpha", file(3, NO_MAP, (1, 1), 16, TOP | 8, &[1, 2]), Channels::GreyAlpha, &[1, 2]),
        ("grey, no alpha", file(3, NO_MAP, (1, 1), 16, TOP, &[1, 2]), Channels::Grey, &[1]),
        ("24", file(2, NO_MAP, (1, 1), 24, TOP, &[1, 2, 3]), Channels::Rgb, &[3, 2, 1]),
        ("32", file(2, NO_MAP, (1, 1), 32, TOP | 8, &[1, 2, 3, 4]), Channels::Rgba, &[3, 2, 1, 4]),
        ("32 without alpha", file(2, NO_MAP, (1, 1), 32, TOP, &[1, 2, 3, 0]), Channels::Rgb, &[3, 2, 1]),
        ("15", file(2, NO_MAP, (1, 1), 15, TOP, &[0x1f, 0xfc]), Channels::Rgb, &[255, 0, 255]),
        ("16", file(2, NO_MAP, (1, 1), 16, TOP | 1, &[0x1f, 0x7c]), Channels::Rgb, &[255, 0, 255]),
        ("unused map", file(2, (0, 1, 24), (1, 1), 24, TOP, &[9, 9, 9, 1, 2, 3]), Channels::Rgb, &[3, 2, 1]),
        ("map of 24", file(1, (7, 1, 24), (1, 1), 8, TOP, &[1, 2, 3, 7]), Channels::Rgb, &[3, 2, 1]),
        ("map of 16", file(1, (0, 1, 16), (1, 1), 8, TOP, &[0, 0x7c, 0]), Channels::Rgb, &[255, 0, 0]),
        ("map of 32", file(1, (0, 1, 32), (1, 1), 8, TOP | 8, &[1, 2, 3, 4, 0]), Channels::Rgba, &[3, 2, 1, 4]),
        ("long indices", file(1, (256, 1, 24), (1, 1), 16, TOP, &[1, 2, 3, 0, 1]), Channels::Rgb, &[3, 2, 1]),
        ("runs", file(11, NO_MAP, (2, 2), 8, TOP, &[0x82, 5, 0, 6]), Channels::Grey, &[5, 5, 5, 6]),
        ("literals", file(11, NO_MAP, (2, 2), 8, TOP, &[2, 5, 6, 7, 0x83, 8]), Channels::Grey, &[5, 6, 7, 8]),
        ("runs of 24", file(10, NO_MAP, (1, 2), 24, TOP, &[0x81, 1, 2, 3]), Channels::Rgb, &[3, 2, 1, 3, 2, 1]),
        ("runs of a map", file(9, (0, 1, 24), (2, 1), 8, TOP, &[1, 2, 3, 0x81, 0]), Channels::Rgb, &[3, 2, 1, 3, 2, 1]),
    ];
    for (name, bytes, channels, samples) in cases {
        let out = decoded(bytes, false).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(out, (*channels, samples.to_vec(), 0), "{name}");
    }
}

#[test]
fn corners() {
    for (flags, expected) in [(0x20, [1, 2, 3, 4]), (0x30, [2, 1, 4, 3]), (0, [3, 4, 1, 2]), (0x10, [4, 3, 2, 1])] {
        let plain = file(3, NO_MAP, (2, 2), 8, flags, &[1, 2, 3, 4]);
        assert_eq!(decoded(&plain, false).unwrap().1, expected, "{flags:x}");
        let packed = file(11, NO_MAP, (2, 2), 8, flags, &[2, 1, 2, 3, 0, 4]);
        assert_eq!(decoded(&packed, false).unwrap().1, expected, "{flags:x}, packed");
    }
    let mirrored = file(2, NO_MAP, (2, 1), 24, 0x30, &[1, 2, 3, 4, 5, 6]);
    assert_eq!(decoded(&mirrored, false).unwrap().1, [6, 5, 4, 3, 2, 1]);
}

#[test]
fn alpha_without_declared_bits() {
    for (last, channels) in [(0, Channels::Rgb), (9, Channels::Rgba)] {
        let plain = file(2, NO_MAP, (2, 1), 32, TOP, &[1, 2, 3, 0, 4, 5, 6, last]);
        assert_eq!(decoded(&plain, false).unwrap().0, channels);
        let packed = file(10, NO_MAP, (2, 1), 32, TOP, &[0x80, 1, 2, 3, 0, 0, 4, 5, 6, last]);
        assert_eq!(decoded(&packed, false).unwrap().0, channels);
    }
}

#[test]
fn what_alpha_means() {
    for (kind, channels, samples) in [
        (0, Channels::Rgb, &[100, 50, 200][..]),
        (2, Channels::Rgba, &[100, 50, 200, 51]),
        (3, Channels::Rgba, &[100, 50, 200, 51]),
        (4, Channels::Rgba, &[255, 250, 255, 51]),
    ] {
        let mut bytes = file(2, NO_MAP, (1, 1), 32, TOP | 8, &[200, 50, 100, 51]);
        let area = bytes.len() as u32;
        bytes.extend(495u16.to_le_bytes());
        bytes.resize(bytes.len() + 492, 0);
        bytes.push(kind);
        bytes.extend(area.to_le_bytes());
        bytes.extend(b"\0\0\0\0TRUEVISION-XFILE.\0");
        assert_eq!(decoded(&bytes, false).unwrap(), (channels, samples.to_vec(), 0), "{kind}");
        // A footer that points elsewhere is ignored.
        bytes[area as usize] = 7;
        assert_eq!(decoded(&bytes, false).unwrap(), (Channels::Rgba, vec![100, 50, 200, 51], 0), "{kind}");
    }
}

#[test]
fn damage() {
    for index in [6, 8] {
        let beyond = file(1, (7, 1, 24), (1, 1), 8, TOP, &[1, 2, 3, index]);
        assert_eq!(decoded(&beyond, false).unwrap(), (Channels::Rgb, vec![0; 3], 1), "{index}");
    }
    let bare = file(1, NO_MAP, (1, 1), 8, TOP, &[0]);
    assert!(matches!(decoded(&bare, true), Err(DecodeError::Damaged { .. })));
    assert!(matches!(decoded(&file(3, NO_MAP, (1, 1), 8, 0x60, &[0]), true), Err(DecodeError::Unsupported(_))));
    assert!(matches!(decoded(&file(3, NO_MAP, (0, 1), 8, 0, &[0]), true), Err(DecodeError::Damaged { .. })));
}

#[test]
fn cut() {
    let cases: &[(u8, &[u8], &[u8])] = &[
        (3, &[1, 2, 3], &[0, 0, 1, 2]),
        (11, &[0x82, 1], &[0, 0, 1, 1]),
        (11, &[3, 1, 2, 3], &[0, 0, 1, 2]),
        (11, &[0, 1, 0, 2, 0x81], &[0, 0, 1, 2]),
    ];
    for (kind, data, expected) in cases {
        let bytes = file(*kind, NO_MAP, (2, 2), 8, 0, data);
        assert!(matches!(decoded(&bytes, false), Err(DecodeError::Truncated { .. })), "{data:?}");
        assert_eq!(decoded(&bytes, true).unwrap(), (Channels::Grey, expected.to_vec(), 1), "{data:?}");
    }
    let whole = file(11, NO_MAP, (2, 2), 8, 0, &[0x82, 1, 0, 2]);
    for length in 0..whole.len() {
        assert!(decoded(&whole[..length], false).is_err(), "{length}");
    }
}
