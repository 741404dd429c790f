//! Forward DCT of eight blocks side by side, one to a lane.
//!
//! The transform is that of Arai, Agui and Nakajima (1988) in floating point: five multiplications for eight points; what it
//! leaves to scale goes into the quantisation. Lanes are blocks, so that both directions run without a transposition of
//! floats; bytes are transposed instead when they are loaded.

use super::super::points::FACTORS;
use super::super::simd::Vectors;
use super::wide::FRACTION;

/// Blocks transformed side by side.
pub(super) const LANES: usize = 8;

/// Samples or coefficients of eight blocks.
pub(super) const COUNT: usize = 64 * LANES;

/// Vectors that lie across two cache lines take longer.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Aligned<T>(pub T);

/// Lines of eight blocks that stand side by side.
pub(super) type Lines<S> = [[S; 8 * LANES]; 8];

/// What lines are made of.
pub(super) trait Sample: Copy + Default {
    /// Samples in natural order, those of eight blocks together.
    fn spread(lines: &Lines<Self>, out: &mut Coefficients);
}

impl Sample for u8 {
    #[inline(always)]
    fn spread(lines: &Lines<u8>, out: &mut Coefficients) {
        let mut bytes = Aligned([0u8; COUNT]);
        for (line, row) in lines.iter().zip(bytes.0.as_chunks_mut::<64>().0) {
            let (blocks, _) = line.as_chunks::<8>();
            let words = std::array::from_fn(|block| u64::from_le_bytes(blocks[block]));
            for (word, lanes) in transpose(words).iter().zip(row.as_chunks_mut::<8>().0) {
                *lanes = word.to_le_bytes();
            }
        }
        for (float, &byte) in out.0.iter_mut().zip(&bytes.0) {
            *float = f32::from(byte);
        }
    }
}

/// With [`FRACTION`] bits of fraction.
impl Sample for i16 {
    #[inline(always)]
    fn spread(lines: &Lines<i16>, out: &mut Coefficients) {
        for (line, row) in lines.iter().zip(out.0.as_chunks_mut::<64>().0) {
            let (blocks, _) = line.as_chunks::<8>();
            let (lanes, _) = row.as_chunks_mut::<LANES>();
            for (x, lanes) in lanes.iter_mut().enumerate() {
                *lanes = std::array::from_fn(|lane| f32::from(blocks[lane][x]) * (1.0 / (1 << FRACTION) as f32));
            }
        }
    }
}

/// Coefficients in natural order (row * 8 + column), those of eight blocks together, each to be divided by 8 [`scale`].
pub(super) type Coefficients = Aligned<[f32; COUNT]>;

/// By how much the transform leaves a coefficient too large, apart from 8.
pub(super) fn scale(natural: usize) -> f64 {
    FACTORS[natural / 8] * FACTORS[natural % 8]
}

/// Transforms samples, from which 128 is taken.
#[inline(always)]
pub(super) fn forward<V: Vectors, S: Sample>(vectors: V, lines: &Lines<S>, out: &mut Coefficients) {
    S::spread(lines, out);
    let m = V::whole(&mut out.0);
    // Vectors that the eight lanes take.
    let parts = m.len() / 64;
    for row in 0..8 {
        for part in 0..parts {
            points(vectors, m, row * 8 * parts + part, parts);
        }
    }
    for column in 0..8 * parts {
        points(vectors, m, column, 8 * parts);
    }
    for sum in &mut out.0[..LANES] {
        *sum -= 128.0 * 64.0;
    }
}

/// A matrix of 8 x 8 bytes, transposed by swapping ever smaller squares.
#[inline(always)]
pub(super) fn transpose(mut m: [u64; 8]) -> [u64; 8] {
    for (distance, shift, mask) in [(4, 32, 0xFFFF_FFFF), (2, 16, 0x0000_FFFF_0000_FFFF), (1, 8, 0x00FF_00FF_00FF_00FF)]
    {
        for i in (0..8).filter(|i| i & distance == 0) {
            let swap = (m[i] >> shift ^ m[i + distance]) & mask;
            m[i] ^= swap << shift;
            m[i + distance] ^= swap;
        }
    }
    m
}

