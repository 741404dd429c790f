//! Feeder, bounded channel, workers, writer.
//!
//! Every fact passes through one channel to the writer, which alone touches sink and reporter.
//! It ends by dropping: the feeder ends, the queues close, the sink finishes; or the sink breaks,
//! the writer drops its receiver, sends fail, and everyone returns.

mod batch;
mod broken;
mod budget;
mod builder;
mod cancel;
mod committer;
mod config;
mod digest;
mod feeder;
mod guarded;
mod hand;
mod job;
mod lookup;
mod machine;
mod nightly;
mod order;
mod passed;
mod process;
mod prune;
mod ready;
mod recipes;
mod renderer;
mod reorder;
mod trace;
mod turns;
mod unpack;
mod watch;
mod worker;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crossbeam_channel::bounded;

pub use cancel::Cancel;
pub use config::{ArchiveOptions, Dataset, List, Memory, RunConfig};
pub use machine::{lower_priority, processors};
pub use nightly::{Nightly, Prune, Update};
pub use prune::PruneError;
pub use renderer::{Prepared, RecipeRenderer, Renderer};

use budget::Budget;
use order::Ordered;
use ready::{Ready, ReadyOutput};
use reorder::Gate;
use writer::Writer;

use crate::archive::Kind;
use crate::outcome::{Failure, SkipReason, SourceName, Summary};
use crate::plan::{Destination, Ledger, OwnOutputs};
use crate::policy::{Existing, Replace};
use crate::report::Reporter;
use crate::sink::{Archive, Directory, Shards, Sink, SinkError, Stream, not_ours};
use crate::state::{Record, StateError};
use crate::walk::Input;
use crate::words;

/// Why a run could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The outputs cannot be saved any more.
    #[error("{error}")]
    Sink {
        /// What happened.
        error: SinkError,
        /// What was done until then.
        summary: Box<Summary>,
    },
    /// The state cannot be read or written any more.
    #[error("{error}")]
    State {
        /// What happened.
        error: StateError,
        /// What was done until then.
        summary: Box<Summary>,
    },
    /// Nothing was pruned, because it looks wrong.
    #[error("nothing is pruned: {error}")]
    Prune {
        /// What looks wrong.
        error: PruneError,
        /// What was done until then.
        summary: Box<Summary>,
    },
    /// A thread of the run died, an input was not answered, or the inputs are not those of a data set.
    #[error("{why}")]
    Halted {
        /// What happened.
        why: String,
        /// What was done until then.
        summary: Box<Summary>,
    },
    /// The workers could not be started, or too many of them hang.
    #[error("the workers could not be started: {0}")]
    Workers(String),
}

impl RunError {
    /// What was done until then.
    pub fn summary(&self) -> Option<&Summary> {
        match self {
            Self::Sink { summary, .. }
            | Self::State { summary, .. }
            | Self::Prune { summary, .. }
            | Self::Halted { summary, .. } => Some(summary),
            Self::Workers(_) => None,
        }
    }
}

/// What all threads share.
struct Shared {
    config: RunConfig,
    renderer: Box<dyn Renderer>,
    cancel: Cancel,
    /// For the bytes of sources: a quarter of the budget.
    source_bytes: Arc<Budget>,
    /// For pixels and encoded outputs: the rest.
    pixel_bytes: Arc<Budget>,
    reading: Ordered<()>,
    ledger: Ordered<Ledger>,
    /// Pixel bytes are drawn in order for sinks that take outputs in order: see `reorder`.
    pixels: Ordered<()>,
    gate: Gate,
    /// What is seen and is no input.
    passed: passed::Passed,
    /// The feeder is at its end, so that nothing is left to be counted.
    fed: AtomicBool,
    counted: AtomicU64,
    count_complete: AtomicBool,
    /// Digests of what this run does, with `--update`.
    recipes: Option<recipes::Recipes>,
    /// What the walk found, when it is over.
    walked: Mutex<Option<prune::Walked>>,
    /// Which worker is at what.
    watch: watch::Watch,
    /// Jobs that were handed out, and those of them that are answered.
    handed: AtomicU64,
    finished: AtomicU64,
    /// Workers that are at something which will end.
    working: AtomicU64,
    /// Threads that died.
    deaths: guarded::Deaths,
    /// Inputs that were found and not begun when the run ended early; and files that may be some.
    left: AtomicU64,
    left_maybe: AtomicU64,
}

impl Shared {
    /// All letters are dealt with in the order of the inputs, so that where failures end a run does not depend on the
    /// number of workers.
    fn is_strict(&self) -> bool {
        strict(&self.config)
    }

