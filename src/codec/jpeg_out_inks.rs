//! JPEG of four inks, which mozjpeg-rs does not write, through jpeg-encoder.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::jpeg_out::{segments, subsampling};
use super::{Attached, EncodeError, check_output};
use crate::format::Format;
use crate::recipe::{EncodeSettings, Subsampling};
use crate::size::Size;

/// Encodes CMYK, 0 for no ink, as YCCK with Adobe's marker and inversion.
pub fn encode(
    size: Size,
    samples: &[u8],
    settings: &EncodeSettings,
    attached: &Attached<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let failed = |what: String| EncodeError::Failed { format: Format::Jpeg, what };
    check_output(Format::Jpeg, size)?;
    // Below the limit.
    let (width, height) = (size.width as u16, size.height as u16);
    let mut bytes = Vec::with_capacity(samples.len() / 8 + 1024);
    let mut encoder = Encoder::new(&mut bytes, settings.quality.clamp(1, 100));
    encoder.set_progressive(settings.progressive);
    encoder.set_optimized_huffman_tables(true);
    encoder.set_sampling_factor(match subsampling(settings) {
        Subsampling::S444 => SamplingFactor::F_1_1,
        Subsampling::S422 => SamplingFactor::F_2_1,
        Subsampling::S420 | Subsampling::Auto => SamplingFactor::F_2_2,
    });
    for (number, data) in segments(attached) {
        encoder.add_app_segment(number, data).map_err(|e| failed(e.to_string()))?;
    }
    if let Some(icc) = attached.icc {
        encoder.add_icc_profile(icc).map_err(|e| failed(e.to_string()))?;
    }
    encoder.encode(samples, width, height, ColorType::CmykAsYcck).map_err(|e| failed(e.to_string()))?;
    Ok(bytes)
}
