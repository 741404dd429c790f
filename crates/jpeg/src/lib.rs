//! A JPEG decoder for pictures that will be made smaller: it decodes only what the small picture shows.
//!
//! ```text
//! read_header -> Header -> plan(final size) -> Plan
//! decode_planes(data, header, plan) -> Planes -> resize(region, width, height) -> into_image -> Image
//! decode(data, header, plan) -> Image            the same without the resize, at ceil(W n / 8) x ceil(H n / 8)
//! LosslessRows::new(data, header)                lossless pictures, which have no blocks, row by row
//! ```
//!
//! A plan chooses, for each component on its own, n x n samples for each block of 8 x 8 (n = 1 to 8), and which scans of a
//! progressive picture are needed for them. Coefficients that n x n samples do not show are passed over, several symbols to a
//! lookup (`skip`); scans that they do not need are never parsed. All scans advance together, a row of MCUs at a time (`scan`), so
//! that progressive pictures need no more memory than sequential ones. Planes are resized before colours are converted, since
//! the small picture has fewer pixels to convert, and sub-sampled chroma needs no interpolation to the size of luma first.
//!
//! Where things are: `markers`, `frame`, `header` and `script` read what stands around the coded data; `bits` makes the coded
//! bytes ready and reads bits, `huffman` decodes one symbol, `skip` passes many, `cache` keeps the tables of both, `sequential`
//! and `progressive` decode a block, `scan` a `row` of them, with the `unit`s that make up an MCU; `arithmetic` decodes one decision,
//! `models` tells blocks from many; `idct` transforms, `resize` and `color` finish; `lossless` predicts where the others transform;
//! `plan` holds the trade of quality against work, `decode` ties it together.
//!
//! What it takes: baseline, extended and progressive pictures with 8 or 12 bits (which come out with 8), in Huffman's codes or
//! arithmetic ones; grey, YCbCr, RGB, CMYK and YCCK; any sampling factors, restart intervals and scan scripts. Lossless pictures
//! with 2 to 16 bits in Huffman's codes. [`Header::supported`] and [`Header::supported_lossless`] name what it does not take.
//!
//! Damage: without [`Options::allow_truncated`] an error, else a picture with [`Image::damage`] set. Only what is parsed can be
//! found to be damaged: scans that a plan passes over, and the coefficient values passed over in a block, go unseen unless
//! [`Options::strict`] parses every scan. Where every MCU is there and only the end-of-image marker is not, [`Image::lacks_end`] says
//! so, and `strict` refuses the file. Arithmetic coding may leave out
//! zeros at the end of a scan: where a marker comes too early there, nothing tells it from a picture that is flat from there on.
//!
//! How fast it is and why is told in `docs/jpeg.md`. The encoder is in [`encode`](mod@encode).

mod arithmetic;
mod bits;
mod cache;
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
mod plan;
mod plane;
mod planes;
mod progressive;
mod resize;
mod row;
mod scan;
mod script;
mod sequential;
mod simd;
mod skip;
mod standard;
mod unit;

pub use decode::{Options, decode, decode_planes};
pub use error::Error;
pub use frame::{ColorSpace, Component, Kind};
pub use header::{Header, read_header};
pub use lossless::LosslessRows;
#[doc(hidden)]
pub use plan::Headroom;
pub use plan::Plan;
pub use plane::Plane;
pub use planes::{Damage, Image, Planes};
pub use resize::Region;
