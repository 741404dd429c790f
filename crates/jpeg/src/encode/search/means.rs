//! Searches for the smallest scans of the means (the DC coefficients).

use super::super::blocks::Blocks;
use super::super::script::Scan;
use super::super::word::Word;
use super::Options;
use super::scans::{Scans, is_interleaved};
use crate::error::Error;
use crate::frame::Frame;

/// Tries all components together, luma apart from chroma, and each component alone, with and without a refinement of the last
/// bit.
pub(super) fn search<W: Word>(frame: &Frame, blocks: &[Blocks<W>], options: &Options<'_>) -> Result<Scans, Error> {
    let all: Vec<usize> = (0..blocks.len()).collect();
    let mut best: Option<Scans> = None;
    let mut offer = |scans: Scans| {
        if best.as_ref().is_none_or(|best| scans.bytes() < best.bytes()) {
            best = Some(scans);
        }
    };
    for low in 0..=1 {
        let refinement =
            |components: &[usize]| (0..low).map(|_| Scan::new(components, (0, 0), (1, 0))).collect::<Vec<_>>();
        if is_interleaved(frame) {
            let first = Scans::best_tables(&Scan::new(&all, (0, 0), (0, low)), frame, blocks, options)?;
            offer(first.and(Scans::count(refinement(&all).into_iter(), frame, blocks, options)?));
        }
        if let ([luma, chroma @ ..], 3, 0) = (&all[..], all.len(), low) {
            let scans = [Scan::new(&[*luma], (0, 0), (0, 0)), Scan::new(chroma, (0, 0), (0, 0))];
            offer(Scans::count(scans.into_iter(), frame, blocks, options)?);
        }
        if blocks.len() > 1 {
            let each = all.iter().flat_map(|&c| [vec![Scan::new(&[c], (0, 0), (0, low))], refinement(&[c])].concat());
            offer(Scans::count(each, frame, blocks, options)?);
        }
    }
    best.map_or_else(|| Scans::count(std::iter::empty(), frame, blocks, options), Ok)
}
