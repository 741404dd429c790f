//! The pixels that a decoder shows of coded planes.

use super::planes::{Planes, largest};

impl Planes {
    /// Grey, or red, green and blue, of 8 bits: by BT.601 in full range, with chroma interpolated between the centres of
    /// its samples, as libavif and browsers do.
    pub fn shown(&self) -> Vec<u8> {
        let scale = 255.0 / largest(self.depth);
        let eight = |v: f32| (v + 0.5).clamp(0.0, 255.0) as u8;
        let (Some(share), [luma, cb, cr]) = (self.share, &self.planes[..]) else {
            return self.planes[0].iter().map(|&v| eight(f32::from(v) * scale)).collect();
        };
        let width = self.size.width as usize;
        let chroma = [cb, cr].map(|plane| Chroma::new(plane, width, share));
        let middle = f32::from(1_u16 << (self.depth - 1));
        let mut rows = [Vec::new(), Vec::new()];
        let mut out = Vec::with_capacity(luma.len() * 3);
        for (y, luma) in luma.chunks_exact(width).enumerate() {
            chroma.iter().zip(&mut rows).for_each(|(chroma, row)| chroma.row(y, row));
            for ((&luma, cb), cr) in luma.iter().zip(&rows[0]).zip(&rows[1]) {
                let (luma, cb, cr) = (f32::from(luma) * scale, (cb - middle) * scale, (cr - middle) * scale);
                let green = luma - 0.344_136 * cb - 0.714_136 * cr;
                out.extend([luma + 1.402 * cr, green, luma + 1.772 * cb].map(eight));
            }
        }
        out
    }
}

/// A plane with fewer samples than pixels.
struct Chroma<'a> {
    samples: &'a [u16],
    /// Samples and pixels in a row.
    columns: usize,
    width: usize,
    across: usize,
    down: usize,
}

impl<'a> Chroma<'a> {
    fn new(samples: &'a [u16], width: usize, (across, down): (u8, u8)) -> Self {
        let (across, down) = (usize::from(across), usize::from(down));
        Self { samples, columns: width.div_ceil(across), width, across, down }
    }

    /// A sample for each pixel of row `y`.
    fn row(&self, y: usize, out: &mut Vec<f32>) {
        let (near, far) = neighbours(y, self.down, self.samples.len() / self.columns);
        let row = |row: usize| &self.samples[row * self.columns..][..self.columns];
        let (near, far) = (row(near), row(far));
        let between = |x: usize| f32::from(near[x]) * 0.75 + f32::from(far[x]) * 0.25;
        out.clear();
        out.extend((0..self.width).map(|x| {
            let (near, far) = neighbours(x, self.across, self.columns);
            between(near) * 0.75 + between(far) * 0.25
        }));
    }
}

/// The nearest sample to a pixel, and the next one on its other side. At the edges, and where each pixel has a sample, they
/// are one.
fn neighbours(pixel: usize, share: usize, count: usize) -> (usize, usize) {
    let near = pixel / share;
    let far = match (share, pixel % share) {
        (1, _) => near,
        (_, 0) => near.saturating_sub(1),
        _ => (near + 1).min(count - 1),
    };
    (near, far)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::Size;

    #[test]
    fn planes_of_full_chroma_come_back() {
        let size = Size::new(16, 16);
        let samples: Vec<u8> = (0..768_u32).map(|i| (i * 37 % 256) as u8).collect();
        for depth in [8, 10] {
            let shown = Planes::color(size, &samples, 3, (1, 1), depth).shown();
            let most = shown.iter().zip(&samples).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(most <= Some(if depth == 10 { 1 } else { 2 }), "{depth} bits: {most:?}");
        }
        let grey = Planes::grey(size, &samples, 0, 3, 10).shown();
        assert!(grey.iter().eq(samples.iter().step_by(3)));
    }

    #[test]
    fn chroma_is_interpolated_between_its_centres() {
        let mut row = Vec::new();
        let samples = [100, 200, 300, 400];
        Chroma::new(&samples, 3, (2, 2)).row(0, &mut row);
        assert_eq!(row, [100.0, 125.0, 175.0]);
        Chroma::new(&samples, 3, (2, 2)).row(1, &mut row);
        assert_eq!(row, [150.0, 175.0, 225.0]);
        Chroma::new(&samples, 3, (2, 1)).row(1, &mut row);
        assert_eq!(row, [300.0, 325.0, 375.0]);
    }
}
