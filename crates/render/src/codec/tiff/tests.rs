//! Pictures of a few pixels in every supported storage layout.

mod colors;
mod maker;
mod parts;
mod stored;

use super::*;
use crate::codec::DecodeOptions;
use crate::pixmap::Samples;
use crate::size::Size;
use maker::{LONG, Maker, SHORT};
use stored::{SAMPLES, SIZE, pack, stored, value, ways};

fn open(bytes: &[u8]) -> Result<Box<dyn Picture + '_>, DecodeError> {
    Tiff.open(bytes, &Limits::default())
}

fn decode_with(bytes: &[u8], options: &DecodeOptions<'_>) -> Result<(Pixmap, Vec<String>), DecodeError> {
    let picture = open(bytes)?;
    let decoded = picture.decode(&picture.offer(None), options)?;
    Ok((decoded.pixels.into_pixmap(), decoded.notes))
}

fn decode(bytes: &[u8]) -> Pixmap {
    decode_with(bytes, &DecodeOptions::default()).unwrap_or_else(|e| panic!("{e}")).0
}

fn narrow(pixmap: &Pixmap) -> &[u8] {
    let Samples::U8(v) = pixmap.samples() else { panic!("8 bits are wanted") };
    v
}

fn wide(pixmap: &Pixmap) -> &[u16] {
    let Samples::U16(v) = pixmap.samples() else { panic!("16 bits are wanted") };
    v
}

#[test]
fn every_storage_layout_shows_the_same() {
    for way in ways() {
        let file = stored(way);
        let pixmap = decode(&file);
        assert_eq!((pixmap.size(), pixmap.channels()), (SIZE, Channels::Rgb), "{way:?}");
        let mut want = Vec::new();
        for y in 0..SIZE.height {
            for x in 0..SIZE.width {
                want.extend((0..SAMPLES).map(|c| value(x, y, c)));
            }
        }
        if way.bits == 8 {
            assert!(narrow(&pixmap).iter().map(|&v| u64::from(v)).eq(want.iter().map(|v| v >> 8)), "{way:?}");
        } else {
            assert!(wide(&pixmap).iter().map(|&v| u64::from(v)).eq(want), "{way:?}");
        }
    }
}

#[test]
fn truncated_files_fail_or_are_filled() {
    for way in ways().into_iter().filter(|way| !way.big && way.bits == 8) {
        let file = stored(way);
        for len in (0..file.len()).step_by(53) {
            let cut = decode_with(&file[..len], &DecodeOptions::default());
            // Only the pointer behind the directory may be missing.
            let unended = len + if way.wide { 8 } else { 4 } >= file.len();
            assert_eq!(cut.map(|(_, notes)| notes.len()).ok(), unended.then_some(1), "{way:?} {len}");
            let _ = decode_with(&file[..len], &DecodeOptions { allow_truncated: true, ..DecodeOptions::default() });
        }
        // Its directory is complete, its third strip or tile is not.
        let mut broken = file.clone();
        let tiff = Directory::page(&file).unwrap().0;
        let offsets = tiff.numbers(if way.tiled { 324 } else { 273 }).unwrap().unwrap();
        broken[offsets[2] as usize..].iter_mut().take(40).for_each(|b| *b = 0xff);
        let strict = decode_with(&broken, &DecodeOptions::default());
        assert!(strict.is_err() || matches!(way.compression, 1 | 32_773), "{way:?}");
        let lenient =
            decode_with(&broken, &DecodeOptions { allow_truncated: true, ..DecodeOptions::default() }).unwrap();
        assert_eq!(strict.is_err(), !lenient.1.is_empty(), "{way:?} {:?}", lenient.1);
    }
}

#[test]
fn a_changed_byte_never_panics() {
    for way in ways().into_iter().filter(|way| way.big && way.bits == 16) {
        let file = stored(way);
        for at in (0..file.len()).step_by(29) {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = file.clone();
                changed[at] = value;
                let _ = decode_with(&changed, &DecodeOptions { allow_truncated: true, ..DecodeOptions::default() });
            }
        }
    }
}

#[test]
fn the_oldest_lzw() {
    let raw: Vec<u8> = (0..64).map(|i| i * 3).collect();
    let packed = weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 8).encode(&raw).unwrap();
    assert_eq!((packed[0], packed[1] & 1), (0, 1));
    let file = Maker::new(Size::new(8, 8), 8, 1, 1).tag(259, SHORT, &[5]).part(packed).file();
    assert_eq!(narrow(&decode(&file)), raw);
}

