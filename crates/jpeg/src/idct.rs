//! Reduced inverse DCT: n x n samples of a block from its n x n lowest frequencies.
//!
//! With F the coefficients of T.81, A.3.3, and a(0) = 1/sqrt(8), a(u) = 1/2 for the others, `f(x,
//! y) = 128 + sum a(u) a(v) F(u, v) cos((2x + 1) u pi / 2n) cos((2y + 1) v pi / 2n)` over u, v < n.
//! The scale is the same for every n, so that the mean of the block does not change.

use super::points;
use super::row::{LANES, Row};
use super::script::Quant;
use super::simd::{Vectors, to_sample};

/// The natural position (row * 8 + column) of each zigzag index (T.81, figure A.6).
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// The last zigzag index among the n x n lowest frequencies.
pub(super) const fn last_index(n: usize) -> u32 {
    let mut k = 63;
    while k > 0 && (ZIGZAG[k] as usize >> 3 >= n || ZIGZAG[k] as usize & 7 >= n) {
        k -= 1;
    }
    k as u32
}

/// The transform of one component at one size.
#[derive(Debug, Clone)]
pub(super) struct Transform {
    n: usize,
    /// Quantisation step times a(u) a(v), in zigzag order. For n = 8, what [`points::eight`] expects.
    scale: [f32; 64],
    /// `basis[u][x]` = cos((2x + 1) u pi / 2n)
    basis: [[f32; 8]; 8],
}

/// Blocks of a row to transform.
pub(super) struct Part<'a> {
    pub row: &'a Row,
    /// The first block, a multiple of [`LANES`], and the number of blocks.
    pub first: usize,
    pub blocks: usize,
    /// Receives n lines, `line` apart, with n samples per block. Up to 8 bytes behind each line may be overwritten.
    pub out: &'a mut [u8],
    pub line: usize,
}

/// Coefficients of eight blocks, then samples. Vectors that lie across two cache lines take longer.
#[derive(Debug, Clone)]
#[repr(align(64))]
struct Eight([f32; 64 * LANES]);

impl Transform {
    /// A transform to 8-bit samples, from coefficients that are scaled by `finer`.
    pub fn new(n: usize, quant: &Quant, finer: f64) -> Transform {
        let a = |i: usize| match (n, i) {
            (8, i) => 1.0 / (8f64.sqrt() * points::FACTORS[i]),
            (_, 0) => 0.125f64.sqrt(),
            _ => 0.5,
        };
        let place = |k: usize| (usize::from(ZIGZAG[k] >> 3), usize::from(ZIGZAG[k] & 7));
        let scale = std::array::from_fn(|k| {
            let (v, u) = place(k);
            (f64::from(quant[k]) * a(v) * a(u) / finer) as f32
        });
        let cosine = |u, x| (((2 * x + 1) * u) as f64 * std::f64::consts::PI / (2 * n) as f64).cos() as f32;
        let basis = std::array::from_fn(|u| std::array::from_fn(|x| cosine(u, x)));
        Transform { n, scale, basis }
    }

    /// Transforms blocks of a row.
    #[inline(always)]
    pub fn blocks<V: Vectors>(&self, vectors: V, part: Part<'_>) {
        match self.n {
            1 => self.one(part),
            2 => self.many::<V, 2>(vectors, part),
            3 => self.many::<V, 3>(vectors, part),
            4 => self.many::<V, 4>(vectors, part),
            5 => self.many::<V, 5>(vectors, part),
            6 => self.many::<V, 6>(vectors, part),
            7 => self.many::<V, 7>(vectors, part),
            _ => self.many::<V, 8>(vectors, part),
        }
    }

    #[inline(always)]
    fn one(&self, part: Part<'_>) {
        let scale = self.scale[0];
        for (sample, &dc) in part.out.iter_mut().zip(&part.row.coefficients[part.first..][..part.blocks]) {
            *sample = to_sample(f32::from(dc) * scale + 128.0) as u8;
        }
    }

