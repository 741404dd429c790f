//! Reduces a picture to the colours of a palette, with loss.
//!
//! Colours are compared premultiplied, so that what is nearly transparent counts little. Opaque,
//! translucent and transparent pixels have entries of their own: an opaque pixel stays opaque, and
//! a transparent one stays transparent.

mod dither;
mod palette;

use crate::pixmap::Channels;
use crate::recipe::EncodeSettings;
use crate::size::Size;

/// A premultiplied colour, weighted by how well differences are seen.
type Point = [f32; 4];

/// How visible a difference in red, green, blue and alpha is.
const WEIGHTS: Point = [0.65, 1.0, 0.45, 0.8];

/// The pixels of at most 256 colours, in the same channels. Returns None if there are no more than
/// that already, or if the picture is grey without alpha, which a palette does not make smaller.
pub fn quantized(size: Size, channels: Channels, samples: &[u8], settings: &EncodeSettings) -> Option<Vec<u8>> {
    let rgba = |p: &[u8]| match channels {
        Channels::GreyAlpha => Some([p[0], p[0], p[0], p[1]]),
        Channels::Rgb => Some([p[0], p[1], p[2], 255]),
        Channels::Rgba => Some([p[0], p[1], p[2], p[3]]),
        Channels::Grey | Channels::Cmyk => None,
    };
    let pixels: Vec<[u8; 4]> = samples.chunks_exact(channels.count()).map(rgba).collect::<Option<_>>()?;
    if has_few(&pixels) {
        return None;
    }
    let palette = palette::Palette::of(&pixels, error(settings.quality), rounds(settings.effort));
    let done = dither::dithered(size, &pixels, &palette);
    Some(match channels {
        Channels::GreyAlpha => done.iter().flat_map(|p| [p[1], p[3]]).collect(),
        Channels::Rgb => done.iter().flat_map(|p| [p[0], p[1], p[2]]).collect(),
        _ => done.concat(),
    })
}

/// The mean squared error that a quality of 1 to 100 allows before dithering.
fn error(quality: u8) -> f64 {
    let root = f64::from(100 - quality.clamp(1, 100)) * 0.15;
    root * root
}

fn rounds(effort: Option<u8>) -> usize {
    match effort.unwrap_or(3) {
        0 => 0,
        effort => usize::from(effort) + 1,
    }
}

fn has_few(pixels: &[[u8; 4]]) -> bool {
    let mut found = std::collections::HashSet::with_capacity(257);
    pixels.iter().all(|p| {
        found.insert(p);
        found.len() <= 256
    })
}

/// The point of a pixel.
fn point(p: [u8; 4]) -> Point {
    let alpha = f32::from(p[3]) / 255.0;
    [0, 1, 2, 3].map(|c| if c == 3 { f32::from(p[3]) } else { f32::from(p[c]) * alpha } * WEIGHTS[c])
}

/// The pixel of a point.
fn pixel(point: Point) -> [u8; 4] {
    let v = [0, 1, 2, 3].map(|c| point[c] / WEIGHTS[c]);
    let alpha = v[3].round().clamp(1.0, 255.0);
    let color = |c: usize| (v[c] * 255.0 / v[3].max(0.5)).round().clamp(0.0, 255.0) as u8;
    [color(0), color(1), color(2), alpha as u8]
}

fn distance(a: Point, b: Point) -> f32 {
    (0..4).map(|c| (a[c] - b[c]) * (a[c] - b[c])).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gradients of colour, and of alpha from left to right, transparent at the left.
    fn picture(size: Size) -> Vec<u8> {
        let (width, height) = (size.width, size.height);
        let pixel = |x: u32, y: u32| {
            let alpha = (x * 2).saturating_sub(width / 2) * 255 / width;
            [(x * 255 / width) as u8, (y * 255 / height) as u8, 90, alpha.min(255) as u8]
        };
        (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect()
    }

    fn colors(samples: &[u8]) -> usize {
        samples.chunks_exact(4).collect::<std::collections::HashSet<_>>().len()
    }

    #[test]
    fn quality_sets_the_number_of_colours() {
        let size = Size::new(120, 80);
        let samples = picture(size);
        let of = |quality| {
            let settings = EncodeSettings::default().with_quality(quality);
            quantized(size, Channels::Rgba, &samples, &settings).unwrap()
        };
        let (coarse, middle, fine) = (colors(&of(20)), colors(&of(45)), colors(&of(100)));
        assert!(coarse < middle && middle < fine && fine <= 256, "{coarse} {middle} {fine}");
    }

    #[test]
    fn opaque_and_transparent_pixels_stay_so() {
        let size = Size::new(120, 80);
        let samples = picture(size);
        let out = quantized(size, Channels::Rgba, &samples, &EncodeSettings::default()).unwrap();
        let mut transparent = std::collections::HashSet::new();
        for (before, after) in samples.chunks_exact(4).zip(out.chunks_exact(4)) {
            assert_eq!(before[3] == 0, after[3] == 0);
            assert_eq!(before[3] == 255, after[3] == 255);
            if after[3] == 0 {
                transparent.insert(after);
            }
        }
        assert_eq!(transparent.len(), 1);
    }

    /// Dithering keeps the mean of an area, over black and over white.
    #[test]
    fn areas_keep_their_mean() {
        let size = Size::new(120, 80);
        let samples = picture(size);
        let out = quantized(size, Channels::Rgba, &samples, &EncodeSettings::default().with_quality(40)).unwrap();
        for background in [0.0, 255.0] {
            let mean = |samples: &[u8], c: usize| {
                let over = |p: &[u8]| (f64::from(p[c]) - background) * f64::from(p[3]) / 255.0 + background;
                samples.chunks_exact(4).map(over).sum::<f64>() / size.pixels() as f64
            };
            for c in 0..3 {
                let (before, after) = (mean(&samples, c), mean(&out, c));
                assert!((before - after).abs() < 2.0, "channel {c} over {background}: {before} {after}");
            }
        }
    }

    #[test]
    fn few_colours_and_grey_stay_as_they_are() {
        let settings = EncodeSettings::default().with_quality(1);
        assert_eq!(quantized(Size::new(2, 1), Channels::Rgb, &[1, 2, 3, 4, 5, 6], &settings), None);
        let grey: Vec<u8> = (0..=255).collect();
        assert_eq!(quantized(Size::new(256, 1), Channels::Grey, &grey, &settings), None);
        // Grey with alpha has more than 256 combinations, and becomes a palette.
        let both: Vec<u8> = (0..1000u32).flat_map(|i| [(i % 250) as u8, (i / 4 + 3) as u8]).collect();
        let out = quantized(Size::new(1000, 1), Channels::GreyAlpha, &both, &settings).unwrap();
        assert_eq!(out.len(), both.len());
    }
}