#[test]
fn floating_point_and_its_predictor() {
    let light = [0.0f32, 0.25, 0.5, 1.0, 1.005, f32::NAN];
    let want = crate::codec::float::to_srgb(&light, 1, false);
    for big in [false, true] {
        let bytes: Vec<u8> = light.iter().flat_map(|v| if big { v.to_be_bytes() } else { v.to_le_bytes() }).collect();
        let mut maker = Maker::new(Size::new(6, 1), 32, 1, 1).tag(339, SHORT, &[3]);
        maker.big = big;
        assert_eq!(wide(&decode(&maker.clone().part(bytes).file())), want);
        // Highest bytes first, each the difference from the one before.
        let planes: Vec<u8> = (0..4).flat_map(|i| light.map(|v| v.to_be_bytes()[i])).collect();
        let deltas: Vec<u8> =
            planes.iter().scan(0u8, |before, &b| Some(b.wrapping_sub(std::mem::replace(before, b)))).collect();
        let maker = maker.tag(259, SHORT, &[8]).tag(317, SHORT, &[3]).part(pack(8, &deltas));
        assert_eq!(wide(&decode(&maker.file())), want, "{big}");
    }
    let halves = Maker::new(Size::new(2, 1), 16, 1, 1).tag(339, SHORT, &[3]).part(vec![0, 0x3c, 0, 0x34]);
    assert_eq!(wide(&decode(&halves.file())), crate::codec::float::to_srgb(&[1.0, 0.25], 1, false));
}

/// Regression: values of 0 to 255 or of a measuring instrument came out white.
#[test]
fn floating_point_that_is_not_0_to_1() {
    let shown = |samples: u64, photometric: u64, values: &[f32]| {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let size = Size::new((values.len() as u64 / samples) as u32, 1);
        let file = Maker::new(size, 32, samples, photometric).tag(339, SHORT, &vec![3; samples as usize]).part(bytes);
        let (pixmap, notes) = decode_with(&file.file(), &DecodeOptions::default()).unwrap();
        (wide(&pixmap).to_vec(), notes)
    };
    let half = 32_768;
    let (grey, notes) = shown(1, 1, &[0.0, 127.5, 255.0]);
    assert_eq!(
        (grey, &notes[..]),
        (vec![0, half, 65_535], &["values from 0 to 255 spread from black to white".to_owned()][..])
    );
    assert_eq!(shown(1, 0, &[0.0, 127.5, 255.0]).0, [65_535, half, 0]);
    assert_eq!(shown(1, 1, &[-3.0, f32::NAN, -1.0, f32::MAX]).0, [0, 0, 65_535, 65_535]);
    assert_eq!(shown(3, 2, &[0.0, 0.0, 200.0, 100.0, 0.0, 0.0]).0, [0, 0, 65_535, half, 0, 0]);
    // Light with a highlight keeps its scale.
    assert_eq!(shown(3, 2, &[0.1, 0.5, 7.0]).1, ["HDR highlights clipped to white"]);
    assert_eq!(shown(4, 2, &[0.0, 0.0, 200.0, 255.0, 100.0, 50.0, 0.0, 0.0]).0[..4], [0, 0, 65_535, 65_535]);
    assert_eq!(shown(1, 1, &[7.0, 7.0]).0, [65_535; 2]);
}

/// Predictors have special cases for common numbers of samples.
#[test]
fn predictors_of_any_number_of_samples() {
    for (samples, photometric) in [(1u32, 1), (2, 1), (3, 2), (4, 2), (5, 2)] {
        for (bits, big) in [(8u32, false), (16, false), (16, true), (32, true)] {
            let size = bits as usize / 8;
            let stored = |v: u64| {
                let bytes = v.to_le_bytes();
                if big { bytes[..size].iter().rev().copied().collect() } else { bytes[..size].to_vec() }
            };
            let values: Vec<u64> =
                (0..7 * samples).map(|i| value(i, 3, 1) << (bits - bits.min(16)) >> (16 - bits.min(16))).collect();
            let plain: Vec<u8> = values.iter().flat_map(|&v| stored(v)).collect();
            let n = samples as usize;
            let deltas = values.iter().enumerate().map(|(i, v)| if i < n { *v } else { v.wrapping_sub(values[i - n]) });
            let deltas: Vec<u8> = deltas.flat_map(stored).collect();
            let mut maker = Maker::new(Size::new(7, 1), u64::from(bits), u64::from(samples), photometric);
            maker.big = big;
            let want = decode(&maker.clone().tag(259, SHORT, &[8]).part(pack(8, &plain)).file());
            let found = maker.tag(259, SHORT, &[8]).tag(317, SHORT, &[2]).part(pack(8, &deltas)).file();
            assert_eq!(decode(&found), want, "{samples} samples of {bits} bits, {big}");
        }
    }
}

#[test]
fn signed_numbers_below_zero_are_black() {
    let file = Maker::new(Size::new(4, 1), 8, 1, 1).tag(339, SHORT, &[2]).part(vec![0x80, 0xff, 0, 0x7f]).file();
    assert_eq!(narrow(&decode(&file)), [0, 0, 0, 255]);
    let file = Maker::new(Size::new(2, 1), 16, 1, 1).tag(339, SHORT, &[2]).part(vec![0xff, 0xff, 0xff, 0x7f]).file();
    assert_eq!(wide(&decode(&file)), [0, 65_535]);
}

