//! The whole pipeline: events as they happen, and the summary.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use thumbs::cli::library::{Job, JobError};
use thumbs::{Cancel, Done, Progress, Reporter, SourceName, Stop};

use crate::errors;
use crate::feed::Feed;
use crate::options::{self, Function};

/// How often a waiting caller looks for signals.
const TICK: Duration = Duration::from_millis(50);

/// Events that wait for the caller at the most, so that a slow caller slows the run.
const WAITING: usize = 64;

/// What happened to one input.
#[pyclass(frozen, module = "thumbs")]
#[derive(Clone)]
pub struct Event {
    #[pyo3(get)]
    kind: &'static str,
    #[pyo3(get)]
    source: OsString,
    #[pyo3(get)]
    outputs: Vec<OsString>,
    #[pyo3(get)]
    reason: Option<&'static str>,
    #[pyo3(get)]
    duplicate_of: Option<OsString>,
    #[pyo3(get)]
    stage: Option<&'static str>,
    #[pyo3(get)]
    error: Option<String>,
    #[pyo3(get)]
    bytes_before: u64,
    #[pyo3(get)]
    bytes_after: u64,
    #[pyo3(get)]
    notes: Vec<String>,
    #[pyo3(get)]
    placeholders: HashMap<&'static str, String>,
}

#[pymethods]
impl Event {
    fn __repr__(&self) -> String {
        let source = self.source.display();
        match self.error.as_deref().or(self.reason) {
            Some(why) => format!("<thumbs.Event {} {source}: {why}>", self.kind),
            None => format!("<thumbs.Event {} {source}>", self.kind),
        }
    }
}

impl Event {
    fn new(kind: &'static str, source: &SourceName) -> Self {
        let source = match source {
            SourceName::File(path) => path.clone().into_os_string(),
            SourceName::Url(url) => OsString::from(&url.url),
            SourceName::Stdin => OsString::from("-"),
        };
        Self {
            kind,
            source,
            outputs: Vec::new(),
            reason: None,
            duplicate_of: None,
            stage: None,
            error: None,
            bytes_before: 0,
            bytes_after: 0,
            notes: Vec::new(),
            placeholders: HashMap::new(),
        }
    }

    fn of(kind: &'static str, done: &Done) -> Self {
        Self {
            outputs: done.outputs.iter().map(|output| output.path.clone().into_os_string()).collect(),
            bytes_before: done.source_bytes,
            bytes_after: done.outputs.iter().map(|output| output.bytes).sum(),
            notes: done.notes.clone(),
            placeholders: done.placeholders.iter().map(|(kind, text)| (kind.word(), text.clone())).collect(),
            ..Self::new(kind, &done.source)
        }
    }
}

impl From<&thumbs::Event<'_>> for Event {
    fn from(event: &thumbs::Event<'_>) -> Self {
        match event {
            thumbs::Event::Done(done) => Self::of("done", done),
            thumbs::Event::Planned(done) => Self::of("planned", done),
            thumbs::Event::Kept(done, reason) => Self { reason: Some(reason.word()), ..Self::of("kept", done) },
            thumbs::Event::Skipped(source, reason) => {
                Self { reason: Some(reason.word()), ..Self::new("skipped", source) }
            }
            thumbs::Event::Duplicate(source, reason, first) => Self {
                reason: Some(reason.word()),
                duplicate_of: Some(first.as_os_str().to_owned()),
                ..Self::new("skipped", source)
            },
            thumbs::Event::Failed(failure) => Self {
                stage: Some(failure.stage.word()),
                error: Some(options::as_keywords(&failure.error)),
                ..Self::new("failed", &failure.source)
            },
            thumbs::Event::Pruned(path) => Self::new("pruned", &SourceName::File(path.to_path_buf())),
        }
    }
}

/// The sums of a run.
#[pyclass(frozen, get_all, module = "thumbs")]
#[derive(Clone)]
pub struct Summary {
    done: u64,
    skipped: u64,
    failed: u64,
    pruned: u64,
    outputs: u64,
    bytes_in: u64,
    bytes_out: u64,
    elapsed: f64,
    left: u64,
    stopped: Option<&'static str>,
    failures: Vec<Event>,
}

#[pymethods]
impl Summary {
    fn __repr__(&self) -> String {
        let Self { done, skipped, failed, .. } = self;
        format!("<thumbs.Summary {done} done, {skipped} skipped, {failed} failed>")
    }
}

impl Summary {
    fn new(summary: &thumbs::Summary, failures: Vec<Event>) -> Self {
        let stopped = summary.stopped.map(|stop| match stop {
            Stop::Interrupted(_) => "closed",
            Stop::FirstFailure => "first-failure",
            Stop::TooManyFailures => "too-many-failures",
            Stop::OutOfTime => "out-of-time",
        });
        Self {
            done: summary.done,
            skipped: summary.skipped,
            failed: summary.failed,
            pruned: summary.pruned,
            outputs: summary.outputs,
            bytes_in: summary.bytes_in,
            bytes_out: summary.bytes_out,
            elapsed: summary.elapsed.as_secs_f64(),
            left: summary.left,
            stopped,
            failures,
        }
    }
}

/// Failures in a summary. A run over millions of broken files must not fill the memory.
const FAILURES: usize = 1000;

/// Passes events on to whoever iterates, or keeps only the failures.
struct Channel {
    /// Its end is the end of the run, also for those who want no events.
    events: Sender<Event>,
    silent: bool,
    failures: Vec<Event>,
    counts: Arc<Counts>,
    cancel: Cancel,
}

