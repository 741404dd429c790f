//! The report of a shard, which becomes part of the plan when the shard is done.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::report::Event;
use crate::sink::{self, TEMPORARY};
use crate::split::{self, Paths, SplitError};

use super::ndjson::Ndjson;

/// A report under a temporary name.
pub struct ShardReport {
    file: PathBuf,
    report: Option<Ndjson>,
    /// The digest of the outputs.
    made: u128,
    lost: Option<io::Error>,
}

impl ShardReport {
    pub fn create(paths: &Paths, shard: u64) -> Result<Self, SplitError> {
        let name = format!("{TEMPORARY}{:x}.{:x}-{shard:05}.ndjson.zst", sink::host(), std::process::id());
        let file = paths.reports().join(name);
        let report = Ndjson::create(&file).map_err(SplitError::io(&file))?;
        Ok(Self { file, report: Some(report), made: 0, lost: None })
    }

    pub fn event(&mut self, event: &Event<'_>) {
        self.made = self.made.wrapping_add(split::made(event));
        if let Some(report) = &mut self.report
            && let Err(error) = report.event(event)
        {
            (self.report, self.lost) = (None, Some(error));
        }
    }

    /// Gives the report its name.
    pub fn publish(mut self, paths: &Paths, shard: u64) -> Result<u128, SplitError> {
        if let Some(error) = self.lost.take() {
            return Err(SplitError::io(&self.file)(error));
        }
        if let Some(report) = self.report.take() {
            report.close().map_err(SplitError::io(&self.file))?;
        }
        let name = paths.report(shard);
        fs::rename(&self.file, &name).map_err(SplitError::io(&name))?;
        Ok(self.made)
    }
}

impl Drop for ShardReport {
    fn drop(&mut self) {
        self.report = None;
        // It has its name by now, or nobody needs it.
        let _ = fs::remove_file(&self.file);
    }
}
