//! Builder methods of [`Recipe`] and [`EncodeSettings`].

use super::{
    Color, Effects, EncodeSettings, Filter, FormatChoice, Goal, IccPolicy, MetadataPolicy, Placeholder, Recipe,
    Subsampling,
};
use crate::format::Format;
use crate::geometry::{Fit, Gravity, SizeSpec};

impl Recipe {
    /// Sets the sizes. Each size is made in each format.
    #[must_use]
    pub fn with_sizes(mut self, sizes: impl IntoIterator<Item = SizeSpec>) -> Self {
        self.sizes = sizes.into_iter().collect();
        self
    }

    /// Sets the formats.
    #[must_use]
    pub fn with_formats(mut self, formats: impl IntoIterator<Item = FormatChoice>) -> Self {
        self.formats = formats.into_iter().collect();
        self
    }

    /// Sets the formats among which [`FormatChoice::Auto`] chooses.
    #[must_use]
    pub fn with_allowed(mut self, formats: impl IntoIterator<Item = Format>) -> Self {
        self.allowed = formats.into_iter().collect();
        self
    }

    /// Sets how a picture fits its box.
    #[must_use]
    pub fn with_fit(mut self, fit: Fit) -> Self {
        self.fit = fit;
        self
    }

    /// Sets which part a crop keeps, and where a picture is placed in a padded box.
    #[must_use]
    pub fn with_gravity(mut self, gravity: Gravity) -> Self {
        self.gravity = gravity;
        self
    }

    /// Sets the colour of padding, and of the background in formats without alpha.
    #[must_use]
    pub fn with_background(mut self, background: Color) -> Self {
        self.background = background;
        self
    }

    /// Allows pictures to be enlarged to the size.
    #[must_use]
    pub fn with_enlarge(mut self, enlarge: bool) -> Self {
        self.enlarge = enlarge;
        self
    }

    /// Leaves out sizes that a picture does not have, but for the first.
    #[must_use]
    pub fn with_without_larger(mut self, without_larger: bool) -> Self {
        self.without_larger = without_larger;
        self
    }

    /// Applies the EXIF orientation to the pixels (the default), or leaves them as stored.
    #[must_use]
    pub fn with_auto_orient(mut self, auto_orient: bool) -> Self {
        self.auto_orient = auto_orient;
        self
    }

    /// Sets the resize kernel.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Resizes in linear light.
    #[must_use]
    pub fn with_linear(mut self, linear: bool) -> Self {
        self.linear = linear;
        self
    }

    /// Sets how colour profiles are treated.
    #[must_use]
    pub fn with_icc(mut self, icc: IccPolicy) -> Self {
        self.icc = icc;
        self
    }

    /// Sets which EXIF, XMP and IPTC data the outputs keep.
    #[must_use]
    pub fn with_metadata(mut self, metadata: MetadataPolicy) -> Self {
        self.metadata = metadata;
        self
    }

    /// Sets what changes the look beside the size.
    #[must_use]
    pub fn with_effects(mut self, effects: Effects) -> Self {
        self.effects = effects;
        self
    }

    /// Sets how outputs are encoded.
    #[must_use]
    pub fn with_encode(mut self, encode: EncodeSettings) -> Self {
        self.encode = encode;
        self
    }

    /// Sets what encoders aim at, in place of a fixed quality.
    #[must_use]
    pub fn with_goal(mut self, goal: Goal) -> Self {
        self.goal = goal;
        self
    }

    /// Sets the quality of lossy formats, 1 to 100.
    #[must_use]
    pub fn with_quality(mut self, quality: u8) -> Self {
        self.encode.quality = quality;
        self
    }

    /// Sets the placeholders that are made of the smallest output, see
    /// [`Rendered::placeholders`](crate::render::Rendered::placeholders).
    #[must_use]
    pub fn with_placeholders(mut self, placeholders: impl IntoIterator<Item = Placeholder>) -> Self {
        self.placeholders = placeholders.into_iter().collect();
        // In one order, so that the spelling does not count.
        self.placeholders.sort_unstable();
        self.placeholders.dedup();
        self
    }

    /// Accepts truncated pictures and renders the data that is present.
    #[must_use]
    pub fn with_allow_truncated(mut self, allow_truncated: bool) -> Self {
        self.allow_truncated = allow_truncated;
        self
    }

    /// Checks the whole picture, including data that its thumbnails do not need.
    #[must_use]
    pub fn with_strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }
}

impl EncodeSettings {
    /// Sets the quality of lossy formats, 1 to 100.
    #[must_use]
    pub const fn with_quality(mut self, quality: u8) -> Self {
        self.quality = quality;
        self
    }

    /// Encodes without loss where the format offers both.
    #[must_use]
    pub const fn with_lossless(mut self, lossless: bool) -> Self {
        self.lossless = lossless;
        self
    }

    /// Writes progressive JPEG.
    #[must_use]
    pub const fn with_progressive(mut self, progressive: bool) -> Self {
        self.progressive = progressive;
        self
    }

    /// Encodes WebP without loss, of pixels that may change a little: 0 the most, 100 not at all.
    #[must_use]
    pub const fn with_near_lossless(mut self, level: u8) -> Self {
        self.near_lossless = Some(level);
        self
    }

    /// Writes PNG with a palette of the colours that the quality asks for, dithered.
    #[must_use]
    pub const fn with_lossy_png(mut self, lossy: bool) -> Self {
        self.lossy_png = lossy;
        self
    }

    /// Sets the quality of alpha in lossy WebP and AVIF, 1 to 100.
    #[must_use]
    pub const fn with_alpha_quality(mut self, quality: u8) -> Self {
        self.alpha_quality = Some(quality);
        self
    }

    /// Sets the time spent for fewer bytes, 0 to 9.
    #[must_use]
    pub const fn with_effort(mut self, effort: u8) -> Self {
        self.effort = Some(effort);
        self
    }

    /// Sets the bits per sample of AVIF, 8 or 10.
    #[must_use]
    pub const fn with_depth(mut self, depth: u8) -> Self {
        self.depth = Some(depth);
        self
    }

    /// Sets the chroma subsampling of JPEG and AVIF.
    #[must_use]
    pub const fn with_subsampling(mut self, subsampling: Subsampling) -> Self {
        self.subsampling = subsampling;
        self
    }
}
