//! Scans all samples before painting, if their meaning depends on the others: floating point with
//! an unknown range, and a sample that may be alpha.

use super::layout::{Layout, Number};
use super::packing::Compression;
use super::rows::Rows;
use super::samples::Row;
use super::stream::Shared;
use super::{ROWS_PER_LOOK, planes, unpack, wanted};
use crate::codec::DecodeError;
use crate::codec::float::{Range, Values};

/// The results of a survey.
#[derive(Default)]
pub struct Survey {
    /// The values of black and white.
    pub range: Option<Range>,
    /// The largest alpha, if it is more than 1.
    pub alpha: Option<f32>,
    /// Whether the possible alpha is zero everywhere, so that it is not alpha.
    pub opaque: bool,
}

/// Scans the samples if necessary.
///
/// # Errors
/// An interrupt. Unreadable data is left to the decoder.
pub fn survey(layout: &Layout, bytes: &[u8], shared: Shared<'_>, filler: Option<f32>) -> Result<Survey, DecodeError> {
    let is_light = matches!(layout.compression, Compression::LogLuv(_));
    let has_values = layout.number == Number::Float && !is_light;
    let is_guessed = layout.alpha.is_some_and(|alpha| alpha.guessed);
    if !has_values && !is_guessed {
        return Ok(Survey::default());
    }
    let wanted = wanted(layout);
    let (colors, step) = (layout.colors(), wanted.len());
    let (mut values, mut alpha, mut opaque) = (Values::new(filler), 0f32, is_guessed);
    let planes = planes(layout, &wanted);
    let mut buffers = vec![Vec::new(); planes.len()];
    let mut rows = Rows::new(layout, bytes, shared, planes);
    let mut y = 0;
    while y < layout.size.height && (has_values || opaque) {
        if y % ROWS_PER_LOOK == 0 && shared.interrupt.is_some_and(|stop| stop()) {
            return Err(DecodeError::Interrupted);
        }
        if !rows.next(&mut buffers) {
            break;
        }
        for row in unpack(layout, &buffers, &wanted) {
            match row {
                Row::F32(row) => {
                    for pixel in row.chunks_exact(step) {
                        pixel[..colors].iter().for_each(|&v| values.add(v));
                        let last = pixel.get(colors).copied().filter(|v| v.is_finite()).unwrap_or(0.0);
                        alpha = alpha.max(last);
                        opaque &= last == 0.0;
                    }
                }
                Row::U8(row) => opaque = opaque && row.chunks_exact(step).all(|p| p[step - 1] == 0),
                Row::U16(row) => opaque = opaque && row.chunks_exact(step).all(|p| p[step - 1] == 0),
            }
        }
        y += layout.share().1;
    }
    let range = if has_values { values.range(colors == 1) } else { None };
    Ok(Survey { alpha: range.is_some().then_some(alpha).filter(|&alpha| alpha > 1.0), range, opaque })
}
