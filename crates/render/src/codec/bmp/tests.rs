//! Bitmaps made by the tests.

use super::*;
use crate::codec::ColorSpace;
use crate::pixmap::{Pixmap, Samples};

/// Header fields from the width on, for a header of `length` bytes, and the data behind it.
struct Made {
    length: u32,
    size: (i32, i32),
    bits: u16,
    compression: u32,
    used: u32,
    masks: [u32; 4],
    behind: Vec<u8>,
    pixels: Vec<u8>,
}

impl Default for Made {
    fn default() -> Self {
        let (behind, pixels) = (Vec::new(), Vec::new());
        Self { length: 40, size: (2, 2), bits: 24, compression: 0, used: 0, masks: [0; 4], behind, pixels }
    }
}

impl Made {
    fn header(&self) -> Vec<u8> {
        let mut out = self.length.to_le_bytes().to_vec();
        if self.length == 12 {
            out.extend([self.size.0 as u16, self.size.1 as u16, 1, self.bits].map(u16::to_le_bytes).concat());
            return out;
        }
        out.extend([self.size.0, self.size.1].map(i32::to_le_bytes).concat());
        out.extend([1, self.bits].map(u16::to_le_bytes).concat());
        out.extend([self.compression, 0, 0, 0, self.used, 0].map(u32::to_le_bytes).concat());
        out.extend(self.masks.map(u32::to_le_bytes).concat());
        out.resize(124, 0);
        out.truncate(self.length as usize);
        out
    }

    fn file(&self) -> Vec<u8> {
        let header = self.header();
        let pixels = 14 + header.len() + self.behind.len();
        let mut out = b"BM".to_vec();
        out.extend([(pixels + self.pixels.len()) as u32, 0, pixels as u32].map(u32::to_le_bytes).concat());
        [out, header, self.behind.clone(), self.pixels.clone()].concat()
    }
}

fn decoded(bytes: &[u8], options: &DecodeOptions<'_>) -> Result<(Pixmap, Vec<String>), DecodeError> {
    let picture = Bmp.open(bytes, &Limits::default())?;
    let decoded = picture.decode(&picture.offer(None), options)?;
    Ok((decoded.pixels.into_pixmap(), decoded.notes))
}

fn samples(bytes: &[u8]) -> Vec<u8> {
    match decoded(bytes, &DecodeOptions::default()).expect("a picture").0.into_samples() {
        Samples::U8(v) => v,
        Samples::U16(_) => panic!("16 bits"),
    }
}

fn failure(bytes: &[u8]) -> DecodeError {
    decoded(bytes, &DecodeOptions::default()).expect_err("no picture")
}

/// Two by two pixels, bottom-up: red, green; blue, white. Rows are padded to 8 bytes.
const BGR: [u8; 16] = [255, 0, 0, 255, 255, 255, 0, 0, 0, 0, 255, 0, 255, 0, 0, 0];
const RGB: [u8; 12] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
const COLORS: [[u8; 3]; 4] = [[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]];

/// Entries of four bytes for [`COLORS`].
fn palette() -> Vec<u8> {
    COLORS.iter().flat_map(|c| [c[2], c[1], c[0], 0]).collect()
}

fn colors(indices: &[usize]) -> Vec<u8> {
    indices.iter().flat_map(|i| COLORS[*i]).collect()
}

