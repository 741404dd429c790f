//! The files of a plan.

use std::path::{Path, PathBuf};

/// The directory of a plan.
#[derive(Clone, Debug)]
pub struct Paths(pub PathBuf);

impl Paths {
    /// `plan.json`, which is written last.
    pub fn plan(&self) -> PathBuf {
        self.0.join("plan.json")
    }

    /// A part of the list of inputs, from 0.
    pub fn part(&self, number: u64) -> PathBuf {
        self.0.join(format!("inputs-{number:05}.ndjson.zst"))
    }

    /// Inputs that belong to the shard of an earlier input of the same name.
    pub fn moved(&self) -> PathBuf {
        self.0.join("moved.ndjson.zst")
    }

    /// The directory of the markers.
    pub fn markers(&self) -> PathBuf {
        self.0.join("done")
    }

    /// The marker of a shard, from 1.
    pub fn marker(&self, shard: u64) -> PathBuf {
        self.markers().join(format!("{shard:05}.json"))
    }

    /// How often a shard has ended with failures that may pass.
    pub fn tries(&self, shard: u64) -> PathBuf {
        self.markers().join(format!("{shard:05}.tries"))
    }

    /// The directory of the reports.
    pub fn reports(&self) -> PathBuf {
        self.0.join("reports")
    }

    /// The report of a shard, from 1.
    pub fn report(&self, shard: u64) -> PathBuf {
        self.reports().join(format!("{shard:05}.ndjson.zst"))
    }

    /// The report of all shards.
    pub fn whole_report(&self) -> PathBuf {
        self.0.join("report.ndjson.zst")
    }

    /// Says that all shards are done and checked.
    pub fn success(&self) -> PathBuf {
        self.0.join("_SUCCESS")
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.0
    }
}
