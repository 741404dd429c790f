//! The statistical models of coefficients for arithmetic coding (ITU-T T.81, F.1.4, F.2.4, G.1.3).

use super::arithmetic::{Coder, State};
use super::bits::Reader;
use super::error::Error;
use super::progressive::{Band, Correction, half};
use super::row::Block;
use super::script::Conditioning;
use super::sequential::OVERFULL;
use super::unit::{Blocks, Mode, Unit};

/// The statistics of a slot: 49 bins for DC coefficients, 245 for AC.
type Bins = [State; 256];

/// The offset in a slot of the bins for higher magnitudes: DC, low and high AC frequencies (tables
/// F.4 and F.5).
const LADDER_DC: usize = 20;
const LADDER_LOW: usize = 189;
const LADDER_HIGH: usize = 217;
/// The distance from the bins of a magnitude to those of its bits.
const BITS: usize = 14;
const WILD: Error = Error::Damaged("an arithmetic code of a coefficient out of range");

/// The models of a scan, since its start or its last restart marker.
#[derive(Debug)]
pub(super) struct Models {
    coder: Coder,
    dc: [Bins; 4],
    ac: [Bins; 4],
    /// The first bin for the next DC difference of each component of the scan, chosen by the
    /// previous difference.
    context: [usize; 4],
}

impl Models {
    pub fn start(reader: &mut Reader<'_>) -> Result<Box<Models>, Error> {
        let bins = [[State::default(); 256]; 4];
        Ok(Box::new(Models { coder: Coder::start(reader)?, dc: bins, ac: bins, context: [0; 4] }))
    }

    /// Decodes the coefficients of a range of blocks.
    pub fn decode(
        &mut self,
        reader: &mut Reader<'_>,
        mode: Mode,
        units: &[Unit],
        predictors: &mut [i32; 4],
        blocks: Blocks<'_>,
    ) -> Result<(), Error> {
        for column in blocks.columns {
            for unit in units {
                let Some(row) = blocks.rows.get_mut(unit.component) else { continue };
                let place = blocks.offset + unit.start + column * unit.step;
                let mut mask = row.masks.get(place).copied().unwrap_or(0);
                let block = &mut row.block(place);
                let of = &unit.conditioning;
                let predictor = &mut predictors[unit.part & 3];
                match mode {
                    Mode::Sequential => {
                        *predictor = predictor.wrapping_add(self.difference(reader, unit.part, of)?);
                        block.set(0, *predictor);
                        self.band(reader, of, (1, 63), |k, value| block.set(k, value))?;
                    }
                    Mode::DcFirst { low } => {
                        *predictor = predictor.wrapping_add(self.difference(reader, unit.part, of)?);
                        block.set(0, *predictor << low);
                    }
                    Mode::DcRefine { low } => {
                        if let (true, Some(coefficient)) = (self.bit(reader)?, block.get(0)) {
                            *coefficient |= 1 << low;
                        }
                    }
                    Mode::AcFirst(band) => self.band(reader, of, (band.first, band.last), |k, value| {
                        mask |= 1 << k;
                        block.set(k, (value << band.low) + value.signum() * half(band.low));
                    })?,
                    Mode::AcRefine(band) => self.refine(reader, of, &band, block, &mut mask)?,
                }
                if let Some(to) = row.masks.get_mut(place) {
                    *to = mask;
                }
            }
        }
        Ok(())
    }

    /// A bit with fixed probability 1/2.
    fn bit(&mut self, reader: &mut Reader<'_>) -> Result<bool, Error> {
        self.coder.decide(reader, &mut { State::FAIR })
    }

    /// A DC difference of component `part` of the scan (figures F.19 to F.24).
    fn difference(&mut self, reader: &mut Reader<'_>, part: usize, of: &Conditioning) -> Result<i32, Error> {
        let Models { coder, dc, context, .. } = self;
        let bins = &mut dc[usize::from(of.dc & 3)];
        let context = &mut context[part & 3];
        let first = std::mem::take(context);
        if !coder.decide(reader, &mut bins[first])? {
            return Ok(0);
        }
        let is_negative = coder.decide(reader, &mut bins[first + 1])?;
        let at = first + 2 + usize::from(is_negative);
        let less = if coder.decide(reader, &mut bins[at])? { ladder(coder, reader, bins, LADDER_DC, 1)? } else { 0 };
        if less >= (1 << of.small) >> 1 {
            *context = if less < 1 << of.large { 4 } else { 12 } + if is_negative { 4 } else { 0 };
        }
        Ok(signed(less + 1, is_negative))
    }

