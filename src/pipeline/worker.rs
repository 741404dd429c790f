//! One input from its name to encoded outputs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::budget::{OverCeiling, Share};
use super::feeder::{Job, Packed};
use super::order::Turn;
use super::{Letter, Message, Ready, Shared};
use crate::format;
use crate::outcome::{Failure, SkipReason, Stage, Stop, TimeSpent};
use crate::plan::{Admission, Ledger, Plan, PlannedOutput};
use crate::source::{Facts, Source, SourceError};
use crate::words;

/// What ends the way of an input before its outputs are encoded.
enum End {
    Skipped(SkipReason),
    Failed(Stage, String),
    /// Of a walk, and no picture.
    Ignored,
}

impl From<SourceError> for End {
    fn from(error: SourceError) -> Self {
        Self::Failed(Stage::Read, error.to_string())
    }
}

/// How often a worker without a job looks whether the run is to end.
const LOOK: Duration = Duration::from_millis(50);

/// A worker that counts as working.
struct Working<'a>(&'a Shared);

impl<'a> Working<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.working.fetch_add(1, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Takes jobs until there are none.
pub fn work(shared: &Shared, jobs: &Receiver<Job>, done: &Sender<Letter>) {
    let mut waiting = Instant::now();
    loop {
        let mut job = match jobs.recv_timeout(LOOK) {
            Ok(job) => job,
            Err(RecvTimeoutError::Disconnected) => return,
            // A feeder that waits for standard input would hold everyone.
            Err(RecvTimeoutError::Timeout) if shared.cancel.is_set() => return,
            Err(RecvTimeoutError::Timeout) => continue,
        };
        let waited = waiting.elapsed();
        // Nobody can be woken from reading standard input, so that is not waited for.
        let working = job.found.path.as_ref().map(|_| Working::new(shared));
        // Also of jobs that are dropped the turns must be passed; `Turn` does that.
        let packed = job.packed.take();
        let turns = Turns::new(shared, &job, packed.as_ref().is_some_and(Packed::has_drawn));
        if shared.cancel.is_set() || !shared.gate.pass(job.number, &shared.cancel) {
            continue;
        }
        let mut spent = TimeSpent { waiting: waited, ..TimeSpent::default() };
        let outcome = catch_unwind(AssertUnwindSafe(|| process(shared, &job, packed, turns, &mut spent)));
        let source = job.source();
        let message = match outcome {
            Ok(Ok(ready)) => Message::Ready(Box::new(Ready { spent, ..ready })),
            Ok(Err(End::Ignored)) => Message::Ignored,
            Ok(Err(End::Skipped(reason))) => Message::Skipped { source, reason },
            Ok(Err(End::Failed(stage, error))) => Message::Failed(Failure { source, stage, error }),
            Err(panic) => {
                let error = format!("the decoder or encoder gave up: {}", panic_words(&*panic));
                Message::Failed(Failure { source, stage: Stage::Decode, error })
            }
        };
        if done.send((Some(job.number), message)).is_err() {
            return;
        }
        drop(working);
        waiting = Instant::now();
    }
}

fn panic_words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no reason given").replace('\n', " ")
}

/// The sections that an input passes in the inputs' order.
struct Turns<'a> {
    /// Source bytes are drawn in order: an input that waits to claim its outputs holds some, and
    /// must not keep one before it from getting its own.
    /// The feeder passed for a member whose bytes it has read.
    bytes: Option<Turn<'a, ()>>,
    claims: Claims<'a>,
    pixels: Turn<'a, ()>,
}

/// An input's turn to claim its outputs. One that fails before still was an input, and nothing may replace it.
struct Claims<'a> {
    turn: Option<Turn<'a, Ledger>>,
    path: Option<&'a Path>,
}

impl Claims<'_> {
    fn take<R>(mut self, work: impl FnOnce(&mut Ledger) -> R) -> R {
        self.turn.take().expect("a turn is taken once").take(work)
    }
}

impl Drop for Claims<'_> {
    fn drop(&mut self) {
        if let (Some(turn), Some(path)) = (self.turn.take(), self.path) {
            turn.take(|ledger| ledger.guard(path));
        }
    }
}

impl<'a> Turns<'a> {
    fn new(shared: &'a Shared, job: &'a Job, drawn: bool) -> Self {
        let number = job.number;
        let turn = Some(Turn::new(&shared.ledger, number));
        Self {
            bytes: (!drawn).then(|| Turn::new(&shared.reading, number)),
            claims: Claims { turn, path: job.found.path.as_deref() },
            pixels: Turn::new(&shared.pixels, number),
        }
    }
}

