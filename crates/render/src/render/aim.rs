//! Encoding towards a goal: a score, a number of bytes, or both.

use super::metric::Reference;
use super::source::Notes;
use super::{Encoded, Opened, PlannedVariant, RenderError};
use crate::codec::{DecodeError, Shown, registry};
use crate::format::Format;
use crate::pixmap::{Pixmap, YCbCr};
use crate::recipe::{EncodeSettings, Subsampling};
use crate::search::{Curve, Found, Trial, lowest_that_reaches};
use crate::size::Size;

/// Quality with subsampled chroma from which full chroma is tried, too.
const FULL_CHROMA_FROM: u8 = 82;

/// What is encoded.
#[derive(Clone, Copy)]
pub(super) enum Input<'a> {
    /// Pixels, and the profile that describes them.
    Pixels(&'a Pixmap, Option<&'a [u8]>),
    /// Luma and chroma.
    Planes(&'a YCbCr),
}

impl Input<'_> {
    pub(super) fn size(&self) -> Size {
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
    pub format: Format,
    /// The quality. None without loss.
    pub quality: Option<u8>,
    /// The score, where there is a target.
    pub score: Option<f64>,
    /// The effort and the name of the encoder. None of the source's own coding.
    pub encoder: Option<(u8, &'static str)>,
    /// Whether it has the quality or score that was asked for, or the one that its bytes allow.
    pub is_met: bool,
}

impl Made {
    pub fn into_encoded(self, variant: usize) -> Encoded {
        let Self { bytes, size, format, quality, score, encoder, .. } = self;
        let (effort, encoder) = encoder.map_or((None, "source"), |(effort, name)| (Some(effort), name));
        Encoded { variant, bytes, size, format, quality, score, effort, encoder }
    }

    /// Whether this is the better one of two formats: it reaches the target, and in fewer bytes.
    pub fn beats(&self, other: &Self) -> bool {
        match (self.is_met, other.is_met) {
            (true, true) => self.bytes.len() < other.bytes.len(),
            (false, false) => self.score.unwrap_or(0.0) > other.score.unwrap_or(0.0),
            (is_met, _) => is_met,
        }
    }
}

/// Why a search ended without an output.
enum Ended {
    /// Another format has fewer bytes.
    Lost,
    Failed(RenderError),
}

impl From<RenderError> for Ended {
    fn from(error: RenderError) -> Self {
        Self::Failed(error)
    }
}

/// The typical curve of a format, from which a search starts: means over photographs, see `docs/compression.md`.
fn curve(format: Format) -> Curve {
    Curve(match format {
        Format::WebP => {
            &[(1, -20.0), (10, 25.0), (30, 50.0), (50, 60.0), (70, 68.0), (80, 74.0), (90, 81.0), (100, 89.0)]
        }
        Format::Avif => {
            &[(3, 18.0), (15, 36.0), (43, 54.0), (60, 65.0), (74, 73.0), (86, 81.0), (95, 91.0), (100, 97.0)]
        }
        _ => &[(1, -60.0), (10, 10.0), (30, 49.0), (50, 61.0), (70, 70.0), (80, 76.0), (90, 84.0), (100, 93.0)],
    })
}

/// The effort where a score is asked for and no effort: whoever names a score wants few bytes. docs/compression.md compares
/// the efforts.
fn effort_for_score(format: Format) -> Option<u8> {
    match format {
        Format::Jpeg => Some(4),
        Format::WebP => Some(6),
        _ => None,
    }
}

/// How much the logarithm of bytes grows with each point of score. Set by hand; [`MARGIN`] covers what it is off.
const GROWTH: f64 = 0.04;

/// How far off an estimate of bytes may be.
const MARGIN: f64 = 1.2;

/// Whether a format that takes these bytes for a score takes more than `least` for the goal.
fn loses(bytes: usize, score: f64, goal: f64, least: usize) -> bool {
    let at_goal = bytes as f64 * (GROWTH * (goal - score)).exp();
    // Below the goal, more quality only adds bytes.
    (score < goal && bytes >= least) || at_goal > MARGIN * least as f64
}

pub(super) type Interrupt<'a> = Option<&'a (dyn Fn() -> bool + Sync)>;

/// One input on its way into one format.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub opened: &'a Opened<'a>,
    pub input: Input<'a>,
    pub variant: &'a PlannedVariant,
    pub settings: EncodeSettings,
    /// The highest quality that is of use, which is the source's own.
    pub most: u8,
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
        if !variant.candidates.is_empty() {
            return self.choose(input, variant, interrupt, notes);
        }
        let task = Task::new(self, input, variant, self.recipe.encode, interrupt);
        let made = match self.recipe.goal.score {
            Some(score) => task.towards(score, notes)?,
            None => task.once(None)?,
        };
        task.bounded(made, notes)
    }
}

