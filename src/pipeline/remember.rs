//! `--update` for runs that are made in code: which state they use, and how.

use std::path::{Path, PathBuf};

use super::cancel::Cancel;
use super::config::RunConfig;
use super::nightly::{Update, UpdateOptions};
use super::{RunError, real_path};
use crate::plan::Destination;
use crate::state::{Lock, OnLocked, State, StateError};

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
