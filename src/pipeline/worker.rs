//! One input from its name to encoded outputs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::budget::{OverCeiling, Share};
use super::feeder::{Job, Packed};
use super::lookup::{Before, Unchanged};
use super::order::Turn;
use super::{Letter, Message, Ready, Shared};
use crate::codec::DecodeError;
use crate::format;
use crate::outcome::{Failure, SkipReason, SourceName, Stage, Stop, TimeSpent};
use crate::plan::{Admission, Ledger, Plan, PlannedOutput};
use crate::render::RenderError;
use crate::source::{Facts, Source, SourceError};
use crate::state::digest::{self, Content};
use crate::state::{Kind, Record, Seen, Written};
use crate::walk::real_path;
use crate::words;

/// What ends the way of an input before its outputs are encoded.
enum End {
    Skipped(SkipReason),
    /// As before, which only its content told, and what is to be remembered of that.
    Unchanged(SkipReason, Box<Record>),
    Failed(Stage, String),
    /// Of a walk, and no picture.
    Ignored,
}

impl From<SourceError> for End {
    fn from(error: SourceError) -> Self {
        Self::Failed(Stage::Read, error.to_string())
    }
}

/// What a worker learns of an input on the way, for `--update`.
#[derive(Default)]
struct Trace {
    seen: Option<Seen>,
    digest: Option<Content>,
    /// It would fail again.
    lasting: bool,
}

impl Trace {
    /// The message with what is to be remembered, where that is wanted. Of failures those with `words`.
    fn with(&self, job: &Job, kind: Kind, words: Option<String>, message: Message) -> Message {
        match self.record(job, kind) {
            Some(record) if kind != Kind::Failed || words.is_some() => {
                Message::Recorded(Box::new(message), Box::new(Record { error: words, ..record }))
            }
            _ => message,
        }
    }

    fn record(&self, job: &Job, kind: Kind) -> Option<Record> {
        let (before, source, seen) = (job.before.as_ref()?, job.found.path.clone()?, self.seen?);
        let (recipe, digest) = (before.recipe, self.digest);
        Some(Record { source, recipe, kind, seen, digest, error: None, outputs: Vec::new() })
    }
}

