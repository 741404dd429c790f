//! Encoding towards a goal: a score, a number of bytes, or both.

use super::metric::Reference;
use super::source::Notes;
use super::{Encoded, Opened, PlannedVariant, RenderError};
use crate::codec::{DecodeError, EncodeError};
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

type Interrupt<'a> = Option<&'a (dyn Fn() -> bool + Sync)>;

impl Opened<'_> {
    /// Encodes one variant as the recipe says.
    pub(super) fn make(
        &self,
        input: Input<'_>,
        variant: &PlannedVariant,
        interrupt: Interrupt<'_>,
        notes: &mut Notes,
    ) -> Result<Made, RenderError> {
        let goal = &self.recipe.goal;
        let size = match input {
            Input::Pixels(pixmap, _) => pixmap.size(),
            Input::Planes(planes) => planes.size,
        };
        let encode_as = |input: Input<'_>, settings: EncodeSettings| {
            if interrupt.is_some_and(|stop| stop()) {
                return Err(DecodeError::Interrupted.into());
            }
            self.encode_input(input, variant, &settings).map_err(RenderError::from)
        };
        let encode = |input: Input<'_>, quality: u8| encode_as(input, self.recipe.encode.with_quality(quality));
        let fixed = self.recipe.encode.quality;
        if !goal.is_set() {
            return Ok(Made { bytes: encode(input, fixed)?, size, quality: None, score: None });
        }
        let is_lossy = self.recipe.encode.is_lossy(variant.format);
        let mut made = match goal.score {
            Some(_) if !is_lossy => Made { bytes: encode(input, fixed)?, size, quality: None, score: Some(100.0) },
            // The score is taken of the decoded output.
            Some(_) if !variant.format.reads() => {
                notes.add(&format!("no score for {}, which is not read: encoded at a fixed quality", variant.format));
                Made { bytes: encode(input, fixed)?, size, quality: Some(fixed), score: None }
            }
            Some(score) => self.reach(score, input, variant, notes, |settings| encode_as(input, settings))?,
            None => {
                let quality = is_lossy.then_some(fixed);
                Made { bytes: encode(input, fixed)?, size, quality, score: None }
            }
        };
        let Some(limit) = goal.max_bytes.filter(|limit| made.bytes.len() as u64 > *limit) else { return Ok(made) };
        if let (true, Some(quality)) = (is_lossy, made.quality) {
            let tried = Some((quality, made.bytes.len() as f64));
            let found = largest_that_fits(limit, quality, tried, |quality| sized(encode(input, quality)?))?;
            if found.is_met && (!goal.allow_smaller || found.quality >= LEAST_BEFORE_SMALLER) {
                return self.fitted(found, input, variant);
            }
            if !goal.allow_smaller {
                made = self.fitted(found, input, variant)?;
            }
        }
        if let (true, Input::Pixels(pixmap, icc)) = (goal.allow_smaller, input) {
            let quality =
                if is_lossy { fixed.min(LEAST_BEFORE_SMALLER.max(made.quality.unwrap_or(0).min(60))) } else { fixed };
            if let Some(smaller) = self.shrink(pixmap, icc, limit, &made, |input| encode(input, quality))? {
                notes.add(&format!("made {} to fit into {}", smaller.size, words::bytes(limit)));
                let quality = is_lossy.then_some(quality);
                return Ok(Made { quality, score: None, ..smaller });
            }
        }
        notes.add(&format!(
            "{}, over the limit of {} (--max-bytes)",
            words::bytes(made.bytes.len() as u64),
            words::bytes(limit)
        ));
        Ok(made)
    }

    fn reach(
        &self,
        goal: f64,
        input: Input<'_>,
        variant: &PlannedVariant,
        notes: &mut Notes,
        mut encode: impl FnMut(EncodeSettings) -> Result<Vec<u8>, RenderError>,
    ) -> Result<Made, RenderError> {
        let Input::Pixels(pixmap, _) = input else { unreachable!("planes are not used with a target") };
        let format = variant.format;
        let Some(reference) = Reference::new(pixmap) else {
            notes.add("no score for these colours: encoded at a fixed quality");
            let quality = self.recipe.encode.quality;
            let bytes = encode(self.recipe.encode)?;
            return Ok(Made { bytes, size: pixmap.size(), quality: Some(quality), score: None });
        };
        let mut search = |subsampling| {
            lowest_that_reaches(goal, curve(format), |quality| {
                let output = encode(self.recipe.encode.with_quality(quality).with_subsampling(subsampling))?;
                Ok::<_, RenderError>(Trial { value: reference.score(format, &output)?, output })
            })
        };
        let mut found = match self.recipe.encode.subsampling {
            Subsampling::Auto if format == Format::Jpeg => search(Subsampling::S420)?,
            as_asked => search(as_asked)?,
        };
        // What half of the chroma reaches with high quality at best, all of it may reach with fewer bytes.
        if self.recipe.encode.subsampling == Subsampling::Auto
            && format == Format::Jpeg
            && found.quality >= FULL_CHROMA_FROM
        {
            let full = search(Subsampling::S444)?;
            if full.is_met && !found.is_met || full.is_met == found.is_met && full.output.len() < found.output.len() {
                found = full;
            }
        }
        if !found.is_met {
            notes.add(&format!(
                "score {:.1}, below the target of {goal}: the highest quality gives no more",
                found.value
            ));
        }
        let Found { quality, value, output, .. } = found;
        Ok(Made { bytes: output, size: pixmap.size(), quality: Some(quality), score: Some(value) })
    }

    /// What fits into the bytes, with its score where one was asked for.
    fn fitted(&self, found: Found<Vec<u8>>, input: Input<'_>, variant: &PlannedVariant) -> Result<Made, RenderError> {
        let score = match (self.recipe.goal.score, input) {
            (Some(_), Input::Pixels(pixmap, _)) if variant.format.reads() => {
                Reference::new(pixmap).map(|reference| reference.score(variant.format, &found.output)).transpose()?
            }
            _ => None,
        };
        let size = match input {
            Input::Pixels(pixmap, _) => pixmap.size(),
            Input::Planes(planes) => planes.size,
        };
        Ok(Made { bytes: found.output, size, quality: Some(found.quality), score })
    }

    /// The largest picture that was found to fit into `limit`, if one does.
    fn shrink(
        &self,
        pixmap: &Pixmap,
        icc: Option<&[u8]>,
        limit: u64,
        whole: &Made,
        mut encode: impl FnMut(Input<'_>) -> Result<Vec<u8>, RenderError>,
    ) -> Result<Option<Made>, RenderError> {
        let full = pixmap.size();
        let mut bytes = whole.bytes.len() as f64;
        let mut scale = 1.0;
        for _ in 0..MAX_SHRINKS {
            // Bytes go with the pixels; a little less, so that the first guess mostly fits.
            scale *= (limit as f64 / bytes).sqrt().min(0.95) * 0.98;
            let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
            let to = Size::new(side(full.width), side(full.height));
            let small = op::resize::resize(pixmap, Region::whole(full), to, self.recipe.filter)?;
            let output = encode(Input::Pixels(&small, icc))?;
            if output.len() as u64 <= limit {
                return Ok(Some(Made { bytes: output, size: to, quality: None, score: None }));
            }
            if to == Size::new(1, 1) {
                break;
            }
            bytes = output.len() as f64;
        }
        Ok(None)
    }

    fn encode_input(
        &self,
        input: Input<'_>,
        variant: &PlannedVariant,
        settings: &EncodeSettings,
    ) -> Result<Vec<u8>, EncodeError> {
        match input {
            Input::Pixels(pixmap, icc) => self.encode_with(pixmap.size(), variant, icc, |encoder, attached| {
                encoder.encode(pixmap, settings, attached)
            }),
            Input::Planes(planes) => self.encode_planes(planes, variant, settings),
        }
    }
}

fn sized(output: Vec<u8>) -> Result<Trial<Vec<u8>>, RenderError> {
    Ok(Trial { value: output.len() as f64, output })
}