    /// N samples per side.
    #[inline(always)]
    fn many<V: Vectors, const N: usize>(&self, vectors: V, part: Part<'_>) {
        let Part { row, first, blocks, out, line } = part;
        let mut m = Eight([0.0; 64 * LANES]);
        for at in (0..blocks).step_by(LANES) {
            let here = LANES.min(blocks - at);
            let group = (first + at) / LANES;
            let groups = row.coefficients.as_chunks::<LANES>().0.get(group..).unwrap_or_default();
            let count = row.count(group);
            if count <= 1 {
                let mut words = [0u64; LANES];
                for (word, &dc) in words.iter_mut().zip(groups.first().unwrap_or(&[0; LANES])) {
                    *word = u64::from(to_sample(f32::from(dc) * self.scale[0] + 128.0)) * 0x0101_0101_0101_0101;
                }
                for y in 0..N {
                    store::<N>(&words, here, &mut out[y * line + at * N..]);
                }
                continue;
            }
            self.load::<N>(groups, row.pitch / LANES, count, &mut m);
            self.both::<V, N>(vectors, count, V::whole(&mut m.0));
            pack::<V, N>(vectors, V::whole(&mut m.0));
            for (y, cells) in m.0.chunks_exact(N * LANES).take(N).enumerate() {
                let word = |x: usize, lane: usize| u64::from(cells[x * LANES + lane].to_bits());
                let mut words = [0; LANES];
                for (lane, to) in words.iter_mut().enumerate() {
                    *to = word(0, lane) | if N > 4 { word(4, lane) << 32 } else { 0 };
                }
                store::<N>(&words, here, &mut out[y * line + at * N..]);
            }
        }
    }

    /// Dequantises the coefficients of a group of blocks, the first of every `pitch`, and moves samples by 128. Coefficients
    /// from `count` on are zero.
    #[inline(always)]
    fn load<const N: usize>(&self, groups: &[[i16; LANES]], pitch: usize, count: usize, m: &mut Eight) {
        let (cells, _) = m.0.as_chunks_mut::<LANES>();
        if N == 8 {
            let from = groups.iter().step_by(pitch).zip(&self.scale).zip(&ZIGZAG).take(count);
            for ((from, &scale), &natural) in from {
                cells[usize::from(natural & 63)] = from.map(|c| f32::from(c) * scale);
            }
            for &natural in ZIGZAG.get(count..).unwrap_or_default() {
                cells[usize::from(natural & 63)] = [0.0; LANES];
            }
        } else {
            let last = const { last_index(N) as usize };
            for (k, (&natural, &scale)) in ZIGZAG.iter().zip(&self.scale).enumerate().take(last + 1) {
                let (v, u) = (usize::from(natural >> 3), usize::from(natural & 7));
                if let (Some(from), true) = (groups.get(k * pitch), u < N && v < N) {
                    cells[v * N + u] = from.map(|c| f32::from(c) * scale);
                }
            }
        }
        for dc in &mut cells[0] {
            *dc += 128.0;
        }
    }

    /// Columns, then rows.
    #[inline(always)]
    fn both<V: Vectors, const N: usize>(&self, vectors: V, count: usize, m: &mut [V::Floats]) {
        // Vectors that the eight lanes take.
        let parts = m.len() / 64;
        let row = |i: usize| i / parts * N * parts + i % parts;
        if N < 8 {
            (0..N * parts).for_each(|i| points::few::<V, N>(vectors, &self.basis, m, i, N * parts));
            (0..N * parts).for_each(|i| points::few::<V, N>(vectors, &self.basis, m, row(i), parts));
        } else if count <= IN_FOUR {
            (0..4 * parts).for_each(|i| points::eight::<V, 4>(vectors, m, i, N * parts));
            (0..N * parts).for_each(|i| points::eight::<V, 4>(vectors, m, row(i), parts));
        } else {
            (0..N * parts).for_each(|i| points::eight::<V, 8>(vectors, m, i, N * parts));
            (0..N * parts).for_each(|i| points::eight::<V, 8>(vectors, m, row(i), parts));
        }
    }
}

