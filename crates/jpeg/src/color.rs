//! Converts component planes to pixels.

use super::frame::ColorSpace;
use super::plane::Plane;

/// Converts a row of component samples of equal length to pixels.
///
/// YCbCr is that of JFIF: R = Y + 1.402 (Cr - 128), G = Y - 0.344136 (Cb - 128) - 0.714136 (Cr -
/// 128), B = Y + 1.772 (Cb - 128).
#[inline(always)]
pub(super) fn row(color: ColorSpace, inverted: bool, planes: &[&[u8]], out: &mut [u8]) {
    match (color, planes) {
        (ColorSpace::YCbCr, &[y, cb, cr]) => {
            let groups = y.chunks(GROUP).zip(cb.chunks(GROUP)).zip(cr.chunks(GROUP));
            for (pixels, ((y, cb), cr)) in out.chunks_mut(3 * GROUP).zip(groups) {
                group(y, cb, cr, pixels);
            }
        }
        (ColorSpace::Ycck, &[y, cb, cr, k]) => {
            for (pixel, (((&y, &cb), &cr), &k)) in out.chunks_exact_mut(4).zip(y.iter().zip(cb).zip(cr).zip(k)) {
                // libjpeg's CMYK is 255 - RGB. Adobe's files store it inverted again.
                let [r, g, b] = rgb(y, cb, cr);
                let flip = if inverted { 0 } else { 255 };
                pixel.copy_from_slice(&[r ^ flip, g ^ flip, b ^ flip, k ^ (255 - flip)]);
            }
        }
        (ColorSpace::Cmyk, &[c, m, y, k]) => {
            let flip = if inverted { 255 } else { 0 };
            for (pixel, (((&c, &m), &y), &k)) in out.chunks_exact_mut(4).zip(c.iter().zip(m).zip(y).zip(k)) {
                pixel.copy_from_slice(&[c ^ flip, m ^ flip, y ^ flip, k ^ flip]);
            }
        }
        (ColorSpace::Rgb, &[r, g, b]) => {
            for (pixel, ((&r, &g), &b)) in out.chunks_exact_mut(3).zip(r.iter().zip(g).zip(b)) {
                pixel.copy_from_slice(&[r, g, b]);
            }
        }
        (_, [only, ..]) => out.copy_from_slice(only),
        _ => {}
    }
}

/// Bits of fraction. With more, the largest sums would not fit 16 bits.
const BITS: u32 = 6;

/// A factor below 2 for [`product`].
const fn factor(value: f64) -> i16 {
    (value * 16384.0 + if value < 0.0 { -0.5 } else { 0.5 }) as i16
}

/// The product of a chroma sample and a factor, rounded down to [`BITS`], which vectors compute in one step.
#[inline(always)]
fn product(chroma: i16, factor: i16) -> i16 {
    ((i32::from(chroma << 8) * i32::from(factor)) >> 16) as i16
}

#[inline(always)]
fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    // A product is too small by half a step in the mean.
    let (y, cb, cr) = ((i16::from(y) << BITS) + (1 << (BITS - 1)), i16::from(cb) - 128, i16::from(cr) - 128);
    let sample = |sum: i16| (sum >> BITS).clamp(0, 255) as u8;
    [
        sample(y + (cr << BITS) + product(cr, const { factor(0.402) })),
        sample(y + 1 + product(cb, const { factor(-0.344_136) }) + product(cr, const { factor(-0.714_136) })),
        sample(y + (cb << (BITS + 1)) + product(cb, const { factor(-0.228) })),
    ]
}

/// Pixels converted together.
const GROUP: usize = 1024;

