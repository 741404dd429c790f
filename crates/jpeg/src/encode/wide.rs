//! From pixels to luma and chroma with a fraction, a band of lines at a time, where chroma is made smaller by what a decoder
//! makes of it.
//!
//! Decoders double chroma by a triangle filter (libjpeg's "fancy upsampling"). The mean of four pixels, doubled so, is softer than
//! the picture was. What is lost is added to the small plane, again and again. What is lost after all is an error of colour
//! that luma can take back in part: its samples are moved so that the light of each pixel is what it was.
//!
//! All arithmetic is of integers.

use super::super::frame::Frame;
use super::super::simd;

/// Bits of fraction of a sample.
pub(super) const FRACTION: u32 = 6;

/// Bits of fraction of a weight.
const BITS: u32 = 16;

/// Lines of a band without its margin: whole MCUs.
const BAND: usize = 128;

/// A weight as an integer.
const fn weight(value: f64) -> i32 {
    (value * (1 << BITS) as f64 + if value < 0.0 { -0.5 } else { 0.5 }) as i32
}

// BT.601, as JFIF wants it.
const LUMA: [i32; 3] = [weight(0.299), weight(0.587), weight(0.114)];
const BLUE: [i32; 3] = [weight(-0.168_735_892), weight(-0.331_264_108), weight(0.5)];
const RED: [i32; 3] = [weight(0.5), weight(-0.418_687_589), weight(-0.081_312_411)];

/// What red, green and blue give to the light of a pixel (BT.709, a little more of blue, as eyes see it).
const LIGHT: [i64; 3] = [265, 657, 78];

/// How chroma is made smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chroma {
    /// How often what a decoder would lose is added.
    pub rounds: usize,
    /// Luma takes back errors of light.
    pub is_corrected: bool,
}

/// Lines of samples in 64ths.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    pub width: usize,
    pub samples: Vec<i16>,
}

impl Lines {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.samples.len() / self.width
    }

    /// A line; the last is repeated beyond the end.
    pub fn line(&self, y: usize) -> &[i16] {
        &self.samples[y.min(self.count() - 1) * self.width..][..self.width]
    }

    /// Of pixels with N channels, weighted; 128 is added to chroma.
    #[inline(always)]
    fn of_pixels<const N: usize>(pixels: &[u8], width: usize, weights: [i32; 3], middle: i32) -> Self {
        let offset = (middle << BITS) + (1 << (BITS - FRACTION - 1));
        let one = |pixel: &[u8; N]| {
            let sum: i32 = (0..3).map(|c| weights[c] * i32::from(pixel[c])).sum();
            // Half of a step below 256 at most.
            ((sum + offset) >> (BITS - FRACTION)) as i16
        };
        Self { width, samples: pixels.as_chunks::<N>().0.iter().map(one).collect() }
    }

    /// Some of the lines.
    fn cut(mut self, from: usize, to: usize) -> Self {
        self.samples.truncate(to * self.width);
        self.samples.drain(..from * self.width);
        self
    }
}

/// Calls `take` with lines of each component, of all components of a band before the next, from the top down. Each band but the
/// last has lines of whole blocks.
pub(super) fn bands<const N: usize>(frame: &Frame, pixels: &[u8], chroma: Chroma, mut take: impl FnMut(usize, &Lines)) {
    let (width, height) = (frame.width as usize, frame.height as usize);
    let (across, down) = (frame.h_max() as usize, frame.v_max() as usize);
    // Each round, and the doubling at the end, look one small line further.
    let margin = if down > 1 { down * (chroma.rounds + 2) } else { 0 };
    for top in (0..height).step_by(BAND) {
        let bottom = height.min(top + BAND);
        let (from, to) = (top.saturating_sub(margin), height.min(bottom + margin));
        let band = &pixels[from * width * N..to * width * N];
        let (luma, planes) = simd::dispatch(
            #[inline(always)]
            || convert::<N>(band, width, across, down, chroma),
        );
        take(0, &luma.cut(top - from, bottom - from));
        for (i, small) in planes.into_iter().enumerate() {
            take(i + 1, &small.cut((top - from) / down, (bottom - from).div_ceil(down)));
        }
        if N == 4 {
            let pixels = pixels[top * width * N..bottom * width * N].as_chunks::<N>().0;
            let samples = pixels.iter().map(|pixel| (255 - i16::from(pixel[N - 1])) << FRACTION).collect();
            take(3, &Lines { width, samples });
        }
    }
}

