//! Operations on decoded pixels, one per file.

pub mod color;
pub mod extend;
pub mod flatten;
pub mod linear;
pub mod orient;
pub mod resize;
