//! Encoding towards a goal: a score, a number of bytes, or both.

use super::metric::Reference;
use super::source::Notes;
use super::{Encoded, Opened, PlannedVariant, RenderError};
use crate::codec::{DecodeError, Shown};
use crate::format::Format;
use crate::op;
use crate::pixmap::{Pixmap, YCbCr};
use crate::recipe::{EncodeSettings, Subsampling};
use crate::search::{Curve, Found, Trial, largest_that_fits, lowest_that_reaches};
use crate::size::{Region, Size};
use crate::words;

/// The lowest quality that is tried before a picture gets fewer pixels, where that is allowed: below it, a smaller picture
/// looks better.
const LEAST_BEFORE_SMALLER: u8 = 40;

/// Quality with subsampled chroma from which full chroma is tried, too.
const FULL_CHROMA_FROM: u8 = 82;

/// Times that a picture is made smaller at the most.
const MAX_SHRINKS: u32 = 6;

/// What is encoded.
#[derive(Clone, Copy)]
pub(super) enum Input<'a> {
    /// Pixels, and the profile that describes them.
    Pixels(&'a Pixmap, Option<&'a [u8]>),
    /// Luma and chroma.
    Planes(&'a YCbCr),
}

impl Input<'_> {
    fn size(&self) -> Size {
        match self {
            Self::Pixels(pixmap, _) => pixmap.size(),
            Self::Planes(planes) => planes.size,
        }
    }
}

/// An encoded output.
pub(super) struct Made {
    pub bytes: Vec<u8>,
    pub size: Size,
    /// The quality, where it was searched for.
    pub quality: Option<u8>,
    /// The score, where there is a target.
    pub score: Option<f64>,
}

impl Made {
    pub fn into_encoded(self, variant: usize, format: Format) -> Encoded {
        let Self { bytes, size, quality, score } = self;
        Encoded { variant, bytes, size, format, quality, score }
    }
}

/// The typical curve of a format, from which a search starts: means over photographs, see `docs/compression.md`.
fn curve(format: Format) -> Curve {
    Curve(match format {
        Format::WebP => {
            &[(1, -20.0), (10, 25.0), (30, 50.0), (50, 60.0), (70, 68.0), (80, 74.0), (90, 81.0), (100, 89.0)]
        }
        _ => &[(1, -60.0), (10, 10.0), (30, 49.0), (50, 61.0), (70, 70.0), (80, 76.0), (90, 84.0), (100, 93.0)],
    })
}

pub(super) type Interrupt<'a> = Option<&'a (dyn Fn() -> bool + Sync)>;

/// One input on its way into one format.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub opened: &'a Opened<'a>,
    pub input: Input<'a>,
    pub variant: &'a PlannedVariant,
    pub settings: EncodeSettings,
    pub interrupt: Interrupt<'a>,
}

impl Opened<'_> {
    /// Encodes one variant as the recipe says.
    pub(super) fn make(
        &self,
        input: Input<'_>,
        variant: &PlannedVariant,
        interrupt: Interrupt<'_>,
        notes: &mut Notes,
    ) -> Result<Made, RenderError> {
        let task = Task { opened: self, input, variant, settings: self.recipe.encode, interrupt };
        let made = match self.recipe.goal.score {
            Some(score) => task.towards(score, notes)?,
            None => task.once(None)?,
        };
        task.bounded(made, notes)
    }
}

impl Task<'_> {
    fn is_lossy(&self) -> bool {
        self.settings.is_lossy(self.variant.format)
    }

    /// Encodes, with the pixels that are shown where a score needs them.
    fn encode(&self, input: Input<'_>, settings: &EncodeSettings) -> Result<Shown, RenderError> {
        if self.interrupt.is_some_and(|stop| stop()) {
            return Err(DecodeError::Interrupted.into());
        }
        let wants_shown = self.opened.recipe.goal.score.is_some();
        let file = match input {
            Input::Pixels(pixmap, icc) => {
                self.opened.encode_with(pixmap.size(), self.variant, icc, |encoder, attached| match wants_shown {
                    true => encoder.encode_shown(pixmap, settings, attached),
                    false => encoder.encode(pixmap, settings, attached).map(Shown::from),
                })
            }
            Input::Planes(planes) => self.opened.encode_planes(planes, self.variant, settings).map(Shown::from),
        };
        Ok(file?)
    }

    fn at(&self, quality: u8) -> Result<Shown, RenderError> {
        self.encode(self.input, &self.settings.with_quality(quality))
    }

    /// Encodes as the settings say.
    fn once(&self, score: Option<f64>) -> Result<Made, RenderError> {
        let quality = self.settings.quality;
        let bytes = self.at(quality)?.bytes;
        Ok(Made { bytes, size: self.input.size(), quality: self.is_lossy().then_some(quality), score })
    }

    /// The lowest quality that reaches a score.
    fn towards(&self, goal: f64, notes: &mut Notes) -> Result<Made, RenderError> {
        if !self.is_lossy() {
            return self.once(Some(100.0));
        }
        let Input::Pixels(pixmap, _) = self.input else { unreachable!("planes are not used with a target") };
        let Some(reference) = Reference::new(pixmap) else {
            notes.add("no score for these colours: encoded at a fixed quality");
            return self.once(None);
        };
        let found = self.reach(goal, &reference)?;
        if !found.is_met {
            notes.add(&format!(
                "score {:.1}, below the target of {goal}: the highest quality gives no more",
                found.value
            ));
        }
        let Found { quality, value, output, .. } = found;
        Ok(Made { bytes: output, size: pixmap.size(), quality: Some(quality), score: Some(value) })
    }

    fn reach(&self, goal: f64, reference: &Reference) -> Result<Found<Vec<u8>>, RenderError> {
        let format = self.variant.format;
        let search = |subsampling| {
            lowest_that_reaches(goal, curve(format), |quality| {
                let settings = self.settings.with_quality(quality).with_subsampling(subsampling);
                let file = self.encode(self.input, &settings)?;
                Ok::<_, RenderError>(Trial { value: reference.score(format, &file)?, output: file.bytes })
            })
        };
        if self.settings.subsampling != Subsampling::Auto || format != Format::Jpeg {
            return search(self.settings.subsampling);
        }
        let half = search(Subsampling::S420)?;
        // What half of the chroma reaches with high quality at best, all of it may reach with fewer bytes.
        if half.quality >= FULL_CHROMA_FROM {
            let full = search(Subsampling::S444)?;
            if full.is_met && !half.is_met || full.is_met == half.is_met && full.output.len() < half.output.len() {
                return Ok(full);
            }
        }
        Ok(half)
    }

    /// Lowers the quality, or the size, of what takes more bytes than allowed.
    fn bounded(&self, mut made: Made, notes: &mut Notes) -> Result<Made, RenderError> {
        let goal = &self.opened.recipe.goal;
        let (is_lossy, fixed) = (self.is_lossy(), self.settings.quality);
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
        Ok(Made { bytes: found.output.bytes, size: self.input.size(), quality: Some(found.quality), score })
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
                let quality = self.is_lossy().then_some(quality);
                return Ok(Some(Made { bytes: output, size: to, quality, score: None }));
            }
            if to == Size::new(1, 1) {
                break;
            }
            bytes = output.len() as f64;
        }
        Ok(None)
    }
}