/// Converts up to [`GROUP`] pixels: channels first, then pixels. Both loops become vectors, one loop over both does not.
#[inline(always)]
fn group(y: &[u8], cb: &[u8], cr: &[u8], out: &mut [u8]) {
    let [mut red, mut green, mut blue] = [[0u8; GROUP]; 3];
    let channels = red.iter_mut().zip(&mut green).zip(&mut blue);
    for (((red, green), blue), ((&y, &cb), &cr)) in channels.zip(y.iter().zip(cb).zip(cr)) {
        [*red, *green, *blue] = rgb(y, cb, cr);
    }
    let channels = red.iter().zip(&green).zip(&blue);
    for (pixel, ((&red, &green), &blue)) in out.as_chunks_mut::<3>().0.iter_mut().zip(channels) {
        (pixel[0], pixel[1], pixel[2]) = (red, green, blue);
    }
}

/// The positions of the samples of a longer line on a shorter one: index of the left neighbour, and
/// weight of the right one in 256ths. `ratio` is the number of short samples per long one. Both
/// lines start at the same edge, as JFIF places chroma.
pub(super) fn positions(length: u32, available: u32, ratio: f64) -> Vec<(u32, u32)> {
    (0..length)
        .map(|i| {
            let at = ((f64::from(i) + 0.5) * ratio - 0.5).clamp(0.0, f64::from(available - 1));
            let left = at.floor() as u32;
            (left, if left + 1 < available { ((at - f64::from(left)) * 256.0).round() as u32 } else { 0 })
        })
        .collect()
}

/// Resamples one line of a plane by linear interpolation.
pub(super) fn stretch(plane: &Plane, x: &[(u32, u32)], (top, weight): (u32, u32), out: &mut [u8]) {
    let width = plane.width as usize;
    let line = |y: u32| &plane.data[y as usize * width..][..width];
    let (upper, lower) = (line(top), line((top + 1).min(plane.height - 1)));
    for (to, &(left, right)) in out.iter_mut().zip(x) {
        let (a, b) = (left as usize, (left as usize + 1).min(width - 1));
        let mix = |line: &[u8]| u32::from(line[a]) * (256 - right) + u32::from(line[b]) * right;
        *to = ((mix(upper) * (256 - weight) + mix(lower) * weight + (1 << 15)) >> 16) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ycbcr_is_within_rounding_of_the_formula() {
        for y in (0..=255u8).step_by(5) {
            for cb in (0..=255u8).step_by(15) {
                for cr in (0..=255u8).step_by(15) {
                    let (fy, fb, fr) = (f64::from(y), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
                    let want = [fy + 1.402 * fr, fy - 0.344136 * fb - 0.714136 * fr, fy + 1.772 * fb];
                    for (got, want) in rgb(y, cb, cr).iter().zip(want) {
                        assert!(
                            (f64::from(*got) - want.clamp(0.0, 255.0)).abs() <= 0.52,
                            "{y} {cb} {cr}: {got} {want}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn long_rows_are_like_short_ones() {
        let plane = |seed: usize| -> Vec<u8> { (0..37).map(|i| (i * seed * 29 % 256) as u8).collect() };
        let (y, cb, cr) = (plane(1), plane(3), plane(7));
        let mut out = vec![0; 37 * 3];
        row(ColorSpace::YCbCr, false, &[&y, &cb, &cr], &mut out);
        for i in 0..37 {
            assert_eq!(out[i * 3..][..3], rgb(y[i], cb[i], cr[i]), "{i}");
        }
    }

    #[test]
    fn inverted_and_plain_cmyk() {
        let one = |color, inverted, v: [u8; 4]| {
            let mut out = [0; 4];
            row(color, inverted, &[&v[..1], &v[1..2], &v[2..3], &v[3..]], &mut out);
            out
        };
        assert_eq!(one(ColorSpace::Cmyk, false, [0, 1, 2, 3]), [0, 1, 2, 3]);
        assert_eq!(one(ColorSpace::Cmyk, true, [255, 254, 253, 252]), [0, 1, 2, 3]);
        // Adobe's white: full Y, K stored as 255.
        assert_eq!(one(ColorSpace::Ycck, true, [0, 128, 128, 255]), [0, 0, 0, 0]);
        assert_eq!(one(ColorSpace::Ycck, false, [255, 128, 128, 0]), [0, 0, 0, 0]);
    }
}
