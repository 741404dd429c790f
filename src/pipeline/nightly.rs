//! Options for unattended runs.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::net::is_stored;
use crate::sink::{Inventory, Stored};
use crate::state::{State, Written};

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

/// Makes a run process only what is new or changed since the last run with the same state.
///
/// ```
/// use thumbs::{Prune, Recipe, RunConfig, UpdateOptions};
///
/// let options = UpdateOptions::new("thumbnails/.state").with_prune(Prune::Yes);
/// let config = RunConfig::into_directory(["photos"], Recipe::default(), "thumbnails").with_update(options);
/// # let _ = config;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpdateOptions {
    /// The file of the state. The run makes it if there is none, and locks it while it works.
    pub state: PathBuf,
    /// Compare contents in place of sizes and times.
    pub checksum: bool,
    /// Try again what failed in an earlier run and has not changed.
    pub retry_failed: bool,
    /// Whether to remove outputs whose source is gone.
    pub prune: Prune,
}

impl UpdateOptions {
    /// With this state, comparing sizes and times, and removing nothing.
    pub fn new(state: impl Into<PathBuf>) -> Self {
        Self { state: state.into(), checksum: false, retry_failed: false, prune: Prune::No }
    }

    /// Compares contents in place of sizes and times.
    #[must_use]
    pub fn with_checksum(mut self, checksum: bool) -> Self {
        self.checksum = checksum;
        self
    }

    /// Tries again what failed in an earlier run.
    #[must_use]
    pub fn with_retry_failed(mut self, retry_failed: bool) -> Self {
        self.retry_failed = retry_failed;
        self
    }

    /// Sets whether outputs are removed whose source is gone.
    #[must_use]
    pub fn with_prune(mut self, prune: Prune) -> Self {
        self.prune = prune;
        self
    }
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
    /// For outputs in a store: what stands there, and who deletes it.
    pub(super) store: Option<(Arc<Inventory>, Arc<Stored>)>,
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
        Self { state: Mutex::new(state), checksum, retry_failed, prune, store: None }
    }

    /// Whether an output stands as it was written.
    pub(super) fn stands(&self, written: &Written) -> bool {
        let Some((inventory, _)) = self.store.as_ref().filter(|_| is_stored(&written.path)) else {
            return written.stands();
        };
        let facts = inventory.facts(&written.path);
        facts.is_some_and(|facts| Written::new(PathBuf::new(), 0, &facts).has_content_of(written))
    }

    /// Removes an output that stands as it was written.
    pub(super) fn remove(&self, written: &Written) -> bool {
        match self.store.as_ref().filter(|_| is_stored(&written.path)) {
            Some((_, store)) => {
                store.delete(&written.path, &|facts| Written::new(PathBuf::new(), 0, facts).has_content_of(written))
            }
            None => fs::remove_file(&written.path).is_ok(),
        }
    }

    /// The state. The feeder reads ranges of a directory, and only the writer writes.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
