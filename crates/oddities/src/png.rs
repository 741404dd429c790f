//! Writes PNG files chunk by chunk, including unusual ones.

use crate::{exif, scene};
use flate2::{Compression, write::ZlibEncoder};
use std::io::Write;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

fn crc(parts: [&[u8]; 2]) -> u32 {
    let mut crc = !0u32;
    for &byte in parts.into_iter().flatten() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

/// A chunk with its length and checksum.
pub fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes()[..], name, body, &crc([name, body]).to_be_bytes()].concat()
}

fn header(width: u32, height: u32, depth: u8, color: u8, interlaced: bool) -> Vec<u8> {
    let rest = [depth, color, 0, 0, u8::from(interlaced)];
    chunk(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &rest].concat())
}

fn deflate(raw: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(raw).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

/// Rows with filter type 0.
fn rows(data: &[u8], stride: usize) -> Vec<u8> {
    data.chunks(stride).flat_map(|row| std::iter::once(0).chain(row.iter().copied())).collect()
}

fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    [SIGNATURE.to_vec(), chunks.concat(), chunk(b"IEND", b"")].concat()
}

fn idat(data: &[u8], stride: usize) -> Vec<u8> {
    chunk(b"IDAT", &deflate(&rows(data, stride)))
}

/// Eight bit RGB.
pub fn rgb(width: u32, height: u32) -> Vec<u8> {
    let data = scene::rgb(width, height);
    file(&[header(width, height, 8, 2, false), idat(&data, width as usize * 3)])
}

/// Eight-bit RGBA.
pub fn rgba(width: u32, height: u32) -> Vec<u8> {
    let data = scene::rgba(width, height);
    file(&[header(width, height, 8, 6, false), idat(&data, width as usize * 4)])
}

/// Inserts `extra` before the first chunk of this name.
pub fn inserted(bytes: &[u8], before: &[u8; 4], extra: &[u8]) -> Vec<u8> {
    let at = place(bytes, before).start;
    [&bytes[..at], extra, &bytes[at..]].concat()
}

/// The position of the first chunk of this name, including length and checksum.
pub fn place(bytes: &[u8], name: &[u8; 4]) -> std::ops::Range<usize> {
    let mut at = SIGNATURE.len();
    loop {
        let length = u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
        if &bytes[at + 4..at + 8] == name {
            return at..at + 12 + length;
        }
        at += 12 + length;
    }
}

/// The picture of [`rgb`], with its compressed pixels in chunks of at most `bytes` bytes.
pub fn in_pieces(width: u32, height: u32, bytes: usize) -> Vec<u8> {
    let data = deflate(&rows(&scene::rgb(width, height), width as usize * 3));
    let pieces: Vec<Vec<u8>> = data.chunks(bytes).map(|piece| chunk(b"IDAT", piece)).collect();
    file(&[header(width, height, 8, 2, false), pieces.concat()])
}

/// The picture of [`rgb`] with its compressed pixels modified by `change`, in a chunk with a
/// correct checksum.
pub fn with_data(width: u32, height: u32, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut data = deflate(&rows(&scene::rgb(width, height), width as usize * 3));
    change(&mut data);
    file(&[header(width, height, 8, 2, false), chunk(b"IDAT", &data)])
}

/// An APNG whose default image, the scene, is not a frame of its animation.
pub fn animated_beside_the_picture(width: u32, height: u32) -> Vec<u8> {
    let whole = animated(width, height);
    let (count, control) = (place(&whole, b"acTL"), place(&whole, b"fcTL"));
    let one = chunk(b"acTL", &[1u32, 0].map(u32::to_be_bytes).concat());
    [&whole[..count.start], &one, &whole[count.end..control.start], &whole[control.end..]].concat()
}

/// Sixteen-bit RGB. Both bytes of a sample are equal.
pub fn rgb16(width: u32, height: u32) -> Vec<u8> {
    let data: Vec<u8> = scene::rgb(width, height).into_iter().flat_map(|v| [v, v]).collect();
    file(&[header(width, height, 16, 2, false), idat(&data, width as usize * 6)])
}

/// An eight-bit palette of the scene's five colours. The pale one is fully transparent.
pub fn palette_with_transparency(width: u32, height: u32) -> Vec<u8> {
    let colors = [[208, 48, 48], [48, 176, 64], [48, 64, 208], [32, 32, 32], [232, 224, 192]];
    let index = |p: &[u8]| colors.iter().position(|c| c == p).expect("a colour of the scene") as u8;
    let data: Vec<u8> = scene::rgb(width, height).chunks(3).map(index).collect();
    file(&[
        header(width, height, 8, 3, false),
        chunk(b"PLTE", &colors.concat()),
        chunk(b"tRNS", &[255, 255, 255, 255, 0]),
        idat(&data, width as usize),
    ])
}