#[test]
fn all_headers() {
    for length in [12, 16, 24, 40, 52, 56, 60, 64, 108, 124] {
        let made = Made { length, pixels: BGR.to_vec(), ..Made::default() };
        assert_eq!(samples(&made.file()), RGB, "{length}");
        let bare = [made.header(), BGR.to_vec()].concat();
        assert_eq!(samples(&bare), RGB, "{length} alone");
        let mut array = [b"BA\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(), made.file()].concat();
        array[24] += 14;
        assert_eq!(samples(&array), RGB, "{length} in an array");
    }
    let upside = Made { size: (2, -2), pixels: BGR.to_vec(), ..Made::default() };
    assert_eq!(samples(&upside.file()), [&RGB[6..], &RGB[..6]].concat());
    for length in [0, 13, 65, 66, 128, u32::MAX] {
        let mut bytes = Made { length: 124, pixels: BGR.to_vec(), ..Made::default() }.file();
        bytes[14..18].copy_from_slice(&length.to_le_bytes());
        assert!(matches!(failure(&bytes), DecodeError::Damaged { .. }), "{length}");
    }
}

#[test]
fn indices() {
    let cases: &[(u16, &[u8], &[usize])] = &[
        (1, &[0b0101_0000, 0, 0, 0], &[0, 1, 0, 1]),
        (2, &[0b0001_1011, 0, 0, 0], &[0, 1, 2, 3]),
        (4, &[0x32, 0x10, 0, 0], &[3, 2, 1, 0]),
        (8, &[1, 3, 0, 2], &[1, 3, 0, 2]),
    ];
    for (bits, pixels, expected) in cases {
        let used = if *bits == 1 { 0 } else { 4 };
        let behind = palette()[..if *bits == 1 { 8 } else { 16 }].to_vec();
        let made = Made { size: (4, 1), bits: *bits, used, behind, pixels: pixels.to_vec(), ..Made::default() };
        assert_eq!(samples(&made.file()), colors(expected), "{bits}");
    }
}

#[test]
fn palettes_of_other_lengths() {
    let pixels = vec![1, 3, 0, 7];
    let size = (4, 1);
    // The header does not give the palette's length, and the pixels start early.
    let short = Made { size, bits: 8, behind: palette(), pixels: pixels.clone(), ..Made::default() };
    let (pixmap, notes) = decoded(&short.file(), &DecodeOptions::default()).unwrap();
    assert_eq!(pixmap, Pixmap::new_u8(Size::new(4, 1), Channels::Rgb, colors(&[1, 3, 0, 0])));
    assert_eq!(notes, ["pixels without an entry in its palette are black"]);
    let mut long = palette();
    long.resize(4 * 300, 9);
    let long = Made { size, bits: 8, used: 300, behind: long, pixels: vec![1, 2, 3, 0], ..Made::default() };
    assert_eq!(samples(&long.file()), colors(&[1, 2, 3, 0]));
    // A missing or invalid offset of the pixels.
    for wrong in [0u32, 20] {
        let mut bytes = long.file();
        bytes[10..14].copy_from_slice(&wrong.to_le_bytes());
        assert_eq!(samples(&bytes), colors(&[1, 2, 3, 0]));
    }
    let mut endless = long.file();
    endless[46..50].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(samples(&endless), colors(&[1, 2, 3, 0]), "the pixels have a place of their own");
}

/// Regression: pixels were read from the palette.
#[test]
fn pixels_do_not_overlap_the_palette() {
    let mut table = palette();
    table.resize(4 * 256, 9);
    for used in [0, 256] {
        let made =
            Made { size: (4, 1), bits: 8, used, behind: table.clone(), pixels: vec![1, 2, 3, 0], ..Made::default() };
        for wrong in [0u32, 14, 54, 55, 60, 1000, 1077] {
            let mut bytes = made.file();
            bytes[10..14].copy_from_slice(&wrong.to_le_bytes());
            assert_eq!(samples(&bytes), colors(&[1, 2, 3, 0]), "{used} {wrong}");
        }
    }
}

/// Regression: "a palette of 4294967295 colours" in a file without one.
#[test]
fn the_colour_count_of_24_bits_is_ignored() {
    for used in [1, 256, 0x0100_0000, u32::MAX] {
        let made = Made { used, pixels: BGR.to_vec(), ..Made::default() };
        assert_eq!(samples(&made.file()), RGB, "{used}");
    }
}

#[test]
fn masks() {
    let made = |length, bits, compression, masks: [u32; 4], pixels: &[u32]| {
        let behind = masks.map(u32::to_le_bytes).concat();
        let behind = if length > 40 { vec![] } else { behind[..if compression == 3 { 12 } else { 16 }].to_vec() };
        let bytes = pixels.iter().flat_map(|p| p.to_le_bytes()[..usize::from(bits / 8)].to_vec()).collect();
        let size = (pixels.len() as i32, 1);
        Made { length, size, bits, compression, masks, behind, pixels: bytes, ..Made::default() }.file()
    };
    let m565 = [0xf800, 0x07e0, 0x001f, 0];
    assert_eq!(samples(&made(40, 16, 3, m565, &[0xf800, 0x8410])), [255, 0, 0, 132, 130, 132]);
    assert_eq!(samples(&made(52, 16, 3, m565, &[0xffff, 0x07e0])), [255, 255, 255, 0, 255, 0]);
    let m4444 = [0x0f00, 0x00f0, 0x000f, 0xf000];
    for (length, compression) in [(56, 3), (108, 3), (124, 3), (40, 6)] {
        let bytes = made(length, 16, compression, m4444, &[0x8f30, 0x0012]);
        assert_eq!(samples(&bytes), [255, 51, 0, 136, 0, 17, 34, 0], "{length}");
    }
    assert_eq!(samples(&made(124, 16, 3, m4444, &[0x0f30, 0x0012])), [255, 51, 0, 0, 0, 17, 34, 0]);
    // Without bit fields, the masks of a longer header are ignored.
    let plain = made(124, 32, 0, [0xff, 0xff00, 0x00ff_0000, 0xff00_0000], &[0x8011_2233]);
    assert_eq!(samples(&plain), [0x11, 0x22, 0x33]);
    let ten = made(56, 32, 3, [0x3ff0_0000, 0x000f_fc00, 0x3ff, 0xc000_0000], &[0xfff0_0001]);
    let ten = decoded(&ten, &DecodeOptions::default()).unwrap().0;
    assert_eq!(ten.samples(), &Samples::U16(vec![65_535, 0, 64, 65_535]));
    assert!(matches!(failure(&made(40, 16, 3, [0; 4], &[1])), DecodeError::Damaged { .. }));
    assert!(matches!(failure(&made(40, 24, 3, m565, &[1])), DecodeError::Damaged { .. }));
}

#[test]
fn runs() {
    let cases: &[(&str, u16, u32, &[u8], &[usize])] = &[
        ("run, line, literal", 8, 1, &[4, 1, 0, 0, 0, 3, 1, 2, 3, 0, 1, 2, 0, 1], &[1, 2, 3, 2, 1, 1, 1, 1]),
        ("ends early", 8, 1, &[1, 3, 0, 1], &[0, 0, 0, 0, 3, 0, 0, 0]),
        ("no end, nothing missing", 8, 1, &[4, 1, 0, 0, 4, 2], &[2, 2, 2, 2, 1, 1, 1, 1]),
        ("moves along", 8, 1, &[1, 1, 0, 2, 2, 0, 1, 1, 0, 1], &[0, 0, 0, 0, 1, 0, 0, 1]),
        ("moves up", 8, 1, &[1, 1, 0, 2, 1, 1, 2, 3, 0, 1], &[0, 0, 3, 3, 1, 0, 0, 0]),
        ("beyond the row", 8, 1, &[9, 1, 3, 2, 0, 0, 255, 3, 0, 1], &[3, 3, 3, 3, 1, 1, 1, 1]),
        ("beyond the picture", 8, 1, &[0, 2, 0, 9, 4, 1, 0, 1], &[0; 8]),
        ("of four bits", 4, 2, &[3, 0x12, 0, 0, 0, 3, 0x12, 0x30, 1, 0x20, 0, 1], &[1, 2, 3, 2, 1, 2, 1, 0]),
    ];
    for (name, bits, compression, pixels, expected) in cases {
        let (bits, compression) = (*bits, *compression);
        let mut made = Made { size: (4, 2), bits, compression, used: 4, behind: palette(), ..Made::default() };
        made.pixels = pixels.to_vec();
        assert_eq!(samples(&made.file()), colors(expected), "{name}");
        made.size.1 = -2;
        assert_eq!(samples(&made.file()), colors(&[&expected[4..], &expected[..4]].concat()), "{name}, top down");
    }
    let pixels = vec![1, 0, 0, 255, 1, 0, 255, 0, 0, 0, 1, 255, 0, 0, 0, 1];
    let os2 = Made { length: 64, compression: 4, pixels, ..Made::default() };
    assert_eq!(samples(&os2.file()), [&RGB[6..9], &[0; 3], &RGB[..6]].concat());
}

#[test]
fn cut_runs() {
    let pixels = vec![4, 1, 0, 0, 0, 3, 1, 2, 3, 0, 1, 2, 0, 1];
    let made = Made { size: (4, 2), bits: 8, compression: 1, used: 4, behind: palette(), pixels, ..Made::default() };
    let (bytes, options) = (made.file(), DecodeOptions { allow_truncated: true, ..DecodeOptions::default() });
    for cut in 1..=14 {
        let part = &bytes[..bytes.len() - cut];
        let strict = decoded(part, &DecodeOptions::default());
        assert_eq!(strict.is_ok(), cut <= 2, "{cut}: only the mark at the end may be missing");
        match decoded(part, &options) {
            Ok((pixmap, notes)) => {
                let Samples::U8(v) = pixmap.samples() else { panic!("8 bits") };
                assert_eq!(v[12..], colors(&[1, 1, 1, 1]), "{cut}");
                assert_eq!(notes.len(), 1, "{cut}");
            }
            Err(error) => assert!(cut > 10 && matches!(error, DecodeError::Truncated { .. }), "{cut}: {error}"),
        }
    }
}

/// Regression: a literal without its padding byte was taken for one with a pixel less.
#[test]
fn cut_literals() {
    for (pixels, whole) in
        [(vec![0, 4, 1, 2, 3, 1], true), (vec![0, 4, 1, 2, 3], false), (vec![1, 1, 0, 3, 1, 2, 3], true)]
    {
        let made =
            Made { size: (4, 1), bits: 8, compression: 1, used: 4, behind: palette(), pixels, ..Made::default() };
        assert_eq!(decoded(&made.file(), &DecodeOptions::default()).is_ok(), whole);
    }
}

#[test]
fn cut_rows() {
    let bytes = Made { pixels: BGR.to_vec(), ..Made::default() }.file();
    let unfilled = decoded(&bytes[..bytes.len() - 2], &DecodeOptions::default()).unwrap();
    assert_eq!((unfilled.0.into_samples(), unfilled.1.len()), (Samples::U8(RGB.to_vec()), 1));
    let part = &bytes[..bytes.len() - 3];
    assert!(matches!(failure(part), DecodeError::Truncated { .. }));
    let options = DecodeOptions { allow_truncated: true, ..DecodeOptions::default() };
    let (pixmap, notes) = decoded(part, &options).unwrap();
    assert_eq!(pixmap.into_samples(), Samples::U8([&[0; 6], &RGB[6..]].concat()), "the upper row comes last");
    assert_eq!(notes, ["truncated BMP: its data end too early; what is missing was filled"]);
    // Some writers do not pad the last row, and declare that size.
    let short = Made { pixels: BGR[..14].to_vec(), ..Made::default() };
    assert_eq!(samples(&short.file()), RGB);
    assert!(decoded(&bytes[..59], &options).is_err(), "no row at all");
}

#[test]
fn averaged_as_it_comes() {
    let size = (40, 31);
    let pixels: Vec<u8> = (0..120 * 31).map(|i| (i * i % 251) as u8).collect();
    let bytes = Made { size, pixels, ..Made::default() }.file();
    let picture = Bmp.open(&bytes, &Limits::default()).unwrap();
    let whole = decoded(&bytes, &DecodeOptions::default()).unwrap().0;
    let offer = picture.offer(Some(Need { width: 5.0, height: 4.0, chroma: 1.0 }));
    assert_eq!(offer.shrink, 3.0);
    let part = picture.decode(&offer, &DecodeOptions::default()).unwrap().pixels.into_pixmap();
    assert_eq!(part, crate::codec::reduce::pixmap(whole, 3));
}

#[test]
fn large_claims_allocate_nothing() {
    let large = Made { size: (100_000, 100_000), ..Made::default() }.file();
    assert!(matches!(failure(&large), DecodeError::Limit(_)));
    for size in [(0, 1), (1, 0), (-1, 1), (i32::MIN, 1), (1, i32::MIN)] {
        assert!(decoded(&Made { size, ..Made::default() }.file(), &DecodeOptions::default()).is_err(), "{size:?}");
    }
    let long = Made { size: (60_000, 4_000), ..Made::default() }.file();
    assert!(matches!(failure(&long), DecodeError::Truncated { .. }));
}

#[test]
fn pictures_inside() {
    let mut png = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut png, 2, 2);
    encoder.set_color(::png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&RGB).unwrap();
    let bytes = Made { bits: 0, compression: 5, pixels: png, ..Made::default() }.file();
    assert_eq!(samples(&bytes), RGB);
    assert_eq!(Bmp.open(&bytes, &Limits::default()).unwrap().header().format, Format::Bmp);
    let inks = Made { length: 124, bits: 32, compression: 11, pixels: vec![0; 64], ..Made::default() };
    assert!(matches!(failure(&inks.file()), DecodeError::Unsupported(_)));
}

