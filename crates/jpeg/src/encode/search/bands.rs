//! Searches for the smallest scans of the other (AC) coefficients.
//!
//! Components are independent. The edges cut the zigzag order into stretches, and a band consists of one or more adjacent stretches.
//! The size of each band is counted for first scans that omit up to so many bits as the options say, and for each refinement. Large pictures are sampled.
//! Dynamic programming then finds the best division into bands: first for each kind of scan alone, then for scans including their
//! refinements, so that high frequencies may omit other bits than low ones.

use super::super::blocks::Blocks;
use super::super::script::Scan;
use super::super::word::Word;
use super::Options;
use super::scans;
use super::tally::{COUNT, EDGES, Tally};
use crate::error::Error;

/// The approximate number of blocks to sample.
const ENOUGH: usize = 16_384;

/// Bytes that an additional scan must save to justify the decoding time.
const WORTH: f64 = 8.0;

/// The scans of all AC coefficients.
pub(super) fn search<W: Word>(blocks: &[Blocks<W>], options: &Options<'_>) -> Result<Vec<Scan>, Error> {
    let mut scans = Vec::new();
    for (component, blocks) in blocks.iter().enumerate() {
        let step = (blocks.columns * blocks.rows()).div_ceil(ENOUGH).max(1);
        let some = blocks.some((0..blocks.rows()).step_by(step));
        let scale = blocks.rows() as f64 / some.rows().max(1) as f64;
        scans.extend(Search { component, some, scale }.best(options)?);
    }
    Ok(scans)
}

/// The size of scans in bytes, and the scans.
type Cost = (f64, Vec<Scan>);

/// The cost of each band, by its first edge and its end.
type Costs = [[Cost; COUNT + 1]; COUNT];

struct Search<W> {
    component: usize,
    some: Blocks<W>,
    scale: f64,
}

impl<W: Word> Search<W> {
    fn best(&self, options: &Options<'_>) -> Result<Vec<Scan>, Error> {
        let mut best: Option<Costs> = None;
        let mut refinements: Option<Costs> = None;
        for low in 0..=options.omitted {
            options.check_interrupt()?;
            if let Some(low) = low.checked_sub(1) {
                let more = self.costs(low, true);
                refinements = Some(refinements.map_or_else(|| more.clone(), |before| each(&more, &before, sum)));
            }
            let mut whole = self.costs(low, false);
            if let Some(refinements) = &refinements {
                whole = each(&whole, refinements, sum);
            }
            best = Some(best.map_or_else(|| whole.clone(), |before| each(&whole, &before, less)));
        }
        let best = best.unwrap_or_default();
        Ok(divide(|from, to| best[from][to].clone())[0][COUNT].1.clone())
    }

    /// The costs of first scans that omit `low` bits, or of refinements down to `low` bits.
    fn costs(&self, low: u8, refines: bool) -> Costs {
        let tally = Tally::new(&self.some, low, refines);
        divide(|from, to| {
            let high = if refines { low + 1 } else { 0 };
            let scan = Scan::new(&[self.component], (EDGES[from], EDGES[to] - 1), (high, low));
            let [header, coded] = scans::bytes(&scan, &tally.band(from, to));
            (header as f64 + WORTH + coded as f64 * self.scale, vec![scan])
        })
    }
}

/// The best division into bands for each pair of edges, given the costs of undivided bands.
fn divide(whole: impl Fn(usize, usize) -> Cost) -> Costs {
    let mut costs = Costs::default();
    for length in 1..=COUNT {
        for from in 0..=COUNT - length {
            let to = from + length;
            let parts = (from + 1..to).map(|middle| sum(&costs[from][middle], &costs[middle][to]));
            costs[from][to] = parts.fold(whole(from, to), |best, parts| less(&parts, &best));
        }
    }
    costs
}

fn each(a: &Costs, b: &Costs, of: impl Fn(&Cost, &Cost) -> Cost) -> Costs {
    std::array::from_fn(|i| std::array::from_fn(|j| of(&a[i][j], &b[i][j])))
}

fn sum(a: &Cost, b: &Cost) -> Cost {
    (a.0 + b.0, [&a.1[..], &b.1[..]].concat())
}

fn less(a: &Cost, b: &Cost) -> Cost {
    if a.0 < b.0 { a.clone() } else { b.clone() }
}
