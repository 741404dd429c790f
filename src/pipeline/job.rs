//! What goes from the feeder to the workers.

use super::budget::Share;
use super::lookup::{Before, Unchanged};
use crate::archive::zip_reader::ZipEntry;
use crate::outcome::SourceName;
use crate::source::{Facts, Source};
use crate::walk::Found;

/// One input on its way to a worker.
#[derive(Debug)]
pub struct Job {
    /// Its place among all jobs, from 0.
    pub number: u64,
    /// The input.
    pub found: Found,
    /// What is known of its bytes when it is a member of an archive.
    pub packed: Option<Packed>,
    /// What is known of it, with `--update`.
    pub before: Option<Before>,
    /// Inputs to be passed over in its place, when there are any.
    pub unchanged: Vec<Unchanged>,
}

/// A member of an archive.
#[derive(Debug)]
pub enum Packed {
    /// Its bytes, and the memory that was drawn for them in the job's turn.
    Bytes { source: Source, share: Share },
    /// To be unpacked.
    Zip { entry: ZipEntry, facts: Facts },
    /// It cannot be had; `drawn` says whether memory was, or was to be, drawn for it.
    Broken { error: String, drawn: bool },
}

impl Packed {
    /// Whether the job's turn to draw source bytes is passed already.
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
