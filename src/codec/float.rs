//! Floating point samples, linear light, to 16-bit sRGB.

/// Samples of pixels with `channels` each, the last one alpha where `alpha` says so. What is
/// brighter than white is white; what is not a number is black.
pub fn to_srgb(samples: &[f32], channels: usize, alpha: bool) -> Vec<u16> {
    let last = if alpha { channels - 1 } else { channels };
    samples.iter().enumerate().map(|(i, &v)| if i % channels < last { encode(v) } else { narrow(v) }).collect()
}

/// What is said of a picture with colours brighter than white.
pub fn clipped(samples: &[f32], channels: usize, alpha: bool) -> Option<String> {
    let colors = if alpha { channels - 1 } else { channels };
    let brighter = samples.chunks_exact(channels).any(|pixel| pixel[..colors].iter().any(|&v| v > 1.0));
    brighter.then(clipped_note)
}

/// What is said of colours brighter than white.
pub fn clipped_note() -> String {
    "HDR highlights clipped to white".to_owned()
}

/// Undoes the premultiplied alpha of OpenEXR (Technical Introduction to OpenEXR), RGBA.
pub fn divide_by_alpha(samples: &mut [f32]) {
    for pixel in samples.chunks_exact_mut(4) {
        let alpha = pixel[3];
        // Without alpha, light that is added to what lies behind cannot be shown.
        if alpha > 0.0 && alpha < 1.0 {
            pixel[..3].iter_mut().for_each(|v| *v /= alpha);
        }
    }
}

/// Samples that are encoded already, 0 to 1.
pub fn to_wide(samples: &[f32]) -> Vec<u16> {
    samples.iter().map(|&v| narrow(v)).collect()
}

fn narrow(v: f32) -> u16 {
    // A cast takes NaN to 0, and clamps.
    (v * 65_535.0 + 0.5) as u16
}

/// Linear light, 0 to 1, with the curve of sRGB (IEC 61966-2-1).
pub fn encode(v: f32) -> u16 {
    narrow(if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_of_openexr() {
        let mut pixels = [0.25, 0.5, 0.0, 0.5, 0.3, 0.3, 0.3, 1.0, 0.2, 0.2, 0.2, 0.0];
        divide_by_alpha(&mut pixels);
        assert_eq!(pixels, [0.5, 1.0, 0.0, 0.5, 0.3, 0.3, 0.3, 1.0, 0.2, 0.2, 0.2, 0.0]);
        assert_eq!(clipped(&pixels, 4, true), None);
        assert!(clipped(&[0.0, 1.5, 0.0], 3, false).is_some());
        assert!(clipped(&[0.0, 0.5, 0.0, 1.5], 4, true).is_none());
    }

    #[test]
    fn ends_and_odd_values() {
        let out = to_srgb(&[0.0, 1.0, 0.5, 7.0, -1.0, f32::NAN, f32::INFINITY, 0.25], 4, true);
        assert_eq!(out, [0, 65_535, 48_192, 65_535, 0, 0, 65_535, 16_384]);
    }
}
