//! Pictures made in the process, and what tests share to look at pixels.
#![allow(dead_code)]

use thumbs_render::codec::{Attached, DecodeError, DecodeOptions, registry};
use thumbs_render::format::{self, Format};
use thumbs_render::limits::Limits;
use thumbs_render::pixmap::{Channels, Pixmap, Samples};
use thumbs_render::recipe::EncodeSettings;
use thumbs_render::size::Size;

/// Smooth colours with a sharp red square in the upper left and a blue bar at the right, so that
/// no turning or mirroring goes unnoticed.
pub fn scene(size: Size, channels: Channels) -> Pixmap {
    let mut out = Vec::new();
    let (w, h) = (f64::from(size.width), f64::from(size.height));
    for y in 0..size.height {
        for x in 0..size.width {
            let (fx, fy) = (f64::from(x) / w, f64::from(y) / h);
            let mut p = [(fx * 200.0) as u8 + 20, (fy * 200.0) as u8 + 20, ((fx + fy) * 90.0) as u8 + 30];
            if fx < 0.25 && fy < 0.25 {
                p = [230, 20, 20];
            } else if fx > 0.85 {
                p = [20, 30, 220];
            }
            let grey = ((u16::from(p[0]) * 2 + u16::from(p[1]) * 5 + u16::from(p[2])) / 8) as u8;
            let alpha = 255 - ((fx * fy) * 255.0) as u8;
            match channels {
                Channels::Grey => out.push(grey),
                Channels::GreyAlpha => out.extend([grey, alpha]),
                Channels::Rgb => out.extend(p),
                Channels::Rgba => out.extend([p[0], p[1], p[2], alpha]),
                Channels::Cmyk => out.extend([255 - p[0], 255 - p[1], 255 - p[2], 10]),
            }
        }
    }
    Pixmap::new_u8(size, channels, out)
}

/// Encoded with the project's own encoder.
pub fn encoded(pixmap: &Pixmap, format: Format, settings: &EncodeSettings) -> Vec<u8> {
    let encoder = registry::encoder(format).expect("a format that is written");
    encoder.encode(pixmap, settings, &Attached::default()).expect("a picture that can be written")
}

/// Decoded at full size, as stored: no orientation, no colours.
pub fn decoded(bytes: &[u8]) -> Result<Pixmap, DecodeError> {
    let format = format::sniff(bytes).ok_or_else(|| DecodeError::NotAPicture(format::describe(bytes)))?;
    let decoder = registry::decoder(format).ok_or_else(|| DecodeError::Unsupported(format.to_string()))?;
    let picture = decoder.open(bytes, &Limits::default())?;
    Ok(picture.decode(&picture.offer(None), &DecodeOptions::default())?.pixels.into_pixmap())
}

/// Red, green, blue, alpha of every pixel, 8 bits.
pub fn rgba(pixmap: Pixmap) -> Vec<[u8; 4]> {
    let channels = pixmap.channels();
    let Samples::U8(v) = pixmap.into_u8().into_samples() else { unreachable!("converted to 8 bits") };
    let ink = |c: u8, k: u8| ((u32::from(255 - c) * u32::from(255 - k) + 127) / 255) as u8;
    v.chunks_exact(channels.count())
        .map(|p| match channels {
            Channels::Grey => [p[0], p[0], p[0], 255],
            Channels::GreyAlpha => [p[0], p[0], p[0], p[1]],
            Channels::Rgb => [p[0], p[1], p[2], 255],
            Channels::Rgba => [p[0], p[1], p[2], p[3]],
            Channels::Cmyk => [ink(p[0], p[3]), ink(p[1], p[3]), ink(p[2], p[3]), 255],
        })
        .collect()
}

/// Largest and mean difference of two pictures of the same size; colours that cannot be seen count as equal.
pub fn difference(a: Pixmap, b: Pixmap) -> (u8, f64) {
    assert_eq!(a.size(), b.size(), "sizes");
    let (a, b) = (rgba(a), rgba(b));
    let (mut largest, mut sum) = (0, 0u64);
    for (p, q) in a.iter().zip(&b) {
        if p[3] == 0 && q[3] == 0 {
            continue;
        }
        for c in 0..4 {
            let d = p[c].abs_diff(q[c]);
            largest = largest.max(d);
            sum += u64::from(d);
        }
    }
    (largest, sum as f64 / (4 * a.len()) as f64)
}