/// Eight points at `m[at]`, `m[at + step]` ..., in all lanes.
#[inline(always)]
fn points<V: Vectors>(vectors: V, m: &mut [V::Floats], at: usize, step: usize) {
    let p = |i: usize| at + i * step;
    let add = |a, b| vectors.add(a, b);
    let sub = |a, b| vectors.sub(a, b);
    let mul = |a, k| vectors.mul(a, k);
    let (s0, d0) = (add(m[p(0)], m[p(7)]), sub(m[p(0)], m[p(7)]));
    let (s1, d1) = (add(m[p(1)], m[p(6)]), sub(m[p(1)], m[p(6)]));
    let (s2, d2) = (add(m[p(2)], m[p(5)]), sub(m[p(2)], m[p(5)]));
    let (s3, d3) = (add(m[p(3)], m[p(4)]), sub(m[p(3)], m[p(4)]));

    let (t0, t3) = (add(s0, s3), sub(s0, s3));
    let (t1, t2) = (add(s1, s2), sub(s1, s2));
    m[p(0)] = add(t0, t1);
    m[p(4)] = sub(t0, t1);
    let z = mul(add(t2, t3), 0.707_106_77);
    m[p(2)] = add(t3, z);
    m[p(6)] = sub(t3, z);

    let (t0, t1, t2) = (add(d3, d2), add(d2, d1), add(d1, d0));
    let z5 = mul(sub(t0, t2), 0.382_683_43);
    let z2 = add(mul(t0, 0.541_196_1), z5);
    let z4 = add(mul(t2, 1.306_563), z5);
    let z3 = mul(t1, 0.707_106_77);
    let (z11, z13) = (add(d0, z3), sub(d0, z3));
    m[p(5)] = add(z13, z2);
    m[p(3)] = sub(z13, z2);
    m[p(1)] = add(z11, z4);
    m[p(7)] = sub(z11, z4);
}

#[cfg(test)]
mod tests {
    use super::super::super::simd::{WithVectors, dispatch_vectors};
    use super::*;
    use std::f64::consts::PI;

    /// Against the formula of T.81, A.3.3, in f64.
    #[test]
    fn transform_is_the_formula() {
        let mut state = 1u32;
        let lines: Lines<u8> = std::array::from_fn(|_| {
            std::array::from_fn(|x| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if x < 8 { 255 * (state >> 31) as u8 } else { (state >> 24) as u8 }
            })
        });
        let mut got = Aligned([0.0; COUNT]);
        struct Forward<'a>(&'a Lines<u8>, &'a mut Coefficients);
        impl WithVectors for Forward<'_> {
            fn run<V: Vectors>(self, vectors: V) {
                forward(vectors, self.0, self.1);
            }
        }
        dispatch_vectors(Forward(&lines, &mut got));
        let cos = |x: usize, u: usize| ((2 * x + 1) as f64 * u as f64 * PI / 16.0).cos();
        let c = |u: usize| if u == 0 { 0.5f64.sqrt() } else { 1.0 };
        for lane in 0..LANES {
            for natural in 0..64 {
                let (v, u) = (natural / 8, natural % 8);
                let sum: f64 = (0..64)
                    .map(|i| (f64::from(lines[i / 8][lane * 8 + i % 8]) - 128.0) * cos(i % 8, u) * cos(i / 8, v))
                    .sum();
                let want = 0.25 * c(u) * c(v) * sum;
                let got = f64::from(got.0[natural * LANES + lane]) / (8.0 * scale(natural));
                assert!((got - want).abs() < 2e-3, "block {lane} {u},{v}: {got} {want}");
            }
        }
    }

    #[test]
    fn bytes_are_transposed() {
        let m = std::array::from_fn(|row| u64::from_le_bytes(std::array::from_fn(|column| (row * 8 + column) as u8)));
        for (column, word) in transpose(m).iter().enumerate() {
            assert_eq!(word.to_le_bytes(), std::array::from_fn(|row| (row * 8 + column) as u8));
        }
    }
}
