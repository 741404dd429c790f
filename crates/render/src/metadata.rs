//! Which metadata goes into an output: nothing, what tells whose picture it is, or all that still holds.

mod exif;
mod iptc;
pub mod tags;
mod xmp;
mod xmp_edit;

pub(crate) use exif::of_tiff;

use crate::orientation::Orientation;
use crate::recipe::MetadataPolicy;
use crate::size::Size;

/// What became of the picture, as far as its metadata has to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Size of the output.
    pub size: Size,
    /// Size of what all of it shows and nothing else: the source, neither cropped, padded nor turned.
    pub from: Option<Size>,
    /// The pixels stand upright now.
    pub is_upright: bool,
    /// The pixels are sRGB now.
    pub is_srgb: bool,
}

/// Metadata of metadata, as they stand in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// A TIFF structure, without the `Exif\0\0` that precedes it in JPEG.
    pub exif: Option<Vec<u8>>,
    /// An XMP packet (UTF-8 XML).
    pub xmp: Option<Vec<u8>>,
    /// IPTC-IIM records (datasets starting with 0x1C), without Photoshop's wrapping.
    pub iptc: Option<Vec<u8>>,
}

impl Metadata {
    /// How the picture has to be turned: as EXIF says, or XMP where that says nothing.
    pub fn orientation(&self) -> Orientation {
        let exif = self.exif.as_deref().and_then(|exif| tags::read(exif).orientation);
        exif.or_else(|| self.xmp_orientation()).unwrap_or_default()
    }

    /// As XMP says.
    pub fn xmp_orientation(&self) -> Option<Orientation> {
        xmp::orientation(std::str::from_utf8(self.xmp.as_deref()?).ok()?)
    }
}

/// The metadata of an output of this picture. What cannot be read is left out.
pub fn outgoing(stored: &Metadata, policy: MetadataPolicy, changes: &Changes) -> Metadata {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    match policy {
        MetadataPolicy::None => Metadata::default(),
        MetadataPolicy::Copyright => Metadata {
            exif: stored.exif.as_deref().and_then(exif::copyright),
            xmp: stored.xmp.as_deref().and_then(text).and_then(|t| xmp::copyright(&t)).map(String::into_bytes),
            iptc: stored.iptc.as_deref().and_then(iptc::copyright),
        },
        MetadataPolicy::Keep => Metadata {
            exif: stored.exif.as_deref().and_then(|e| exif::keep(e, changes)),
            xmp: stored.xmp.as_deref().and_then(text).and_then(|t| xmp::keep(&t, changes)).map(String::into_bytes),
            iptc: stored.iptc.as_deref().and_then(iptc::keep),
        },
    }
}