/// Admits inputs that need not be opened, with their outputs, as if they had been.
fn pass_over(ledger: &mut Ledger, list: Vec<Unchanged>) -> Vec<Message> {
    let pass = |Unchanged { path, reason, outputs }: Unchanged| {
        let admission = ledger.admit(&path);
        let source = SourceName::File(path);
        let number = match admission {
            Admission::New(number) => number,
            Admission::Duplicate => return Message::Skipped { source, reason: SkipReason::Duplicate },
            Admission::OwnOutput => return Message::Skipped { source, reason: SkipReason::OwnOutput },
        };
        let outputs: Vec<&Path> = outputs.iter().map(PathBuf::as_path).collect();
        match ledger.claim(&outputs, number) {
            Ok(()) => Message::Skipped { source, reason },
            Err(error) => Message::Failed(Failure { source, stage: Stage::Plan, error: error.to_string() }),
        }
    };
    list.into_iter().map(pass).collect()
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

impl Working<'_> {
    /// Whoever gave it up has counted it off.
    fn forget(self) {
        std::mem::forget(self);
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
        let unchanged = std::mem::take(&mut job.unchanged);
        let turns = Turns::new(shared, &job, packed.as_ref().is_some_and(Packed::has_drawn));
        if shared.cancel.is_set() || !shared.gate.pass(job.number, &shared.cancel) {
            continue;
        }
        if !unchanged.is_empty() {
            let messages = turns.claims.take(|ledger| pass_over(ledger, unchanged));
            if done.send((Some(job.number), Message::Many(messages))).is_err() {
                return;
            }
            shared.finished.fetch_add(1, Ordering::Release);
            continue;
        }
        let mut trace = Trace::default();
        let mut spent = TimeSpent { waiting: waited, ..TimeSpent::default() };
        if working.is_some() {
            shared.watch.begin(job.number, &job.source());
        }
        let work = || process(shared, &job, packed, turns, &mut spent, &mut trace);
        let outcome = catch_unwind(AssertUnwindSafe(work));
        let source = job.source();
        let message = match outcome {
            Ok(Ok(ready)) => Message::Ready(Box::new(Ready { spent, ..ready })),
            Ok(Err(End::Ignored)) => trace.with(&job, Kind::NoPicture, None, Message::Ignored),
            Ok(Err(End::Skipped(reason))) => Message::Skipped { source, reason },
            Ok(Err(End::Unchanged(reason, record))) => {
                Message::Recorded(Box::new(Message::Skipped { source, reason }), record)
            }
            Ok(Err(End::Failed(stage, error))) => {
                let lasting = !matches!(stage, Stage::Walk | Stage::Read | Stage::Plan | Stage::Write);
                let words = (lasting || trace.lasting).then(|| error.clone());
                trace.with(&job, Kind::Failed, words, Message::Failed(Failure { source, stage, error }))
            }
            Err(panic) => {
                let error = format!("the decoder or encoder gave up: {}", panic_words(&*panic));
                let failure = Failure { source, stage: Stage::Decode, error: error.clone() };
                trace.with(&job, Kind::Failed, Some(error), Message::Failed(failure))
            }
        };
        let letter = (Some(job.number), message);
        if let Some(working) = working {
            if !shared.watch.end(job.number) {
                // Replaced, and its input has failed.
                working.forget();
                return;
            }
            if done.send(letter).is_err() {
                return;
            }
        } else if done.send(letter).is_err() {
            return;
        }
        shared.finished.fetch_add(1, Ordering::Release);
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
            // Not where the turn was given up, whose end may be near.
            turn.try_take(|ledger| ledger.guard(path));
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
    trace: &mut Trace,
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
        (None, Some(path)) => {
            let opened = Source::open(path, config.limits.max_file_size).inspect_err(|error| {
                if let (SourceError::TooLarge { .. }, Ok(metadata)) = (error, std::fs::metadata(path)) {
                    trace.seen = Some(Seen::at(&Facts::from(&metadata), SystemTime::now()));
                    trace.lasting = true;
                }
            });
            (opened?, None)
        }
        (None, None) => (Source::stdin(config.limits.max_file_size), None),
    };
    let facts = *source.facts();
    trace.seen = Some(Seen::at(&facts, SystemTime::now()));
    let mut clock = begin;
    let mut lap = |slot: &mut Duration| {
        let now = Instant::now();
        *slot += now - clock;
        clock = now;
    };
    lap(&mut spent.reading);
    if let Some(turn) = turns.bytes {
        shared.watch.pause(job.number);
        let share = turn.take(|()| shared.source_bytes.draw(facts.len));
        held = Some(share.map_err(|e| End::Failed(Stage::Decode, too_large("its file", facts.len, e)))?);
        shared.watch.go_on(job.number);
    }
    lap(&mut spent.waiting);
    let mut bytes = source.head()?;
    let known = format::sniff(&bytes).is_some();
    if !known && !job.found.certain {
        trace.digest = job.before.is_some().then(|| digest::content(&bytes));
        return Err(End::Ignored);
    }
    // What is no picture is not worth reading on; `open` says what it seems to be.
    if known {
        source.rest(&mut bytes)?;
    }
    drop(source);
    lap(&mut spent.reading);
    let mut same = None;
    if let Some(before) = &job.before {
        trace.digest = Some(digest::content(&bytes));
        same = unchanged(shared, job, before, trace);
    }
    if let Some((reason, record)) = same {
        let outputs = record.outputs.iter().map(|o| o.path.clone()).collect();
        let pass = vec![Unchanged { path: record.source.clone(), reason, outputs }];
        return Err(match turns.claims.take(|ledger| pass_over(ledger, pass)).pop() {
            Some(Message::Failed(failure)) => End::Failed(failure.stage, failure.error),
            Some(Message::Skipped { reason, .. }) => End::Unchanged(reason, Box::new(record)),
            _ => End::Ignored,
        });
    }

    shared.watch.note(job.number, || trace.record(job, Kind::Failed));
    let opened = shared.renderer.open(&bytes).map_err(|e| End::Failed(Stage::Decode, e.to_string()))?;
    lap(&mut spent.decoding);
    shared.watch.pause(job.number);
    let outputs = turns.claims.take(|ledger| plan(shared, job, member, opened.variants(), ledger));
    lap(&mut spent.waiting);
    let mut outputs = outputs?;
    let wanted: Vec<usize> = outputs.iter().map(|o| o.variant).collect();
    let mut record = trace.record(job, Kind::Made);
    if let (Some(record), Some(before), Some(recipes)) = (&mut record, &job.before, &shared.recipes) {
        let shrink = opened.shrink(&wanted);
        let variants = opened.variants();
        let digest = |o: &PlannedOutput| {
            let variant = &variants[o.variant];
            recipes.common().variant(variant.size_index, variant.format, shrink)
        };
        outputs.retain_mut(|output| {
            output.digest = digest(output);
            let standing = standing(before, trace, output);
            let make = standing.is_none();
            record.outputs.extend(standing);
            make
        });
        if outputs.is_empty() && !record.outputs.is_empty() {
            return Err(End::Unchanged(SkipReason::UpToDate, Box::new(record.clone())));
        }
    }

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
        record,
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
    // All of them, also those that stand: what else is wanted decides how large the source is decoded.
    let deadline = shared.watch.go_on(job.number);
    let overdue = || deadline.is_some_and(|d| Instant::now() >= d);
    let rendered = opened.render(&wanted, Some(&overdue)).map_err(|error| match error {
        RenderError::Decode(DecodeError::Interrupted) => End::Failed(Stage::Decode, shared.watch.words()),
        error => End::Failed(stage_of(error.stage()), error.to_string()),
    })?;
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
        return Ok(vec![PlannedOutput { variant: 0, path, replace: false, digest: 0 }]);
    }
    let outputs = naming.name(path, &job.found.below, variants).map_err(failed)?;
    let wrote = |path: &Path| {
        let update = shared.config.nightly.update.as_ref();
        update.is_some_and(|u| u.state().wrote(path).unwrap_or(false))
    };
    match naming.settle(outputs, number, ledger, &wrote).map_err(failed)? {
        Plan::Make(outputs) => Ok(outputs),
        Plan::AllExist => Err(End::Skipped(SkipReason::Exists)),
    }
}