/// Luma, and small chroma, of the pixels of a band.
#[inline(always)]
fn convert<const N: usize>(
    band: &[u8],
    width: usize,
    across: usize,
    down: usize,
    chroma: Chroma,
) -> (Lines, [Lines; 2]) {
    let mut luma = Lines::of_pixels::<N>(band, width, LUMA, 0);
    let full = [BLUE, RED].map(|weights| Lines::of_pixels::<N>(band, width, weights, 128));
    let small = full.each_ref().map(|full| shrunk(full, across, down, chroma.rounds));
    if chroma.is_corrected && across * down > 1 {
        let errors = [0, 1].map(|i| {
            let mut big = doubled(&small[i], across, down, width, full[i].count());
            big.iter_mut().zip(&full[i].samples).for_each(|(big, full)| *big -= full);
            big
        });
        correct::<N>(&mut luma, band, &errors);
    }
    (luma, small)
}

/// Means of as many columns and lines; the last ones are repeated.
#[inline(always)]
fn means(full: &Lines, across: usize, down: usize) -> Lines {
    let width = full.width.div_ceil(across);
    let mut sums = vec![0i32; width];
    let mut samples = Vec::with_capacity(width * full.count().div_ceil(down));
    let shift = (across * down).ilog2();
    for y in (0..full.count()).step_by(down) {
        sums.fill((1 << shift) >> 1);
        for line in (y..y + down).map(|y| full.line(y)) {
            if across == 1 {
                sums.iter_mut().zip(line).for_each(|(sum, &s)| *sum += i32::from(s));
                continue;
            }
            let (pairs, rest) = line.as_chunks::<2>();
            sums.iter_mut().zip(pairs).for_each(|(sum, pair)| *sum += i32::from(pair[0]) + i32::from(pair[1]));
            if let (&[last], Some(sum)) = (rest, sums.last_mut()) {
                *sum += 2 * i32::from(last);
            }
        }
        samples.extend(sums.iter().map(|sum| (sum >> shift) as i16));
    }
    Lines { width, samples }
}

/// Chroma made smaller such that it is close to what it was when it is doubled.
#[inline(always)]
fn shrunk(full: &Lines, across: usize, down: usize, rounds: usize) -> Lines {
    let mut small = means(full, across, down);
    if across * down == 1 {
        return small;
    }
    for _ in 0..rounds {
        let mut lost = doubled(&small, across, down, full.width, full.count());
        lost.iter_mut().zip(&full.samples).for_each(|(big, full)| *big = full - *big);
        let lost = means(&Lines { width: full.width, samples: lost }, across, down);
        for (sample, lost) in small.samples.iter_mut().zip(&lost.samples) {
            // Half as much again gets there in fewer rounds.
            *sample = (sample.saturating_add(lost + (lost >> 1))).clamp(0, 255 << FRACTION);
        }
    }
    small
}

/// As decoders double: three parts of the nearest sample, one of the next, in the directions in which there are fewer.
#[inline(always)]
fn doubled(small: &Lines, across: usize, down: usize, width: usize, height: usize) -> Vec<i16> {
    let mut sums = vec![0i16; small.width];
    let mut out = vec![0; width * height];
    for (y, out) in out.chunks_exact_mut(width).enumerate() {
        let near = y / down;
        let next = match (down, y % 2) {
            (1, _) => near,
            (_, 0) => near.saturating_sub(1),
            _ => near + 1,
        };
        // Of 64ths of a byte, four fit 16 bits, those of both directions do not.
        for (sum, (&a, &b)) in sums.iter_mut().zip(small.line(near).iter().zip(small.line(next))) {
            *sum = ((3 * i32::from(a) + i32::from(b) + 2) >> 2) as i16;
        }
        if across == 1 {
            out.copy_from_slice(&sums[..width]);
            continue;
        }
        let mix = |near: i16, next: i16| ((3 * i32::from(near) + i32::from(next) + 2) >> 2) as i16;
        let last = sums.len() - 1;
        out[0] = sums[0];
        for (pair, near) in out[1..].chunks_mut(2).zip(sums.windows(2)) {
            pair[0] = mix(near[0], near[1]);
            if let Some(right) = pair.get_mut(1) {
                *right = mix(near[1], near[0]);
            }
        }
        if width.is_multiple_of(2) {
            out[width - 1] = sums[last];
        }
    }
    out
}

