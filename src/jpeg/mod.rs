//! A JPEG decoder for pictures that will be made smaller.

mod bits;
mod cache;
mod color;
mod decode;
mod error;
mod frame;
mod header;
mod huffman;
mod idct;
mod markers;
mod plan;
mod planes;
mod progressive;
mod resize;
mod scan;
mod script;
mod sequential;
mod simd;
mod skip;

pub use decode::{Options, decode, decode_planes};
pub use error::Error;
pub use frame::{ColorSpace, Component, Kind};
pub use header::{Header, read_header};
#[doc(hidden)]
pub use plan::Headroom;
pub use plan::Plan;
pub use planes::{Damage, Image, Plane, Planes};
pub use resize::Region;
