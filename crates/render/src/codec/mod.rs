//! Decoders and encoders. Each foreign crate is used in a single file of this folder.
//!
//! A [`Decode`] opens bytes and reads the header. The [`Picture`] that it returns first states what
//! it can decode cheaply ([`Picture::offer`]), before anything large is allocated, and then decodes
//! on demand.

#[cfg(feature = "avif")]
mod avif;
mod bmp;
mod exr;
mod farbfeld;
mod fax;
mod float;
mod gif;
mod hdr;
mod ico;
mod iptc;
mod jpeg;
mod lzw;
mod png;
mod pnm;
mod qoi;
mod reduce;
pub mod registry;
mod rows;
mod tga;
mod tiff;
mod webp;

pub use crate::metadata::{Metadata, tags as exif};
pub(crate) use jpeg::{Exact, estimated_quality, exact};

use crate::format::Format;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::pixmap::{Pixmap, YCbCr};
use crate::recipe::{EncodeSettings, Filter};
use crate::size::{Region, Size};

/// The header of a picture.
#[derive(Clone, Debug)]
pub struct Header {
    /// The format of the content.
    pub format: Format,
    /// Stored size, before orienting.
    pub size: Size,
    /// Orientation from EXIF or the container.
    pub orientation: Orientation,
    /// Whether pixels may be transparent.
    pub has_alpha: bool,
    /// Whether there are more frames or pages than the first, which is the one decoded.
    pub animated: bool,
    /// The colour space of the stored pixels.
    pub color: ColorSpace,
    /// Blocks of metadata, as stored.
    pub metadata: Metadata,
    /// Notes for the user about the picture and about anything ignored while reading it, such as a
    /// broken colour profile.
    pub notes: Vec<String>,
}

impl Header {
    /// A header with defaults: upright, opaque, still, sRGB.
    pub fn new(format: Format, size: Size) -> Self {
        Self {
            format,
            size,
            orientation: Orientation::Upright,
            has_alpha: false,
            animated: false,
            color: ColorSpace::Srgb,
            metadata: Metadata::default(),
            notes: Vec::new(),
        }
    }
}

/// A colour space.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ColorSpace {
    /// sRGB, or unspecified.
    #[default]
    Srgb,
    /// An ICC profile. It is not parsed and may be invalid.
    Icc(Vec<u8>),
    /// PNG's gAMA and cHRM. The decoding exponent is `1 / gamma`.
    Calibrated {
        /// The value of gAMA; 0.45455 approximates sRGB.
        gamma: f64,
        /// x and y of white, red, green, blue. None means those of sRGB.
        chromaticities: Option<[(f64, f64); 4]>,
    },
    /// ITU-T H.273 code points of PNG's cICP: primaries and transfer function (full range, no
    /// matrix).
    Cicp {
        /// Colour primaries.
        primaries: u8,
        /// Transfer function.
        transfer: u8,
    },
    /// Adobe RGB (1998), declared by EXIF's interoperability index R03.
    AdobeRgb,
}

/// The size that the whole stored picture has after the resize, in the stored orientation. May be
/// fractional. A decoder may decode at any size from which the resize loses nothing visible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Need {
    /// Columns.
    pub width: f64,
    /// Rows.
    pub height: f64,
    /// The fraction of these columns and rows that has chroma of its own: half of them in 4:2:0.
    pub chroma: f64,
}

/// How a decoder will satisfy a [`Need`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    /// Size of the pixels that [`Picture::decode`] returns.
    pub size: Size,
    /// Exact ratio of decoded to stored pixels in each direction. The decoded picture shows
    /// `stored * scale` pixels; if that is not a whole number, the last column or row extends
    /// beyond the stored picture.
    pub scale: (f64, f64),
    /// The reduction as a factor: 1, 2, 4, 8, or a fraction such as 8/3.
    pub shrink: f64,
    /// Upper bound of the memory that decoding takes, in bytes, including the pixels.
    pub memory: u64,
    /// The need that this offer satisfies.
    pub need: Option<Need>,
}

/// Options for decoding.
#[derive(Clone, Copy, Default)]
pub struct DecodeOptions<'a> {
    /// Accept a truncated picture and fill the missing pixels.
    pub allow_truncated: bool,
    /// Also check data that a scaled decode may skip.
    pub strict: bool,
    /// Called from time to time. If it returns true, decoding ends with
    /// [`DecodeError::Interrupted`].
    pub interrupt: Option<&'a (dyn Fn() -> bool + Sync)>,
}

