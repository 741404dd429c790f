//! Counts files that were seen but are not inputs, for runs that find nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::outcome::Summary;
use crate::walk::LeftOut;

/// Counts from all threads.
#[derive(Debug, Default)]
pub struct Passed {
    no_picture: AtomicU64,
    archives: AtomicU64,
    left_out: [AtomicU64; LeftOut::ALL.len()],
}

impl Passed {
    /// Counts a file that is not a picture, newly opened or known from before.
    pub fn no_picture(&self) {
        self.no_picture.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one of those that is an archive.
    pub fn archive(&self) {
        self.archives.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts something that a rule excluded.
    pub fn leave_out(&self, rule: LeftOut) {
        self.left_out[rule as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Adds the counts to the summary.
    pub fn sum(&self, summary: &mut Summary) {
        summary.no_pictures = self.no_picture.load(Ordering::Relaxed);
        summary.archives = self.archives.load(Ordering::Relaxed);
        let counted = LeftOut::ALL.iter().map(|rule| (*rule, self.left_out[*rule as usize].load(Ordering::Relaxed)));
        summary.left_out = counted.filter(|(_, count)| *count > 0).collect();
    }
}
