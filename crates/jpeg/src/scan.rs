//! Decodes a scan by rows of MCUs, so that all scans of a picture advance together and only one row
//! of coefficients is in memory, even for progressive pictures.

use std::ops::Range;

use super::bits::Reader;
use super::cache;
use super::error::Error;
use super::frame::{Frame, Kind};
use super::huffman::Coding;
use super::models::Models;
use super::progressive::{self, Band};
use super::row::{self, Row};
use super::script::Scan;
use super::sequential::{self, UNDEFINED, ensure};
use super::simd;
use super::unit::{Blocks, Mode, Unit};

/// A scan being decoded.
#[derive(Debug)]
pub(super) struct Decoder<'a> {
    reader: Reader<'a>,
    mode: Mode,
    /// Whether samples have 12 bits.
    wide: bool,
    units: Vec<Unit>,
    /// For arithmetic coding only.
    models: Option<Box<Models>>,
    predictors: [i32; 4],
    /// Further blocks that an end-of-band run covers.
    run: u32,
    /// MCUs per row, and rows left.
    columns: usize,
    rows: usize,
    /// For a scan of one component, its rows of blocks per row of interleaved MCUs.
    rows_at_once: usize,
    restart: u32,
    until_restart: u32,
    next_restart: u8,
    over: bool,
}

pub(super) const NO_TABLE: Error = Error::Damaged("a scan uses a Huffman table that is not there");

