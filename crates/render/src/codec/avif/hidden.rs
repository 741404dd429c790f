//! Colours of transparent pixels. Nobody sees them, but their edges cost bytes and ring into what
//! is seen, so they continue the colours around them.

use crate::size::Size;

/// RGBA pixels with smooth colours where alpha is 0. Returns None if alpha is nowhere 0.
pub fn filled(size: Size, samples: &[u8]) -> Option<Vec<u8>> {
    if samples.chunks_exact(4).all(|p| p[3] != 0) {
        return None;
    }
    let mut out = samples.to_vec();
    fill(size, &mut out);
    Some(out)
}

/// Takes missing colours from a picture of half the size, which is filled first.
fn fill(size: Size, samples: &mut [u8]) {
    let (width, height) = (size.width as usize, size.height as usize);
    let is_hidden = |p: &[u8]| p[3] == 0;
    if (width == 1 && height == 1) || !samples.chunks_exact(4).any(is_hidden) {
        return;
    }
    let half = Size::new(size.width.div_ceil(2), size.height.div_ceil(2));
    let mut small = Vec::with_capacity(half.pixels() as usize * 4);
    for y in (0..height).step_by(2) {
        for x in (0..width).step_by(2) {
            let (mut sum, mut weight) = ([0u32; 3], 0u32);
            for (x, y) in [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)] {
                if x < width && y < height {
                    let p = &samples[(y * width + x) * 4..][..4];
                    let alpha = u32::from(p[3]);
                    (0..3).for_each(|c| sum[c] += u32::from(p[c]) * alpha);
                    weight += alpha;
                }
            }
            let mean = sum.map(|v| v.checked_div(weight).unwrap_or(0) as u8);
            small.extend(mean);
            small.push(weight.div_ceil(4) as u8);
        }
    }
    fill(half, &mut small);
    for (y, row) in samples.chunks_exact_mut(width * 4).enumerate() {
        for (x, p) in row.chunks_exact_mut(4).enumerate().filter(|(_, p)| p[3] == 0) {
            let from = ((y / 2) * half.width as usize + x / 2) * 4;
            p[..3].copy_from_slice(&small[from..from + 3]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seen_pixels_stay_and_hidden_ones_follow() {
        let mut samples = vec![0; 5 * 3 * 4];
        samples[..4].copy_from_slice(&[200, 100, 50, 255]);
        let out = filled(Size::new(5, 3), &samples).unwrap();
        assert_eq!(out[..4], samples[..4]);
        assert!(out.chunks_exact(4).skip(1).all(|p| p == [200, 100, 50, 0]));
        assert_eq!(filled(Size::new(1, 1), &[1, 2, 3, 4]), None);
    }
}
