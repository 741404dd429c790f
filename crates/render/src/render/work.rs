//! Decodes a source once and makes its outputs.

use std::time::{Duration, Instant};

use super::aim::{Input, Interrupt};
use super::look::look;
use super::own::channels;
use super::placeholder::placeholders;
use super::source::{Notes, Source};
use super::{Encoded, Opened, PlannedVariant, RenderError, Rendered, Times};
use crate::codec::{DecodeError, DecodeOptions, Decoded, Offer};
use crate::format::Format;
use crate::op::resize::ResizeError;
use crate::pixmap::Pixmap;
use crate::recipe::Placeholder;
use crate::size::Size;

/// Pixels of which placeholders are made where no others are decoded.
const ENOUGH: Size = Size::new(64, 64);

/// The same for the look, which few errors must change.
const ENOUGH_FOR_LOOK: Size = Size::new(256, 256);

impl Opened<'_> {
    /// Decodes once and makes the `wanted` variants, which are indices into [`Opened::variants`].
    /// `interrupt` is called from time to time; if it returns true, the work ends with
    /// [`DecodeError::Interrupted`].
    ///
    /// # Errors
    /// [`RenderError`].
    pub fn render(
        &self,
        wanted: &[usize],
        interrupt: Option<&(dyn Fn() -> bool + Sync)>,
    ) -> Result<Rendered, RenderError> {
        for variant in wanted.iter().filter_map(|&i| self.variants.get(i)) {
            variant.check()?;
        }
        if self.has_edges() {
            let mut clock = Clock(Instant::now());
            let trimmed = self.without_edges(wanted, interrupt)?;
            let lap = clock.lap();
            let mut rendered = trimmed.render(wanted, interrupt)?;
            rendered.times.decode += lap;
            return Ok(rendered);
        }
        let mut clock = Clock(Instant::now());
        let mut times = Times::default();
        let mut outputs: Vec<Encoded> = Vec::with_capacity(wanted.len());
        let mut notes = Notes(self.header().notes.clone());
        for size in &self.left_out {
            notes.add(&format!("{size} left out: larger than the picture"));
        }
        let order = wanted;
        let mut seen = Seen::new(self, wanted);
        let options =
            DecodeOptions { allow_truncated: self.recipe.allow_truncated, strict: self.recipe.strict, interrupt };
        let (exact, wanted): (Vec<usize>, Vec<usize>) = wanted.iter().partition(|&&i| self.is_exact(&self.variants[i]));
        if let Some(&first) = exact.first() {
            // All of them are the same file.
            let made = self.exact(interrupt, &mut notes)?;
            let encoded = made.into_encoded(first);
            outputs.extend(exact.iter().map(|&variant| Encoded { variant, ..encoded.clone() }));
        }
        let (recoded, wanted): (Vec<_>, Vec<_>) =
            wanted.into_iter().map(|i| self.recoding(i).ok_or(i)).partition(Result::is_ok);
        let wanted: Vec<usize> = wanted.into_iter().filter_map(Result::err).collect();
        let mut unseen = exact;
        for recoding in recoded.into_iter().flatten() {
            outputs.push(self.recoded(&recoding, &options, &mut notes)?.into_encoded(recoding.index));
            unseen.push(recoding.index);
        }
        times.encode += clock.lap();
        unseen.retain(|&index| seen.wants(index));
        if !unseen.is_empty() {
            let looks = unseen.iter().any(|&index| seen.looks_at == Some(index));
            let small = self.decode(Some(if looks { ENOUGH_FOR_LOOK } else { ENOUGH }))?;
            for index in unseen {
                seen.see(index, Input::Pixels(&small.pixels, None))?;
            }
            times.decode += clock.lap();
        }
        let wanted = &wanted[..];
        if wanted.is_empty() {
            outputs.sort_by_key(|output| order.iter().position(|&w| w == output.variant));
            let Seen { look, placeholders, .. } = seen;
            return Ok(Rendered { outputs, shrink: 1.0, notes: notes.0, times, look, placeholders });
        }
        let offer = self.checked_offer(wanted)?;
        let Decoded { pixels, notes: lost } = self.picture.decode(&offer, &options)?;
        times.decode += clock.lap();
        if self.header().animated {
            let is_paged = matches!(self.header().format, Format::Tiff | Format::Pnm);
            notes.add(if is_paged {
                "further pages lost: first page only"
            } else {
                "animation lost: first frame only"
            });
        }
        let is_unchanged = self.is_unchanged(channels(&pixels), &lost);
        lost.iter().for_each(|note| notes.add(note));

        // Variants made of planes come first, while the planes exist. Variants that are only cut
        // out need the unprepared pixels; the others need prepared ones.
        let is_copied = |i: &usize| self.is_copied(&self.variants[*i], &offer);
        let mut pending = Vec::new();
        for &index in wanted {
            if interrupt.is_some_and(|stop| stop()) {
                return Err(DecodeError::Interrupted.into());
            }
            let Some(picture) = self.planes(&pixels, index, &offer, &mut notes) else {
                pending.push(index);
                continue;
            };
            times.resize += clock.lap();
            let way = Way { index, offer: &offer, is_unchanged, interrupt };
            let input = Input::Planes(&picture);
            seen.see(index, input)?;
            outputs.push(self.output(input, &way, &mut notes)?);
            times.encode += clock.lap();
        }
        let (copied, resized): (Vec<usize>, Vec<usize>) = pending.into_iter().partition(is_copied);
        let mut source = Source::new(pixels);
        for index in copied.into_iter().chain(resized) {
            if interrupt.is_some_and(|stop| stop()) {
                return Err(DecodeError::Interrupted.into());
            }
            let variant = &self.variants[index];
            let small = self.resized(&mut source, variant, &offer, &mut notes)?;
            let (done, icc) = self.finish(small, variant, source.is_srgb, &mut notes)?;
            times.resize += clock.lap();
            let way = Way { index, offer: &offer, is_unchanged, interrupt };
            let input = Input::Pixels(&done, icc.as_deref());
            seen.see(index, input)?;
            outputs.push(self.output(input, &way, &mut notes)?);
            times.encode += clock.lap();
        }
        outputs.sort_by_key(|output| order.iter().position(|&w| w == output.variant));
        let Seen { look, placeholders, .. } = seen;
        Ok(Rendered { outputs, shrink: offer.shrink, notes: notes.0, times, look, placeholders })
    }

    /// Encodes finished pixels or planes, or takes the source's own bytes.
    fn output(&self, input: Input<'_>, way: &Way<'_>, notes: &mut Notes) -> Result<Encoded, RenderError> {
        let variant = &self.variants[way.index];
        let mut made = self.make(input, variant, way.interrupt, notes)?;
        if way.is_unchanged && self.shows_whole(variant, way.offer) {
            made = self.smaller(made, Some(input), variant, way.interrupt, notes)?;
        }
        if let (false, Some(score), Some(goal)) = (made.is_met, made.score, self.recipe.goal.score) {
            let why = if made.quality == Some(100) { "the highest quality" } else { "the source's own quality" };
            notes.add(&format!("score {score:.1}, below the target of {goal}: {why} gives no more"));
        }
        Ok(made.into_encoded(way.index))
    }

    /// The part of the decoded pixels that a variant shows, at its size, as stored.
    pub(super) fn resized(
        &self,
        source: &mut Source,
        variant: &PlannedVariant,
        offer: &Offer,
        notes: &mut Notes,
    ) -> Result<Pixmap, ResizeError> {
        let (crop, to) = self.stored(variant, offer);
        if self.is_copied(variant, offer) {
            return source.cut(crop, to);
        }
        source.prepare(&self.recipe, &self.header().color, notes);
        let shown = variant.placement.stored(self.orientation, self.header().size).0;
        source.resize(shown, crop, self.header().size, to, &self.recipe)
    }
}

