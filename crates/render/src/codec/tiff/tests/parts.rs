//! Strips and tiles that are pictures themselves.

use super::*;

fn jpeg_of(color: &[u8; 3]) -> Vec<u8> {
    use crate::codec::{Attached, registry};
    let pixmap = Pixmap::new_u8(Size::new(16, 16), Channels::Rgb, color.repeat(256));
    let settings = crate::recipe::EncodeSettings::default();
    registry::encoder(Format::Jpeg).unwrap().encode(&pixmap, &settings, &Attached::default()).unwrap()
}

#[test]
fn jpeg_parts_with_tables_elsewhere() {
    let whole = jpeg_of(&[200, 60, 30]);
    let maker = |photometric| {
        let maker = Maker::new(Size::new(16, 16), 8, 3, photometric).tag(259, SHORT, &[7]);
        maker.tag(322, LONG, &[16]).tag(323, LONG, &[16])
    };
    let tile = |maker: Maker, part: Vec<u8>| Maker { tiled: true, ..maker }.part(part).file();
    let near = |pixmap: &Pixmap, want: [u8; 3]| {
        narrow(pixmap).iter().zip(want.iter().cycle()).all(|(a, b)| a.abs_diff(*b) < 6)
    };
    assert!(near(&decode(&tile(maker(6), whole.clone())), [200, 60, 30]));
    // Move its DQT and DHT segments to the tag.
    let (mut tables, mut rest, mut at) = (vec![0xff, 0xd8], vec![0xff, 0xd8], 2);
    while whole[at + 1] != 0xda {
        let end = at + 2 + usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]]));
        if matches!(whole[at + 1], 0xdb | 0xc4) { &mut tables } else { &mut rest }.extend(&whole[at..end]);
        at = end;
    }
    rest.extend(&whole[at..]);
    tables.extend([0xff, 0xd9]);
    let values: Vec<u64> = tables.iter().map(|&b| u64::from(b)).collect();
    assert!(near(&decode(&tile(maker(6).tag(347, 7, &values), rest.clone())), [200, 60, 30]));
    assert!(decode_with(&tile(maker(6), rest), &DecodeOptions::default()).is_err());
    // An interrupt is noticed inside a strip or tile. The first check comes with the rows.
    let file = tile(maker(6), whole.clone());
    let looks = std::sync::atomic::AtomicU32::new(0);
    let stop = || looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 0;
    let options = DecodeOptions { interrupt: Some(&stop), allow_truncated: true, ..DecodeOptions::default() };
    assert_eq!(decode_with(&file, &options).unwrap_err(), DecodeError::Interrupted);
    // A JPEG that is smaller than its tile.
    let wide = Maker::new(Size::new(32, 16), 8, 3, 6).tag(259, SHORT, &[7]).part(whole).file();
    assert!(decode_with(&wide, &DecodeOptions::default()).is_err());
}

/// JPEG blocks are decoded to the size that the thumbnail needs, in tiles and in strips, with the
/// same result as a full decode.
#[test]
fn jpeg_parts_are_decoded_small() {
    use crate::codec::{Attached, registry};
    let size = Size::new(150, 90);
    let samples = |left: u32, top: u32, part: Size| -> Vec<u8> {
        let value = |x: u32, y: u32| [(x + 20) as u8, (y + 60) as u8, 90];
        (0..part.height).flat_map(|y| (0..part.width).flat_map(move |x| value(left + x, top + y))).collect()
    };
    let jpeg = |left, top, part: Size| {
        let pixmap = Pixmap::new_u8(part, Channels::Rgb, samples(left, top, part));
        let settings = crate::recipe::EncodeSettings { quality: 95, ..Default::default() };
        registry::encoder(Format::Jpeg).unwrap().encode(&pixmap, &settings, &Attached::default()).unwrap()
    };
    let maker = || Maker::new(size, 8, 3, 6).tag(259, SHORT, &[7]);
    let mut tiles = maker().tag(322, LONG, &[48]).tag(323, LONG, &[32]);
    tiles.tiled = true;
    for top in (0..size.height).step_by(32) {
        for left in (0..size.width).step_by(48) {
            tiles = tiles.part(jpeg(left, top, Size::new(48, 32)));
        }
    }
    let mut strips = maker().tag(278, LONG, &[24]);
    for top in (0..size.height).step_by(24) {
        strips = strips.part(jpeg(0, top, Size::new(size.width, 24.min(size.height - top))));
    }
    // Strips that do not begin at blocks are decoded at full size.
    let mut odd = maker().tag(278, LONG, &[20]);
    for top in (0..size.height).step_by(20) {
        odd = odd.part(jpeg(0, top, Size::new(size.width, 20.min(size.height - top))));
    }
    for file in [tiles.file(), strips.file(), odd.file()] {
        let picture = open(&file).unwrap();
        for (width, shrink) in [(70.0, 1.0), (30.0, 2.0), (15.0, 5.0), (9.0, 8.0), (3.0, 25.0)] {
            let offer = picture.offer(Some(Need { width, height: width * 0.6, chroma: 1.0 }));
            assert!(offer.shrink <= shrink && offer.shrink > shrink / 1.6, "{} {shrink}", offer.shrink);
            let decoded = picture.decode(&offer, &DecodeOptions::default()).unwrap();
            let pixmap = decoded.pixels.into_pixmap();
            assert_eq!(pixmap.size(), offer.size);
            // The centre of the area that each pixel covers, within the picture.
            for (i, p) in narrow(&pixmap).chunks(3).enumerate() {
                let (x, y) = (i as u32 % offer.size.width, i as u32 / offer.size.width);
                let middle = |at: u32, side: u32| {
                    let (from, to) =
                        (f64::from(at) * offer.shrink, (f64::from(at + 1) * offer.shrink).min(f64::from(side)));
                    (from + to - 1.0) / 2.0
                };
                let want = [middle(x, size.width) + 20.0, middle(y, size.height) + 60.0, 90.0];
                let off = p.iter().zip(want).map(|(&a, b)| (f64::from(a) - b).abs()).fold(0.0, f64::max);
                assert!(off < 7.0, "{x} {y} at {}: {p:?} {want:?}", offer.shrink);
            }
        }
    }
}

#[test]
fn webp_parts() {
    let settings = thumbs_libwebp::Settings { mode: thumbs_libwebp::Mode::Lossless, method: 0, ..Default::default() };
    let samples: Vec<u8> = (0..6 * 4 * 3).map(|i| i as u8 * 3).collect();
    let part = thumbs_libwebp::encode(6, 4, false, &samples, &settings).unwrap();
    let file = Maker::new(Size::new(6, 4), 8, 3, 2).tag(259, SHORT, &[50_001]).part(part).file();
    assert_eq!(narrow(&decode(&file)), samples);
}

#[test]
fn jpeg_parts_of_12_bits() {
    let file =
        |bits, part: &[u8]| Maker::new(Size::new(123, 93), bits, 3, 6).tag(259, SHORT, &[7]).part(part.to_vec()).file();
    let wide = decode(&file(12, include_bytes!("../../../../../../fixtures/jpeg/twelve-bits.jpg")));
    let same = decode(&file(8, include_bytes!("../../../../../../fixtures/jpeg/huffman.jpg")));
    let (wide, same) = (narrow(&wide), narrow(&same));
    assert_eq!(wide.len(), 123 * 93 * 3);
    let sum: u32 = wide.iter().zip(same).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    assert!(sum < 2 * wide.len() as u32, "{sum}");
    assert!(matches!(open(&file(16, b"")).map(drop), Err(DecodeError::Unsupported(_))));
}
