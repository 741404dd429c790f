//! WebP files: lossless, with alpha, turned, animated.

use crate::{exif, scene};
use image_webp::{ColorType, WebPEncoder};

fn encode(w: u32, h: u32, data: &[u8], color: ColorType, exif: Option<Vec<u8>>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = WebPEncoder::new(&mut out);
    if let Some(block) = exif {
        encoder.set_exif_metadata(block);
    }
    encoder.encode(data, w, h, color).expect("encoding to memory");
    out
}

/// Lossless RGB.
pub fn rgb(width: u32, height: u32) -> Vec<u8> {
    encode(width, height, &scene::rgb(width, height), ColorType::Rgb8, None)
}

/// Lossless with alpha.
pub fn rgba(width: u32, height: u32) -> Vec<u8> {
    encode(width, height, &scene::rgba(width, height), ColorType::Rgba8, None)
}

/// Stored turned or mirrored, with the EXIF orientation that restores the upright picture.
pub fn oriented(orientation: u8, width: u32, height: u32) -> Vec<u8> {
    let (w, h, pixels) = scene::stored(orientation, width, height);
    encode(w, h, &pixels, ColorType::Rgb8, Some(exif::orientation(orientation)))
}

/// A chunk with its length and padding.
pub fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = [name.as_slice(), &(body.len() as u32).to_le_bytes(), body].concat();
    if body.len() % 2 == 1 {
        out.push(0);
    }
    out
}

/// A file of these chunks.
pub fn file(chunks: &[u8]) -> Vec<u8> {
    [b"RIFF".as_slice(), &(chunks.len() as u32 + 4).to_le_bytes(), b"WEBP", chunks].concat()
}

/// The scene in an extended file, with these chunks behind its pixels.
pub fn extended(width: u32, height: u32, flags: u8, behind: &[u8]) -> Vec<u8> {
    let three = |v: u32| v.to_le_bytes()[..3].to_vec();
    let head = chunk(b"VP8X", &[&[flags, 0, 0, 0][..], &three(width - 1), &three(height - 1)].concat());
    file(&[&head, &rgb(width, height)[12..], behind].concat())
}

/// Two frames: the scene, then plain grey. As a still picture it shows the scene.
pub fn animated(width: u32, height: u32) -> Vec<u8> {
    let three = |v: u32| v.to_le_bytes()[..3].to_vec();
    let grey = vec![128; (width * height * 3) as usize];
    let mut body = b"WEBP".to_vec();
    body.extend(chunk(b"VP8X", &[&[2, 0, 0, 0][..], &three(width - 1), &three(height - 1)].concat()));
    body.extend(chunk(b"ANIM", &[0, 0, 0, 0, 0, 0]));
    for pixels in [scene::rgb(width, height), grey] {
        let still = encode(width, height, &pixels, ColorType::Rgb8, None);
        // Position 0,0, the size, 100 ms, no blending; then the VP8L chunk that follows
        // "RIFF....WEBP".
        let head = [vec![0; 6], three(width - 1), three(height - 1), three(100), vec![2]].concat();
        body.extend(chunk(b"ANMF", &[&head[..], &still[12..]].concat()));
    }
    [b"RIFF".as_slice(), &(body.len() as u32).to_le_bytes(), &body].concat()
}
