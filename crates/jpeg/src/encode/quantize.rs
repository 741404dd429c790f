//! Quantisation of eight transformed blocks.

use super::super::idct::ZIGZAG;
use super::super::script::Quant;
use super::tables::Table;
use super::transform::{self, Aligned, COUNT, Coefficients, LANES};

/// Quantised coefficients in natural order, those of eight blocks together.
pub(super) type Group = Aligned<[i16; COUNT]>;

/// Adding it to a float of less than 2^22 leaves the nearest integer in the low bits, where the conversion by `as`, which must
/// look for what does not fit, would keep loops from being vectorised.
pub(super) const TO_INTEGER: f32 = 12_582_912.0;

/// What one quantisation table does.
///
/// Samples of 8 bits make no coefficient beyond what baseline's codes have (1023, and 2047 for the difference of two means).
#[derive(Clone, Debug)]
pub(super) struct Quantizer {
    /// One over the step and what the transform leaves to scale, once for each lane.
    reciprocal: Aligned<[f32; COUNT]>,
    /// How much closer to zero magnitudes are moved before they are rounded, those of the means apart.
    dead_zone: f32,
}

impl Quantizer {
    pub fn new(table: &Table, dead_zone: f32) -> Self {
        let one = |i: usize| 1.0 / (f64::from(table.0[i / LANES]) * transform::scale(i / LANES) * 8.0);
        Self { reciprocal: Aligned(std::array::from_fn(|i| one(i) as f32)), dead_zone }
    }

    #[inline(always)]
    pub fn quantize(&self, coefficients: &Coefficients, out: &mut Group) {
        let all = out.0.iter_mut().zip(&coefficients.0).zip(&self.reciprocal.0);
        for ((out, &coefficient), &reciprocal) in all {
            let value = coefficient * reciprocal;
            *out = (value - self.dead_zone.copysign(value) + TO_INTEGER).to_bits() as i16;
        }
        let means = out.0.iter_mut().zip(&coefficients.0).zip(&self.reciprocal.0).take(LANES);
        for ((out, &coefficient), &reciprocal) in means {
            *out = (coefficient * reciprocal + TO_INTEGER).to_bits() as i16;
        }
    }
}

/// The largest magnitude that baseline has codes for, which the coefficients of any file may exceed.
const LARGEST: f32 = 1023.0;

/// From the quantisation of one table to that of another.
#[derive(Clone, Debug)]
pub(super) struct Requantizer {
    /// Steps of the one in steps of the other, in zigzag order.
    ratio: [f32; 64],
    dead_zone: f32,
}

impl Requantizer {
    pub fn new(from: &Quant, to: &Table, dead_zone: f32) -> Self {
        let to = to.zigzag();
        Self { ratio: std::array::from_fn(|k| (f64::from(from[k]) / f64::from(to[k])) as f32), dead_zone }
    }

    /// Quantises the first `count` coefficients of eight blocks in zigzag order, the first of every `pitch` groups; the others
    /// are zero. Returns of each block which are not zero: a bit for each zigzag index.
    #[inline(always)]
    pub fn quantize(
        &self,
        groups: &[[i16; LANES]],
        pitch: usize,
        count: usize,
        scaled: &mut Coefficients,
        out: &mut Group,
    ) -> [u64; LANES] {
        let count = count.min(64);
        for (k, (scaled, &ratio)) in
            scaled.0.as_chunks_mut::<LANES>().0.iter_mut().zip(&self.ratio).enumerate().take(count)
        {
            let Some(from) = groups.get(k * pitch) else { break };
            *scaled = from.map(|value| f32::from(value) * ratio);
        }
        let rounded = |value: f32| (value.clamp(-LARGEST, LARGEST) + TO_INTEGER).to_bits() as i16;
        let (scaled, out) = (&scaled.0[..count * LANES], &mut out.0[..count * LANES]);
        for (out, &value) in out.iter_mut().zip(scaled) {
            *out = rounded(value - self.dead_zone.copysign(value));
        }
        // Means have no dead zone.
        for (out, &value) in out.iter_mut().zip(scaled).take(LANES) {
            *out = rounded(value);
        }
        let mut flags = Aligned([0u8; COUNT]);
        for (flag, &value) in flags.0.iter_mut().zip(&*out) {
            *flag = u8::from(value != 0);
        }
        let (flags, _) = flags.0.as_chunks::<LANES>();
        // Byte b of sets[i] holds the flags of zigzag indices 8 i and on of block b.
        let mut sets = [0u64; 8];
        for (set, flags) in sets.iter_mut().zip(flags.as_chunks::<8>().0).take(count.div_ceil(8)) {
            for (bit, &flags) in flags.iter().enumerate() {
                *set |= u64::from_le_bytes(flags) << bit;
            }
        }
        transform::transpose(sets)
    }
}

/// Of each block, which coefficients are not zero: a bit for each zigzag index.
#[inline(always)]
pub(super) fn nonzero(group: &Group) -> [u64; LANES] {
    let mut flags = Aligned([0u8; COUNT]);
    for (flag, &value) in flags.0.iter_mut().zip(&group.0) {
        *flag = u8::from(value != 0);
    }
    let (flags, _) = flags.0.as_chunks::<LANES>();
    // Byte b of sets[i] holds the flags of zigzag indices 8 i and on of block b.
    let mut sets = [0u64; 8];
    for (set, order) in sets.iter_mut().zip(ZIGZAG.as_chunks::<8>().0) {
        for (bit, &natural) in order.iter().enumerate() {
            *set |= u64::from_le_bytes(flags[usize::from(natural)]) << bit;
        }
    }
    transform::transpose(sets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magnitudes_are_rounded_beyond_the_dead_zone() {
        let table = Table([10; 64]);
        for (dead_zone, value, want) in [
            (0.0, 5.1, 1),
            (0.0, 4.9, 0),
            (0.1, 5.9, 0),
            (0.1, 6.1, 1),
            (0.1, 25.9, 2),
            (0.1, 26.1, 3),
            (0.2, 0.0, 0),
            (0.0, 10_200.0, 1020),
        ] {
            let quantizer = Quantizer::new(&table, dead_zone);
            for sign in [1.0, -1.0] {
                let scaled = |i| (sign * value * 8.0 * transform::scale(i / LANES)) as f32;
                let mut out = Aligned([7; COUNT]);
                quantizer.quantize(&Aligned(std::array::from_fn(scaled)), &mut out);
                assert_eq!(out.0[LANES..], [want * sign as i16; 63 * LANES], "{value} {dead_zone}");
                assert_eq!(out.0[..LANES], [(sign * value / 10.0).round() as i16; LANES], "the mean has no dead zone");
            }
        }
    }

    #[test]
    fn masks_have_a_bit_for_each_zigzag_index() {
        let mut group = Aligned([0; COUNT]);
        for (k, &natural) in ZIGZAG.iter().enumerate() {
            for lane in 0..LANES {
                group.0[usize::from(natural) * LANES + lane] = i16::from(k % (lane + 1) == 0) * -256;
            }
        }
        for (lane, mask) in nonzero(&group).into_iter().enumerate() {
            let wanted: u64 = (0..64).filter(|k| k % (lane + 1) == 0).map(|k| 1 << k).sum();
            assert_eq!(mask, wanted, "{lane}");
        }
    }
}