#[test]
fn wide_numbers_are_narrowed() {
    let file = Maker::new(Size::new(2, 1), 32, 1, 1).part(vec![0, 0, 0x34, 0x12, 255, 255, 255, 255]).file();
    assert_eq!(wide(&decode(&file)), [0x1234, 65_535]);
    let file = Maker::new(Size::new(1, 1), 64, 1, 1).part(vec![0, 0, 0, 0, 0, 0, 0x34, 0x12]).file();
    assert_eq!(wide(&decode(&file)), [0x1234]);
}

#[test]
fn wrong_or_missing_counts() {
    let maker = |packed: Vec<u8>, compression| {
        Maker::new(Size::new(4, 1), 8, 1, 1).tag(259, SHORT, &[compression]).part(packed).file()
    };
    for (packed, compression) in [(vec![1, 2, 3, 4], 1), (pack(8, &[1, 2, 3, 4]), 8)] {
        let file = maker(packed, compression);
        let at = file.windows(2).rposition(|w| w == 279u16.to_le_bytes()).unwrap();
        let mut zero = file.clone();
        zero[at + 8..at + 12].fill(0);
        assert_eq!(narrow(&decode(&zero)), [1, 2, 3, 4], "a count of 0");
        let mut missing = file.clone();
        missing[at..at + 2].copy_from_slice(&60_000u16.to_le_bytes());
        assert_eq!(narrow(&decode(&missing)), [1, 2, 3, 4], "no count");
    }
}

#[test]
fn sparse_tiles_are_empty() {
    let mut maker = Maker::new(Size::new(16, 16), 8, 1, 1).tag(322, LONG, &[16]).tag(323, LONG, &[16]);
    maker.tiled = true;
    let file = maker.part(Vec::new()).file();
    assert!(narrow(&decode(&file)).iter().all(|&v| v == 0));
}

#[test]
fn tiles_under_the_tags_of_strips() {
    let tiles = Maker::new(Size::new(16, 16), 8, 1, 1).tag(322, LONG, &[16]).tag(323, LONG, &[16]);
    let pixels: Vec<u8> = (0..=255).collect();
    assert_eq!(narrow(&decode(&tiles.part(pixels.clone()).file())), pixels);
    let mut strips = Maker::new(Size::new(16, 16), 8, 1, 1);
    strips.tiled = true;
    assert_eq!(narrow(&decode(&strips.part(pixels.clone()).file())), pixels, "and the other way around");
}

#[test]
fn further_pages() {
    let file = |kind: u64| {
        let mut file = Maker::new(Size::new(1, 1), 8, 1, 1).tag(254, LONG, &[kind]).part(vec![7]).file();
        let first = u32::from_le_bytes([file[4], file[5], file[6], file[7]]) as usize;
        // The same directory once more, without a successor.
        let (copy, next) = (file[first..].to_vec(), file.len() as u32);
        let end = file.len() - 4;
        file[end..].copy_from_slice(&next.to_le_bytes());
        file.extend(copy);
        file
    };
    assert!(open(&file(0)).unwrap().header().animated);
    assert!(!open(&file(1)).unwrap().header().animated, "a smaller version");
    let mut ring = file(0);
    let end = ring.len() - 4;
    let first = ring[4..8].to_vec();
    ring[end..].copy_from_slice(&first);
    assert!(open(&ring).unwrap().header().animated);
    let mut itself = Maker::new(Size::new(1, 1), 8, 1, 1).part(vec![7]).file();
    let end = itself.len() - 4;
    let first = itself[4..8].to_vec();
    itself[end..].copy_from_slice(&first);
    assert!(!open(&itself).unwrap().header().animated);
}

#[test]
fn claims_beyond_reason() {
    let maker = |w, h| Maker::new(Size::new(w, h), 8, 3, 2).part(vec![0; 12]);
    let fault = |file: Vec<u8>| open(&file).map(drop).unwrap_err();
    assert!(matches!(fault(maker(100_000, 100_000).file()), DecodeError::Limit(_)));
    assert!(matches!(fault(maker(0, 5).file()), DecodeError::Damaged { .. }));
    let mut tiles = maker(4, 4).tag(322, LONG, &[1 << 30]).tag(323, LONG, &[1 << 30]);
    tiles.tiled = true;
    assert!(matches!(fault(tiles.file()), DecodeError::Damaged { .. }));
    let compressions: [(u64, &str); 3] = [(34_887, "LERC"), (34_712, "JPEG 2000"), (34_925, "LZMA")];
    for (compression, name) in compressions {
        let error = fault(maker(2, 2).tag(259, SHORT, &[compression]).file()).to_string();
        assert!(error.starts_with("unsupported: TIFF with ") && error.contains(name), "{error}");
    }
}
