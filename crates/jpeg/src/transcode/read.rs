//! Reads all coefficients of a picture into blocks.

use super::super::coefficients::{Wanted, is_plausible, select};
use super::super::encode::blocks::{Blocks, Levels};
use super::super::encode::word::Word;
use super::super::error::Error;
use super::super::frame::Frame;
use super::super::header::Header;
use super::super::row::{LANES, Row};
use super::super::scan::Decoder;
use super::super::script::{self, NO_END, Quant, Script};
use super::super::simd;
use super::Options;

/// The largest number of bytes that the coefficients take: a word each, and one byte per block for its length.
pub(super) fn memory<W>(frame: &Frame) -> u64 {
    frame.all_blocks() * (64 * size_of::<W>() as u64 + 1)
}

/// The quantisation tables of the components.
pub(super) fn quantisation(script: &Script<'_>) -> Result<Vec<Quant>, Error> {
    if let Some(error) = script.missing_scans() {
        return Err(error);
    }
    let missing = Error::Damaged("a component has no quantisation table");
    script.quant.iter().copied().collect::<Option<_>>().ok_or(missing)
}

/// The blocks of each component, and the position after the end-of-image marker.
pub(super) fn blocks<W: Word>(
    data: &[u8],
    header: &Header,
    script: &Script<'_>,
    options: &Options<'_>,
) -> Result<(Vec<Blocks<W>>, usize), Error> {
    let frame = &header.frame;
    if let Some(error) = &script.damage {
        return Err(error.clone());
    }
    if !script.is_complete() {
        return Err(Error::Unsupported("scans that omit coefficients"));
    }
    is_plausible(data, frame, script)?;
    let need = vec![63; frame.components.len()];
    let (scans, refined) = select(frame, &script.scans, &Wanted { need: &need, coarsest: &[0; 4], all: true })?;
    let mut decoders = scans
        .iter()
        .zip(refined)
        .map(|(scan, refined)| Decoder::new(data, frame, scan, &need, refined))
        .collect::<Result<Vec<_>, _>>()?;

    let mut rows = Vec::new();
    let mut targets = Vec::new();
    for c in &frame.components {
        rows.push(Row::new(64, frame.mcus_x() as usize * usize::from(c.h), c.v.into()));
        targets.push(Target::new(frame.blocks(c)));
    }
    for _ in 0..frame.mcus_y() {
        options.check_interrupt()?;
        rows.iter_mut().for_each(Row::clear);
        for decoder in &mut decoders {
            decoder.row(&mut rows)?;
        }
        for (target, row) in targets.iter_mut().zip(&rows) {
            target.take(row);
        }
    }
    let end = decoders.last_mut().and_then(|last| script::find_end(data, last.end())).ok_or(NO_END)?;
    if !targets.iter().all(|target| target.extremes.have_codes(frame)) {
        return Err(Error::Damaged("a coefficient is out of range"));
    }
    Ok((targets.into_iter().map(|target| target.blocks).collect(), end))
}

/// The blocks of one component while they are read.
struct Target<W> {
    blocks: Blocks<W>,
    rows: usize,
    levels: Vec<Levels>,
    extremes: Extremes,
}

impl<W: Word> Target<W> {
    fn new((columns, rows): (u32, u32)) -> Self {
        let (columns, rows) = (columns as usize, rows as usize);
        let levels = vec![[0; 64]; columns.next_multiple_of(LANES)];
        Self { blocks: Blocks::new(columns, rows), rows, levels, extremes: Extremes::default() }
    }

    /// Takes the blocks of a row of MCUs that hold samples.
    fn take(&mut self, row: &Row) {
        let lines = row.masks.len() / row.stride;
        for line in 0..lines.min(self.rows - self.blocks.rows()) {
            let Self { blocks, levels, extremes, .. } = self;
            let coefficients = &row.coefficients[line * row.stride..];
            simd::dispatch(
                #[inline(always)]
                || {
                    for (x, eight) in levels.as_chunks_mut().0.iter_mut().enumerate() {
                        load(eight, coefficients, x * LANES, row.pitch);
                    }
                    let levels = &levels[..blocks.columns];
                    levels.iter().for_each(|levels| extremes.look(levels));
                    blocks.push_levels(levels);
                },
            );
        }
    }
}

/// Loads eight blocks from place `x` on.
#[inline(always)]
fn load(to: &mut [Levels; LANES], coefficients: &[i16], x: usize, pitch: usize) {
    for k in 0..64 {
        let from: Option<&[i16; LANES]> = coefficients.get(k * pitch + x..).and_then(<[i16]>::first_chunk);
        if let Some(from) = from {
            to.iter_mut().zip(from).for_each(|(levels, &value)| levels[k] = value);
        }
    }
}

/// The extremes of a component's coefficients.
#[derive(Debug, Default)]
struct Extremes {
    /// Of the means.
    least: i16,
    most: i16,
    /// The largest magnitude of the others.
    other: u16,
}

impl Extremes {
    #[inline(always)]
    fn look(&mut self, levels: &Levels) {
        let [mean, others @ ..] = levels;
        self.least = self.least.min(*mean);
        self.most = self.most.max(*mean);
        self.other = others.iter().fold(self.other, |most, value| most.max(value.unsigned_abs()));
    }

    /// Whether there are codes for all coefficients, and for the difference of any two means (T.81, F.1.2).
    fn have_codes(&self, frame: &Frame) -> bool {
        let (means, others) = if frame.is_wide() { (15, 14) } else { (11, 10) };
        i32::from(self.most) - i32::from(self.least) < 1 << means && self.other < 1 << others
    }
}
