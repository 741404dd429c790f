//! What samples stand for.

use super::*;

fn ramp() -> Vec<u64> {
    // Red rises, green falls, blue stays.
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
fn further_samples_are_passed_over() {
    let file = Maker::new(Size::new(1, 1), 8, 5, 2).tag(338, SHORT, &[0, 2]).part(vec![1, 2, 3, 4, 5]).file();
    assert_eq!(narrow(&decode(&file)), [1, 2, 3, 5]);
    let file = Maker::new(Size::new(1, 1), 8, 4, 2).part(vec![1, 2, 3, 4]).file();
    assert_eq!(narrow(&decode(&file)), [1, 2, 3]);
    let file = Maker::new(Size::new(1, 1), 8, 5, 5).part(vec![1, 2, 3, 4, 5]).file();
    let pixmap = decode(&file);
    assert_eq!((pixmap.channels(), narrow(&pixmap)), (Channels::Cmyk, &[1, 2, 3, 4][..]));
}

/// Known colours of CIE L*a*b*: neutral grey of L* = 50 is 119, pure red of sRGB is (54.29, 80.81, 69.89) in D50.
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

/// Two by two pixels share chroma; the picture ends inside of a block.
#[test]
fn shared_chroma() {
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
