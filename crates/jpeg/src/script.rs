//! The scans of a picture, and the tables in force at each (ITU-T T.81, B.2.3, B.2.4, G.1.1).

use super::error::Error;
use super::frame::Kind;
use super::header::Header;
use super::markers::{self, DAC, DHT, DNL, DQT, DRI, EOI, SOS, be16, next_segment};
use super::standard;

/// The largest number of scans. A full progressive script of three components has a few hundred at
/// most.
const MAX_SCANS: usize = 2000;

/// The statistics that a component uses, and their conditioning (DAC segments).
#[derive(Debug, Clone, Copy)]
pub(super) struct Conditioning {
    /// Slots of the statistics of DC and AC coefficients, 0 to 3.
    pub dc: u8,
    pub ac: u8,
    /// Bounds for DC differences that count as zero and as small: 2^(small - 1) and 2^large.
    pub small: u8,
    pub large: u8,
    /// The last zigzag index of the low frequencies.
    pub low: u8,
}

/// Quantisation steps in zigzag order.
pub(super) type Quant = [u16; 64];

/// A component of a scan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    /// Index into the components of the frame.
    pub component: usize,
    /// The DHT contents (counts and values) in force, if defined.
    pub dc: Option<&'a [u8]>,
    pub ac: Option<&'a [u8]>,
    /// For arithmetic coding.
    pub conditioning: Conditioning,
}

/// A scan header.
#[derive(Debug, Clone)]
pub(super) struct Scan<'a> {
    pub parts: Vec<Part<'a>>,
    /// Spectral selection: first and last coefficient, in zigzag order.
    pub first: u8,
    pub last: u8,
    /// Successive approximation: missing bits before (0 in a first scan) and after. In lossless
    /// coding `first` is the predictor and `low` the point transform.
    pub high: u8,
    pub low: u8,
    /// MCUs between restart markers, 0 for none.
    pub restart: u32,
    /// The start of the entropy-coded segment.
    pub start: usize,
}

/// The scans, the quantisation tables of the components (as of each component's first scan), and
/// how the walk ended.
#[derive(Debug, Default)]
pub(super) struct Script<'a> {
    pub scans: Vec<Scan<'a>>,
    pub quant: Vec<Option<Quant>>,
    /// Why the walk ended early, if it did.
    pub damage: Option<Error>,
}

struct Tables<'a> {
    dc: [Option<&'a [u8]>; 4],
    ac: [Option<&'a [u8]>; 4],
    /// Bounds of DC differences, and last indices of low frequencies.
    bounds: [(u8, u8); 4],
    low: [u8; 4],
    quant: [Option<Quant>; 4],
    restart: u32,
}

impl Default for Tables<'_> {
    /// The default conditioning of F.1.4.4.1.4 and F.1.4.4.2.1. No tables are defined yet.
    fn default() -> Self {
        let (dc, ac, quant) = ([None; 4], [None; 4], [None; 4]);
        Tables { dc, ac, bounds: [(0, 1); 4], low: [5; 4], quant, restart: 0 }
    }
}

impl Tables<'_> {
    fn has_no_codes(&self) -> bool {
        self.dc.iter().chain(&self.ac).all(Option::is_none)
    }

    /// Fills undefined slots with the typical tables, which frames of motion JPEG omit.
    fn typical(&mut self) {
        let fill = |slots: &mut [Option<&[u8]>; 4], luma: &'static [u8], chroma: &'static [u8]| {
            slots[0].get_or_insert(luma);
            slots[1].get_or_insert(chroma);
        };
        fill(&mut self.dc, standard::DC_LUMA, standard::DC_CHROMA);
        fill(&mut self.ac, standard::AC_LUMA, standard::AC_CHROMA);
    }
}

impl<'a> Tables<'a> {
    fn quantisation(&mut self, mut payload: &[u8]) -> Result<(), Error> {
        let bad = Error::Damaged("a quantisation table is broken");
        while let Some((&id, rest)) = payload.split_first() {
            let wide = id >> 4 != 0;
            let size = if wide { 128 } else { 64 };
            let (Some(slot), true) = (self.quant.get_mut(usize::from(id & 15)), rest.len() >= size) else {
                return Err(bad);
            };
            let mut table = [0; 64];
            for (k, step) in table.iter_mut().enumerate() {
                *step = if wide { be16(rest, 2 * k).unwrap_or(0) } else { rest[k].into() };
            }
            *slot = Some(table);
            payload = &rest[size..];
        }
        Ok(())
    }

    /// Reads the conditioning for arithmetic coding (B.2.4.3).
    fn arithmetic(&mut self, payload: &[u8]) -> Result<(), Error> {
        for pair in payload.chunks(2) {
            match *pair {
                [id @ 0..=3, value] if value & 15 <= value >> 4 => {
                    self.bounds[usize::from(id)] = (value & 15, value >> 4);
                }
                [id @ 0x10..=0x13, value @ 1..=63] => self.low[usize::from(id & 15)] = value,
                _ => return Err(Error::Damaged("a conditioning of arithmetic coding is broken")),
            }
        }
        Ok(())
    }

