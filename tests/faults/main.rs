//! Findings, each with the test that would have caught it.

mod bar;
mod files;
mod formats;
mod jpeg;
mod marks;
mod metadata;
mod names;
mod pixels;
mod runs;
mod tiff;
mod unattended;
mod usage;
mod words;

#[path = "../made/mod.rs"]
mod made;
#[path = "../night/mod.rs"]
mod nights;
#[path = "../../crates/render/tests/pictures/mod.rs"]
mod pictures;
#[path = "../shim/mod.rs"]
mod shim;
#[path = "../testenv/mod.rs"]
mod testenv;
