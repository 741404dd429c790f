//! Looks for the scans that take the fewest bytes.
//!
//! Bytes of scans add up, so that each part is chosen on its own: how means are coded, and for each component into which bands
//! the other coefficients are cut, and how many of their last bits are left to further scans. All sizes are those that
//! the scans have with tables of their own.

use super::super::frame::{Frame, Kind};
use super::blocks::Blocks;
use super::scans::Coded;
use super::script::{self, Scan};

/// Where bands may end.
const CUTS: &[&[u8]] = &[&[5, 63], &[2, 5, 9, 63], &[1, 2, 5, 8, 12, 18, 32, 63]];

/// How widely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Breadth {
    /// Which set of places where bands may end, 0 to 2.
    pub cuts: usize,
    /// How many bits may be left to further scans.
    pub bits: u8,
}

/// The best scans of a progressive picture, with their bytes. The frame's own kind has no say.
pub(super) fn best(frame: &Frame, blocks: &[Blocks], restart: usize, breadth: Breadth) -> (Vec<Scan>, u64) {
    let frame = Frame { kind: Kind::Progressive, ..frame.clone() };
    let size = |scan: &Scan| Coded::new(&frame, scan, blocks, restart).size();
    let (mut scans, mut bytes) = means(frame.components.len(), &size);
    for component in 0..frame.components.len() {
        let (more, size) = others(component, breadth, &size);
        scans.extend(more);
        bytes += size;
    }
    // Coarse to fine; what is refined stands before.
    scans.sort_by_key(|scan| (scan.high > 0, std::cmp::Reverse(scan.high), scan.first, scan.last));
    (scans, bytes)
}

/// Bytes of the scans of a frame as its kind says.
pub(super) fn size(frame: &Frame, blocks: &[Blocks], restart: usize, scans: &[Scan]) -> u64 {
    scans.iter().map(|scan| Coded::new(frame, scan, blocks, restart).size()).sum()
}

/// The best scans for means: of all components together or each apart, with the last bit or without.
fn means(components: usize, size: &impl Fn(&Scan) -> u64) -> (Vec<Scan>, u64) {
    let all: Vec<usize> = (0..components).collect();
    let apart = |bits| all.iter().map(move |&c| Scan::new(&[c], (0, 0), bits)).collect::<Vec<_>>();
    let mut candidates = vec![
        vec![Scan::new(&all, (0, 0), (0, 0))],
        vec![Scan::new(&all, (0, 0), (0, 1)), Scan::new(&all, (0, 0), (1, 0))],
    ];
    if components == 3 {
        candidates.push(vec![Scan::new(&[0], (0, 0), (0, 0)), Scan::new(&[1, 2], (0, 0), (0, 0))]);
    }
    if components > 1 {
        candidates.push(apart((0, 0)));
    }
    let with_size = |scans: Vec<Scan>| {
        let bytes = scans.iter().map(size).sum();
        (scans, bytes)
    };
    candidates.into_iter().map(with_size).min_by_key(|c| c.1).unwrap_or_default()
}

/// The best scans for the other coefficients of a component.
fn others(component: usize, breadth: Breadth, size: &impl Fn(&Scan) -> u64) -> (Vec<Scan>, u64) {
    let ends = CUTS[breadth.cuts.min(CUTS.len() - 1)];
    let scan = |first, last, bits| Scan::new(&[component], (first, last), bits);
    // The best cut into bands up to each end.
    let mut up_to: Vec<(Vec<Scan>, u64)> = vec![(Vec::new(), 0)];
    for &last in ends {
        let mut least: Option<(Vec<Scan>, u64)> = None;
        for (j, (before, bytes)) in up_to.iter().enumerate() {
            let first = if j == 0 { 1 } else { ends[j - 1] + 1 };
            let mut refinements = Vec::new();
            let mut further = 0;
            for low in 0..=breadth.bits {
                if low > 0 {
                    let refinement = scan(first, last, (low, low - 1));
                    further += size(&refinement);
                    refinements.push(refinement);
                }
                let coarse = scan(first, last, (0, low));
                let total = bytes + size(&coarse) + further;
                if least.as_ref().is_none_or(|least| total < least.1) {
                    let more = std::iter::once(coarse).chain(refinements.iter().rev().cloned());
                    least = Some((before.iter().cloned().chain(more).collect(), total));
                }
            }
        }
        up_to.extend(least);
    }
    up_to.pop().unwrap_or_default()
}

/// The best scans of a frame, sequential or progressive; progressive alone if it is that.
pub(super) fn any(frame: &Frame, blocks: &[Blocks], restart: usize, breadth: Breadth) -> (Kind, Vec<Scan>) {
    let (scans, bytes) = best(frame, blocks, restart, breadth);
    if frame.kind != Kind::Progressive {
        let one = script::of(frame);
        if size(frame, blocks, restart, &one) <= bytes {
            return (frame.kind, one);
        }
    }
    (Kind::Progressive, scans)
}