fn process(
    shared: &Shared,
    job: &Job,
    packed: Option<Packed>,
    turns: Turns<'_>,
    spent: &mut TimeSpent,
) -> Result<Ready, End> {
    let begin = Instant::now();
    let config = &shared.config;
    if let Some(dataset) = &config.dataset {
        if let Some(shard) = dataset.covered.contradicts(job.number, job.found.path.as_deref()) {
            // Every number would mean another input than it did.
            shared.cancel.stop(Stop::FirstFailure);
            let error = format!("the inputs are not those {shard} was made of; make a new data set");
            return Err(End::Failed(Stage::Plan, error));
        }
        if dataset.covered.has(job.number) {
            return Err(End::Skipped(SkipReason::Exists));
        }
    }
    let member = packed.is_some();
    let (mut source, mut held) = match (packed, &job.found.path) {
        (Some(Packed::Bytes { source, share }), _) => (source, Some(share)),
        (Some(Packed::Zip { entry, facts }), _) => {
            let content = entry.open().map_err(SourceError::from)?;
            (Source::packed(Box::new(content), facts), None)
        }
        (Some(Packed::Broken { error, .. }), _) => return Err(End::Failed(Stage::Read, error)),
        (None, Some(path)) => (Source::open(path, config.limits.max_file_size)?, None),
        (None, None) => (Source::stdin(config.limits.max_file_size), None),
    };
    let facts = *source.facts();
    let mut clock = begin;
    let mut lap = |slot: &mut Duration| {
        let now = Instant::now();
        *slot += now - clock;
        clock = now;
    };
    lap(&mut spent.reading);
    if let Some(turn) = turns.bytes {
        let share = turn.take(|()| shared.source_bytes.draw(facts.len));
        held = Some(share.map_err(|e| End::Failed(Stage::Decode, too_large("its file", facts.len, e)))?);
    }
    lap(&mut spent.waiting);
    let mut bytes = source.head()?;
    let known = format::sniff(&bytes).is_some();
    if !known && !job.found.certain {
        return Err(End::Ignored);
    }
    // What is no picture is not worth reading on; `open` says what it seems to be.
    if known {
        source.rest(&mut bytes)?;
    }
    drop(source);
    lap(&mut spent.reading);

    let opened = shared.renderer.open(&bytes).map_err(|e| End::Failed(Stage::Decode, e.to_string()))?;
    lap(&mut spent.decoding);
    let outputs = turns.claims.take(|ledger| plan(shared, job, member, opened.variants(), ledger));
    lap(&mut spent.waiting);
    let outputs = outputs?;

    let header = opened.header();
    let mut ready = Ready {
        source: job.source(),
        facts,
        outputs: Vec::new(),
        source_format: header.format,
        source_size: header.size,
        source_bytes: bytes.len() as u64,
        shrink: 1.0,
        notes: Vec::new(),
        sha256: config.dataset.as_ref().map(|_| super::digest::sha256(&bytes)),
        begin,
        spent: TimeSpent::default(),
        share: None,
    };
    if config.dry_run {
        let planned = |o: PlannedOutput| {
            let variant = &opened.variants()[o.variant];
            (o, variant.format, variant.size, Vec::new())
        };
        ready.outputs = outputs.into_iter().map(planned).collect();
        return Ok(ready);
    }

    let need = opened.memory();
    let mut share = turns
        .pixels
        .take(|()| shared.pixel_bytes.draw(need))
        .map_err(|e| End::Failed(Stage::Decode, too_large("decoding it", need, e)))?;
    lap(&mut spent.waiting);
    let wanted: Vec<usize> = outputs.iter().map(|o| o.variant).collect();
    let rendered = opened.render(&wanted, None).map_err(|e| End::Failed(stage_of(e.stage()), e.to_string()))?;
    spent.decoding += rendered.times.decode;
    spent.resizing += rendered.times.resize;
    spent.encoding += rendered.times.encode;
    ready.shrink = rendered.shrink;
    ready.notes = rendered.notes;
    drop(opened);
    drop((bytes, held));
    for encoded in rendered.outputs {
        let output = outputs.iter().find(|o| o.variant == encoded.variant);
        if let Some(output) = output {
            ready.outputs.push((output.clone(), encoded.format, encoded.size, encoded.bytes));
        }
    }
    // From here to the writer only the encoded bytes are held.
    share.keep(ready.outputs.iter().map(|o| o.3.len() as u64).sum());
    ready.share = Some(share);
    Ok(ready)
}

fn plan(
    shared: &Shared,
    job: &Job,
    member: bool,
    variants: &[crate::render::PlannedVariant],
    ledger: &mut Ledger,
) -> Result<Vec<PlannedOutput>, End> {
    let naming = &shared.config.naming;
    let number = match &job.found.path {
        None => ledger.admit_stdin(),
        Some(path) => match ledger.admit(path) {
            Admission::New(number) => number,
            // A file named twice is one file; two members of one name are two pictures.
            Admission::Duplicate if member => {
                let error = "the archive holds a member of this name before it";
                return Err(End::Failed(Stage::Plan, error.to_owned()));
            }
            Admission::Duplicate => return Err(End::Skipped(SkipReason::Duplicate)),
            Admission::OwnOutput => return Err(End::Skipped(SkipReason::OwnOutput)),
        },
    };
    let path: Option<&Path> = job.found.path.as_deref();
    if let Some(path) = path.filter(|_| job.found.link) {
        ledger.guard_target(path);
    }
    let failed = |e: crate::plan::PlanError| End::Failed(Stage::Plan, e.to_string());
    if let Some(dataset) = &shared.config.dataset {
        let extension = variants.first().map_or("", |v| v.format.extension());
        let path = dataset.dir.join(crate::sink::shards::member(job.number, extension));
        return Ok(vec![PlannedOutput { variant: 0, path, replace: false }]);
    }
    let outputs = naming.name(path, &job.found.below, variants).map_err(failed)?;
    match naming.settle(outputs, number, ledger).map_err(failed)? {
        Plan::Make(outputs) => Ok(outputs),
        Plan::AllExist => Err(End::Skipped(SkipReason::Exists)),
    }
}

fn stage_of(word: &str) -> Stage {
    match word {
        "resize" => Stage::Resize,
        "encode" => Stage::Encode,
        _ => Stage::Decode,
    }
}

pub fn too_large(what: &str, bytes: u64, over: OverCeiling) -> String {
    let (bytes, ceiling) = (words::bytes(bytes), words::bytes(over.ceiling));
    format!("{what} needs {bytes} of memory, over the limit of {ceiling} (--memory)")
}

// Held by messages until their outputs are saved.
pub type Held = Option<Share>;
/// Kept apart so that the sink can be told of permissions.
pub type SourceFacts = Facts;
