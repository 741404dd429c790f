//! Searches for the scans that take the fewest bytes.

mod bands;
mod means;
pub(crate) mod scans;
pub(crate) mod tally;

use super::blocks::Blocks;
use super::script::Scan;
use super::word::Word;
use crate::error::Error;
use crate::frame::{Frame, Kind};
use scans::{Scans, is_interleaved};

/// How to search.
#[derive(Clone, Copy)]
pub(crate) struct Options<'a> {
    /// The kinds of frame to choose from.
    pub kinds: &'a [Kind],
    /// The most bits that a progressive scan omits, so that another refines it.
    pub omitted: u8,
    /// MCUs between restart markers, 0 for none.
    pub restart: usize,
    /// Ends the search if it returns true.
    pub interrupt: Option<&'a dyn Fn() -> bool>,
}

impl Options<'_> {
    fn check_interrupt(&self) -> Result<(), Error> {
        if self.interrupt.is_some_and(|stop| stop()) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// The smallest scans that the options allow. Sets the kind of the frame.
///
/// # Errors
/// [`Error::Interrupted`].
pub(crate) fn smallest<W: Word>(
    frame: &mut Frame,
    blocks: &[Blocks<W>],
    options: &Options<'_>,
) -> Result<Scans, Error> {
    let mut best: Option<(Kind, Scans)> = None;
    for &kind in options.kinds {
        frame.kind = kind;
        let scans = match kind {
            Kind::Progressive => progressive(frame, blocks, options)?,
            _ => sequential(frame, blocks, options)?,
        };
        if best.as_ref().is_none_or(|(_, best)| scans.bytes() < best.bytes()) {
            best = Some((kind, scans));
        }
    }
    let Some((kind, scans)) = best else { return Ok(Scans(Vec::new())) };
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
