//! Lossless coding (ITU-T T.81, annex H): samples predicted from their neighbours, and
//! Huffman-coded differences from the prediction.
//!
//! All scans advance together, a row of MCUs at a time (`scan`), so that pictures with one scan per
//! component take no more memory than others. `predict` turns differences into samples, `pixels`
//! turns samples into pixels; both are in `lines`.

mod lines;
mod pixels;
mod predict;
mod scan;

use super::coefficients::Options;
use super::error::Error;
use super::frame::{ColorSpace, Component, Frame, Kind};
use super::header::Header;
use super::planes::Damage;
use super::script::{self, Ending, FILLING, NO_END, Script};
use lines::Lines;
use pixels::Painter;
use scan::Decoder;

/// Decodes a lossless picture row by row, from the top.
pub struct LosslessRows<'a> {
    data: &'a [u8],
    script: Script<'a>,
    frame: &'a Frame,
    options: Options<'a>,
    painter: Painter,
    decoders: Vec<Decoder<'a>>,
    lines: Vec<Lines>,
    /// The next row.
    y: u32,
    ending: Ending,
    damage: Option<Damage>,
    lacks_end: bool,
}

impl Header {
    /// Whether [`LosslessRows`] supports this picture.
    ///
    /// # Errors
    /// [`Error::Unsupported`] with the reason.
    pub fn supported_lossless(&self) -> Result<(), Error> {
        if self.kind != Kind::Lossless {
            return Err(Error::Unsupported("another coding than lossless"));
        }
        if self.arithmetic {
            return Err(Error::Unsupported("arithmetic lossless coding"));
        }
        if !(2..=16).contains(&self.precision) {
            return Err(Error::Unsupported("a precision that is not between 2 and 16 bits"));
        }
        if self.color == ColorSpace::Unknown {
            return Err(Error::Unsupported("neither 1, 3 nor 4 components"));
        }
        Ok(())
    }

    /// Upper bound of the memory that [`LosslessRows`] takes, in bytes.
    pub fn lossless_memory(&self) -> u64 {
        let row = |c: &Component| {
            let pitch = self.frame.width.div_ceil(self.frame.h_max()) * u32::from(c.h);
            u64::from(pitch) * (u64::from(c.v) + 1) * 2
        };
        let lines: u64 = self.components.iter().map(row).sum();
        // A row of pixels, a window and tables for each scan, and the records of the longest
        // accepted script.
        lines + u64::from(self.width) * 8 + (2 << 20)
    }
}

