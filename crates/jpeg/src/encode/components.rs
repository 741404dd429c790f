//! From planes or pixels to the quantised blocks of each component.

use super::super::frame::Frame;
use super::super::simd;
use super::blocks::{Blocks, PushRow, Work};
use super::convert;
use super::quantize::Quantizer;

/// Samples of a component, row by row.
#[derive(Clone, Copy)]
struct Plane<'a> {
    samples: &'a [u8],
    width: usize,
    height: usize,
}

impl<'a> Plane<'a> {
    /// A line; the last is repeated beyond the end.
    fn line(&self, y: usize) -> &'a [u8] {
        &self.samples[y.min(self.height - 1) * self.width..][..self.width]
    }
}

/// The blocks of one component in the making.
struct Target<'a> {
    blocks: Blocks,
    quantizer: &'a Quantizer,
    work: Work,
    /// Samples of the component.
    size: (usize, usize),
    /// Blocks down in an MCU.
    v: usize,
}

impl<'a> Target<'a> {
    /// All of a frame, of which each component has the quantizer that its table says.
    fn all(frame: &Frame, quantizers: &'a [Quantizer]) -> Vec<Self> {
        let target = |c| {
            let (width, height) = frame.samples(c);
            let (columns, rows) = frame.blocks(c);
            Self {
                blocks: Blocks::new(columns as usize, rows as usize),
                quantizer: &quantizers[usize::from(c.table)],
                work: Work::new(),
                size: (width as usize, height as usize),
                v: c.v.into(),
            }
        };
        frame.components.iter().map(target).collect()
    }

    /// A row of blocks from line `y` of a plane on.
    fn push(&mut self, plane: &Plane<'_>, y: usize) {
        let lines = std::array::from_fn(|i| plane.line(y + i));
        let Self { blocks, quantizer, work, .. } = self;
        simd::dispatch_vectors(PushRow { blocks, lines, quantizer, work });
    }
}

/// Of planes, each of its component's size.
pub(super) fn of_planes(frame: &Frame, planes: &[&[u8]], quantizers: &[Quantizer]) -> Vec<Blocks> {
    let mut targets = Target::all(frame, quantizers);
    for (target, samples) in targets.iter_mut().zip(planes) {
        let plane = Plane { samples, width: target.size.0, height: target.size.1 };
        for y in (0..plane.height).step_by(8) {
            target.push(&plane, y);
        }
    }
    targets.into_iter().map(|target| target.blocks).collect()
}

/// Of pixels with N channels, whose first three are red, green and blue, or inks, and whose fourth is stored inverted. Converts a
/// row of MCUs at a time, so that no more than that is there twice.
pub(super) fn of_pixels<const N: usize>(frame: &Frame, pixels: &[u8], quantizers: &[Quantizer]) -> Vec<Blocks> {
    let mut targets = Target::all(frame, quantizers);
    let (width, height) = (frame.width as usize, frame.height as usize);
    let picture = Plane { samples: pixels, width: width * N, height };
    let count = |target: &Target<'_>| target.size.0 * target.size.1.min(target.v * 8);
    let mut lines: Vec<Vec<u8>> = targets.iter().map(|target| vec![0; count(target)]).collect();
    // Columns and lines that share a sample of chroma.
    let (across, down) = (frame.h_max() as usize, frame.v_max() as usize);
    let mut sums = vec![[0u16; N]; width.div_ceil(across)];
    for y in (0..height).step_by(8 * down) {
        for (i, line) in lines[0].chunks_exact_mut(width).enumerate() {
            let from = picture.line(y + i);
            simd::dispatch(
                #[inline(always)]
                || convert::luma::<N>(from, line),
            );
        }
        let [_, blue, red, inks @ ..] = &mut lines[..] else { return Vec::new() };
        let chroma = blue.chunks_exact_mut(sums.len()).zip(red.chunks_exact_mut(sums.len()));
        for (i, (blue, red)) in chroma.enumerate() {
            let from = [picture.line(y + i * down), picture.line(y + i * down + down - 1)];
            simd::dispatch(
                #[inline(always)]
                || {
                    convert::sums::<N>(&from[..down], across, &mut sums);
                    convert::chroma(&sums, (across * down).ilog2(), blue, red);
                },
            );
        }
        if let [black] = inks {
            for (i, line) in black.chunks_exact_mut(width).enumerate() {
                let (from, _) = picture.line(y + i).as_chunks::<N>();
                line.iter_mut().zip(from).for_each(|(black, pixel)| *black = 255 - pixel[N - 1]);
            }
        }
        for (target, lines) in targets.iter_mut().zip(&lines) {
            let width = target.size.0;
            // Lines beyond the picture repeat its last one.
            let plane = Plane { samples: lines, width, height: lines.len() / width };
            let left = (target.size.1 - y / down * target.v).div_ceil(8).min(target.v);
            (0..left).for_each(|row| target.push(&plane, row * 8));
        }
    }
    targets.into_iter().map(|target| target.blocks).collect()
}
