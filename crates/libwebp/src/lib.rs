//! Safe bindings to the parts of libwebp that thumbnails need: features of a bitstream, decoding at
//! full or reduced size into a plain buffer, and encoding.
//!
//! All unsafe code of the project is in this crate. Each block relies on the rules of libwebp
//! itself (`src/webp/decode.h`, `src/webp/encode.h`): pointers are only read within the given
//! length, an external output buffer is only written within its size and stride, and no pointer is
//! kept beyond the call.

mod decode;
mod encode;

pub use decode::{Decoded, Fault, Features, Target, decode, features};
pub use encode::{EncodeFault, Mode, Settings, encode};
