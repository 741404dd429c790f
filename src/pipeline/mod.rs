//! The pipeline: feeder, bounded channel, workers, writer.
//!
//! All results pass through one channel to the writer, which alone uses the sink and the reporter.
//! The pipeline ends by dropping channel ends: the feeder ends, the queues close, and the sink
//! finishes. If the sink breaks, the writer drops its receiver, sends fail, and all threads return.

mod batch;
mod broken;
mod budget;
mod builder;
mod cancel;
mod committer;
mod config;
mod digest;
mod downloads;
mod end;
mod enumerate;
mod feeder;
mod guarded;
mod hand;
mod in_place;
mod job;
mod keys;
mod looks;
mod lookup;
mod machine;
mod nightly;
mod order;
mod passed;
mod planning;
mod process;
mod prune;
mod ready;
mod recipes;
mod remember;
mod remote;
mod renderer;
mod reorder;
mod run;
mod trace;
mod traffic;
mod turns;
mod unpack;
mod uploads;
mod watch;
mod worker;
mod writer;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crossbeam_channel::bounded;

pub use builder::InPlaceError;
pub use cancel::Cancel;
pub use config::{ArchiveOptions, Dataset, Given, InPlace, List, Memory, Planned, RunConfig, Shape};
pub use enumerate::enumerate;
pub use machine::{lower_priority, processors};
pub use nightly::{Nightly, Prune, UpdateOptions};
pub use prune::PruneError;
pub use remember::files as state_files;
pub use renderer::{Prepared, RecipeRenderer, Renderer};
pub use run::run;

use budget::Budget;
use order::Ordered;
use ready::{Ready, ReadyOutput};
use reorder::Gate;
use writer::Writer;

use crate::net::{is_stored, is_url};
use crate::outcome::{Done, Failure, SkipReason, SourceName, Summary};
use crate::plan::{Destination, Ledger, OwnOutputs};
use crate::report::Reporter;
use crate::sink::{Sink, SinkError};
use crate::state::digest::Common;
use crate::state::{LockError, Record, StateError};
use crate::walk::{Input, real_path};
use crate::words;

/// Why a run could not continue.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Outputs can no longer be saved.
    #[error("{error}")]
    Sink {
        /// The error.
        error: SinkError,
        /// The summary until then.
        summary: Box<Summary>,
    },
    /// The state can no longer be read or written.
    #[error("{error}")]
    State {
        /// The error.
        error: StateError,
        /// The summary until then.
        summary: Box<Summary>,
    },
    /// Pruning was refused, because something looks wrong.
    #[error("nothing is pruned: {error}")]
    Prune {
        /// The error.
        error: PruneError,
        /// The summary until then.
        summary: Box<Summary>,
    },
    /// Another run works with the same state.
    #[error(transparent)]
    Locked(LockError),
    /// A thread of the run died, an input was not answered, or the inputs differ from those of a
    /// data set.
    #[error("{why}")]
    Halted {
        /// The reason.
        why: String,
        /// The summary until then.
        summary: Box<Summary>,
    },
    /// The workers could not be started, or too many of them hang.
    #[error("the workers could not be started: {0}")]
    Workers(String),
}

impl RunError {
    /// The summary until the error.
    pub fn summary(&self) -> Option<&Summary> {
        match self {
            Self::Sink { summary, .. }
            | Self::State { summary, .. }
            | Self::Prune { summary, .. }
            | Self::Halted { summary, .. } => Some(summary),
            Self::Locked(_) | Self::Workers(_) => None,
        }
    }
}

