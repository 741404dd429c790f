//! What an unattended run asks for beyond a run by hand.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::config::RunConfig;
use crate::plan::Destination;
use crate::state::State;
use crate::state::digest::Common;
use crate::walk::real_path;

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

/// Digests of what a run does.
pub struct Recipes {
    common: Common,
    naming: String,
    limits: String,
}

impl Recipes {
    pub fn new(config: &RunConfig) -> Self {
        let naming = &config.naming;
        // Where the outputs go, not how the way there is spelled; beside inputs they go with them.
        let destination = match (&naming.destination, &config.nightly.update) {
            (Destination::Directory(dir) | Destination::File(dir), Some(update)) => {
                update.state().stored(&real_path(dir))
            }
            _ => Vec::new(),
        };
        let beside = naming.is_beside();
        let naming = format!("{beside} {destination:?} {:?} {:?}", naming.template.as_str(), naming.labels);
        // A limit that moves with the machine's free memory would have failures tried for ever.
        let ceiling = config.memory.ceiling >> 28;
        let limits = &config.limits;
        let limits = format!("{} {} {ceiling} {:?}", limits.max_pixels, limits.max_file_size, config.nightly.timeout);
        Self { common: Common::new(&config.recipe), naming, limits }
    }

    /// Of a source whose outputs are mirrored as below `below`, which decides their place.
    pub fn run(&self, below: &Path) -> i64 {
        self.common.run(&self.naming, &self.limits, below)
    }

    pub fn common(&self) -> &Common {
        &self.common
    }
}
