//! `--update` for runs that are made in code: which state they use, and how.

use std::path::{Path, PathBuf};

use super::cancel::Cancel;
use super::config::RunConfig;
use super::nightly::{Prune, Update};
use super::{RunError, real_path};
use crate::plan::Destination;
use crate::state::{Lock, OnLocked, State, StateError};

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

/// The files of a state, which walks skip.
pub fn files(state: &Path) -> Vec<PathBuf> {
    let with = |suffix: &str| {
        let mut name = state.as_os_str().to_owned();
        name.push(suffix);
        real_path(Path::new(&name))
    };
    ["", "-journal", ".lock"].iter().map(|s| with(s)).collect()
}

impl RunConfig {
    /// Opens the state of the run.
    pub(crate) fn open_state(&mut self, options: &UpdateOptions) -> Result<(), StateError> {
        let mut roots = self.naming.roots.clone();
        roots.extend(self.walker.relative_to.as_deref().map(real_path));
        if let Destination::Directory(dir) = &self.naming.destination {
            roots.push(real_path(dir));
        }
        let state = State::open(&options.state, &roots, self.dry_run)?;
        self.nightly.update = Some(Update::new(state, options.checksum, options.retry_failed, options.prune));
        Ok(())
    }

    /// Takes the lock of the state that this run remembers in, if it does, and opens it.
    pub(super) fn remember(&mut self, cancel: &Cancel) -> Result<Option<Lock>, RunError> {
        let Some(options) = self.nightly.remember.take() else { return Ok(None) };
        let broken = |error| RunError::State { error, summary: Box::default() };
        if let (Some(dir), false) = (options.state.parent(), self.dry_run) {
            // Often the destination, which is made with its first output.
            std::fs::create_dir_all(dir).map_err(|e| broken(StateError::failed(&options.state, &e)))?;
        }
        let lock = match self.dry_run {
            true => None,
            false => {
                let stop = || cancel.is_set();
                Some(Lock::take(&options.state, OnLocked::Fail, &stop).map_err(RunError::Locked)?)
            }
        };
        self.open_state(&options).map_err(broken)?;
        Ok(lock)
    }
}
