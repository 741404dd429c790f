//! The command line, one module for each chapter.

mod existing;
mod exit;
mod geometry;
mod habits;
mod hostile;
mod inputs;
mod output;
mod promises;
mod run;
mod selection;
mod telling;

#[path = "../testenv/mod.rs"]
mod testenv;
