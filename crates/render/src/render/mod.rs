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
mod described;
mod direct;
mod exact;
mod metric;
mod own;
mod pixels;
mod source;

use std::time::{Duration, Instant};

use crate::codec::{
    Attached, ColorSpace, DecodeError, DecodeOptions, Decoded, Encode, EncodeError, Header, Need, Offer, Picture,
    check_output, registry,
};
use crate::format::{self, Format};
use crate::geometry::{Constraint, Placement, place};
use crate::limits::Limits;
use crate::metadata::{self, Changes};
use crate::op;
use crate::op::color::ToSrgb;
use crate::op::resize::ResizeError;
use crate::orientation::Orientation;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::{Filter, FormatChoice, IccPolicy, Recipe};
use crate::size::{Region, Size};
use aim::Input;
pub use own::KEPT;
pub use pixels::{Thumbnail, thumbnail};
use source::{Notes, Source};

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
}

/// A requested output.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedVariant {
    /// Index into the sizes of the recipe.
    pub size_index: usize,
    /// Its format.
    pub format: Format,
    /// Size of the output.
    pub size: Size,
    /// Where the pixels go.
    pub placement: Placement,
}

impl PlannedVariant {
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
    /// The quality, where a goal chose it.
    pub quality: Option<u8>,
    /// The SSIMULACRA2 score against the resized pixels, where there is a target.
    pub score: Option<f64>,
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
    let header = picture.header();
    let orientation = if recipe.auto_orient { header.orientation } else { Orientation::Upright };
    let oriented = orientation.apply(header.size);
    let mut variants = Vec::with_capacity(recipe.sizes.len() * recipe.formats.len());
    for (size_index, &size) in recipe.sizes.iter().enumerate() {
        let constraint = Constraint { size, fit: recipe.fit, gravity: recipe.gravity, enlarge: recipe.enlarge };
        let placement = place(oriented, &constraint);
        for &choice in &recipe.formats {
            let format = output_format(choice, header);
            variants.push(PlannedVariant { size_index, format, size: placement.canvas, placement });
        }
    }
    let shares = variants.iter().map(|variant| direct::share(header, recipe, orientation, variant)).collect();
    Ok(Opened { bytes, picture, recipe: recipe.clone(), limits: *limits, orientation, variants, shares })
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
        FormatChoice::Keep if header.has_alpha => Format::Png,
        FormatChoice::Keep => Format::Jpeg,
    }
}

