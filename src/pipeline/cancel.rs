//! One wish to end, heard by all threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::outcome::Stop;

const FIRST_FAILURE: usize = 1000;
const TOO_MANY: usize = 1001;
const BROKEN: usize = 1002;
const OUT_OF_TIME: usize = 1003;

/// Ends a run early: no new inputs are begun, those under way are finished. Clones are the same wish.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicUsize>);

impl Cancel {
    /// The number that a signal handler may store its signal's number into.
    pub fn flag(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.0)
    }

    /// Ends the run as the signal of this number would.
    pub fn interrupt(&self, signal: i32) {
        self.set(usize::try_from(signal).unwrap_or(0));
    }

    pub(super) fn stop(&self, stop: Stop) {
        self.set(match stop {
            Stop::Interrupted(signal) => return self.interrupt(signal),
            Stop::FirstFailure => FIRST_FAILURE,
            Stop::TooManyFailures => TOO_MANY,
            Stop::OutOfTime => OUT_OF_TIME,
        });
    }

    pub(super) fn broken(&self) {
        self.set(BROKEN);
    }

    fn set(&self, value: usize) {
        // The first wish stands.
        let _ = self.0.compare_exchange(0, value, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Whether the run is to end.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// Whether there is time to count what is left: not after a signal, nor when something broke.
    pub(super) fn lets_count(&self) -> bool {
        matches!(self.reason(), Some(Stop::FirstFailure | Stop::TooManyFailures | Stop::OutOfTime))
    }

    /// Why it is to end.
    pub fn reason(&self) -> Option<Stop> {
        match self.0.load(Ordering::Relaxed) {
            0 | BROKEN => None,
            FIRST_FAILURE => Some(Stop::FirstFailure),
            TOO_MANY => Some(Stop::TooManyFailures),
            OUT_OF_TIME => Some(Stop::OutOfTime),
            signal => Some(Stop::Interrupted(signal as i32)),
        }
    }
}