impl Reporter for Channel {
    fn event(&mut self, event: &thumbs::Event<'_>) {
        if matches!(event, thumbs::Event::Failed(_)) && self.failures.len() < FAILURES {
            self.failures.push(event.into());
        }
        // Nobody listens any more: the run ends in order.
        if !self.silent && self.events.send(event.into()).is_err() {
            self.cancel.interrupt(INTERRUPT);
        }
    }

    fn progress(&mut self, progress: &Progress) {
        self.counts.counted.store(progress.counted, Ordering::Relaxed);
        self.counts.is_complete.store(progress.count_complete, Ordering::Release);
    }
}

/// SIGINT.
const INTERRUPT: i32 = 2;

#[derive(Default)]
struct Counts {
    counted: AtomicU64,
    is_complete: AtomicBool,
}

type Running = JoinHandle<Result<Summary, JobError>>;

/// A run on threads of its own.
#[pyclass(frozen, module = "thumbs._thumbs")]
pub struct Run {
    events: Mutex<Option<Receiver<Event>>>,
    running: Mutex<Option<Running>>,
    summary: Mutex<Option<Summary>>,
    counts: Arc<Counts>,
    cancel: Cancel,
    /// Set when the run is over, for its feed.
    over: Option<Arc<AtomicBool>>,
}

#[pymethods]
impl Run {
    /// Starts a run. `called` is the function that messages name.
    #[new]
    #[pyo3(signature = (inputs, options, *, called, ordered = false, counting = false, silent = false, feed = None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        inputs: Vec<PathBuf>,
        options: &Bound<'_, PyDict>,
        called: &str,
        ordered: bool,
        counting: bool,
        silent: bool,
        feed: Option<&Feed>,
    ) -> PyResult<Self> {
        let mut words = options::words(called, Function::Run, options)?;
        words.push("--".into());
        // A file of that name; standard input belongs to the program.
        let input = |path: PathBuf| if path.as_os_str() == "-" { "./-".into() } else { OsString::from(path) };
        words.extend(inputs.into_iter().map(input));
        let mut job = match feed.and_then(Feed::paths) {
            Some(paths) => Job::fed(words, paths),
            None => Job::new(words),
        }
        .map_err(|refusal| errors::of_refusal(options.py(), &refusal))?;
        options::warn(options.py(), &job)?;
        if ordered {
            job = job.in_order().map_err(|why| options::refused(&format!("ordered: {why}").into()))?;
        }
        if counting {
            job = job.counting();
        }
        let (sender, events) = bounded(WAITING);
        let (cancel, counts) = (Cancel::default(), Arc::<Counts>::default());
        let mut channel = Channel {
            events: sender,
            silent,
            failures: Vec::new(),
            counts: Arc::clone(&counts),
            cancel: cancel.clone(),
        };
        let ending = cancel.clone();
        let work = move || {
            let summary = job.run(&mut channel, &ending)?;
            Ok(Summary::new(&summary, std::mem::take(&mut channel.failures)))
        };
        let running = std::thread::Builder::new().name("thumbs-run".to_owned()).spawn(work)?;
        Ok(Self {
            events: Mutex::new(Some(events)),
            running: Mutex::new(Some(running)),
            summary: Mutex::new(None),
            counts,
            cancel,
            over: feed.map(Feed::over),
        })
    }

    /// Waits for an event, and takes as many as there are, up to `most`. None are left when the list is empty.
    fn take(&self, py: Python<'_>, most: usize) -> PyResult<Vec<Event>> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner).clone();
        while let Some(events) = &events {
            match py.detach(|| events.recv_timeout(TICK)) {
                Ok(event) => {
                    let more = events.try_iter().take(most.saturating_sub(1));
                    return Ok(std::iter::once(event).chain(more).collect());
                }
                Err(RecvTimeoutError::Timeout) => py.check_signals()?,
                Err(RecvTimeoutError::Disconnected) => break,
            }
            // Closed by another thread.
            if self.events.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
                break;
            }
        }
        self.finish(py)?;
        Ok(Vec::new())
    }

    /// Ends the run: pictures in progress are finished, and nothing new begins.
    fn cancel(&self) {
        self.cancel.interrupt(INTERRUPT);
        drop(self.events.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.end_feed();
    }

    /// Ends the run, and waits for its end.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.cancel();
        self.finish(py)
    }

    /// The sums, once the run is over.
    #[getter]
    fn summary(&self) -> Option<Summary> {
        self.summary.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many inputs there are, once that is known.
    #[getter]
    fn total(&self) -> Option<u64> {
        let is_complete = self.counts.is_complete.load(Ordering::Acquire);
        is_complete.then(|| self.counts.counted.load(Ordering::Relaxed))
    }
}

impl Run {
    fn end_feed(&self) {
        if let Some(over) = &self.over {
            over.store(true, Ordering::Relaxed);
        }
    }

    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(running) = running else { return Ok(()) };
        let result = py.detach(|| running.join());
        self.end_feed();
        match result {
            Ok(Ok(summary)) => {
                *self.summary.lock().unwrap_or_else(PoisonError::into_inner) = Some(summary);
                Ok(())
            }
            Ok(Err(error)) => Err(errors::of_job(py, &error)),
            Err(panic) => Err(errors::of_panic(py, &*panic, None)),
        }
    }
}

impl Drop for Run {
    /// A run that nobody holds does not go on, and nothing of it is left half-written.
    fn drop(&mut self) {
        self.cancel();
        let running = self.running.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let Some(running) = running else { return };
        let mut running = Some(running);
        let mut join = || running.take().map(JoinHandle::join);
        // Without the GIL where that is possible; the run does not need it.
        if Python::try_attach(|py| py.detach(|| drop(join()))).is_none() {
            drop(join());
        }
    }
}
