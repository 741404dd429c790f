//! The interface of workers to the rendering of pictures; a seam for tests.

use thumbs_render::codec::{DecodeError, Header};
use thumbs_render::limits::Limits;
use thumbs_render::recipe::Recipe;
use thumbs_render::render::{self, Opened, PlannedVariant, RenderError, Rendered};

/// Opens pictures.
pub trait Renderer: Send + Sync {
    /// Reads the header and plans the variants.
    ///
    /// # Errors
    /// The content is not a picture, or exceeds the limits.
    fn open<'a>(&'a self, bytes: &'a [u8]) -> Result<Box<dyn Prepared + 'a>, DecodeError>;
}

/// An opened picture.
pub trait Prepared {
    /// The header.
    fn header(&self) -> &Header;
    /// The outputs that the recipe asks for.
    fn variants(&self) -> &[PlannedVariant];
    /// Upper bound of the memory for rendering, in bytes, beyond the source.
    fn memory(&self) -> u64;
    /// How the source is decoded for these variants: the shrink, and the chroma share.
    fn decoding(&self, _wanted: &[usize]) -> (f64, f64) {
        (1.0, 1.0)
    }
    /// Renders the variants with these indices.
    ///
    /// # Errors
    /// Errors of decoding, resizing or encoding.
    fn render(&self, wanted: &[usize], interrupt: Option<&(dyn Fn() -> bool + Sync)>) -> Result<Rendered, RenderError>;
}

/// The production renderer.
#[derive(Debug)]
pub struct RecipeRenderer {
    recipe: Recipe,
    limits: Limits,
    /// Whether hashes of pixels are wanted.
    looks: bool,
}

impl RecipeRenderer {
    /// Renders by `recipe` within `limits`. `looks` if hashes of pixels are wanted.
    pub fn new(recipe: Recipe, limits: Limits, looks: bool) -> Self {
        Self { recipe, limits, looks }
    }
}

impl Renderer for RecipeRenderer {
    fn open<'a>(&'a self, bytes: &'a [u8]) -> Result<Box<dyn Prepared + 'a>, DecodeError> {
        Ok(Box::new(render::open(bytes, &self.recipe, &self.limits)?.looking(self.looks)))
    }
}

impl Prepared for Opened<'_> {
    fn header(&self) -> &Header {
        Opened::header(self)
    }

    fn variants(&self) -> &[PlannedVariant] {
        Opened::variants(self)
    }

    fn memory(&self) -> u64 {
        Opened::memory(self)
    }

    fn decoding(&self, wanted: &[usize]) -> (f64, f64) {
        Opened::decoding(self, wanted)
    }

    fn render(&self, wanted: &[usize], interrupt: Option<&(dyn Fn() -> bool + Sync)>) -> Result<Rendered, RenderError> {
        Opened::render(self, wanted, interrupt)
    }
}
