//! Options of tables, and of what is left out of collections.

use std::path::PathBuf;

use crate::policy::DropDuplicates;
use clap::{Args, ValueEnum};

use super::typed;

/// Tables of inputs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection")]
pub struct TableArgs {
    /// Read INPUTs from a column of FILE (- for standard input): CSV, TSV, NDJSON, or Parquet in builds with the feature parquet
    #[arg(long, value_name = "FILE")]
    pub table: Vec<PathBuf>,
    /// Column of URLs or paths [default: url]
    #[arg(long, value_name = "COLUMN")]
    pub url_column: Option<String>,
    /// Column after which outputs are named, or the samples of a data set
    #[arg(long, value_name = "COLUMN")]
    pub key_column: Option<String>,
    /// Columns to keep in the JSON of a data set's samples, such as caption,license; caption or text goes into a .txt, too
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub keep_columns: Vec<String>,
    /// Leave out pictures whose shorter side has fewer pixels
    #[arg(long, value_name = "N", value_parser = typed::whole::<u32>("a number of pixels", 1..=u32::MAX))]
    pub min_size: Option<u32>,
    /// Leave out pictures whose longer side is more than N times as long as the shorter
    #[arg(long, value_name = "N", value_parser = typed::aspect)]
    pub max_aspect: Option<f64>,
    /// Leave out pictures that are the same as an earlier one: with the same bytes, or that look the same too
    #[arg(long, value_enum, value_name = "HOW")]
    pub drop_duplicates: Option<Duplicates>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Duplicates {
    /// The same bytes
    Sha256,
    /// Or a perceptual hash that differs in at most three of 64 bits
    #[value(alias = "phash")]
    Perceptual,
}

impl From<Duplicates> for DropDuplicates {
    fn from(how: Duplicates) -> Self {
        match how {
            Duplicates::Sha256 => Self::Sha256,
            Duplicates::Perceptual => Self::Perceptual,
        }
    }
}
