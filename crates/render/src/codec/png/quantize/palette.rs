//! Chooses the colours: groups of colours are halved where that removes most of the error, then
//! each entry moves to the mean of the colours nearest to it.

use super::{Point, distance, pixel, point};

/// The most entries of a palette.
const MOST: usize = 256;

/// A group of similar pixels.
#[derive(Clone, Copy, Debug)]
struct Sample {
    point: Point,
    /// The number of pixels.
    count: f32,
}

/// Entries, as points and as pixels.
#[derive(Debug, Default)]
pub struct Entries {
    pub points: Vec<Point>,
    pub pixels: Vec<[u8; 4]>,
    /// For each entry, a quarter of the squared distance to the nearest other one. A point that is
    /// nearer than that has no nearer entry.
    near: Vec<f32>,
}

/// The colours of opaque and of translucent pixels. Transparent ones have an entry without colour.
#[derive(Debug)]
pub struct Palette {
    pub opaque: Entries,
    pub translucent: Entries,
}

impl Palette {
    /// Enough colours for a mean squared error of `error`, if 256 are enough.
    pub fn of(pixels: &[[u8; 4]], error: f64, rounds: usize) -> Self {
        let is_transparent = pixels.iter().any(|p| p[3] == 0);
        let most = MOST - usize::from(is_transparent);
        let opaque = samples(pixels, |alpha| alpha == 255);
        let translucent = samples(pixels, |alpha| alpha != 255 && alpha != 0);
        let total: f64 = pixels.iter().filter(|p| p[3] != 0).count() as f64 * error;
        let mut groups: Vec<Group> = Vec::with_capacity(most);
        groups.extend(Group::of(opaque, true));
        groups.extend(Group::of(translucent, false));
        while groups.len() < most && groups.iter().map(|b| b.error).sum::<f64>() > total {
            let Some(worst) = groups.iter_mut().max_by(|a, b| a.error.total_cmp(&b.error)) else { break };
            if let Some((first, second)) = worst.halved() {
                *worst = first;
                groups.push(second);
            }
        }
        let entries = |is_opaque: bool| {
            let of_class: Vec<&Group> = groups.iter().filter(|b| b.is_opaque == is_opaque).collect();
            let samples: Vec<Sample> = of_class.iter().flat_map(|b| b.samples.iter().copied()).collect();
            Entries::of(of_class.iter().map(|b| b.mean).collect(), &samples, is_opaque, rounds)
        };
        Self { opaque: entries(true), translucent: entries(false) }
    }
}

impl Entries {
    fn of(points: Vec<Point>, samples: &[Sample], is_opaque: bool, rounds: usize) -> Self {
        let mut out = Self { points, ..Self::default() };
        out.measure();
        for _ in 0..rounds {
            let mut sums = vec![([0.0f64; 4], 0.0f64); out.points.len()];
            let mut last = 0;
            for sample in samples {
                last = out.nearest(sample.point, last);
                let (sum, count) = &mut sums[last];
                (0..4).for_each(|c| sum[c] += f64::from(sample.point[c] * sample.count));
                *count += f64::from(sample.count);
            }
            for (entry, (sum, count)) in out.points.iter_mut().zip(&sums) {
                if *count > 0.0 {
                    *entry = sum.map(|v| (v / count) as f32);
                }
            }
            out.measure();
        }
        // What is dithered against is what the file will hold.
        let rounded = |&p: &Point| match (pixel(p), is_opaque) {
            ([r, g, b, _], true) => [r, g, b, 255],
            ([r, g, b, alpha], false) => [r, g, b, alpha.min(254)],
        };
        out.pixels = out.points.iter().map(rounded).collect();
        out.points = out.pixels.iter().map(|&p| point(p)).collect();
        out.measure();
        out
    }

    fn measure(&mut self) {
        let nearest = |(i, &a): (usize, &Point)| {
            let others = self.points.iter().enumerate().filter(|(j, _)| *j != i);
            others.map(|(_, &b)| distance(a, b)).fold(f32::MAX, f32::min) / 4.0
        };
        self.near = self.points.iter().enumerate().map(nearest).collect();
    }

