//! Resizes component planes with a three-lobed Lanczos kernel, columns before rows.
//!
//! Eight output lines are made at a time. The vertical pass writes them transposed, eight to a
//! vector, so that the horizontal pass works on whole vectors too. Nothing is rounded in between.

use std::cell::RefCell;
use std::rc::Rc;

use super::frame::ColorSpace;
use super::plane::Plane;
use super::planes::Planes;
use super::simd;

/// Output lines made at a time.
const LINES: usize = 8;
/// Sets of weights cached per thread.
const KEPT: usize = 16;

/// A region of the picture, in full-size pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// Distance from the left edge.
    pub left: f64,
    /// Distance from the upper edge.
    pub top: f64,
    /// Width of the region.
    pub width: f64,
    /// Height of the region.
    pub height: f64,
}

/// For each output sample, its first source sample and the weights of that and the following
/// samples.
#[derive(Debug)]
struct Weights {
    taps: usize,
    first: Vec<u32>,
    weights: Vec<f32>,
}

/// The parameters of a set of weights: source samples, output samples, start and length of the
/// region in source samples, sharpening.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Axis {
    source: u32,
    result: u32,
    start: f64,
    length: f64,
    sharpen: f64,
}

fn lanczos3(x: f64) -> f64 {
    let x = x.abs() * std::f64::consts::PI;
    if x < 1e-8 {
        1.0
    } else if x < 3.0 * std::f64::consts::PI {
        3.0 * x.sin() * (x / 3.0).sin() / (x * x)
    } else {
        0.0
    }
}

impl Weights {
    fn new(axis: &Axis) -> Weights {
        let scale = axis.length / f64::from(axis.result);
        let stretch = scale.max(1.0);
        let reach = 3.0 * stretch + if axis.sharpen == 0.0 { 0.0 } else { 1.0 };
        let taps = ((2.0 * reach).ceil() as usize + 1).min(axis.source as usize);
        let mut weights = Weights {
            taps,
            first: Vec::with_capacity(axis.result as usize),
            weights: Vec::with_capacity(axis.result as usize * taps),
        };
        let mut line = vec![0.0f64; taps];
        for i in 0..axis.result {
            let center = axis.start + (f64::from(i) + 0.5) * scale - 0.5;
            let first = ((center - reach).ceil().max(0.0) as usize).min(axis.source as usize - taps);
            let kernel = |at: f64| lanczos3((at - center) / stretch);
            for (j, weight) in line.iter_mut().enumerate() {
                let at = (first + j) as f64;
                *weight = kernel(at);
                if axis.sharpen != 0.0 {
                    *weight += axis.sharpen * (2.0 * *weight - kernel(at - 1.0) - kernel(at + 1.0));
                }
            }
            let sum: f64 = line.iter().sum();
            let scale = if sum.abs() > 1e-9 { 1.0 / sum } else { 1.0 };
            weights.first.push(first as u32);
            weights.weights.extend(line.iter().map(|w| (w * scale) as f32));
        }
        weights
    }

    /// Returns cached weights if possible. Pictures of a batch often share a size, and so do the
    /// two chroma planes of each.
    fn of(axis: Axis) -> Rc<Weights> {
        thread_local! {
            static SHELF: RefCell<Vec<(Axis, Rc<Weights>)>> = const { RefCell::new(Vec::new()) };
        }
        SHELF.with_borrow_mut(|shelf| {
            if let Some(found) = shelf.iter().position(|(a, _)| *a == axis) {
                shelf[..=found].rotate_right(1);
            } else {
                shelf.truncate(KEPT - 1);
                shelf.insert(0, (axis, Rc::new(Weights::new(&axis))));
            }
            shelf[0].1.clone()
        })
    }

    fn line(&self, i: usize) -> (usize, &[f32]) {
        (self.first[i] as usize, &self.weights[i * self.taps..][..self.taps])
    }
}

type Lanes = [f32; LINES];

impl Planes {
    /// Resizes `region` of the picture to `width` x `height`. All resulting planes have that size.
    /// Subsampled planes, and planes decoded at different sizes, are aligned by their extents.
    pub fn resize(&self, region: Region, width: u32, height: u32) -> Planes {
        let (width, height) = (width.max(1), height.max(1));
        let planes = self.planes.iter().map(|plane| self.resized(plane, region, (width, height))).collect();
        self.with_planes(width, height, planes)
    }

    /// Resizes `region` to `width` x `height` as luma, Cb and Cr for another JPEG, with one chroma
    /// sample per `share.0` columns and `share.1` rows. Returns None unless these planes are YCbCr.
    pub fn resize_shared(&self, region: Region, width: u32, height: u32, share: (u32, u32)) -> Option<[Vec<u8>; 3]> {
        let (ColorSpace::YCbCr, [luma, cb, cr]) = (self.color, &self.planes[..]) else { return None };
        // The last chroma sample may extend beyond the edge.
        let (across, down) = (width.div_ceil(share.0), height.div_ceil(share.1));
        let wider = Region {
            width: region.width * f64::from(across * share.0) / f64::from(width),
            height: region.height * f64::from(down * share.1) / f64::from(height),
            ..region
        };
        let chroma = |plane| self.resized(plane, wider, (across, down));
        Some([self.resized(luma, region, (width, height)), chroma(cb), chroma(cr)])
    }

