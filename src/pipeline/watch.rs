//! `--timeout`: records the jobs in progress and their deadlines. Work that checks the interrupt
//! ends itself. Other work is abandoned: its input fails, its worker is replaced, and its memory
//! stays charged to the budget until it returns, if ever.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::outcome::SourceName;
use crate::state::Record;

/// The time that interrupted work gets to end by itself.
const GRACE: Duration = Duration::from_millis(500);

/// The largest number of abandoned workers. Each may hold memory and a thread for ever.
pub const MOST_LOST: usize = 32;

/// An input in progress.
#[derive(Debug)]
pub struct Running {
    pub source: SourceName,
    /// The record for the state, if it fails.
    pub record: Option<Record>,
    /// None while it waits for others.
    deadline: Option<Instant>,
}

/// All inputs in progress.
#[derive(Debug)]
pub struct Watch {
    timeout: Option<Duration>,
    running: Mutex<HashMap<u64, Running>>,
}

impl Watch {
    pub fn new(timeout: Option<Duration>) -> Self {
        Self { timeout, running: Mutex::default() }
    }

    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    fn running(&self) -> MutexGuard<'_, HashMap<u64, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker starts with the input of this number.
    pub fn begin(&self, number: u64, source: &SourceName) {
        if let Some(timeout) = self.timeout {
            let deadline = Some(Instant::now() + timeout);
            self.running().insert(number, Running { source: source.clone(), record: None, deadline });
        }
    }

    /// The worker waits for others, which does not count.
    pub fn pause(&self, number: u64) {
        if self.timeout.is_some() {
            if let Some(running) = self.running().get_mut(&number) {
                running.deadline = None;
            }
        }
    }

    /// The worker continues. Returns its deadline.
    pub fn go_on(&self, number: u64) -> Option<Instant> {
        let deadline = Instant::now() + self.timeout?;
        if let Some(running) = self.running().get_mut(&number) {
            running.deadline = Some(deadline);
        }
        Some(deadline)
    }

    /// Sets the record for the case that it fails.
    pub fn note(&self, number: u64, record: impl FnOnce() -> Option<Record>) {
        if self.timeout.is_some() {
            if let Some(running) = self.running().get_mut(&number) {
                running.record = record();
            }
        }
    }

    /// The worker has finished. Returns false if it was abandoned meanwhile.
    pub fn end(&self, number: u64) -> bool {
        self.timeout.is_none() || self.running().remove(&number).is_some()
    }

    /// Takes the inputs that are overdue. They are abandoned.
    pub fn overdue(&self) -> Vec<(u64, Running)> {
        if self.timeout.is_none() {
            return Vec::new();
        }
        let now = Instant::now();
        self.running().extract_if(|_, r| r.deadline.is_some_and(|d| d + GRACE <= now)).collect()
    }

    /// The message for the user.
    pub fn words(&self) -> String {
        format!("it takes longer than {} s (--timeout)", self.timeout.unwrap_or_default().as_secs_f64())
    }
}