impl Opened<'_> {
    /// The header of the picture.
    pub fn header(&self) -> &Header {
        self.picture.header()
    }

    /// The planned variants: one for each size and format, grouped by size. Equal variants are not
    /// merged.
    pub fn variants(&self) -> &[PlannedVariant] {
        &self.variants
    }

    /// Numbers that identify how the source is decoded when these variants are wanted.
    pub fn decoding(&self, wanted: &[usize]) -> (f64, f64) {
        (self.offer(wanted).shrink, self.chroma(wanted))
    }

    /// Upper bound of the memory, in bytes, that rendering all variants takes beyond the source.
    pub fn memory(&self) -> u64 {
        let all: Vec<usize> = (0..self.variants.len()).collect();
        self.memory_of(&self.offer(&all), &all)
    }

    fn memory_of(&self, offer: &Offer, wanted: &[usize]) -> u64 {
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
            let encoding = registry::encoder(variant.format).map_or(0, |e| e.memory(variant.size, &self.recipe.encode));
            work = work.max(op::resize::intermediate(offer.size, crop, to, plane).max(encoding) + pixels);
            encoded += canvas * 5 + (128 << 10);
            // The source's own bytes may replace the output. They are assembled in two steps.
            if variant.format == header.format && variant.size == header.size {
                encoded += 2 * self.bytes.len() as u64;
            }
        }
        let linear = if self.recipe.linear { offer.size.pixels() * 16 } else { 0 };
        // Coefficients of a transcoded JPEG: at most 129 bytes for a block, twice while they are turned, for up to four
        // components; and the output.
        let is_exact = wanted.iter().any(|&i| self.variants.get(i).is_some_and(|variant| self.is_exact(variant)));
        let coefficients =
            if is_exact { header.size.pixels() * 129 * 4 * 2 / 64 + 2 * self.bytes.len() as u64 } else { 0 };
        // The metric works on one output at a time.
        let most = wanted.iter().filter_map(|&i| self.variants.get(i)).map(|variant| variant.size.pixels()).max();
        let compared = if self.recipe.goal.score.is_some() { most.unwrap_or(0) * metric::BYTES_PER_PIXEL } else { 0 };
        (offer.memory + linear.max(converted) + work.max(compared)).max(coefficients) + encoded
    }

    /// The crop in decoded pixels and the resized size of a variant, both in the stored
    /// orientation.
    fn stored(&self, variant: &PlannedVariant, offer: &Offer) -> (Region, Size) {
        let (crop, to) = variant.placement.stored(self.orientation, self.header().size);
        (crop.scaled(offer.scale.0, offer.scale.1), to)
    }

    /// How the source is decoded for the largest of the wanted variants.
    fn offer(&self, wanted: &[usize]) -> Offer {
        let full = self.header().size;
        // Nearest-pixel resizing takes original pixels, and decoders that reduce do so in sRGB, not
        // in linear light.
        if self.recipe.filter == Filter::Nearest || self.recipe.linear {
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
    fn checked_offer(&self, wanted: &[usize]) -> Result<Offer, DecodeError> {
        let offer = self.offer(wanted);
        let (memory, limit) = (self.memory_of(&offer, wanted), self.limits.max_memory);
        if memory > limit {
            let header = self.header();
            return Err(DecodeError::Limit(format!(
                "{} of {} takes {memory} bytes of memory, over the limit of {limit} (--memory)",
                header.format, header.size
            )));
        }
        Ok(offer)
    }

    /// The part of the decoded pixels that a variant shows, at its size, as stored.
    fn resized(
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
        let mut clock = Clock(Instant::now());
        let mut times = Times::default();
        let mut outputs: Vec<Encoded> = Vec::with_capacity(wanted.len());
        let mut notes = Notes(self.header().notes.clone());
        let order = wanted;
        let (exact, wanted): (Vec<usize>, Vec<usize>) = wanted.iter().partition(|&&i| self.is_exact(&self.variants[i]));
        let wanted = &wanted[..];
        if let Some(&first) = exact.first() {
            // All of them are the same file.
            let made = self.exact(interrupt, &mut notes)?;
            times.encode += clock.lap();
            let encoded = made.into_encoded(first, Format::Jpeg);
            outputs.extend(exact.iter().map(|&variant| Encoded { variant, ..encoded.clone() }));
            if wanted.is_empty() {
                return Ok(Rendered { outputs, shrink: 1.0, notes: notes.0, times });
            }
        }
        let offer = self.checked_offer(wanted)?;
        let options =
            DecodeOptions { allow_truncated: self.recipe.allow_truncated, strict: self.recipe.strict, interrupt };
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
        let is_unchanged = self.is_unchanged(&pixels, &lost);
        lost.iter().for_each(|note| notes.add(note));

        // Variants made of planes come first, while the planes exist. Variants that are only cut
        // out need the unprepared pixels; the others need prepared ones.
        let is_copied = |i: &usize| self.is_copied(&self.variants[*i], &offer);
        let mut pending = Vec::new();
        for &index in wanted {
            if interrupt.is_some_and(|stop| stop()) {
                return Err(DecodeError::Interrupted.into());
            }
            let variant = &self.variants[index];
            let Some(picture) = self.planes(&pixels, index, &offer, &mut notes) else {
                pending.push(index);
                continue;
            };
            times.resize += clock.lap();
            let mut made = self.make(Input::Planes(&picture), variant, interrupt, &mut notes)?;
            if is_unchanged {
                made = self.smaller(made, variant, &offer, &mut notes);
            }
            times.encode += clock.lap();
            outputs.push(made.into_encoded(index, variant.format));
        }
        let (copied, resized): (Vec<usize>, Vec<usize>) = pending.into_iter().partition(is_copied);
        let mut source = Source::new(pixels);
        for index in copied.into_iter().chain(resized) {
            if interrupt.is_some_and(|stop| stop()) {
                return Err(DecodeError::Interrupted.into());
            }
            let variant = &self.variants[index];
            let small = self.resized(&mut source, variant, &offer, &mut notes)?;
            let (done, icc) = self.finish(small, variant, source.is_srgb, &mut notes);
            times.resize += clock.lap();
            let mut made = self.make(Input::Pixels(&done, icc.as_deref()), variant, interrupt, &mut notes)?;
            if is_unchanged {
                made = self.smaller(made, variant, &offer, &mut notes);
            }
            times.encode += clock.lap();
            outputs.push(made.into_encoded(index, variant.format));
        }
        outputs.sort_by_key(|output| order.iter().position(|&w| w == output.variant));
        Ok(Rendered { outputs, shrink: offer.shrink, notes: notes.0, times })
    }

    /// Whether a variant shows decoded pixels without resampling.
    fn is_copied(&self, variant: &PlannedVariant, offer: &Offer) -> bool {
        let (crop, to) = self.stored(variant, offer);
        let whole = |v: f64| (v - v.round()).abs() < 1e-6;
        let same = |extent: f64, side: u32| (extent - f64::from(side)).abs() < 1e-6;
        offer.shrink == 1.0
            && whole(crop.x)
            && whole(crop.y)
            && same(crop.width, to.width)
            && same(crop.height, to.height)
    }

    /// Orients the pixels, converts colours, flattens and lays them onto the canvas. The result has
    /// 8 bits per sample and, if it is not sRGB, the profile that describes it.
    fn finish(
        &self,
        small: Pixmap,
        variant: &PlannedVariant,
        is_srgb: bool,
        notes: &mut Notes,
    ) -> (Pixmap, Option<Vec<u8>>) {
        let Placement { canvas, offset, .. } = variant.placement;
        let mut pixmap = op::orient::orient(small, self.orientation);
        let color = &self.header().color;
        let wide = matches!(pixmap.samples(), Samples::U16(_));
        if op::resize::is_opaque(&pixmap) {
            pixmap = op::resize::without_alpha(pixmap);
        }
        let keeps = self.recipe.icc == IccPolicy::Keep;
        let described = if keeps { self.described_as(&pixmap, variant) } else { None };
        let icc = described.and_then(|channels| op::color::as_profile(color, channels));
        // CMYK stays CMYK even without a profile.
        let keeps_inks = described == Some(Channels::Cmyk);
        if icc.is_none() && !is_srgb && !keeps_inks {
            let to = ToSrgb::new(color, pixmap.channels(), wide);
            to.note.into_iter().for_each(|note| notes.add(note));
            if self.recipe.icc == IccPolicy::Keep && !to.is_same() {
                notes.add("colours converted to sRGB: no profile fits them in this output");
            }
            pixmap = to.apply(pixmap);
        }
        let alpha = variant.format.has_alpha();
        let is_flattened = pixmap.channels().has_alpha() && !alpha;
        let mut background = self.recipe.background;
        if !alpha && background.rgba[3] < 255 && (is_flattened || canvas != pixmap.size()) {
            background = background.over_white();
            notes.add(&format!("background laid over white: {} has no alpha", variant.format));
        }
        if is_flattened {
            pixmap = op::flatten::flatten(pixmap, background);
            notes.add("alpha flattened onto the background");
        }
        let mut pixmap = op::extend::extend(pixmap.into_u8(), canvas, offset, background, alpha);
        // A profile of three channels needs three channels in the output.
        if icc.is_none() {
            pixmap = op::resize::grey_if_it_is(pixmap);
        }
        (pixmap, icc)
    }

    fn encode_with(
        &self,
        size: Size,
        variant: &PlannedVariant,
        icc: Option<&[u8]>,
        encode: impl FnOnce(&dyn Encode, &Attached<'_>) -> Result<Vec<u8>, EncodeError>,
    ) -> Result<Vec<u8>, EncodeError> {
        let format = variant.format;
        let encoder = registry::encoder(format)
            .ok_or_else(|| EncodeError::Failed { format, what: "this format cannot be written".to_owned() })?;
        let (placement, stored) = (&variant.placement, self.header().size);
        let is_whole = placement.crop == Region::whole(stored) && placement.canvas == placement.resized;
        let changes = Changes {
            size,
            from: (is_whole && self.orientation == Orientation::Upright).then_some(stored),
            is_upright: self.recipe.auto_orient,
            is_srgb: self.recipe.icc == IccPolicy::ToSrgb || (icc.is_none() && self.header().color != ColorSpace::Srgb),
        };
        let blocks = metadata::outgoing(&self.header().metadata, self.recipe.metadata, &changes);
        let attached =
            Attached { icc, exif: blocks.exif.as_deref(), xmp: blocks.xmp.as_deref(), iptc: blocks.iptc.as_deref() };
        encode(encoder, &attached)
    }
}

/// Measures the time between calls.
struct Clock(Instant);

impl Clock {
    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut self.0, now))
    }
}
