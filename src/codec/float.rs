//! Floating point samples, linear light, to 16-bit sRGB.

/// Samples of pixels with `channels` each, the last one alpha where `alpha` says so. What is
/// brighter than white is white; what is not a number is black.
pub fn to_srgb(samples: &[f32], channels: usize, alpha: bool) -> Vec<u16> {
    let last = if alpha { channels - 1 } else { channels };
    samples.iter().enumerate().map(|(i, &v)| if i % channels < last { encode(v) } else { narrow(v) }).collect()
}

/// Samples that are encoded already, 0 to 1.
pub fn to_wide(samples: &[f32]) -> Vec<u16> {
    samples.iter().map(|&v| narrow(v)).collect()
}

fn narrow(v: f32) -> u16 {
    // A cast takes NaN to 0, and clamps.
    (v * 65_535.0 + 0.5) as u16
}

/// IEC 61966-2-1.
fn encode(v: f32) -> u16 {
    narrow(if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_odd_values() {
        let out = to_srgb(&[0.0, 1.0, 0.5, 7.0, -1.0, f32::NAN, f32::INFINITY, 0.25], 4, true);
        assert_eq!(out, [0, 65_535, 48_192, 65_535, 0, 0, 65_535, 16_384]);
    }
}
