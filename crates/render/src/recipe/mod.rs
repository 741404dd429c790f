//! A recipe: which outputs to make of a picture, and how.
//!
//! ```
//! use thumbs_render::recipe::{FormatChoice, Recipe};
//! use thumbs_render::Format;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let recipe = Recipe::default()
//!     .with_sizes(["400x".parse()?, "1600x".parse()?])
//!     .with_formats([FormatChoice::To(Format::WebP), FormatChoice::To(Format::Jpeg)])
//!     .with_quality(75);
//! assert_eq!(recipe.sizes.len() * recipe.formats.len(), 4);
//! # Ok(())
//! # }
//! ```

mod effects;
mod goal;
mod placeholder;
mod with;

pub use effects::{Border, Effects, Radius, Watermark};
pub use goal::Goal;
pub use placeholder::Placeholder;

use crate::format::Format;
use crate::geometry::{Fit, Gravity, SizeSpec};

/// The format of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FormatChoice {
    /// The format of the input if it can be written, else PNG with alpha and JPEG without.
    Keep,
    /// This format.
    To(Format),
    /// The one of the [allowed](Recipe::allowed) formats that takes the fewest bytes for the score of the goal, 80 if it has
    /// none. Outputs without loss reach every score.
    Auto,
}

/// Chroma subsampling of JPEG and AVIF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subsampling {
    /// 4:2:0 below quality 90, else 4:4:4.
    #[default]
    Auto,
    /// No subsampling.
    S444,
    /// Half the columns.
    S422,
    /// Half the columns and half the rows.
    S420,
}

/// Encoder settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EncodeSettings {
    /// Quality of lossy formats, 1 to 100.
    pub quality: u8,
    /// Lossless, if the format offers both (WebP).
    pub lossless: bool,
    /// Lossless WebP of pixels that may change a little: 0 the most, 100 not at all.
    pub near_lossless: Option<u8>,
    /// PNG with a palette of the colours that the quality asks for, dithered.
    pub lossy_png: bool,
    /// Quality of alpha in lossy WebP and AVIF, 1 to 100. None keeps it exactly in WebP, and is the
    /// quality of the colours in AVIF.
    pub alpha_quality: Option<u8>,
    /// Progressive JPEG. Interlaced PNG is not offered.
    pub progressive: bool,
    /// Chroma subsampling of JPEG and AVIF.
    pub subsampling: Subsampling,
    /// Time spent for fewer bytes, 0 to 9. None is the format's default.
    pub effort: Option<u8>,
    /// Bits per sample of AVIF, 8 or 10. None is 10.
    pub depth: Option<u8>,
}

impl EncodeSettings {
    /// Whether the quality counts in this format.
    pub fn is_lossy(&self, format: Format) -> bool {
        match format {
            Format::WebP => !self.lossless && self.near_lossless.is_none(),
            Format::Png => self.lossy_png,
            _ => format.is_lossy(),
        }
    }
}

impl Default for EncodeSettings {
    fn default() -> Self {
        Self {
            quality: 80,
            lossless: false,
            near_lossless: None,
            lossy_png: false,
            alpha_quality: None,
            progressive: false,
            subsampling: Subsampling::Auto,
            effort: None,
            depth: None,
        }
    }
}

/// The resize kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Filter {
    /// Lanczos with three lobes.
    #[default]
    Lanczos3,
    /// Cubic, B=0 C=1/2.
    CatmullRom,
    /// Cubic, B=C=1/3.
    Mitchell,
    /// Triangle.
    Bilinear,
    /// Mean over the area.
    Box,
    /// Nearest pixel.
    Nearest,
}

/// How colour profiles are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IccPolicy {
    /// Convert pixels to sRGB.
    #[default]
    ToSrgb,
    /// Keep pixels and profile. Colours that are described without a profile get one.
    Keep,
}

