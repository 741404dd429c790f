//! Encodes JPEG with `thumbs-jpeg`.

use crate::codec::{Attached, Encode, EncodeError, check_output, iptc, jpeg::own, jpeg::sampling::sampling};
use crate::format::Format;
use crate::pixmap::{Channels, Pixmap, Samples, YCbCr};
use crate::recipe::EncodeSettings;
use crate::size::Size;
use thumbs_jpeg::encode::{MAX_SEGMENT, Picture, Samples as Jpeg, Settings, encode};

/// The encoder.
pub struct JpegOut;

fn effort(settings: &EncodeSettings) -> u8 {
    settings.effort.unwrap_or(0).min(9)
}

pub(super) fn failed(what: impl ToString) -> EncodeError {
    EncodeError::Failed { format: Format::Jpeg, what: what.to_string() }
}

/// The segments for metadata, as marker number (of APPn) and content. Metadata that does not fit
/// one segment is dropped.
pub(super) fn segments(attached: &Attached<'_>) -> Vec<(u8, Vec<u8>)> {
    let with = |prefix: &[u8], data: &[u8]| [prefix, data].concat();
    let exif = attached.exif.map(|exif| (1, with(b"Exif\0\0", exif)));
    let xmp = attached.xmp.map(|xmp| (1, with(b"http://ns.adobe.com/xap/1.0/\0", xmp)));
    let iptc = attached.iptc.map(|records| (13, with(b"Photoshop 3.0\0", &iptc::wrapped(records))));
    [exif, xmp, iptc].into_iter().flatten().filter(|(_, data)| data.len() <= MAX_SEGMENT).collect()
}

/// The encoder's settings.
pub(super) fn settings<'a>(
    settings: &EncodeSettings,
    segments: &'a [(u8, Vec<u8>)],
    icc: Option<&'a [u8]>,
) -> Settings<'a> {
    Settings {
        quality: settings.quality.clamp(1, 100),
        sampling: sampling(settings),
        progressive: settings.progressive,
        effort: effort(settings),
        restart: 0,
        segments,
        icc,
    }
}

fn write(
    size: Size,
    samples: Jpeg<'_>,
    settings: &EncodeSettings,
    attached: &Attached<'_>,
) -> Result<Vec<u8>, EncodeError> {
    check_output(Format::Jpeg, size)?;
    let segments = segments(attached);
    let settings = self::settings(settings, &segments, attached.icc);
    encode(&Picture { width: size.width, height: size.height, samples }, &settings).map_err(failed)
}

impl Encode for JpegOut {
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
        check_output(Format::Jpeg, picture.size)?;
        if Some(picture.share) != self.share(settings) {
            return Err(failed("planes of another chroma subsampling"));
        }
        let [y, cb, cr] = &picture.planes;
        // A profile of three channels needs three channels in the output.
        let is_grey = attached.icc.is_none() && picture.is_grey();
        let samples = if is_grey { Jpeg::Grey(y) } else { Jpeg::YCbCr([y, cb, cr]) };
        write(picture.size, samples, settings, attached)
    }

    fn encode(
        &self,
        pixmap: &Pixmap,
        settings: &EncodeSettings,
        attached: &Attached<'_>,
    ) -> Result<Vec<u8>, EncodeError> {
        let Samples::U8(samples) = pixmap.samples() else { return Err(failed("samples of 16 bits")) };
        let samples = match pixmap.channels() {
            Channels::Grey => Jpeg::Grey(samples),
            Channels::Rgb => Jpeg::Rgb(samples),
            Channels::Cmyk => Jpeg::Cmyk(samples),
            Channels::GreyAlpha | Channels::Rgba => return Err(failed("alpha was not flattened")),
        };
        write(pixmap.size(), samples, settings, attached)
    }

    fn named(&self, settings: &EncodeSettings) -> (u8, &'static str) {
        (effort(settings), "thumbs-jpeg")
    }

    fn own(&self, source: &[u8], encoded: &[u8], settings: &EncodeSettings) -> Option<Vec<u8>> {
        own::own(source, encoded, settings)
    }
}
