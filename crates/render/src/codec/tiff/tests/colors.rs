//! Tests of colour interpretation.

use super::*;

fn ramp() -> Vec<u64> {
    // Red rises, green falls, blue is constant.
    [0, 100, 200, 300].iter().map(|v| v * 200).chain([60_000, 40_000, 20_000, 0]).chain([30_000; 4]).collect()
}

#[test]
fn palettes_with_and_without_alpha() {
    let maker = |samples| Maker::new(Size::new(4, 1), 2, samples, 3).tag(320, SHORT, &ramp());
    let pixmap = decode(&maker(1).part(vec![0b00_01_10_11]).file());
    assert_eq!(narrow(&pixmap)[..6], [0, 233, 117, 78, 156, 117]);
    let pixmap = decode(&maker(2).tag(338, SHORT, &[2]).part(vec![0b00_11_01_00, 0b10_01_11_10]).file());
    assert_eq!(pixmap.channels(), Channels::Rgba);
    assert_eq!(narrow(&pixmap), [0, 233, 117, 255, 78, 156, 117, 0, 156, 78, 117, 85, 233, 0, 117, 170]);
    let short = maker(1).part(vec![0]);
    let short = Maker { tags: short.tags.into_iter().filter(|t| t.0 != 320).collect(), ..short };
    assert!(matches!(open(&short.file()).map(drop), Err(DecodeError::Damaged { .. })));
}

#[test]
fn white_may_be_zero_but_alpha_is_not_inverted() {
    let file = Maker::new(Size::new(2, 1), 8, 2, 0).tag(338, SHORT, &[2]).part(vec![0, 255, 200, 7]).file();
    assert_eq!(narrow(&decode(&file)), [255, 255, 55, 7]);
    let file = Maker::new(Size::new(2, 1), 8, 2, 1).tag(338, SHORT, &[1]).part(vec![64, 128, 5, 0]).file();
    assert_eq!(narrow(&decode(&file)), [128, 128, 0, 0]);
}

#[test]
fn extra_samples_are_ignored() {
    let file = Maker::new(Size::new(1, 1), 8, 5, 2).tag(338, SHORT, &[0, 2]).part(vec![1, 2, 3, 4, 5]).file();
    assert_eq!(narrow(&decode(&file)), [1, 2, 3, 5]);
    let file = Maker::new(Size::new(1, 1), 8, 4, 2).part(vec![1, 2, 3, 4]).file();
    assert_eq!(narrow(&decode(&file)), [1, 2, 3, 4], "as other readers have it, one that is not named is alpha");
    let file = Maker::new(Size::new(2, 1), 8, 4, 2).part(vec![1, 2, 3, 0, 5, 6, 7, 0]).file();
    assert_eq!(narrow(&decode(&file)), [1, 2, 3, 255, 5, 6, 7, 255], "unless it is zero everywhere");
    let file = Maker::new(Size::new(1, 1), 8, 2, 1).part(vec![1, 2]).file();
    assert_eq!(narrow(&decode(&file)), [1, 2]);
    let file = Maker::new(Size::new(1, 1), 8, 4, 2).tag(338, SHORT, &[0]).part(vec![1, 2, 3, 4]).file();
    assert_eq!(narrow(&decode(&file)), [1, 2, 3], "one that is said to be something else is not");
    let file = Maker::new(Size::new(1, 1), 8, 5, 5).part(vec![1, 2, 3, 4, 5]).file();
    let pixmap = decode(&file);
    assert_eq!((pixmap.channels(), narrow(&pixmap)), (Channels::Cmyk, &[1, 2, 3, 4][..]));
}

#[test]
fn inks_under_alpha_are_refused() {
    let file = Maker::new(Size::new(1, 1), 8, 5, 5).tag(338, SHORT, &[2]).part(vec![1, 2, 3, 4, 5]).file();
    assert!(matches!(open(&file).map(drop), Err(DecodeError::Unsupported(_))));
}

/// Every kind of code. The last row ends too early.
#[test]
fn thunder_scan() {
    // Sample 5, three repeats, then 6, 5 and a no-op; 2, then a difference of -1, then a run that
    // is too long. Rows start at 0.
    let packed = vec![
        0xC5,
        3,
        0x40 | 1 << 4 | 3 << 2 | 2,
        0x80 | 5 << 3 | 7,
        63,
        0x80 | 4 << 3 | 3,
        0x40 | 2 << 4 | 1 << 2 | 2,
        2,
    ];
    let file = Maker::new(Size::new(9, 3), 4, 1, 1).tag(259, SHORT, &[32_809]).part(packed).file();
    let options = DecodeOptions { allow_truncated: true, ..DecodeOptions::default() };
    let (pixmap, notes) = decode_with(&file, &options).unwrap();
    assert_eq!(narrow(&pixmap)[..9], [5, 5, 5, 5, 6, 5, 2, 1, 1].map(|v| v * 17));
    assert_eq!(notes.len(), 1);
    assert!(notes[0].ends_with("2 of 3 rows filled"), "{notes:?}");
    assert!(matches!(
        open(&file).unwrap().decode(&open(&file).unwrap().offer(None), &DecodeOptions::default()),
        Err(DecodeError::Truncated { .. })
    ));
    let of_8_bits = Maker::new(Size::new(1, 1), 8, 1, 1).tag(259, SHORT, &[32_809]).part(vec![0xC5]).file();
    assert!(matches!(open(&of_8_bits).map(drop), Err(DecodeError::Damaged { .. })));
}