#[test]
fn colours_of_long_headers() {
    let color = |fields: &[(usize, u32)], behind: &[u8]| {
        let made = Made { length: 124, behind: behind.to_vec(), pixels: BGR.to_vec(), ..Made::default() };
        let mut bytes = made.file();
        for (at, value) in fields {
            bytes[14 + at..][..4].copy_from_slice(&value.to_le_bytes());
        }
        let header = Bmp.open(&bytes, &Limits::default()).unwrap().header().clone();
        (header.color, header.notes.len())
    };
    assert_eq!(color(&[], &[]), (ColorSpace::Srgb, 0), "zeros mean nothing");
    let gamma = 144_179;
    let gammas = [(96, gamma), (100, gamma), (104, gamma)];
    let (calibrated, _) = color(&gammas, &[]);
    let ColorSpace::Calibrated { gamma, chromaticities: None } = calibrated else { panic!("{calibrated:?}") };
    assert!((gamma - 0.45455).abs() < 1e-4);
    assert_eq!(color(&[(96, 1), (100, 9), (104, 1)], &[]).0, ColorSpace::Srgb);
    // The primaries of sRGB as XYZ, which imply the white point.
    let ends = [0.4124, 0.2126, 0.0193, 0.3576, 0.7152, 0.1192, 0.1805, 0.0722, 0.9505];
    let ends = ends.iter().enumerate().map(|(i, v)| (60 + 4 * i, (v * f64::from(1 << 30)) as u32));
    let (calibrated, _) = color(&ends.chain(gammas).collect::<Vec<_>>(), &[]);
    let ColorSpace::Calibrated { chromaticities: Some([white, red, ..]), .. } = calibrated else { panic!() };
    let near = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).abs() < 1e-3 && (a.1 - b.1).abs() < 1e-3;
    assert!(near(white, (0.3127, 0.3290)) && near(red, (0.64, 0.33)), "{white:?} {red:?}");
    let embedded = (56, 0x4d42_4544);
    let profile = color(&[embedded, (112, 124), (116, 3)], b"ICC");
    assert_eq!(profile, (ColorSpace::Icc(b"ICC".to_vec()), 0));
    assert_eq!(color(&[embedded, (112, u32::MAX), (116, 3)], b"ICC"), (ColorSpace::Srgb, 1));
    assert_eq!(color(&[(56, 0x4c49_4e4b), (112, 124), (116, 3)], b"ICC"), (ColorSpace::Srgb, 0));
}

