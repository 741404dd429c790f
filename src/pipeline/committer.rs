//! Commits batches while the writer stages the next one: workers do not wait for the disk.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::Shared;
use super::batch::{Batch, Through};
use crate::state::StateError;

/// What became of a batch.
pub struct Outcome {
    /// Its inputs.
    pub through: Vec<Through>,
    /// Whether the state knows of them.
    pub recorded: Result<(), StateError>,
    /// The file system cannot sync.
    pub unsynced: bool,
    /// What it took.
    pub took: Duration,
}

/// The thread and the ways to and from it.
pub struct Committer {
    batches: Option<Sender<Batch>>,
    outcomes: Receiver<Outcome>,
    thread: Option<JoinHandle<()>>,
    /// Batches whose outcome is not known yet.
    pending: usize,
}

impl Committer {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(shared: Arc<Shared>) -> std::io::Result<Self> {
        // One is committed, none waits: held are two batches, the one that is being filled among them.
        let (batches, to_do) = bounded::<Batch>(0);
        let (done, outcomes) = unbounded();
        let thread = Builder::new().name("thumbs-committer".to_owned()).spawn(move || {
            for batch in to_do {
                let begin = Instant::now();
                let (through, recorded, unsynced) = batch.commit(shared.config.nightly.update.as_ref());
                if done.send(Outcome { through, recorded, unsynced, took: begin.elapsed() }).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { batches: Some(batches), outcomes, thread: Some(thread), pending: 0 })
    }

    /// Gives a batch away; waits for the one before it.
    pub fn commit(&mut self, batch: Batch) {
        if let Some(batches) = &self.batches {
            // Refused only by a thread that died; `outcome` then finds nobody to answer.
            let _ = batches.send(batch);
            self.pending += 1;
        }
    }

    /// What became of a batch, if that is known by now; with `wait` it is waited for. None when nothing is
    /// pending; an error when the thread is gone before its time.
    pub fn outcome(&mut self, wait: bool) -> Result<Option<Outcome>, String> {
        if self.pending == 0 {
            return Ok(None);
        }
        let outcome = if wait {
            self.outcomes.recv().ok()
        } else {
            match self.outcomes.try_recv() {
                Err(crossbeam_channel::TryRecvError::Empty) => return Ok(None),
                other => other.ok(),
            }
        };
        self.pending -= 1;
        outcome.map(Some).ok_or_else(|| "the thread that saves outputs died".to_owned())
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            // Whether it died is known from what it did not answer.
            let _ = thread.join();
        }
    }
}
