//! Decoders and encoders: each foreign crate is named in one file of this folder.
//!
//! A [`Decode`] opens bytes and reads the header; the [`Picture`] it gives says what it can do
//! cheaply ([`Picture::offer`]) before anything large is allocated, and decodes on demand.

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

use crate::format::Format;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::pixmap::{Pixmap, YCbCr};
use crate::recipe::{EncodeSettings, Filter};
use crate::size::{Region, Size};

/// What a picture says of itself before it is decoded.
#[derive(Clone, Debug)]
pub struct Header {
    /// What the content is.
    pub format: Format,
    /// Size as stored, before orienting.
    pub size: Size,
    /// From EXIF or the container.
    pub orientation: Orientation,
    /// Whether pixels may be transparent.
    pub has_alpha: bool,
    /// Whether there are more frames or pages than the first, which is what is decoded.
    pub animated: bool,
    /// The colours of the stored pixels.
    pub color: ColorSpace,
    /// Blocks of metadata, as stored.
    pub metadata: Metadata,
    /// What a person should know of this picture and what was passed over in reading it,
    /// such as a broken colour profile.
    pub notes: Vec<String>,
}

impl Header {
    /// Of a picture of which nothing else is said: upright, opaque, still, sRGB.
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

/// The colours that samples stand for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ColorSpace {
    /// sRGB, or nothing said.
    #[default]
    Srgb,
    /// An ICC profile, unparsed; it may be anything.
    Icc(Vec<u8>),
    /// PNG's gAMA and cHRM: decoding exponent is `1 / gamma`; chromaticities white, red, green, blue.
    Calibrated {
        /// The value of gAMA, 0.45455 for sRGB's approximation.
        gamma: f64,
        /// x and y of white, red, green, blue; sRGB's where None.
        chromaticities: Option<[(f64, f64); 4]>,
    },
    /// ITU-T H.273 code points of PNG's cICP: primaries and transfer (full range, no matrix).
    Cicp {
        /// Colour primaries.
        primaries: u8,
        /// Transfer function.
        transfer: u8,
    },
    /// Adobe RGB (1998), told by EXIF's interoperability index R03.
    AdobeRgb,
}

/// The size that all of the stored picture will have when resized, in the stored orientation;
/// fractions are meant. A decoder may decode any size from which that is made without visible loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Need {
    /// Columns.
    pub width: f64,
    /// Rows.
    pub height: f64,
    /// What share of these columns and rows will have chroma of their own: half of them in 4:2:0.
    pub chroma: f64,
}

/// What a decoder will do for a [`Need`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    /// Size of the pixels that [`Picture::decode`] will give.
    pub size: Size,
    /// Decoded pixels for a stored one, in each direction, exactly: the decoded picture shows
    /// `stored * scale` of its pixels; where that is not whole, the last column or row is partly
    /// beyond the stored picture.
    pub scale: (f64, f64),
    /// The shrink as people speak of it: 1, 2, 4, 8, or a fraction such as 8/3.
    pub shrink: f64,
    /// Upper bound of the bytes that decoding allocates, the pixels included.
    pub memory: u64,
    /// What it was made for.
    pub need: Option<Need>,
}

/// How to decode.
#[derive(Clone, Copy, Default)]
pub struct DecodeOptions<'a> {
    /// Give what was there of a picture that ends early, the rest filled.
    pub allow_truncated: bool,
    /// Parse also what a scaled decode may pass over.
    pub strict: bool,
    /// Asked from time to time: true ends the decode with [`DecodeError::Interrupted`].
    pub interrupt: Option<&'a (dyn Fn() -> bool + Sync)>,
}

/// One component of a picture whose components have sizes of their own.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    /// Its size in samples.
    pub size: Size,
    /// Columns and rows that the whole stored picture covers; fractions are meant.
    pub extent: (f64, f64),
    /// 8 bits a sample, rows without gaps.
    pub samples: &'a [u8],
}

/// A picture as planes of their own sizes, such as JPEG's luma and half as large chroma: resizing
/// them one by one saves interpolating and converting pixels that the resize throws away.
pub trait Planes {
    /// The planes.
    fn planes(&self) -> Vec<Plane<'_>>;
    /// What shows in `crop`, in pixels of the stored picture, at the size `to`, where the codec has
    /// this kernel of its own.
    fn resize(&self, _crop: Region, _to: Size, _filter: Filter) -> Option<Pixmap> {
        None
    }
    /// The same as luma and chroma, `share` columns and rows having one sample of chroma between them, where the
    /// codec can. A `crop` of None is all of the picture, as it is: only where the planes are that already.
    fn ycbcr(&self, _crop: Option<Region>, _to: Size, _share: (u32, u32)) -> Option<YCbCr> {
        None
    }
    /// The pixels that resized planes, all of `size`, make together.
    fn join(&self, size: Size, samples: Vec<Vec<u8>>) -> Pixmap;
    /// The pixels of the offered size, smaller planes interpolated.
    fn into_pixmap(self: Box<Self>) -> Pixmap;
}

