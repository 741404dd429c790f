//! Chooses the values of all coefficients, by what they cost in the picture at hand.

use super::super::frame::Frame;
use super::blocks::{Blocks, Levels};
use super::effort::Plan;
use super::kept::{self, Kept};
use super::means;
use super::script;
use super::tables::Table;
use super::trellis::{self, Costs};

/// The blocks of each component.
pub(super) fn choose(frame: &Frame, kept: &[Kept], tables: &[Table], plan: &Plan) -> Vec<Blocks> {
    let parts: Vec<Part<'_>> =
        kept.iter().enumerate().map(|(i, kept)| Part::new(frame, i, kept, tables, plan)).collect();
    let mut means: Vec<Vec<i16>> = parts.iter().map(Part::nearest_means).collect();
    let mut blocks: Vec<Blocks> = parts.iter().map(Part::nearest).collect();
    for _ in 0..plan.rounds {
        let costs = [0, 1].map(|kind| {
            let mut counts = [0; 256];
            for (_, blocks) in parts.iter().zip(&blocks).filter(|(part, _)| part.kind == kind) {
                counts.iter_mut().zip(blocks.symbols()).for_each(|(sum, count)| *sum += count);
            }
            let means = parts.iter().zip(&means).filter(|(part, _)| part.kind == kind).map(|(_, means)| &means[..]);
            (Costs::new(&counts), means::Costs::new(means))
        });
        means = parts.iter().map(|part| part.means(&costs[part.kind].1)).collect();
        blocks = parts.iter().zip(&means).map(|(part, means)| part.weigh(means, &costs[part.kind].0)).collect();
    }
    blocks
}

/// A component.
struct Part<'a> {
    /// Which Huffman tables it has.
    kind: usize,
    kept: &'a Kept,
    reciprocals: [f32; 64],
    /// What a bit costs in each block.
    prices: Vec<f32>,
    /// The order in which means are written.
    order: Vec<usize>,
}

impl<'a> Part<'a> {
    fn new(frame: &Frame, i: usize, kept: &'a Kept, tables: &[Table], plan: &Plan) -> Self {
        let component = &frame.components[i];
        let kind = usize::from(script::kind(i));
        let reciprocals = kept::reciprocals(&tables[usize::from(component.table)]);
        let price = |block| if kind == 0 { plan.prices[0] * mask(block) } else { plan.prices[1] };
        let prices: Vec<f32> = kept.blocks().iter().map(price).collect();
        let order = means::order(frame, component, kept.columns, prices.len() / kept.columns);
        Self { kind, kept, reciprocals, prices, order }
    }

    /// Each coefficient rounded to the nearest.
    fn nearest(&self) -> Blocks {
        self.each(|_, block| std::array::from_fn(|k| (f32::from(block[k]) * self.reciprocals[k]).round() as i16))
    }

    fn mean(&self, at: usize) -> f32 {
        f32::from(self.kept.blocks()[at][0]) * self.reciprocals[0]
    }

    /// In the order in which they are written.
    fn nearest_means(&self) -> Vec<i16> {
        self.order.iter().map(|&at| self.mean(at).round() as i16).collect()
    }

    /// Means by what they cost.
    fn means(&self, costs: &means::Costs) -> Vec<i16> {
        means::choose(self.order.iter().map(|&at| (self.mean(at), self.prices[at])), costs)
    }

    /// All other coefficients by what they cost.
    fn weigh(&self, means: &[i16], costs: &Costs) -> Blocks {
        let mut by_block = vec![0; means.len()];
        self.order.iter().zip(means).for_each(|(&at, &mean)| by_block[at] = mean);
        self.each(|at, block| {
            let mut levels = [0; 64];
            levels[0] = by_block[at];
            let scaled = std::array::from_fn(|k| f32::from(block[k]) * self.reciprocals[k]);
            trellis::choose(&scaled, costs, self.prices[at], &trellis::WEIGHTS[self.kind], &mut levels);
            levels
        })
    }

    fn each(&self, levels: impl Fn(usize, &[i16; 64]) -> Levels) -> Blocks {
        let columns = self.kept.columns;
        let mut blocks = Blocks::new(columns, 0);
        for (y, row) in self.kept.blocks().chunks_exact(columns).enumerate() {
            let row: Vec<Levels> = row.iter().enumerate().map(|(x, block)| levels(y * columns + x, block)).collect();
            blocks.push_levels(&row);
        }
        blocks
    }
}

/// How much more a block's bits cost for what it hides: errors show less beside strong detail.
fn mask(block: &[i16; 64]) -> f32 {
    let sum: f32 = block[1..].iter().map(|&value| f32::from(value) * f32::from(value)).sum();
    // Variance of samples.
    let energy = sum / (kept::PARTS * kept::PARTS * 64.0);
    // To the power of 3/8.
    let root = ((energy + 60.0) / 160.0).sqrt().sqrt();
    root * root.sqrt()
}