#[test]
fn interrupts() {
    let bytes = Made { pixels: BGR.to_vec(), ..Made::default() }.file();
    let options = DecodeOptions { interrupt: Some(&|| true), ..DecodeOptions::default() };
    assert_eq!(decoded(&bytes, &options).unwrap_err(), DecodeError::Interrupted);
}

/// Blue, green, red and alpha in linear light, with 8192 as one.
#[test]
fn of_64_bits() {
    let pixels = |pixels: [[i16; 4]; 2]| pixels.as_flattened().iter().flat_map(|v| v.to_le_bytes()).collect();
    let made = |pixels| Made { bits: 64, size: (2, 1), pixels, ..Made::default() };
    let half = 48_192; // of light, encoded
    let shown = |made: Made| {
        let (pixmap, notes) = decoded(&made.file(), &DecodeOptions::default()).unwrap();
        let Samples::U16(v) = pixmap.into_samples() else { panic!("8 bits") };
        (v, notes.len())
    };
    let some = made(pixels([[0, 4096, 8192, 8192], [-5, 0, 4096, 4096]]));
    assert_eq!(shown(some), (vec![65_535, half, 0, 65_535, half, 0, 0, 32_768], 0));
    // Alpha that is zero everywhere is ignored. Light at three times white is noted.
    let bright = made(pixels([[0, 4096, 24_576, 0], [0; 4]]));
    assert_eq!(shown(bright), (vec![65_535, half, 0, 65_535, 0, 0, 0, 65_535], 1));
    let short = made(vec![0; 15]);
    assert!(matches!(failure(&short.file()), DecodeError::Truncated { .. }));
    let (length, icon) = (40u32, made(vec![0; 32]));
    let mut header = icon.header();
    header[8..12].copy_from_slice(&2u32.to_le_bytes());
    let entry = [2, 1, 0, 0, 1, 0, 64, 0].into_iter().chain((length + 32).to_le_bytes()).chain(22u32.to_le_bytes());
    let file: Vec<u8> = [0, 0, 1, 0, 1, 0].into_iter().chain(entry).chain(header).chain(icon.pixels).collect();
    assert!(matches!(
        crate::codec::ico::Ico.open(&file, &Limits::default()).map(drop),
        Err(DecodeError::Unsupported(_))
    ));
}

