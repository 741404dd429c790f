//! What was seen and is no input, counted for those who find nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::outcome::Summary;
use crate::walk::LeftOut;

/// Counts, from whichever thread sees it.
#[derive(Debug, Default)]
pub struct Passed {
    no_picture: AtomicU64,
    archives: AtomicU64,
    left_out: [AtomicU64; LeftOut::ALL.len()],
}

impl Passed {
    /// A file was opened, or known from before, that is no picture.
    pub fn no_picture(&self) {
        self.no_picture.fetch_add(1, Ordering::Relaxed);
    }

    /// One of those holds other files.
    pub fn archive(&self) {
        self.archives.fetch_add(1, Ordering::Relaxed);
    }

    /// Something was left out by a rule.
    pub fn leave_out(&self, rule: LeftOut) {
        self.left_out[rule as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Into the sum of the run.
    pub fn sum(&self, summary: &mut Summary) {
        summary.no_pictures = self.no_picture.load(Ordering::Relaxed);
        summary.archives = self.archives.load(Ordering::Relaxed);
        let counted = LeftOut::ALL.iter().map(|rule| (*rule, self.left_out[*rule as usize].load(Ordering::Relaxed)));
        summary.left_out = counted.filter(|(_, count)| *count > 0).collect();
    }
}
