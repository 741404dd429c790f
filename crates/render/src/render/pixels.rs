//! Thumbnails as pixels, for callers that do not want a file.

use super::source::Notes;
use super::{Opened, PlannedVariant, RenderError, open};
use crate::codec::{DecodeError, DecodeOptions, Decoded, Need, Offer};
use crate::format::Format;
use crate::geometry::{Placement, SizeSpec};
use crate::limits::Limits;
use crate::pixmap::Pixmap;
use crate::recipe::{Effects, FormatChoice, Recipe};
use crate::render::source::Source;
use crate::size::{Region, Size};

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

/// Decodes a picture at the smallest size that its decoder has ready and that is at least `at_least`, without resizing:
/// JPEG at eighths of its size, WebP at any size, most others at whole fractions. Without `at_least`, or where that is
/// larger than the picture, at its own size. Sizes, effects, formats and encoder settings of `recipe` are ignored.
///
/// ```
/// use thumbs_render::{Limits, Recipe, size::Size};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let photo = std::fs::read("../../fixtures/photos/chelsea.jpg")?;
/// let at_least = Some(Size::new(100, 100));
/// let decoded = thumbs_render::render::decode(&photo, at_least, &Recipe::default(), &Limits::default())?;
/// assert_eq!(decoded.pixels.size().to_string(), "170x113"); // three eighths of 451x300
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`RenderError`].
pub fn decode(
    bytes: &[u8],
    at_least: Option<Size>,
    recipe: &Recipe,
    limits: &Limits,
) -> Result<Thumbnail, RenderError> {
    let recipe = recipe.clone().with_sizes([SizeSpec::Original]).with_formats([FormatChoice::To(Format::Png)]);
    let recipe = recipe.with_effects(Effects::default());
    open(bytes, &recipe, limits)?.decode(at_least)
}

/// What the header of a picture says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Described {
    /// The format.
    pub format: Format,
    /// The size of the upright picture.
    pub size: Size,
    /// Whether pixels may be transparent.
    pub has_alpha: bool,
}

/// Reads the header of a picture. Its first bytes are enough where they hold the header.
///
/// # Errors
/// [`DecodeError`].
pub fn describe(bytes: &[u8], limits: &Limits) -> Result<Described, DecodeError> {
    let opened = open(bytes, &Recipe::default(), limits)?;
    let (header, orientation) = (opened.header(), opened.orientation);
    Ok(Described { format: header.format, size: orientation.apply(header.size), has_alpha: header.has_alpha })
}

/// JPEG needs 1.5 luma samples per final one and 1.2 of chroma. This makes it as many of both.
const CHROMA: f64 = 1.25;

impl Opened<'_> {
    /// The cheapest offer of at least this size.
    fn offer_at_least(&self, at_least: Size) -> Offer {
        let stored = self.header().size;
        let least = self.orientation.apply(at_least);
        let (across, down) = (f64::from(stored.width), f64::from(stored.height));
        // Decoders offer more than the need, so that a resize loses nothing; here none follows.
        let mut scale = (f64::from(least.width) / across).max(f64::from(least.height) / down) / 4.0;
        while scale < 1.0 {
            let need = Need { width: across * scale, height: down * scale, chroma: CHROMA };
            let offer = self.picture.offer(Some(need));
            if offer.size == stored {
                // Exact pixels cost little more.
                break;
            }
            if offer.size.width >= least.width && offer.size.height >= least.height {
                return offer;
            }
            scale *= 1.0625;
        }
        self.picture.offer(None)
    }

    pub(super) fn decode(&self, at_least: Option<Size>) -> Result<Thumbnail, RenderError> {
        let offer = at_least.map_or_else(|| self.picture.offer(None), |size| self.offer_at_least(size));
        // Planes are joined, and pixels of 16 bits converted, after decoding.
        self.check_memory(offer.memory.saturating_add(offer.size.pixels().saturating_mul(16)))?;
        let options =
            DecodeOptions { allow_truncated: self.recipe.allow_truncated, strict: self.recipe.strict, interrupt: None };
        let Decoded { pixels, notes: lost } = self.picture.decode(&offer, &options)?;
        let mut notes = Notes(self.header().notes.clone());
        lost.iter().for_each(|note| notes.add(note));
        let pixels = pixels.into_pixmap();
        let size = self.orientation.apply(pixels.size());
        let placement = Placement { crop: Region::whole(size), resized: size, canvas: size, offset: (0, 0) };
        let variant = PlannedVariant { size_index: 0, format: Format::Png, candidates: Vec::new(), size, placement };
        let (pixels, icc) = self.finish(pixels, &variant, false, &mut notes)?;
        Ok(Thumbnail { pixels, icc, notes: notes.0 })
    }

    fn thumbnail(&self) -> Result<Thumbnail, RenderError> {
        if self.has_edges() {
            return self.without_edges(&[0], None)?.thumbnail();
        }
        let offer = self.checked_offer(&[0])?;
        let options =
            DecodeOptions { allow_truncated: self.recipe.allow_truncated, strict: self.recipe.strict, interrupt: None };
        let Decoded { pixels, notes: lost } = self.picture.decode(&offer, &options)?;
        let mut notes = Notes(self.header().notes.clone());
        lost.iter().for_each(|note| notes.add(note));
        let variant = &self.variants[0];
        let mut source = Source::new(pixels);
        let small = self.resized(&mut source, variant, &offer, &mut notes)?;
        let (pixels, icc) = self.finish(small, variant, source.is_srgb, &mut notes)?;
        Ok(Thumbnail { pixels, icc, notes: notes.0 })
    }
}
