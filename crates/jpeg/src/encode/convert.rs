//! From pixels to luma and chroma (JFIF: BT.601, full range), chroma made smaller by the mean of the pixels that share a sample.

/// Bits of fraction of the weights.
const BITS: u32 = 16;

/// A weight of BT.601 as an integer.
const fn weight(value: f64) -> i32 {
    (value * (1 << BITS) as f64 + if value < 0.0 { -0.5 } else { 0.5 }) as i32
}

const LUMA: [i32; 3] = [weight(0.299), weight(0.587), weight(0.114)];
const BLUE: [i32; 3] = [weight(-0.168_735_892), weight(-0.331_264_108), weight(0.5)];
const RED: [i32; 3] = [weight(0.5), weight(-0.418_687_589), weight(-0.081_312_411)];

#[inline(always)]
fn weighted(weights: [i32; 3], pixel: [i32; 3]) -> i32 {
    weights[0] * pixel[0] + weights[1] * pixel[1] + weights[2] * pixel[2]
}

/// Pixels converted together: enough for vectors to pay.
const RUN: usize = 16;

/// The first three channels of pixels with N, channel by channel.
#[inline(always)]
fn channels<const N: usize, T: Copy + Into<i32>>(pixels: &[[T; N]; RUN]) -> [[i32; RUN]; 3] {
    std::array::from_fn(|channel| std::array::from_fn(|i| pixels[i][channel].into()))
}

/// Luma of a line of pixels with N channels.
#[inline(always)]
pub(super) fn luma<const N: usize>(pixels: &[u8], out: &mut [u8]) {
    let run = |pixels: &[[u8; N]; RUN], out: &mut [u8; RUN]| {
        let c = channels(pixels);
        for (i, out) in out.iter_mut().enumerate() {
            *out = ((weighted(LUMA, [c[0][i], c[1][i], c[2][i]]) + (1 << (BITS - 1))) >> BITS) as u8;
        }
    };
    let (runs, rest) = pixels.as_chunks::<N>().0.as_chunks::<RUN>();
    let (to, to_rest) = out.as_chunks_mut::<RUN>();
    for (pixels, out) in runs.iter().zip(to) {
        run(pixels, out);
    }
    let (mut pixels, mut out) = ([[0; N]; RUN], [0; RUN]);
    pixels[..rest.len()].copy_from_slice(rest);
    run(&pixels, &mut out);
    to_rest.copy_from_slice(&out[..to_rest.len()]);
}

/// Sums of `across` pixels, at most 2, of one line or two; the last column is repeated.
#[inline(always)]
pub(super) fn sums<const N: usize>(lines: &[&[u8]], across: usize, out: &mut [[u16; N]]) {
    out.fill([0; N]);
    for line in lines {
        let (pixels, _) = line.as_chunks::<N>();
        if across == 1 {
            for (sum, pixel) in out.iter_mut().zip(pixels) {
                *sum = std::array::from_fn(|c| sum[c] + u16::from(pixel[c]));
            }
            continue;
        }
        let (pairs, rest) = pixels.as_chunks::<2>();
        for (sum, pair) in out.iter_mut().zip(pairs) {
            *sum = std::array::from_fn(|c| sum[c] + u16::from(pair[0][c]) + u16::from(pair[1][c]));
        }
        if let ([last], Some(sum)) = (rest, out.get_mut(pairs.len())) {
            *sum = std::array::from_fn(|c| sum[c] + 2 * u16::from(last[c]));
        }
    }
}

/// Chroma of sums of 2^`shift` pixels.
#[inline(always)]
pub(super) fn chroma<const N: usize>(sums: &[[u16; N]], shift: u32, blue: &mut [u8], red: &mut [u8]) {
    let bits = BITS + shift;
    // Half is rounded down, so that 255.5 stays a byte.
    let middle = (128 << bits) + (1 << (bits - 1)) - 1;
    let run = |sums: &[[u16; N]; RUN], blue: &mut [u8; RUN], red: &mut [u8; RUN]| {
        let c = channels(sums);
        for i in 0..RUN {
            let pixel = [c[0][i], c[1][i], c[2][i]];
            blue[i] = ((weighted(BLUE, pixel) + middle) >> bits) as u8;
            red[i] = ((weighted(RED, pixel) + middle) >> bits) as u8;
        }
    };
    let (runs, rest) = sums.as_chunks::<RUN>();
    let ((to_blue, rest_blue), (to_red, rest_red)) = (blue.as_chunks_mut::<RUN>(), red.as_chunks_mut::<RUN>());
    for ((sums, blue), red) in runs.iter().zip(to_blue).zip(to_red) {
        run(sums, blue, red);
    }
    let (mut sums, mut both) = ([[0; N]; RUN], [[0; RUN]; 2]);
    sums[..rest.len()].copy_from_slice(rest);
    let [blue, red] = &mut both;
    run(&sums, blue, red);
    rest_blue.copy_from_slice(&blue[..rest_blue.len()]);
    rest_red.copy_from_slice(&red[..rest_red.len()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversion_is_within_rounding_of_the_formula() {
        for r in (0..=255u8).step_by(15) {
            for g in (0..=255u8).step_by(15) {
                for b in (0..=255u8).step_by(15) {
                    let pixels = [r, g, b].repeat(19);
                    let mut out = [[0u8; 19]; 3];
                    let [y, cb, cr] = &mut out;
                    luma::<3>(&pixels, y);
                    let mut summed = [[0u16; 3]; 19];
                    sums(&[&pixels, &pixels], 1, &mut summed);
                    chroma(&summed, 1, cb, cr);
                    let (r, g, b) = (f64::from(r), f64::from(g), f64::from(b));
                    let want = [
                        0.299 * r + 0.587 * g + 0.114 * b,
                        (128.0 - 0.168_735_892 * r - 0.331_264_108 * g + 0.5 * b).min(255.0),
                        (128.0 + 0.5 * r - 0.418_687_589 * g - 0.081_312_411 * b).min(255.0),
                    ];
                    for (got, want) in out.iter().zip(want) {
                        assert!(got.iter().all(|&got| (f64::from(got) - want).abs() <= 0.502), "{got:?} {want}");
                    }
                }
            }
        }
    }

    #[test]
    fn chroma_is_the_mean_and_the_last_column_is_repeated() {
        let lines = [[10u8, 20, 30, 40, 50, 60, 7, 8, 9], [1, 2, 3, 4, 5, 6, 7, 8, 11]];
        let mut out = [[0u16; 3]; 2];
        sums(&[&lines[0], &lines[1]], 2, &mut out);
        assert_eq!(out, [[55, 77, 99], [28, 32, 40]]);
        let mut out = [[0u16; 3]; 3];
        sums(&[&lines[0]], 1, &mut out);
        assert_eq!(out.as_flattened(), lines[0].map(u16::from));
    }
}
