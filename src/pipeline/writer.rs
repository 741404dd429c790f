//! The writer: saves outputs, counts and reports.

mod ending;

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::batch::Batch;
use super::broken::Broken;
use super::committer::Committer;
use super::nightly::{Prune, Update};
use super::prune::{self, Place};
use super::reorder::Window;
use super::watch::MOST_LOST;
use super::{Letter, Message, Ready, RunError, Shared, digest};
use crate::outcome::{Done, Failure, SkipReason, SourceName, Stage, Stop, Summary};
use crate::plan::Destination;
use crate::policy::Replace;
use crate::report::{Event, Progress, Reporter};
use crate::sink::{Entry, Sink, SinkError, mark, remove_stale};
use crate::state::Record;
use crate::walk::real_path;
use ending::counts;

/// How often progress is reported.
const TICK: Duration = Duration::from_millis(100);

pub struct Writer<'a> {
    shared: &'a Shared,
    sink: &'a mut dyn Sink,
    reporter: &'a mut dyn Reporter,
    /// For a sink that takes outputs in the order of the inputs.
    window: Option<Window<Message>>,
    /// Whether all messages are processed in that order, not only outputs.
    strict: bool,
    /// Since when the run should end.
    stopped: Option<Instant>,
    summary: Summary,
    start: Instant,
    last_tick: Instant,
    /// With `--update` or `--fsync`: the current batch, and the committer that saves it.
    batch: Option<Batch>,
    committer: Option<Committer>,
    /// Inputs whose outputs are held back or being saved.
    held: u64,
    /// Directories without stale temporary files, by a hash of their paths.
    swept: HashSet<u64>,
    hasher: RandomState,
    /// The highest ID in the state before the run.
    last_id: i64,
    /// The number of abandoned workers.
    lost: usize,
}

impl<'a> Writer<'a> {
    /// # Errors
    /// The system cannot start a thread.
    pub fn new(shared: &'a Arc<Shared>, sink: &'a mut dyn Sink, reporter: &'a mut dyn Reporter) -> io::Result<Self> {
        let start = Instant::now();
        let config = &shared.config;
        let wanted = config.nightly.update.is_some() || config.nightly.fsync;
        // A dry run is read by people, so it is in order too.
        let strict = shared.is_strict();
        let window = (sink.in_order() || config.dry_run || strict).then(Window::new);
        let files = is_directory(&config.naming.destination) && config.dataset.is_none();
        let batch = (wanted && !config.dry_run && files).then(|| Batch::new(config.nightly.fsync));
        let committer = if batch.is_some() { Some(Committer::start(Arc::clone(shared))?) } else { None };
        Ok(Self {
            shared,
            sink,
            reporter,
            window,
            strict,
            stopped: None,
            summary: Summary::default(),
            start,
            last_tick: start,
            batch,
            committer,
            held: 0,
            swept: HashSet::new(),
            hasher: RandomState::new(),
            last_id: 0,
            lost: 0,
        })
    }

