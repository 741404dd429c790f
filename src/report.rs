//! Events that a run reports to its caller.

use std::path::Path;
use std::time::Duration;

use crate::outcome::{Done, Failure, SkipReason, SourceName, Stop, Summary};

/// An event.
#[derive(Debug)]
pub enum Event<'a> {
    /// Outputs of an input are saved.
    Done(&'a Done),
    /// Outputs of an input would be made (dry run).
    Planned(&'a Done),
    /// An input was skipped.
    Skipped(&'a SourceName, SkipReason),
    /// An input was skipped because of the earlier one with this name, which has the same content.
    Duplicate(&'a SourceName, SkipReason, &'a Path),
    /// An input was encoded and stays as it is, in place (or would stay, in a dry run that measures).
    Kept(&'a Done, SkipReason),
    /// An input failed.
    Failed(&'a Failure),
    /// An output whose source is gone was removed, or would be (dry run).
    Pruned(&'a Path),
}

/// The progress of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Processed inputs, including those whose outputs wait to be synced.
    pub dealt_with: u64,
    /// Failed inputs.
    pub failed: u64,
    /// Inputs counted so far.
    pub counted: u64,
    /// Whether the count is complete.
    pub count_complete: bool,
    /// Time since the start.
    pub elapsed: Duration,
    /// Why the run is about to end early, if it is.
    pub stopping: Option<Stop>,
}

/// Receives all events, on one thread, in the order in which they happen.
pub trait Reporter {
    /// An event happened.
    fn event(&mut self, event: &Event<'_>);

    /// Called several times per second, even without events.
    fn progress(&mut self, _progress: &Progress) {}

    /// The run is over.
    fn finished(&mut self, _summary: &Summary) {}
}

/// Ignores all events.
impl Reporter for () {
    fn event(&mut self, _event: &Event<'_>) {}
}