impl<'a> LosslessRows<'a> {
    /// Reads the scans of a picture. `header` must come from the same `data`.
    ///
    /// # Errors
    /// As for [`Header::supported_lossless`]; damage, unless `allow_truncated` is set.
    pub fn new(data: &'a [u8], header: &'a Header, options: &Options<'a>) -> Result<LosslessRows<'a>, Error> {
        header.supported_lossless()?;
        let frame = &header.frame;
        let script = Script::read(data, header)?;
        let lines: Vec<Lines> = frame.components.iter().map(|c| Lines::new(frame, *c)).collect();
        let samples: u64 = lines.iter().map(|l| l.width as u64 * u64::from(l.rows)).sum();
        // Every sample takes at least one bit.
        if !options.allow_truncated && samples / 8 > data.len() as u64 {
            return Err(Error::Truncated("the file is too short for its picture"));
        }
        let painter = Painter::new(frame, header.color, header.inverted);
        let mut rows = LosslessRows {
            data,
            frame,
            options: *options,
            painter,
            decoders: Vec::with_capacity(frame.components.len()),
            lines,
            y: 0,
            ending: Ending::new(data),
            damage: None,
            lacks_end: false,
            script,
        };
        if let Some(error) = rows.script.missing_scans() {
            rows.take(error, 0)?;
        }
        let mut seen = vec![false; frame.components.len()];
        for scan in &rows.script.scans {
            // A component is complete after its scan, so a second one is an error.
            if scan.parts.iter().any(|part| std::mem::replace(&mut seen[part.component], true)) {
                let error = Error::Damaged("a component has two scans");
                if !options.allow_truncated {
                    return Err(error);
                }
                rows.damage.get_or_insert(Damage { error, whole_lines: 0 });
                continue;
            }
            match Decoder::new(data, frame, scan) {
                Ok(decoder) => rows.decoders.push(decoder),
                Err(error) if !options.allow_truncated || !error.is_damage() => return Err(error),
                Err(error) => {
                    rows.damage.get_or_insert(Damage { error, whole_lines: 0 });
                }
            }
            for part in &scan.parts {
                rows.lines[part.component].low = scan.low;
            }
        }
        for lines in &mut rows.lines {
            predict::fill(&mut lines.samples, frame.precision, lines.low);
        }
        Ok(rows)
    }

    /// Whether rows have 16 bits per sample, as pictures of more than 8 bits do. Samples of other
    /// depths are scaled to the full 8 or 16 bits.
    pub fn is_wide(&self) -> bool {
        self.frame.is_wide()
    }

    /// Writes the next row with 8 bits per sample: grey, RGB, or CMYK where 0 is no ink.
    ///
    /// # Errors
    /// Damage, unless `allow_truncated` is set: then missing samples are mid-grey.
    pub fn row(&mut self, out: &mut [u8]) -> Result<(), Error> {
        self.advance()?;
        for (to, &sample) in out.iter_mut().zip(self.painter.pixels(&self.lines, self.y)) {
            *to = sample as u8;
        }
        self.y += 1;
        Ok(())
    }

    /// Writes the next row with 16 bits per sample, if the picture [is wide](Self::is_wide).
    ///
    /// # Errors
    /// As for [`LosslessRows::row`].
    pub fn row_wide(&mut self, out: &mut [u16]) -> Result<(), Error> {
        self.advance()?;
        let pixels = self.painter.pixels(&self.lines, self.y);
        let count = out.len().min(pixels.len());
        out[..count].copy_from_slice(&pixels[..count]);
        self.y += 1;
        Ok(())
    }

    /// Checks the data behind the last row. Call it after reading all rows.
    ///
    /// # Errors
    /// [`Error::Truncated`] if rows were decoded from padding or, with `strict`, if there is no
    /// end-of-image marker.
    pub fn end(&mut self) -> Result<(), Error> {
        let has_end = match &mut self.decoders[..] {
            [last] if self.script.damage.is_none() => script::find_end(self.data, last.end()).is_some(),
            _ => self.script.damage.is_none(),
        };
        if has_end || self.damage.is_some() {
            return Ok(());
        }
        match self.ending.filled(self.decoders.last().is_some_and(Decoder::is_aligned)) {
            Some(lines) => self.take(FILLING, lines),
            None if self.options.strict => self.take(NO_END, self.frame.height),
            None => {
                self.lacks_end = true;
                Ok(())
            }
        }
    }

    /// What was filled in because the data is damaged. Only with `allow_truncated`.
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// Whether every row is present, but no end-of-image marker follows.
    pub fn lacks_end(&self) -> bool {
        self.lacks_end
    }

    fn take(&mut self, error: Error, whole_lines: u32) -> Result<(), Error> {
        if !self.options.allow_truncated || !error.is_damage() {
            return Err(error);
        }
        self.damage.get_or_insert(Damage { error, whole_lines });
        Ok(())
    }

    /// Decodes the next row of MCUs if row `y` begins one.
    fn advance(&mut self) -> Result<(), Error> {
        if !self.y.is_multiple_of(self.frame.v_max()) {
            return Ok(());
        }
        if self.y > 0 {
            self.lines.iter_mut().for_each(Lines::advance);
        }
        for i in 0..self.decoders.len() {
            if let Err(error) = self.decoders[i].row(&mut self.lines) {
                self.take(error, self.y)?;
            }
        }
        if let Some(last) = self.decoders.last() {
            self.ending.look(last.remaining(), self.y);
        }
        Ok(())
    }
}
