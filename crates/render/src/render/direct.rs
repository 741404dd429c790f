//! JPEG to JPEG without RGB in between: planes are resized directly to the sizes at which the
//! output stores them. This saves colour conversion, and chroma is decoded and resized only to the
//! few samples it needs.

use super::source::Notes;
use super::{Opened, PlannedVariant};
use crate::codec::{EncodeError, Header, Offer, Pixels, registry};
use crate::format::Format;
use crate::op;
use crate::op::color::ToSrgb;
use crate::orientation::Orientation;
use crate::pixmap::{Channels, YCbCr};
use crate::recipe::{EncodeSettings, Filter, IccPolicy, Recipe};

/// The number of stored columns and rows per chroma sample, if the output can be made of planes.
/// The answer depends only on the header and this variant, so that other variants do not change its
/// bytes.
pub(super) fn share(
    header: &Header,
    recipe: &Recipe,
    orientation: Orientation,
    variant: &PlannedVariant,
) -> Option<(u32, u32)> {
    let placement = &variant.placement;
    // Only JPEG gives planes.
    // A score compares whole pixels, and a smaller picture is made of them.
    let can = header.format == Format::Jpeg && !recipe.linear && recipe.filter == Filter::Lanczos3;
    let can = can && recipe.goal.score.is_none() && !recipe.goal.allow_smaller && variant.candidates.is_empty();
    if !can || placement.canvas != placement.resized {
        return None;
    }
    let (x, y) = registry::encoder(variant.format)?.share(&recipe.encode)?;
    let share = if orientation.swaps() { (y, x) } else { (x, y) };
    let to = placement.stored(orientation, header.size).1;
    // In a mirrored picture, blocks would start at the other edge.
    let is_whole = to.width.is_multiple_of(share.0) && to.height.is_multiple_of(share.1);
    if orientation != Orientation::Upright && !is_whole {
        return None;
    }
    let stays = recipe.icc == IccPolicy::Keep || ToSrgb::new(&header.color, Channels::Rgb, false).is_same();
    stays.then_some(share)
}

impl Opened<'_> {
    /// The fraction of the columns and rows that needs chroma of its own, for these variants.
    pub(super) fn chroma(&self, wanted: &[usize]) -> f64 {
        let of = |share: &Option<(u32, u32)>| share.map_or(1.0, |(x, y)| 1.0 / f64::from(x.min(y)));
        wanted.iter().filter_map(|&i| self.shares.get(i)).map(of).fold(0.0, f64::max)
    }

    /// The upright planes of a variant, if it can be made of planes.
    pub(super) fn planes(&self, pixels: &Pixels, index: usize, offer: &Offer, notes: &mut Notes) -> Option<YCbCr> {
        let (Pixels::Planes(planes), share) = (pixels, self.shares[index]?) else { return None };
        let variant = &self.variants[index];
        let (shown, to) = variant.placement.stored(self.orientation, self.header().size);
        let picture = if self.is_copied(variant, offer) {
            (to == self.header().size).then(|| planes.ycbcr(None, to, share)).flatten()
        } else {
            planes.ycbcr(Some(shown), to, share)
        }?;
        if self.recipe.icc == IccPolicy::ToSrgb {
            let to = ToSrgb::new(&self.header().color, Channels::Rgb, false);
            to.note.into_iter().for_each(|note| notes.add(note));
        }
        Some(op::orient::orient_planes(picture, self.orientation))
    }

    pub(super) fn encode_planes(
        &self,
        picture: &YCbCr,
        variant: &PlannedVariant,
        settings: &EncodeSettings,
    ) -> Result<Vec<u8>, EncodeError> {
        let keeps = self.recipe.icc == IccPolicy::Keep;
        let icc = keeps.then(|| op::color::as_profile(&self.header().color, Channels::Rgb)).flatten();
        self.encode_with(picture.size, variant, icc.as_deref(), |encoder, attached| {
            encoder.encode_ycbcr(picture, settings, attached)
        })
    }
}
