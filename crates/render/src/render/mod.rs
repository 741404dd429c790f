//! Renders one picture, from its bytes to encoded variants. No files, no threads, no printing.
//!
//! ```
//! use thumbs_render::{limits::Limits, recipe::Recipe, render::render};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use thumbs_render::codec::{Attached, registry};
//! # use thumbs_render::{format::Format, pixmap::{Channels, Pixmap}, recipe::EncodeSettings, size::Size};
//! # let pixmap = Pixmap::new_u8(Size::new(1600, 900), Channels::Grey, vec![7; 1600 * 900]);
//! # let encoder = registry::encoder(Format::Png).unwrap();
//! # let bytes = encoder.encode(&pixmap, &EncodeSettings::default(), &Attached::default())?;
//! let recipe = Recipe::default().with_sizes(["256".parse()?]);
//! let rendered = render(&bytes, &recipe, &Limits::default())?;
//! assert_eq!(rendered.outputs[0].size.to_string(), "256x144");
//! # Ok(())
//! # }
//! ```

mod aim;
mod bounded;
mod choose;
mod content;
mod described;
mod direct;
mod exact;
mod finish;
mod look;
mod metric;
mod offer;
mod own;
mod pixels;
mod placeholder;
mod source;
mod trimmed;
mod work;

use std::time::Duration;

use crate::codec::{DecodeError, EncodeError, Header, Picture, Unmade, check_output, registry};
use crate::format::{self, Format};
use crate::geometry::{Constraint, Placement, SizeSpec, place};
use crate::limits::Limits;
use crate::op::resize::ResizeError;
use crate::orientation::Orientation;
use crate::recipe::{FormatChoice, Placeholder, Recipe};
use crate::size::Size;
pub use choose::AUTO_TARGET;
pub use own::{KEPT, KEPT_QUALITY, TURNED, is_lossless_note};
pub use pixels::{Described, Thumbnail, decode, describe, thumbnail};

/// An opened picture, with outputs planned from its header.
pub struct Opened<'a> {
    bytes: &'a [u8],
    picture: Box<dyn Picture + 'a>,
    recipe: Recipe,
    limits: Limits,
    orientation: Orientation,
    variants: Vec<PlannedVariant>,
    /// The chroma share of each variant that can be made of planes, see `direct`.
    shares: Vec<Option<(u32, u32)>>,
    /// Whether the look is wanted.
    looks: bool,
    /// Sizes that are left out.
    left_out: Vec<SizeSpec>,
    /// Whether its edges are cut off already.
    is_trimmed: bool,
}

/// A requested output.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedVariant {
    /// Index into the sizes of the recipe.
    pub size_index: usize,
    /// Its format. Where it is open, one of the candidates, which has alpha if one of them has.
    pub format: Format,
    /// The formats of which the smallest is taken once the pixels are known. Empty where the format is settled.
    pub candidates: Vec<Format>,
    /// Size of the output.
    pub size: Size,
    /// Where the pixels go.
    pub placement: Placement,
}

impl PlannedVariant {
    /// The same in this format.
    #[must_use]
    pub fn settled(&self, format: Format) -> Self {
        Self { format, candidates: Vec::new(), ..self.clone() }
    }

    /// Its format, or the ones of which it gets one.
    pub fn formats(&self) -> impl Iterator<Item = Format> + '_ {
        let settled = self.candidates.is_empty().then_some(self.format);
        settled.into_iter().chain(self.candidates.iter().copied())
    }

    /// Checks that the format can hold the size.
    ///
    /// # Errors
    /// [`EncodeError::TooLarge`].
    pub fn check(&self) -> Result<(), EncodeError> {
        check_output(self.format, self.size)
    }
}

/// An encoded output.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// Index into the planned variants.
    pub variant: usize,
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// Size in pixels.
    pub size: Size,
    /// Its format.
    pub format: Format,
    /// The quality that it is encoded with. None without loss, and where the source's own bytes are kept.
    pub quality: Option<u8>,
    /// The SSIMULACRA2 score against the resized pixels, where there is a target, and without loss, which is 100.
    pub score: Option<f64>,
    /// The effort that was spent. None where the source's own coding was kept.
    pub effort: Option<u8>,
    /// What encoded it: `thumbs-jpeg`, `png`, `oxipng`, `libwebp` or `rav1e`; `source` where the source's own coding was kept.
    pub encoder: &'static str,
}

/// The time spent in each stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Decoding.
    pub decode: Duration,
    /// Resizing and all other work on pixels.
    pub resize: Duration,
    /// Encoding.
    pub encode: Duration,
}

/// The result of rendering a picture.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The outputs, in the order requested.
    pub outputs: Vec<Encoded>,
    /// The factor by which the decoder reduced the picture.
    pub shrink: f64,
    /// What was lost or skipped, for the report.
    pub notes: Vec<String>,
    /// The time spent in each stage.
    pub times: Times,
    /// How the first of the outputs looks, if that was [asked for](Opened::looking): 64 bits of which few differ between
    /// the same picture at other sizes, qualities and formats. None without structure.
    pub look: Option<u64>,
    /// The [placeholders](Recipe::with_placeholders) of the smallest output.
    pub placeholders: Vec<(Placeholder, String)>,
}