    /// The nonzero AC coefficients from index `first` to `last` (figures F.20 and G.10).
    fn band(
        &mut self,
        reader: &mut Reader<'_>,
        of: &Conditioning,
        (first, last): (u32, u32),
        mut take: impl FnMut(u32, i32),
    ) -> Result<(), Error> {
        let Models { coder, ac, .. } = self;
        let bins = &mut ac[usize::from(of.ac & 3)];
        let mut k = first;
        while k <= last && !coder.decide(reader, &mut bins[bin(k)])? {
            while !coder.decide(reader, &mut bins[bin(k) + 1])? {
                k += 1;
                if k > last {
                    return Err(OVERFULL);
                }
            }
            let is_negative = coder.decide(reader, &mut { State::FAIR })?;
            let at = bin(k) + 2;
            let less = match coder.decide(reader, &mut bins[at])? {
                false => 0,
                true if !coder.decide(reader, &mut bins[at])? => 1,
                true => ladder(coder, reader, bins, if k <= of.low.into() { LADDER_LOW } else { LADDER_HIGH }, 2)?,
            };
            take(k, signed(less + 1, is_negative));
            k += 1;
        }
        Ok(())
    }

    /// Refines a band by one bit (figure G.11). A block cannot end before its last nonzero
    /// coefficient so far.
    fn refine(
        &mut self,
        reader: &mut Reader<'_>,
        of: &Conditioning,
        band: &Band,
        block: &mut Block<'_>,
        mask: &mut u64,
    ) -> Result<(), Error> {
        let Models { coder, ac, .. } = self;
        let bins = &mut ac[usize::from(of.ac & 3)];
        let old = *mask & (u64::MAX >> (63 - band.last));
        let last_old = old.checked_ilog2().unwrap_or(0);
        let correction = Correction::new(band);
        let mut k = band.first;
        while k <= band.last {
            if k > last_old && coder.decide(reader, &mut bins[bin(k)])? {
                break;
            }
            loop {
                if old >> k & 1 == 1 {
                    let more = coder.decide(reader, &mut bins[bin(k) + 2])?;
                    if let Some(coefficient) = block.get(k) {
                        correction.apply(coefficient, more);
                    }
                    break;
                }
                if coder.decide(reader, &mut bins[bin(k) + 1])? {
                    let sign = if coder.decide(reader, &mut { State::FAIR })? { -1 } else { 1 };
                    *mask |= 1 << k;
                    block.set(k, sign * ((1 << band.low) + half(band.low)));
                    break;
                }
                k += 1;
                if k > band.last {
                    return Err(OVERFULL);
                }
            }
            k += 1;
        }
        Ok(())
    }
}

/// The first of the three bins for index `k`, which is 1 to 63.
#[inline(always)]
fn bin(k: u32) -> usize {
    3 * (k as usize - 1)
}

fn signed(magnitude: u32, is_negative: bool) -> i32 {
    if is_negative { -(magnitude as i32) } else { magnitude as i32 }
}

/// Decodes a magnitude minus one that has at least bit `top`: its highest bit, then those below.
fn ladder(
    coder: &mut Coder,
    reader: &mut Reader<'_>,
    bins: &mut Bins,
    mut at: usize,
    mut top: u32,
) -> Result<u32, Error> {
    while coder.decide(reader, &mut bins[at])? {
        top <<= 1;
        if top == 1 << 15 {
            return Err(WILD);
        }
        at += 1;
    }
    let mut value = top;
    while top > 1 {
        top >>= 1;
        if coder.decide(reader, &mut bins[at + BITS])? {
            value |= top;
        }
    }
    Ok(value)
}
