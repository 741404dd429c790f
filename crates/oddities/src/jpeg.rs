//! JPEG files of every common kind, and damaged ones.

use crate::{exif, scene};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

fn encode(w: u32, h: u32, data: &[u8], color: ColorType, set: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 92);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    set(&mut encoder);
    let (w, h) = (u16::try_from(w).expect("a JPEG side"), u16::try_from(h).expect("a JPEG side"));
    encoder.encode(data, w, h, color).expect("encoding to memory");
    out
}

/// Baseline, 4:4:4, no metadata.
pub fn plain(width: u32, height: u32) -> Vec<u8> {
    encode(width, height, &scene::rgb(width, height), ColorType::Rgb, |_| ())
}

/// Stored turned or mirrored, with the EXIF orientation that restores the upright picture. The
/// sides are those of the upright picture.
pub fn oriented(orientation: u8, width: u32, height: u32) -> Vec<u8> {
    let (w, h, pixels) = scene::stored(orientation, width, height);
    encode(w, h, &pixels, ColorType::Rgb, |e| {
        e.add_app_segment(1, exif::app1(&exif::orientation(orientation))).expect("a short segment");
    })
}

/// One component.
pub fn grey(width: u32, height: u32) -> Vec<u8> {
    let rgb = scene::rgb(width, height);
    let luma: Vec<u8> =
        rgb.chunks(3).map(|p| ((p[0] as u32 * 77 + p[1] as u32 * 150 + p[2] as u32 * 29) >> 8) as u8).collect();
    encode(width, height, &luma, ColorType::Luma, |_| ())
}

/// The scene as CMYK, with 0 for no ink and without black.
fn inks(width: u32, height: u32) -> Vec<u8> {
    scene::rgb(width, height).chunks(3).flat_map(|p| [255 - p[0], 255 - p[1], 255 - p[2], 0]).collect()
}

/// CMYK as Photoshop writes it: inverted, with an Adobe marker for transform 0.
pub fn cmyk(width: u32, height: u32) -> Vec<u8> {
    encode(width, height, &inks(width, height), ColorType::Cmyk, |_| ())
}

/// The same stored as YCCK, Adobe transform 2.
pub fn ycck(width: u32, height: u32) -> Vec<u8> {
    encode(width, height, &inks(width, height), ColorType::CmykAsYcck, |_| ())
}

/// Progressive, 4:2:0.
pub fn progressive(width: u32, height: u32) -> Vec<u8> {
    encode(width, height, &scene::rgb(width, height), ColorType::Rgb, |e| {
        e.set_progressive(true);
        e.set_sampling_factor(SamplingFactor::F_2_2);
    })
}

/// Baseline, 4:2:0.
pub fn subsampled(width: u32, height: u32) -> Vec<u8> {
    encode(width, height, &scene::rgb(width, height), ColorType::Rgb, |e| e.set_sampling_factor(SamplingFactor::F_2_2))
}

/// Baseline, 4:2:0, one scan per component, with optimised Huffman tables.
pub fn scans(width: u32, height: u32) -> Vec<u8> {
    encode(width, height, &scene::rgb(width, height), ColorType::Rgb, |e| {
        e.set_sampling_factor(SamplingFactor::F_2_2);
        e.set_optimized_huffman_tables(true);
    })
}

/// Baseline with a restart marker after every third MCU.
pub fn restart(width: u32, height: u32) -> Vec<u8> {
    encode(width, height, &scene::rgb(width, height), ColorType::Rgb, |e| e.set_restart_interval(3))
}

/// A photograph-like picture of any size: a gradient with fine grain, which keeps it from
/// compressing to almost nothing.
pub fn grainy(width: u32, height: u32, quality: u8) -> Vec<u8> {
    let mut state = 0x2545_f491u32;
    let mut data = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let grain = (state >> 27) as u8;
            data.extend([(x * 200 / width) as u8 + grain, (y * 200 / height) as u8 + grain, 100 + grain]);
        }
    }
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(&data, width as u16, height as u16, ColorType::Rgb).expect("encoding to memory");
    out
}

/// Complete entropy-coded data without an end-of-image marker.
pub fn without_end(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = plain(width, height);
    bytes.truncate(bytes.len() - 2);
    bytes
}

/// Drops every segment with the marker 0xff `code` before the first scan.
pub fn without_segment(bytes: &[u8], code: u8) -> Vec<u8> {
    let mut out = bytes[..2].to_vec();
    let mut at = 2;
    while bytes[at + 1] != 0xda {
        let end = at + 2 + u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]) as usize;
        if bytes[at + 1] != code {
            out.extend(&bytes[at..end]);
        }
        at = end;
    }
    out.extend(&bytes[at..]);
    out
}

/// Changes the marker of the frame header, so that the file claims another coding process (0xc5:
/// hierarchical).
pub fn relabelled(bytes: &[u8], code: u8) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut at = 2;
    while !matches!(out[at + 1], 0xc0..=0xc2) {
        at += 2 + u16::from_be_bytes([out[at + 2], out[at + 3]]) as usize;
    }
    out[at + 1] = code;
    out
}
