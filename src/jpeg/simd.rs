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
