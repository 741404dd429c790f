//! Encodes AVIF.

use super::container::{Coded, Parts, file};
use super::hidden;
use super::planes::Planes;
use crate::codec::{Attached, Encode, EncodeError, Shown, check_output, jpeg::sampling::sampling};
use crate::format::Format;
use crate::pixmap::{Channels, Pixmap, Samples, YCbCr};
use crate::recipe::EncodeSettings;
use crate::size::Size;
use thumbs_av1::Settings;

/// The encoder.
pub struct AvifOut;

/// The effort where none is set: the next steps take much more time for few bytes.
const EFFORT: u8 = 2;

/// AV1's base quantizer for some qualities, at which pictures score about what JPEGs of that quality
/// score. docs/compression.md has the measurements.
const QUANTIZERS: [(u8, f32); 9] =
    [(1, 247.0), (10, 222.0), (30, 178.0), (50, 158.0), (70, 137.0), (80, 117.0), (90, 85.0), (95, 45.0), (100, 5.0)];

fn failed(what: impl ToString) -> EncodeError {
    EncodeError::Failed { format: Format::Avif, what: what.to_string() }
}

/// AV1's base quantizer for a quality of 1 to 100, between two that are known.
fn quantizer(quality: u8) -> u8 {
    let quality = quality.clamp(1, 100);
    let above = QUANTIZERS.iter().position(|&(known, _)| known >= quality).unwrap_or(QUANTIZERS.len() - 1).max(1);
    let ((low, from), (high, to)) = (QUANTIZERS[above - 1], QUANTIZERS[above]);
    let share = f32::from(quality.saturating_sub(low)) / f32::from(high - low);
    (from + (to - from) * share).round() as u8
}

fn depth(settings: &EncodeSettings) -> u8 {
    settings.depth.unwrap_or(10)
}

fn write(
    color: Planes,
    alpha: Option<Planes>,
    settings: &EncodeSettings,
    attached: &Attached<'_>,
) -> Result<Written, EncodeError> {
    let effort = settings.effort.unwrap_or(EFFORT);
    let how = Settings { quantizer: quantizer(settings.quality), effort, is_srgb: attached.icc.is_none() };
    let of_alpha = quantizer(settings.alpha_quality.unwrap_or(settings.quality));
    let (size, depth, share) = (color.size, color.depth, color.share);
    let of_alpha = Settings { is_srgb: true, quantizer: of_alpha, ..how };
    let alpha = alpha.map(|alpha| alpha.coded(&of_alpha)).transpose().map_err(failed)?;
    let color = color.coded(&how).map_err(failed)?;
    let bytes = file(&Parts {
        size,
        color: Coded { data: &color.data, depth, share },
        alpha: alpha.as_ref().map(|alpha| Coded { data: &alpha.data, depth, share: None }),
        icc: attached.icc,
        exif: attached.exif,
        xmp: attached.xmp,
    });
    Ok(Written { bytes, color: color.shown, alpha: alpha.map(|alpha| alpha.shown) })
}

/// A file, and its planes as they are decoded.
struct Written {
    bytes: Vec<u8>,
    color: Planes,
    alpha: Option<Planes>,
}

impl Written {
    fn pixels(&self) -> Pixmap {
        let is_grey = self.color.share.is_none();
        let color = self.color.shown();
        let (channels, samples) = match &self.alpha {
            None => (if is_grey { Channels::Grey } else { Channels::Rgb }, color),
            Some(alpha) => {
                let (channels, count) = if is_grey { (Channels::GreyAlpha, 1) } else { (Channels::Rgba, 3) };
                let pixels = color.chunks_exact(count).zip(alpha.shown());
                (channels, pixels.flat_map(|(color, alpha)| color.iter().copied().chain([alpha])).collect())
            }
        };
        Pixmap::new_u8(self.color.size, channels, samples)
    }
}

