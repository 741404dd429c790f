//! Runs hot loops compiled for the instructions that the processor has (AVX2 with BMI2, say), without unsafe code of our own.

/// Calls `work`, which must be `#[inline(always)]` down to its loops, in a copy compiled for the best instructions at hand.
#[cfg(feature = "simd")]
#[inline]
pub(super) fn dispatch<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// Calls `work` as it is.
#[cfg(not(feature = "simd"))]
#[inline]
pub(super) fn dispatch<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// A sample in the low eight bits: clamped and rounded to the nearest. Adding 2^23 leaves the integer in the low bits of the
/// float, where the conversion by `as`, which must look for what does not fit, would keep loops from being vectorised.
#[inline(always)]
pub(super) fn to_sample(value: f32) -> u32 {
    (value.clamp(0.0, 255.0) + 8_388_608.0).to_bits() & 0xFF
}
