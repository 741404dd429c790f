//! From bytes to coefficients: advances all needed scans by one row of MCUs, hands that row over, and repeats.

use super::error::Error;
use super::frame::{Frame, Kind};
use super::header::Header;
use super::idct::last_index;
use super::plan::Plan;
use super::planes::Damage;
use super::row::Row;
use super::scan::Decoder;
use super::script::{self, Ending, FILLING, NO_END, Scan, Script};

/// Options for decoding.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Decode as much as possible of a damaged picture, and report it in [`super::Image::damage`].
    pub allow_truncated: bool,
    /// Parse every scan to its end, even if the plan does not need it, and require an end-of-image
    /// marker.
    pub strict: bool,
    /// Called for every row of MCUs. If it returns `true`, decoding ends with
    /// [`Error::Interrupted`].
    pub interrupt: Option<&'a dyn Fn() -> bool>,
    /// The memory limit in bytes. Decoding fails with [`Error::TooLarge`] before it allocates more.
    pub max_memory: Option<u64>,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("allow_truncated", &self.allow_truncated)
            .field("strict", &self.strict)
            .field("interrupt", &self.interrupt.is_some())
            .field("max_memory", &self.max_memory)
            .finish()
    }
}

pub(super) fn check_memory(header: &Header, needed: u64, options: &Options<'_>) -> Result<(), Error> {
    match options.max_memory {
        Some(limit) if needed > limit => {
            Err(Error::TooLarge { width: header.width, height: header.height, needed, limit })
        }
        _ => Ok(()),
    }
}

/// What the coefficients of a component become.
pub(super) trait Target {
    /// A row of MCUs of it.
    fn row(&self) -> Row;
    /// Takes the coefficients of a row of MCUs, the `line`th.
    fn take(&mut self, row: &Row, line: usize);
}

/// What decoding ended with.
pub(super) struct Decoded<T> {
    pub targets: Vec<T>,
    pub damage: Option<Damage>,
    pub lacks_end: bool,
}

/// Decodes coefficients as planned. `make` takes the index of a component and its quantisation.
pub(super) fn coefficients<T: Target>(
    data: &[u8],
    header: &Header,
    plan: &Plan,
    options: &Options<'_>,
    make: impl Fn(usize, &script::Quant) -> T,
) -> Result<Decoded<T>, Error> {
    let frame = &header.frame;
    let script = Script::read(data, header)?;
    let mut damage = Damages { options, first: None };
    if !options.allow_truncated {
        is_plausible(data, frame, &script)?;
    }
    let need: Vec<u32> = plan.sizes.iter().map(|&n| last_index(n.into())).collect();
    let tolerance = plan.tolerance * finer(frame);
    let coarsest: Vec<u8> = script.quant.iter().map(|quant| missing_bits(quant.as_ref(), tolerance)).collect();
    // Without an end-of-image marker, only parsing tells whether the last scan is complete.
    let mut may_lack_end = !options.strict && script.is_complete();
    let all = options.strict || (may_lack_end && script.damage.is_some());
    let mut wanted = Wanted { need: &need, coarsest: &coarsest, all };
    let (used, refined) = match select(frame, &script.scans, &wanted) {
        Err(_) if all && !options.strict => {
            (may_lack_end, wanted.all) = (false, false);
            select(frame, &script.scans, &wanted)?
        }
        chosen => chosen?,
    };
    let mut decoders = Vec::with_capacity(used.len());
    for (&scan, refined) in used.iter().zip(refined) {
        match Decoder::new(data, frame, scan, &need, refined) {
            Ok(decoder) => decoders.push(decoder),
            Err(error) => damage.take(error, 0)?,
        }
    }
    let mut targets = Vec::with_capacity(frame.components.len());
    let missing = script.missing_scans();
    let has_all_scans = missing.is_none();
    if let Some(error) = missing {
        damage.take(error, 0)?;
    }
    for (i, quant) in script.quant.iter().enumerate() {
        if has_all_scans && quant.is_none() {
            damage.take(Error::Damaged("a component has no quantisation table"), 0)?;
        }
        targets.push(make(i, quant.as_ref().unwrap_or(&[1; 64])));
    }
    let mut rows: Vec<Row> = targets.iter().map(T::row).collect();
    let mut ending = Ending::new(data);
    for line in 0..frame.mcus_y() {
        if options.interrupt.is_some_and(|stop| stop()) {
            return Err(Error::Interrupted);
        }
        for row in &mut rows {
            row.clear();
        }
        for decoder in &mut decoders {
            if let Err(error) = decoder.row(&mut rows) {
                damage.take(error, line * 8 * frame.v_max())?;
            }
        }
        if let Some(last) = decoders.last() {
            ending.look(last.remaining(), line * 8 * frame.v_max());
        }
        for (target, row) in targets.iter_mut().zip(&rows) {
            target.take(row, line as usize);
        }
    }
    let whole = frame.kind != Kind::Progressive && script.scans.iter().any(|s| s.parts.len() == frame.components.len());
    let has_end = match &mut decoders[..] {
        [.., last] if whole => script.damage.is_none() && script::find_end(data, last.end()).is_some(),
        _ => script.damage.is_none(),
    };
    let mut lacks_end = false;
    if !has_end {
        let is_whole = may_lack_end && damage.first.is_none();
        match (ending.filled(decoders.last().is_some_and(Decoder::is_aligned)), &script.damage) {
            (Some(lines), _) if is_whole => damage.take(FILLING, lines)?,
            (None, _) if is_whole => lacks_end = true,
            (_, Some(error)) if !script.is_complete() => damage.take(error.clone(), frame.height)?,
            _ => damage.take(NO_END, frame.height)?,
        }
    }
    Ok(Decoded { targets, damage: damage.first, lacks_end })
}

