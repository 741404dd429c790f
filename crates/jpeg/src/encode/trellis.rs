//! Quantisation that weighs what a coefficient costs against what it shows.
//!
//! A block's coefficients are chosen together, since a run of zeros costs as much as the symbol that it ends with: the cheapest
//! way to each value that a coefficient may take is found from the ways to those before it.

use super::blocks::Levels;

/// What symbols cost, in bits, with the bits behind them.
#[derive(Clone, Debug)]
pub(super) struct Costs {
    /// By run and size.
    symbols: [[f32; 16]; 16],
}

impl Costs {
    /// Of symbols that occur so often.
    pub fn new(counts: &[u64; 256]) -> Self {
        // One that does not occur yet is possible all the same.
        let is_legal = |symbol: usize| (1..=10).contains(&(symbol & 15)) || symbol == 0 || symbol == 0xF0;
        let counts: [u64; 256] = std::array::from_fn(|symbol| counts[symbol] * 16 + u64::from(is_legal(symbol)));
        let codes = super::codes::Codes::optimal(&counts);
        let cost = |run: usize, size: usize| (codes.length(run << 4 | size) as usize + size) as f32;
        Self { symbols: std::array::from_fn(|run| std::array::from_fn(|size| cost(run, size))) }
    }

    fn end(&self) -> f32 {
        self.symbols[0][0]
    }

    fn zeros(&self) -> f32 {
        self.symbols[15][0]
    }
}

/// A value that a coefficient may take, and the cheapest way there.
#[derive(Clone, Copy, Default)]
struct State {
    /// Index of the coefficient.
    at: usize,
    value: u16,
    /// The state before.
    from: usize,
    /// Of all coefficients up to this one.
    cost: f32,
}

/// What a squared error of a step weighs, by zigzag index, of luma and of chroma: steps of high frequencies of luma are coarse
/// already.
#[rustfmt::skip]
pub(super) const WEIGHTS: [[f32; 64]; 2] = [[
    1.000, 1.068, 1.068, 1.141, 1.098, 1.141, 1.219, 1.159,
    1.159, 1.219, 1.302, 1.232, 1.205, 1.232, 1.302, 1.391,
    1.313, 1.269, 1.269, 1.313, 1.391, 1.486, 1.400, 1.343,
    1.323, 1.343, 1.400, 1.486, 1.587, 1.494, 1.427, 1.391,
    1.391, 1.427, 1.494, 1.587, 1.595, 1.518, 1.469, 1.453,
    1.469, 1.518, 1.595, 1.617, 1.557, 1.526, 1.526, 1.557,
    1.617, 1.653, 1.610, 1.595, 1.610, 1.653, 1.703, 1.674,
    1.674, 1.703, 1.764, 1.751, 1.764, 1.838, 1.838, 1.922,
], [1.0; 64]];

/// Chooses the values of all coefficients but the mean. `scaled` are those of a block in steps, `price` what a bit costs in
/// squared steps.
pub(super) fn choose(scaled: &[f32; 64], costs: &Costs, price: f32, weights: &[f32; 64], out: &mut Levels) {
    // What all zeros up to an index cost.
    let mut zeros = [0f32; 64];
    for k in 1..64 {
        zeros[k] = zeros[k - 1] + weights[k] * scaled[k] * scaled[k];
    }
    let mut states = [State::default(); 2 * 63 + 1];
    let mut count = 1;
    for k in 1..64 {
        let magnitude = scaled[k].abs();
        let nearest = (magnitude + 0.5) as u16;
        if nearest == 0 {
            continue;
        }
        let nearest = nearest.min(1023);
        let before = count;
        for value in (nearest.saturating_sub(1).max(1)..=nearest).rev() {
            let size = 16 - value.leading_zeros() as usize;
            let error = magnitude - f32::from(value);
            let mut best = State { at: k, value, from: 0, cost: f32::MAX };
            for (from, state) in states[..before].iter().enumerate().rev() {
                let run = k - 1 - state.at;
                let bits = costs.symbols[run & 15][size & 15] + (run >> 4) as f32 * costs.zeros();
                let cost = state.cost + (zeros[k - 1] - zeros[state.at]) + price * bits;
                if cost < best.cost {
                    best.cost = cost;
                    best.from = from;
                }
            }
            best.cost += weights[k] * error * error;
            states[count] = best;
            count += 1;
        }
    }
    let end = |state: &State| {
        let end = if state.at < 63 { price * costs.end() } else { 0.0 };
        state.cost + (zeros[63] - zeros[state.at]) + end
    };
    let (mut at, mut least) = (0, f32::MAX);
    for (i, state) in states[..count].iter().enumerate() {
        let cost = end(state);
        if cost < least {
            (at, least) = (i, cost);
        }
    }
    out[1..].fill(0);
    while at > 0 {
        let state = &states[at];
        out[state.at] = if scaled[state.at] < 0.0 { -(state.value as i16) } else { state.value as i16 };
        at = state.from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What values cost, straight from the definition.
    fn cost(scaled: &[f32; 64], costs: &Costs, price: f32, weights: &[f32; 64], levels: &Levels) -> f32 {
        let (mut bits, mut run, mut error) = (0.0, 0, 0.0);
        for k in 1..64 {
            error += weights[k] * (scaled[k] - f32::from(levels[k])).powi(2);
            if levels[k] == 0 {
                run += 1;
                continue;
            }
            bits += (run / 16) as f32 * costs.zeros();
            bits += costs.symbols[run % 16][16 - levels[k].unsigned_abs().leading_zeros() as usize];
            run = 0;
        }
        error + price * (bits + if run > 0 { costs.end() } else { 0.0 })
    }

    proptest! {
        #[test]
        fn nothing_is_cheaper(
            values in proptest::collection::vec((1usize..64, -3.4f32..3.4), 1..6), price in 0f32..0.4, seed in any::<u64>(), kind in 0usize..2
        ) {
            let mut state = seed | 1;
            let counts = std::array::from_fn(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state >> (40 + state % 20)
            });
            let (costs, weights) = (Costs::new(&counts), &WEIGHTS[kind]);
            let mut scaled = [0.0; 64];
            values.iter().for_each(|&(k, value)| scaled[k] = value);
            let mut got = [0; 64];
            choose(&scaled, &costs, price, weights, &mut got);
            // All ways to round each to one of the two nearest, or to zero.
            let mut ways = vec![[0i16; 64]];
            for k in (1..64).filter(|&k| scaled[k].abs() >= 0.5) {
                let nearest = scaled[k].round();
                let less = nearest - nearest.signum();
                ways = ways.iter().flat_map(|way| [0.0, less, nearest].map(|value| {
                    let mut way = *way;
                    way[k] = value as i16;
                    way
                })).collect();
            }
            let least = ways.iter().map(|way| cost(&scaled, &costs, price, weights, way)).fold(f32::MAX, f32::min);
            let found = cost(&scaled, &costs, price, weights, &got);
            prop_assert!((found - least).abs() < 1e-3, "{found} {least}");
        }
    }

    #[test]
    fn free_bits_leave_the_nearest_values() {
        let costs = Costs::new(&[1; 256]);
        let scaled = std::array::from_fn(|k| (k as f32 - 30.0) * 0.7);
        let mut got = [7; 64];
        choose(&scaled, &costs, 0.0, &WEIGHTS[0], &mut got);
        assert_eq!(got[0], 7, "the mean is not touched");
        for k in 1..64 {
            assert!((f32::from(got[k]) - scaled[k]).abs() <= 0.5);
        }
    }
}
