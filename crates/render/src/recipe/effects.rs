//! What changes the look of a picture beside its size.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::Color;
use crate::geometry::Gravity;
use crate::pixmap::{Pixmap, Samples};
use crate::size::Size;

/// Operations on pixels. They are done in this order: trim, then resize and crop, sharpen, blur, greyscale, watermark, border,
/// round.
///
/// ```
/// use thumbs_render::Recipe;
/// use thumbs_render::recipe::{Border, Color, Effects};
///
/// let effects = Effects::default().with_sharpen(0.5).with_border(Border { width: 4, color: Color::WHITE });
/// let recipe = Recipe::default().with_effects(effects);
/// # assert!(recipe.effects.are_any());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Effects {
    /// Cuts off edges of one colour: those that differ from the corner's by at most this much in every channel.
    pub trim: Option<u8>,
    /// The amount of an unsharp mask; 0.5 is moderate.
    pub sharpen: Option<f32>,
    /// The standard deviation of a Gaussian blur, in pixels of the output.
    pub blur: Option<f32>,
    /// Removes colours.
    pub grayscale: bool,
    /// A picture that is laid over outputs.
    pub watermark: Option<Watermark>,
    /// A border around outputs.
    pub border: Option<Border>,
    /// Round corners.
    pub round: Option<Radius>,
}

/// A border.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Border {
    /// Pixels on each side. An output is larger by twice as many.
    pub width: u32,
    /// Its colour.
    pub color: Color,
}

/// The radius of corners.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Radius {
    /// Pixels of the output.
    Pixels(u32),
    /// A fraction of its shorter side; 0.5 makes a disk of a square.
    Fraction(f64),
}

impl Radius {
    /// In pixels, at most half the shorter side.
    pub fn of(self, size: Size) -> f64 {
        let short = f64::from(size.width.min(size.height));
        let radius = match self {
            Self::Pixels(pixels) => f64::from(pixels),
            Self::Fraction(fraction) => short * fraction,
        };
        radius.min(short / 2.0)
    }
}

impl Effects {
    /// Whether pixels change.
    pub fn are_any(&self) -> bool {
        *self != Self::default()
    }

    /// Whether the outline of a picture moves, so that positions in it are others.
    pub fn move_outlines(&self) -> bool {
        self.trim.is_some() || self.border.is_some()
    }

    /// Whether sRGB colours come in, or others go, so that a profile no longer describes the pixels.
    pub fn paint(&self) -> bool {
        self.grayscale || self.watermark.is_some() || self.border.is_some()
    }

    /// The size of an output with its border.
    pub fn outer(&self, size: Size) -> Size {
        let sides = 2 * self.border.map_or(0, |border| border.width);
        Size::new(size.width.saturating_add(sides), size.height.saturating_add(sides))
    }

    /// Cuts off edges that differ from the corner's colour by at most this much.
    #[must_use]
    pub fn with_trim(mut self, tolerance: u8) -> Self {
        self.trim = Some(tolerance);
        self
    }

    /// Sharpens by this amount; 0.5 is moderate.
    #[must_use]
    pub fn with_sharpen(mut self, amount: f32) -> Self {
        self.sharpen = Some(amount);
        self
    }

    /// Blurs with this standard deviation, in pixels of the output.
    #[must_use]
    pub fn with_blur(mut self, sigma: f32) -> Self {
        self.blur = Some(sigma);
        self
    }

    /// Removes colours.
    #[must_use]
    pub fn with_grayscale(mut self, grayscale: bool) -> Self {
        self.grayscale = grayscale;
        self
    }

    /// Lays a picture over outputs.
    #[must_use]
    pub fn with_watermark(mut self, watermark: Watermark) -> Self {
        self.watermark = Some(watermark);
        self
    }

    /// Draws a border around outputs.
    #[must_use]
    pub fn with_border(mut self, border: Border) -> Self {
        self.border = Some(border);
        self
    }

    /// Rounds corners.
    #[must_use]
    pub fn with_round(mut self, radius: Radius) -> Self {
        self.round = Some(radius);
        self
    }
}

/// Sizes of a watermark that are kept.
const KEPT: usize = 8;

/// A picture to lay over others.
#[derive(Clone)]
pub struct Watermark {
    pixels: Arc<Pixmap>,
    /// The digest of its pixels.
    digest: u64,
    /// Where it is.
    pub gravity: Gravity,
    /// How opaque it is, from 0 to 1, beside its own alpha.
    pub opacity: f32,
    /// The most of the output's width and height that it takes, from 0 to 1. It never grows beyond its own size.
    pub scale: f64,
    /// The last sizes of it.
    sizes: Arc<Mutex<Vec<Arc<Pixmap>>>>,
}

impl Watermark {
    /// Of decoded pixels in sRGB, with alpha or without, as [`decode`](crate::render::decode()) gives them: half opaque, at the
    /// lower right, a quarter of the output.
    pub fn new(pixels: Pixmap) -> Self {
        let pixels = pixels.into_u8();
        let size = pixels.size();
        let (sides, samples) = (
            [size.width.to_le_bytes(), size.height.to_le_bytes()],
            match pixels.samples() {
                Samples::U8(samples) => samples.as_slice(),
                Samples::U16(_) => &[],
            },
        );
        // FNV-1a tells files apart; nobody gains by two that it confuses.
        let mut digest = 0xcbf2_9ce4_8422_2325_u64;
        for byte in sides.as_flattened().iter().chain(&[pixels.channels().count() as u8]).chain(samples) {
            digest = (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self {
            pixels: Arc::new(pixels),
            digest,
            gravity: Gravity::SouthEast,
            opacity: 0.5,
            scale: 0.25,
            sizes: Arc::default(),
        }
    }

    /// Its own pixels.
    pub(crate) fn pixels(&self) -> &Pixmap {
        &self.pixels
    }

    /// Its pixels at this size, if they were made lately.
    pub(crate) fn kept(&self, size: Size) -> Option<Arc<Pixmap>> {
        let sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.iter().find(|pixels| pixels.size() == size).cloned()
    }

    /// Keeps its pixels at a size, in place of the oldest.
    pub(crate) fn keep(&self, pixels: Arc<Pixmap>) {
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        if sizes.len() >= KEPT {
            sizes.remove(0);
        }
        sizes.push(pixels);
    }
}

impl PartialEq for Watermark {
    fn eq(&self, other: &Self) -> bool {
        let of = |mark: &Self| (mark.digest, mark.gravity, mark.opacity, mark.scale);
        of(self) == of(other)
    }
}

/// Without its pixels, for which the digest stands.
impl fmt::Debug for Watermark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { digest, gravity, opacity, scale, .. } = self;
        write!(f, "Watermark {digest:x} {gravity:?} {opacity} {scale}")
    }
}
