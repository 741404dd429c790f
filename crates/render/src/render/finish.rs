//! From resized pixels to the pixels, profile and metadata that an encoder takes.

use super::source::Notes;
use super::{Opened, PlannedVariant};
use crate::codec::{Attached, ColorSpace, Encode, EncodeError, registry};
use crate::geometry::Placement;
use crate::metadata::{self, Changes};
use crate::op;
use crate::op::color::ToSrgb;
use crate::op::resize::ResizeError;
use crate::orientation::Orientation;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::IccPolicy;
use crate::size::{Region, Size};

impl Opened<'_> {
    /// Orients the pixels, converts colours, flattens and lays them onto the canvas. The result has
    /// 8 bits per sample and, if it is not sRGB, the profile that describes it.
    pub(super) fn finish(
        &self,
        small: Pixmap,
        variant: &PlannedVariant,
        is_srgb: bool,
        notes: &mut Notes,
    ) -> Result<(Pixmap, Option<Vec<u8>>), ResizeError> {
        let Placement { canvas, offset, .. } = variant.placement;
        let mut pixmap = op::orient::orient(small, self.orientation);
        let color = &self.header().color;
        let wide = matches!(pixmap.samples(), Samples::U16(_));
        if op::resize::is_opaque(&pixmap) {
            pixmap = op::resize::without_alpha(pixmap);
        }
        let keeps = self.recipe.icc == IccPolicy::Keep;
        let described = if keeps { self.described_as(&pixmap, variant) } else { None };
        let icc = described.and_then(|channels| op::color::as_profile(color, channels));
        // CMYK stays CMYK even without a profile.
        let keeps_inks = described == Some(Channels::Cmyk);
        if icc.is_none() && !is_srgb && !keeps_inks {
            let to = ToSrgb::new(color, pixmap.channels(), wide);
            to.note.into_iter().for_each(|note| notes.add(note));
            if self.recipe.icc == IccPolicy::Keep && !to.is_same() {
                notes.add("colours converted to sRGB: no profile fits them in this output");
            }
            pixmap = to.apply(pixmap);
        }
        let effects = &self.recipe.effects;
        if effects.are_any() {
            pixmap = self.filtered(pixmap.into_u8());
        }
        let alpha = variant.format.has_alpha();
        let is_flattened = pixmap.channels().has_alpha() && !alpha;
        let mut background = self.recipe.background;
        let shows = is_flattened || canvas != pixmap.size() || effects.round.is_some();
        if !alpha && background.rgba[3] < 255 && shows {
            background = background.over_white();
            notes.add(&format!("background laid over white: {} has no alpha", variant.format));
        }
        if is_flattened {
            pixmap = op::flatten::flatten(pixmap, background);
            notes.add("alpha flattened onto the background");
        }
        let mut pixmap = op::extend::extend(pixmap.into_u8(), canvas, offset, background, alpha);
        if let Some(mark) = &effects.watermark {
            pixmap = op::watermark::watermark(pixmap, mark)?;
        }
        if let Some(border) = effects.border {
            pixmap = op::border::border(pixmap, border, background, alpha);
        }
        if let Some(radius) = effects.round {
            let radius = radius.of(pixmap.size());
            pixmap = op::round::round(pixmap, radius, background, alpha);
        }
        // A profile of three channels needs three channels in the output.
        if icc.is_none() {
            pixmap = op::resize::grey_if_it_is(pixmap);
        }
        Ok((pixmap, icc))
    }

    /// The picture with the operations that come before bars.
    fn filtered(&self, mut pixmap: Pixmap) -> Pixmap {
        let effects = &self.recipe.effects;
        if let Some(amount) = effects.sharpen {
            pixmap = op::sharpen::sharpen(pixmap, amount);
        }
        if let Some(sigma) = effects.blur {
            pixmap = op::blur::blur(&pixmap, sigma);
        }
        if effects.grayscale { op::grayscale::grayscale(pixmap) } else { pixmap }
    }

    pub(super) fn encode_with<T>(
        &self,
        size: Size,
        variant: &PlannedVariant,
        icc: Option<&[u8]>,
        encode: impl FnOnce(&dyn Encode, &Attached<'_>) -> Result<T, EncodeError>,
    ) -> Result<T, EncodeError> {
        let format = variant.format;
        let encoder = registry::encoder(format)
            .ok_or_else(|| EncodeError::Failed { format, what: "this format cannot be written".to_owned() })?;
        let (placement, stored) = (&variant.placement, self.header().size);
        let moves = self.recipe.effects.move_outlines();
        let is_whole = !moves && placement.crop == Region::whole(stored) && placement.canvas == placement.resized;
        let changes = Changes {
            size,
            from: (is_whole && self.orientation == Orientation::Upright).then_some(stored),
            is_upright: self.recipe.auto_orient,
            is_srgb: self.recipe.icc == IccPolicy::ToSrgb || (icc.is_none() && self.header().color != ColorSpace::Srgb),
        };
        let blocks = metadata::outgoing(&self.header().metadata, self.recipe.metadata, &changes);
        let attached =
            Attached { icc, exif: blocks.exif.as_deref(), xmp: blocks.xmp.as_deref(), iptc: blocks.iptc.as_deref() };
        encode(encoder, &attached)
    }
}
