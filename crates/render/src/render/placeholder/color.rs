//! The dominant colour: the mean of the largest group of colours that look alike.
//!
//! A mean of all colours is a grey brown for most photographs. Here, colours vote in cells of OKLab (Björn Ottosson, "A
//! perceptual color space for image processing", 2020), the neighbourhood with the most votes wins, and its mean is refined
//! by mean shift. Lightness counts half, because light and shade of one thing have one name.

use super::small::Small;
use crate::op::linear::{LIGHT, sample};

/// Sides of a cell, and of the neighbourhoods of which the largest is taken.
const CELL: f32 = 0.05;
/// The radius of the group.
const RADIUS: f32 = 0.09;
/// Steps of mean shift.
const STEPS: usize = 4;
/// How much more a vivid colour counts. Greys are background more often than not.
const VIVID: f32 = 3.0;
/// What lightness counts beside the other axes.
const LIGHTNESS: f32 = 0.5;

/// Cells along the axes: lightness from 0 to 1, the others from -0.4 to 0.4, with a margin of one on each side.
const CELLS: [usize; 3] = [14, 20, 20];

/// A colour in OKLab, with its lightness as it counts, and its weight.
#[derive(Clone, Copy)]
struct Vote {
    at: [f32; 3],
    weight: f32,
}

/// The colour as `#rrggbb`. White of a picture that is transparent everywhere.
pub fn dominant(small: &Small) -> String {
    let votes: Vec<Vote> = small.rgba.chunks_exact(4).filter(|pixel| pixel[3] > 0).map(vote).collect();
    let mut center = fullest(&votes);
    for _ in 0..STEPS {
        center = mean(&votes, center);
    }
    let [r, g, b] = if votes.is_empty() { [255; 3] } else { srgb(center) };
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn vote(pixel: &[u8]) -> Vote {
    let [l, a, b] = oklab([pixel[0], pixel[1], pixel[2]]);
    Vote { at: [l * LIGHTNESS, a, b], weight: f32::from(pixel[3]) * (1.0 + VIVID * (a * a + b * b).sqrt()) }
}

/// The middle of the neighbourhood of three cells a side with the most votes.
fn fullest(votes: &[Vote]) -> [f32; 3] {
    let mut cells = vec![0.0; CELLS[0] * CELLS[1] * CELLS[2]];
    let index = |[l, a, b]: [usize; 3]| (l * CELLS[1] + a) * CELLS[2] + b;
    let cell = |vote: &Vote| {
        let [l, a, b] = vote.at;
        let along = |value: f32, all: usize| ((value / CELL) as usize + 1).min(all - 2);
        [along(l, CELLS[0]), along(a + 0.4, CELLS[1]), along(b + 0.4, CELLS[2])]
    };
    for vote in votes {
        cells[index(cell(vote))] += vote.weight;
    }
    let around = |[l, a, b]: [usize; 3]| {
        let near = (l - 1..=l + 1).flat_map(|l| (a - 1..=a + 1).map(move |a| (l, a)));
        near.map(|(l, a)| cells[index([l, a, b - 1])..=index([l, a, b + 1])].iter().sum::<f32>()).sum::<f32>()
    };
    let mut best = ([0.0; 3], 0.0);
    let mut seen = vec![false; cells.len()];
    for vote in votes {
        let cell = cell(vote);
        if !std::mem::replace(&mut seen[index(cell)], true) {
            let sum = around(cell);
            if sum > best.1 {
                let middle = |at: usize, from: f32| (at as f32 - 0.5) * CELL - from;
                best = ([middle(cell[0], 0.0), middle(cell[1], 0.4), middle(cell[2], 0.4)], sum);
            }
        }
    }
    best.0
}

/// The mean of the votes near `center`, or `center` where there are none.
fn mean(votes: &[Vote], center: [f32; 3]) -> [f32; 3] {
    let mut sum = [0.0; 3];
    let mut weight = 0.0;
    for vote in votes {
        let distance = vote.at.iter().zip(center).map(|(v, c)| (v - c) * (v - c)).sum::<f32>();
        if distance <= RADIUS * RADIUS {
            sum.iter_mut().zip(vote.at).for_each(|(sum, value)| *sum += value * vote.weight);
            weight += vote.weight;
        }
    }
    if weight > 0.0 { sum.map(|sum| sum / weight) } else { center }
}

/// The cube root of light, to a few millionths.
fn cube_root(light: f32) -> f32 {
    if light <= 0.0 {
        return 0.0;
    }
    // A third of the exponent, then Newton's method.
    let mut root = f32::from_bits(light.to_bits() / 3 + 709_921_077);
    for _ in 0..2 {
        root = (2.0 * root + light / (root * root)) / 3.0;
    }
    root
}

fn oklab(rgb: [u8; 3]) -> [f32; 3] {
    let [r, g, b] = rgb.map(|value| LIGHT[usize::from(value)]);
    let l = cube_root(0.412_221_47 * r + 0.536_332_54 * g + 0.051_445_995 * b);
    let m = cube_root(0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b);
    let s = cube_root(0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b);
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

fn srgb(at: [f32; 3]) -> [u8; 3] {
    let [light, a, b] = [at[0] / LIGHTNESS, at[1], at[2]];
    let l = (light + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (light - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (light - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    let linear = [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ];
    linear.map(sample)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::Size;

    fn of(pixels: &[([u8; 4], usize)]) -> String {
        let rgba: Vec<u8> = pixels.iter().flat_map(|(pixel, count)| pixel.repeat(*count)).collect();
        dominant(&Small { size: Size::new(rgba.len() as u32 / 4, 1), rgba })
    }

    #[test]
    fn one_colour_is_itself() {
        for rgb in [[0, 0, 0], [255, 255, 255], [200, 30, 40], [0, 0, 255], [0, 255, 0], [12, 34, 56], [128; 3]] {
            let [r, g, b] = rgb;
            assert_eq!(of(&[([r, g, b, 255], 9)]), format!("#{r:02x}{g:02x}{b:02x}"));
        }
    }

    #[test]
    fn the_largest_group_wins_and_not_the_mean() {
        let (red, green, blue) = ([220, 20, 30, 255], [30, 160, 60, 255], [20, 40, 200, 255]);
        assert_eq!(of(&[(red, 40), (green, 35), (blue, 25)]), "#dc141e");
        assert_eq!(of(&[(blue, 40), (red, 35), (green, 25)]), "#1428c8");
        // Light and shade of one thing against more of one single other colour than of either.
        let (sun, shade) = ([230, 120, 40, 255], [190, 95, 30, 255]);
        let named = of(&[(sun, 20), (shade, 20), (blue, 25)]);
        assert!(named.starts_with("#d"), "{named}");
    }

    #[test]
    fn what_is_transparent_has_no_vote() {
        assert_eq!(of(&[([9, 9, 9, 0], 90), ([200, 30, 40, 128], 9)]), "#c81e28");
        assert_eq!(of(&[([9, 9, 9, 0], 90)]), "#ffffff");
    }

    #[test]
    fn a_vivid_colour_wins_over_nearly_as_much_grey() {
        assert_eq!(of(&[([120, 120, 120, 255], 50), ([220, 20, 30, 255], 45)]), "#dc141e");
        assert_eq!(of(&[([120, 120, 120, 255], 70), ([220, 20, 30, 255], 25)]), "#787878");
    }
}
