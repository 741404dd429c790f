//! Operations on decoded pixels, one per file.

pub mod blur;
pub mod border;
pub mod color;
pub mod extend;
pub mod flatten;
pub mod grayscale;
pub mod linear;
pub mod orient;
pub mod resize;
pub mod round;
pub mod sharpen;
pub mod trim;
pub mod watermark;
mod weighted;
