//! A JPEG decoder for thumbnails: it decodes only what the small picture shows. An encoder is in
//! [`encode`](mod@encode), and [`transcode`] rewrites a JPEG without loss.
//!
//! # Example
//!
//! From the bytes of a JPEG to an RGB picture that fits 256 x 256:
//!
//! ```
//! use thumbs_jpeg::{Error, Image, Options, Region, decode_planes, read_header};
//!
//! fn thumbnail(jpeg: &[u8]) -> Result<Image, Error> {
//!     let header = read_header(jpeg)?;
//!     header.supported()?;
//!
//!     // The final size, with the aspect ratio of the source.
//!     let (width, height) = (f64::from(header.width), f64::from(header.height));
//!     let scale = (256.0 / width.max(height)).min(1.0);
//!     let (to_width, to_height) = (width * scale, height * scale);
//!
//!     let plan = header.plan((to_width, to_height));
//!     let options = Options { max_memory: Some(100 << 20), ..Options::default() };
//!     let planes = decode_planes(jpeg, &header, &plan, &options)?;
//!
//!     let whole = Region { left: 0.0, top: 0.0, width, height };
//!     Ok(planes.resize(whole, to_width.round() as u32, to_height.round() as u32).into_image())
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use thumbs_jpeg::encode::{Picture, Samples, Settings, encode};
//! # let picture = Picture { width: 640, height: 480, samples: Samples::Rgb(&vec![99; 640 * 480 * 3]) };
//! # let jpeg = encode(&picture, &Settings::default())?;
//! let image = thumbnail(&jpeg)?;
//! assert_eq!((image.width, image.height, image.channels), (256, 192, 3));
//! assert_eq!(image.data.len(), 256 * 192 * 3);
//! # Ok(())
//! # }
//! ```
//!
//! The steps are:
//!
//! - [`read_header`] reads sizes, colours and metadata, without decoding pixels.
//! - [`Header::plan`] chooses the cheapest decode for the final size; [`Header::full`] plans a full decode.
//! - [`decode_planes`] decodes the component planes, each at a size of its own.
//! - [`Planes::resize`] resizes a region of all planes to the final size, and [`Planes::into_image`] converts the colours.
//!
//! [`decode`] returns pixels without a resize, at the size in the plan. [`LosslessRows`] decodes lossless pictures, which have
//! no blocks, row by row. The crate does not apply the EXIF orientation or the ICC profile; [`Header`] contains both.
//!
//! # Supported pictures
//!
//! - Baseline, extended and progressive pictures with 8 or 12 bits per sample. The output has 8 bits.
//! - Huffman and arithmetic coding.
//! - Lossless pictures with 2 to 16 bits per sample and Huffman coding.
//! - Grey, YCbCr, RGB, CMYK and YCCK, with any sampling factors, restart intervals and scan scripts.
//!
//! [`Header::supported`] and [`Header::supported_lossless`] report what is not supported, such as hierarchical pictures.
//!
//! # Errors and damage
//!
//! A truncated or damaged picture fails with [`Error::Truncated`] or [`Error::Damaged`]. With
//! [`Options::allow_truncated`] the decoder returns the intact part, fills the rest, and reports the first error in
//! [`Image::damage`]. No input causes a panic.
//!
//! Damage is only found in data that is parsed. Scans that a plan skips, and coefficient values skipped within a block, are
//! checked only with [`Options::strict`], which parses every scan. A picture that is complete except for its end-of-image
//! marker is accepted; [`Image::lacks_end`] reports it, and `strict` rejects it. Arithmetic coding may omit zeros at the end
//! of a scan, so a marker that comes too early there cannot be told from a picture that is flat from there on.
//!
//! # Limits and memory
//!
//! [`Plan::memory`] is an upper bound of what decoding takes. [`Options::max_memory`] makes decoding fail with
//! [`Error::TooLarge`] before it takes more. A header that promises more pixels than the file can contain fails before
//! anything is allocated. [`Options::interrupt`] can end a decode at any row of MCUs.
//!
//! Progressive pictures take no more memory than sequential ones: all scans advance together, so that only one row of MCUs
//! is held as coefficients.
//!
//! # How it works
//!
//! A plan chooses, for each component separately, n x n samples for each block of 8 x 8 (n = 1 to 8), and the scans of a
//! progressive picture that contribute to them. The entropy decoder skips coefficients that n x n samples do not need,
//! several symbols per lookup, and never parses scans that are not needed. The inverse DCT computes only n x n samples.
//! Planes are resized before colours are converted, because the small picture has fewer pixels, and because subsampled
//! chroma then needs no interpolation to the size of luma.
//!
//! # Features
//!
//! `simd` (default) compiles hot loops for AVX2 and chooses them at run time. The crate contains no unsafe code.

// Modules, from bytes to pixels:
//
// - `markers`, `frame`, `header`, `script`: marker segments and tables
// - `bits`: the bit reader; `huffman`: single symbols; `skip`: several symbols at once; `cache`: their tables
// - `sequential`, `progressive`: Huffman-coded blocks; `arithmetic`, `models`: arithmetic-coded blocks
// - `scan`: rows of MCUs, with `unit` and `row`
// - `idct`, `points`, `output`, `resize`, `upsample`, `color`: samples and pixels
// - `lossless`: pictures without blocks
// - `transcode`: coefficients to a smaller file, with parts of `encode`
// - `quality`: what quantisation tables tell
// - `plan`: the trade-off between quality and work; `coefficients`: all scans together; `decode`: the whole

mod arithmetic;
mod bits;
mod cache;
mod coefficients;
mod color;
mod decode;
pub mod encode;
mod error;
mod frame;
mod header;
mod huffman;
mod idct;
mod lossless;
mod markers;
mod models;
mod output;
mod plan;
mod plane;
mod planes;
mod points;
mod progressive;
mod quality;
mod resize;
mod row;
mod scan;
mod script;
mod sequential;
mod simd;
mod skip;
mod standard;
pub mod transcode;
mod unit;
mod upsample;

pub use coefficients::Options;
pub use decode::{decode, decode_planes};
pub use error::Error;
pub use frame::{ColorSpace, Component, Kind};
pub use header::{Header, read_header};
pub use lossless::LosslessRows;
#[doc(hidden)]
pub use plan::Headroom;
pub use plan::Plan;
pub use plane::Plane;
pub use planes::{Damage, Image, Planes};
pub use quality::estimated_quality;
pub use resize::Region;
