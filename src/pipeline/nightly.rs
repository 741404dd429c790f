//! What an unattended run asks for beyond a run by hand.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::state::State;

/// Options of unattended runs; all off by default.
#[derive(Debug, Default)]
pub struct Nightly {
    /// Make only what changed since the state was written.
    pub update: Option<Update>,
    /// Outputs survive a power loss once they are told as done.
    pub fsync: bool,
    /// A picture that takes longer fails.
    pub timeout: Option<Duration>,
    /// The run ends in order after this time.
    pub max_time: Option<Duration>,
}

/// How `--update` decides.
#[derive(Debug)]
pub struct Update {
    state: Mutex<State>,
    /// The content decides, not size and times.
    pub checksum: bool,
    /// What failed before is tried again.
    pub retry_failed: bool,
    /// Outputs whose source is gone are removed.
    pub prune: Prune,
}

/// Whether outputs without a source go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prune {
    /// They stay.
    #[default]
    No,
    /// They go, unless it looks as if a disk were not mounted.
    Yes,
    /// They go.
    All,
}

impl Update {
    /// With an open state.
    pub fn new(state: State, checksum: bool, retry_failed: bool, prune: Prune) -> Self {
        Self { state: Mutex::new(state), checksum, retry_failed, prune }
    }

    /// The state. The feeder asks it a directory at a time, the writer alone writes to it.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
