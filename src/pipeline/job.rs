//! The jobs that the feeder sends to the workers.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use super::budget::Share;
use super::lookup::{Before, Unchanged};
use super::remote::Remote;
use crate::archive::zip_reader::ZipEntry;
use crate::net::safe_name;
use crate::outcome::SourceName;
use crate::sink::shards;
use crate::source::{Facts, Source};
use crate::walk::{Found, Row, has_picture_extension};

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
    /// What a table says about it.
    pub row: Option<Arc<Row>>,
    /// What the state knows about it, with `--update`.
    pub before: Option<Before>,
    /// Skipped inputs to report in its place.
    pub unchanged: Vec<Unchanged>,
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

    /// The name after which outputs are named, if it is not that of a file.
    pub fn output_name(&self) -> Option<PathBuf> {
        let own = match &self.remote {
            Some(remote) => Some(PathBuf::from(remote.url.file_name())),
            None => self.found.path.clone(),
        };
        let Some(key) = self.row.as_ref().and_then(|row| row.key.as_ref()) else {
            return own.filter(|_| self.remote.is_some());
        };
        // With an extension, so that a dot in the key does not begin one.
        let extension =
            own.filter(|own| has_picture_extension(own)).and_then(|own| own.extension().map(OsString::from));
        let mut name = safe_name(key);
        name.push(".");
        name.push(extension.unwrap_or_else(|| "img".into()));
        Some(PathBuf::from(name))
    }

    /// The key of its sample in a data set. The feeder has checked that of its row.
    pub fn sample_key(&self) -> String {
        let own = self.row.as_ref().and_then(|row| shards::key(row.key.as_ref()?).ok());
        own.unwrap_or_else(|| shards::numbered(self.number))
    }

    /// The path under which the state knows it.
    pub fn key(&self) -> Option<PathBuf> {
        match &self.remote {
            Some(remote) => Some(remote.url.key()),
            None => self.found.path.clone(),
        }
    }
}
