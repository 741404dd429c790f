//! When a request is tried again.

use std::time::Duration;

use super::{DownloadOptions, Problem};

/// The longest wait before a retry that doubles, and the longest that a server may ask for.
const LONGEST_DELAY: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(120);

impl DownloadOptions {
    /// How long to wait after so many attempts, if another one makes sense.
    pub(crate) fn delay(&self, attempts: u32, problem: &Problem) -> Option<Duration> {
        if !problem.retry || attempts > self.retries {
            return None;
        }
        let doubled = self.retry_delay.saturating_mul(1 << attempts.saturating_sub(1).min(16));
        let most = doubled.min(LONGEST_DELAY.max(self.retry_delay));
        // Between half of it and all, so that failures at the same time do not retry at the same time.
        let own = most.mul_f64(0.5 + jitter() / 2.0);
        match problem.after {
            Some(after) if after > LONGEST_WAIT => None,
            Some(after) => Some(own.max(after)),
            None => Some(own),
        }
    }
}

/// A number between 0 and 1 that nobody foresees.
fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    (RandomState::new().hash_one(0_u8) >> 11) as f64 / (1_u64 << 53) as f64
}
