//! What a run tells its caller as things happen.

use std::path::Path;
use std::time::Duration;

use crate::outcome::{Done, Failure, SkipReason, SourceName, Stop, Summary};

/// One thing that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// Outputs of an input are saved.
    Done(&'a Done),
    /// Outputs of an input would be made (dry run).
    Planned(&'a Done),
    /// An input was passed over.
    Skipped(&'a SourceName, SkipReason),
    /// An input failed.
    Failed(&'a Failure),
    /// An output whose source is gone was removed, or would be (dry run).
    Pruned(&'a Path),
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Inputs that are dealt with, also those whose outputs wait to be synced.
    pub dealt_with: u64,
    /// Of those, failed.
    pub failed: u64,
    /// Inputs counted ahead so far.
    pub counted: u64,
    /// Whether the count is complete.
    pub count_complete: bool,
    /// Since the start.
    pub elapsed: Duration,
    /// Why the run is about to end before its inputs do, if it is.
    pub stopping: Option<Stop>,
}

/// Hears of everything, on one thread, in the order it happens.
pub trait Reporter {
    /// Something happened.
    fn event(&mut self, event: &Event<'_>);

    /// Called some times a second, also when nothing happens.
    fn progress(&mut self, _progress: &Progress) {}

    /// The run is over.
    fn finished(&mut self, _summary: &Summary) {}
}

/// Keeps silent.
impl Reporter for () {
    fn event(&mut self, _event: &Event<'_>) {}
}