    /// Processes messages until all senders are gone or the sink breaks. `replace` starts a worker
    /// in place of one that hangs.
    pub fn write(mut self, done: Receiver<Letter>, replace: &dyn Fn() -> bool) -> Result<Summary, RunError> {
        let mut broken: Option<Broken> = None;
        if let Some(update) = self.update() {
            let noted = match &self.shared.config.naming.destination {
                Destination::Directory(dir) => update.state().note_destination(&real_path(dir)),
                _ => Ok(()),
            };
            match noted.and_then(|()| update.state().last_id()) {
                Ok(id) => self.last_id = id,
                Err(error) => {
                    self.shared.cancel.broken();
                    broken = Some(error.into());
                }
            }
        }
        while broken.is_none() {
            self.look_at_the_clock();
            match done.recv_timeout(TICK) {
                Ok((number, message)) => {
                    if let Err(error) = self.take(number, message) {
                        self.shared.cancel.broken();
                        broken = Some(error);
                        break;
                    }
                }
                // After a request to end, a feeder or worker may still wait for standard input.
                Err(RecvTimeoutError::Timeout) if self.nothing_more_comes() => break,
                // Workers that hang never disconnect.
                Err(RecvTimeoutError::Timeout) if self.all_answered() && done.is_empty() => break,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if let Err(error) = self.commit_if_due() {
                self.shared.cancel.broken();
                broken = Some(error);
            }
            if self.last_tick.elapsed() >= TICK {
                self.tick();
                if let Err(error) = self.give_up(replace) {
                    self.shared.cancel.broken();
                    broken = Some(error);
                }
            }
        }
        // This tells the remaining senders that nobody listens.
        drop(done);
        // Even after an error, complete outputs are kept if possible.
        let flushed = self.flush();
        if broken.is_none() {
            broken = flushed.err();
        }
        if broken.is_none() {
            broken = self.lost_work().map(Broken::Halted);
        }
        self.check_failures(true);
        (self.summary.left, self.summary.left_exact) = self.left();
        self.summary.stopped = self.stopped();
        if broken.is_none() && self.came_to_a_good_end() {
            broken = self.sink.finish().err().map(Broken::Sink);
        } else {
            self.summary.abandoned = self.sink.abandon();
        }
        if broken.is_none() && self.summary.stopped.is_none() {
            broken = self.prune().err();
        }
        self.tick();
        self.summary.elapsed = self.start.elapsed();
        self.summary.searched = broken.is_none() && self.shared.fed.load(Ordering::Relaxed);
        self.shared.passed.sum(&mut self.summary);
        self.reporter.finished(&self.summary);
        match broken {
            None => Ok(self.summary),
            Some(broken) => Err(broken.into_error(self.summary)),
        }
    }

    fn look_at_the_clock(&self) {
        if self.shared.config.nightly.max_time.is_some_and(|most| self.start.elapsed() >= most) {
            self.shared.cancel.stop(Stop::OutOfTime);
        }
    }

    fn tick(&mut self) {
        self.last_tick = Instant::now();
        self.reporter.progress(&Progress {
            dealt_with: self.summary.dealt_with() + self.held,
            failed: self.summary.failed,
            counted: self.shared.counted.load(Ordering::Relaxed),
            count_complete: self.shared.count_complete.load(Ordering::Relaxed),
            elapsed: self.start.elapsed(),
            stopping: self.shared.cancel.reason(),
        });
    }

    /// Fails overdue inputs and replaces their workers.
    fn give_up(&mut self, replace: &dyn Fn() -> bool) -> Result<(), Broken> {
        for (number, running) in self.shared.watch.overdue() {
            let shared = self.shared;
            shared.reading.skip(number);
            shared.ledger.skip(number);
            shared.pixels.skip(number);
            shared.working.fetch_sub(1, Ordering::Relaxed);
            shared.finished.fetch_add(1, Ordering::Release);
            self.lost += 1;
            let error = shared.watch.words();
            if let (Some(batch), Some(record)) = (&mut self.batch, running.record) {
                if self.shared.config.nightly.update.is_some() {
                    batch.remember(Record { error: Some(error.clone()), ..record });
                }
            }
            self.take(Some(number), Message::Failed(Failure { source: running.source, stage: Stage::Decode, error }))?;
            if self.lost > MOST_LOST || !replace() {
                return Err(Broken::Stuck(self.lost));
            }
        }
        Ok(())
    }

    fn update(&self) -> Option<&'a Update> {
        self.shared.config.nightly.update.as_ref()
    }

    fn take(&mut self, number: Option<u64>, message: Message) -> Result<(), Broken> {
        let (Some(window), Some(number)) = (&mut self.window, number) else { return self.deal_with(message) };
        // Otherwise only outputs wait, and failures are reported at once.
        if self.strict || matches!(message, Message::Ready(_)) {
            window.arrive(number, Some(message));
        } else {
            window.arrive(number, None);
            self.deal_with(message)?;
        }
        while let Some(message) = self.window.as_mut().and_then(|window| window.next(&self.shared.gate)) {
            self.deal_with(message)?;
        }
        Ok(())
    }

    fn deal_with(&mut self, message: Message) -> Result<(), Broken> {
        // Work in progress beside the failure that ended the run is dropped, so that the run ends
        // at the same input with any number of workers.
        if self.strict && matches!(self.shared.cancel.reason(), Some(Stop::FirstFailure | Stop::TooManyFailures)) {
            if counts(&message) {
                self.shared.leave(true);
            }
            return Ok(());
        }
        match message {
            Message::Ignored => self.shared.passed.no_picture(),
            Message::Skipped { source, reason } => self.skip(&source, reason),
            Message::Kept(done, reason) => {
                self.sweep_beside(&done.source);
                self.summary.skipped += 1;
                self.reporter.event(&Event::Kept(&done, reason));
            }
            Message::Many(messages) => {
                for message in messages {
                    self.deal_with(message)?;
                }
            }
            Message::Recorded(message, record) => {
                if let (Some(batch), Some(_)) = (&mut self.batch, self.shared.config.nightly.update.as_ref()) {
                    batch.remember(*record);
                }
                self.deal_with(*message)?;
            }
            Message::Broken(error) => return Err(error.into()),
            Message::OtherInputs(why) => return Err(Broken::Halted(why)),
            Message::Failed(failure) => self.fail(&failure),
            Message::Ready(ready) => self.save(*ready)?,
        }
        Ok(())
    }

