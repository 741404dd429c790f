//! Decoded pixels, from which all variants are made.

use crate::codec::{ColorSpace, Pixels};
use crate::op;
use crate::op::color::{ToSrgb, gamut};
use crate::op::resize::ResizeError;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::{Filter, IccPolicy, Recipe};
use crate::size::{Region, Size};

/// Notes for the report, without repetitions.
pub struct Notes(pub Vec<String>);

impl Notes {
    pub fn add(&mut self, note: &str) {
        if !self.0.iter().any(|n| n == note) {
            self.0.push(note.to_owned());
        }
    }
}

/// Decoded pixels, from which all variants are made.
pub struct Source {
    pixels: Pixels,
    /// Whether [`Source::prepare`] has run.
    is_prepared: bool,
    /// Whether the samples are linear light.
    is_linear: bool,
    /// Whether the colours are converted already.
    pub is_srgb: bool,
}

impl Source {
    pub fn new(pixels: Pixels) -> Self {
        Self { pixels, is_prepared: false, is_linear: false, is_srgb: false }
    }

    fn join(&mut self) -> &mut Pixmap {
        if let Pixels::Planes(_) = self.pixels {
            let nothing = Pixels::Joint(Pixmap::new_u8(Size::new(0, 0), Channels::Grey, Vec::new()));
            self.pixels = Pixels::Joint(std::mem::replace(&mut self.pixels, nothing).into_pixmap());
        }
        match &mut self.pixels {
            Pixels::Joint(pixmap) => pixmap,
            Pixels::Planes(_) => unreachable!("joined above"),
        }
    }

    /// Cuts pixels out without resampling.
    pub fn cut(&mut self, crop: Region, to: Size) -> Result<Pixmap, ResizeError> {
        op::resize::resize(self.join(), crop, to, Filter::Nearest)
    }

    /// Prepares the pixels for resizing: makes light linear if wanted, and converts colours that
    /// the resize would mix with others. All later variants are resized from these pixels.
    pub fn prepare(&mut self, recipe: &Recipe, color: &ColorSpace, notes: &mut Notes) {
        if std::mem::replace(&mut self.is_prepared, true) {
            return;
        }
        if recipe.linear {
            self.linearize(recipe, color, notes);
        } else if recipe.icc == IccPolicy::ToSrgb
            && let Pixels::Joint(pixmap) = &self.pixels
        {
            // A resize of planes mixes the colours as they are stored, in blocks.
            let wide = matches!(pixmap.samples(), Samples::U16(_));
            let to = ToSrgb::new(color, pixmap.channels(), wide);
            if gamut::is_reached(pixmap, &to) {
                to.note.into_iter().for_each(|note| notes.add(note));
                let source = self.take();
                self.pixels = Pixels::Joint(gamut::convert(source, color));
                self.is_srgb = true;
            }
        }
    }

    /// Takes the pixels and leaves none.
    fn take(&mut self) -> Pixmap {
        std::mem::replace(self.join(), Pixmap::new_u8(Size::new(0, 0), Channels::Grey, Vec::new()))
    }

    fn linearize(&mut self, recipe: &Recipe, color: &ColorSpace, notes: &mut Notes) {
        let mut source = self.take();
        if recipe.icc == IccPolicy::ToSrgb {
            let wide = matches!(source.samples(), Samples::U16(_));
            let to = ToSrgb::new(color, source.channels(), wide);
            to.note.into_iter().for_each(|note| notes.add(note));
            source = to.apply(source);
            self.is_srgb = true;
        }
        *self.join() = op::linear::to_linear(source);
        self.is_linear = true;
    }

    /// Resizes the region `shown` of the stored picture, of size `stored`. `crop` is the same
    /// region in decoded pixels.
    pub fn resize(
        &mut self,
        shown: Region,
        crop: Region,
        stored: Size,
        to: Size,
        recipe: &Recipe,
    ) -> Result<Pixmap, ResizeError> {
        if recipe.filter == Filter::Nearest {
            self.join();
        }
        let small = match &self.pixels {
            Pixels::Planes(planes) => op::resize::resize_planes(&**planes, stored, shown, to, recipe.filter)?,
            Pixels::Joint(pixmap) => op::resize::resize(pixmap, crop, to, recipe.filter)?,
        };
        Ok(if self.is_linear { op::linear::from_linear(small) } else { small })
    }
}
