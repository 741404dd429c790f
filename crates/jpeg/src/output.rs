//! Planes from coefficients.

use super::coefficients::Target;
use super::frame::Frame;
use super::idct::{Part, Transform};
use super::plan::{self, plane_size};
use super::plane::Plane;
use super::row::Row;
use super::script::Quant;
use super::simd::{self, Vectors, WithVectors};

/// The number of bytes that the transform may write behind a line.
const STRIP_SLACK: usize = 8;

/// A plane under construction.
pub(super) struct Output {
    pub plane: Plane,
    transform: Transform,
    n: usize,
    /// Coefficients kept per block.
    count: usize,
    /// Blocks per row, including the padding of MCUs, and without it.
    padded: usize,
    blocks: usize,
    rows: usize,
    /// Samples of one row of blocks.
    strip: Vec<u8>,
}

impl Output {
    /// A component with `n` samples per block side. `finer` is the number of levels of the picture per 8-bit level.
    pub fn new(frame: &Frame, component: usize, n: u8, quant: &Quant, finer: f64) -> Output {
        let c = &frame.components[component];
        let (width, height) = plane_size(frame, c, n);
        let blocks = frame.blocks(c).0 as usize;
        Output {
            plane: Plane {
                width,
                height,
                extent: plan::extent(frame, c, n),
                sharpen: plan::sharpen(n),
                data: Vec::with_capacity(width as usize * height as usize),
            },
            transform: Transform::new(n.into(), quant, finer),
            n: n.into(),
            count: plan::kept(n),
            padded: frame.mcus_x() as usize * usize::from(c.h),
            blocks,
            rows: c.v.into(),
            strip: vec![0; (blocks * usize::from(n) + STRIP_SLACK) * usize::from(n)],
        }
    }
}

impl Target for Output {
    fn row(&self) -> Row {
        Row::new(self.count, self.padded, self.rows)
    }

    fn take(&mut self, row: &Row, line: usize) {
        let n = self.n;
        let across = self.blocks * n + STRIP_SLACK;
        let width = self.plane.width as usize;
        for v in 0..self.rows {
            let first = (line * self.rows + v) * n;
            let lines = (self.plane.height as usize).saturating_sub(first).min(n);
            if lines == 0 {
                return;
            }
            let part = Part { row, first: v * row.stride, blocks: self.blocks, out: &mut self.strip, line: across };
            simd::dispatch_vectors(Run(&self.transform, part));
            for samples in self.strip.chunks_exact(across).take(lines) {
                self.plane.data.extend_from_slice(&samples[..width]);
            }
        }
    }
}

struct Run<'a>(&'a Transform, Part<'a>);

impl WithVectors for Run<'_> {
    #[inline(always)]
    fn run<V: Vectors>(self, vectors: V) {
        self.0.blocks(vectors, self.1);
    }
}
