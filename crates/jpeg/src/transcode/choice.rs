//! Chooses the scans of the output by their size.

use super::super::encode::blocks::Blocks;
use super::super::encode::script::Scan;
use super::super::encode::word::Word;
use super::super::error::Error;
use super::super::frame::{Frame, Kind};
use super::super::script::Quant;
use super::scans::{Scans, is_interleaved};
use super::{Options, Progressive, bands, means};

/// The smallest scans that the options allow. Sets the kind of the frame.
pub(super) fn smallest<W: Word>(
    frame: &mut Frame,
    tables: &[Quant],
    blocks: &[Blocks<W>],
    options: &Options<'_>,
) -> Result<Scans, Error> {
    let is_baseline = !frame.is_wide() && tables.iter().flatten().all(|&step| step < 256);
    let plain = if is_baseline { Kind::Baseline } else { Kind::Extended };
    let kinds = match options.progressive {
        Progressive::Auto => &[plain, Kind::Progressive][..],
        Progressive::Yes => &[Kind::Progressive],
        Progressive::No => &[plain],
    };
    let mut best: Option<(Kind, Scans)> = None;
    for &kind in kinds {
        frame.kind = kind;
        let scans = match kind {
            Kind::Progressive => progressive(frame, blocks, options)?,
            _ => sequential(frame, blocks, options)?,
        };
        if best.as_ref().is_none_or(|(_, best)| scans.bytes() < best.bytes()) {
            best = Some((kind, scans));
        }
    }
    let (kind, scans) = best.unwrap_or((plain, Scans(Vec::new())));
    frame.kind = kind;
    Ok(scans)
}

fn sequential<W: Word>(frame: &Frame, blocks: &[Blocks<W>], options: &Options<'_>) -> Result<Scans, Error> {
    let all: Vec<usize> = (0..blocks.len()).collect();
    if !is_interleaved(frame) {
        let scans = all.iter().map(|&c| Scan::new(&[c], (0, 63), (0, 0)));
        return Scans::count(scans, frame, blocks, options);
    }
    Scans::best_tables(&Scan::new(&all, (0, 63), (0, 0)), frame, blocks, options)
}

fn progressive<W: Word>(frame: &Frame, blocks: &[Blocks<W>], options: &Options<'_>) -> Result<Scans, Error> {
    let mut scans = means::search(frame, blocks, options)?;
    let bands = Scans::count(bands::search(blocks, options)?.into_iter(), frame, blocks, options)?;
    scans.0.extend(bands.0);
    // Coarse to fine: low frequencies first, refinements last.
    scans.0.sort_by_key(|(scan, _)| (scan.high > 0, std::cmp::Reverse(scan.high), scan.first));
    Ok(scans)
}