/// Codes by the formulas of the format: white, a tenth of it, black, a saturated red, and one
/// brighter than white.
#[test]
fn log_luv() {
    let near = |file: Vec<u8>, want: &[f64]| {
        let (pixmap, notes) = decode_with(&file, &DecodeOptions::default()).unwrap();
        let got = wide(&pixmap);
        assert_eq!(got.len(), want.len());
        for (&got, &want) in got.iter().zip(want) {
            assert!((f64::from(got) - curve(want) * 65_535.0).abs() < 600.0, "{got} for {want}");
        }
        notes
    };
    // Luminance in 256ths of a power of two from 2^-64: 1 is 16,384, rounded down.
    let log = |v: f64| ((v.log2() + 64.0) * 256.0) as u16;
    let maker = |size, samples, photometric, compression| {
        Maker::new(size, 16, samples, photometric).tag(259, SHORT, &[compression])
    };
    let codes = [log(1.0), log(0.1), 0, 0x8000 | log(1.0), log(8.0)];
    let high: Vec<u8> = codes.iter().map(|code| (code >> 8) as u8).collect();
    let low: Vec<u8> = codes.iter().map(|&code| code as u8).collect();
    let packed = [&[5], &high[..], &[2], &low[..2], &[3], &low[2..]].concat();
    let file = maker(Size::new(5, 1), 1, 32_844, 34_676).part(packed).file();
    assert_eq!(near(file, &[1.0, 0.1, 0.0, 0.0, 1.0]), ["HDR highlights clipped to white"]);

    // u' and v' in 410ths: equal parts are 4/19 and 9/19, Rec. 709's red by the matrix of the format is (0.451, 0.523), with a luminance of 0.256.
    let (u, v) = ([86, 86, 184], [194, 194, 214]);
    let luminance = [log(0.5), log(0.5), log(0.128)];
    let planes = [
        luminance.map(|code| (code >> 8) as u8).to_vec(),
        luminance.map(|code| code as u8).to_vec(),
        u.to_vec(),
        v.to_vec(),
    ];
    // The first two bytes of each plane are equal.
    let packed: Vec<u8> = planes.iter().flat_map(|plane| [128, plane[0], 1, plane[2]]).collect();
    let file = maker(Size::new(3, 1), 3, 32_845, 34_676).part(packed).file();
    let notes = near(file, &[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.0, 0.0]);
    assert!(notes.is_empty());
    // 10 bits of luminance in 64ths from 2^-12, and 14 bits without a valid cell, which means
    // neutral.
    let triple = |v: f64, cell: u32| ((((v.log2() + 12.0) * 64.0) as u32) << 14 | cell).to_be_bytes()[1..].to_vec();
    let packed = [triple(0.5, 0x3FFF), vec![0, 0, 0]].concat();
    let file = maker(Size::new(2, 1), 3, 32_845, 34_677).part(packed).file();
    near(file, &[0.5, 0.5, 0.5, 0.0, 0.0, 0.0]);
}

/// The curve of sRGB.
fn curve(v: f64) -> f64 {
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

/// Known colours of CIE L*a*b*: neutral grey of L* = 50 is 119, pure red of sRGB is (54.29, 80.81,
/// 69.89) in D50.
#[test]
fn lab() {
    let near = |pixmap: &Pixmap, want: [u8; 3]| {
        let off = wide(pixmap).iter().zip(want).map(|(&v, w)| (i32::from(v) - i32::from(w) * 257).abs()).max();
        assert!(off.unwrap() < 3 * 257, "{:?} {want:?}", wide(pixmap));
    };
    let lab8 = |photometric, bytes: [u8; 3]| {
        decode(&Maker::new(Size::new(1, 1), 8, 3, photometric).part(bytes.to_vec()).file())
    };
    near(&lab8(8, [128, 0, 0]), [119, 119, 119]);
    near(&lab8(8, [138, 81, 70]), [255, 0, 0]);
    near(&lab8(9, [138, 128 + 81, 128 + 70]), [255, 0, 0]);
    near(&lab8(8, [255, 0, 0]), [255, 255, 255]);
    let words = [35_577u16, 80 * 256 + 208, 69 * 256 + 228].map(u16::to_le_bytes).concat();
    near(&decode(&Maker::new(Size::new(1, 1), 16, 3, 8).part(words).file()), [255, 0, 0]);
}

/// Two by two pixels share chroma. The picture ends inside a block.
#[test]
fn subsampled_chroma() {
    let block = |luma: [u8; 4], cb: u8, cr: u8| [&luma[..], &[cb, cr]].concat();
    let strip = [block([76, 76, 76, 76], 85, 255), block([150, 0, 150, 0], 44, 21)].concat();
    let file = Maker::new(Size::new(3, 3), 8, 3, 6)
        .tag(530, SHORT, &[2, 2])
        .tag(278, LONG, &[2])
        .part(strip.clone())
        .part(strip)
        .file();
    let pixmap = decode(&file);
    let pixel = |x: usize, y: usize| narrow(&pixmap)[(y * 3 + x) * 3..][..3].to_vec();
    for (x, y) in [(0, 0), (1, 1), (0, 2)] {
        assert!(pixel(x, y).iter().zip([254, 0, 0]).all(|(a, b)| a.abs_diff(b) < 2), "{:?}", pixel(x, y));
    }
    for y in [0, 1, 2] {
        assert!(pixel(2, y).iter().zip([0, 255, 1]).all(|(a, b)| a.abs_diff(b) < 3), "{:?}", pixel(2, y));
    }
}
