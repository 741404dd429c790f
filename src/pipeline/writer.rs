//! The writer: saves outputs, counts and reports.

mod batches;
mod ending;
mod saving;
mod uploading;

use std::collections::HashSet;
use std::hash::RandomState;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::batch::Batch;
use super::broken::Broken;
use super::committer::Committer;
use super::looks::Looks;
use super::nightly::{Prune, Update};
use super::prune::{self, Place};
use super::reorder::Window;
use super::uploads::Uploads;
use super::watch::MOST_LOST;
use super::{Letter, Message, RunError, Shared};
use crate::outcome::{Bottleneck, Failure, SkipReason, SourceName, Stage, Stop, Summary, TimeSpent};
use crate::plan::Destination;
use crate::report::{Event, Progress, Reporter};
use crate::sink::Sink;
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
    /// For a sink that several threads use.
    uploads: Option<Uploads>,
    /// Inputs whose outputs are held back or being saved.
    held: u64,
    /// Directories without stale temporary files, by a hash of their paths.
    swept: HashSet<u64>,
    hasher: RandomState,
    /// The highest ID in the state before the run.
    last_id: i64,
    /// The number of abandoned workers.
    lost: usize,
    /// How the pictures so far look, if that is wanted.
    looks: Option<Looks>,
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
        // Objects need no batches, but the records of the state do.
        let files = config.dataset.is_none()
            && (is_directory(&config.naming.destination) || config.naming.destination.is_store());
        let batch = (wanted && !config.dry_run && files).then(|| Batch::new(config.nightly.fsync));
        let committer = if batch.is_some() { Some(Committer::start(Arc::clone(shared))?) } else { None };
        let uploads = sink.apart().map(|store| Uploads::new(Arc::clone(shared), store));
        let mut looks = config.looks().then(Looks::default);
        for made in config.dataset.iter().flat_map(|dataset| dataset.covered.contents()) {
            if let (Some(looks), Some(look)) = (&mut looks, made.look) {
                looks.admit(look, &made.source);
            }
        }
        Ok(Self {
            looks,
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
            uploads,
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
                Destination::Store(prefix) => update.state().note_destination(prefix),
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
                Ok((number, message)) => match self.take(number, message) {
                    Ok(()) => {}
                    Err(Broken::Sink(error)) if self.is_interrupted(&error) => break,
                    Err(error) => {
                        self.shared.cancel.broken();
                        broken = Some(error);
                        break;
                    }
                },
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
        self.summary.may_pass = self.shared.may_pass.load(Ordering::Relaxed);
        if broken.is_none() && self.came_to_a_good_end() {
            match self.sink.finish() {
                Err(error) if self.is_interrupted(&error) => {
                    (self.summary.abandoned, self.summary.stopped) = (true, self.shared.cancel.reason());
                }
                finished => broken = finished.err().map(Broken::Sink),
            }
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
        self.shared.traffic.sum(&mut self.summary);
        let idle = Duration::from_nanos(self.shared.idle_at_end.load(Ordering::Relaxed));
        self.summary.spent += TimeSpent { waiting: idle, idle, ..TimeSpent::default() };
        if self.summary.done > 0 {
            let (workers, downloads) = (self.shared.config.jobs.max(1), self.summary.requests > 0);
            let bottleneck = Bottleneck::of(&self.summary.spent, self.summary.elapsed, workers, downloads);
            self.summary.bottleneck = Some(bottleneck);
        }
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
            self.take(Some(number), Message::Failed(Failure::new(running.source, Stage::Decode, error)))?;
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
            Message::Duplicate { source, reason, first } => self.drop_duplicate(&source, reason, &first),
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

    fn drop_duplicate(&mut self, source: &SourceName, reason: SkipReason, first: &Path) {
        self.summary.skipped += 1;
        self.reporter.event(&Event::Duplicate(source, reason, first));
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
}

/// Whether outputs are files in directories.
fn is_directory(destination: &Destination) -> bool {
    matches!(destination, Destination::Beside | Destination::InPlace | Destination::Directory(_) | Destination::File(_))
}
