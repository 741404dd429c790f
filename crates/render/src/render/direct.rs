//! JPEG to JPEG without RGB in between: planes are resized directly to the sizes at which the
//! output stores them. This saves colour conversion, and chroma is decoded and resized only to the
//! few samples it needs. Where nothing is resized at all, the coefficients are only quantised again.

use super::aim::Made;
use super::exact::is_whole_jpeg;
use super::source::Notes;
use super::{Opened, PlannedVariant, RenderError};
use crate::codec::{DecodeOptions, EncodeError, Header, Offer, Pixels, Recode, Unmade, registry};
use crate::format::Format;
use crate::op;
use crate::op::color::ToSrgb;
use crate::orientation::Orientation;
use crate::pixmap::{Channels, YCbCr};
use crate::recipe::{EncodeSettings, Filter, IccPolicy, Recipe, Subsampling};

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
    if !can || recipe.effects.are_any() || placement.canvas != placement.resized {
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

/// Settings whose chroma has one sample per columns and rows.
fn with_share(settings: EncodeSettings, share: (u32, u32)) -> EncodeSettings {
    match share {
        (1, 1) => settings.with_subsampling(Subsampling::S444),
        (2, 1) => settings.with_subsampling(Subsampling::S422),
        (2, 2) => settings.with_subsampling(Subsampling::S420),
        _ => settings,
    }
}

/// How a variant is encoded from coefficients.
pub(super) struct Recoding<'a> {
    /// The variant.
    pub index: usize,
    settings: EncodeSettings,
    picture: &'a dyn Recode,
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
        self.note_colors(notes);
        Some(op::orient::orient_planes(picture, self.orientation))
    }

    pub(super) fn encode_planes(
        &self,
        picture: &YCbCr,
        variant: &PlannedVariant,
        settings: &EncodeSettings,
    ) -> Result<Vec<u8>, EncodeError> {
        let icc = self.kept_profile();
        // A search may lower the quality below the one from which chroma is subsampled.
        let settings = with_share(*settings, picture.share);
        self.encode_with(picture.size, variant, icc.as_deref(), |encoder, attached| {
            encoder.encode_ycbcr(picture, &settings, attached)
        })
    }

    /// Notes what the colours lack, where they stay as they are.
    fn note_colors(&self, notes: &mut Notes) {
        if self.recipe.icc == IccPolicy::ToSrgb {
            let to = ToSrgb::new(&self.header().color, Channels::Rgb, false);
            to.note.into_iter().for_each(|note| notes.add(note));
        }
    }

    fn kept_profile(&self) -> Option<Vec<u8>> {
        let keeps = self.recipe.icc == IccPolicy::Keep;
        keeps.then(|| op::color::as_profile(&self.header().color, Channels::Rgb)).flatten()
    }

    /// How a variant is encoded from the coefficients of the source, if it shows the whole picture as it stands, with its
    /// chroma.
    pub(super) fn recoding(&self, index: usize) -> Option<Recoding<'_>> {
        let variant = &self.variants[index];
        let can = self.orientation == Orientation::Upright
            && self.recipe.goal.max_bytes.is_none()
            && is_whole_jpeg(&self.recipe, self.header(), self.orientation, &variant.placement);
        let share = self.shares[index].filter(|_| can)?;
        let quality = self.recipe.encode.quality.min(self.most_quality(variant));
        // The chroma is that of the quality that was asked for.
        let settings = with_share(self.recipe.encode.with_quality(quality), share);
        Some(Recoding { index, settings, picture: self.picture.recoder(&settings)? })
    }

    /// A variant made of coefficients, or the source's own bytes where they are fewer.
    pub(super) fn recoded(
        &self,
        Recoding { index, settings, picture }: &Recoding<'_>,
        options: &DecodeOptions<'_>,
        notes: &mut Notes,
    ) -> Result<Made, RenderError> {
        self.checked_offer(&[*index])?;
        let variant = &self.variants[*index];
        self.note_colors(notes);
        let mut lost = Vec::new();
        let icc = self.kept_profile();
        let bytes = self.encode_with(variant.size, variant, icc.as_deref(), |_, attached| {
            let (bytes, what) = match picture.recode(settings, attached, options) {
                Ok(done) => done,
                Err(Unmade::Encode(error)) => return Err(error),
                Err(Unmade::Decode(error)) => return Ok(Err(error)),
            };
            lost = what;
            Ok(Ok(bytes))
        })??;
        let is_met = settings.quality == self.recipe.encode.quality;
        let (format, quality) = (variant.format, Some(settings.quality));
        let encoder = registry::encoder(format).map(|encoder| encoder.named(settings));
        let mut made = Made { bytes, size: variant.size, format, quality, score: None, encoder, is_met };
        if self.is_unchanged(Channels::Rgb, &lost) {
            made = self.smaller(made, None, variant, options.interrupt, notes)?;
        }
        lost.iter().for_each(|note| notes.add(note));
        Ok(made)
    }
}
