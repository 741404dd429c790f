//! `--timeout`: which worker is at what, and since when. Work that hears the interrupt ends itself;
//! what does not is given up: its input fails, its worker is replaced, and what it holds of the
//! memory budget stays charged until it comes back, if ever.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::outcome::SourceName;
use crate::state::Record;

/// What a worker that hears the interrupt gets to end by itself.
const GRACE: Duration = Duration::from_millis(500);

/// Workers that are given up at most; each may hold memory and a thread for ever.
pub const MOST_LOST: usize = 32;

/// An input at which a worker is.
#[derive(Debug)]
pub struct Running {
    pub source: SourceName,
    /// What is to be remembered when it fails.
    pub record: Option<Record>,
    /// None while it waits for others.
    deadline: Option<Instant>,
}

/// All inputs that are worked at.
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

    /// A worker begins with the input of this number.
    pub fn begin(&self, number: u64, source: &SourceName) {
        if let Some(timeout) = self.timeout {
            let deadline = Some(Instant::now() + timeout);
            self.running().insert(number, Running { source: source.clone(), record: None, deadline });
        }
    }

    /// It waits for others, which does not count.
    pub fn pause(&self, number: u64) {
        if self.timeout.is_some() {
            if let Some(running) = self.running().get_mut(&number) {
                running.deadline = None;
            }
        }
    }

    /// It goes on, and has until what is returned.
    pub fn go_on(&self, number: u64) -> Option<Instant> {
        let deadline = Instant::now() + self.timeout?;
        if let Some(running) = self.running().get_mut(&number) {
            running.deadline = Some(deadline);
        }
        Some(deadline)
    }

    /// What is to be remembered should it fail.
    pub fn note(&self, number: u64, record: impl FnOnce() -> Option<Record>) {
        if self.timeout.is_some() {
            if let Some(running) = self.running().get_mut(&number) {
                running.record = record();
            }
        }
    }

    /// The worker is through with it; false when it was given up in the meantime.
    pub fn end(&self, number: u64) -> bool {
        self.timeout.is_none() || self.running().remove(&number).is_some()
    }

    /// Inputs that are overdue; they are given up.
    pub fn overdue(&self) -> Vec<(u64, Running)> {
        if self.timeout.is_none() {
            return Vec::new();
        }
        let now = Instant::now();
        self.running().extract_if(|_, r| r.deadline.is_some_and(|d| d + GRACE <= now)).collect()
    }

    /// For a person.
    pub fn words(&self) -> String {
        format!("it takes longer than {} s (--timeout)", self.timeout.unwrap_or_default().as_secs_f64())
    }
}
