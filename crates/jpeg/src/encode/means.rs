//! Means (DC coefficients) chosen together: each is coded as the difference from the one before.

use super::super::frame::{Component, Frame};
use super::walk::magnitude;

/// Categories of differences, 0 to 11.
const KINDS: usize = 12;

/// What a category costs, in bits, with the bits behind it.
#[derive(Clone, Debug)]
pub(super) struct Costs([f32; KINDS]);

impl Costs {
    /// Of means in the order in which they are written.
    pub fn new<'a>(components: impl Iterator<Item = &'a [i16]>) -> Self {
        // One that does not occur yet is possible all the same.
        let mut counts = [0u64; 256];
        counts[..KINDS].fill(1);
        for means in components {
            let mut last = 0;
            for &mean in means {
                let (count, _) = magnitude(i32::from(mean) - last);
                counts[count as usize & 255] += 16;
                last = mean.into();
            }
        }
        let codes = super::codes::Codes::optimal(&counts);
        Self(std::array::from_fn(|kind| (codes.length(kind) as usize + kind) as f32))
    }

    fn of(&self, difference: i16) -> f32 {
        self.0[(16 - difference.unsigned_abs().leading_zeros() as usize).min(KINDS - 1)]
    }
}

/// Indices of a component's blocks, row by row, in the order of a scan that all components share.
pub(super) fn order(frame: &Frame, component: &Component, columns: usize, rows: usize) -> Vec<usize> {
    let (h, v) = match frame.components.len() {
        1 => (1, 1),
        _ => (usize::from(component.h), usize::from(component.v)),
    };
    let mut order = Vec::with_capacity(columns * rows);
    for top in (0..rows).step_by(v) {
        for left in (0..columns).step_by(h) {
            for y in top..rows.min(top + v) {
                order.extend((left..columns.min(left + h)).map(|x| y * columns + x));
            }
        }
    }
    order
}

/// A mean in steps, and what a bit costs in squared steps there.
pub(super) type Mean = (f32, f32);

/// Chooses between the two nearest values of each.
pub(super) fn choose(means: impl ExactSizeIterator<Item = Mean>, costs: &Costs) -> Vec<i16> {
    // Of each mean the two values, and which value of the one before is on the cheapest way there.
    let mut ways = Vec::with_capacity(means.len());
    let (mut last, mut sums) = ([0i16; 2], [0f32, f32::MAX]);
    for (mean, price) in means {
        let nearest = mean.round();
        let other = if mean < nearest { nearest - 1.0 } else { nearest + 1.0 };
        // Differences of these have eleven bits at most, as baseline pictures must.
        let values = [nearest, other].map(|value| value.clamp(-1024.0, 1023.0));
        let cheapest = values.map(|value| {
            let through = |i: usize| sums[i] + price * costs.of(value as i16 - last[i]);
            let (way, sum) = if through(1) < through(0) { (1, through(1)) } else { (0, through(0)) };
            (way, sum + (mean - value) * (mean - value))
        });
        last = values.map(|value| value as i16);
        sums = cheapest.map(|(_, sum)| sum);
        ways.push((last, cheapest.map(|(way, _)| way)));
    }
    let mut at = usize::from(sums[1] < sums[0]);
    let mut out: Vec<i16> = Vec::with_capacity(ways.len());
    for (values, from) in ways.iter().rev() {
        out.push(values[at]);
        at = from[at];
    }
    out.reverse();
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::frame::Kind;
    use super::*;
    use proptest::prelude::*;

    /// What values cost, straight from the definition.
    fn cost(means: &[Mean], costs: &Costs, values: &[i16]) -> f32 {
        let before = std::iter::once(0).chain(values.iter().copied());
        let each = means.iter().zip(values).zip(before);
        each.map(|((&(mean, price), &value), last)| (mean - f32::from(value)).powi(2) + price * costs.of(value - last))
            .sum()
    }

    proptest! {
        #[test]
        fn nothing_is_cheaper(
            means in proptest::collection::vec((-40f32..40.0, 0f32..0.3), 1..7),
            before in proptest::collection::vec(-60i16..60, 0..40),
        ) {
            let costs = Costs::new([&before[..]].into_iter());
            let mut ways = vec![Vec::new()];
            for &(mean, _) in &means {
                let values = [mean.floor(), mean.floor() + 1.0].map(|value| value as i16);
                ways = ways.iter().flat_map(|way: &Vec<i16>| values.map(|value| [way.as_slice(), &[value]].concat())).collect();
            }
            let least = ways.iter().map(|way| cost(&means, &costs, way)).fold(f32::MAX, f32::min);
            let found = cost(&means, &costs, &choose(means.iter().copied(), &costs));
            prop_assert!((found - least).abs() < 1e-3, "{found} {least}");
        }
    }

    #[test]
    fn extreme_means_are_rounded() {
        let costs = Costs::new(std::iter::empty());
        let means = [(-1024.4, 0.0), (1023.6, 0.0), (-0.4, 0.0)];
        assert_eq!(choose(means.into_iter(), &costs), [-1024, 1023, 0]);
    }

    #[test]
    fn blocks_are_in_the_order_of_the_scan() {
        let component = |h, v| Component { id: 1, h, v, table: 0 };
        let mut frame = Frame {
            kind: Kind::Baseline,
            arithmetic: false,
            precision: 8,
            width: 24,
            height: 24,
            components: vec![component(2, 2), component(1, 1), component(1, 1)],
        };
        assert_eq!(order(&frame, &frame.components[0], 3, 3), [0, 1, 3, 4, 2, 5, 6, 7, 8]);
        frame.components.truncate(1);
        assert_eq!(order(&frame, &frame.components[0], 3, 3), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
