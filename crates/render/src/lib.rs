//! From the bytes of one picture to encoded thumbnails: no files, no threads.

pub mod codec;
#[cfg(feature = "image")]
pub mod dynamic;
pub mod format;
pub mod geometry;
pub mod limits;
pub mod metadata;
pub mod op;
pub mod orientation;
pub mod pixmap;
pub mod recipe;
pub mod render;
pub mod search;
pub mod size;
pub mod words;

pub use format::Format;
pub use limits::Limits;
pub use recipe::Recipe;
pub use render::{RenderError, Rendered, render};
