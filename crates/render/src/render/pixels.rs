//! Thumbnails as pixels, for callers that do not want a file.

use super::source::Notes;
use super::{Opened, RenderError, open};
use crate::codec::{DecodeOptions, Decoded};
use crate::format::Format;
use crate::limits::Limits;
use crate::pixmap::Pixmap;
use crate::recipe::{FormatChoice, Recipe};
use crate::render::source::Source;

/// A thumbnail that is not encoded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Thumbnail {
    /// Its pixels: 8 bits a sample, upright; alpha is not premultiplied.
    pub pixels: Pixmap,
    /// The ICC profile of its pixels; None is sRGB. Only [`IccPolicy::Keep`](crate::recipe::IccPolicy::Keep) leaves one.
    pub icc: Option<Vec<u8>>,
    /// What was lost or ignored.
    pub notes: Vec<String>,
}

/// Decodes a picture and resizes it to the first size of `recipe`. Formats and encoder settings are ignored.
///
/// The decoder does only the work that the size needs, as it does for [`render`](super::render()).
///
/// ```
/// use thumbs_render::{Limits, Recipe};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let photo = std::fs::read("../../fixtures/photos/chelsea.jpg")?;
/// let recipe = Recipe::default().with_sizes(["128".parse()?]);
/// let thumbnail = thumbs_render::render::thumbnail(&photo, &recipe, &Limits::default())?;
/// assert_eq!(thumbnail.pixels.size().to_string(), "128x85");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`RenderError`].
pub fn thumbnail(bytes: &[u8], recipe: &Recipe, limits: &Limits) -> Result<Thumbnail, RenderError> {
    // PNG holds every kind of pixels, so nothing is lost to the format.
    let recipe = recipe.clone().with_formats([FormatChoice::To(Format::Png)]);
    open(bytes, &recipe, limits)?.thumbnail()
}

impl Opened<'_> {
    fn thumbnail(&self) -> Result<Thumbnail, RenderError> {
        let offer = self.checked_offer(&[0])?;
        let options =
            DecodeOptions { allow_truncated: self.recipe.allow_truncated, strict: self.recipe.strict, interrupt: None };
        let Decoded { pixels, notes: lost } = self.picture.decode(&offer, &options)?;
        let mut notes = Notes(self.header().notes.clone());
        lost.iter().for_each(|note| notes.add(note));
        let variant = &self.variants[0];
        let mut source = Source::new(pixels);
        let small = self.resized(&mut source, variant, &offer, &mut notes)?;
        let (pixels, icc) = self.finish(small, variant, source.is_srgb, &mut notes);
        Ok(Thumbnail { pixels, icc, notes: notes.0 })
    }
}
