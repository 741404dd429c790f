//! Options for unattended runs.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::remember::UpdateOptions;
use crate::state::State;

/// Options for unattended runs. All are off by default.
#[derive(Debug, Default)]
pub struct Nightly {
    /// Process only what changed since the state was written.
    pub update: Option<Update>,
    /// The same, with a state that the run opens itself.
    pub remember: Option<UpdateOptions>,
    /// Make outputs survive a power loss once they are reported.
    pub fsync: bool,
    /// Fail a picture that takes longer.
    pub timeout: Option<Duration>,
    /// End the run in order after this time.
    pub max_time: Option<Duration>,
}

/// The settings of `--update`.
#[derive(Debug)]
pub struct Update {
    state: Mutex<State>,
    /// Compare contents instead of size and times.
    pub checksum: bool,
    /// Retry inputs that failed before.
    pub retry_failed: bool,
    /// Whether to remove outputs whose source is gone.
    pub prune: Prune,
}

/// Whether to remove outputs without a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prune {
    /// Keep them.
    #[default]
    No,
    /// Remove them, unless a disk appears not to be mounted.
    Yes,
    /// Remove them.
    All,
}

impl Update {
    /// Settings with an open state.
    pub fn new(state: State, checksum: bool, retry_failed: bool, prune: Prune) -> Self {
        Self { state: Mutex::new(state), checksum, retry_failed, prune }
    }

    /// The state. The feeder reads ranges of a directory, and only the writer writes.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
