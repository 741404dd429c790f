//! Encodes WebP with libwebp.

use thumbs_libwebp::{Mode, Settings};

use crate::codec::{Attached, Encode, EncodeError, check_output, webp::chroma, webp::container};
use crate::format::Format;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::EncodeSettings;

/// The encoder.
pub struct WebPOut;

/// The effort where none is set.
const EFFORT: u8 = 4;

/// From effort 7 on, detailed chroma is made sharper, then alpha and probabilities are searched further.
/// docs/compression.md has the measurements.
fn how(settings: &EncodeSettings, is_detailed: impl Fn() -> bool) -> Settings {
    let is_lossless = settings.lossless || settings.near_lossless.is_some();
    let mode = if is_lossless { Mode::Lossless } else { Mode::Lossy(f32::from(settings.quality)) };
    let effort = settings.effort.unwrap_or(EFFORT);
    Settings {
        mode,
        method: effort.min(6),
        sharp_yuv: effort >= 7 && !is_lossless && is_detailed(),
        level: settings.effort,
        near_lossless: settings.near_lossless.unwrap_or(100),
        alpha_quality: settings.alpha_quality.unwrap_or(100),
        alpha_best: effort >= 8,
        passes: if effort >= 9 { 6 } else { 1 },
    }
}

impl Encode for WebPOut {
    fn encode(
        &self,
        pixmap: &Pixmap,
        settings: &EncodeSettings,
        attached: &Attached<'_>,
    ) -> Result<Vec<u8>, EncodeError> {
        let size = pixmap.size();
        check_output(Format::WebP, size)?;
        let failed = |what: String| EncodeError::Failed { format: Format::WebP, what };
        let Samples::U8(samples) = pixmap.samples() else { return Err(failed("samples of 16 bits".into())) };
        let expanded: Vec<u8>;
        let (samples, alpha) = match pixmap.channels() {
            Channels::Rgb => (samples, false),
            Channels::Rgba => (samples, true),
            Channels::Grey => {
                expanded = samples.iter().flat_map(|&v| [v, v, v]).collect();
                (&expanded, false)
            }
            Channels::GreyAlpha => {
                expanded = samples.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect();
                (&expanded, true)
            }
            Channels::Cmyk => return Err(failed("WebP has no CMYK".into())),
        };
        let how = how(settings, || chroma::is_detailed(size, samples, alpha));
        let file = thumbs_libwebp::encode(size.width, size.height, alpha, samples, &how)
            .map_err(|fault| failed(format!("libwebp's error {}", fault.0)))?;
        Ok(container::with_metadata(file, size, alpha, attached.icc, attached.exif, attached.xmp))
    }

    fn named(&self, settings: &EncodeSettings) -> (u8, &'static str) {
        (settings.effort.unwrap_or(EFFORT), "libwebp")
    }

    /// A lossy source also counts as lossless output, because its pixels are all there is to keep.
    fn own(&self, source: &[u8], encoded: &[u8], _settings: &EncodeSettings) -> Option<Vec<u8>> {
        container::own(source, encoded)
    }
}
