//! The whole inverse DCT: 8 x 8 samples of a block, eight blocks side by side, one to a lane.
//!
//! The transform is that of Arai, Agui and Nakajima (1988) in floating point, as in the encoder, with its steps in reverse:
//! five multiplications for eight points. The scale that it leaves over is part of the dequantisation.

use super::idct::{LANES, ZIGZAG, pack};
use super::script::Quant;
use super::simd::{Vectors, to_sample};

/// Samples or coefficients of eight blocks.
const COUNT: usize = 64 * LANES;

/// Coefficients in natural order (row * 8 + column), then samples, those of eight blocks together. Vectors that lie across two
/// cache lines take longer.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Block8([f32; COUNT]);

/// 1, and cos(u pi / 16) sqrt 2 for u from 1 on.
const FACTORS: [f64; 8] = [
    1.0,
    1.387_039_845_322_147_5,
    1.306_562_964_876_376_5,
    1.175_875_602_419_358_7,
    1.0,
    0.785_694_958_387_102_1,
    0.541_196_100_146_196_9,
    0.275_899_379_282_943,
];

/// The highest zigzag index, plus one, of coefficients in the first four columns and rows only.
const FOURS: usize = 10;

/// Factors of the coefficients in zigzag order.
pub(super) fn scale(quant: &Quant, finer: f64) -> [f32; 64] {
    std::array::from_fn(|k| {
        let (v, u) = (usize::from(ZIGZAG[k] / 8), usize::from(ZIGZAG[k] % 8));
        (f64::from(quant[k]) / (8.0 * FACTORS[v] * FACTORS[u] * finer)) as f32
    })
}

/// A row of blocks to transform.
pub(super) struct Row8<'a> {
    pub scale: &'a [f32; 64],
    /// All DCs, `pitch` later the coefficients of zigzag index 1, and so on.
    pub coefficients: &'a [i16],
    pub pitch: usize,
    pub blocks: usize,
    /// Eight lines, `line` apart.
    pub out: &'a mut [u8],
    pub line: usize,
}

impl Row8<'_> {
    /// Transforms all blocks. `count` returns how many coefficients in zigzag order the blocks from a place on have, at most.
    #[inline(always)]
    pub fn transform<V: Vectors>(self, vectors: V, count: impl Fn(usize) -> usize) {
        let mut m = Block8([0.0; COUNT]);
        for place in (0..self.blocks).step_by(LANES) {
            let here = LANES.min(self.blocks - place);
            let count = count(place);
            if count <= 1 {
                let mut words = [0u64; LANES];
                let dcs = &self.coefficients[place..][..LANES];
                for (word, &dc) in words.iter_mut().zip(dcs) {
                    *word = u64::from(to_sample(f32::from(dc) * self.scale[0] + 128.0)) * 0x0101_0101_0101_0101;
                }
                for y in 0..8 {
                    store(&words, here, &mut self.out[y * self.line + place * 8..]);
                }
                continue;
            }
            self.load(place, count, &mut m);
            let rows = V::whole(&mut m.0);
            // Vectors that the eight lanes take.
            let parts = rows.len() / 64;
            if count <= FOURS {
                for column in 0..4 * parts {
                    points::<V, 4>(vectors, rows, column, 8 * parts);
                }
                for row in 0..8 * parts {
                    points::<V, 4>(vectors, rows, row / parts * 8 * parts + row % parts, parts);
                }
            } else {
                for column in 0..8 * parts {
                    points::<V, 8>(vectors, rows, column, 8 * parts);
                }
                for row in 0..8 * parts {
                    points::<V, 8>(vectors, rows, row / parts * 8 * parts + row % parts, parts);
                }
            }
            for (y, row) in m.0.as_chunks::<64>().0.iter().enumerate() {
                let (samples, _) = row.as_chunks::<LANES>();
                let (low, high) = (pack(&samples[..4]), pack(&samples[4..]));
                let words = std::array::from_fn(|lane| u64::from(low[lane]) | u64::from(high[lane]) << 32);
                store(&words, here, &mut self.out[y * self.line + place * 8..]);
            }
        }
    }

    /// Dequantises the first `count` coefficients of eight blocks, and moves samples by 128.
    #[inline(always)]
    fn load(&self, place: usize, count: usize, m: &mut Block8) {
        let (cells, _) = m.0.as_chunks_mut::<LANES>();
        let lines = self.coefficients[place..].chunks(self.pitch);
        for ((line, &scale), &natural) in lines.zip(self.scale).zip(&ZIGZAG).take(count) {
            let Some(from) = line.first_chunk::<LANES>() else { break };
            cells[usize::from(natural & 63)] = from.map(|c| f32::from(c) * scale);
        }
        for &natural in &ZIGZAG[count.min(64)..] {
            cells[usize::from(natural & 63)] = [0.0; LANES];
        }
        for dc in &mut cells[0] {
            *dc += 128.0;
        }
    }
}