    fn conditioning(&self, dc: u8, ac: u8) -> Conditioning {
        let (small, large) = self.bounds[usize::from(dc)];
        Conditioning { dc, ac, small, large, low: self.low[usize::from(ac)] }
    }

    fn huffman(&mut self, mut payload: &'a [u8]) -> Result<(), Error> {
        let bad = Error::Damaged("a Huffman table is broken");
        while let Some((&id, rest)) = payload.split_first() {
            let values: usize = rest.iter().take(16).map(|&n| usize::from(n)).sum();
            if values > 256 || rest.len() < 16 + values {
                return Err(bad);
            }
            let (spec, behind) = rest.split_at(16 + values);
            let slots = if id >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            match (id >> 4, slots.get_mut(usize::from(id & 15))) {
                (0 | 1, Some(slot)) => *slot = Some(spec),
                _ => return Err(bad),
            }
            payload = behind;
        }
        Ok(())
    }
}

fn scan_header<'a>(header: &Header, tables: &Tables<'a>, payload: &[u8], start: usize) -> Result<Scan<'a>, Error> {
    let bad = Error::Damaged("a scan header is broken");
    let count = usize::from(*payload.first().unwrap_or(&0));
    if !(1..=4).contains(&count) || payload.len() < 4 + 2 * count {
        return Err(bad);
    }
    let mut parts: Vec<Part<'a>> = Vec::with_capacity(count);
    for pair in payload[1..1 + 2 * count].chunks_exact(2) {
        let component = header.frame.components.iter().position(|c| c.id == pair[0]);
        // In some files components share an identifier. As in libjpeg, each takes the first free
        // one.
        let component = match component {
            Some(found) if parts.iter().any(|p| p.component == found) => header
                .frame
                .components
                .iter()
                .enumerate()
                .position(|(i, c)| c.id == pair[0] && parts.iter().all(|p| p.component != i)),
            other => other,
        };
        let (Some(component), dc @ 0..=3, ac @ 0..=3) = (component, pair[1] >> 4, pair[1] & 15) else {
            return Err(bad);
        };
        parts.push(Part {
            component,
            dc: tables.dc[usize::from(dc)],
            ac: tables.ac[usize::from(ac)],
            conditioning: tables.conditioning(dc, ac),
        });
    }
    let rest = &payload[1 + 2 * count..];
    let mut scan = Scan {
        parts,
        first: rest[0],
        last: rest[1],
        high: rest[2] >> 4,
        low: rest[2] & 15,
        restart: tables.restart,
        start,
    };
    if header.kind == Kind::Lossless {
        if !(1..=7).contains(&scan.first) {
            return Err(Error::Damaged("a scan uses a predictor that does not exist"));
        }
        if scan.low >= header.precision {
            return Err(Error::Damaged("a point transform leaves no bits"));
        }
    } else if header.kind == Kind::Progressive {
        let band =
            if scan.first == 0 { scan.last == 0 } else { scan.first <= scan.last && scan.last < 64 && count == 1 };
        if !band || scan.low > 13 || (scan.high != 0 && scan.high != scan.low + 1) {
            return Err(bad);
        }
    } else {
        // Some encoders leave arbitrary values here in sequential scans, where only one value makes
        // sense.
        (scan.first, scan.last, scan.high, scan.low) = (0, 63, 0, 0);
    }
    Ok(scan)
}

