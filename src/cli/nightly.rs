//! Resolves the options of unattended runs, and opens their lock and state.

use std::path::{Path, PathBuf};

use crate::pipeline::{Cancel, Nightly, Prune, RunConfig, Update};
use crate::plan::Destination;
use crate::state::{FILE_NAME, Lock, LockError, OnLocked, State, StateError};
use crate::walk::real_path;
use anyhow::{Result, bail};

use super::args_nightly::{NightlyArgs, OnLock};
use super::exit::Exit;
use super::place;
use super::report;
use super::tell::Tell;

/// The state to open.
#[derive(Debug)]
pub struct StatePlan {
    pub file: PathBuf,
    on_locked: OnLocked,
    checksum: bool,
    retry_failed: bool,
    prune: Prune,
}

/// Resolves everything except the state, which is opened after all other checks.
pub fn resolve(
    args: &NightlyArgs,
    inputs: &[PathBuf],
    destination: &Destination,
) -> Result<(Nightly, Option<StatePlan>)> {
    let nightly =
        Nightly { update: None, fsync: args.fsync || args.update, timeout: args.timeout, max_time: args.max_time };
    if !args.update {
        return Ok((nightly, None));
    }
    let file = match (&args.state, destination) {
        (_, Destination::Stdout | Destination::File(_) | Destination::Archive(_)) => {
            bail!("--update: only with a directory as -o, or none")
        }
        (Some(file), _) => {
            place::check_file("--state", file, destination)?;
            file.clone()
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
    let (checksum, retry_failed) = (args.checksum, args.retry_failed);
    Ok((nightly, Some(StatePlan { file, on_locked, checksum, retry_failed, prune })))
}

/// Takes the lock and opens the state. Dropping the result releases the lock.
pub fn open(plan: &StatePlan, run: &mut RunConfig, cancel: &Cancel, tell: &Tell) -> Result<Option<Lock>, Exit> {
    let lock = if run.dry_run {
        // It only reads, and SQLite isolates readers.
        None
    } else {
        match take(plan, cancel, tell) {
            Ok(lock) => Some(lock),
            Err(LockError::Held { .. }) if cancel.is_set() => return Err(Exit::of_stop(cancel.reason())),
            Err(error @ LockError::Held { .. }) => {
                if plan.on_locked != OnLocked::Skip || tell.verbose {
                    report::say(&error.to_string());
                }
                return Err(if plan.on_locked == OnLocked::Skip { Exit::Success } else { Exit::Locked });
            }
            Err(error @ LockError::Io { .. }) => {
                report::say(&error.to_string());
                return Err(Exit::Broken);
            }
        }
    };
    let mut roots = run.naming.roots.clone();
    roots.extend(run.walker.relative_to.as_deref().map(real_path));
    if let Destination::Directory(dir) = &run.naming.destination {
        roots.push(real_path(dir));
    }
    match State::open(&plan.file, &roots, run.dry_run) {
        Ok(state) => {
            run.nightly.update = Some(Update::new(state, plan.checksum, plan.retry_failed, plan.prune));
            Ok(lock)
        }
        Err(error) => {
            report::say(&error.to_string());
            Err(match error {
                StateError::Foreign(_) | StateError::Newer(_) => Exit::Usage,
                StateError::Damaged { .. } | StateError::Failed { .. } => Exit::Broken,
            })
        }
    }
}

/// Takes the lock, and prints which process it waits for.
fn take(plan: &StatePlan, cancel: &Cancel, tell: &Tell) -> Result<Lock, LockError> {
    let stop = || cancel.is_set();
    match (Lock::take(&plan.file, OnLocked::Fail, &stop), plan.on_locked) {
        (Err(error @ LockError::Held { .. }), OnLocked::Wait) => {
            if !tell.quiet {
                report::tell(&format!("waiting: {error}"));
            }
            Lock::take(&plan.file, OnLocked::Wait, &stop)
        }
        (taken, _) => taken,
    }
}

/// The files of the state, which walks skip.
pub fn files(state: &Path) -> Vec<PathBuf> {
    let with = |suffix: &str| {
        let mut name = state.as_os_str().to_owned();
        name.push(suffix);
        real_path(Path::new(&name))
    };
    ["", "-journal", ".lock"].iter().map(|s| with(s)).collect()
}

/// Lowers the priority of this process.
pub fn be_nice() {
    // Ten steps leave other processes nearly all the time they want.
    let _ = crate::pipeline::lower_priority(10);
}