/// Why a picture could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// Decoding failed.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Resizing failed.
    #[error(transparent)]
    Resize(#[from] ResizeError),
    /// Encoding failed.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl From<Unmade> for RenderError {
    fn from(error: Unmade) -> Self {
        match error {
            Unmade::Decode(error) => error.into(),
            Unmade::Encode(error) => error.into(),
        }
    }
}

impl RenderError {
    /// The stage that failed: "decode", "resize" or "encode".
    pub fn stage(&self) -> &'static str {
        match self {
            Self::Decode(_) => "decode",
            Self::Resize(_) => "resize",
            Self::Encode(_) => "encode",
        }
    }
}

/// Reads the header of `bytes`, checks it against `limits`, and plans the outputs.
///
/// # Errors
/// The content is not a picture, is not supported, exceeds the limits, or has a damaged header.
pub fn open<'a>(bytes: &'a [u8], recipe: &Recipe, limits: &Limits) -> Result<Opened<'a>, DecodeError> {
    let format = format::sniff(bytes).ok_or_else(|| match format::unread(bytes) {
        Some(name) => DecodeError::Unsupported(name.to_owned()),
        None => DecodeError::NotAPicture(format::describe(bytes)),
    })?;
    let decoder = registry::decoder(format).ok_or_else(|| DecodeError::Unsupported(format.name().to_owned()))?;
    let picture = decoder.open(bytes, limits)?;
    Ok(plan(bytes, picture, recipe, limits))
}

/// Plans the outputs of a picture.
fn plan<'a>(bytes: &'a [u8], picture: Box<dyn Picture + 'a>, recipe: &Recipe, limits: &Limits) -> Opened<'a> {
    let header = picture.header();
    let orientation = if recipe.auto_orient { header.orientation } else { Orientation::Upright };
    let oriented = orientation.apply(header.size);
    let mut variants = Vec::with_capacity(recipe.sizes.len() * recipe.formats.len());
    let mut left_out = Vec::new();
    for (size_index, &size) in recipe.sizes.iter().enumerate() {
        let constraint = Constraint { size, fit: recipe.fit, gravity: recipe.gravity, enlarge: recipe.enlarge };
        let placement = place(oriented, &constraint);
        let is_larger = || place(oriented, &Constraint { enlarge: true, ..constraint }).resized != placement.resized;
        // The first stands for all that are larger, if there is no other.
        if recipe.without_larger && is_larger() && (size_index + 1 < recipe.sizes.len() || !variants.is_empty()) {
            left_out.push(size);
            continue;
        }
        for &choice in &recipe.formats {
            let candidates = match choice {
                FormatChoice::Auto => choose::formats(recipe, header, orientation, &placement),
                _ => Vec::new(),
            };
            let format = candidates.first().copied().unwrap_or_else(|| output_format(choice, header));
            let variant = PlannedVariant {
                size_index,
                format,
                candidates,
                size: recipe.effects.outer(placement.canvas),
                placement,
            };
            // Nothing is open among one.
            variants.push(if variant.candidates.len() == 1 { variant.settled(format) } else { variant });
        }
    }
    let mut recipe = recipe.clone();
    if recipe.formats.contains(&FormatChoice::Auto) {
        recipe.goal.score.get_or_insert(AUTO_TARGET);
    }
    let shares = variants.iter().map(|variant| direct::share(header, &recipe, orientation, variant)).collect();
    Opened {
        bytes,
        picture,
        recipe,
        limits: *limits,
        orientation,
        variants,
        shares,
        looks: false,
        left_out,
        is_trimmed: false,
    }
}

/// Renders all variants of a recipe in one call.
///
/// # Errors
/// [`RenderError`].
pub fn render(bytes: &[u8], recipe: &Recipe, limits: &Limits) -> Result<Rendered, RenderError> {
    let opened = open(bytes, recipe, limits)?;
    let wanted: Vec<usize> = (0..opened.variants().len()).collect();
    opened.render(&wanted, None)
}

fn output_format(choice: FormatChoice, header: &Header) -> Format {
    match choice {
        FormatChoice::To(format) => format,
        FormatChoice::Keep if header.format.writes() => header.format,
        FormatChoice::Keep | FormatChoice::Auto if header.has_alpha => Format::Png,
        FormatChoice::Keep | FormatChoice::Auto => Format::Jpeg,
    }
}

impl Opened<'_> {
    /// The header of the picture.
    pub fn header(&self) -> &Header {
        self.picture.header()
    }

    /// Asks for [`Rendered::look`].
    #[must_use]
    pub fn looking(mut self, looks: bool) -> Self {
        self.looks = looks;
        self
    }

    /// The planned variants: one for each size and format, grouped by size. Equal variants are not
    /// merged.
    pub fn variants(&self) -> &[PlannedVariant] {
        &self.variants
    }
}
