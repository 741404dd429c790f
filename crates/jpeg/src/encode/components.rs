//! From planes or pixels to the blocks of each component.

use super::super::frame::{Component, Frame};
use super::super::simd;
use super::Samples;
use super::blocks::{self, Blocks, PushRow};
use super::convert;
use super::kept::{self, KeepRow, Kept};
use super::quantize::Quantizer;
use super::transform::Sample;
use super::wide::{self, Chroma};

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

/// What blocks are made of eight lines.
pub(super) trait Rows {
    /// A row of blocks.
    fn push<S: Sample>(&mut self, lines: [&[S]; 8]);
}

/// Quantises them at once.
pub(super) struct Quantize<'a> {
    blocks: Blocks,
    quantizer: &'a Quantizer,
    work: blocks::Work,
}

impl<'a> Quantize<'a> {
    /// Of a component, with the quantizer that its table says.
    pub fn new(frame: &Frame, component: &Component, quantizers: &'a [Quantizer]) -> Self {
        let (columns, rows) = frame.blocks(component);
        let quantizer = &quantizers[usize::from(component.table)];
        Self { blocks: Blocks::new(columns as usize, rows as usize), quantizer, work: blocks::Work::new() }
    }

    pub fn finish(self) -> Blocks {
        self.blocks
    }
}

impl Rows for Quantize<'_> {
    fn push<S: Sample>(&mut self, lines: [&[S]; 8]) {
        let Self { blocks, quantizer, work } = self;
        simd::dispatch_vectors(PushRow { blocks, lines, quantizer, work });
    }
}

/// Keeps them whole.
pub(super) struct Keep {
    kept: Kept,
    work: kept::Work,
}

impl Keep {
    pub fn new(frame: &Frame, component: &Component) -> Self {
        let (columns, rows) = frame.blocks(component);
        Self { kept: Kept::new(columns as usize, rows as usize), work: kept::Work::new() }
    }

    pub fn finish(self) -> Kept {
        self.kept
    }
}

impl Rows for Keep {
    fn push<S: Sample>(&mut self, lines: [&[S]; 8]) {
        let Self { kept, work } = self;
        simd::dispatch_vectors(KeepRow { kept, lines, work });
    }
}

/// A component in the making.
struct Target<R> {
    rows: R,
    /// Samples of the component.
    size: (usize, usize),
    /// Blocks down in an MCU.
    v: usize,
}

impl<R: Rows> Target<R> {
    /// All of a frame.
    fn all(frame: &Frame, make: impl Fn(&Component) -> R) -> Vec<Self> {
        let target = |c| {
            let (width, height) = frame.samples(c);
            Self { rows: make(c), size: (width as usize, height as usize), v: c.v.into() }
        };
        frame.components.iter().map(target).collect()
    }

    /// A row of blocks from line `y` of a plane on.
    fn push(&mut self, plane: &Plane<'_>, y: usize) {
        self.rows.push(std::array::from_fn(|i| plane.line(y + i)));
    }
}

/// Of planes, each of its component's size.
pub(super) fn of_planes<R: Rows>(frame: &Frame, planes: &[&[u8]], make: impl Fn(&Component) -> R) -> Vec<R> {
    let mut targets = Target::all(frame, make);
    for (target, samples) in targets.iter_mut().zip(planes) {
        let plane = Plane { samples, width: target.size.0, height: target.size.1 };
        for y in (0..plane.height).step_by(8) {
            target.push(&plane, y);
        }
    }
    targets.into_iter().map(|target| target.rows).collect()
}

