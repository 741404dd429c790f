//! One dimension of the inverse DCT, on vectors.

use super::simd::Vectors;

/// 1, and cos(u pi / 16) sqrt 2 for u from 1 on: what [`eight`] expects its inputs to be divided by, and what the encoder's
/// transform leaves, apart from sqrt 8.
pub(super) const FACTORS: [f64; 8] = [
    1.0,
    1.387_039_845_322_147_5,
    1.306_562_964_876_376_5,
    1.175_875_602_419_358_7,
    1.0,
    0.785_694_958_387_102_1,
    0.541_196_100_146_196_9,
    0.275_899_379_282_943,
];

/// Transforms N points at `m[at]`, `m[at + step]` ..., in all lanes. `basis[u][x]` is cos((2x + 1) u pi / 2N).
///
/// The cosines of even frequencies are symmetric, those of odd frequencies antisymmetric.
#[inline(always)]
pub(super) fn few<V: Vectors, const N: usize>(
    vectors: V,
    basis: &[[f32; 8]; 8],
    m: &mut [V::Floats],
    at: usize,
    step: usize,
) {
    let input: [V::Floats; N] = std::array::from_fn(|u| m[at + u * step]);
    for x in 0..N.div_ceil(2) {
        let term = |u: usize| vectors.mul(input[u], basis[u][x]);
        let even = (2..N).step_by(2).fold(input[0], |sum, u| vectors.add(sum, term(u)));
        if x == N - 1 - x {
            m[at + x * step] = even;
            continue;
        }
        let odd = (3..N).step_by(2).fold(term(1), |sum, u| vectors.add(sum, term(u)));
        m[at + x * step] = vectors.add(even, odd);
        m[at + (N - 1 - x) * step] = vectors.sub(even, odd);
    }
}

/// Transforms eight points, of which the first `KEPT`, four or eight, are not zero.
///
/// The transform is that of Arai, Agui and Nakajima (1988), as in the encoder, with its steps in reverse: five multiplications.
#[inline(always)]
pub(super) fn eight<V: Vectors, const KEPT: usize>(vectors: V, m: &mut [V::Floats], at: usize, step: usize) {
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
