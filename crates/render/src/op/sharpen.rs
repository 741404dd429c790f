//! An unsharp mask.

use super::blur::blur_planes;
use super::weighted::{Planes, planes};
use crate::pixmap::{Channels, Pixmap, Samples};

/// The standard deviation of the mask: the blur that a resize leaves.
const SIGMA: f32 = 0.8;

/// Adds to each colour what its luma, of 8 bits, lacks in a blurred copy, times `amount`. So no colour changes its hue at
/// edges. Transparent neighbours do not count.
pub fn sharpen(mut source: Pixmap, amount: f32) -> Pixmap {
    let all = planes(&source);
    let luma = luma(source.channels(), &all);
    let alpha = source.channels().has_alpha().then(|| all.samples[all.samples.len() - 1].clone());
    let mut blurred = Planes { width: all.width, height: all.height, samples: vec![luma.clone()] };
    blurred.samples.extend(alpha);
    let sharp = blurred.samples.get(1).cloned();
    blur_planes(&mut blurred, SIGMA);
    let n = source.channels().count();
    let colors = n - usize::from(source.channels().has_alpha());
    let Samples::U8(samples) = source.samples_mut() else { unreachable!("8 bits a sample") };
    for (at, pixel) in samples.chunks_exact_mut(n).enumerate() {
        // Weighted by alpha: luma here, and around.
        let (here, around) = match &sharp {
            Some(alpha) if alpha[at] < 0.5 => continue,
            Some(alpha) => (luma[at] * 255.0 / alpha[at], blurred.samples[0][at] * 255.0 / blurred.samples[1][at]),
            None => (luma[at], blurred.samples[0][at]),
        };
        let more = amount * (here - around);
        pixel[..colors].iter_mut().for_each(|v| *v = (f32::from(*v) + more + 0.5) as u8);
    }
    source
}

/// Luma as JPEG has it, weighted by alpha.
fn luma(channels: Channels, all: &Planes) -> Vec<f32> {
    match (channels, &all.samples[..]) {
        (Channels::Rgb | Channels::Rgba, [r, g, b, ..]) => {
            r.iter().zip(g).zip(b).map(|((r, g), b)| 0.299 * r + 0.587 * g + 0.114 * b).collect()
        }
        (_, samples) => samples[0].clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::Size;

    fn of(channels: Channels, width: u32, samples: Vec<u8>, amount: f32) -> Vec<u8> {
        let height = samples.len() as u32 / channels.count() as u32 / width;
        match sharpen(Pixmap::new_u8(Size::new(width, height), channels, samples), amount).into_samples() {
            Samples::U8(samples) => samples,
            Samples::U16(_) => unreachable!(),
        }
    }

    #[test]
    fn an_edge_gets_steeper_and_plain_areas_stay() {
        let row: Vec<u8> = [[80; 8], [160; 8]].concat();
        let out = of(Channels::Grey, 16, row.repeat(6), 1.0);
        let row = &out[3 * 16..][..16];
        assert_eq!((row[0], row[15]), (80, 160));
        assert!(row[7] < 65 && row[8] > 175 && row.iter().all(|v| (50..=190).contains(v)), "{row:?}");
        let more = of(Channels::Grey, 16, [[80; 8], [160; 8]].concat().repeat(6), 2.0);
        assert!(more[7] < out[7] && more[8] > out[8]);
    }

    #[test]
    fn hues_stay_at_edges() {
        let row: Vec<u8> = [[100, 60, 40].repeat(8), [180, 140, 120].repeat(8)].concat();
        for pixel in of(Channels::Rgb, 16, row.repeat(4), 1.0).chunks_exact(3) {
            assert_eq!((pixel[0] - pixel[1], pixel[1] - pixel[2]), (40, 20), "{pixel:?}");
        }
    }

    #[test]
    fn what_is_transparent_makes_no_edge() {
        let row: Vec<u8> = [[100, 60, 40, 255].repeat(8), [255, 255, 255, 0].repeat(8)].concat();
        let out = of(Channels::Rgba, 16, row.repeat(4), 2.0);
        assert!(out.chunks_exact(4).all(|p| p == [100, 60, 40, 255] || p == [255, 255, 255, 0]), "{out:?}");
    }
}
