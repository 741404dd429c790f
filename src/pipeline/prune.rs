//! Removes outputs that the job no longer makes, because their source is gone or excluded, or
//! because they belong to earlier options. Only outputs that the state records, and that are
//! unchanged since, are removed. Missing sources count only below roots that were walked completely
//! and without error. URLs count as missing if a run that names URLs names them no more, and if it could
//! read all that it was given. Outputs of earlier options go only if the job made new ones.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::lookup::Bits;
use super::nightly::{Prune, Update};
use crate::net::is_url;
use crate::plan::{Destination, Naming};
use crate::state::{State, StateError};
use crate::walk::{Input, is_pattern, literal_prefix, real_path};
use crate::words;

/// Why pruning was refused.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// A root without files that had some before.
    #[error(
        "{} {what}, where {known} files were known; is a disk not mounted? --prune-all prunes all the same",
        words::path(.root)
    )]
    Vanished {
        /// The root.
        root: PathBuf,
        /// "holds nothing" or "is missing".
        what: &'static str,
        /// The number of sources that the state knows there.
        known: u64,
    },
    /// Lists without an entry.
    #[error("the lists hold nothing, where {0} URLs were known; --prune-all prunes all the same")]
    Unlisted(u64),
    /// The state cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
}

/// A directory INPUT, or the fixed part of a pattern.
#[derive(Debug)]
struct Root {
    real: PathBuf,
    found: u64,
    failed: bool,
}

/// The result of a walk.
#[derive(Debug, Default)]
pub struct Walked {
    /// Whether the walk was complete.
    pub complete: bool,
    /// The IDs of sources that were found.
    pub seen: Bits,
    /// The IDs of rows with recipes of this run.
    pub own_rows: Bits,
    roots: Vec<Root>,
    current: Option<usize>,
    named: Named,
}

/// What was named one by one: on the command line, in lists and in tables.
#[derive(Debug, Default)]
struct Named {
    /// The number of URLs.
    urls: u64,
    /// The number of other inputs.
    others: u64,
    /// Whether there are lists.
    listed: bool,
    /// Whether something could not be read, which may be a URL of an earlier run.
    failed: bool,
}

impl Walked {
    /// An input is about to be walked.
    pub fn begin(&mut self, input: &Input) {
        self.current = None;
        let Input::Path(path) = input else { return };
        if is_url(path) && fs::symlink_metadata(path).is_err() {
            return;
        }
        let real = match fs::symlink_metadata(path) {
            Err(_) if is_pattern(path) => real_path(&literal_prefix(path)),
            Ok(_) if path.is_file() => return,
            _ => real_path(path),
        };
        self.current = Some(self.roots.len());
        self.roots.push(Root { real, found: 0, failed: false });
    }

    /// A list is about to be read.
    pub fn begin_list(&mut self) {
        self.begin(&Input::Stdin);
        self.named.listed = true;
    }

    /// A list could not be read to its end.
    pub fn list_failed(&mut self) {
        self.named.failed = true;
    }

    /// A file was found.
    pub fn found(&mut self) {
        match self.current.and_then(|at| self.roots.get_mut(at)) {
            Some(root) => root.found += 1,
            None => self.named.others += 1,
        }
    }

    /// A URL was named.
    pub fn url(&mut self) {
        self.named.urls += 1;
    }

    /// Something could not be walked.
    pub fn failed(&mut self, path: &Path) {
        self.named.failed |= self.current.is_none();
        let real = real_path(path);
        for root in &mut self.roots {
            root.failed |= real.starts_with(&root.real) || root.real.starts_with(&real);
        }
    }

    fn vanished(&self, root: &Root) -> Option<&'static str> {
        if !root.real.exists() {
            return Some("is missing");
        }
        // The same directory may have been named twice, and its files are found only once.
        let found = self.roots.iter().filter(|r| r.real.starts_with(&root.real)).any(|r| r.found > 0);
        (!found).then_some("holds nothing")
    }
}

/// Fewer files than this may well have been removed by hand.
const MANY: u64 = 2;

/// The job whose outputs are pruned.
pub struct Job<'a> {
    /// Report only.
    pub dry_run: bool,
    /// The highest ID in the state before this run.
    pub last: i64,
    pub place: Place,
    /// Whether a path is neither an output nor an input of this run.
    pub is_free: &'a mut dyn FnMut(&Path) -> bool,
}

/// Where the outputs of a job are. Outputs elsewhere belong to other jobs.
pub enum Place {
    /// Below this directory, but not below another destination inside it.
    Directory(PathBuf),
    /// Beside the source, or in a subdirectory of this name.
    Beside(Option<String>),
}

impl Place {
    /// The place for a run.
    pub fn of(naming: &Naming) -> Self {
        match &naming.destination {
            Destination::Directory(dir) => Self::Directory(real_path(dir)),
            Destination::Store(prefix) => Self::Directory(prefix.clone()),
            _ => Self::Beside(naming.template.literal_dir().map(str::to_owned)),
        }
    }

    /// Whether this job would put an output of `source` there. `others` are all destinations in the
    /// state.
    fn holds(&self, source: &Path, output: &Path, others: &[PathBuf]) -> bool {
        match self {
            Self::Directory(dir) => {
                let other = |o: &&PathBuf| *o != dir && o.starts_with(dir) && output.starts_with(o);
                output.starts_with(dir) && others.iter().find(other).is_none()
            }
            Self::Beside(name) => {
                let dir = source.parent().unwrap_or(Path::new(""));
                let within = name.as_ref().map(|name| dir.join(name));
                output.parent() == Some(dir) || within.is_some_and(|within| output.parent() == Some(within.as_path()))
            }
        }
    }
}