    /// An input was found, but the run ends before it.
    fn leave(&self, certain: bool) {
        let count = if certain { &self.left } else { &self.left_maybe };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn nobody_works(&self) -> bool {
        self.working.load(Ordering::Relaxed) == 0
    }
}

fn strict(config: &RunConfig) -> bool {
    config.fail_fast || config.max_failures.is_some()
}

/// A message about the job of this number; every job has exactly one, unless the run ends early.
type Letter = (Option<u64>, Message);

/// What the writer hears.
enum Message {
    Ready(Box<Ready>),
    Skipped {
        source: SourceName,
        reason: SkipReason,
    },
    Failed(Failure),
    Ignored,
    /// Something, and what is to be remembered of it.
    Recorded(Box<Message>, Box<Record>),
    /// Several at once.
    Many(Vec<Message>),
    /// The state cannot be read.
    Broken(StateError),
    /// The inputs are not those that the data set was made of.
    OtherInputs(String),
}

/// Runs with the recipe's renderer and the sink that the destination asks for, on the calling
/// thread and those it starts. Failures of single inputs are in the summary and told to the reporter.
///
/// # Errors
/// Only when nothing more can be saved.
pub fn run(mut config: RunConfig, reporter: &mut dyn Reporter, cancel: &Cancel) -> Result<Summary, RunError> {
    let renderer = Box::new(RecipeRenderer::new(config.recipe.clone(), config.limits));
    let broken = |error| RunError::Sink { error, summary: Box::default() };
    if let (Some(dataset), false) = (&mut config.dataset, config.dry_run) {
        let recipe = digest::recipe(&config.recipe);
        let mut sink = Shards::create(&dataset.dir, dataset.size, &recipe).map_err(broken)?;
        dataset.covered = sink.covered();
        return run_with(config, renderer, &mut sink, reporter, cancel);
    }
    match (&config.naming.destination, &config.archive) {
        (Destination::Archive(path), Some(options)) if !config.dry_run => {
            let replace = archive_replaces(config.naming.existing, path.as_deref(), options.kind).map_err(broken)?;
            let mut sink = Archive::create(path.as_deref(), options.kind, options.levels, replace).map_err(broken)?;
            run_with(config, renderer, &mut sink, reporter, cancel)
        }
        (Destination::Stdout, _) => run_with(config, renderer, &mut Stream(std::io::stdout()), reporter, cancel),
        _ => run_with(config, renderer, &mut Directory, reporter, cancel),
    }
}

/// What an archive may replace; an error where something stands in its way.
fn archive_replaces(existing: Existing, path: Option<&Path>, kind: Kind) -> Result<Replace, SinkError> {
    let Some(path) = path else { return Ok(Replace::Never) };
    let broken = |error| SinkError::Broken { path: path.to_path_buf(), error };
    match existing {
        Existing::Fail => Ok(Replace::Never),
        Existing::Replace => Ok(Replace::Any),
        Existing::Careful | Existing::Skip if path.symlink_metadata().is_err() => Ok(Replace::Own),
        Existing::Careful | Existing::Skip => match Archive::may_replace(path, kind).map_err(broken)? {
            true => Ok(Replace::Any),
            false => Err(broken(not_ours())),
        },
    }
}

/// A ledger that knows the files named on the command line before their turn comes. Not those that are
/// own outputs, which a second run replaces.
fn guarding(config: &RunConfig) -> Ledger {
    let mut ledger = Ledger::new(config.dry_run);
    let mut own = OwnOutputs::new(&config.naming);
    for input in &config.inputs {
        if let Input::Path(path) = input
            && !(config.skip_own && own.contain(path))
        {
            ledger.guard(path);
        }
    }
    if let Destination::Archive(Some(path)) = &config.naming.destination {
        // An output of this run, should a list name it; nothing was claimed that could be in its way.
        let _ = ledger.claim(&[path], 0);
    }
    ledger
}

/// Like [`run`], with a renderer and a sink of the caller's.
///
/// # Errors
/// Only when nothing more can be saved.
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
        gate: Gate::new(sink.in_order() || config.dry_run || strict(&config)),
        passed: passed::Passed::default(),
        fed: AtomicBool::new(false),
        counted: AtomicU64::new(0),
        count_complete: AtomicBool::new(false),
        working: AtomicU64::new(0),
        deaths: guarded::Deaths::default(),
        left: AtomicU64::new(0),
        left_maybe: AtomicU64::new(0),
        recipes: config.nightly.update.is_some().then(|| recipes::Recipes::new(&config)),
        walked: Mutex::new(None),
        watch: watch::Watch::new(config.nightly.timeout),
        handed: AtomicU64::new(0),
        finished: AtomicU64::new(0),
        config,
    });
    // Long enough that a worker seldom waits for the feeder, short enough to forget.
    let (job_sender, jobs) = bounded(4 * workers + 16);
    let (done_sender, done) = bounded(2 * workers + 2);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(workers)
        .thread_name(|n| format!("thumbs-worker-{n}"))
        .build()
        .map_err(|e| RunError::Workers(reason(&e)))?;
    // One endless task a thread: nothing is queued that rayon could steal while one waits.
    let (worker_shared, worker_done) = (Arc::clone(&shared), done_sender.clone());
    let spare = shared.watch.timeout().map(|_| (Arc::clone(&shared), jobs.clone(), done_sender.clone()));
    let replace = move || {
        let Some((shared, jobs, done)) = spare.clone() else { return false };
        let thread = std::thread::Builder::new().name("thumbs-worker-again".to_owned());
        // The senders are dropped behind the guard: who finds the channel closed finds the death noted.
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
    if let (Some(delay), true) = (shared.config.count_ahead, shared.config.lists.is_empty()) {
        let shared = Arc::clone(&shared);
        let count = move || guarded(&shared, "counts inputs", || feeder::count(&shared, delay));
        start("thumbs-counter", Box::new(count))?;
    }
    let fed = Arc::clone(&shared);
    let feed = move || guarded(&fed, "finds inputs", || feeder::feed(&fed, &job_sender, &done_sender));
    // Not joined: one that waits for standard input cannot be woken. How it ended, `deaths` and `walked` tell.
    start("thumbs-feeder", Box::new(feed))?;
    let writer = Writer::new(&shared, sink, reporter).map_err(|e| RunError::Workers(words::system_words(&e)))?;
    writer.write(done, &replace)
}

/// Does the work of a thread of ours, whose death ends the run.
fn guarded(shared: &Shared, what: &str, work: impl FnOnce()) {
    shared.deaths.guard(what, &shared.cancel, work);
}

/// The system's answer behind an error of the thread pool.
fn reason(error: &rayon::ThreadPoolBuildError) -> String {
    let system = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    system.map_or_else(|| "there are no threads".to_owned(), words::system_words)
}

#[cfg(test)]
mod tests;
