//! Which bands the coefficients are written in, and with how many bits at first.
//!
//! Each component is on its own. Edges cut the zigzag order into stretches; a band is one stretch or several neighbours. What each
//! band takes in a first scan, for each number of bits left out, and in each refinement is counted, of large pictures over a part
//! of them; the best division into bands follows from these costs: first for each scan with its bits alone, then for scans with
//! all their refinements, so that high frequencies may leave out other bits than low ones.

use super::super::encode::blocks::Blocks;
use super::super::encode::script::Scan;
use super::super::encode::word::Word;
use super::super::error::Error;
use super::Options;
use super::scans;
use super::tally::{COUNT, EDGES, Tally};

/// Most bits left out at first.
const MOST_LOW: u8 = 3;

/// Blocks that are looked at, about.
const ENOUGH: usize = 16_384;

/// What a further scan has to save to be worth its time in readers.
const WORTH: f64 = 8.0;

/// The scans of all coefficients but the means.
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

/// Scans, and the bytes that they take.
type Cost = (f64, Vec<Scan>);

/// Those of each band, from the edge of the first index to that of the second.
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
        for low in 0..=MOST_LOW {
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

    /// Of first scans without the `low` last bits, or of those that bring the last of the others.
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

/// The best division of each stretch, out of the costs of bands that are not divided.
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
