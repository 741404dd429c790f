//! Faults of pixels that came out with exit 0.

mod alpha;
mod background;
mod own;
mod smallest;

use image::{ExtendedColorType, ImageEncoder};

/// Depth and colour type of a PNG.
fn kind(png: &[u8]) -> (u8, u8) {
    assert_eq!(&png[12..16], b"IHDR");
    (png[24], png[25])
}

/// A PNG of whole bytes.
fn png(width: u32, height: u32, color: ExtendedColorType, samples: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    image::codecs::png::PngEncoder::new(&mut out).write_image(samples, width, height, color).expect("a PNG");
    out
}

/// Red, green, blue and alpha of a picture that was made.
fn rgba(bytes: &[u8]) -> Vec<[u8; 4]> {
    let picture = image::load_from_memory(bytes).expect("a picture that decodes").into_rgba8();
    picture.pixels().map(|p| p.0).collect()
}