    /// Returns these planes without resizing, if they are at full size and have this subsampling
    /// already.
    pub fn shared(&self, share: (u32, u32)) -> Option<[Vec<u8>; 3]> {
        let (ColorSpace::YCbCr, [luma, cb, cr]) = (self.color, &self.planes[..]) else { return None };
        let is = |plane: &Plane, x: u32, y: u32| {
            plane.extent == (self.full.0 / f64::from(x), self.full.1 / f64::from(y))
                && f64::from(plane.width) == plane.extent.0.ceil()
                && f64::from(plane.height) == plane.extent.1.ceil()
        };
        let all = is(luma, 1, 1) && is(cb, share.0, share.1) && is(cr, share.0, share.1);
        all.then(|| [luma, cb, cr].map(|plane| plane.data.clone()))
    }

    fn resized(&self, plane: &Plane, region: Region, (width, height): (u32, u32)) -> Vec<u8> {
        let (x, y) = (plane.extent.0 / self.full.0, plane.extent.1 / self.full.1);
        let axis =
            |source, result, start, length, sharpen| Weights::of(Axis { source, result, start, length, sharpen });
        let across = axis(plane.width, width, region.left * x, region.width * x, plane.sharpen);
        let down = axis(plane.height, height, region.top * y, region.height * y, plane.sharpen);
        let mut data = vec![0; width as usize * height as usize];
        simd::dispatch(
            #[inline(always)]
            || resize(plane, &across, &down, &mut data, width as usize),
        );
        data
    }
}

#[inline(always)]
fn resize(plane: &Plane, across: &Weights, down: &Weights, out: &mut [u8], width: usize) {
    // Compute only the columns that the output needs.
    let from = across.first.iter().copied().min().unwrap_or(0) as usize;
    let to = across.first.iter().copied().max().unwrap_or(0) as usize + across.taps;
    let needed = to - from;
    let mut lines = vec![0.0f32; needed * LINES];
    let mut columns: Vec<Lanes> = vec![[0.0; LINES]; needed];
    let mut bytes = vec![[0u8; LINES]; width];
    for (group, out) in out.chunks_mut(width * LINES).enumerate() {
        let count = out.len() / width;
        for (i, sums) in lines.chunks_exact_mut(needed).enumerate().take(count) {
            let (first, weights) = down.line(group * LINES + i);
            let source = |line: usize| &plane.data[(first + line) * plane.width as usize + from..][..needed];
            vertical(sums, weights, source);
        }
        transpose(&lines, &mut columns);
        for (x, bytes) in bytes.iter_mut().enumerate() {
            let (first, weights) = across.line(x);
            let mut sum = [0.0f32; LINES];
            for (&weight, column) in weights.iter().zip(&columns[first - from..]) {
                for lane in 0..LINES {
                    sum[lane] += column[lane] * weight;
                }
            }
            *bytes = sum.map(|v| simd::to_sample(v) as u8);
        }
        for (line, out) in out.chunks_exact_mut(width).enumerate() {
            for (to, bytes) in out.iter_mut().zip(&bytes) {
                *to = bytes[line];
            }
        }
    }
}

/// A weighted sum of lines, four at a time, to load and store the sums less often.
#[inline(always)]
fn vertical<'s>(sums: &mut [f32], weights: &[f32], source: impl Fn(usize) -> &'s [u8]) {
    sums.fill(0.0);
    let mut line = 0;
    let mut fours = weights.chunks_exact(4);
    for w in &mut fours {
        let lines = source(line).iter().zip(source(line + 1)).zip(source(line + 2)).zip(source(line + 3));
        for (sum, (((&a, &b), &c), &d)) in sums.iter_mut().zip(lines) {
            *sum += (f32::from(a) * w[0] + f32::from(b) * w[1]) + (f32::from(c) * w[2] + f32::from(d) * w[3]);
        }
        line += 4;
    }
    for &w in fours.remainder() {
        for (sum, &a) in sums.iter_mut().zip(source(line)) {
            *sum += f32::from(a) * w;
        }
        line += 1;
    }
}

/// Transposes eight consecutive lines to one line of eight values each.
#[inline(always)]
fn transpose(lines: &[f32], columns: &mut [Lanes]) {
    let length = columns.len();
    let line = |i: usize| &lines[i * length..][..length];
    let halves = |i: usize| line(i).iter().zip(line(i + 1)).zip(line(i + 2).iter().zip(line(i + 3)));
    for (to, (((a, b), (c, d)), ((e, f), (g, h)))) in columns.iter_mut().zip(halves(0).zip(halves(4))) {
        *to = [*a, *b, *c, *d, *e, *f, *g, *h];
    }
}
