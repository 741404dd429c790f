//! Selects the metadata of an output: none, authorship and rights, or everything that is still
//! true.

mod description;
mod exif;
mod iptc;
pub mod tags;
mod xmp;
mod xmp_edit;

pub use description::description;
pub(crate) use exif::{of_tiff, oriented};

use crate::orientation::Orientation;
use crate::recipe::MetadataPolicy;
use crate::size::Size;

/// How the output differs from the source, as far as metadata depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Size of the output.
    pub size: Size,
    /// Size of the source, if the output shows exactly the whole source: not cropped, padded or
    /// turned.
    pub from: Option<Size>,
    /// Whether the pixels are upright now.
    pub is_upright: bool,
    /// Whether the pixels are sRGB now.
    pub is_srgb: bool,
}

/// Blocks of metadata as stored in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// A TIFF structure, without the `Exif\0\0` prefix of JPEG.
    pub exif: Option<Vec<u8>>,
    /// An XMP packet (UTF-8 XML).
    pub xmp: Option<Vec<u8>>,
    /// IPTC-IIM records (datasets starting with 0x1C), without the Photoshop wrapper.
    pub iptc: Option<Vec<u8>>,
}

impl Metadata {
    /// The orientation from EXIF, or from XMP if EXIF has none.
    pub fn orientation(&self) -> Orientation {
        let exif = self.exif.as_deref().and_then(|exif| tags::read(exif).orientation);
        exif.or_else(|| self.xmp_orientation()).unwrap_or_default()
    }

    /// The orientation from XMP.
    pub fn xmp_orientation(&self) -> Option<Orientation> {
        xmp::orientation(std::str::from_utf8(self.xmp.as_deref()?).ok()?)
    }
}

/// The metadata of an output of this picture. Unreadable metadata is dropped.
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