impl<'a> Script<'a> {
    /// Walks from the start of the file to the end of the picture. If the first scan holds
    /// everything of a sequential picture, the walk ends there, because decoding finds the end of
    /// the scan anyway.
    ///
    /// # Errors
    /// Only errors that prevent decoding. Damage behind the first scan is left in `damage`.
    pub fn read(data: &'a [u8], header: &Header) -> Result<Script<'a>, Error> {
        let mut tables = Tables::default();
        let mut script = Script { quant: vec![None; header.components.len()], ..Script::default() };
        let mut at = 2;
        loop {
            let step = script.step(data, header, &mut tables, at);
            match step {
                Ok(Some(next)) => at = next,
                Ok(None) => return Ok(script),
                Err(error) if script.scans.is_empty() || !error.is_damage() => return Err(error),
                Err(error) => {
                    script.damage = Some(error);
                    return Ok(script);
                }
            }
        }
    }

    /// Whether the scans contain every coefficient of each component, to its last bit.
    pub fn is_complete(&self) -> bool {
        let mut low = vec![[u8::MAX; 64]; self.quant.len()];
        for scan in &self.scans {
            for part in &scan.parts {
                low[part.component][usize::from(scan.first)..=usize::from(scan.last)].fill(scan.low);
            }
        }
        low.iter().flatten().all(|&bits| bits == 0)
    }

    /// The error for components without any scan.
    pub fn missing_scans(&self) -> Option<Error> {
        let seen = |c: usize| self.scans.iter().any(|scan| scan.parts.iter().any(|part| part.component == c));
        let count = self.quant.len();
        let what = match ((0..count).filter(|&c| !seen(c)).count(), count) {
            (0, _) => return None,
            (1, 2) => "the scan of 1 of 2 components is missing",
            (1, 3) => "the scan of 1 of 3 components is missing",
            (2, 3) => "the scans of 2 of 3 components are missing",
            (1, 4) => "the scan of 1 of 4 components is missing",
            (2, 4) => "the scans of 2 of 4 components are missing",
            (3, 4) => "the scans of 3 of 4 components are missing",
            _ => "the scans of some components are missing",
        };
        Some(match self.damage {
            Some(Error::Truncated(_)) => Error::Truncated(what),
            _ => Error::Damaged(what),
        })
    }

    fn step(
        &mut self,
        data: &'a [u8],
        header: &Header,
        tables: &mut Tables<'a>,
        at: usize,
    ) -> Result<Option<usize>, Error> {
        let segment = next_segment(data, at)?;
        let payload = &data[segment.start..segment.end];
        match segment.marker {
            EOI => return Ok(None),
            DQT => tables.quantisation(payload)?,
            // AVI1 frames may also define some tables themselves. In other files a missing table is
            // damage.
            markers::APP0 if payload.starts_with(b"AVI1") => tables.typical(),
            DHT => tables.huffman(payload)?,
            DAC => tables.arithmetic(payload)?,
            DRI => tables.restart = be16(payload, 0).ok_or(Error::Damaged("a restart interval is broken"))?.into(),
            SOS => {
                // Frames of motion JPEG omit their tables, which are always these.
                if !header.arithmetic && header.kind != Kind::Progressive && tables.has_no_codes() {
                    tables.typical();
                }
                let scan = scan_header(header, tables, payload, segment.end)?;
                for part in &scan.parts {
                    let table = header.components[part.component].table;
                    let quant = &mut self.quant[part.component];
                    *quant = quant.or(tables.quant.get(usize::from(table)).copied().flatten());
                }
                let whole = header.kind != Kind::Progressive && scan.parts.len() == header.components.len();
                if self.scans.len() == MAX_SCANS {
                    return Err(Error::Unsupported("more than 2,000 scans"));
                }
                self.scans.push(scan);
                if whole {
                    return Ok(None);
                }
                return match markers::end_of_scan(data, segment.end) {
                    Some(next) => Ok(Some(next)),
                    None => Err(NO_END),
                };
            }
            DNL => {}
            marker if markers::is_frame(marker) && segment.end > header.first_scan => {
                return Err(Error::Damaged("there are two frame headers"));
            }
            _ => {}
        }
        Ok(Some(segment.end))
    }
}

/// The error for a missing end-of-image marker.
pub(super) const NO_END: Error = Error::Truncated("no end-of-image marker");

/// The position behind the end-of-image marker that follows the last scan, which ends at `at`.
pub(super) fn find_end(data: &[u8], mut at: usize) -> Option<usize> {
    while let Ok(segment) = next_segment(data, at) {
        at = match segment.marker {
            EOI => return Some(segment.end),
            SOS => markers::end_of_scan(data, segment.end)?,
            _ => segment.end,
        };
    }
    None
}

/// The error for a picture whose last rows were decoded from padding at the end of the file.
pub(super) const FILLING: Error = Error::Truncated("the file ends in filling, not in the picture");

/// Detects when a decoder reaches the run of equal bytes at the end of a file, which may replace
/// data that was lost or never written. Zeros are valid codes, so nothing else distinguishes them
/// from a picture.
pub(super) struct Ending {
    equal: usize,
    /// The lines of the picture before the run.
    whole: Option<u32>,
    remaining: usize,
}

impl Ending {
    /// The longest run with which a picture may end regularly, if its last code ends at a byte
    /// boundary: the last scan of a progressive picture may consist of one-bit end-of-block codes.
    const OWN: usize = 16;

    pub fn new(data: &[u8]) -> Ending {
        let equal = data.last().map_or(0, |last| data.iter().rev().take_while(|byte| *byte == last).count());
        // The first zero behind an FF is stuffed.
        let is_stuffed = data[..data.len() - equal].last() == Some(&0xFF) && data.last() == Some(&0);
        Ending { equal: equal - usize::from(is_stuffed), whole: None, remaining: 0 }
    }

    /// Records how many bytes remain behind a row of MCUs that begins at `line`.
    pub fn look(&mut self, remaining: usize, line: u32) {
        self.remaining = remaining;
        if remaining < self.equal {
            self.whole.get_or_insert(line);
        }
    }

    /// The lines of the picture before the padding, if its last rows were decoded from padding.
    /// `aligned` says whether the last code ends at a byte boundary; otherwise one-bits pad it, and
    /// a run of zeros has none.
    pub fn filled(&self, aligned: bool) -> Option<u32> {
        let read = self.equal.saturating_sub(self.remaining);
        // If nothing remains, the bytes belong to the picture.
        let is_own = self.remaining == 0 || (aligned && read <= Self::OWN);
        self.whole.filter(|_| !is_own)
    }
}