impl<'a> Task<'a> {
    pub fn new(
        opened: &'a Opened<'a>,
        input: Input<'a>,
        variant: &'a PlannedVariant,
        mut settings: EncodeSettings,
        interrupt: Interrupt<'a>,
    ) -> Self {
        if opened.recipe.goal.score.is_some() {
            settings.effort = settings.effort.or(effort_for_score(variant.format));
        }
        Self { opened, input, variant, settings, most: opened.most_quality(variant), interrupt }
    }

    pub(super) fn is_lossy(&self) -> bool {
        self.settings.is_lossy(self.variant.format)
    }

    /// Encodes, with the pixels that are shown where a score needs them.
    pub(super) fn encode(&self, input: Input<'_>, settings: &EncodeSettings) -> Result<Shown, RenderError> {
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

    pub(super) fn at(&self, quality: u8) -> Result<Shown, RenderError> {
        self.encode(self.input, &self.settings.with_quality(quality))
    }

    /// Whether all pixels stay as they are.
    fn is_exact(&self) -> bool {
        let is_near = self.settings.near_lossless.is_some_and(|level| level < 100);
        let changes = self.variant.format == Format::WebP && is_near;
        !(self.is_lossy() || changes)
    }

    /// Encodes as the settings say, with a score if there is a reference.
    pub(super) fn once(&self, reference: Option<&Reference>) -> Result<Made, RenderError> {
        let asked = self.settings.quality;
        let quality = asked.min(self.most);
        let file = self.at(quality)?;
        let score = match reference {
            _ if self.is_exact() => Some(100.0),
            Some(reference) => Some(reference.score(self.variant.format, &file)?),
            None => None,
        };
        // The source itself is nearer to what was asked for than another encoding at its own quality.
        let is_met = !self.is_lossy() || quality == asked;
        Ok(Made { is_met, ..self.made(file.bytes, self.input.size(), quality, score) })
    }

    /// An output at a quality, if it has one.
    pub(super) fn made(&self, bytes: Vec<u8>, size: Size, quality: u8, score: Option<f64>) -> Made {
        let format = self.variant.format;
        let encoder = registry::encoder(format).map(|encoder| encoder.named(&self.settings));
        let quality = self.is_lossy().then_some(quality);
        Made { bytes, size, format, quality, score, encoder, is_met: true }
    }

    /// The lowest quality that reaches a score.
    fn towards(&self, goal: f64, notes: &mut Notes) -> Result<Made, RenderError> {
        if self.is_exact() {
            return self.once(None);
        }
        let Input::Pixels(pixmap, _) = self.input else { unreachable!("planes are not used with a target") };
        let Some(reference) = Reference::new(pixmap) else {
            notes.add("no score for these colours: encoded at a fixed quality");
            return self.once(None);
        };
        if !self.is_lossy() {
            return self.once(Some(&reference));
        }
        let made = self.reach(goal, &reference, None)?;
        Ok(made.expect("nothing to lose against"))
    }

    /// The same, unless it takes more than the `least` bytes of another format.
    pub(super) fn reach(
        &self,
        goal: f64,
        reference: &Reference,
        least: Option<usize>,
    ) -> Result<Option<Made>, RenderError> {
        let format = self.variant.format;
        let search = |subsampling| {
            let found = lowest_that_reaches(goal, self.most, curve(format), |quality| {
                let settings = self.settings.with_quality(quality).with_subsampling(subsampling);
                let file = self.encode(self.input, &settings)?;
                let value = reference.score(format, &file).map_err(RenderError::from)?;
                match least.is_some_and(|least| loses(file.bytes.len(), value, goal, least)) {
                    true => Err(Ended::Lost),
                    false => Ok(Trial { value, output: file.bytes }),
                }
            });
            match found {
                Ok(Found { quality, value, output, is_met, .. }) => {
                    Ok(Some(Made { is_met, ..self.made(output, self.input.size(), quality, Some(value)) }))
                }
                Err(Ended::Lost) => Ok(None),
                Err(Ended::Failed(error)) => Err(error),
            }
        };
        if self.settings.subsampling != Subsampling::Auto || format != Format::Jpeg {
            return search(self.settings.subsampling);
        }
        let half = search(Subsampling::S420)?;
        // What half of the chroma reaches with high quality at best, all of it may reach with fewer bytes.
        let is_enough = half.as_ref().is_some_and(|half| half.quality < Some(FULL_CHROMA_FROM));
        let full = if is_enough { None } else { search(Subsampling::S444)? };
        let is_better = |full: &Made, half: &Made| match (full.is_met, half.is_met) {
            (true, false) => true,
            (full_is, half_is) => full_is == half_is && full.bytes.len() < half.bytes.len(),
        };
        Ok(match (half, full) {
            (Some(half), Some(full)) => Some(if is_better(&full, &half) { full } else { half }),
            (half, full) => half.or(full),
        })
    }
}