/// Removes stale outputs. `gone` is called for each of them.
pub fn prune(update: &Update, walked: &Walked, job: Job<'_>, gone: &mut dyn FnMut(&Path)) -> Result<(), PruneError> {
    let Job { dry_run, last, place, is_free } = job;
    if !walked.complete {
        return Ok(());
    }
    let mut state = update.state();
    let mut sources: Vec<(PathBuf, i64)> = Vec::new();
    for root in &walked.roots {
        let mut here = Vec::new();
        let wanted = |id| !walked.seen.contains(id);
        let known = state.below(&root.real, last, &wanted, &mut |path, id| here.push((path, id)))?;
        match walked.vanished(root) {
            // Files that only the options of this run exclude still exist.
            Some("holds nothing") if here.iter().any(|(path, _)| !is_gone(path)) => {
                // If nothing at all is wanted any more, a pattern is probably wrong.
                here.retain(|(path, _)| is_gone(path));
            }
            Some(what) if update.prune != Prune::All && known >= MANY => {
                return Err(PruneError::Vanished { root: root.real.clone(), what, known });
            }
            Some("is missing") => {}
            _ if root.failed => continue,
            _ => {}
        }
        sources.append(&mut here);
    }
    sources.extend(unnamed_urls(&mut state, update, walked, last)?);
    sources.sort();
    sources.dedup();
    let others = state.destinations()?;
    let mut emptied: Vec<PathBuf> = Vec::new();
    let mut remove = |output: &crate::state::Written| -> bool {
        // Changed or removed since we wrote it.
        if !update.stands(output) {
            return true;
        }
        if !dry_run && !update.remove(output) {
            // Tried again in the next run.
            return false;
        }
        gone(&output.path);
        emptied.extend(output.path.parent().map(Path::to_path_buf));
        true
    };
    for chunk in sources.chunks(256) {
        let (mut outputs, mut forgotten) = (Vec::new(), Vec::new());
        for (source, id) in chunk {
            // If an option of this run excludes it, other jobs may still use it. So may they name a URL.
            let left_out = is_address(source) || !is_gone(source);
            let outputs_before = state.outputs_of(*id, false)?;
            let mut all = !(is_address(source) && outputs_before.is_empty());
            for output in outputs_before {
                let mut is_ours = || place.holds(source, &output.path, &others) && is_free(&output.path);
                if left_out && !is_ours() {
                    all = false;
                } else if remove(&output) {
                    outputs.push(output.path);
                } else {
                    all = false;
                }
            }
            if all {
                forgotten.push(*id);
            }
        }
        if !dry_run {
            state.forget(&outputs, &forgotten)?;
        }
    }
    for (source, rows) in state.by_recipes(if dry_run { 1 } else { 2 })? {
        let current = |id: i64| walked.own_rows.contains(id) || id > last;
        // A source that failed now keeps its old outputs. A dry run makes no rows.
        let made = match dry_run {
            true => rows.iter().any(|(id, _)| walked.seen.contains(*id)),
            false => rows.iter().any(|(id, made)| *made && current(*id)),
        };
        if !made {
            continue;
        }
        let mut outputs = Vec::new();
        for (id, _) in rows.iter().filter(|(id, _)| !current(*id)) {
            for output in state.outputs_of(*id, false)? {
                if place.holds(&source, &output.path, &others) && is_free(&output.path) && remove(&output) {
                    outputs.push(output.path);
                }
            }
        }
        if !dry_run && !outputs.is_empty() {
            state.forget(&outputs, &[])?;
        }
    }
    for id in state.superseding()? {
        if walked.seen.contains(id) || id > last {
            let mut outputs = state.outputs_of(id, true)?;
            outputs.retain(&mut remove);
            let outputs: Vec<PathBuf> = outputs.into_iter().map(|o| o.path).collect();
            if !dry_run {
                state.forget(&outputs, &[])?;
            }
        }
    }
    if !dry_run {
        emptied.sort();
        emptied.dedup();
        for dir in emptied.iter().rev() {
            let mut dir = Some(dir.as_path());
            while let Some(path) = dir {
                // Fails if something is left in it.
                if !state.made_dir(path)? || fs::remove_dir(path).is_err() {
                    break;
                }
                dir = path.parent();
            }
        }
    }
    Ok(())
}

/// The directories under which the state keeps URLs.
const ADDRESSES: [&str; 5] = ["/http:", "/https:", "/s3:", "/gs:", "/az:"];

fn is_address(source: &Path) -> bool {
    ADDRESSES.iter().any(|dir| source.starts_with(dir))
}

/// The URLs in the state that this run does not name, if it names any.
fn unnamed_urls(
    state: &mut State,
    update: &Update,
    walked: &Walked,
    last: i64,
) -> Result<Vec<(PathBuf, i64)>, PruneError> {
    let named = &walked.named;
    // A job of files says nothing about URLs.
    let is_empty = named.listed && (named.urls, named.others) == (0, 0);
    if named.failed || (named.urls == 0 && !is_empty) {
        return Ok(Vec::new());
    }
    let (mut urls, mut known) = (Vec::new(), 0);
    let wanted = |id| !walked.seen.contains(id);
    for dir in ADDRESSES {
        known += state.below(Path::new(dir), last, &wanted, &mut |path, id| urls.push((path, id)))?;
    }
    match is_empty && update.prune != Prune::All {
        true if known >= MANY => Err(PruneError::Unlisted(known)),
        true => Ok(Vec::new()),
        false => Ok(urls),
    }
}

fn is_gone(path: &Path) -> bool {
    let error = fs::symlink_metadata(path).err().map(|e| e.kind());
    matches!(error, Some(io::ErrorKind::NotFound | io::ErrorKind::NotADirectory))
}
