//! Chooses the values of all coefficients, by what they cost in the picture at hand.

use super::super::frame::Frame;
use super::blocks::{Blocks, Levels};
use super::effort::Plan;
use super::kept::{self, Kept};
use super::script;
use super::tables::Table;
use super::trellis::{self, Costs};

/// The blocks of each component.
pub(super) fn choose(frame: &Frame, kept: &[Kept], tables: &[Table], plan: &Plan) -> Vec<Blocks> {
    let reciprocals: Vec<[f32; 64]> = tables.iter().map(kept::reciprocals).collect();
    let each = |i: usize| &reciprocals[usize::from(frame.components[i].table)];
    let mut blocks: Vec<Blocks> = kept.iter().enumerate().map(|(i, kept)| round(kept, each(i))).collect();
    for _ in 0..plan.rounds {
        let costs = [0, 1].map(|kind| {
            let mut counts = [0; 256];
            for (_, blocks) in blocks.iter().enumerate().filter(|b| script::kind(b.0) == kind) {
                counts.iter_mut().zip(blocks.symbols()).for_each(|(sum, count)| *sum += count);
            }
            Costs::new(&counts)
        });
        let one = |(i, kept)| {
            let kind = usize::from(script::kind(i));
            weigh(kept, each(i), &costs[kind], plan.prices[kind], kind)
        };
        blocks = kept.iter().enumerate().map(one).collect();
    }
    blocks
}

/// To the nearest.
fn round(kept: &Kept, reciprocals: &[f32; 64]) -> Blocks {
    let mut blocks = Blocks::new(kept.columns, 0);
    let mut levels: Vec<Levels> = vec![[0; 64]; kept.columns];
    for row in kept.rows() {
        for (levels, block) in levels.iter_mut().zip(row) {
            *levels = std::array::from_fn(|k| (f32::from(block[k]) * reciprocals[k]).round() as i16);
        }
        blocks.push_levels(&levels);
    }
    blocks
}

fn weigh(kept: &Kept, reciprocals: &[f32; 64], costs: &Costs, price: f32, kind: usize) -> Blocks {
    let mut blocks = Blocks::new(kept.columns, 0);
    let mut levels: Vec<Levels> = vec![[0; 64]; kept.columns];
    for row in kept.rows() {
        for (levels, block) in levels.iter_mut().zip(row) {
            let scaled = std::array::from_fn(|k| f32::from(block[k]) * reciprocals[k]);
            levels[0] = scaled[0].round() as i16;
            let price = if kind == 0 { price * mask(block) } else { price };
            trellis::choose(&scaled, costs, price, &trellis::WEIGHTS[kind], levels);
        }
        blocks.push_levels(&levels);
    }
    blocks
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
