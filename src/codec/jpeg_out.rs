//! JPEG out, through mozjpeg-rs; docs/encoders.md tells why. Inks go to another encoder.

use mozjpeg_rs::{Encoder, Subsampling as Moz};

use super::{Attached, Encode, EncodeError, check_output, iptc, jpeg_out_inks, jpeg_own};
use crate::format::Format;
use crate::pixmap::{Channels, Pixmap, Samples, YCbCr};
use crate::recipe::{EncodeSettings, Subsampling};
use crate::size::Size;

/// The encoder.
pub struct JpegOut;

/// Bytes that one segment holds behind its length.
const SEGMENT: usize = 65_533;

fn failed(what: impl ToString) -> EncodeError {
    EncodeError::Failed { format: Format::Jpeg, what: what.to_string() }
}

/// From quality 90 on the chroma is kept whole.
pub(super) fn subsampling(settings: &EncodeSettings) -> Subsampling {
    match settings.subsampling {
        Subsampling::Auto if settings.quality >= 90 => Subsampling::S444,
        Subsampling::Auto => Subsampling::S420,
        chosen => chosen,
    }
}

/// The segments that metadata go into, as marker number (of APPn) and content. What does not fit one is left out.
pub(super) fn segments(attached: &Attached<'_>) -> Vec<(u8, Vec<u8>)> {
    let with = |prefix: &[u8], data: &[u8]| [prefix, data].concat();
    let exif = attached.exif.map(|exif| (1, with(b"Exif\0\0", exif)));
    let xmp = attached.xmp.map(|xmp| (1, with(b"http://ns.adobe.com/xap/1.0/\0", xmp)));
    let iptc = attached.iptc.map(|records| (13, with(b"Photoshop 3.0\0", &iptc::wrapped(records))));
    [exif, xmp, iptc].into_iter().flatten().filter(|(_, data)| data.len() <= SEGMENT).collect()
}

fn encoder(settings: &EncodeSettings, attached: &Attached<'_>) -> Encoder {
    let mut encoder = Encoder::fastest()
        .quality(settings.quality.clamp(1, 100))
        .progressive(settings.progressive)
        .optimize_huffman(true)
        .subsampling(match subsampling(settings) {
            Subsampling::S444 => Moz::S444,
            Subsampling::S422 => Moz::S422,
            Subsampling::S420 | Subsampling::Auto => Moz::S420,
        });
    for (number, data) in segments(attached) {
        encoder = encoder.add_marker(number, data);
    }
    match attached.icc {
        Some(icc) => encoder.icc_profile(icc.to_vec()),
        None => encoder,
    }
}

impl Encode for JpegOut {
    fn share(&self, settings: &EncodeSettings) -> Option<(u32, u32)> {
        Some(match subsampling(settings) {
            Subsampling::S444 => (1, 1),
            Subsampling::S422 => (2, 1),
            Subsampling::S420 | Subsampling::Auto => (2, 2),
        })
    }

    fn encode_ycbcr(
        &self,
        picture: &YCbCr,
        settings: &EncodeSettings,
        attached: &Attached<'_>,
    ) -> Result<Vec<u8>, EncodeError> {
        check_output(Format::Jpeg, picture.size)?;
        if Some(picture.share) != self.share(settings) {
            return Err(failed("chroma in other shares"));
        }
        let ([y, cb, cr], Size { width, height }) = (&picture.planes, picture.size);
        let encoder = encoder(settings, attached);
        // A profile is one of three channels, and has to find them.
        if attached.icc.is_none() && picture.is_grey() {
            return encoder.encode_gray(y, width, height).map_err(failed);
        }
        encoder.encode_ycbcr_planar(y, cb, cr, width, height).map_err(failed)
    }

    fn encode(
        &self,
        pixmap: &Pixmap,
        settings: &EncodeSettings,
        attached: &Attached<'_>,
    ) -> Result<Vec<u8>, EncodeError> {
        let size = pixmap.size();
        check_output(Format::Jpeg, size)?;
        let Samples::U8(samples) = pixmap.samples() else { return Err(failed("samples of 16 bits")) };
        let encoder = encoder(settings, attached);
        match pixmap.channels() {
            Channels::Grey => encoder.encode_gray(samples, size.width, size.height).map_err(failed),
            Channels::Rgb => encoder.encode_rgb(samples, size.width, size.height).map_err(failed),
            Channels::Cmyk => jpeg_out_inks::encode(size, samples, settings, attached),
            Channels::GreyAlpha | Channels::Rgba => Err(failed("alpha was not flattened")),
        }
    }

    fn own(&self, source: &[u8], encoded: &[u8], settings: &EncodeSettings) -> Option<Vec<u8>> {
        jpeg_own::own(source, encoded, settings)
    }
}
