//! Safe calls into libwebp. What is offered is what thumbnails need: the features of a bitstream,
//! decoding at full or reduced size into a plain buffer, and encoding.
//!
//! All unsafe code of the project is here. The rules that each block relies on are libwebp's own
//! (`src/webp/decode.h`, `src/webp/encode.h`): pointers are read within the given length only, an
//! external output buffer is written within its stated size and stride only, and no pointer is
//! kept beyond the call.

mod decode;
mod encode;

pub use decode::{Decoded, Fault, Features, Target, decode, features};
pub use encode::{EncodeFault, Mode, Settings, encode};
