//! Pictures of all kinds through the program.

mod avif;
mod compression_auto;
mod compression_encoders;
mod compression_goals;
mod effects;
mod foreign_decoders;
mod jpeg_kinds;
mod lossless_jpeg;
mod metadata;
mod placeholders;
mod readers;
mod srcset;

#[path = "../made/mod.rs"]
mod made;
#[path = "../../crates/render/tests/pictures/mod.rs"]
mod pictures;
#[path = "../testenv/mod.rs"]
mod testenv;