    fn skip(&mut self, source: &SourceName, reason: SkipReason) {
        self.sweep_beside(source);
        self.summary.skipped += 1;
        self.summary.failed_before += u64::from(reason == SkipReason::FailedBefore);
        self.reporter.event(&Event::Skipped(source, reason));
    }

    /// Hands over a batch when it is due, and processes the outcomes of earlier ones.
    fn commit_if_due(&mut self) -> Result<(), Broken> {
        if self.batch.as_ref().is_some_and(Batch::is_due) {
            self.hand_over();
        }
        self.hear(false)
    }

    fn hand_over(&mut self) {
        let batch = self.batch.as_mut().and_then(Batch::take);
        if let (Some(batch), Some(committer)) = (batch, &mut self.committer) {
            committer.commit(batch);
        }
    }

    /// Saves and records everything that was held back.
    fn flush(&mut self) -> Result<(), Broken> {
        self.hand_over();
        self.hear(true)
    }

    /// Counts and reports committed batches; with `wait`, all of them.
    fn hear(&mut self, wait: bool) -> Result<(), Broken> {
        let mut broken = None;
        while let Some(committer) = &mut self.committer {
            let outcome = match committer.outcome(wait) {
                Ok(Some(outcome)) => outcome,
                Ok(None) => break,
                Err(words) => {
                    return Err(Broken::Halted(words));
                }
            };
            self.summary.spent.writing += outcome.took;
            self.summary.unsynced |= outcome.unsynced;
            for (done, result) in outcome.through {
                self.held = self.held.saturating_sub(1);
                match result {
                    Ok(()) => self.saved(&done),
                    Err(error) => broken = self.unsaved(done.source, error).err().map(Broken::Sink).or(broken),
                }
            }
            broken = outcome.recorded.err().map(Broken::State).or(broken);
        }
        broken.map_or(Ok(()), Err)
    }

    fn prune(&mut self) -> Result<(), Broken> {
        let shared = self.shared;
        let Some(update) = self.update().filter(|u| u.prune != Prune::No) else { return Ok(()) };
        let walked = shared.walked.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(walked) = walked else { return Ok(()) };
        let (summary, reporter) = (&mut self.summary, &mut *self.reporter);
        let mut gone = |path: &std::path::Path| {
            summary.pruned += 1;
            reporter.event(&Event::Pruned(path));
        };
        // Claimed paths belong to this run, or are inputs.
        let mut is_free = |path: &std::path::Path| shared.ledger.at_the_end(|l| l.claim(&[path], 0).is_ok());
        let (dry_run, last, place) = (shared.config.dry_run, self.last_id, Place::of(&shared.config.naming));
        let job = prune::Job { dry_run, last, place, is_free: &mut is_free };
        Ok(prune::prune(update, &walked, job, &mut gone)?)
    }

    /// Removes temporary files that a killed run left where this run is about to write.
    fn sweep(&mut self, ready: &Ready) {
        if !is_directory(&self.shared.config.naming.destination) {
            return;
        }
        for output in &ready.outputs {
            self.sweep_dir(output.plan.path.parent().unwrap_or(Path::new("")));
        }
    }

    /// In place, also where nothing is replaced: what a killed run left may be an original.
    fn sweep_beside(&mut self, source: &SourceName) {
        let config = &self.shared.config;
        if let (true, false, SourceName::File(path)) = (config.in_place.is_some(), config.dry_run, source) {
            self.sweep_dir(path.parent().unwrap_or(Path::new("")));
        }
    }

    fn sweep_dir(&mut self, dir: &Path) {
        if self.swept.insert(self.hasher.hash_one(dir)) {
            remove_stale(dir);
        }
    }

    fn fail(&mut self, failure: &Failure) {
        self.summary.failed += 1;
        self.reporter.event(&Event::Failed(failure));
        if self.shared.config.fail_fast {
            self.shared.cancel.stop(Stop::FirstFailure);
        }
        self.check_failures(false);
    }

