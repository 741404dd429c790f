//! Resolves the options of unattended runs, and opens their lock and state.

use std::path::PathBuf;

use crate::pipeline::{Cancel, Nightly, Prune, RunConfig, UpdateOptions};
use crate::plan::Destination;
use crate::state::{FILE_NAME, Lock, LockError, OnLocked, StateError};
use anyhow::{Result, bail};

use super::args_nightly::{NightlyArgs, OnLock};
use super::exit::Exit;
use super::place;
use super::report;
use super::tell::Tell;

/// The state to open.
#[derive(Debug)]
pub struct StatePlan {
    pub options: UpdateOptions,
    on_locked: OnLocked,
}

/// Resolves everything except the state, which is opened after all other checks.
pub fn resolve(
    args: &NightlyArgs,
    inputs: &[PathBuf],
    destination: &Destination,
) -> Result<(Nightly, Option<StatePlan>)> {
    let (fsync, timeout, max_time) = (args.fsync || args.update, args.timeout, args.max_time);
    let nightly = Nightly { fsync, timeout, max_time, ..Nightly::default() };
    if !args.update {
        return Ok((nightly, None));
    }
    let file = match (&args.state, destination) {
        (_, Destination::Stdout | Destination::File(_) | Destination::Object(_) | Destination::Archive(_)) => {
            bail!("--update: only with a directory as -o, or none")
        }
        (Some(file), _) => {
            place::check_file("--state", file, destination)?;
            file.clone()
        }
        (None, Destination::Store(_)) => {
            bail!("--update: with an object store as -o, it needs --state FILE, a file on this machine")
        }
        (None, Destination::Directory(dir)) => dir.join(FILE_NAME),
        (None, Destination::Beside | Destination::InPlace) => match inputs {
            [one] if one.is_dir() => one.join(FILE_NAME),
            _ => bail!("--update: without -o, it takes exactly one directory as INPUT, or --state FILE"),
        },
    };
    let prune = match (args.prune, args.prune_all) {
        (_, true) => Prune::All,
        (true, false) => Prune::Yes,
        _ => Prune::No,
    };
    let on_locked = match args.lock {
        OnLock::Skip => OnLocked::Skip,
        OnLock::Wait => OnLocked::Wait,
        OnLock::Fail => OnLocked::Fail,
    };
    let options =
        UpdateOptions::new(file).with_checksum(args.checksum).with_retry_failed(args.retry_failed).with_prune(prune);
    Ok((nightly, Some(StatePlan { options, on_locked })))
}

/// Why a run with a state does not begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// Another run holds the lock, or it cannot be taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The state cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

impl StatePlan {
    /// Whether a run that finds the lock taken has nothing to do.
    pub fn skips(&self) -> bool {
        self.on_locked == OnLocked::Skip
    }
}

/// Takes the lock and opens the state. Dropping the result releases the lock. `waits` is called before a wait for the
/// lock.
///
/// # Errors
/// [`BeginError`].
pub fn begin(
    plan: &StatePlan,
    run: &mut RunConfig,
    cancel: &Cancel,
    waits: &mut dyn FnMut(&LockError),
) -> Result<Option<Lock>, BeginError> {
    // A dry run only reads, and SQLite isolates readers.
    let lock = if run.dry_run { None } else { Some(take(plan, cancel, waits)?) };
    run.open_state(&plan.options)?;
    Ok(lock)
}

fn take(plan: &StatePlan, cancel: &Cancel, waits: &mut dyn FnMut(&LockError)) -> Result<Lock, LockError> {
    let stop = || cancel.is_set();
    match (Lock::take(&plan.options.state, OnLocked::Fail, &stop), plan.on_locked) {
        (Err(error @ LockError::Held { .. }), OnLocked::Wait) => {
            waits(&error);
            Lock::take(&plan.options.state, OnLocked::Wait, &stop)
        }
        (taken, _) => taken,
    }
}

/// Takes the lock and opens the state, and prints why if that fails.
pub fn open(plan: &StatePlan, run: &mut RunConfig, cancel: &Cancel, tell: &Tell) -> Result<Option<Lock>, Exit> {
    let mut waits = |error: &LockError| {
        if !tell.quiet {
            report::tell(&format!("waiting: {error}"));
        }
    };
    let error = match begin(plan, run, cancel, &mut waits) {
        Ok(lock) => return Ok(lock),
        Err(BeginError::Lock(LockError::Held { .. })) if cancel.is_set() => return Err(Exit::of_stop(cancel.reason())),
        Err(error) => error,
    };
    let is_held = matches!(error, BeginError::Lock(LockError::Held { .. }));
    if !is_held || !plan.skips() || tell.verbose {
        report::say(&error.to_string());
    }
    Err(match error {
        BeginError::Lock(LockError::Held { .. }) if plan.skips() => Exit::Success,
        BeginError::Lock(LockError::Held { .. }) => Exit::Locked,
        BeginError::State(StateError::Foreign(_) | StateError::Newer(_)) => Exit::Usage,
        BeginError::Lock(LockError::Io { .. })
        | BeginError::State(StateError::Damaged { .. } | StateError::Failed { .. }) => Exit::Broken,
    })
}

/// Lowers the priority of this process.
pub fn be_nice() {
    // Ten steps leave other processes nearly all the time they want.
    let _ = crate::pipeline::lower_priority(10);
}
