//! The jobs that the feeder sends to the workers.

use std::path::PathBuf;

use super::budget::Share;
use super::lookup::{Before, Unchanged};
use crate::archive::zip_reader::ZipEntry;
use crate::net::{Url, Validators};
use crate::outcome::{Address, SourceName};
use crate::source::{Facts, Source};
use crate::walk::Found;

/// An input on its way to a worker.
#[derive(Debug)]
pub struct Job {
    /// Its index among all jobs, from 0.
    pub number: u64,
    /// The input.
    pub found: Found,
    /// Its content, if it is a member of an archive, or was downloaded.
    pub packed: Option<Packed>,
    /// How it was downloaded.
    pub remote: Option<Box<Remote>>,
    /// What the state knows about it, with `--update`.
    pub before: Option<Before>,
    /// Skipped inputs to report in its place.
    pub unchanged: Vec<Unchanged>,
}

/// A picture from the network.
#[derive(Debug)]
pub struct Remote {
    pub url: Url,
    /// The status of the last answer.
    pub status: Option<u16>,
    pub attempts: u32,
    /// Whether its download would fail in the same way again.
    pub lasting: bool,
    /// What identifies its content to the server.
    pub validators: Validators,
}

impl Remote {
    pub fn new(url: Url) -> Self {
        Self { url, status: None, attempts: 0, lasting: false, validators: Validators::default() }
    }

    pub fn name(&self) -> SourceName {
        let (status, attempts) = (self.status, self.attempts);
        SourceName::Url(Box::new(Address { url: self.url.masked(), status, attempts }))
    }
}

/// The content of an archive's member, or of a download.
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
        match (&self.remote, &self.found.path) {
            (Some(remote), _) => remote.name(),
            (None, Some(path)) => SourceName::File(path.clone()),
            (None, None) => SourceName::Stdin,
        }
    }

    /// The path under which the state knows it.
    pub fn key(&self) -> Option<PathBuf> {
        match &self.remote {
            Some(remote) => Some(remote.url.key()),
            None => self.found.path.clone(),
        }
    }
}
