//! A request to end the run, shared by all threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::outcome::Stop;

const FIRST_FAILURE: usize = 1000;
const TOO_MANY: usize = 1001;
const BROKEN: usize = 1002;
const OUT_OF_TIME: usize = 1003;

/// Ends a run early: no new inputs are started, those in progress are finished. Clones share the
/// same request.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicUsize>);

impl Cancel {
    /// A flag in which a signal handler can store its signal's number.
    pub fn flag(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.0)
    }

    /// Ends the run like the signal with this number.
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
        // The first request counts.
        let _ = self.0.compare_exchange(0, value, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Whether the run should end.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// Whether there is time to count the remaining inputs: not after a signal, nor after an error.
    pub(super) fn lets_count(&self) -> bool {
        matches!(self.reason(), Some(Stop::FirstFailure | Stop::TooManyFailures | Stop::OutOfTime))
    }

    /// Why the run should end.
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