/// Of pixels with N channels, whose first three are red, green and blue, or inks, and whose fourth is stored inverted. Converts a
/// row of MCUs at a time, so that no more than that is there twice.
pub(super) fn of_pixels<const N: usize, R: Rows>(
    frame: &Frame,
    pixels: &[u8],
    make: impl Fn(&Component) -> R,
) -> Vec<R> {
    let mut targets = Target::all(frame, make);
    let (width, height) = (frame.width as usize, frame.height as usize);
    let count = |target: &Target<R>| target.size.0 * target.size.1.min(target.v * 8);
    let mut lines: Vec<Vec<u8>> = targets.iter().map(|target| vec![0; count(target)]).collect();
    // Columns and lines that share a sample of chroma.
    let (across, down) = (frame.h_max() as usize, frame.v_max() as usize);
    let small = width.div_ceil(across);
    let mut parts = vec![[0; N].map(|_: u8| vec![0; width]); 8 * down];
    let bands = pixels[..width * height * N].chunks(width * N * 8 * down);
    for (top, band) in bands.enumerate() {
        let full = band.chunks_exact(width * N);
        let last = full.len() - 1;
        simd::dispatch(
            #[inline(always)]
            || {
                for (pixels, parts) in full.zip(&mut parts) {
                    convert::part::<N>(pixels, parts.each_mut().map(Vec::as_mut_slice));
                }
            },
        );
        // The last line is repeated.
        let channels = |y: usize| [0, 1, 2].map(|channel| &parts[y.min(last)][channel][..]);
        let [luma, blue, red, inks @ ..] = &mut lines[..] else { return Vec::new() };
        simd::dispatch(
            #[inline(always)]
            || {
                for (i, line) in luma.chunks_exact_mut(width).enumerate() {
                    convert::luma(channels(i), line);
                }
                let chroma = blue.chunks_exact_mut(small).zip(red.chunks_exact_mut(small));
                for (i, (blue, red)) in chroma.enumerate() {
                    let lines = [channels(i * down), channels(i * down + down - 1)];
                    match across {
                        1 => convert::chroma::<1>(lines, blue, red),
                        _ => convert::chroma::<2>(lines, blue, red),
                    }
                }
            },
        );
        if let [black] = inks {
            for (i, line) in black.chunks_exact_mut(width).enumerate() {
                let from = &parts[i.min(last)][N - 1];
                line.iter_mut().zip(from).for_each(|(black, ink)| *black = 255 - ink);
            }
        }
        for (target, lines) in targets.iter_mut().zip(&lines) {
            let width = target.size.0;
            // Lines beyond the picture repeat its last one.
            let plane = Plane { samples: lines, width, height: lines.len() / width };
            let left = (target.size.1 - top * target.v * 8).div_ceil(8).min(target.v);
            (0..left).for_each(|row| target.push(&plane, row * 8));
        }
    }
    targets.into_iter().map(|target| target.rows).collect()
}

/// Of any samples; pixels as `wide` makes luma and chroma of them.
pub(super) fn of_samples<R: Rows>(
    frame: &Frame,
    samples: Samples<'_>,
    chroma: Option<Chroma>,
    make: impl Fn(&Component) -> R,
) -> Vec<R> {
    match (samples, chroma) {
        (Samples::Grey(samples), _) => of_planes(frame, &[samples], make),
        (Samples::YCbCr(planes), _) => of_planes(frame, &planes, make),
        (Samples::Rgb(pixels), None) => of_pixels::<3, R>(frame, pixels, make),
        (Samples::Cmyk(pixels), None) => of_pixels::<4, R>(frame, pixels, make),
        (Samples::Rgb(pixels), Some(chroma)) => of_bands::<3, R>(frame, pixels, chroma, make),
        (Samples::Cmyk(pixels), Some(chroma)) => of_bands::<4, R>(frame, pixels, chroma, make),
    }
}

fn of_bands<const N: usize, R: Rows>(
    frame: &Frame,
    pixels: &[u8],
    chroma: Chroma,
    make: impl Fn(&Component) -> R,
) -> Vec<R> {
    let mut all: Vec<R> = frame.components.iter().map(make).collect();
    wide::bands::<N>(frame, pixels, chroma, |component, lines| {
        for y in (0..lines.count()).step_by(8) {
            all[component].push(std::array::from_fn(|i| lines.line(y + i)));
        }
    });
    all
}