/// Moves luma such that errors of chroma change the light of pixels as little as can be.
#[inline(always)]
fn correct<const N: usize>(luma: &mut Lines, pixels: &[u8], errors: &[Vec<i16>; 2]) {
    // How much more light a step more of a channel is (sRGB), by a polynomial that is right to a percent.
    let slope: [i64; 256] = std::array::from_fn(|v| {
        let x = v as i64;
        (916 * x * x + 1364 * 255 * x + 13 * 255 * 255) / 6_502
    });
    let pixels = pixels.as_chunks::<N>().0;
    for (((y, pixel), &blue), &red) in luma.samples.iter_mut().zip(pixels).zip(&errors[0]).zip(&errors[1]) {
        if blue == 0 && red == 0 {
            continue;
        }
        let weights: [i64; 3] = std::array::from_fn(|c| LIGHT[c] * slope[usize::from(pixel[c])]);
        let (blue, red) = (i64::from(blue), i64::from(red));
        // What JFIF makes of the two, in 1024ths.
        let [r, g, b] = [1436 * red, -352 * blue - 731 * red, 1815 * blue];
        let sum = (weights[0] + weights[1] + weights[2]) << 10;
        let error = (weights[0] * r + weights[1] * g + weights[2] * b + sum / 2).div_euclid(sum);
        *y = (i64::from(*y) - error).clamp(0, 255 << FRACTION) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::frame::{Component, Kind};
    use super::*;

    fn frame(width: u32, height: u32, h: u8, v: u8) -> Frame {
        let component = |id, h, v| Component { id, h, v, table: 0 };
        let components = vec![component(1, h, v), component(2, 1, 1), component(3, 1, 1)];
        Frame { kind: Kind::Baseline, arithmetic: false, precision: 8, width, height, components }
    }

    fn pixels(width: u32, height: u32) -> Vec<u8> {
        let mut state = 7u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 27) as u8
        };
        (0..width * height * 3).map(|i| if i / 40 % 3 == i % 3 { 220 + noise() } else { noise() }).collect()
    }

    fn planes(frame: &Frame, pixels: &[u8], chroma: Chroma) -> Vec<Vec<i16>> {
        let mut out = vec![Vec::new(); frame.components.len()];
        bands::<3>(frame, pixels, chroma, |i, lines| out[i].extend(&lines.samples));
        out
    }

    #[test]
    fn bands_leave_no_seams() {
        let (width, height) = (37, 2 * BAND as u32 + 51);
        let pixels = pixels(width, height);
        for (h, v) in [(1, 1), (2, 1), (2, 2)] {
            let frame = frame(width, height, h, v);
            for rounds in 0..4 {
                let got = planes(&frame, &pixels, Chroma { rounds, is_corrected: true });
                let (across, down) = (h.into(), v.into());
                for (plane, weights) in got[1..].iter().zip([BLUE, RED]) {
                    let full = Lines::of_pixels::<3>(&pixels, width as usize, weights, 128);
                    assert_eq!(plane, &shrunk(&full, across, down, rounds).samples, "{h} {v} {rounds}");
                }
                assert_eq!(got[0].len(), (width * height) as usize);
            }
        }
    }

    #[test]
    fn rounds_bring_doubled_chroma_closer() {
        let (width, height) = (64, 48);
        let full = Lines::of_pixels::<3>(&pixels(width, height), width as usize, RED, 128);
        let error = |across, down, rounds| {
            let small = shrunk(&full, across, down, rounds);
            let big = doubled(&small, across, down, full.width, full.count());
            big.iter().zip(&full.samples).map(|(&a, &b)| (i64::from(a) - i64::from(b)).pow(2)).sum::<i64>()
        };
        for (across, down) in [(2, 1), (2, 2)] {
            let errors = [0, 1, 3].map(|rounds| error(across, down, rounds));
            assert!(errors.is_sorted_by(|a, b| a > b), "{errors:?}");
        }
    }

    #[test]
    fn correction_keeps_the_light_of_pixels() {
        // Light of sRGB.
        let light = |rgb: [f64; 3]| {
            let linear = rgb.map(|v| if v <= 10.31 { v / 3294.6 } else { ((v / 255.0 + 0.055) / 1.055).powf(2.4) });
            (0..3).map(|c| LIGHT[c] as f64 * linear[c]).sum::<f64>()
        };
        for pixel in [[200u8, 30, 40], [90, 120, 60], [20, 20, 200], [128, 128, 128]] {
            let mut luma = Lines::of_pixels::<3>(&pixel, 1, LUMA, 0);
            let (y, blue, red) = (f64::from(luma.samples[0]) / 64.0, 5.0, -6.0);
            correct::<3>(&mut luma, &pixel, &[vec![5 << FRACTION], vec![-6 << FRACTION]]);
            let shown = |moved: f64| {
                let [r, g, b] = pixel.map(f64::from);
                light([r + 1.402 * red + moved, g - 0.344 * blue - 0.714 * red + moved, b + 1.772 * blue + moved])
            };
            let wanted = light(pixel.map(f64::from));
            let (before, after) = (shown(0.0) - wanted, shown(f64::from(luma.samples[0]) / 64.0 - y) - wanted);
            assert!(after.abs() < before.abs() * 0.35 + 0.5, "{pixel:?} {before} {after}");
        }
    }
}