/// Indices into a palette of `bytes` bytes, which may not be a multiple of three.
pub fn palette_of(bytes: usize, width: u32, height: u32) -> Vec<u8> {
    let data = vec![0; (width * height) as usize];
    file(&[header(width, height, 8, 3, false), chunk(b"PLTE", &vec![99; bytes]), idat(&data, width as usize)])
}

/// Stored turned or mirrored, with an `eXIf` chunk that restores the upright picture.
pub fn oriented(orientation: u8, width: u32, height: u32) -> Vec<u8> {
    let (w, h, data) = scene::stored(orientation, width, height);
    let block = chunk(b"eXIf", &exif::orientation(orientation));
    file(&[header(w, h, 8, 2, false), block, idat(&data, w as usize * 3)])
}

/// Adam7 interlacing.
pub fn interlaced(width: u32, height: u32) -> Vec<u8> {
    let mut raw = Vec::new();
    for (x0, y0, dx, dy) in
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    {
        if x0 >= width {
            continue;
        }
        for y in (y0..height).step_by(dy) {
            raw.push(0);
            raw.extend((x0..width).step_by(dx).flat_map(|x| scene::pixel(x, y, width, height)));
        }
    }
    file(&[header(width, height, 8, 2, true), chunk(b"IDAT", &deflate(&raw))])
}

/// An APNG of two frames: the scene, then plain grey. As a still picture it shows the scene.
pub fn animated(width: u32, height: u32) -> Vec<u8> {
    let control = |sequence: u32| {
        let words = [sequence, width, height, 0, 0].map(u32::to_be_bytes).concat();
        chunk(b"fcTL", &[&words[..], &[0, 1, 0, 10, 0, 0]].concat())
    };
    let grey = rows(&vec![128; (width * height * 3) as usize], width as usize * 3);
    file(&[
        header(width, height, 8, 2, false),
        chunk(b"acTL", &[2u32, 0].map(u32::to_be_bytes).concat()),
        control(0),
        idat(&scene::rgb(width, height), width as usize * 3),
        control(1),
        chunk(b"fdAT", &[&2u32.to_be_bytes()[..], &deflate(&grey)].concat()),
    ])
}

/// A header of any size, followed by a few bytes of pixels.
pub fn header_only(width: u32, height: u32) -> Vec<u8> {
    file(&[header(width, height, 8, 2, false), chunk(b"IDAT", &deflate(&[0; 64]))])
}

/// A complete picture of one colour, compressed row by row: large to decode, small to store.
pub fn flat(width: u32, height: u32) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(9));
    let mut row = vec![120; width as usize * 3 + 1];
    row[0] = 0;
    for _ in 0..height {
        encoder.write_all(&row).expect("writing to memory");
    }
    let body = encoder.finish().expect("writing to memory");
    file(&[header(width, height, 8, 2, false), chunk(b"IDAT", &body)])
}

/// Correct checksums around pixel data that is not a zlib stream.
pub fn bad_zlib(width: u32, height: u32) -> Vec<u8> {
    let mut body = deflate(&rows(&scene::rgb(width, height), width as usize * 3));
    let middle = body.len() / 2;
    body[2..middle].fill(0xff);
    file(&[header(width, height, 8, 2, false), chunk(b"IDAT", &body)])
}

/// Deflates `size` zero bytes without holding them.
fn inflating(size: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(9));
    let zeros = [0; 1 << 16];
    for _ in 0..size / zeros.len() {
        encoder.write_all(&zeros).expect("writing to memory");
    }
    encoder.finish().expect("writing to memory")
}

/// A valid picture with an ICC profile that inflates to `size` zero bytes.
pub fn profile_bomb(size: usize) -> Vec<u8> {
    let profile = chunk(b"iCCP", &[b"bomb\0\0".as_slice(), &inflating(size)].concat());
    let data = scene::rgb(96, 64);
    file(&[header(96, 64, 8, 2, false), profile, idat(&data, 96 * 3)])
}

/// A valid picture with a comment that inflates to `size` zero bytes.
pub fn text_bomb(size: usize) -> Vec<u8> {
    let text = chunk(b"zTXt", &[b"bomb\0\0".as_slice(), &inflating(size)].concat());
    let data = scene::rgb(96, 64);
    file(&[header(96, 64, 8, 2, false), text, idat(&data, 96 * 3)])
}
