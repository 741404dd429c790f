//! Small files that claim, or expand to, far more than they hold. See also
//! [`crate::png::header_only`] and its neighbours.

use crate::{jpeg, others};

/// 35 bytes: a GIF canvas of 65535 x 65535 with one pixel on it.
pub fn gif_canvas() -> Vec<u8> {
    let head = [b"GIF89a".as_slice(), &[0xff, 0xff, 0xff, 0xff, 0x80, 0, 0], &[0, 0, 0, 255, 255, 255]].concat();
    let frame = [b",\0\0\0\0".as_slice(), &[0xff, 0xff, 0xff, 0xff, 0], &[2, 2, 0x44, 0x01, 0], b";"].concat();
    [head, frame].concat()
}

/// 48 bytes: a GIF of one pixel whose only frame is 65535 x 11264.
pub fn gif_frame() -> Vec<u8> {
    let head = [b"GIF89a".as_slice(), &[1, 0, 1, 0, 0x80, 0, 0], &[0, 0, 0, 255, 255, 255]].concat();
    let frame = [b",\0\0\0\0".as_slice(), &[0xff, 0xff, 0, 0x2c, 0], &[2, 2, 0x44, 0x01, 0], b";"].concat();
    [head, frame].concat()
}

/// A GIF of very many frames of 4000 x 4000, each a few bytes that end too early. Not part of
/// [`crate::all`]: readers may accept or reject it, as long as they are quick.
pub fn gif_frames(frames: usize) -> Vec<u8> {
    let side = 4000u16.to_le_bytes();
    let mut out = [b"GIF89a".as_slice(), &side, &side, &[0x80, 0, 0], &[0, 0, 0, 255, 255, 255]].concat();
    for _ in 0..frames {
        out.extend([b",\0\0\0\0".as_slice(), &side, &side, &[0, 2, 2, 0x44, 0x01, 0]].concat());
    }
    out.push(b';');
    out
}

/// A BMP header of 100,000 x 100,000 pixels, 24 bits, with nothing behind it.
pub fn bmp() -> Vec<u8> {
    let mut out = others::bmp(8, 8);
    out[18..22].copy_from_slice(&100_000u32.to_le_bytes());
    out[22..26].copy_from_slice(&100_000u32.to_le_bytes());
    out
}

/// A TIFF header of 10 gigapixels in one strip.
pub fn tiff() -> Vec<u8> {
    let entries = [
        (256, 4, 1, 100_000),
        (257, 4, 1, 100_000),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 200),
        (277, 3, 1, 1),
        (278, 4, 1, 100_000),
        (279, 4, 1, 64),
    ];
    others::tiff_file(&entries, &[0; 200])
}

/// A JPEG header of 65535 x 65535 before the entropy-coded data of a small picture.
pub fn jpeg() -> Vec<u8> {
    let mut bytes = jpeg::plain(96, 64);
    let at = bytes.windows(2).position(|w| w == [0xff, 0xc0]).expect("a baseline frame");
    bytes[at + 5..at + 9].fill(0xff);
    bytes
}

/// A progressive grey JPEG of 4096 x 4096 with `scans` scans that each encode emptiness in a few
/// bytes. The file then just ends.
pub fn jpeg_scans(scans: usize) -> Vec<u8> {
    let mut out = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
    out.extend([1; 64]);
    out.extend([0xff, 0xc2, 0, 11, 8, 0x10, 0, 0x10, 0, 1, 1, 0x11, 0]);
    // DC table 0: the single symbol 0 (no difference). AC table 0: the single symbol 0xe0 (run of
    // 16384 + 14 bits of empty blocks).
    for (class, symbol) in [(0x00, 0x00), (0x10, 0xe0)] {
        out.extend([0xff, 0xc4, 0, 20, class, 1]);
        out.extend([0; 15]);
        out.push(symbol);
    }
    // DC: one zero bit for each of 512 x 512 blocks.
    out.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0]);
    out.extend(vec![0; 512 * 512 / 8]);
    // AC: runs of 16384 empty blocks, each a zero bit and fourteen zero bits; sixteen of them are 240 bits.
    let mut scan = vec![0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0];
    scan.extend([0; 30]);
    for _ in 1..scans {
        out.extend(&scan);
    }
    out
}

/// OpenEXR of some hundred bytes whose only block claims two gigabytes.
pub fn exr_block() -> Vec<u8> {
    exr(&[])
}

/// The same behind an attribute whose type name is empty. A reader that takes the zero for the
/// first letter of the name, as one library does, finds a value of one byte, followed by an
/// attribute of zeros. Another reader finds a value of 256 bytes that ends within those zeros,
/// which end the header.
pub fn exr_kind() -> Vec<u8> {
    let zeros = [&b"zeros\0zeros\0"[..], &300_u32.to_le_bytes(), &[0; 300]].concat();
    exr(&[&b"\x01\0\0\0\x01\0\0\0\0"[..], &zeros].concat())
}

fn exr(before: &[u8]) -> Vec<u8> {
    let mut out = vec![0x76, 0x2f, 0x31, 0x01, 2, 0, 0, 0];
    out.extend(before);
    let mut attribute = |name: &str, kind: &str, value: &[u8]| {
        out.extend([name.as_bytes(), b"\0", kind.as_bytes(), b"\0"].concat());
        out.extend((value.len() as u32).to_le_bytes());
        out.extend(value);
    };
    let channel = |name: u8| [&[name, 0, 2, 0, 0, 0, 0, 0, 0, 0][..], &[1, 0, 0, 0, 1, 0, 0, 0]].concat();
    let window: Vec<u8> = [0, 0, 29_999_999, 0_u32].iter().flat_map(|v| v.to_le_bytes()).collect();
    attribute("channels", "chlist", &[channel(b'B'), channel(b'G'), channel(b'R'), vec![0]].concat());
    attribute("compression", "compression", &[4]);
    attribute("dataWindow", "box2i", &window);
    attribute("displayWindow", "box2i", &window);
    attribute("lineOrder", "lineOrder", &[0]);
    attribute("pixelAspectRatio", "float", &1_f32.to_le_bytes());
    attribute("screenWindowCenter", "v2f", &[0; 8]);
    attribute("screenWindowWidth", "float", &1_f32.to_le_bytes());
    out.push(0);
    let first = out.len() as u64 + 8;
    out.extend(first.to_le_bytes());
    out.extend([0; 4]);
    out.extend(0x7000_0000_u32.to_le_bytes());
    out.extend([0; 64]);
    out
}