    /// The index of the nearest entry; `guess` is tried first.
    pub fn nearest(&self, wanted: Point, guess: usize) -> usize {
        let mut best = (distance(self.points[guess], wanted), guess);
        if best.0 < self.near[guess] {
            return guess;
        }
        for (i, &entry) in self.points.iter().enumerate() {
            let d = distance(entry, wanted);
            if d < best.0 {
                best = (d, i);
            }
        }
        best.1
    }
}

/// The pixels of this alpha, grouped by their six highest bits.
fn samples(pixels: &[[u8; 4]], is_of_class: impl Fn(u8) -> bool) -> Vec<Sample> {
    let key = |p: [u8; 4]| {
        // Premultiplied, so that colours of faint pixels fall together.
        let v = |c: usize| (u32::from(p[c]) * u32::from(p[3]) / 255) >> 2;
        v(0) << 18 | v(1) << 12 | v(2) << 6 | u32::from(p[3]) >> 2
    };
    let mut all: Vec<(u32, [u8; 4])> = pixels.iter().filter(|p| is_of_class(p[3])).map(|&p| (key(p), p)).collect();
    all.sort_unstable();
    let sample = |group: &[(u32, [u8; 4])]| {
        let mut sum = [0.0f64; 4];
        for (_, p) in group {
            let point = point(*p);
            (0..4).for_each(|c| sum[c] += f64::from(point[c]));
        }
        let count = group.len() as f64;
        Sample { point: sum.map(|v| (v / count) as f32), count: count as f32 }
    };
    all.chunk_by(|a, b| a.0 == b.0).map(sample).collect()
}

/// Samples that get one entry.
struct Group {
    samples: Vec<Sample>,
    is_opaque: bool,
    mean: Point,
    /// The sum of squared errors.
    error: f64,
    /// The channel that has most of it.
    widest: usize,
}

impl Group {
    fn of(samples: Vec<Sample>, is_opaque: bool) -> Option<Self> {
        if samples.is_empty() {
            return None;
        }
        let (mut sum, mut squares, mut count) = ([0.0f64; 4], [0.0f64; 4], 0.0f64);
        for sample in &samples {
            let n = f64::from(sample.count);
            for c in 0..4 {
                let v = f64::from(sample.point[c]);
                sum[c] += v * n;
                squares[c] += v * v * n;
            }
            count += n;
        }
        let errors = [0, 1, 2, 3].map(|c| (squares[c] - sum[c] * sum[c] / count).max(0.0));
        let widest = (0..4).max_by(|&a, &b| errors[a].total_cmp(&errors[b])).unwrap_or(0);
        let mean = sum.map(|v| (v / count) as f32);
        Some(Self { samples, is_opaque, mean, error: errors.iter().sum(), widest })
    }

    /// Two groups, cut across the widest channel where the error that is left is least.
    fn halved(&mut self) -> Option<(Self, Self)> {
        if self.samples.len() < 2 {
            // Equal pixels: what error there is comes from rounding.
            self.error = 0.0;
            return None;
        }
        let c = self.widest;
        self.samples.sort_unstable_by(|a, b| a.point[c].total_cmp(&b.point[c]));
        let total = self
            .samples
            .iter()
            .fold((0.0, 0.0), |(sum, n), s| (sum + f64::from(s.point[c] * s.count), n + f64::from(s.count)));
        let (mut sum, mut n, mut best) = (0.0, 0.0, (f64::MIN, 1));
        for (i, s) in self.samples[..self.samples.len() - 1].iter().enumerate() {
            sum += f64::from(s.point[c] * s.count);
            n += f64::from(s.count);
            let (rest, other) = (total.0 - sum, total.1 - n);
            let gain = sum * sum / n + rest * rest / other;
            if gain > best.0 {
                best = (gain, i + 1);
            }
        }
        let rest = self.samples.split_off(best.1);
        let first = std::mem::take(&mut self.samples);
        Some((Self::of(first, self.is_opaque)?, Self::of(rest, self.is_opaque)?))
    }
}
