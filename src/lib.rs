//! Turns piles of pictures into thumbnails and smaller pictures.

pub mod codec;
pub mod format;
pub mod geometry;
pub mod jpeg;
pub mod limits;
pub mod metadata;
pub mod op;
pub mod orientation;
pub mod outcome;
pub mod pipeline;
pub mod pixmap;
pub mod plan;
pub mod policy;
pub mod recipe;
pub mod render;
pub mod report;
pub mod sink;
pub mod size;
pub mod source;
pub mod state;
pub mod walk;
pub mod words;