fn write_pixels(pixmap: &Pixmap, settings: &EncodeSettings, attached: &Attached<'_>) -> Result<Written, EncodeError> {
    let size = pixmap.size();
    check_output(Format::Avif, size)?;
    let Samples::U8(samples) = pixmap.samples() else { return Err(failed("samples of 16 bits")) };
    let (depth, share) = (depth(settings), sampling(settings).share());
    let color = |samples: &[u8], count| Planes::color(size, samples, count, share, depth);
    let (color, alpha) = match pixmap.channels() {
        Channels::Grey => (Planes::grey(size, samples, 0, 1, depth), None),
        Channels::GreyAlpha => {
            (Planes::grey(size, samples, 0, 2, depth), Some(Planes::grey(size, samples, 1, 2, depth)))
        }
        Channels::Rgb => (color(samples, 3), None),
        Channels::Rgba => {
            let filled = hidden::filled(size, samples);
            let alpha = Planes::grey(size, samples, 3, 4, depth);
            (color(filled.as_deref().unwrap_or(samples), 4), Some(alpha))
        }
        Channels::Cmyk => return Err(failed("AVIF has no CMYK")),
    };
    write(color, alpha, settings, attached)
}

impl Encode for AvifOut {
    fn share(&self, settings: &EncodeSettings) -> Option<(u32, u32)> {
        let (columns, rows) = sampling(settings).share();
        Some((columns.into(), rows.into()))
    }

    fn encode_ycbcr(
        &self,
        picture: &YCbCr,
        settings: &EncodeSettings,
        attached: &Attached<'_>,
    ) -> Result<Vec<u8>, EncodeError> {
        check_output(Format::Avif, picture.size)?;
        // A profile of three channels needs three channels in the output.
        let is_grey = attached.icc.is_none() && picture.is_grey();
        write(Planes::ready(picture, is_grey, depth(settings)), None, settings, attached).map(|written| written.bytes)
    }

    fn encode(
        &self,
        pixmap: &Pixmap,
        settings: &EncodeSettings,
        attached: &Attached<'_>,
    ) -> Result<Vec<u8>, EncodeError> {
        write_pixels(pixmap, settings, attached).map(|written| written.bytes)
    }

    fn encode_shown(
        &self,
        pixmap: &Pixmap,
        settings: &EncodeSettings,
        attached: &Attached<'_>,
    ) -> Result<Shown, EncodeError> {
        let written = write_pixels(pixmap, settings, attached)?;
        Ok(Shown { pixels: Some(written.pixels()), bytes: written.bytes })
    }

    fn memory(&self, size: Size, _settings: &EncodeSettings) -> u64 {
        size.pixels() * 60 + (16 << 20)
    }

    fn named(&self, settings: &EncodeSettings) -> (u8, &'static str) {
        (settings.effort.unwrap_or(EFFORT), "rav1e")
    }

    /// AVIF is not read, so it is no source.
    fn own(&self, _source: &[u8], _encoded: &[u8], _settings: &EncodeSettings) -> Option<Vec<u8>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::codec::{Attached, registry};
    use crate::format::Format;
    use crate::limits::Limits;
    use crate::pixmap::{Channels, Pixmap};
    use crate::recipe::{EncodeSettings, FormatChoice, Recipe};
    use crate::render::{RenderError, open, render};
    use crate::size::Size;

    #[test]
    fn quantizers_fall_with_quality() {
        let all: Vec<u8> = (1..=100).map(super::quantizer).collect();
        assert_eq!((all[0], all[79], all[99]), (247, 117, 5));
        assert!(all.windows(2).all(|pair| pair[0] > pair[1]), "{all:?}");
    }

    /// The encoder takes many times the memory of the pixels.
    #[test]
    fn memory_counts() {
        let size = Size::new(1000, 1000);
        let pixmap = Pixmap::new_u8(size, Channels::Rgb, vec![90; 3_000_000]);
        let png = registry::encoder(Format::Png).unwrap();
        let source = png.encode(&pixmap, &EncodeSettings::default(), &Attached::default()).unwrap();
        let recipe = |format| {
            Recipe::default().with_sizes(["original".parse().unwrap()]).with_formats([FormatChoice::To(format)])
        };
        let memory = |format| open(&source, &recipe(format), &Limits::default()).unwrap().memory();
        let (jpeg, avif) = (memory(Format::Jpeg), memory(Format::Avif));
        assert!(avif > jpeg + 30 * size.pixels(), "{jpeg} {avif}");
        let limits = Limits::default().with_max_memory((jpeg + avif) / 2);
        assert!(render(&source, &recipe(Format::Jpeg), &limits).is_ok());
        assert!(matches!(render(&source, &recipe(Format::Avif), &limits), Err(RenderError::Decode(_))));
    }
}
