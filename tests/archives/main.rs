//! Archives and data sets, in and out.

mod dataset;
mod duplicates;
mod input;
mod output_archives;
mod pipes;

#[path = "../stage/mod.rs"]
mod stage;
