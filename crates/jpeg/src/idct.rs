//! Reduced inverse DCT: n x n samples of a block from its n x n lowest frequencies.
//!
//! With F the coefficients of T.81, A.3.3, and a(0) = 1/sqrt(8), a(u) = 1/2 for the others, `f(x,
//! y) = 128 + sum a(u) a(v) F(u, v) cos((2x + 1) u pi / 2n) cos((2y + 1) v pi / 2n)` over u, v < n.
//! The scale is the same for every n, so that the mean of the block does not change.

use super::idct8::{self, Row8};
use super::row::Row;
use super::script::Quant;
use super::simd::{Vectors, to_sample};

/// The natural position (row * 8 + column) of each zigzag index (T.81, figure A.6).
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// The last zigzag index among the n x n lowest frequencies.
pub(super) fn last_index(n: usize) -> u32 {
    (0..64).rev().find(|&k| usize::from(ZIGZAG[k] >> 3) < n && usize::from(ZIGZAG[k] & 7) < n).unwrap_or(0) as u32
}

/// Blocks transformed side by side, one per lane.
pub(super) const LANES: usize = 8;

type Lanes = [f32; LANES];

/// The transform of one component at one size.
#[derive(Debug, Clone)]
pub(super) struct Transform {
    n: usize,
    /// Quantisation step times a(u) a(v), in zigzag order. For n = 8, that of [`idct8`].
    scale: [f32; 64],
    /// `basis[u][x]` = cos((2x + 1) u pi / 2n)
    basis: [[f32; 8]; 8],
}

impl Transform {
    /// A transform to 8-bit samples, from coefficients that are scaled by `finer`.
    pub fn new(n: usize, quant: &Quant, finer: f64) -> Transform {
        let mut t = Transform { n, scale: [0.0; 64], basis: [[0.0; 8]; 8] };
        if n == 8 {
            t.scale = idct8::scale(quant, finer);
            return t;
        }
        let a = |i| if i == 0 { 0.125f64.sqrt() } else { 0.5 };
        for ((scale, &natural), &step) in t.scale.iter_mut().zip(&ZIGZAG).zip(quant) {
            *scale = (f64::from(step) * a(natural >> 3) * a(natural & 7) / finer) as f32;
        }
        for u in 0..n {
            for x in 0..n {
                t.basis[u][x] = (((2 * x + 1) * u) as f64 * std::f64::consts::PI / (2 * n) as f64).cos() as f32;
            }
        }
        t
    }

    /// Transforms `blocks` blocks of a row from place `first` on; coefficients are read up to the next multiple of [`LANES`].
    /// `out` receives n lines, `line` apart, with n samples per block; up to 8 bytes behind each
    /// line may be overwritten.
    #[inline(always)]
    pub fn blocks<V: Vectors>(&self, vectors: V, row: &Row, first: usize, blocks: usize, out: &mut [u8], line: usize) {
        let (coefficients, pitch) = (&row.coefficients[first..], row.pitch);
        match self.n {
            1 => self.one(&coefficients[..blocks], out),
            2 => self.many::<2, 5>(coefficients, pitch, blocks, out, line),
            3 => self.many::<3, 13>(coefficients, pitch, blocks, out, line),
            4 => self.many::<4, 25>(coefficients, pitch, blocks, out, line),
            5 => self.many::<5, 40>(coefficients, pitch, blocks, out, line),
            6 => self.many::<6, 52>(coefficients, pitch, blocks, out, line),
            7 => self.many::<7, 60>(coefficients, pitch, blocks, out, line),
            _ => {
                let whole = Row8 { scale: &self.scale, coefficients, pitch, blocks, out, line };
                whole.transform(vectors, |place| row.count(first + place));
            }
        }
    }

    #[inline(always)]
    fn one(&self, coefficients: &[i16], out: &mut [u8]) {
        let scale = self.scale[0];
        for (sample, &dc) in out.iter_mut().zip(coefficients) {
            *sample = to_sample(f32::from(dc) * scale + 128.0) as u8;
        }
    }

    /// N samples per side from COUNT coefficients per block.
    #[inline(always)]
    fn many<const N: usize, const COUNT: usize>(
        &self,
        coefficients: &[i16],
        pitch: usize,
        blocks: usize,
        out: &mut [u8],
        line: usize,
    ) {
        let mut basis = [[0.0f32; N]; N];
        for (to, from) in basis.iter_mut().zip(&self.basis) {
            to.copy_from_slice(&from[..N]);
        }
        for place in (0..blocks).step_by(LANES) {
            let mut input = [[[0.0f32; LANES]; N]; N];
            for k in 0..COUNT {
                let (v, u) = (usize::from(ZIGZAG[k] >> 3), usize::from(ZIGZAG[k] & 7));
                if u < N && v < N {
                    let from = &coefficients[k * pitch + place..][..LANES];
                    let scale = self.scale[k];
                    for (to, &c) in input[v][u].iter_mut().zip(from) {
                        *to = f32::from(c) * scale;
                    }
                }
            }
            for dc in &mut input[0][0] {
                *dc += 128.0;
            }
            // Columns, then rows.
            let mut half = [[[0.0f32; LANES]; N]; N];
            for u in 0..N {
                let column: [Lanes; N] = std::array::from_fn(|v| input[v][u]);
                let column = inverse(&basis, &column);
                for (half, value) in half.iter_mut().zip(column) {
                    half[u] = value;
                }
            }
            let here = LANES.min(blocks - place);
            for (y, row) in half.iter().enumerate() {
                let samples = inverse(&basis, row);
                let (low, high) = samples.split_at(N.min(4));
                let (low, high) = (pack(low), pack(high));
                let to = &mut out[y * line + place * N..];
                for lane in 0..here {
                    let both = u64::from(low[lane]) | u64::from(high[lane]) << 32;
                    if let Some(to) = to.get_mut(lane * N..lane * N + 8) {
                        to.copy_from_slice(&both.to_le_bytes());
                    }
                }
            }
        }
    }
}

/// One dimension. The cosines of even frequencies are symmetric, those of odd frequencies
/// antisymmetric.
#[inline(always)]
fn inverse<const N: usize>(basis: &[[f32; N]; N], input: &[Lanes; N]) -> [Lanes; N] {
    let mut output = [[0.0; LANES]; N];
    for x in 0..N.div_ceil(2) {
        let (mut even, mut odd) = (input[0], [0.0; LANES]);
        for u in 1..N {
            let (sum, factor) = (if u % 2 == 0 { &mut even } else { &mut odd }, basis[u][x]);
            for lane in 0..LANES {
                sum[lane] += input[u][lane] * factor;
            }
        }
        for lane in 0..LANES {
            output[x][lane] = even[lane] + odd[lane];
            output[N - 1 - x][lane] = even[lane] - odd[lane];
        }
        if x == N - 1 - x {
            output[x] = even;
        }
    }
    output
}

/// Packs up to four neighbours into the bytes of a word, with rounding and clamping.
#[inline(always)]
pub(super) fn pack(samples: &[Lanes]) -> [u32; LANES] {
    let mut words = [0u32; LANES];
    for (x, samples) in samples.iter().enumerate() {
        for lane in 0..LANES {
            words[lane] |= to_sample(samples[lane]) << (8 * x);
        }
    }
    words
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
                        self.0.blocks(vectors, self.1, 0, 11, self.2, 11 * self.0.n + 8);
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