/// The data that all threads share.
struct Shared {
    config: RunConfig,
    renderer: Box<dyn Renderer>,
    cancel: Cancel,
    /// The budget for the bytes of sources: a quarter of the whole.
    source_bytes: Arc<Budget>,
    /// The budget for pixels and encoded outputs: the rest.
    pixel_bytes: Arc<Budget>,
    reading: Ordered<()>,
    ledger: Ordered<Ledger>,
    /// For sinks that take outputs in order, pixel memory is drawn in order: see `reorder`.
    pixels: Ordered<()>,
    gate: Gate,
    /// Whether the order in which inputs are handed out counts.
    in_order: bool,
    /// Counts of what was seen but is not an input.
    passed: passed::Passed,
    /// Whether the feeder has finished, so that nothing remains to be counted.
    fed: AtomicBool,
    counted: AtomicU64,
    count_complete: AtomicBool,
    /// Digests of this run's recipe, with `--update`.
    recipes: Option<recipes::Recipes>,
    /// What names with a digest need of the recipe.
    names: Option<Common>,
    /// The result of the walk, once it is over.
    walked: Mutex<Option<prune::Walked>>,
    /// What was downloaded.
    traffic: traffic::Traffic,
    /// The jobs in progress.
    watch: watch::Watch,
    /// The number of jobs sent, and of jobs answered.
    handed: AtomicU64,
    finished: AtomicU64,
    /// The nanoseconds for which workers waited for a job that did not come.
    idle_at_end: AtomicU64,
    /// The number of workers whose work will end.
    working: AtomicU64,
    /// Threads that died.
    deaths: guarded::Deaths,
    /// Inputs that were found but not started when the run ended early, and files that may be
    /// inputs.
    left: AtomicU64,
    left_maybe: AtomicU64,
    /// Failed inputs that may succeed if they are tried again.
    may_pass: AtomicU64,
}

impl Shared {
    /// Whether all messages are processed in the order of the inputs, so that the point at which
    /// failures end a run does not depend on the number of workers.
    fn is_strict(&self) -> bool {
        strict(&self.config)
    }

