//! PNG out.

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};

use super::{Attached, Encode, EncodeError, png_profiles};
use crate::format::Format;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::EncodeSettings;

/// The encoder.
pub struct PngOut;

fn failed(what: impl ToString) -> EncodeError {
    EncodeError::Failed { format: Format::Png, what: what.to_string() }
}

impl Encode for PngOut {
    fn encode(
        &self,
        pixmap: &Pixmap,
        _settings: &EncodeSettings,
        attached: &Attached<'_>,
    ) -> Result<Vec<u8>, EncodeError> {
        let color = match pixmap.channels() {
            Channels::Grey => ColorType::Grayscale,
            Channels::GreyAlpha => ColorType::GrayscaleAlpha,
            Channels::Rgb => ColorType::Rgb,
            Channels::Rgba => ColorType::Rgba,
            Channels::Cmyk => return Err(failed("PNG has no CMYK")),
        };
        let mut out = Vec::with_capacity(pixmap.bytes() as usize / 2 + 1024);
        write(&mut out, pixmap, color, attached).map_err(failed)?;
        Ok(out)
    }
}

fn write(out: &mut Vec<u8>, pixmap: &Pixmap, color: ColorType, attached: &Attached<'_>) -> Result<(), EncodingError> {
    let size = pixmap.size();
    let mut info = png::Info::with_size(size.width, size.height);
    info.color_type = color;
    info.icc_profile = attached.icc.map(Into::into);
    info.exif_metadata = attached.exif.map(Into::into);
    let wide;
    let samples: &[u8] = match pixmap.samples() {
        Samples::U8(samples) => {
            info.bit_depth = BitDepth::Eight;
            samples
        }
        Samples::U16(samples) => {
            info.bit_depth = BitDepth::Sixteen;
            wide = samples.iter().flat_map(|s| s.to_be_bytes()).collect::<Vec<u8>>();
            &wide
        }
    };
    let mut encoder = Encoder::with_info(out, info)?;
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Adaptive);
    if let Some(xmp) = attached.xmp.and_then(|xmp| std::str::from_utf8(xmp).ok()) {
        encoder.add_itxt_chunk("XML:com.adobe.xmp".to_owned(), xmp.to_owned())?;
    }
    if let Some((keyword, text)) = attached.iptc.map(png_profiles::of_iptc) {
        encoder.add_ztxt_chunk(keyword, text)?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(samples)?;
    writer.finish()
}