/// Stores eight samples of each of `here` blocks.
#[inline(always)]
fn store(words: &[u64; LANES], here: usize, out: &mut [u8]) {
    let (cells, _) = out.as_chunks_mut::<8>();
    if let (LANES, Some(cells)) = (here, cells.first_chunk_mut::<LANES>()) {
        for (cell, word) in cells.iter_mut().zip(words) {
            *cell = word.to_le_bytes();
        }
        return;
    }
    for (cell, word) in cells.iter_mut().zip(words).take(here) {
        *cell = word.to_le_bytes();
    }
}

/// Eight points at `m[at]`, `m[at + step]` ..., in all lanes, of which the first `KEPT`, four or eight, are not zero.
#[inline(always)]
fn points<V: Vectors, const KEPT: usize>(vectors: V, m: &mut [V::Floats], at: usize, step: usize) {
    let p = |i: usize| at + i * step;
    let add = |a, b| vectors.add(a, b);
    let sub = |a, b| vectors.sub(a, b);
    let mul = |a, k| vectors.mul(a, k);
    let (f0, f1, f2, f3) = (m[p(0)], m[p(1)], m[p(2)], m[p(3)]);
    let (t0, t1, t2, t3, z2, z4, z11, z13);
    if KEPT == 4 {
        (t0, t1, t2) = (f0, f0, mul(f2, std::f32::consts::FRAC_1_SQRT_2));
        t3 = add(f2, t2);
        (z2, z4, z11, z13) = (mul(f3, -1.0), f1, f1, f3);
    } else {
        let (f4, f5, f6, f7) = (m[p(4)], m[p(5)], m[p(6)], m[p(7)]);
        (t0, t1) = (add(f0, f4), sub(f0, f4));
        t2 = mul(sub(f2, f6), std::f32::consts::FRAC_1_SQRT_2);
        t3 = add(add(f2, f6), t2);
        (z13, z2) = (add(f5, f3), sub(f5, f3));
        (z11, z4) = (add(f1, f7), sub(f1, f7));
    }
    let (s0, s3) = (add(t0, t3), sub(t0, t3));
    let (s1, s2) = (add(t1, t2), sub(t1, t2));

    let z3 = mul(sub(z11, z13), std::f32::consts::FRAC_1_SQRT_2);
    let z5 = mul(add(z2, z4), 0.382_683_43);
    let d3 = add(mul(z2, 0.541_196_1), z5);
    let t2 = sub(mul(z4, 1.306_563), z5);
    let (d2, d1, d0) = (add(d3, z3), add(z3, t2), add(add(z11, z13), t2));

    (m[p(0)], m[p(7)]) = (add(s0, d0), sub(s0, d0));
    (m[p(1)], m[p(6)]) = (add(s1, d1), sub(s1, d1));
    (m[p(2)], m[p(5)]) = (add(s2, d2), sub(s2, d2));
    (m[p(3)], m[p(4)]) = (add(s3, d3), sub(s3, d3));
}