/// OS/2: T.4 in one dimension, rows bottom-up. White pixels get the first colour.
#[test]
fn fax() {
    let end = "000000000001";
    // 2 white, 3 black, 3 white; 0 white, 8 black; six end codes.
    let codes = [end, "0111", "10", "1000", end, "00110101", "000101", &end.repeat(6)].concat();
    let bits: Vec<u8> = codes.bytes().map(|b| b - b'0').collect();
    let pixels: Vec<u8> = bits.chunks(8).map(|c| c.iter().enumerate().map(|(i, b)| b << (7 - i)).sum()).collect();
    let behind = palette()[..8].to_vec();
    let made = Made { length: 64, size: (8, 2), bits: 1, compression: 3, behind, pixels, ..Made::default() };
    assert_eq!(samples(&made.file()), colors(&[1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0]));
    let part = Made { pixels: made.pixels[..4].to_vec(), ..made }.file();
    assert!(matches!(failure(&part), DecodeError::Truncated { .. }));
    let options = DecodeOptions { allow_truncated: true, ..DecodeOptions::default() };
    let (pixmap, notes) = decoded(&part, &options).unwrap();
    let Samples::U8(v) = pixmap.samples() else { panic!("8 bits") };
    assert_eq!((&v[24..], notes.len()), (&colors(&[0, 0, 1, 1, 1, 0, 0, 0])[..], 1));
}