    /// Counts an input that was found but will not be processed.
    fn leave(&self, certain: bool) {
        let count = if certain { &self.left } else { &self.left_maybe };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn nobody_works(&self) -> bool {
        self.working.load(Ordering::Relaxed) == 0
    }
}

fn strict(config: &RunConfig) -> bool {
    // Of duplicates, the first is made.
    config.fail_fast || config.max_failures.is_some() || config.in_order || config.drop_duplicates.is_some()
}

/// A message about the job with this number. Every job has exactly one, unless the run ends early.
type Letter = (Option<u64>, Message);

/// A message to the writer.
enum Message {
    Ready(Box<Ready>),
    Skipped {
        source: SourceName,
        reason: SkipReason,
    },
    /// Encoded, and not to replace its source.
    Kept(Box<Done>, SkipReason),
    Failed(Failure),
    Ignored,
    /// A message with a record for the state.
    Recorded(Box<Message>, Box<Record>),
    /// The same as the earlier input of this name.
    Duplicate {
        source: SourceName,
        reason: SkipReason,
        first: PathBuf,
    },
    /// Several messages.
    Many(Vec<Message>),
    /// The state cannot be read.
    Broken(StateError),
    /// The inputs differ from those of the data set.
    OtherInputs(String),
}

/// A ledger that protects the files named on the command line before their turn. Own outputs are
/// not protected, because a second run replaces them.
fn guarding(config: &RunConfig) -> Ledger {
    let mut ledger = Ledger::new(config.dry_run, config.naming.destination.is_store());
    let mut own = OwnOutputs::new(&config.naming);
    for input in &config.inputs {
        match input {
            Input::Path(path) if is_stored(path) => ledger.guard_stored(path),
            Input::Path(path) if is_url(path) || (config.skip_own && own.contain(path)) => {}
            Input::Path(path) => ledger.guard(path),
            _ => {}
        }
    }
    for made in config.dataset.iter().flat_map(|dataset| dataset.covered.contents()) {
        ledger.note_made(&made.digest, &made.source);
    }
    if let Destination::Archive(Some(path)) = &config.naming.destination {
        // Treated as an output of this run if a list names it. Nothing else is claimed yet.
        let _ = ledger.claim(&[path], 0);
    }
    ledger
}

/// Like [`run`], with a renderer and a sink of the caller.
///
/// # Errors
/// Only if nothing more can be saved.
pub fn run_with(
    config: RunConfig,
    renderer: Box<dyn Renderer>,
    sink: &mut dyn Sink,
    reporter: &mut dyn Reporter,
    cancel: &Cancel,
) -> Result<Summary, RunError> {
    let workers = config.jobs.max(1);
    let for_sources = config.memory.budget / 4;
    let shared = Arc::new(Shared {
        renderer,
        cancel: cancel.clone(),
        source_bytes: Budget::new(for_sources, config.memory.ceiling / 4),
        pixel_bytes: Budget::new(config.memory.budget - for_sources, config.memory.ceiling),
        reading: Ordered::new(()),
        ledger: Ordered::new(guarding(&config)),
        pixels: Ordered::new(()),
        in_order: sink.in_order() || config.dry_run || strict(&config),
        gate: Gate::new(sink.in_order() || config.dry_run || strict(&config)),
        passed: passed::Passed::default(),
        fed: AtomicBool::new(false),
        counted: AtomicU64::new(0),
        count_complete: AtomicBool::new(false),
        idle_at_end: AtomicU64::new(0),
        working: AtomicU64::new(0),
        deaths: guarded::Deaths::default(),
        left: AtomicU64::new(0),
        left_maybe: AtomicU64::new(0),
        may_pass: AtomicU64::new(0),
        recipes: config.nightly.update.is_some().then(|| recipes::Recipes::new(&config)),
        // Placeholders change no bytes.
        names: (config.naming.template.tells_hash()).then(|| Common::new(&config.recipe.clone().with_placeholders([]))),
        walked: Mutex::new(None),
        traffic: traffic::Traffic::default(),
        watch: watch::Watch::new(config.nightly.timeout),
        handed: AtomicU64::new(0),
        finished: AtomicU64::new(0),
        config,
    });
    // Long enough that workers rarely wait for the feeder, and short enough to use little memory.
    let (job_sender, jobs) = bounded(4 * workers + 16);
    let (done_sender, done) = bounded(2 * workers + 2);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(workers)
        .thread_name(|n| format!("thumbs-worker-{n}"))
        .build()
        .map_err(|e| RunError::Workers(reason(&e)))?;
    // One endless task per thread, so that rayon has nothing to steal while a task waits.
    let (worker_shared, worker_done) = (Arc::clone(&shared), done_sender.clone());
    let spare = shared.watch.timeout().map(|_| (Arc::clone(&shared), jobs.clone(), done_sender.clone()));
    let replace = move || {
        let Some((shared, jobs, done)) = spare.clone() else { return false };
        let thread = std::thread::Builder::new().name("thumbs-worker-again".to_owned());
        // The senders are dropped after the guard, so that whoever finds the channel closed also
        // finds the death recorded.
        thread.spawn(move || guarded(&shared, "makes outputs", || worker::work(&shared, &jobs, &done))).is_ok()
    };
    pool.spawn_broadcast(move |_| {
        guarded(&worker_shared, "makes outputs", || worker::work(&worker_shared, &jobs, &worker_done));
    });
    let start = |name: &str, body: Box<dyn FnOnce() + Send>| {
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(body)
            .map_err(|e| RunError::Workers(words::system_words(&e)))
    };
    if let (Some(delay), true) =
        (shared.config.count_ahead, shared.config.lists.is_empty() && shared.config.given.is_none())
    {
        let shared = Arc::clone(&shared);
        let count = move || guarded(&shared, "counts inputs", || feeder::count(&shared, delay));
        start("thumbs-counter", Box::new(count))?;
    }
    let fed = Arc::clone(&shared);
    let feed = move || guarded(&fed, "finds inputs", || feeder::feed(&fed, &job_sender, &done_sender));
    // Not joined, because a thread that waits for standard input cannot be woken. `deaths` and
    // `walked` say how it ended.
    start("thumbs-feeder", Box::new(feed))?;
    let writer = Writer::new(&shared, sink, reporter).map_err(|e| RunError::Workers(words::system_words(&e)))?;
    writer.write(done, &replace)
}

/// Runs the work of a thread whose death ends the run.
fn guarded(shared: &Shared, what: &str, work: impl FnOnce()) {
    shared.deaths.guard(what, &shared.cancel, work);
}

/// The system error behind an error of the thread pool.
fn reason(error: &rayon::ThreadPoolBuildError) -> String {
    let system = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    system.map_or_else(|| "there are no threads".to_owned(), words::system_words)
}

#[cfg(test)]
mod tests;
