//! Lowers the quality, or the size, of an output until it fits into its bytes.

use super::RenderError;
use super::aim::{Input, Made, Task};
use super::metric::Reference;
use super::source::Notes;
use crate::codec::Shown;
use crate::op;
use crate::pixmap::Pixmap;
use crate::search::{Found, Trial, largest_that_fits};
use crate::size::{Region, Size};
use crate::words;

/// The lowest quality that is tried before a picture gets fewer pixels, where that is allowed: below it, a smaller picture
/// looks better.
const LEAST_BEFORE_SMALLER: u8 = 40;

/// Times that a picture is made smaller at the most.
const MAX_SHRINKS: u32 = 6;

impl Task<'_> {
    /// Lowers the quality, or the size, of what takes more bytes than allowed.
    pub(super) fn bounded(&self, mut made: Made, notes: &mut Notes) -> Result<Made, RenderError> {
        let goal = &self.opened.recipe.goal;
        let (is_lossy, fixed) = (self.is_lossy(), self.settings.quality.min(self.most));
        let Some(limit) = goal.max_bytes.filter(|limit| made.bytes.len() as u64 > *limit) else { return Ok(made) };
        if let (true, Some(quality)) = (is_lossy, made.quality) {
            let tried = Some((quality, made.bytes.len() as f64));
            let found = largest_that_fits(limit, quality, tried, |quality| {
                let file = self.at(quality)?;
                Ok::<_, RenderError>(Trial { value: file.bytes.len() as f64, output: file })
            })?;
            if found.is_met && (!goal.allow_smaller || found.quality >= LEAST_BEFORE_SMALLER) {
                return self.fitted(found);
            }
            if !goal.allow_smaller {
                made = self.fitted(found)?;
            }
        }
        if let (true, Input::Pixels(pixmap, icc)) = (goal.allow_smaller, self.input) {
            let quality =
                if is_lossy { fixed.min(LEAST_BEFORE_SMALLER.max(made.quality.unwrap_or(0).min(60))) } else { fixed };
            if let Some(smaller) = self.shrink(pixmap, icc, limit, made.bytes.len(), quality)? {
                notes.add(&format!("made {} to fit into {}", smaller.size, words::bytes(limit)));
                return Ok(smaller);
            }
        }
        notes.add(&format!(
            "{}, over the limit of {} (--max-bytes)",
            words::bytes(made.bytes.len() as u64),
            words::bytes(limit)
        ));
        Ok(made)
    }

    /// What fits into the bytes, with its score where one was asked for.
    fn fitted(&self, found: Found<Shown>) -> Result<Made, RenderError> {
        let score = match (self.opened.recipe.goal.score, self.input) {
            (Some(_), Input::Pixels(pixmap, _)) => Reference::new(pixmap)
                .map(|reference| reference.score(self.variant.format, &found.output))
                .transpose()?,
            _ => None,
        };
        Ok(self.made(found.output.bytes, self.input.size(), found.quality, score))
    }

    /// The largest picture that was found to fit into `limit`, if one does.
    fn shrink(
        &self,
        pixmap: &Pixmap,
        icc: Option<&[u8]>,
        limit: u64,
        bytes: usize,
        quality: u8,
    ) -> Result<Option<Made>, RenderError> {
        let full = pixmap.size();
        let mut bytes = bytes as f64;
        let mut scale = 1.0;
        for _ in 0..MAX_SHRINKS {
            // Bytes go with the pixels; a little less, so that the first guess mostly fits.
            scale *= (limit as f64 / bytes).sqrt().min(0.95) * 0.98;
            let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
            let to = Size::new(side(full.width), side(full.height));
            let small = op::resize::resize(pixmap, Region::whole(full), to, self.opened.recipe.filter)?;
            let output = self.encode(Input::Pixels(&small, icc), &self.settings.with_quality(quality))?.bytes;
            if output.len() as u64 <= limit {
                return Ok(Some(self.made(output, to, quality, None)));
            }
            if to == Size::new(1, 1) {
                break;
            }
            bytes = output.len() as f64;
        }
        Ok(None)
    }
}
