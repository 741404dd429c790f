//! Runs hot loops compiled for the processor's instruction set (for example AVX2 with BMI2),
//! without unsafe code of our own.

/// Calls `work` in a copy compiled for the best instruction set available. `work` must be
/// `#[inline(always)]` down to its loops.
#[cfg(feature = "simd")]
#[inline]
pub(super) fn dispatch<R>(work: impl FnOnce() -> R) -> R {
    wide::arch().dispatch(work)
}

/// Calls `work` unchanged.
#[cfg(not(feature = "simd"))]
#[inline]
pub(super) fn dispatch<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// Clamps and rounds a sample to the low eight bits. Adding 2^23 moves the integer to the low bits
/// of the float. A conversion by `as` would check the range and prevent vectorisation.
#[inline(always)]
pub(super) fn to_sample(value: f32) -> u32 {
    (value.clamp(0.0, 255.0) + INTEGERS).to_bits() & 0xFF
}

/// Vectors of floats in the processor's width. Loops over arrays vectorise automatically while
/// their bodies are short; a whole transform does not.
pub(super) trait Vectors: Copy {
    type Floats: Copy;
    /// The floats as whole vectors.
    fn whole(floats: &mut [f32]) -> &mut [Self::Floats];
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn mul(self, a: Self::Floats, b: f32) -> Self::Floats;
    /// Clamps and rounds like [`to_sample`], and packs the bytes of four vectors, the first one lowest.
    fn pack(self, samples: [Self::Floats; 4]) -> Self::Floats;
}

/// 2^23, whose unit in the last place is 1.
const INTEGERS: f32 = 8_388_608.0;

/// Work on vectors. It must be `#[inline(always)]` down to its loops.
pub(super) trait WithVectors {
    fn run<V: Vectors>(self, vectors: V);
}

/// Runs `work` in a copy compiled for the best instruction set available.
#[cfg(feature = "simd")]
#[inline]
pub(super) fn dispatch_vectors(work: impl WithVectors) {
    wide::arch().dispatch(wide::Run(work));
}

/// Runs `work` unchanged.
#[cfg(not(feature = "simd"))]
#[inline]
pub(super) fn dispatch_vectors(work: impl WithVectors) {
    work.run(Single);
}

#[cfg(feature = "simd")]
mod wide {
    use super::{Vectors, WithVectors};
    use pulp::{Simd, WithSimd};

    /// The vectors of a processor.
    #[derive(Clone, Copy)]
    struct Wide<S>(S);

    impl<S: Simd> Vectors for Wide<S> {
        type Floats = S::f32s;

        #[inline(always)]
        fn whole(floats: &mut [f32]) -> &mut [S::f32s] {
            S::as_mut_simd_f32s(floats).0
        }
        #[inline(always)]
        fn add(self, a: S::f32s, b: S::f32s) -> S::f32s {
            self.0.add_f32s(a, b)
        }
        #[inline(always)]
        fn sub(self, a: S::f32s, b: S::f32s) -> S::f32s {
            self.0.sub_f32s(a, b)
        }
        #[inline(always)]
        fn mul(self, a: S::f32s, b: f32) -> S::f32s {
            self.0.mul_f32s(a, self.0.splat_f32s(b))
        }
        #[inline(always)]
        fn pack(self, samples: [S::f32s; 4]) -> S::f32s {
            let simd = self.0;
            let all = |value| simd.splat_f32s(value);
            let byte = |sample| {
                let clamped = simd.min_f32s(simd.max_f32s(sample, all(0.0)), all(255.0));
                simd.transmute_u32s_f32s(simd.add_f32s(clamped, all(super::INTEGERS)))
            };
            let (a, b, c, d) = (byte(samples[0]), byte(samples[1]), byte(samples[2]), byte(samples[3]));
            // Shifts drop the exponent of all but the first one.
            let moved = |sample, bits| simd.wrapping_dyn_shl_u32s(sample, simd.splat_u32s(bits));
            let low = simd.or_u32s(simd.and_u32s(a, simd.splat_u32s(0xFF)), moved(b, 8));
            simd.transmute_f32s_u32s(simd.or_u32s(low, simd.or_u32s(moved(c, 16), moved(d, 24))))
        }
    }

    pub(super) struct Run<W>(pub W);

    impl<W: WithVectors> WithSimd for Run<W> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            self.0.run(Wide(simd));
        }
    }

    /// The instruction set of the processor. Tests can replace it.
    #[inline]
    pub(super) fn arch() -> pulp::Arch {
        #[cfg(test)]
        if super::tests::IS_PLAIN.get() {
            return pulp::Arch::Scalar;
        }
        pulp::Arch::new()
    }
}

/// One float at a time.
#[cfg(not(feature = "simd"))]
#[derive(Clone, Copy)]
struct Single;

#[cfg(not(feature = "simd"))]
impl Vectors for Single {
    type Floats = f32;

    #[inline(always)]
    fn whole(floats: &mut [f32]) -> &mut [f32] {
        floats
    }
    #[inline(always)]
    fn add(self, a: f32, b: f32) -> f32 {
        a + b
    }
    #[inline(always)]
    fn sub(self, a: f32, b: f32) -> f32 {
        a - b
    }
    #[inline(always)]
    fn mul(self, a: f32, b: f32) -> f32 {
        a * b
    }
    #[inline(always)]
    fn pack(self, samples: [f32; 4]) -> f32 {
        f32::from_bits(samples.iter().rev().fold(0, |word, &sample| word << 8 | to_sample(sample)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    thread_local! {
        pub(super) static IS_PLAIN: Cell<bool> = const { Cell::new(false) };
    }

    /// Runs `work` as on a processor without vectors.
    pub fn plainly<R>(work: impl FnOnce() -> R) -> R {
        IS_PLAIN.set(true);
        let result = work();
        IS_PLAIN.set(false);
        result
    }
}