/// Decoded pixels, of the offered size.
pub enum Pixels {
    /// All samples of a pixel together.
    Joint(Pixmap),
    /// Planes.
    Planes(Box<dyn Planes>),
}

impl Pixels {
    /// As a pixmap.
    pub fn into_pixmap(self) -> Pixmap {
        match self {
            Self::Joint(pixmap) => pixmap,
            Self::Planes(planes) => planes.into_pixmap(),
        }
    }
}

/// Pixels, and what became of them.
pub struct Decoded {
    /// The pixels.
    pub pixels: Pixels,
    /// What was lost or filled in, for the report ("12 of 480 rows filled").
    pub notes: Vec<String>,
}

/// An opened picture: its header is read, its pixels are not.
pub trait Picture {
    /// What it says of itself.
    fn header(&self) -> &Header;
    /// The cheapest way to enough pixels for `need`; all of them where `need` is None.
    fn offer(&self, need: Option<Need>) -> Offer;
    /// Decodes as offered.
    ///
    /// # Errors
    /// Damage, truncation (unless allowed), what is not supported, an interrupt.
    fn decode(&self, offer: &Offer, options: &DecodeOptions<'_>) -> Result<Decoded, DecodeError>;
}

/// A decoder of one or more formats.
pub trait Decode: Send + Sync {
    /// Reads the header and checks it against `limits`.
    ///
    /// # Errors
    /// What is not a picture of this format, or beyond the limits.
    fn open<'a>(&self, bytes: &'a [u8], limits: &Limits) -> Result<Box<dyn Picture + 'a>, DecodeError>;
}

/// What travels with the pixels into the file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attached<'a> {
    /// An ICC profile that describes the pixels.
    pub icc: Option<&'a [u8]>,
    /// EXIF as a TIFF structure.
    pub exif: Option<&'a [u8]>,
    /// An XMP packet.
    pub xmp: Option<&'a [u8]>,
    /// IPTC-IIM records.
    pub iptc: Option<&'a [u8]>,
}

/// An encoder of one format.
pub trait Encode: Send + Sync {
    /// Columns and rows that share a sample of chroma in what these settings make, where planes can be encoded.
    fn share(&self, _settings: &EncodeSettings) -> Option<(u32, u32)> {
        None
    }

    /// Encodes upright planes with the shares of [`Encode::share`].
    ///
    /// # Errors
    /// As of [`Encode::encode`]; and formats that do not have it.
    fn encode_ycbcr(
        &self,
        picture: &YCbCr,
        _settings: &EncodeSettings,
        _attached: &Attached<'_>,
    ) -> Result<Vec<u8>, EncodeError> {
        Err(EncodeError::Failed { format: Format::Jpeg, what: format!("no encoder of planes for {}", picture.size) })
    }

    /// Encodes upright pixels. Alpha is only given to formats that have it.
    ///
    /// # Errors
    /// Sides beyond the format's, or a fault of the encoder.
    fn encode(
        &self,
        pixmap: &Pixmap,
        settings: &EncodeSettings,
        attached: &Attached<'_>,
    ) -> Result<Vec<u8>, EncodeError>;

    /// The pixels as `source`, a file of this format, has them coded, with all that `encoded` holds beside its pixels. None
    /// where that coding is not what `settings` ask for, or holds more than one still picture.
    fn own(&self, source: &[u8], encoded: &[u8], settings: &EncodeSettings) -> Option<Vec<u8>>;
}

/// Why a picture could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Empty, or of no known kind; the text says what it seems to be ("not a picture (HTML)").
    #[error("{0}")]
    NotAPicture(String),
    /// A known kind that is not read: "unsupported: HEIC".
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// It ends too early.
    #[error("truncated {format}: {what}")]
    Truncated {
        /// Of which format.
        format: Format,
        /// What is missing.
        what: String,
    },
    /// Not what its format demands.
    #[error("damaged {format}: {what}")]
    Damaged {
        /// Of which format.
        format: Format,
        /// What is wrong.
        what: String,
    },
    /// Beyond a limit; text names size, limit and the option that raises it.
    #[error("{0}")]
    Limit(String),
    /// Ended by the caller.
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
    /// The encoder's own words.
    #[error("{format} encoder: {what}")]
    Failed {
        /// The format.
        format: Format,
        /// The words.
        what: String,
    },
}

/// The side of an output that is too long.
fn side(size: Size, max: u32) -> String {
    if size.width > max { format!("a width of {}", size.width) } else { format!("a height of {}", size.height) }
}

/// Checks the size of an output against what its format can hold.
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

/// Checks a header's size against the limits.
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
