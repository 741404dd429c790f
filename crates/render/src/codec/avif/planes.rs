//! Luma and chroma of BT.601 in full range, as JPEG has them, at 8 or 10 bits.

use crate::pixmap::YCbCr;
use crate::size::Size;
use thumbs_av1::{Picture, Settings, encode};

/// A picture as AV1 takes it: luma, or luma and two chroma planes, row by row without gaps.
#[derive(Debug)]
pub struct Planes {
    pub size: Size,
    /// Bits per sample, 8 or 10.
    pub depth: u8,
    /// Columns and rows per chroma sample. None is luma only.
    pub share: Option<(u8, u8)>,
    pub planes: Vec<Vec<u16>>,
}

/// The largest sample at `depth`.
pub fn largest(depth: u8) -> f32 {
    if depth == 10 { 1023.0 } else { 255.0 }
}

/// A sample of 8 bits at `depth`: 255 becomes the largest one.
fn deepened(v: u8, depth: u8) -> u16 {
    let v = u16::from(v);
    if depth == 10 { v << 2 | v >> 6 } else { v }
}

impl Planes {
    /// Luma only, of every `step`-th sample from `at`.
    pub fn grey(size: Size, samples: &[u8], at: usize, step: usize, depth: u8) -> Self {
        let plane = samples.iter().skip(at).step_by(step).map(|&v| deepened(v, depth)).collect();
        Self { size, depth, share: None, planes: vec![plane] }
    }

    /// Of pixels of `count` samples, the first three of which are red, green and blue.
    pub fn color(size: Size, samples: &[u8], count: usize, share: (u8, u8), depth: u8) -> Self {
        let most = largest(depth);
        let (scale, middle) = (most / 255.0, ((most + 1.0) / 2.0).floor());
        let width = size.width as usize;
        let luma = |p: &[f32; 3]| 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
        let sample = |v: f32| (v + 0.5).clamp(0.0, most) as u16;
        let pixel = |p: &[u8]| [0, 1, 2].map(|c| f32::from(p[c]) * scale);
        let y = samples.chunks_exact(count).map(|p| sample(luma(&pixel(p)))).collect();
        let (across, down) = (usize::from(share.0), usize::from(share.1));
        let (mut cb, mut cr) = (Vec::new(), Vec::new());
        for rows in samples.chunks(width * count * down) {
            for x in (0..width).step_by(across) {
                // The mean of the pixels that share a chroma sample; fewer at the edges.
                let end = (x + across).min(width);
                let block = rows.chunks_exact(width * count).flat_map(|row| row[x * count..end * count].chunks(count));
                let (mut sum, mut n) = ([0.0_f32; 3], 0.0);
                for p in block {
                    (0..3).for_each(|c| sum[c] += f32::from(p[c]));
                    n += 1.0;
                }
                let mean = sum.map(|v| v * scale / n);
                let y = luma(&mean);
                cb.push(sample((mean[2] - y) * (0.5 / (1.0 - 0.114)) + middle));
                cr.push(sample((mean[0] - y) * (0.5 / (1.0 - 0.299)) + middle));
            }
        }
        Self { size, depth, share: Some(share), planes: vec![y, cb, cr] }
    }

    /// Of planes that a JPEG gave.
    pub fn ready(picture: &YCbCr, is_grey: bool, depth: u8) -> Self {
        let deep = |plane: &Vec<u8>| plane.iter().map(|&v| deepened(v, depth)).collect();
        // Chroma is centred on the middle, which is not to move.
        let chroma = |plane: &Vec<u8>| plane.iter().map(|&v| u16::from(v) << (depth - 8)).collect();
        let [y, cb, cr] = &picture.planes;
        let (share, planes) = if is_grey {
            (None, vec![deep(y)])
        } else {
            (Some((picture.share.0 as u8, picture.share.1 as u8)), vec![deep(y), chroma(cb), chroma(cr)])
        };
        Self { size: picture.size, depth, share, planes }
    }

    /// The stream of the planes, and the planes that a decoder makes of it.
    pub fn coded(self, how: &Settings) -> Result<Coded, String> {
        let Self { size, depth, share, planes } = self;
        let stream = encode(&Picture { width: size.width, height: size.height, depth, share, planes }, how)?;
        Ok(Coded { data: stream.data, shown: Self { size, depth, share, planes: stream.shown.planes } })
    }
}

/// An AV1 stream.
pub struct Coded {
    pub data: Vec<u8>,
    /// What it shows.
    pub shown: Planes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_colours() {
        let samples = [255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 0, 255];
        let of = |depth| Planes::color(Size::new(2, 2), &samples, 3, (1, 1), depth).planes;
        assert_eq!(of(8), [[255, 0, 76, 29], [128, 128, 85, 255], [128, 128, 255, 107]]);
        assert_eq!(of(10), [[1023, 0, 306, 117], [512, 512, 339, 1023], [512, 512, 1023, 429]]);
    }

    #[test]
    fn odd_sides_keep_their_last_chroma() {
        let samples: Vec<u8> = [[255, 0, 0]; 9].concat();
        let planes = Planes::color(Size::new(3, 3), &samples, 3, (2, 2), 8).planes;
        assert_eq!(planes.iter().map(Vec::len).collect::<Vec<_>>(), [9, 4, 4]);
        assert!(planes[1..].iter().all(|plane| plane.iter().all(|&v| v == plane[0])));
        let planes = Planes::color(Size::new(3, 3), &samples, 3, (2, 1), 8).planes;
        assert_eq!(planes[1].len(), 6);
    }
}