    fn check_failures(&self, end: bool) {
        if let Some(limit) = self.shared.config.max_failures {
            let all = self.summary.done + self.summary.failed;
            if limit.exceeded(self.summary.failed, all, end) {
                self.shared.cancel.stop(Stop::TooManyFailures);
            }
        }
    }

    fn save(&mut self, mut ready: Ready) -> Result<(), Broken> {
        self.summary.spent += ready.spent;
        if self.shared.config.dry_run {
            let (done, _, _) = ready.split();
            self.summary.done += 1;
            self.summary.bytes_in += done.source_bytes;
            self.summary.bytes_out += done.outputs.iter().map(|o| o.bytes).sum::<u64>();
            self.reporter.event(&Event::Planned(&done));
            return Ok(());
        }
        self.sweep(&ready);
        let begin = Instant::now();
        let facts = ready.facts;
        let config = &self.shared.config;
        let told = config.dataset.is_some().then(|| digest::sample(&ready, &config.recipe));
        let original = ready.original.take();
        let mtime = config.keep_times.then_some(facts.mtime);
        let (mut done, outputs, record) = ready.split();
        let source = match &done.source {
            SourceName::File(path) => path.clone(),
            SourceName::Stdin => PathBuf::new(),
        };
        let beside = |path: &Path| source.file_name().filter(|_| path.parent() == source.parent());
        let entry = |path, bytes, replace| Entry {
            path,
            bytes,
            mode: facts.mode,
            gid: facts.gid,
            beside: beside(path),
            replace,
            mtime,
            original: original.as_ref(),
        };
        let mut entries: Vec<Entry<'_>> = outputs
            .iter()
            .map(|output| entry(output.plan.path.as_path(), output.bytes.as_slice(), output.plan.replace))
            .collect();
        entries.extend(told.iter().map(|(path, json)| entry(path.as_path(), json.as_slice(), Replace::Never)));
        let put = match &mut self.batch {
            Some(batch) => batch.stage(&entries, &outputs, done, record).map(|()| None),
            None => match self.sink.put(&entries) {
                Ok(()) => {
                    for output in &mut done.outputs {
                        if let Some(place) = self.sink.place(&output.path) {
                            output.path = place;
                        }
                    }
                    Ok(Some(done))
                }
                Err(error) => Err(Box::new((done, error))),
            },
        };
        self.summary.spent.writing += begin.elapsed();
        match put {
            Ok(None) => self.held += 1,
            Ok(Some(done)) => self.saved(&done),
            Err(failed) => {
                let (done, error) = *failed;
                self.unsaved(done.source, error)?;
            }
        }
        Ok(())
    }

    /// Reports outputs that could not be saved: those of this input, or of all that follow.
    fn unsaved(&mut self, source: SourceName, error: SinkError) -> Result<(), SinkError> {
        // A reader of a pipe may stop when it has enough, which is not a failure.
        if error.is_reader_gone() {
            return Err(error);
        }
        let by_another = self.shared.config.in_place.is_some() && error.is_changed() && self.is_compressed(&source);
        if by_another {
            self.skip(&source, SkipReason::Compressed);
            return Ok(());
        }
        // The input is not done, and the user should know which one it was.
        self.fail(&Failure { source, stage: Stage::Write, error: error.to_string() });
        match error {
            SinkError::Entry { .. } => Ok(()),
            broken => Err(broken),
        }
    }

    /// Whether another run has compressed this source in the same way meanwhile.
    fn is_compressed(&self, source: &SourceName) -> bool {
        let SourceName::File(path) = source else { return false };
        let (real, recipe) = (real_path(path), digest::recipe(&self.shared.config.recipe));
        std::fs::symlink_metadata(&real).is_ok_and(|m| mark::is_compressed(&real, &m, &recipe))
    }

    fn saved(&mut self, done: &Done) {
        self.summary.done += 1;
        self.summary.bytes_in += done.source_bytes;
        self.summary.bytes_out += done.outputs.iter().map(|o| o.bytes).sum::<u64>();
        self.summary.outputs += done.outputs.len() as u64;
        self.reporter.event(&Event::Done(done));
    }
}

/// Whether outputs are files in directories.
fn is_directory(destination: &Destination) -> bool {
    matches!(destination, Destination::Beside | Destination::InPlace | Destination::Directory(_) | Destination::File(_))
}
