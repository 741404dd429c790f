//! Planes of colours that are weighted by alpha, in floating point, for filters.

use crate::pixmap::{Pixmap, Samples};

/// Samples of each channel; colours are multiplied by alpha, which is last and at most 255.
pub(super) struct Planes {
    pub width: usize,
    pub height: usize,
    pub samples: Vec<Vec<f32>>,
}

/// The planes of a picture of 8 bits a sample.
pub(super) fn planes(source: &Pixmap) -> Planes {
    let (size, n) = (source.size(), source.channels().count());
    let Samples::U8(v) = source.samples() else { unreachable!("8 bits a sample") };
    let colors = n - usize::from(source.channels().has_alpha());
    let weight = |pixel: &[u8]| if colors < n { f32::from(pixel[n - 1]) / 255.0 } else { 1.0 };
    let plane = |c: usize| {
        let of = |pixel: &[u8]| f32::from(pixel[c]) * if c < colors { weight(pixel) } else { 1.0 };
        v.chunks_exact(n).map(of).collect()
    };
    Planes { width: size.width as usize, height: size.height as usize, samples: (0..n).map(plane).collect() }
}

/// The picture that these planes show, with the size and channels of `like`.
pub(super) fn pixmap(like: &Pixmap, planes: &Planes) -> Pixmap {
    let n = like.channels().count();
    let mut out = vec![0; planes.samples[0].len() * n];
    let alpha = like.channels().has_alpha().then(|| &planes.samples[n - 1]);
    for (c, plane) in planes.samples.iter().enumerate() {
        for (at, (pixel, value)) in out.chunks_exact_mut(n).zip(plane).enumerate() {
            let weight = alpha.filter(|_| c < n - 1).map_or(255.0, |alpha| alpha[at]);
            // An alpha below half a step is invisible.
            pixel[c] = if weight >= 0.5 { (value * 255.0 / weight + 0.5) as u8 } else { 0 };
        }
    }
    Pixmap::new_u8(like.size(), like.channels(), out)
}
