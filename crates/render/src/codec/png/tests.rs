//! Tests of the PNG decoder, on files made chunk by chunk.

use super::chunks::{SIGNATURE, read};
use super::*;

/// Regression, found by fuzzing: in a truncated ICO such a palette reached the `png` crate, which
/// panicked.
#[test]
fn palettes_of_odd_length_are_refused() {
    for bytes in [0, 2, 38, 771] {
        let error = read(&oddities::png::palette_of(bytes, 9, 7)).unwrap_err();
        assert_eq!(error.to_string(), format!("damaged PNG: its palette is {bytes} bytes long"));
    }
    assert!(read(&oddities::png::palette_of(768, 9, 7)).is_ok());
}

fn chunk_of(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(name);
    crc.update(content);
    [&(content.len() as u32).to_be_bytes()[..], name, content, &crc.sum().to_be_bytes()].concat()
}

fn decoded(bytes: &[u8]) -> crate::pixmap::Pixmap {
    use crate::codec::{DecodeOptions, registry};
    let picture = registry::decoder(Format::Png).unwrap().open(bytes, &crate::limits::Limits::default()).unwrap();
    picture.decode(&picture.offer(None), &DecodeOptions::default()).unwrap().pixels.into_pixmap()
}

/// The default image is shown. The other frames of the animation are dropped anyway.
#[test]
fn a_broken_animation_is_ignored() {
    let plain = oddities::png::rgb(9, 7);
    let want = decoded(&plain);
    let end = plain.len() - 12;
    for broken in [
        chunk_of(b"fdAT", &[0, 0, 0, 7, 1, 2, 3]),
        [chunk_of(b"fcTL", &[9; 26]), chunk_of(b"fcTL", &[9; 26])].concat(),
        chunk_of(b"acTL", &[0; 8]),
    ] {
        for at in [33, end] {
            let file = [&plain[..at], &broken, &plain[at..]].concat();
            assert_eq!(decoded(&file), want, "{at}");
        }
    }
}

/// Two transparent palette entries are not a 16-bit grey.
#[test]
fn a_palette_in_an_animation_keeps_its_transparency() {
    let plain = oddities::png::palette_of(6, 8, 1);
    let at = plain.windows(4).position(|w| w == b"IDAT").unwrap() - 4;
    let trns = chunk_of(b"tRNS", &[0xf0, 0x81]);
    let still = [&plain[..at], &trns, &plain[at..]].concat();
    let moving = [&plain[..at], &trns, &chunk_of(b"fcTL", &[0; 26]), &plain[at..]].concat();
    assert_eq!(decoded(&moving), decoded(&still));
}

/// PNG, tRNS: "only the low-order bits are used".
#[test]
fn stray_bits_of_transparent_grey() {
    use crate::pixmap::Samples;
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut zlib, &[0, 0b0001_1011]).unwrap();
    let header = [&[0, 0, 0, 4, 0, 0, 0, 1][..], &[2, 0, 0, 0, 0]].concat();
    let file = [
        SIGNATURE,
        &chunk_of(b"IHDR", &header),
        &chunk_of(b"tRNS", &[0xab, 0xfe]),
        &chunk_of(b"IDAT", &zlib.finish().unwrap()),
        &chunk_of(b"IEND", b""),
    ]
    .concat();
    let pixmap = decoded(&file);
    assert_eq!(pixmap.samples(), &Samples::U8(vec![0, 255, 85, 255, 170, 0, 255, 255]));
}