/// Which EXIF, XMP and IPTC data an output keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetadataPolicy {
    /// None.
    #[default]
    None,
    /// Authorship and rights.
    Copyright,
    /// Everything but previews, with the orientation and dimensions of the output.
    Keep,
}

/// An sRGB colour, opaque or transparent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Color {
    /// Red, green, blue, alpha. Not premultiplied.
    pub rgba: [u8; 4],
}

impl Color {
    /// Opaque white.
    pub const WHITE: Self = Self { rgba: [255; 4] };

    /// The colour composed over white, opaque.
    pub fn over_white(self) -> Self {
        self.over(Self::WHITE)
    }

    /// The colour composed over another one, which counts as opaque.
    pub fn over(self, below: Self) -> Self {
        let alpha = u32::from(self.rgba[3]);
        let over = |c: usize| {
            let (above, below) = (u32::from(self.rgba[c]), u32::from(below.rgba[c]));
            ((above * alpha + below * (255 - alpha) + 127) / 255) as u8
        };
        Self { rgba: [over(0), over(1), over(2), 255] }
    }
}

/// Everything that decides what is made of one input.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Recipe {
    /// Sizes. Each size is made in each format.
    pub sizes: Vec<SizeSpec>,
    /// Formats.
    pub formats: Vec<FormatChoice>,
    /// The formats among which [`FormatChoice::Auto`] chooses.
    pub allowed: Vec<Format>,
    /// How a picture fits its box.
    pub fit: Fit,
    /// Which part a crop keeps, and where a picture is placed in a padded box.
    pub gravity: Gravity,
    /// Colour of padding, and of the background in formats without alpha.
    pub background: Color,
    /// Whether pictures may be enlarged.
    pub enlarge: bool,
    /// Whether sizes that a picture does not have are left out, instead of made as large as it is. The first is made anyway.
    pub without_larger: bool,
    /// Whether the EXIF orientation is applied to the pixels.
    pub auto_orient: bool,
    /// The resize kernel.
    pub filter: Filter,
    /// Whether to resize in linear light.
    pub linear: bool,
    /// How colour profiles are treated.
    pub icc: IccPolicy,
    /// Which EXIF, XMP and IPTC data is kept.
    pub metadata: MetadataPolicy,
    /// What changes the look beside the size.
    pub effects: Effects,
    /// Encoder settings.
    pub encode: EncodeSettings,
    /// What an encoder aims at, in place of a fixed quality.
    pub goal: Goal,
    /// The placeholders that are made of the smallest output.
    pub placeholders: Vec<Placeholder>,
    /// Whether truncated pictures are accepted.
    pub allow_truncated: bool,
    /// Whether data that a scaled decode may skip is checked too.
    pub strict: bool,
}

impl Recipe {
    /// One output as large as its source, in its format, with its profile, metadata and stored orientation: smaller only by
    /// its coding.
    pub fn in_place() -> Self {
        Self {
            sizes: vec![SizeSpec::Original],
            icc: IccPolicy::Keep,
            metadata: MetadataPolicy::Keep,
            auto_orient: false,
            ..Self::default()
        }
    }
}

impl Default for Recipe {
    /// One output that fits inside 800x600, in the format of the input where possible.
    fn default() -> Self {
        Self {
            sizes: vec![SizeSpec::default()],
            formats: vec![FormatChoice::Keep],
            allowed: Format::all().filter(|format| format.writes()).collect(),
            fit: Fit::Inside,
            gravity: Gravity::Center,
            background: Color::WHITE,
            enlarge: false,
            without_larger: false,
            auto_orient: true,
            filter: Filter::Lanczos3,
            linear: false,
            icc: IccPolicy::ToSrgb,
            metadata: MetadataPolicy::None,
            effects: Effects::default(),
            encode: EncodeSettings::default(),
            goal: Goal::default(),
            placeholders: Vec::new(),
            allow_truncated: false,
            strict: false,
        }
    }
}
