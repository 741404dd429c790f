//! JPEG out, through jpeg-encoder.

use jpeg_encoder::{ColorType, Encoder, EncodingError, SamplingFactor};

use super::{Attached, Encode, EncodeError, iptc};
use crate::format::Format;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::{EncodeSettings, Subsampling};

/// The encoder.
pub struct JpegOut;

fn failed(what: impl ToString) -> EncodeError {
    EncodeError::Failed { format: Format::Jpeg, what: what.to_string() }
}

impl Encode for JpegOut {
    fn encode(
        &self,
        pixmap: &Pixmap,
        settings: &EncodeSettings,
        attached: &Attached<'_>,
    ) -> Result<Vec<u8>, EncodeError> {
        let size = pixmap.size();
        let (Ok(width), Ok(height)) = (u16::try_from(size.width), u16::try_from(size.height)) else {
            return Err(EncodeError::TooLarge { size, format: Format::Jpeg, max: 65_535 });
        };
        let color = match pixmap.channels() {
            Channels::Grey => ColorType::Luma,
            Channels::Rgb => ColorType::Rgb,
            // As Adobe's programs do, inverted; encoders and decoders agree on it through the Adobe marker.
            Channels::Cmyk => ColorType::CmykAsYcck,
            Channels::GreyAlpha | Channels::Rgba => return Err(failed("alpha was not flattened")),
        };
        let Samples::U8(samples) = pixmap.samples() else { return Err(failed("samples of 16 bits")) };
        let mut bytes = Vec::with_capacity(samples.len() / 8 + 1024);
        let mut encoder = Encoder::new(&mut bytes, settings.quality.clamp(1, 100));
        encoder.set_progressive(settings.progressive);
        encoder.set_optimized_huffman_tables(true);
        encoder.set_sampling_factor(match settings.subsampling {
            Subsampling::S444 => SamplingFactor::F_1_1,
            Subsampling::S422 => SamplingFactor::F_2_1,
            Subsampling::S420 => SamplingFactor::F_2_2,
            Subsampling::Auto if settings.quality >= 90 => SamplingFactor::F_1_1,
            Subsampling::Auto => SamplingFactor::F_2_2,
        });
        attach(&mut encoder, attached).map_err(failed)?;
        encoder.encode(samples, width, height, color).map_err(failed)?;
        Ok(bytes)
    }
}

fn attach<W: jpeg_encoder::JfifWrite>(encoder: &mut Encoder<W>, attached: &Attached<'_>) -> Result<(), EncodingError> {
    if let Some(exif) = attached.exif {
        encoder.add_app_segment(1, [b"Exif\0\0", exif].concat())?;
    }
    if let Some(xmp) = attached.xmp {
        encoder.add_app_segment(1, [b"http://ns.adobe.com/xap/1.0/\0", xmp].concat())?;
    }
    if let Some(iptc) = attached.iptc {
        encoder.add_app_segment(13, [b"Photoshop 3.0\0", iptc::wrapped(iptc).as_slice()].concat())?;
    }
    if let Some(icc) = attached.icc {
        encoder.add_icc_profile(icc)?;
    }
    Ok(())
}
