//! What to make of a picture.
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

mod with;

use crate::format::Format;
use crate::geometry::{Fit, Gravity, SizeSpec};

/// The format of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FormatChoice {
    /// The input's, where it can be written; else PNG with alpha and JPEG without.
    Keep,
    /// This one.
    To(Format),
}

/// Chroma subsampling of JPEG.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subsampling {
    /// 4:2:0 below quality 90, else 4:4:4.
    #[default]
    Auto,
    /// None.
    S444,
    /// Columns halved.
    S422,
    /// Columns and rows halved.
    S420,
}

/// How to encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EncodeSettings {
    /// 1 to 100, for lossy formats.
    pub quality: u8,
    /// Lossless where the format offers both (WebP).
    pub lossless: bool,
    /// Progressive JPEG, interlaced is not offered for PNG.
    pub progressive: bool,
    /// Chroma of JPEG.
    pub subsampling: Subsampling,
}

impl Default for EncodeSettings {
    fn default() -> Self {
        Self { quality: 80, lossless: false, progressive: false, subsampling: Subsampling::Auto }
    }
}

/// The kernel of the resize.
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
    /// Mean.
    Box,
    /// Nearest pixel.
    Nearest,
}

/// What becomes of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IccPolicy {
    /// Pixels come out in sRGB.
    #[default]
    ToSrgb,
    /// Pixels and profile stay as they are; colours told otherwise than by a profile get one.
    Keep,
}

/// What becomes of EXIF, XMP and IPTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetadataPolicy {
    /// Nothing is kept.
    #[default]
    None,
    /// What tells whose picture it is.
    Copyright,
    /// All, with orientation and dimensions of the output, without previews.
    Keep,
}

/// An opaque or transparent colour, sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Color {
    /// Red, green, blue, alpha; not premultiplied.
    pub rgba: [u8; 4],
}

impl Color {
    /// White, opaque.
    pub const WHITE: Self = Self { rgba: [255; 4] };

    /// What shows of it over white, opaque.
    pub fn over_white(self) -> Self {
        let [r, g, b, alpha] = self.rgba.map(u32::from);
        let over = |c: u32| ((c * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        Self { rgba: [over(r), over(g), over(b), 255] }
    }
}

/// All that decides the bytes of the outputs of one input.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Recipe {
    /// Sizes, each made in each format.
    pub sizes: Vec<SizeSpec>,
    /// Formats.
    pub formats: Vec<FormatChoice>,
    /// How the picture is put into a box.
    pub fit: Fit,
    /// Which part stays when cropped, and where it stands when padded.
    pub gravity: Gravity,
    /// Of bars, and below alpha in formats without it.
    pub background: Color,
    /// Whether pictures may grow.
    pub enlarge: bool,
    /// Whether EXIF orientation is baked into the pixels.
    pub auto_orient: bool,
    /// The resize kernel.
    pub filter: Filter,
    /// Resize in linear light.
    pub linear: bool,
    /// What becomes of colours.
    pub icc: IccPolicy,
    /// What becomes of EXIF, XMP and IPTC.
    pub metadata: MetadataPolicy,
    /// The encoders' settings.
    pub encode: EncodeSettings,
    /// Accept pictures that end early.
    pub allow_truncated: bool,
    /// Parse also what a scaled decode may pass over.
    pub strict: bool,
}

impl Default for Recipe {
    /// One JPEG-or-as-it-was picture inside 800x600.
    fn default() -> Self {
        Self {
            sizes: vec![SizeSpec::default()],
            formats: vec![FormatChoice::Keep],
            fit: Fit::Inside,
            gravity: Gravity::Center,
            background: Color::WHITE,
            enlarge: false,
            auto_orient: true,
            filter: Filter::Lanczos3,
            linear: false,
            icc: IccPolicy::ToSrgb,
            metadata: MetadataPolicy::None,
            encode: EncodeSettings::default(),
            allow_truncated: false,
            strict: false,
        }
    }
}