/// The first coefficients in zigzag order that lie within four columns and rows.
const IN_FOUR: usize = 10;

/// Stores the first N samples of each of `here` blocks; what is stored behind them is overwritten by the next block.
#[inline(always)]
fn store<const N: usize>(words: &[u64; LANES], here: usize, out: &mut [u8]) {
    let behind = (LANES - 1) * N + 8;
    if let (LANES, Some(out)) = (here, out.get_mut(..behind)) {
        for (lane, word) in words.iter().enumerate() {
            out[lane * N..lane * N + 8].copy_from_slice(&word.to_le_bytes());
        }
        return;
    }
    for (lane, word) in words.iter().enumerate().take(here) {
        if let Some(to) = out.get_mut(lane * N..lane * N + 8) {
            to.copy_from_slice(&word.to_le_bytes());
        }
    }
}

/// Packs the first four samples of each line of N, and the others.
#[inline(always)]
fn pack<V: Vectors, const N: usize>(vectors: V, m: &mut [V::Floats]) {
    // Vectors that the eight lanes take.
    let parts = m.len() / 64;
    for line in m.chunks_exact_mut(N * parts).take(N) {
        for part in 0..parts {
            for x in (0..N).step_by(4) {
                // The next block overwrites what is behind the line.
                let sample = |i: usize| line[(x + i).min(N - 1) * parts + part];
                line[x * parts + part] = vectors.pack([sample(0), sample(1), sample(2), sample(3)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::simd::{WithVectors, dispatch_vectors};
    use super::*;

    #[test]
    fn last_indices() {
        assert_eq!([1, 2, 3, 4, 5, 6, 7, 8].map(last_index), [0, 4, 12, 24, 39, 51, 59, 63]);
    }

    /// Compares with the sum of the module's formula in f64.
    #[test]
    fn transform_is_the_formula() {
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(1664525).wrapping_add(1013904223);
            (state >> 16) as i32
        };
        for n in 1..=8usize {
            let quant: Quant = std::array::from_fn(|k| 1 + k as u16 / 4);
            let t = Transform::new(n, &quant, 1.0);
            let (pitch, count) = (24, 11);
            for kept in [64, 10, 1] {
                let mut row = Row::new(64, count, 1);
                let blocks: Vec<i16> = (0..64 * pitch)
                    .map(|i| {
                        if i / pitch < kept { (random() % 200 - 100) as i16 / (1 + (i / pitch) as i16 / 2) } else { 0 }
                    })
                    .collect();
                row.coefficients.copy_from_slice(&blocks);
                row.extend_all(kept as u32);
                let mut out = vec![0; (count * n + 8) * n];
                struct Run<'a>(&'a Transform, &'a Row, &'a mut [u8]);
                impl WithVectors for Run<'_> {
                    fn run<V: Vectors>(self, vectors: V) {
                        let part = Part { row: self.1, first: 0, blocks: 11, out: self.2, line: 11 * self.0.n + 8 };
                        self.0.blocks(vectors, part);
                    }
                }
                dispatch_vectors(Run(&t, &row, &mut out));
                for place in 0..count {
                    for y in 0..n {
                        for x in 0..n {
                            let mut sum = 128.0;
                            for k in 0..64 {
                                let (v, u) = (usize::from(ZIGZAG[k] / 8), usize::from(ZIGZAG[k] % 8));
                                if u < n && v < n {
                                    let a = |i| if i == 0 { 0.125f64.sqrt() } else { 0.5 };
                                    let c = |x: usize, u: usize| {
                                        ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / (2 * n) as f64).cos()
                                    };
                                    sum += f64::from(blocks[k * pitch + place])
                                        * f64::from(quant[k])
                                        * a(u)
                                        * a(v)
                                        * c(x, u)
                                        * c(y, v);
                                }
                            }
                            let got = f64::from(out[y * (count * n + 8) + place * n + x]);
                            assert!((got - sum.clamp(0.0, 255.0)).abs() <= 0.51, "{n} {place} {x} {y}: {got} {sum}");
                        }
                    }
                }
            }
        }
    }
}
