//! Decodes one scan, a row of MCUs at a time. An MCU holds h x v samples of each component, or one
//! sample if the scan has one component.

use std::rc::Rc;

use super::super::bits::Reader;
use super::super::cache;
use super::super::error::Error;
use super::super::frame::Frame;
use super::super::huffman::DcTable;
use super::super::scan::NO_TABLE;
use super::super::script::Scan;
use super::super::sequential::{UNDEFINED, ensure};
use super::super::simd;
use super::lines::Lines;
use super::predict;

/// A component of the scan.
#[derive(Debug)]
struct Part {
    component: usize,
    table: Rc<DcTable>,
    /// Columns and rows of an MCU.
    h: usize,
    v: usize,
}

/// A scan being decoded.
#[derive(Debug)]
pub(super) struct Decoder<'a> {
    reader: Reader<'a>,
    parts: Vec<Part>,
    predictor: u8,
    /// One more than the largest sample value.
    limit: u32,
    start: u16,
    /// MCUs per row, and rows left.
    columns: usize,
    rows: u32,
    /// Rows of this scan per row of interleaved MCUs.
    rows_at_once: u32,
    /// Rows between restart markers, 0 for none.
    restart: u32,
    until_restart: u32,
    next_restart: u8,
    /// Whether the next line has no line above it.
    is_first: bool,
    over: bool,
}

impl<'a> Decoder<'a> {
    pub fn new(data: &'a [u8], frame: &Frame, scan: &Scan<'a>) -> Result<Decoder<'a>, Error> {
        let alone = scan.parts.len() == 1;
        let mut parts = Vec::with_capacity(scan.parts.len());
        for part in &scan.parts {
            let c = &frame.components[part.component];
            let table = cache::differences(part.dc.ok_or(NO_TABLE)?)?;
            let (h, v) = if alone { (1, 1) } else { (usize::from(c.h), usize::from(c.v)) };
            parts.push(Part { component: part.component, table, h, v });
        }
        let c = &frame.components[scan.parts[0].component];
        let (columns, rows) = if alone {
            frame.samples(c)
        } else {
            (frame.width.div_ceil(frame.h_max()), frame.height.div_ceil(frame.v_max()))
        };
        // Restarts reset the prediction. The standard defines that for whole lines only (H.1.1), as
        // does libjpeg.
        if !scan.restart.is_multiple_of(columns) {
            return Err(Error::Damaged("a restart interval of lossless coding is not a number of whole rows"));
        }
        let restart = scan.restart / columns;
        Ok(Decoder {
            reader: Reader::new(data, scan.start),
            parts,
            predictor: scan.first,
            limit: 1 << (frame.precision - scan.low),
            start: predict::start(frame.precision, scan.low),
            columns: columns as usize,
            rows,
            rows_at_once: if alone { c.v.into() } else { 1 },
            restart,
            until_restart: restart,
            next_restart: 0,
            is_first: true,
            over: false,
        })
    }

    /// Decodes this scan's lines of the next row of interleaved MCUs. After an error it fills these
    /// and all later lines.
    pub fn row(&mut self, lines: &mut [Lines]) -> Result<(), Error> {
        let mut result = Ok(());
        for row in 0..self.rows_at_once as usize {
            if self.over || self.rows == 0 {
                break;
            }
            self.rows -= 1;
            result = self.mcus(lines, row);
            self.over = result.is_err();
        }
        if self.over {
            for part in &self.parts {
                lines[part.component].samples.fill(self.start);
            }
        }
        result
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

    /// Decodes one row of MCUs. `row` is its index within a row of interleaved MCUs.
    fn mcus(&mut self, lines: &mut [Lines], row: usize) -> Result<(), Error> {
        if self.restart > 0 {
            if self.until_restart == 0 {
                self.reader.restart(self.next_restart)?;
                self.next_restart = (self.next_restart + 1) & 7;
                self.until_restart = self.restart;
                self.is_first = true;
            }
            self.until_restart -= 1;
        }
        simd::dispatch(
            #[inline(always)]
            || self.differences(lines, row),
        )?;
        self.reader.check_end()?;
        for part in &self.parts {
            let lines = &mut lines[part.component];
            let (pitch, width, shown) = (lines.pitch, lines.width, lines.shown());
            for line in row..row + part.v {
                let (above, samples) = lines.samples.split_at_mut((line + 1) * pitch);
                let (above, samples) = (&above[line * pitch..], &mut samples[..pitch]);
                if self.is_first && line == row {
                    predict::first_line(samples, self.start);
                } else {
                    predict::line(self.predictor, above, samples);
                }
                let largest = samples[..width].iter().fold(0, |a, &b| a.max(b));
                if u32::from(largest) >= self.limit && line < shown {
                    return Err(Error::Damaged("a sample has more bits than the picture"));
                }
            }
        }
        self.is_first = false;
        Ok(())
    }

    /// Writes the differences in place of the samples.
    #[inline(always)]
    fn differences(&mut self, lines: &mut [Lines], row: usize) -> Result<(), Error> {
        let mut bits = self.reader.bits;
        for column in 0..self.columns {
            ensure(&mut self.reader, &mut bits)?;
            for part in &self.parts {
                let lines = &mut lines[part.component];
                for line in row..row + part.v {
                    let at = (line + 1) * lines.pitch + column * part.h;
                    let Some(samples) = lines.samples.get_mut(at..at + part.h) else { continue };
                    for sample in samples {
                        bits.refill(self.reader.bytes());
                        let symbol = part.table.symbol(bits.buffer).ok_or(UNDEFINED)?;
                        // `advance` is 1 only for the difference 32,768, the only one besides 0
                        // without extra bits.
                        *sample = (symbol.value(bits.buffer) as u16).wrapping_add((symbol.advance() << 15) as u16);
                        bits.consume(symbol.total());
                    }
                }
            }
        }
        self.reader.bits = bits;
        Ok(())
    }
}
