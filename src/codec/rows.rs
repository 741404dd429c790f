//! Pictures whose rows can be had one by one, in any order: averaged by a whole factor while they come.

use super::reduce::{self, Reducer};
use super::{DecodeError, DecodeOptions, Need, Offer};
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
    let mut reducer = Reducer::new(shape.size, shape.channels, offer.shrink as u32, shape.wide);
    let length = shape.size.width as usize * shape.channels.count();
    let mut narrow = vec![0u8; if shape.wide { 0 } else { length }];
    let mut wide = vec![0u16; if shape.wide { length } else { 0 }];
    for y in 0..shape.size.height {
        if y % ROWS_PER_LOOK == 0 && options.interrupt.is_some_and(|stop| stop()) {
            return Err(DecodeError::Interrupted);
        }
        if shape.wide {
            rows.row_wide(y, &mut wide);
            reducer.push_wide(&wide);
        } else {
            rows.row(y, &mut narrow);
            reducer.push(&narrow);
        }
    }
    Ok(Pixmap::new(offer.size, shape.channels, reducer.finish()))
}
