//! A picture without its edges of one colour, of which outputs are planned again.

use super::aim::Interrupt;
use super::{Opened, RenderError, plan};
use crate::codec::{DecodeError, DecodeOptions, Decoded, Header, Need, Offer, Picture, Pixels};
use crate::op::trim::{cut, inner};
use crate::pixmap::Pixmap;

/// Decoded pixels as a picture.
struct Trimmed {
    header: Header,
    pixels: Pixmap,
    /// What was lost when they were decoded.
    notes: Vec<String>,
}

impl Picture for Trimmed {
    fn header(&self) -> &Header {
        &self.header
    }

    fn offer(&self, need: Option<Need>) -> Offer {
        // The pixels are there.
        Offer { size: self.header.size, scale: (1.0, 1.0), shrink: 1.0, memory: self.pixels.bytes(), need }
    }

    fn decode(&self, _offer: &Offer, _options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError> {
        Ok(Decoded { pixels: Pixels::Joint(self.pixels.clone()), notes: self.notes.clone() })
    }
}

impl Opened<'_> {
    /// Whether edges are to be cut off.
    pub(super) fn has_edges(&self) -> bool {
        self.recipe.effects.trim.is_some() && !self.is_trimmed
    }

    /// The picture without its edges.
    pub(super) fn without_edges(&self, wanted: &[usize], interrupt: Interrupt<'_>) -> Result<Opened<'_>, RenderError> {
        let offer = self.checked_offer(wanted)?;
        let options =
            DecodeOptions { allow_truncated: self.recipe.allow_truncated, strict: self.recipe.strict, interrupt };
        let Decoded { pixels, notes } = self.picture.decode(&offer, &options)?;
        let pixels = pixels.into_pixmap();
        let part = inner(&pixels, self.recipe.effects.trim.unwrap_or_default());
        let pixels = if part.size == pixels.size() { pixels } else { cut(&pixels, part) };
        let header = Header { size: pixels.size(), ..self.header().clone() };
        let trimmed = Box::new(Trimmed { header, pixels, notes });
        let planned = plan(self.bytes, trimmed, &self.recipe, &self.limits);
        Ok(Opened { looks: self.looks, is_trimmed: true, ..planned })
    }
}
