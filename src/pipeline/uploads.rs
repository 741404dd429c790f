//! Threads that save outputs in an object store, so that the writer does not wait for the network. What they hold counts in the
//! memory budget until it is saved.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, TrySendError, bounded, unbounded};

use super::budget::Share;
use super::guarded::panic_words;
use super::{ReadyOutput, Shared};
use crate::outcome::Done;
use crate::sink::{Entry, SinkError, Stored};
use crate::state::{Record, Written};

/// The outputs of an input.
pub struct Upload {
    pub done: Done,
    pub outputs: Vec<ReadyOutput>,
    /// The record for the state, with `--update`.
    pub record: Option<Record>,
    pub number: u64,
    /// Returned when they are saved.
    pub _share: Option<Share>,
}

/// The result for an input.
pub struct Uploaded {
    pub done: Done,
    /// With its outputs, if they were saved.
    pub record: Option<Record>,
    pub result: Result<(), SinkError>,
}

/// The threads, with their channels.
pub struct Uploads {
    shared: Arc<Shared>,
    store: Arc<Stored>,
    queue: Option<Sender<(u64, Upload)>>,
    to_do: Receiver<(u64, Upload)>,
    done: Sender<(u64, Uploaded)>,
    outcomes: Receiver<(u64, Uploaded)>,
    threads: Vec<JoinHandle<()>>,
    /// Handed over, and heard of.
    submitted: u64,
    heard: u64,
    /// Outcomes that wait for earlier ones, where the order counts.
    early: BTreeMap<u64, Uploaded>,
}

impl Uploads {
    /// Threads start as they are needed.
    pub fn new(shared: Arc<Shared>, store: Arc<Stored>) -> Self {
        // Without a queue, the writer waits while all threads are busy, and with it those that fill memory.
        let (queue, to_do) = bounded(0);
        let (done, outcomes) = unbounded();
        let (threads, early) = (Vec::new(), BTreeMap::new());
        Self { shared, store, queue: Some(queue), to_do, done, outcomes, threads, submitted: 0, heard: 0, early }
    }

    /// Hands over an input, unless no thread takes it for so long.
    pub fn submit(&mut self, upload: Upload, wait: Duration) -> Result<(), Box<Upload>> {
        let Some(queue) = &self.queue else { return Err(Box::new(upload)) };
        let (queue, number) = (queue.clone(), self.submitted);
        let upload = match queue.try_send((number, upload)) {
            Ok(()) => {
                self.submitted += 1;
                return Ok(());
            }
            Err(TrySendError::Full((_, upload)) | TrySendError::Disconnected((_, upload))) => upload,
        };
        let most = self.shared.config.walker.downloads.connections.max(1);
        if self.threads.len() < most {
            self.start();
        }
        if self.threads.is_empty() {
            // Without a thread, it is saved here.
            let _ = self.done.send((number, save(&self.shared, &self.store, upload)));
            self.submitted += 1;
            return Ok(());
        }
        match queue.send_timeout((number, upload), wait) {
            Ok(()) => {
                self.submitted += 1;
                Ok(())
            }
            Err(SendTimeoutError::Timeout((_, upload)) | SendTimeoutError::Disconnected((_, upload))) => {
                Err(Box::new(upload))
            }
        }
    }

    fn start(&mut self) {
        let (shared, store) = (Arc::clone(&self.shared), Arc::clone(&self.store));
        let (to_do, done) = (self.to_do.clone(), self.done.clone());
        let work = move || {
            for (number, upload) in to_do {
                if done.send((number, save(&shared, &store, upload))).is_err() {
                    break;
                }
            }
        };
        // Without one more, those that run do the work.
        self.threads.extend(Builder::new().name("thumbs-upload".to_owned()).spawn(work));
    }

    /// Whether some are not heard of.
    pub fn is_waiting(&self) -> bool {
        self.heard < self.submitted
    }

    /// An outcome, if it comes so soon.
    pub fn outcome(&mut self, wait: Duration) -> Option<Uploaded> {
        if !self.is_waiting() {
            return None;
        }
        loop {
            // In the order of the inputs where that decides at which of them the run ends.
            if self.shared.is_strict() {
                if let Some(uploaded) = self.early.remove(&self.heard) {
                    self.heard += 1;
                    return Some(uploaded);
                }
            }
            let (number, uploaded) = match self.outcomes.recv_timeout(wait) {
                Ok(outcome) => outcome,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            };
            if !self.shared.is_strict() {
                self.heard += 1;
                return Some(uploaded);
            }
            self.early.insert(number, uploaded);
        }
    }
}

impl Drop for Uploads {
    fn drop(&mut self) {
        self.queue = None;
        // None panics.
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

fn save(shared: &Shared, store: &Stored, upload: Upload) -> Uploaded {
    let Upload { done, outputs, mut record, number, _share } = upload;
    let entry = |output: &'_ ReadyOutput| (output.plan.path.clone(), output.plan.replace);
    let places: Vec<_> = outputs.iter().map(entry).collect();
    let entries: Vec<Entry<'_>> = outputs
        .iter()
        .zip(&places)
        .map(|(output, (path, replace))| Entry {
            path,
            bytes: &output.bytes,
            mode: 0o666,
            gid: 0,
            beside: None,
            replace: *replace,
            mtime: None,
            original: None,
            number,
        })
        .collect();
    let stop = || shared.cancel.is_set();
    let saved = catch_unwind(AssertUnwindSafe(|| store.save(&entries, &stop))).unwrap_or_else(|panic| {
        let path = places.first().map(|(path, _)| path.clone()).unwrap_or_default();
        let error = std::io::Error::other(format!("the upload gave up: {}", panic_words(&*panic)));
        Err(SinkError::Entry { path, error })
    });
    let result = saved.map(|facts| {
        if let Some(record) = &mut record {
            let made = outputs.iter().zip(&facts);
            record
                .outputs
                .extend(made.map(|(output, facts)| Written::new(output.plan.path.clone(), output.plan.digest, facts)));
        }
    });
    let record = record.filter(|_| result.is_ok());
    Uploaded { done, record, result }
}
