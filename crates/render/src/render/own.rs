//! Keeps the source's own bytes if nothing changes and encoding again would only make them larger.

use super::aim::Made;
use super::source::Notes;
use super::{Opened, PlannedVariant};
use crate::codec::{ColorSpace, Offer, Pixels, registry};
use crate::op::color::{ToSrgb, as_profile};
use crate::orientation::Orientation;
use crate::pixmap::Channels;
use crate::recipe::IccPolicy;

/// The note of an output that is the source itself. It tells of no loss.
pub const KEPT: &str = "kept the source's own bytes: encoding again would be larger";

/// Whether the colours of these decoded pixels stay as stored.
fn colors_stay(color: &ColorSpace, icc: IccPolicy, pixels: &Pixels) -> bool {
    let channels = match pixels {
        Pixels::Joint(pixmap) => pixmap.channels(),
        Pixels::Planes(planes) => match planes.planes().len() {
            1 => Channels::Grey,
            3 => Channels::Rgb,
            _ => Channels::Cmyk,
        },
    };
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
    /// Whether these decoded pixels are all that the source shows, unchanged, and none of them is
    /// filled in.
    pub(super) fn is_unchanged(&self, pixels: &Pixels, lost: &[String]) -> bool {
        let header = self.header();
        self.orientation == Orientation::Upright
            && !header.animated
            && header.notes.is_empty()
            && lost.is_empty()
            && colors_stay(&header.color, self.recipe.icc, pixels)
    }

    /// The smaller of `made` and the source's own bytes with the metadata of `made`.
    pub(super) fn smaller(&self, made: Made, variant: &PlannedVariant, offer: &Offer, notes: &mut Notes) -> Made {
        let (header, placement) = (self.header(), &variant.placement);
        let is_whole =
            placement.canvas == header.size && placement.resized == header.size && self.is_copied(variant, offer);
        if variant.format != header.format || !is_whole {
            return made;
        }
        let own = registry::encoder(variant.format)
            .and_then(|encoder| encoder.own(self.bytes, &made.bytes, &self.recipe.encode))
            .filter(|own| own.len() < made.bytes.len());
        match own {
            Some(own) => {
                notes.add(KEPT);
                // Nothing differs.
                let score = made.score.map(|_| 100.0);
                Made { bytes: own, size: made.size, quality: None, score }
            }
            None => made,
        }
    }
}
