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
fn weighted(weights: [i32; 3], [red, green, blue]: [i32; 3]) -> i32 {
    weights[0] * red + weights[1] * green + weights[2] * blue
}

/// Red, green and blue of a line.
pub(super) type Channels<'a> = [&'a [u8]; 3];

/// Parts a line of pixels with N channels, three or four, into the channels. One loop over all channels becomes shuffles of vectors.
#[inline(always)]
pub(super) fn part<const N: usize>(pixels: &[u8], channels: [&mut [u8]; N]) {
    let (pixels, _) = pixels.as_chunks::<N>();
    let mut channels = channels.into_iter();
    let (Some(red), Some(green), Some(blue)) = (channels.next(), channels.next(), channels.next()) else { return };
    match channels.next() {
        None => {
            for (((pixel, red), green), blue) in pixels.iter().zip(red).zip(green).zip(blue) {
                (*red, *green, *blue) = (pixel[0], pixel[1], pixel[2]);
            }
        }
        Some(fourth) => {
            for ((((pixel, red), green), blue), fourth) in pixels.iter().zip(red).zip(green).zip(blue).zip(fourth) {
                (*red, *green, *blue, *fourth) = (pixel[0], pixel[1], pixel[2], pixel[N - 1]);
            }
        }
    }
}

/// Luma of a line.
#[inline(always)]
pub(super) fn luma([red, green, blue]: Channels<'_>, out: &mut [u8]) {
    // Half of green's weight has 15 bits, as vectors multiply them in one step.
    const HALF: [i32; 3] = [LUMA[0], LUMA[1] / 2, LUMA[2]];
    const { assert!(LUMA[1] % 2 == 0) };
    for (((out, &red), &green), &blue) in out.iter_mut().zip(red).zip(green).zip(blue) {
        let sum = weighted(HALF, [red.into(), 2 * i32::from(green), blue.into()]);
        *out = ((sum + (1 << (BITS - 1))) >> BITS) as u8;
    }
}

/// Chroma of two lines, or of one that is given twice. A sample is that of ACROSS columns, one or two; the last column is repeated.
#[inline(always)]
pub(super) fn chroma<const ACROSS: usize>(lines: [Channels<'_>; 2], blue: &mut [u8], red: &mut [u8]) {
    // Sums are those of four pixels. Half is rounded down, so that 255.5 stays a byte.
    const SUM: u32 = BITS + 2;
    const MIDDLE: i32 = (128 << SUM) + (1 << (SUM - 1)) - 1;
    let sample = |blue: &mut u8, red: &mut u8, sums: [i32; 3]| {
        *blue = ((weighted(BLUE, sums) + MIDDLE) >> SUM) as u8;
        *red = ((weighted(RED, sums) + MIDDLE) >> SUM) as u8;
    };
    let sum = |a: &[u8; ACROSS], b: &[u8; ACROSS]| {
        let sum: i32 = a.iter().chain(b).map(|&sample| i32::from(sample)).sum();
        sum * (2 / ACROSS as i32)
    };
    let [a, b] = lines.map(|channels| channels.map(|channel| channel.as_chunks::<ACROSS>()));
    let of_a = a[0].0.iter().zip(a[1].0).zip(a[2].0);
    let of_b = b[0].0.iter().zip(b[1].0).zip(b[2].0);
    for (((((ra, ga), ba), ((rb, gb), bb)), blue), red) in of_a.zip(of_b).zip(blue.iter_mut()).zip(red.iter_mut()) {
        sample(blue, red, [sum(ra, rb), sum(ga, gb), sum(ba, bb)]);
    }
    let last = |c: usize| Some(2 * (i32::from(*a[c].1.first()?) + i32::from(*b[c].1.first()?)));
    if let (Some(r), Some(g), Some(b), Some(blue), Some(red)) =
        (last(0), last(1), last(2), blue.last_mut(), red.last_mut())
    {
        sample(blue, red, [r, g, b]);
    }
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
                    let mut parts = [[0u8; 19]; 3];
                    part::<3>(&pixels, parts.each_mut().map(|part| &mut part[..]));
                    let channels = parts.each_ref().map(|part| &part[..]);
                    let mut out = [[0u8; 19]; 3];
                    let [y, cb, cr] = &mut out;
                    luma(channels, y);
                    chroma::<1>([channels; 2], cb, cr);
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
        let lines = [[[10u8, 40, 7], [20, 50, 8], [30, 60, 9]], [[1, 4, 7], [2, 5, 8], [3, 6, 11]]];
        let sums = [[55, 77, 99], [28, 32, 40]];
        let formula = |weights: [f64; 3], sums: [u32; 3]| {
            let sum: f64 = weights.iter().zip(sums).map(|(weight, sum)| weight * f64::from(sum) / 4.0).sum();
            (128.0 + sum).round() as u8
        };
        let (mut blue, mut red) = ([0; 2], [0; 2]);
        chroma::<2>(lines.each_ref().map(|line| line.each_ref().map(|channel| &channel[..])), &mut blue, &mut red);
        assert_eq!(blue, sums.map(|sums| formula([-0.168_735_892, -0.331_264_108, 0.5], sums)));
        assert_eq!(red, sums.map(|sums| formula([0.5, -0.418_687_589, -0.081_312_411], sums)));
    }

    #[test]
    fn four_channels_are_parted() {
        let mut parts = [[0u8; 2]; 4];
        part::<4>(&[1, 2, 3, 4, 5, 6, 7, 8], parts.each_mut().map(|part| &mut part[..]));
        assert_eq!(parts, [[1, 5], [2, 6], [3, 7], [4, 8]]);
    }
}
