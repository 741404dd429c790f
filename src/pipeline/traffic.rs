//! Counts of what was downloaded.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::outcome::Summary;

/// Sums over all threads.
#[derive(Debug, Default)]
pub struct Traffic {
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Traffic {
    /// Adds one attempt.
    pub fn add(&self, bytes: u64) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The mean size of a body so far, counting attempts without one.
    pub fn mean(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed) / self.requests.load(Ordering::Relaxed).max(1)
    }

    /// Adds the counts to the summary.
    pub fn sum(&self, summary: &mut Summary) {
        summary.requests = self.requests.load(Ordering::Relaxed);
        summary.downloaded = self.bytes.load(Ordering::Relaxed);
    }
}
