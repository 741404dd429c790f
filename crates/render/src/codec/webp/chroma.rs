//! Whether sharp chroma pays: it makes small, saturated detail right, and costs bytes elsewhere.

use crate::size::Size;

/// The mean square by which chroma differs from its mean in blocks of two by two pixels, from which on sharp chroma
/// saves bytes at the same score. docs/compression.md has the measurement.
const DETAILED: f64 = 10.0;

/// Whether chroma has much detail that half of its resolution loses. Rows of RGB or RGBA; transparent pixels do not count.
pub fn is_detailed(size: Size, samples: &[u8], alpha: bool) -> bool {
    let count = if alpha { 4 } else { 3 };
    let row = size.width as usize * count;
    let (mut sum, mut blocks) = (0.0f64, 0u64);
    for pair in samples.chunks_exact(2 * row) {
        let (upper, lower) = pair.split_at(row);
        for (a, b) in upper.chunks_exact(2 * count).zip(lower.chunks_exact(2 * count)) {
            let pixels = [&a[..count], &a[count..], &b[..count], &b[count..]];
            if alpha && pixels.iter().any(|p| p[3] == 0) {
                continue;
            }
            sum += f64::from(difference(pixels));
            blocks += 1;
        }
    }
    blocks > 0 && sum / blocks as f64 >= DETAILED
}

/// The mean square of the differences from the means of Cb and Cr.
fn difference(pixels: [&[u8]; 4]) -> f32 {
    let chroma = pixels.map(|p| {
        let [r, g, b] = [p[0], p[1], p[2]].map(f32::from);
        let luma = 0.299 * r + 0.587 * g + 0.114 * b;
        [(b - luma) * 0.564, (r - luma) * 0.713]
    });
    let of = |c: usize| {
        let mean = chroma.iter().map(|p| p[c]).sum::<f32>() / 4.0;
        chroma.iter().map(|p| (p[c] - mean) * (p[c] - mean)).sum::<f32>() / 4.0
    };
    of(0) + of(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(pixel: impl Fn(u32, u32) -> [u8; 4], count: usize) -> Vec<u8> {
        (0..9).flat_map(|y| (0..11).flat_map(|x| pixel(x, y)[..count].to_vec()).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn saturated_detail_counts_and_luma_does_not() {
        let size = Size::new(11, 9);
        let lines = |x: u32, _| if x.is_multiple_of(2) { [200, 20, 20, 255] } else { [20, 20, 200, 255] };
        let grey = |x: u32, y: u32| [((x * 97 + y * 53) % 256) as u8; 4];
        let smooth = |x: u32, y: u32| [90 + 4 * x as u8, 120, 90 + 4 * y as u8, 255];
        for (alpha, count) in [(false, 3), (true, 4)] {
            assert!(is_detailed(size, &picture(lines, count), alpha));
            assert!(!is_detailed(size, &picture(smooth, count), alpha));
        }
        assert!(!is_detailed(size, &picture(grey, 3), false));
    }

    #[test]
    fn hidden_colours_and_single_lines_do_not_count() {
        let lines = |x: u32, _| if x.is_multiple_of(2) { [200, 20, 20, 0] } else { [20, 20, 200, 0] };
        assert!(!is_detailed(Size::new(11, 9), &picture(lines, 4), true));
        assert!(!is_detailed(Size::new(4, 1), &[200, 20, 20, 20, 20, 200, 200, 20, 20, 20, 20, 200], false));
    }
}
