//! The one that saves, counts and tells.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::reorder::Window;
use super::{Letter, Message, Ready, RunError, Shared, digest};
use crate::outcome::{Done, Failure, Output, Stage, Stop, Summary};
use crate::report::{Event, Progress, Reporter};
use crate::sink::{Entry, Sink, SinkError};

/// How often the reporter hears of progress.
const TICK: Duration = Duration::from_millis(100);

pub struct Writer<'a> {
    shared: &'a Shared,
    sink: &'a mut dyn Sink,
    reporter: &'a mut dyn Reporter,
    /// For outputs that wait for those before them; None where any order will do.
    window: Option<Window<Box<Ready>>>,
    summary: Summary,
    start: Instant,
    last_tick: Instant,
}

impl<'a> Writer<'a> {
    pub fn new(shared: &'a Shared, sink: &'a mut dyn Sink, reporter: &'a mut dyn Reporter) -> Self {
        let start = Instant::now();
        let window = sink.in_order().then(Window::new);
        Self { shared, sink, reporter, window, summary: Summary::default(), start, last_tick: start }
    }

    /// Takes messages until everyone who could send is gone, or the sink breaks.
    pub fn write(mut self, done: Receiver<Letter>) -> Result<Summary, RunError> {
        let mut broken = None;
        loop {
            match done.recv_timeout(TICK) {
                Ok((number, message)) => {
                    if let Err(error) = self.take(number, message) {
                        self.shared.cancel.broken();
                        broken = Some(error);
                        break;
                    }
                }
                // After a wish to end, a feeder or worker may still wait for standard input.
                Err(RecvTimeoutError::Timeout) if self.shared.cancel.is_set() && self.shared.nobody_works() => break,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.last_tick.elapsed() >= TICK {
                self.tick();
            }
        }
        // Those who still send are told by this that nobody listens.
        drop(done);
        if broken.is_none() && !self.shared.cancel.is_set() {
            self.check_failures();
        }
        self.summary.stopped = self.shared.cancel.reason();
        if broken.is_none() && self.came_to_a_good_end() {
            broken = self.sink.finish().err();
        } else {
            self.summary.abandoned = self.sink.abandon();
        }
        self.tick();
        self.summary.elapsed = self.start.elapsed();
        self.reporter.finished(&self.summary);
        match broken {
            None => Ok(self.summary),
            Some(error) => Err(RunError::Sink { error, summary: Box::new(self.summary) }),
        }
    }

    fn tick(&mut self) {
        self.last_tick = Instant::now();
        self.reporter.progress(&Progress {
            dealt_with: self.summary.dealt_with(),
            failed: self.summary.failed,
            counted: self.shared.counted.load(Ordering::Relaxed),
            count_complete: self.shared.count_complete.load(Ordering::Relaxed),
            elapsed: self.start.elapsed(),
        });
    }

    /// Whether what stands only as a whole may be finished.
    fn came_to_a_good_end(&self) -> bool {
        let config = &self.shared.config;
        // Of a data set nobody expects that every picture is good.
        let partial = config.dataset.is_some() || config.archive.as_ref().is_some_and(|archive| archive.partial);
        let in_order = self.window.as_ref().is_none_or(Window::is_empty);
        self.summary.stopped.is_none() && in_order && (self.summary.failed == 0 || partial)
    }

    fn take(&mut self, number: Option<u64>, message: Message) -> Result<(), SinkError> {
        let (Some(window), Some(number)) = (&mut self.window, number) else { return self.deal_with(message) };
        // Only outputs wait; that an input failed is told at once.
        match message {
            Message::Ready(ready) => window.arrive(number, Some(ready)),
            other => {
                window.arrive(number, None);
                self.deal_with(other)?;
            }
        }
        while let Some(ready) = self.window.as_mut().and_then(|window| window.next(&self.shared.gate)) {
            self.save(*ready)?;
        }
        Ok(())
    }

    fn deal_with(&mut self, message: Message) -> Result<(), SinkError> {
        match message {
            Message::Ignored => {}
            Message::Skipped { source, reason } => {
                self.summary.skipped += 1;
                self.reporter.event(&Event::Skipped(&source, reason));
            }
            Message::Failed(failure) => self.fail(&failure),
            Message::Ready(ready) => self.save(*ready)?,
        }
        Ok(())
    }

    fn fail(&mut self, failure: &Failure) {
        self.summary.failed += 1;
        self.reporter.event(&Event::Failed(failure));
        if self.shared.config.fail_fast {
            self.shared.cancel.stop(Stop::FirstFailure);
        }
        self.check_failures();
    }

    fn check_failures(&self) {
        if let Some(limit) = self.shared.config.max_failures {
            let all = self.summary.done + self.summary.failed;
            if limit.exceeded(self.summary.failed, all) {
                self.shared.cancel.stop(Stop::TooManyFailures);
            }
        }
    }

    fn save(&mut self, ready: Ready) -> Result<(), SinkError> {
        self.summary.spent += ready.spent;
        let dry = self.shared.config.dry_run;
        if !dry {
            let begin = Instant::now();
            let entry = |path, bytes, replace| {
                let (mode, gid) = (ready.facts.mode, ready.facts.gid);
                Entry { path, bytes, mode, gid, replace }
            };
            let told = self.shared.config.dataset.is_some().then(|| digest::sample(&ready, &self.shared.config.recipe));
            let outputs = ready.outputs.iter();
            let mut entries: Vec<Entry<'_>> = outputs
                .map(|(output, _, _, bytes)| entry(output.path.as_path(), bytes.as_slice(), output.replace))
                .collect();
            entries.extend(told.iter().map(|(path, json)| entry(path.as_path(), json.as_slice(), false)));
            let put = self.sink.put(&entries);
            self.summary.spent.writing += begin.elapsed();
            match put {
                Ok(()) => {}
                Err(SinkError::Entry { path, error }) => {
                    let error = SinkError::Entry { path, error }.to_string();
                    self.fail(&Failure { source: ready.source, stage: Stage::Write, error });
                    return Ok(());
                }
                // Who reads a pipe may stop when he has enough; that is nobody's failure.
                Err(broken) if broken.is_reader_gone() => return Err(broken),
                Err(broken) => {
                    // The input is not done, and the person should know of which one it was.
                    let error = broken.to_string();
                    self.fail(&Failure { source: ready.source, stage: Stage::Write, error });
                    return Err(broken);
                }
            }
        }
        let outputs: Vec<Output> = ready
            .outputs
            .into_iter()
            .map(|(o, format, size, bytes)| {
                let path = self.sink.place(&o.path).unwrap_or(o.path);
                Output { path, format, size, bytes: bytes.len() as u64 }
            })
            .collect();
        let done = Done {
            source: ready.source,
            outputs,
            source_format: ready.source_format,
            source_size: ready.source_size,
            source_bytes: ready.source_bytes,
            shrink: ready.shrink,
            time: ready.begin.elapsed(),
            notes: ready.notes,
        };
        self.summary.done += 1;
        self.summary.bytes_in += done.source_bytes;
        self.summary.bytes_out += done.outputs.iter().map(|o| o.bytes).sum::<u64>();
        if dry {
            self.reporter.event(&Event::Planned(&done));
        } else {
            self.summary.outputs += done.outputs.len() as u64;
            self.reporter.event(&Event::Done(&done));
        }
        Ok(())
    }
}