/// One component of a picture whose components differ in size.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    /// Size in samples.
    pub size: Size,
    /// The columns and rows that the whole stored picture covers. May be fractional.
    pub extent: (f64, f64),
    /// 8 bits per sample, rows without gaps.
    pub samples: &'a [u8],
}

/// A picture as planes of different sizes, such as JPEG with subsampled chroma. Resizing the planes
/// separately saves interpolating and converting pixels that the resize discards.
pub trait Planes {
    /// The planes.
    fn planes(&self) -> Vec<Plane<'_>>;
    /// Resizes `crop`, in pixels of the stored picture, to the size `to`, if the codec has this
    /// kernel itself.
    fn resize(&self, _crop: Region, _to: Size, _filter: Filter) -> Option<Pixmap> {
        None
    }
    /// Resizes to luma and chroma planes, with one chroma sample per `share` columns and rows, if
    /// the codec can. A `crop` of None means the whole picture without resizing, which works only
    /// if the planes have these sizes already.
    fn ycbcr(&self, _crop: Option<Region>, _to: Size, _share: (u32, u32)) -> Option<YCbCr> {
        None
    }
    /// Joins resized planes, all of `size`, into pixels.
    fn join(&self, size: Size, samples: Vec<Vec<u8>>) -> Pixmap;
    /// The pixels at the offered size. Smaller planes are interpolated.
    fn into_pixmap(self: Box<Self>) -> Pixmap;
}

/// Decoded pixels at the offered size.
pub enum Pixels {
    /// Interleaved samples.
    Joint(Pixmap),
    /// Separate planes.
    Planes(Box<dyn Planes>),
}

impl Pixels {
    /// Converts to interleaved samples.
    pub fn into_pixmap(self) -> Pixmap {
        match self {
            Self::Joint(pixmap) => pixmap,
            Self::Planes(planes) => planes.into_pixmap(),
        }
    }
}

/// Decoded pixels with notes.
pub struct Decoded {
    /// The pixels.
    pub pixels: Pixels,
    /// What was lost or filled in, for the report ("12 of 480 rows filled").
    pub notes: Vec<String>,
}

/// An opened picture. Its header is read, its pixels are not.
pub trait Picture {
    /// The header.
    fn header(&self) -> &Header;
    /// The cheapest way to get enough pixels for `need`, or all pixels if `need` is None.
    fn offer(&self, need: Option<Need>) -> Offer;
    /// Decodes as offered.
    ///
    /// # Errors
    /// Damage, truncation (unless allowed), unsupported content, or an interrupt.
    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError>;
    /// How the picture is encoded again in its own format without pixels in between, if these settings allow it.
    fn recoder(&self, _settings: &EncodeSettings) -> Option<&dyn Recode> {
        None
    }
}

/// Encodes a picture again in its own format, without pixels in between.
pub trait Recode {
    /// What decoding in full and encoding would make, up to rounding. The second part is what was lost, as in [`Decoded`].
    ///
    /// # Errors
    /// Those of [`Picture::decode`] and [`Encode::encode`].
    fn recode(
        &self,
        settings: &EncodeSettings,
        attached: &Attached<'_>,
        options: &DecodeOptions<'_>,
    ) -> Result<(Vec<u8>, Vec<String>), Unmade>;
}

/// Why a picture was not made into another file without pixels in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmade {
    /// It cannot be decoded.
    Decode(DecodeError),
    /// It cannot be encoded.
    Encode(EncodeError),
}

/// A decoder of one or more formats.
pub trait Decode: Send + Sync {
    /// Reads the header and checks it against `limits`.
    ///
    /// # Errors
    /// The content is not a picture of this format, or exceeds the limits.
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError>;
}

/// Metadata to write into a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attached<'a> {
    /// An ICC profile that describes the pixels.
    pub icc: Option<&'a [u8]>,
    /// EXIF, as a TIFF structure.
    pub exif: Option<&'a [u8]>,
    /// An XMP packet.
    pub xmp: Option<&'a [u8]>,
    /// IPTC-IIM records.
    pub iptc: Option<&'a [u8]>,
}

/// A file, and what it shows where that is known without decoding it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its pixels as a decoder shows them. None if they have to be decoded.
    pub pixels: Option<Pixmap>,
}

impl From<Vec<u8>> for Shown {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, pixels: None }
    }
}

/// An encoder of one format.
pub trait Encode: Send + Sync {
    /// The columns and rows per chroma sample with these settings, if the encoder accepts planes.
    fn share(&self, _settings: &EncodeSettings) -> Option<(u32, u32)> {
        None
    }