impl<'a> Decoder<'a> {
    /// Starts a scan. `need` gives the last needed zigzag index of each component, `refined` says
    /// whether later scans refine this scan's band.
    pub fn new(
        data: &'a [u8],
        frame: &Frame,
        scan: &Scan<'a>,
        need: &[u32],
        refined: bool,
    ) -> Result<Decoder<'a>, Error> {
        let band = |component: usize| Band {
            first: scan.first.into(),
            last: scan.last.into(),
            low: scan.low.into(),
            need: need[component],
            masks: refined,
        };
        let mode = match (frame.kind, scan.first, scan.high) {
            (Kind::Progressive, 0, 0) => Mode::DcFirst { low: scan.low.into() },
            (Kind::Progressive, 0, _) => Mode::DcRefine { low: scan.low.into() },
            (Kind::Progressive, _, 0) => Mode::AcFirst(band(scan.parts[0].component)),
            (Kind::Progressive, ..) => Mode::AcRefine(band(scan.parts[0].component)),
            _ => Mode::Sequential,
        };
        let (sequential, progressive) = match frame.is_wide() {
            false => (Coding::Sequential, Coding::Progressive),
            true => (Coding::SequentialWide, Coding::ProgressiveWide),
        };
        let alone = scan.parts.len() == 1;
        let mut units = Vec::new();
        for (part, p) in scan.parts.iter().enumerate() {
            let c = &frame.components[p.component];
            let dc = match mode {
                _ if frame.arithmetic => None,
                Mode::Sequential | Mode::DcFirst { .. } => Some(cache::dc(p.dc.ok_or(NO_TABLE)?)?),
                _ => None,
            };
            let ac = match mode {
                _ if frame.arithmetic => None,
                Mode::Sequential => Some(cache::ac(sequential, p.ac.ok_or(NO_TABLE)?)?),
                Mode::AcFirst(_) | Mode::AcRefine(_) => Some(cache::ac(progressive, p.ac.ok_or(NO_TABLE)?)?),
                _ => None,
            };
            let per_row = row::stride(frame.mcus_x() as usize * usize::from(c.h));
            let (h, v) = if alone { (1, 1) } else { (usize::from(c.h), usize::from(c.v)) };
            for i in 0..h * v {
                units.push(Unit {
                    part,
                    component: p.component,
                    dc: dc.clone(),
                    ac: ac.clone(),
                    conditioning: p.conditioning,
                    start: i / h * per_row + i % h,
                    step: h,
                    need: need[p.component],
                });
            }
        }
        let c = &frame.components[scan.parts[0].component];
        let (columns, rows) = if alone { frame.blocks(c) } else { (frame.mcus_x(), frame.mcus_y()) };
        let mut reader = Reader::new(data, scan.start);
        let models = if frame.arithmetic { Some(Models::start(&mut reader)?) } else { None };
        Ok(Decoder {
            reader,
            mode,
            wide: frame.is_wide(),
            units,
            models,
            predictors: [0; 4],
            run: 0,
            columns: columns as usize,
            rows: rows as usize,
            rows_at_once: if alone { usize::from(c.v) } else { 1 },
            restart: scan.restart,
            until_restart: scan.restart,
            next_restart: 0,
            over: false,
        })
    }

    /// Adds this scan's coefficients of the next row of interleaved MCUs. After an error the scan
    /// adds nothing more.
    pub fn row(&mut self, rows: &mut [Row]) -> Result<(), Error> {
        for line in 0..self.rows_at_once {
            if self.over || self.rows == 0 {
                break;
            }
            self.rows -= 1;
            let offset = line * rows[self.units[0].component].stride;
            let result = if self.models.is_some() {
                self.arithmetic_line(rows, offset)
            } else if self.wide {
                self.line::<true>(rows, offset)
            } else {
                simd::dispatch(
                    #[inline(always)]
                    || self.line::<false>(rows, offset),
                )
            };
            // The last block may have read beyond the end of the data.
            let result = result.and_then(|()| self.reader.check_end());
            self.over = result.is_err() || self.rows == 0;
            self.note_counts(rows, result.is_err());
            result?;
        }
        Ok(())
    }

    /// Notes how many coefficients the blocks may have, unless it is noted for each block.
    fn note_counts(&self, rows: &mut [Row], is_broken: bool) {
        let count = match self.mode {
            _ if is_broken || self.models.is_some() => 64,
            Mode::Sequential => return,
            Mode::DcFirst { .. } | Mode::DcRefine { .. } => 1,
            Mode::AcFirst(band) | Mode::AcRefine(band) => band.last + 1,
        };
        for unit in &self.units {
            if let Some(row) = rows.get_mut(unit.component) {
                row.extend_all(count);
            }
        }
    }

    /// The position of the marker behind the scan, once all rows are decoded.
    pub fn end(&mut self) -> usize {
        self.reader.end_of_segment()
    }

    /// The number of bytes that are not decoded yet.
    pub fn remaining(&self) -> usize {
        self.reader.remaining()
    }

    /// Whether the last code ends at a byte boundary.
    pub fn is_aligned(&self) -> bool {
        self.reader.is_aligned()
    }

    fn restart(&mut self) -> Result<(), Error> {
        self.reader.restart(self.next_restart)?;
        self.next_restart = (self.next_restart + 1) & 7;
        self.until_restart = self.restart;
        self.predictors = [0; 4];
        self.run = 0;
        if let Some(models) = &mut self.models {
            *models = Models::start(&mut self.reader)?;
        }
        Ok(())
    }

    /// The number of MCUs from column `from` up to the next restart marker.
    #[inline(always)]
    fn stretch(&mut self, from: usize) -> Result<usize, Error> {
        let left = self.columns - from;
        if self.restart == 0 {
            return Ok(left);
        }
        if self.until_restart == 0 {
            self.restart()?;
        }
        let count = left.min(self.until_restart as usize);
        self.until_restart -= count as u32;
        Ok(count)
    }

    #[inline(never)]
    fn arithmetic_line(&mut self, rows: &mut [Row], offset: usize) -> Result<(), Error> {
        let mut column = 0;
        while column < self.columns {
            let count = self.stretch(column)?;
            let Some(models) = &mut self.models else { break };
            let blocks = Blocks { rows: &mut *rows, offset, columns: column..column + count };
            models.decode(&mut self.reader, self.mode, &self.units, &mut self.predictors, blocks)?;
            column += count;
        }
        Ok(())
    }

    #[inline(always)]
    fn line<const WIDE: bool>(&mut self, rows: &mut [Row], offset: usize) -> Result<(), Error> {
        let mut column = 0;
        while column < self.columns {
            let count = self.stretch(column)?;
            let range = column..column + count;
            match self.mode {
                Mode::Sequential => self.sequential::<WIDE>(rows, offset, range)?,
                Mode::DcFirst { low } => self.dc_first(rows, offset, range, low)?,
                Mode::DcRefine { low } => self.dc_refine(rows, offset, range, low)?,
                Mode::AcFirst(band) => self.ac(rows, offset, range, &band, false)?,
                Mode::AcRefine(band) => self.ac(rows, offset, range, &band, true)?,
            }
            column += count;
        }
        Ok(())
    }

    #[inline(always)]
    fn sequential<const WIDE: bool>(
        &mut self,
        rows: &mut [Row],
        offset: usize,
        columns: Range<usize>,
    ) -> Result<(), Error> {
        let mut bits = self.reader.bits;
        for column in columns {
            for unit in &self.units {
                let (Some(dc), Some(ac), Some(row)) = (&unit.dc, &unit.ac, rows.get_mut(unit.component)) else {
                    continue;
                };
                let place = offset + unit.start + column * unit.step;
                ensure(&mut self.reader, &mut bits)?;
                let predictor = &mut self.predictors[unit.part & 3];
                let (bytes, block) = (self.reader.bytes(), &mut row.block(place));
                let count = sequential::block::<WIDE>(&mut bits, bytes, (dc, ac), predictor, unit.need, block)?;
                row.extend(place, count);
            }
        }
        self.reader.bits = bits;
        Ok(())
    }

    #[inline(always)]
    fn dc_first(&mut self, rows: &mut [Row], offset: usize, columns: Range<usize>, low: u32) -> Result<(), Error> {
        let mut bits = self.reader.bits;
        for column in columns {
            for unit in &self.units {
                let (Some(dc), Some(row)) = (&unit.dc, rows.get_mut(unit.component)) else { continue };
                let Some(coefficient) = row.coefficients.get_mut(offset + unit.start + column * unit.step) else {
                    continue;
                };
                ensure(&mut self.reader, &mut bits)?;
                bits.refill(self.reader.bytes());
                let symbol = dc.symbol(bits.buffer).ok_or(UNDEFINED)?;
                let predictor = &mut self.predictors[unit.part & 3];
                *predictor = predictor.wrapping_add(symbol.value(bits.buffer));
                bits.consume(symbol.total());
                *coefficient = (*predictor << low) as i16;
            }
        }
        self.reader.bits = bits;
        Ok(())
    }

    #[inline(always)]
    fn dc_refine(&mut self, rows: &mut [Row], offset: usize, columns: Range<usize>, low: u32) -> Result<(), Error> {
        let mut bits = self.reader.bits;
        for column in columns {
            for unit in &self.units {
                let Some(row) = rows.get_mut(unit.component) else { continue };
                let Some(coefficient) = row.coefficients.get_mut(offset + unit.start + column * unit.step) else {
                    continue;
                };
                ensure(&mut self.reader, &mut bits)?;
                bits.refill(self.reader.bytes());
                *coefficient |= ((bits.buffer >> 63) << low) as i16;
                bits.consume(1);
            }
        }
        self.reader.bits = bits;
        Ok(())
    }

    #[inline(always)]
    fn ac(
        &mut self,
        rows: &mut [Row],
        offset: usize,
        columns: Range<usize>,
        band: &Band,
        refine: bool,
    ) -> Result<(), Error> {
        let unit = &self.units[0];
        let (Some(ac), Some(row)) = (&unit.ac, rows.get_mut(unit.component)) else { return Ok(()) };
        let mut bits = self.reader.bits;
        let mut run = self.run;
        let mut place = offset + columns.start;
        let end = offset + columns.end;
        while place < end {
            if !refine {
                let ended = (run as usize).min(end - place);
                run -= ended as u32;
                place += ended;
                if place == end {
                    break;
                }
            }
            let mut mask = row.masks.get(place).copied().unwrap_or(0);
            let block = &mut row.block(place);
            ensure(&mut self.reader, &mut bits)?;
            let bytes = self.reader.bytes();
            if refine {
                progressive::refine(&mut bits, bytes, ac, band, &mut run, block, &mut mask)?;
            } else {
                progressive::first(&mut bits, bytes, ac, band, &mut run, block, &mut mask)?;
            }
            if let Some(to) = row.masks.get_mut(place) {
                *to = mask;
            }
            place += 1;
        }
        self.run = run;
        self.reader.bits = bits;
        Ok(())
    }
}
