//! Turns piles of pictures into thumbnails and smaller pictures.

pub mod codec;
pub mod format;
pub mod geometry;
pub mod limits;
pub mod op;
pub mod orientation;
pub mod pixmap;
pub mod recipe;
pub mod render;
pub mod size;