/// What is made of the pixels of outputs beside them.
struct Seen<'a> {
    kinds: &'a [Placeholder],
    /// The variant of which the look is made, and the one of which placeholders are.
    looks_at: Option<usize>,
    reduces: Option<usize>,
    look: Option<u64>,
    placeholders: Vec<(Placeholder, String)>,
}

impl<'a> Seen<'a> {
    fn new(opened: &'a Opened<'_>, wanted: &[usize]) -> Self {
        let kinds = &opened.recipe.placeholders[..];
        let smallest = wanted.iter().copied().min_by_key(|&index| opened.variants[index].size.pixels());
        Self {
            kinds,
            looks_at: wanted.first().copied().filter(|_| opened.looks),
            reduces: smallest.filter(|_| !kinds.is_empty()),
            look: None,
            placeholders: Vec::new(),
        }
    }

    fn wants(&self, index: usize) -> bool {
        self.looks_at == Some(index) || self.reduces == Some(index)
    }

    fn see(&mut self, index: usize, input: Input<'_>) -> Result<(), ResizeError> {
        if self.looks_at == Some(index) {
            self.look = look(input);
        }
        if self.reduces == Some(index) {
            self.placeholders = placeholders(input, self.kinds)?;
        }
        Ok(())
    }
}

/// How a variant is made of its source.
struct Way<'a> {
    /// The variant.
    index: usize,
    offer: &'a Offer,
    /// Whether the decoded pixels are all that the source shows.
    is_unchanged: bool,
    interrupt: Interrupt<'a>,
}

/// Measures the time between calls.
struct Clock(Instant);

impl Clock {
    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut self.0, now))
    }
}
