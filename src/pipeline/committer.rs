//! Commits batches while the writer fills the next one, so that workers do not wait for the disk.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::Shared;
use super::batch::{Batch, Through};
use crate::state::StateError;

/// The outcome of a batch.
pub struct Outcome {
    /// Its inputs.
    pub through: Vec<Through>,
    /// Whether the state has recorded them.
    pub recorded: Result<(), StateError>,
    /// Whether the file system cannot sync.
    pub unsynced: bool,
    /// The time that the commit took.
    pub took: Duration,
}

/// The thread, with its channels.
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
    /// The system cannot start a thread.
    pub fn start(shared: Arc<Shared>) -> std::io::Result<Self> {
        // Without a queue there are at most two batches: the one being committed and the one being
        // filled.
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

    /// Hands over a batch. Waits for the previous one.
    pub fn commit(&mut self, batch: Batch) {
        if let Some(batches) = &self.batches {
            // Sending fails only if the thread died, which `outcome` notices.
            let _ = batches.send(batch);
            self.pending += 1;
        }
    }

    /// The outcome of a batch, if known; with `wait`, waits for it. Returns None if nothing is
    /// pending, and an error if the thread is gone.
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
            // A death of the thread shows in the missing answers.
            let _ = thread.join();
        }
    }
}
