//! Pictures whose rows can be had one by one: averaged by a whole factor while they come.

use super::reduce::{self, Reducer};
use super::{DecodeError, DecodeOptions, Decoded, Need, Offer, Pixels};
use crate::pixmap::{Channels, Pixmap};
use crate::size::Size;

/// Rows between two looks at the interrupt.
const ROWS_PER_LOOK: u32 = 64;

/// What a picture is to be averaged into.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Size as stored.
    pub size: Size,
    /// What the samples are.
    pub channels: Channels,
    /// 16 bits a sample.
    pub wide: bool,
}

/// Something that has rows, counted from the top.
pub trait Rows {
    /// Writes a row of 8-bit samples.
    fn row(&mut self, y: u32, out: &mut [u8]);

    /// Writes a row of 16-bit samples, where the shape is wide.
    fn row_wide(&mut self, _y: u32, _out: &mut [u16]) {}
}

/// Rows that come from the top, one after the other, and may break off. What is written of a row before an error is of
/// no use.
pub trait Sequence {
    /// Writes the next row of 8-bit samples, where the shape is not wide.
    ///
    /// # Errors
    /// Damage, or an end.
    fn row(&mut self, _out: &mut [u8]) -> Result<(), DecodeError> {
        Ok(())
    }

    /// Writes the next row of 16-bit samples, where the shape is wide.
    ///
    /// # Errors
    /// Damage, or an end.
    fn row_wide(&mut self, _out: &mut [u16]) -> Result<(), DecodeError> {
        Ok(())
    }

    /// Looks once more at rows that are written, when all are.
    ///
    /// # Errors
    /// Something visible is missing in them.
    fn end(&mut self) -> Result<(), DecodeError> {
        Ok(())
    }

    /// Looks at what has to stand behind a whole picture. It is not seen, so a word on it is enough, unless the reader is
    /// strict.
    ///
    /// # Errors
    /// It is missing.
    fn trailer(&mut self) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// The offer of such a picture; `held` bytes are needed besides.
pub fn offer(shape: Shape, need: Option<Need>, held: u64) -> Offer {
    let factor = reduce::factor(shape.size, need);
    let size = reduce::size(shape.size, factor);
    let scale = 1.0 / f64::from(factor);
    let pixel = shape.channels.count() as u64 * if shape.wide { 2 } else { 1 };
    // A row as stored, as samples, and the sums of one.
    let row = u64::from(shape.size.width) * (4 + pixel + shape.channels.count() as u64 * 8);
    let memory = size.pixels() * pixel + row + held + (1 << 16);
    Offer { size, scale: (scale, scale), shrink: f64::from(factor), memory, need }
}

/// All rows, as offered.
///
/// # Errors
/// An interrupt.
pub fn decode(
    shape: Shape,
    rows: &mut dyn Rows,
    offer: &Offer,
    options: &DecodeOptions<'_>,
) -> Result<Pixmap, DecodeError> {
    let mut feed = Feed::new(shape, offer, options);
    for y in 0..shape.size.height {
        feed.push(|narrow, wide| {
            if shape.wide {
                rows.row_wide(y, wide)
            } else {
                rows.row(y, narrow)
            }
            Ok(())
        })?;
    }
    Ok(feed.finish())
}

/// All rows of a sequence, as offered. Where it may end early, the rows behind the first error are black or transparent.
///
/// # Errors
/// An interrupt; the sequence's own, before any row in any case.
pub fn decode_sequence(
    shape: Shape,
    rows: &mut dyn Sequence,
    offer: &Offer,
    options: &DecodeOptions<'_>,
) -> Result<Decoded, DecodeError> {
    let mut feed = Feed::new(shape, offer, options);
    let mut error: Option<DecodeError> = None;
    for y in 0..shape.size.height {
        feed.push(|narrow, wide| {
            if error.is_none() {
                let next = if shape.wide { rows.row_wide(wide) } else { rows.row(narrow) };
                match next {
                    Ok(()) => return Ok(()),
                    Err(e) if !options.allow_truncated || y == 0 => return Err(e),
                    Err(e) => error = Some(e),
                }
                narrow.fill(0);
                wide.fill(0);
            }
            Ok(())
        })?;
    }
    if error.is_none() {
        match rows.end() {
            Err(e) if !options.allow_truncated => return Err(e),
            end => error = end.err(),
        }
    }
    let mut notes: Vec<String> = error.iter().map(|e| format!("{e}; what is missing was filled")).collect();
    if error.is_none()
        && let Err(e) = rows.trailer()
    {
        if options.strict {
            return Err(e);
        }
        notes.push(e.to_string());
    }
    Ok(Decoded { pixels: Pixels::Joint(feed.finish()), notes })
}

/// Takes rows on their way to the reducer, and hears interrupts.
struct Feed<'o> {
    shape: Shape,
    size: Size,
    reducer: Reducer,
    narrow: Vec<u8>,
    wide: Vec<u16>,
    rows: u32,
    options: &'o DecodeOptions<'o>,
}

impl<'o> Feed<'o> {
    fn new(shape: Shape, offer: &Offer, options: &'o DecodeOptions<'o>) -> Self {
        let length = shape.size.width as usize * shape.channels.count();
        Self {
            shape,
            size: offer.size,
            reducer: Reducer::new(shape.size, shape.channels, offer.shrink as u32, shape.wide),
            narrow: vec![0; if shape.wide { 0 } else { length }],
            wide: vec![0; if shape.wide { length } else { 0 }],
            rows: 0,
            options,
        }
    }

    /// The row that `write` writes into one of two buffers.
    fn push(
        &mut self,
        write: impl FnOnce(&mut [u8], &mut [u16]) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        if self.rows.is_multiple_of(ROWS_PER_LOOK) && self.options.interrupt.is_some_and(|stop| stop()) {
            return Err(DecodeError::Interrupted);
        }
        self.rows += 1;
        write(&mut self.narrow, &mut self.wide)?;
        if self.shape.wide {
            self.reducer.push_wide(&self.wide);
        } else {
            self.reducer.push(&self.narrow);
        }
        Ok(())
    }

    fn finish(self) -> Pixmap {
        Pixmap::new(self.size, self.shape.channels, self.reducer.finish())
    }
}
