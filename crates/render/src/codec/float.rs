//! Converts floating-point samples in linear light to 16-bit sRGB.

use std::sync::LazyLock;

/// Encodes pixels of `channels` samples, with alpha last if `alpha` is set. Values above white
/// become white, NaN becomes black.
pub fn to_srgb(samples: &[f32], channels: usize, alpha: bool) -> Vec<u16> {
    let last = if alpha { channels - 1 } else { channels };
    samples.iter().enumerate().map(|(i, &v)| if i % channels < last { encode(v) } else { narrow(v) }).collect()
}

/// Statistics of floating-point samples whose black and white are unknown.
pub struct Values {
    /// The number of values that are neither zero nor out of the displayable range.
    known: u64,
    /// The number of these outside 0 to 1.
    outside: u64,
    all: u64,
    low: f32,
    high: f32,
    filler: Option<f32>,
}

/// The values of black and white.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    low: f32,
    high: f32,
}

/// The tolerance around 0 and 1, for rounding errors.
const SLACK: f32 = 0.01;
/// Larger values mean "no data". The largest float is common for that.
const ABSURD: f32 = 1e30;

impl Values {
    /// Starts without values. `filler` is the value that means "no data".
    pub fn new(filler: Option<f32>) -> Self {
        Self { known: 0, outside: 0, all: 0, low: f32::INFINITY, high: f32::NEG_INFINITY, filler }
    }

    /// Records a value.
    pub fn add(&mut self, v: f32) {
        // NaN fails both comparisons.
        if v.abs() < ABSURD && Some(v) != self.filler {
            self.all += 1;
            self.known += u64::from(v != 0.0);
            self.outside += u64::from(!(-SLACK..=1.0 + SLACK).contains(&v));
            self.low = self.low.min(v);
            self.high = self.high.max(v);
        }
    }

    /// The range of the values, if they do not fit 0 to 1. For `grey`, one value in a hundred
    /// outside is enough, because such data is usually measured. Colours may be light with
    /// highlights, so more than half of the nonzero values must be outside.
    pub fn range(&self, grey: bool) -> Option<Range> {
        let is_other = if grey { self.outside * 100 > self.all } else { self.outside * 2 > self.known };
        let (low, high) =
            if self.low < self.high { (self.low, self.high) } else { (self.low.min(0.0), self.high.max(0.0)) };
        is_other.then_some(Range { low, high })
    }
}

impl Range {
    /// The position of a value between black, 0, and white, 1.
    pub fn share(self, v: f32) -> f32 {
        (v - self.low) / (self.high - self.low)
    }

    /// The note for the report.
    pub fn note(self) -> String {
        format!("values from {} to {} spread from black to white", self.low, self.high)
    }
}

/// The note for colours brighter than white.
pub fn clipped_note() -> String {
    "HDR highlights clipped to white".to_owned()
}

/// Undoes the premultiplied alpha of OpenEXR (Technical Introduction to OpenEXR).
pub fn divide_by_alpha(colors: &mut [f32], alpha: f32) {
    // Light without alpha, which adds to the background, cannot be shown.
    if alpha > 0.0 && alpha < 1.0 {
        colors.iter_mut().for_each(|v| *v /= alpha);
    }
}

/// Converts samples that are encoded already, 0 to 1.
pub fn to_wide(samples: &[f32]) -> Vec<u16> {
    samples.iter().map(|&v| narrow(v)).collect()
}

/// Converts a sample that is encoded already, 0 to 1.
pub fn narrow(v: f32) -> u16 {
    // A cast maps NaN to 0, and clamps.
    (v * 65_535.0 + 0.5) as u16
}

/// Encodes linear light, 0 to 1, with the curve of sRGB (IEC 61966-2-1).
pub fn encode(v: f32) -> u16 {
    if v <= LINEAR {
        narrow(v * 12.92)
    } else if v >= 1.0 {
        u16::MAX
    } else if v.is_nan() {
        0
    } else {
        // Interpolate in the table. The error is below a hundredth of a step.
        let place = v.to_bits() - FIRST_BITS;
        let (index, part) = ((place >> PART_BITS) as usize, (place & ((1 << PART_BITS) - 1)) as f32);
        let (low, high) = (CURVE[index], CURVE[index + 1]);
        (low + (high - low) * (part / (1 << PART_BITS) as f32) + 0.5) as u16
    }
}

/// The curve is linear up to here.
const LINEAR: f32 = 0.003_130_8;

/// 2^-9, the power of two below [`LINEAR`], where the table begins.
const FIRST_BITS: u32 = (127 - 9) << 23;

/// Mantissa bits between two entries of the table.
const PART_BITS: u32 = 14;

/// Unrounded samples for 512 values in each of nine powers of two.
static CURVE: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let entry = |i: u32| f64::from(f32::from_bits(FIRST_BITS + (i << PART_BITS)));
    (0..=9 << (23 - PART_BITS)).map(|i| ((1.055 * entry(i).powf(1.0 / 2.4) - 0.055) * 65_535.0) as f32).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_of_openexr() {
        let divided = |mut colors: [f32; 3], alpha| {
            divide_by_alpha(&mut colors, alpha);
            colors
        };
        assert_eq!(divided([0.25, 0.5, 0.0], 0.5), [0.5, 1.0, 0.0]);
        for alpha in [1.0, 0.0, 2.0, -1.0, f32::NAN] {
            assert_eq!(divided([0.3, 0.3, 0.3], alpha), [0.3, 0.3, 0.3]);
        }
    }

    #[test]
    fn the_table_agrees_with_the_formula() {
        for i in 0..=1_000_000u32 {
            let v = f64::from(i) / 1e6;
            let exact = if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 } * 65_535.0;
            let found = f64::from(encode(v as f32));
            assert!((found - exact).abs() < 0.52, "{v}: {found} for {exact}");
        }
    }

    #[test]
    fn ends_and_odd_values() {
        let out = to_srgb(&[0.0, 1.0, 0.5, 7.0, -1.0, f32::NAN, f32::INFINITY, 0.25], 4, true);
        assert_eq!(out, [0, 65_535, 48_192, 65_535, 0, 0, 65_535, 16_384]);
    }
}
