//! The jobs that the feeder sends to the workers.

use super::budget::Share;
use super::lookup::{Before, Unchanged};
use crate::archive::zip_reader::ZipEntry;
use crate::outcome::SourceName;
use crate::source::{Facts, Source};
use crate::walk::Found;

/// An input on its way to a worker.
#[derive(Debug)]
pub struct Job {
    /// Its index among all jobs, from 0.
    pub number: u64,
    /// The input.
    pub found: Found,
    /// Its content, if it is a member of an archive.
    pub packed: Option<Packed>,
    /// What the state knows about it, with `--update`.
    pub before: Option<Before>,
    /// Skipped inputs to report in its place.
    pub unchanged: Vec<Unchanged>,
}

/// The content of an archive's member.
#[derive(Debug)]
pub enum Packed {
    /// The bytes, with the memory that was drawn for them in the job's turn.
    Bytes { source: Source, share: Share },
    /// A zip member, to be decompressed.
    Zip { entry: ZipEntry, facts: Facts },
    /// It cannot be read. `drawn` says whether the turn to draw memory was used.
    Broken { error: String, drawn: bool },
}

impl Packed {
    /// Whether the job's turn to draw memory for its source has passed.
    pub fn has_drawn(&self) -> bool {
        matches!(self, Self::Bytes { .. } | Self::Broken { drawn: true, .. })
    }
}

impl Job {
    pub fn source(&self) -> SourceName {
        match &self.found.path {
            Some(path) => SourceName::File(path.clone()),
            None => SourceName::Stdin,
        }
    }
}