/// Whether the content tells that nothing is to be done, although size and times do not.
fn unchanged(shared: &Shared, job: &Job, before: &Before, trace: &Trace) -> Option<(SkipReason, Record)> {
    let retry = shared.config.nightly.update.as_ref().is_some_and(|u| u.retry_failed);
    let row = before.rows.iter().find(|r| before.check && r.recipe == before.recipe && r.digest == trace.digest)?;
    row.digest?;
    let reason = match row.kind {
        Kind::Made if row.outputs.iter().all(Written::stands) => SkipReason::UpToDate,
        Kind::Failed if !retry => SkipReason::FailedBefore,
        _ => return None,
    };
    let record = trace.record(job, row.kind)?;
    Some((reason, Record { outputs: row.outputs.clone(), ..record }))
}

/// An output as an earlier run wrote it from this very content in this very way, if it stands.
fn standing(before: &Before, trace: &Trace, output: &PlannedOutput) -> Option<Written> {
    trace.digest?;
    let (dir, name) = (real_path(output.path.parent().unwrap_or(Path::new(""))), output.path.file_name()?);
    let path = dir.join(name);
    let mut rows = before.rows.iter().filter(|r| r.kind == Kind::Made && r.digest == trace.digest);
    rows.find_map(|r| r.outputs.iter().find(|o| o.path == path && o.variant == output.digest && o.stands()).cloned())
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
