//! Keeps the source's own bytes if nothing changes and encoding again would only make them larger.

use super::aim::{Input, Interrupt, Made, Task};
use super::exact::is_whole_jpeg;
use super::source::Notes;
use super::{Opened, PlannedVariant, RenderError};
use crate::codec::{ColorSpace, Offer, Pixels, estimated_quality, registry};
use crate::format::Format;
use crate::op::color::{ToSrgb, as_profile};
use crate::orientation::Orientation;
use crate::pixmap::Channels;
use crate::recipe::IccPolicy;

/// The note of an output that is the source itself, because it is smaller.
pub const KEPT: &str = "kept the source's own bytes: encoding again would be larger";

/// The note of an output that is the source itself, because its quality is not above the one that was asked for.
pub const KEPT_QUALITY: &str = "kept the source's own bytes: its own quality is lower than the one asked for";

/// The note of an output that is the source turned.
pub const TURNED: &str = "turned without loss: encoding again would be larger";

/// Whether a note tells of no loss: the output is the source.
pub fn is_lossless_note(note: &str) -> bool {
    [KEPT, KEPT_QUALITY, TURNED].contains(&note)
}

/// The channels of decoded pixels.
pub(super) fn channels(pixels: &Pixels) -> Channels {
    match pixels {
        Pixels::Joint(pixmap) => pixmap.channels(),
        Pixels::Planes(planes) => match planes.planes().len() {
            1 => Channels::Grey,
            3 => Channels::Rgb,
            _ => Channels::Cmyk,
        },
    }
}

/// Whether the colours of decoded pixels stay as stored.
fn colors_stay(color: &ColorSpace, icc: IccPolicy, channels: Channels) -> bool {
    match (icc, color) {
        (_, _) if channels == Channels::Cmyk => false,
        (IccPolicy::ToSrgb, color) => {
            let to = ToSrgb::new(color, channels, false);
            to.is_same() && to.note.is_none()
        }
        (IccPolicy::Keep, ColorSpace::Srgb) => true,
        (IccPolicy::Keep, ColorSpace::Icc(icc)) => as_profile(color, channels).as_ref() == Some(icc),
        (IccPolicy::Keep, _) => false,
    }
}

impl Opened<'_> {
    /// Whether decoded pixels are all that the source shows, unchanged but for their orientation, and none of them is filled
    /// in.
    pub(super) fn is_unchanged(&self, channels: Channels, lost: &[String]) -> bool {
        let header = self.header();
        !self.recipe.effects.are_any()
            && !header.animated
            && header.notes.is_empty()
            && lost.is_empty()
            && colors_stay(&header.color, self.recipe.icc, channels)
    }

    /// Whether a variant is the whole picture at its size.
    pub(super) fn shows_whole(&self, variant: &PlannedVariant, offer: &Offer) -> bool {
        let (size, placement) = (self.orientation.apply(self.header().size), &variant.placement);
        placement.canvas == size && placement.resized == size && self.is_copied(variant, offer)
    }

    /// The highest quality that is of use: that of the source where it is a JPEG and nothing is resized.
    pub(super) fn most_quality(&self, variant: &PlannedVariant) -> u8 {
        let is_same = variant.format == Format::Jpeg
            && is_whole_jpeg(&self.recipe, self.header(), self.orientation, &variant.placement);
        if is_same { estimated_quality(self.bytes).unwrap_or(100) } else { 100 }
    }

    /// The smaller of `made` and the source itself with the metadata of `made`. The source also wins where `made` is not
    /// what was asked for. `input` is needed where the format of `made` is not that of the source.
    pub(super) fn smaller(
        &self,
        made: Made,
        input: Option<Input<'_>>,
        variant: &PlannedVariant,
        interrupt: Interrupt<'_>,
        notes: &mut Notes,
    ) -> Result<Made, RenderError> {
        let format = self.header().format;
        if !variant.formats().any(|wanted| wanted == format) {
            return Ok(made);
        }
        let (own, note) = match self.orientation {
            Orientation::Upright => (self.own(&made, input, variant, interrupt)?, KEPT),
            _ if self.may_turn(variant) => (self.turned(interrupt), TURNED),
            _ => return Ok(made),
        };
        let fits = |own: &Vec<u8>| self.recipe.goal.max_bytes.is_none_or(|limit| own.len() as u64 <= limit);
        let is_smaller = |own: &Vec<u8>| own.len() < made.bytes.len();
        match own.filter(|own| is_smaller(own) || (!made.is_met && fits(own))) {
            Some(own) => {
                notes.add(if note == KEPT && !is_smaller(&own) { KEPT_QUALITY } else { note });
                // Nothing differs.
                let (size, score) = (variant.size, Some(100.0));
                Ok(Made { bytes: own, size, format, quality: None, score, encoder: None, is_met: true })
            }
            None => Ok(made),
        }
    }

    /// The source's coded pixels with the metadata of an output.
    fn own(
        &self,
        made: &Made,
        input: Option<Input<'_>>,
        variant: &PlannedVariant,
        interrupt: Interrupt<'_>,
    ) -> Result<Option<Vec<u8>>, RenderError> {
        let format = self.header().format;
        let Some(encoder) = registry::encoder(format) else { return Ok(None) };
        // Metadata comes from a file of the same format, whose pixels do not matter.
        let other = match input {
            _ if made.format == format => None,
            None => return Ok(None),
            Some(input) => {
                let settled = variant.settled(format);
                let quick = self.recipe.encode.with_effort(0);
                Some(Task::new(self, input, &settled, quick, interrupt).once(None)?.bytes)
            }
        };
        Ok(encoder.own(self.bytes, other.as_ref().unwrap_or(&made.bytes), &self.recipe.encode))
    }
}
