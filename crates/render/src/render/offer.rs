//! How a source is decoded for the outputs that are wanted, and the memory that this takes.

use super::{Opened, PlannedVariant, metric};
use crate::codec::{ColorSpace, DecodeError, Need, Offer, registry};
use crate::format::Format;
use crate::op;
use crate::recipe::{Filter, IccPolicy};
use crate::size::{Region, Size};

/// Pixels of the largest variant.
fn most_pixels(variants: &[PlannedVariant]) -> u64 {
    variants.iter().map(|variant| variant.size.pixels()).max().unwrap_or(0)
}

impl Opened<'_> {
    /// Numbers that identify how the source is decoded when these variants are wanted.
    pub fn decoding(&self, wanted: &[usize]) -> (f64, f64) {
        (self.offer(wanted).shrink, self.chroma(wanted))
    }

    /// Upper bound of the memory, in bytes, that rendering all variants takes beyond the source.
    pub fn memory(&self) -> u64 {
        let all: Vec<usize> = (0..self.variants.len()).collect();
        self.memory_of(&self.offer(&all), &all)
    }

    pub(super) fn memory_of(&self, offer: &Offer, wanted: &[usize]) -> u64 {
        // At most 4 samples of 16 bits, and no more than `offer.memory` for the decoded pixels.
        let mut pixel = (offer.memory / offer.size.pixels().max(1)).clamp(1, 8);
        // The colour conversion before the resize may widen samples to 16 bits. JPEG comes in
        // planes and is not converted there.
        let header = self.header();
        let converts = self.recipe.icc == IccPolicy::ToSrgb && !matches!(header.color, ColorSpace::Srgb);
        let converted = if converts && header.format != Format::Jpeg { offer.size.pixels() * 8 } else { 0 };
        if converted > 0 {
            pixel = (pixel * 2).min(8);
        }
        // Colours with alpha are resized in floating point.
        let plane = if header.has_alpha { 4 } else { 2 };
        let mut work = 0;
        let mut encoded = 0;
        for variant in wanted.iter().filter_map(|&i| self.variants.get(i)) {
            let (crop, to) = self.stored(variant, offer);
            let canvas = variant.size.pixels();
            // The resized pixels are turned, converted and laid onto a canvas: two buffers at a
            // time. Encoding takes less: JPEG needs at most two bytes per sample beside the pixels
            // and the output.
            let pixels = 2 * to.pixels() * pixel + canvas * 8;
            let encoding = variant.formats().map(|format| {
                registry::encoder(format).map_or(0, |encoder| encoder.memory(variant.size, &self.recipe.encode))
            });
            let encoding = encoding.max().unwrap_or(0);
            work = work.max(op::resize::intermediate(offer.size, crop, to, plane).max(encoding) + pixels);
            encoded += canvas * 5 + (128 << 10);
            // The source's own bytes may replace the output. They are assembled in two steps.
            if variant.formats().any(|format| format == header.format) && variant.size == header.size {
                encoded += 2 * self.bytes.len() as u64;
            }
        }
        // Filters work on planes in floating point, and each operation makes a picture of another.
        let effects = if self.recipe.effects.are_any() { most_pixels(&self.variants) * 48 } else { 0 };
        let trimmed = if self.recipe.effects.trim.is_some() { offer.size.pixels() * 16 } else { 0 };
        let linear = if self.recipe.linear { offer.size.pixels() * 16 } else { 0 };
        // Coefficients of a transcoded JPEG: at most 129 bytes for a block, twice while they are turned, for up to four
        // components; and the output.
        let is_any = |is: &dyn Fn(&PlannedVariant) -> bool| wanted.iter().filter_map(|&i| self.variants.get(i)).any(is);
        let (is_exact, may_turn) =
            (is_any(&|variant| self.is_exact(variant)), is_any(&|variant| self.may_turn(variant)));
        let coefficients = if is_exact || may_turn {
            header.size.pixels() * 129 * 4 * 2 / 64 + 2 * self.bytes.len() as u64
        } else {
            0
        };
        // The metric works on one output at a time.
        let most = wanted.iter().filter_map(|&i| self.variants.get(i)).map(|variant| variant.size.pixels()).max();
        let compared = if self.recipe.goal.score.is_some() { most.unwrap_or(0) * metric::BYTES_PER_PIXEL } else { 0 };
        // Its reference stays while the next quality is encoded, which takes little but for AVIF.
        let is_slow =
            |&i: &usize| self.variants.get(i).is_some_and(|variant| variant.formats().any(|f| f == Format::Avif));
        let work = if wanted.iter().any(is_slow) { work + compared } else { work.max(compared) };
        let pixels = offer.memory + linear.max(converted) + work + effects + trimmed;
        // What may be turned without loss is so after it is encoded from pixels.
        (if may_turn { pixels + coefficients } else { pixels.max(coefficients) }) + encoded
    }

    /// The crop in decoded pixels and the resized size of a variant, both in the stored
    /// orientation.
    pub(super) fn stored(&self, variant: &PlannedVariant, offer: &Offer) -> (Region, Size) {
        let (crop, to) = variant.placement.stored(self.orientation, self.header().size);
        (crop.scaled(offer.scale.0, offer.scale.1), to)
    }

    /// How the source is decoded for the largest of the wanted variants.
    pub(super) fn offer(&self, wanted: &[usize]) -> Offer {
        let full = self.header().size;
        // Nearest-pixel resizing takes original pixels, and decoders that reduce do so in sRGB, not
        // in linear light.
        // Edges are cut off exactly.
        let is_exact = self.recipe.linear || self.recipe.effects.trim.is_some();
        if self.recipe.filter == Filter::Nearest || is_exact {
            return self.picture.offer(None);
        }
        let mut need = Need { width: 0.0, height: 0.0, chroma: self.chroma(wanted) };
        for variant in wanted.iter().filter_map(|&i| self.variants.get(i)) {
            let (width, height) = variant.placement.whole(self.orientation.apply(full));
            let (width, height) = if self.orientation.swaps() { (height, width) } else { (width, height) };
            need = Need { width: need.width.max(width), height: need.height.max(height), ..need };
        }
        let whole = need.width >= f64::from(full.width) || need.height >= f64::from(full.height);
        self.picture.offer((!whole && need.width > 0.0).then_some(need))
    }

    /// The same, if it and the work that follows fit into the limits.
    pub(super) fn checked_offer(&self, wanted: &[usize]) -> Result<Offer, DecodeError> {
        let offer = self.offer(wanted);
        self.check_memory(self.memory_of(&offer, wanted))?;
        Ok(offer)
    }

    /// Checks the memory of all work on the picture against the limit.
    pub(super) fn check_memory(&self, memory: u64) -> Result<(), DecodeError> {
        let limit = self.limits.max_memory;
        if memory > limit {
            let header = self.header();
            return Err(DecodeError::Limit(format!(
                "{} of {} takes {memory} bytes of memory, over the limit of {limit} (--memory)",
                header.format, header.size
            )));
        }
        Ok(())
    }

    /// Whether a variant shows decoded pixels without resampling.
    pub(super) fn is_copied(&self, variant: &PlannedVariant, offer: &Offer) -> bool {
        let (crop, to) = self.stored(variant, offer);
        let whole = |v: f64| (v - v.round()).abs() < 1e-6;
        let same = |extent: f64, side: u32| (extent - f64::from(side)).abs() < 1e-6;
        offer.shrink == 1.0
            && whole(crop.x)
            && whole(crop.y)
            && same(crop.width, to.width)
            && same(crop.height, to.height)
    }
}