/// Keeps the first damage if the options tolerate damage.
struct Damages<'a> {
    options: &'a Options<'a>,
    first: Option<Damage>,
}

impl Damages<'_> {
    fn take(&mut self, error: Error, whole_lines: u32) -> Result<(), Error> {
        if !self.options.allow_truncated || !error.is_damage() {
            return Err(error);
        }
        self.first.get_or_insert(Damage { error, whole_lines });
        Ok(())
    }
}

/// Rejects a header that promises more blocks than the data can hold, before anything is allocated.
/// With Huffman coding, every block takes at least one bit for DC and, in sequential pictures,
/// another to end it.
pub(super) fn is_plausible(data: &[u8], frame: &Frame, script: &Script<'_>) -> Result<(), Error> {
    if frame.arithmetic {
        return Ok(());
    }
    let blocks: u64 = script
        .quant
        .iter()
        .zip(&frame.components)
        .filter(|(q, _)| q.is_some())
        .map(|(_, c)| {
            let (x, y) = frame.blocks(c);
            u64::from(x) * u64::from(y)
        })
        .sum();
    let bits = if frame.kind == Kind::Progressive { blocks } else { blocks * 2 };
    if bits / 8 > data.len() as u64 {
        return Err(Error::Truncated("the file is too short for its picture"));
    }
    Ok(())
}

/// The number of levels of the picture per 8-bit level.
pub(super) fn finer(frame: &Frame) -> f64 {
    if frame.is_wide() { 16.0 } else { 1.0 }
}

/// The number of low AC bits of a component that may be omitted: those worth no more than
/// `tolerance` at the mean quantisation step of the lower frequencies.
fn missing_bits(quant: Option<&script::Quant>, tolerance: f64) -> u8 {
    let Some(quant) = quant else { return 0 };
    let step = quant[1..15].iter().map(|&q| f64::from(q)).sum::<f64>() / 14.0;
    (0..13u8).take_while(|&bits| step * f64::from(1u32 << (bits + 1)) <= tolerance).count() as u8
}

pub(super) struct Wanted<'a> {
    /// Per component: the last zigzag index that matters, and the AC bits that may be omitted.
    pub need: &'a [u32],
    pub coarsest: &'a [u8],
    pub all: bool,
}

/// The largest number of scans decoded together. Each holds a window of 16 KiB.
const MAX_USED: usize = 250;

/// The needed scans in order, each with whether a later one refines it.
///
/// A scan counts only if it continues the previous ones: the first scan of new coefficients, or a
/// refinement by just the next bit. If a scan is skipped, so are its refinements.
pub(super) fn select<'s, 'a>(
    frame: &Frame,
    scans: &'s [Scan<'a>],
    wanted: &Wanted<'_>,
) -> Result<(Vec<&'s Scan<'a>>, Vec<bool>), Error> {
    const UNSEEN: u8 = 255;
    let mut low = vec![[UNSEEN; 64]; frame.components.len()];
    let mut used = Vec::new();
    let mut work = 0u64;
    for scan in scans {
        let band = usize::from(scan.first)..=usize::from(scan.last);
        let is_needed = scan.parts.iter().any(|p| wanted.all || u32::from(scan.first) <= wanted.need[p.component]);
        let refines_ac = scan.high > 0 && scan.first > 0;
        let too_fine = refines_ac && !wanted.all && scan.low < wanted.coarsest[scan.parts[0].component];
        if !is_needed || too_fine {
            continue;
        }
        let before = if scan.high == 0 { UNSEEN } else { scan.high };
        if scan.parts.iter().any(|p| low[p.component][band.clone()].iter().any(|&l| l != before)) {
            if wanted.all {
                return Err(Error::Damaged("scans do not follow each other"));
            }
            continue;
        }
        for part in &scan.parts {
            low[part.component][band.clone()].fill(scan.low);
            let (x, y) = frame.blocks(&frame.components[part.component]);
            work += u64::from(x) * u64::from(y);
        }
        used.push(scan);
    }
    // No encoder makes a picture with so many passes. Small pictures are exempt.
    if used.len() > MAX_USED || work > (40 * frame.all_blocks()).max(20_000_000) {
        return Err(Error::Unsupported("too many scans for a picture of this size"));
    }
    let refined = used
        .iter()
        .enumerate()
        .map(|(i, scan)| {
            used[i..].iter().any(|later| {
                let same = later.parts[0].component == scan.parts[0].component;
                same && later.first > 0 && later.high > 0 && later.first <= scan.last && scan.first <= later.last
            })
        })
        .collect();
    Ok((used, refined))
}
