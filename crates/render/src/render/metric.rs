//! SSIMULACRA2 of an encoded picture against the pixels that it was made of.

use std::borrow::Cow;

use super::thumbnail;
use crate::codec::{EncodeError, Shown};
use crate::format::Format;
use crate::geometry::SizeSpec;
use crate::limits::Limits;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::{IccPolicy, Recipe};
use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Error, Ssimulacra2Reference};

/// Bytes that the metric takes for each pixel at its peak, measured on 12 megapixels: 190, rounded up.
pub const BYTES_PER_PIXEL: u64 = 200;

/// The pixels that outputs are compared with, prepared once for all comparisons.
pub struct Reference {
    prepared: Ssimulacra2Reference,
    has_alpha: bool,
}

impl Reference {
    /// Of pixels that are about to be encoded. None where they are no colours that the metric knows.
    pub fn new(pixmap: &Pixmap) -> Option<Self> {
        let has_alpha = pixmap.channels().has_alpha();
        let prepared = with_slice(pixmap, has_alpha, Ssimulacra2Reference::new)?.ok()?;
        Some(Self { prepared, has_alpha })
    }

    /// The score of a file: at most 100, which is no difference.
    ///
    /// # Errors
    /// A file that does not decode to pixels of the same size, which is a bug of an encoder.
    pub fn score(&self, format: Format, file: &Shown) -> Result<f64, EncodeError> {
        let failed = |what: String| EncodeError::Failed { format, what };
        let decoded = match &file.pixels {
            Some(_) => None,
            None => {
                let as_stored = Recipe::default()
                    .with_sizes([SizeSpec::Original])
                    .with_icc(IccPolicy::Keep)
                    .with_auto_orient(false);
                let decoded = thumbnail(&file.bytes, &as_stored, &Limits::DEFAULT);
                Some(decoded.map_err(|error| failed(error.to_string()))?.pixels)
            }
        };
        let pixels = file.pixels.as_ref().or(decoded.as_ref()).expect("one of them");
        let compared = with_slice(pixels, self.has_alpha, |slice| self.prepared.compare(slice));
        let words = |error: Ssimulacra2Error| failed(error.to_string());
        compared.ok_or_else(|| failed("its colours cannot be compared".to_owned()))?.map_err(words)
    }
}

/// The pixels as the metric takes them: RGB, or RGBA where one of the two pictures has alpha.
fn with_slice<R>(pixmap: &Pixmap, alpha: bool, work: impl FnOnce(&PixelSlice<'_>) -> R) -> Option<R> {
    let Samples::U8(samples) = pixmap.samples() else { return None };
    let (bytes, descriptor): (Cow<'_, [u8]>, _) = match (pixmap.channels(), alpha) {
        (Channels::Rgb, false) => (samples.into(), PixelDescriptor::RGB8_SRGB),
        (Channels::Rgba, _) => (samples.into(), PixelDescriptor::RGBA8_SRGB),
        (Channels::Grey, false) => {
            (samples.iter().flat_map(|&v| [v; 3]).collect::<Vec<_>>().into(), PixelDescriptor::RGB8_SRGB)
        }
        (Channels::Grey, true) => {
            (samples.iter().flat_map(|&v| [v, v, v, 255]).collect::<Vec<_>>().into(), PixelDescriptor::RGBA8_SRGB)
        }
        (Channels::GreyAlpha, _) => {
            let spread = samples.as_chunks().0.iter().flat_map(|&[v, a]| [v, v, v, a]);
            (spread.collect::<Vec<_>>().into(), PixelDescriptor::RGBA8_SRGB)
        }
        (Channels::Rgb, true) => {
            let spread = samples.as_chunks().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]);
            (spread.collect::<Vec<_>>().into(), PixelDescriptor::RGBA8_SRGB)
        }
        (Channels::Cmyk, _) => return None,
    };
    let size = pixmap.size();
    let row = bytes.len() / size.height.max(1) as usize;
    PixelSlice::new(&bytes, size.width, size.height, row, descriptor).ok().map(|slice| work(&slice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Attached, registry};
    use crate::recipe::EncodeSettings;
    use crate::size::Size;

    fn encoded(pixmap: &Pixmap, format: Format, quality: u8) -> Shown {
        let encoder = registry::encoder(format).unwrap();
        encoder.encode_shown(pixmap, &EncodeSettings::default().with_quality(quality), &Attached::default()).unwrap()
    }

    fn scene(channels: Channels, width: u32, height: u32) -> Pixmap {
        let count = channels.count() as u32;
        let sample = |i: u32| {
            let (x, y, c) = (i / count % width, i / count / width, i % count);
            ((x * 7 + y * 3 + c * 50 + (x * y) % 31) % 256) as u8
        };
        Pixmap::new_u8(Size::new(width, height), channels, (0..width * height * count).map(sample).collect())
    }

    #[test]
    fn lossless_is_100_and_lower_quality_scores_less() {
        for channels in [Channels::Grey, Channels::GreyAlpha, Channels::Rgb, Channels::Rgba] {
            let pixmap = scene(channels, 64, 48);
            let reference = Reference::new(&pixmap).unwrap();
            let exact = reference.score(Format::Png, &encoded(&pixmap, Format::Png, 80)).unwrap();
            assert!((exact - 100.0).abs() < 1e-9, "{channels:?}: {exact}");
            for format in [Format::WebP, Format::Avif].into_iter().filter(|format| format.writes()) {
                let scores =
                    [10, 50, 95].map(|quality| reference.score(format, &encoded(&pixmap, format, quality)).unwrap());
                assert!(scores.is_sorted(), "{format} {channels:?}: {scores:?}");
            }
        }
    }

    #[test]
    fn tiny_pictures_have_a_score_and_inks_have_none() {
        let pixmap = scene(Channels::Rgb, 1, 1);
        let reference = Reference::new(&pixmap).unwrap();
        assert!(reference.score(Format::Jpeg, &encoded(&pixmap, Format::Jpeg, 90)).is_ok());
        assert!(Reference::new(&scene(Channels::Cmyk, 8, 8)).is_none());
    }

    #[test]
    fn another_size_is_an_error() {
        let reference = Reference::new(&scene(Channels::Rgb, 16, 16)).unwrap();
        let other = encoded(&scene(Channels::Rgb, 16, 15), Format::Png, 80);
        assert!(reference.score(Format::Png, &other).is_err());
    }
}