    /// Encodes upright planes with the chroma shares of [`Encode::share`].
    ///
    /// # Errors
    /// As for [`Encode::encode`]. Formats without planes always fail.
    fn encode_ycbcr(
        &self,
        picture: &YCbCr,
        _settings: &EncodeSettings,
        _attached: &Attached<'_>,
    ) -> Result<Vec<u8>, EncodeError> {
        Err(EncodeError::Failed { format: Format::Jpeg, what: format!("no encoder of planes for {}", picture.size) })
    }

    /// Encodes upright pixels. Only formats with alpha receive alpha.
    ///
    /// # Errors
    /// A side is too long for the format, or the encoder fails.
    fn encode(
        &self,
        pixmap: &Pixmap,
        settings: &EncodeSettings,
        attached: &Attached<'_>,
    ) -> Result<Vec<u8>, EncodeError>;

    /// Encodes upright pixels, for a score: a format that is written but not read returns what its file shows.
    ///
    /// # Errors
    /// As for [`Encode::encode`].
    fn encode_shown(
        &self,
        pixmap: &Pixmap,
        settings: &EncodeSettings,
        attached: &Attached<'_>,
    ) -> Result<Shown, EncodeError> {
        self.encode(pixmap, settings, attached).map(Shown::from)
    }

    /// The effort that these settings mean, and what encodes with it, for the report.
    fn named(&self, settings: &EncodeSettings) -> (u8, &'static str);

    /// Upper bound of the memory, in bytes, that encoding takes beside the pixels and the file.
    fn memory(&self, _size: Size, _settings: &EncodeSettings) -> u64 {
        0
    }

    /// The coded pixels of `source`, a file of this format, with everything else from `encoded`.
    /// Returns None if the coding does not match `settings`, or if `source` holds more than one
    /// still picture.
    fn own(&self, source: &[u8], encoded: &[u8], settings: &EncodeSettings) -> Option<Vec<u8>>;
}

/// Why a picture could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The content is empty or of an unknown kind. The text says what it appears to be ("not a
    /// picture (HTML)").
    #[error("{0}")]
    NotAPicture(String),
    /// A known format that is not supported: "unsupported: HEIC".
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The data ends too early.
    #[error("truncated {format}: {what}")]
    Truncated {
        /// The format.
        format: Format,
        /// What is missing.
        what: String,
    },
    /// The data violates its format.
    #[error("damaged {format}: {what}")]
    Damaged {
        /// The format.
        format: Format,
        /// What is wrong.
        what: String,
    },
    /// A limit is exceeded. The text names the size, the limit and the option that raises it.
    #[error("{0}")]
    Limit(String),
    /// The caller ended the work.
    #[error("interrupted")]
    Interrupted,
}

/// Why a picture could not be encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A side is longer than the format allows.
    #[error("{} pixels is over the limit of {format}, which is {max} a side", side(*.size, *.max))]
    TooLarge {
        /// The picture's size.
        size: Size,
        /// The format.
        format: Format,
        /// Its largest side.
        max: u32,
    },
    /// The encoder failed.
    #[error("{format} encoder: {what}")]
    Failed {
        /// The format.
        format: Format,
        /// The encoder's message.
        what: String,
    },
}

/// Describes the side of an output that is too long.
fn side(size: Size, max: u32) -> String {
    if size.width > max { format!("a width of {}", size.width) } else { format!("a height of {}", size.height) }
}

/// Checks the size of an output against the limits of its format.
///
/// # Errors
/// [`EncodeError::TooLarge`].
pub fn check_output(format: Format, size: Size) -> Result<(), EncodeError> {
    let max = format.max_side();
    if size.width > max || size.height > max {
        return Err(EncodeError::TooLarge { size, format, max });
    }
    Ok(())
}

/// Checks the size in a header against the limits.
///
/// # Errors
/// [`DecodeError::Limit`] or, with a side of 0, [`DecodeError::Damaged`].
pub fn check_size(format: Format, size: Size, limits: &Limits) -> Result<(), DecodeError> {
    if size.width == 0 || size.height == 0 {
        return Err(DecodeError::Damaged { format, what: format!("its size is {size}") });
    }
    if size.pixels() > limits.max_pixels {
        return Err(DecodeError::Limit(format!(
            "{format} of {size} has {} pixels, over the limit of {} (--max-pixels)",
            size.pixels(),
            limits.max_pixels
        )));
    }
    Ok(())
}
