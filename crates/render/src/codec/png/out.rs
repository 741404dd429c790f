//! Encodes PNG.

use png::{BitDepth, ColorType, Compression, DeflateCompression, Encoder, EncodingError, Filter};

use crate::codec::png::forms::{self, Form, Kind};
use crate::codec::png::optimize::optimized;
use crate::codec::png::{own, profiles, quantize};
use crate::codec::{Attached, Encode, EncodeError};
use crate::format::Format;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::EncodeSettings;
use crate::size::Size;

/// The encoder.
pub struct PngOut;

/// A picture of at most this many bytes is also encoded without a palette that would take much of
/// the file.
const SMALL: usize = 1 << 17;

fn failed(what: impl ToString) -> EncodeError {
    EncodeError::Failed { format: Format::Png, what: what.to_string() }
}

/// How rows are compressed. docs/encoders.md has the measurements.
#[derive(Clone, Copy)]
enum Effort {
    /// For photographs.
    Fast,
    /// For indices and few bits, which have few bytes. Filters only help smooth pictures.
    Thorough(Filter),
}

impl Encode for PngOut {
    fn encode(
        &self,
        pixmap: &Pixmap,
        settings: &EncodeSettings,
        attached: &Attached<'_>,
    ) -> Result<Vec<u8>, EncodeError> {
        let file = encode(pixmap, settings, attached)?;
        match settings.effort {
            None | Some(0) => Ok(file),
            Some(effort) => optimized(file, effort).map_err(failed),
        }
    }

    fn named(&self, settings: &EncodeSettings) -> (u8, &'static str) {
        match settings.effort.unwrap_or(0) {
            0 => (0, "png"),
            effort => (effort, "oxipng"),
        }
    }

    fn own(&self, source: &[u8], encoded: &[u8], _settings: &EncodeSettings) -> Option<Vec<u8>> {
        own::own(source, encoded)
    }

    /// oxipng holds the pixels of each filter that it tries, one at a time, and the best results.
    fn memory(&self, size: Size, settings: &EncodeSettings) -> u64 {
        let quantized = if settings.lossy_png { size.pixels() * 16 } else { 0 };
        let optimized = if settings.effort.unwrap_or(0) > 0 { size.pixels() * 24 + (8 << 20) } else { 0 };
        quantized.max(optimized)
    }
}

/// Encodes the forms, and keeps the smallest file.
fn encode(pixmap: &Pixmap, settings: &EncodeSettings, attached: &Attached<'_>) -> Result<Vec<u8>, EncodeError> {
    if pixmap.channels() == Channels::Cmyk {
        return Err(failed("PNG has no CMYK"));
    }
    let narrowed = forms::narrowed(pixmap);
    let pixmap = narrowed.as_ref().unwrap_or(pixmap);
    let write = |form: &Form<'_>, effort| write(form, pixmap.size(), effort, attached).map_err(failed);
    let Samples::U8(samples) = pixmap.samples() else { return write(&wide(pixmap), Effort::Fast) };
    let (size, channels) = (pixmap.size(), pixmap.channels());
    let kind = Kind::of(attached.icc, channels);
    // Grey profiles allow no palette.
    let is_lossy = settings.lossy_png && kind != Kind::Grey;
    let quantized = if is_lossy { quantize::quantized(size, channels, samples, settings) } else { None };
    let samples = quantized.as_ref().unwrap_or(samples);
    let plain = || forms::plain(size, channels, samples, kind);
    let mut best: Option<Vec<u8>> = None;
    let mut overhead = 0;
    let mut keep = |file: Vec<u8>| match &best {
        Some(best) if best.len() <= file.len() => {}
        _ => best = Some(file),
    };
    let forms = forms::few_bits(size, channels, samples, kind);
    for form in &forms {
        keep(write(form, Effort::Thorough(Filter::NoFilter))?);
        if form.depth == BitDepth::Eight {
            keep(write(form, Effort::Thorough(Filter::Adaptive))?);
        }
        overhead = form.overhead();
    }
    match best {
        None => write(&plain(), Effort::Fast),
        Some(best) if overhead * 4 > best.len() && samples.len() <= SMALL => {
            let other = write(&plain(), Effort::Thorough(Filter::NoFilter))?;
            Ok(if other.len() < best.len() { other } else { best })
        }
        Some(best) => Ok(best),
    }
}

fn wide(pixmap: &Pixmap) -> Form<'_> {
    let color = match pixmap.channels() {
        Channels::Grey => ColorType::Grayscale,
        Channels::GreyAlpha => ColorType::GrayscaleAlpha,
        Channels::Rgb => ColorType::Rgb,
        Channels::Rgba | Channels::Cmyk => ColorType::Rgba,
    };
    let rows = match pixmap.samples() {
        Samples::U8(v) => v.into(),
        Samples::U16(v) => v.iter().flat_map(|s| s.to_be_bytes()).collect::<Vec<u8>>().into(),
    };
    Form { color, depth: BitDepth::Sixteen, palette: None, rows }
}

fn write(form: &Form<'_>, size: Size, effort: Effort, attached: &Attached<'_>) -> Result<Vec<u8>, EncodingError> {
    let mut out = Vec::with_capacity(form.rows.len() / 2 + 1024);
    let mut info = png::Info::with_size(size.width, size.height);
    info.color_type = form.color;
    info.bit_depth = form.depth;
    if let Some((colors, alpha)) = &form.palette {
        info.palette = Some(colors.into());
        info.trns = alpha.as_ref().map(Into::into);
    }
    info.icc_profile = attached.icc.map(Into::into);
    info.exif_metadata = attached.exif.map(Into::into);
    let mut encoder = Encoder::with_info(&mut out, info)?;
    match effort {
        Effort::Fast => {
            encoder.set_compression(Compression::Fast);
            encoder.set_filter(Filter::Adaptive);
        }
        Effort::Thorough(filter) => {
            encoder.set_deflate_compression(DeflateCompression::Level(6));
            encoder.set_filter(filter);
        }
    }
    if let Some(xmp) = attached.xmp.and_then(|xmp| std::str::from_utf8(xmp).ok()) {
        encoder.add_itxt_chunk("XML:com.adobe.xmp".to_owned(), xmp.to_owned())?;
    }
    if let Some((keyword, text)) = attached.iptc.map(profiles::of_iptc) {
        encoder.add_ztxt_chunk(keyword, text)?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&form.rows)?;
    writer.finish()?;
    Ok(out)
}
