//! Decodes pictures that are available row by row and averages them by an integer factor on the
//! way.

use super::reduce::{self, Reducer};
use super::{DecodeError, DecodeOptions, Decoded, Need, Offer, Pixels};
use crate::pixmap::{Channels, Pixmap};
use crate::size::Size;

/// Rows between two checks of the interrupt.
const ROWS_PER_LOOK: u32 = 64;

/// The shape of the rows.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Stored size.
    pub size: Size,
    /// The channels.
    pub channels: Channels,
    /// Whether samples have 16 bits.
    pub wide: bool,
}

/// Rows in any order, counted from the top.
pub trait Rows {
    /// Writes a row of 8-bit samples.
    fn row(&mut self, y: u32, out: &mut [u8]);

    /// Writes a row of 16-bit samples, for wide shapes.
    fn row_wide(&mut self, _y: u32, _out: &mut [u16]) {}
}

/// Rows in order from the top, which may end early. A row that fails is discarded.
pub trait Sequence {
    /// Writes the next row of 8-bit samples, for narrow shapes.
    ///
    /// # Errors
    /// Damage, or the end of the data.
    fn row(&mut self, _out: &mut [u8]) -> Result<(), DecodeError> {
        Ok(())
    }

    /// Writes the next row of 16-bit samples, for wide shapes.
    ///
    /// # Errors
    /// Damage, or the end of the data.
    fn row_wide(&mut self, _out: &mut [u16]) -> Result<(), DecodeError> {
        Ok(())
    }

    /// Checks the rows after all are written.
    ///
    /// # Errors
    /// Something visible is missing in them.
    fn end(&mut self) -> Result<(), DecodeError> {
        Ok(())
    }

    /// Checks the trailer of a complete picture. A missing trailer is invisible, so it is an error
    /// only in strict mode and a note otherwise.
    ///
    /// # Errors
    /// The trailer is missing.
    fn trailer(&mut self) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// The offer for such a picture. `held` is the additional memory in bytes.
pub fn offer(shape: Shape, need: Option<Need>, held: u64) -> Offer {
    let factor = reduce::factor(shape.size, need);
    let size = reduce::size(shape.size, factor);
    let scale = 1.0 / f64::from(factor);
    let pixel = shape.channels.count() as u64 * if shape.wide { 2 } else { 1 };
    // A stored row, its samples, and the sums of a row.
    let row = u64::from(shape.size.width) * (4 + pixel + shape.channels.count() as u64 * 8);
    let memory = size.pixels() * pixel + row + held + (1 << 16);
    Offer { size, scale: (scale, scale), shrink: f64::from(factor), memory, need }
}

/// Decodes all rows as offered.
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

/// Decodes all rows of a sequence as offered. If truncation is allowed, the rows after the first
/// error are black or transparent.
///
/// # Errors
/// An interrupt, or an error of the sequence. An error before the first row is always returned.
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

/// Passes rows to the reducer and checks the interrupt.
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

    /// Adds the row that `write` writes into one of two buffers.
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
