//! Decides which profile can describe an output.

use super::{Opened, PlannedVariant};
use crate::format::Format;
use crate::pixmap::{Channels, Pixmap};

impl Opened<'_> {
    /// The channels that a profile of an output of these pixels must describe, if a profile is
    /// possible.
    pub(super) fn described_as(&self, pixmap: &Pixmap, variant: &PlannedVariant) -> Option<Channels> {
        let channels = pixmap.channels();
        if self.recipe.effects.paint() {
            return None;
        }
        let has_bars = variant.placement.canvas != pixmap.size();
        match channels {
            // Only JPEG can keep CMYK, and only without coloured bars.
            // Operations on pixels are for light.
            Channels::Cmyk if self.recipe.effects.are_any() => None,
            Channels::Cmyk => (variant.format == Format::Jpeg && !has_bars).then_some(channels),
            Channels::Grey | Channels::GreyAlpha => {
                let [red, green, blue, _] = self.recipe.background.rgba;
                let is_flattened = channels.has_alpha() && !variant.format.has_alpha();
                let is_tinted = (has_bars || is_flattened) && (red != green || green != blue);
                // WebP has no grey.
                Some(if is_tinted || variant.format == Format::WebP { Channels::Rgb } else { channels })
            }
            Channels::Rgb | Channels::Rgba => Some(channels),
        }
    }
}
