//! Sums of pixels weighted by cosines along both sides, which ThumbHash and BlurHash are made of.

use std::f32::consts::PI;

/// Cosines of `count` frequencies along a side of `length` pixels, sampled `shift` behind the edge of a pixel.
fn cosines(count: usize, length: usize, shift: f32) -> Vec<f32> {
    let at = |wave: usize, x: usize| (PI / length as f32 * wave as f32 * (x as f32 + shift)).cos();
    (0..count).flat_map(|wave| (0..length).map(move |x| at(wave, x))).collect()
}

/// A scalar product. Eight sums, so that it is compiled to vectors.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (eights, others) = (a.chunks_exact(8).zip(b.chunks_exact(8)), a.len() / 8 * 8);
    let mut sums = [0.0; 8];
    for (a, b) in eights {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    let rest: f32 = a[others..].iter().zip(&b[others..]).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// The waves over a picture of this size.
pub struct Waves {
    size: (usize, usize),
    across: Vec<f32>,
    down: Vec<f32>,
}

impl Waves {
    /// At most `count` frequencies along each side.
    pub fn new(size: (usize, usize), count: (usize, usize), shift: f32) -> Self {
        Self { size, across: cosines(count.0, size.0, shift), down: cosines(count.1, size.1, shift) }
    }

    /// Means of `channel` weighted by the waves `wanted`, which are frequencies across and down.
    pub fn means(&self, channel: &[f32], wanted: &[(usize, usize)]) -> Vec<f32> {
        let (width, height) = self.size;
        let most = wanted.iter().map(|(across, _)| across + 1).max().unwrap_or(0);
        // One sum of each row for each frequency across, and of these the sums down.
        let rows: Vec<Vec<f32>> = self
            .across
            .chunks_exact(width)
            .take(most)
            .map(|wave| channel.chunks_exact(width).map(|row| dot(row, wave)).collect())
            .collect();
        let waves: Vec<&[f32]> = self.down.chunks_exact(height).collect();
        let pixels = (width * height) as f32;
        wanted.iter().map(|&(across, down)| dot(&rows[across], waves[down]) / pixels).collect()
    }
}
