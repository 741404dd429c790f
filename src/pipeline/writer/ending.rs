//! Whether a run has ended, why, and what is left undone.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::super::Message;
use super::super::feeder::COUNT_ON;
use super::super::process::other_inputs;
use super::super::reorder::Window;
use super::{TICK, Writer};
use crate::outcome::Stop;
use crate::sink::SinkError;
use crate::walk::Input;

impl Writer<'_> {
    /// Whether a signal has ended an upload.
    pub(super) fn is_interrupted(&self, error: &SinkError) -> bool {
        error.problem().is_some() && matches!(self.shared.cancel.reason(), Some(Stop::Interrupted(_)))
    }

    /// Whether an archive may be finished.
    pub(super) fn came_to_a_good_end(&self) -> bool {
        let config = &self.shared.config;
        // In a data set, some pictures are expected to fail.
        let partial = config.dataset.is_some() || config.archive.as_ref().is_some_and(|archive| archive.partial);
        let in_order = self.window.as_ref().is_none_or(Window::is_empty);
        self.summary.stopped.is_none() && in_order && (self.summary.failed == 0 || partial)
    }

    /// After a request to end: whether no more messages will come. A feeder or worker may still
    /// wait for standard input. A feeder that counts the remaining inputs is waited for.
    pub(super) fn nothing_more_comes(&mut self) -> bool {
        let shared = self.shared;
        if !shared.cancel.is_set() || !shared.nobody_works() {
            return false;
        }
        let since = *self.stopped.get_or_insert_with(Instant::now);
        let config = &shared.config;
        let from_stdin =
            config.lists.iter().any(|l| l.file.is_none()) || config.inputs.iter().any(|i| !matches!(i, Input::Path(_)));
        let counts = shared.cancel.lets_count() && !shared.fed.load(Ordering::Relaxed) && !from_stdin;
        !(counts && since.elapsed() < COUNT_ON + TICK)
    }

    /// Work that was lost although nobody asked the run to end.
    pub(super) fn lost_work(&self) -> Option<String> {
        let shared = self.shared;
        if let Some(words) = shared.deaths.words() {
            return Some(words);
        }
        if shared.cancel.is_set() {
            return None;
        }
        if shared.walked.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Some("not all inputs were found: the thread that finds them is gone".to_owned());
        }
        let (handed, finished) = (shared.handed.load(Ordering::Acquire), shared.finished.load(Ordering::Acquire));
        if let Some(dataset) = &shared.config.dataset
            && let Some(shard) = dataset.covered.beyond(handed)
        {
            return Some(other_inputs(&dataset.dir.join(shard)));
        }
        (handed != finished).then(|| format!("{} inputs were begun and never answered", handed.abs_diff(finished)))
    }

    /// The number of inputs left undone, and whether it is exact.
    pub(super) fn left(&self) -> (u64, bool) {
        let shared = self.shared;
        if !shared.cancel.is_set() {
            return (0, true);
        }
        let walked = shared.walked.lock().unwrap_or_else(PoisonError::into_inner);
        let exact = walked.as_ref().is_some_and(|w| w.complete);
        let waiting = self.window.as_ref().map_or(0, |w| w.waiting().filter(|m| counts(m)).count() as u64);
        let left = shared.left.load(Ordering::Relaxed) + waiting;
        // Files that may be pictures count if nothing else is left.
        (if left == 0 { shared.left_maybe.load(Ordering::Relaxed) } else { left }, exact)
    }

    /// Why the run ended early, if it did. A time limit that was reached after all work was done
    /// does not count.
    pub(super) fn stopped(&self) -> Option<Stop> {
        let nothing_left = (self.summary.left, self.summary.left_exact) == (0, true);
        self.shared.cancel.reason().filter(|stop| !(*stop == Stop::OutOfTime && nothing_left))
    }

    /// With `--timeout`: whether the feeder has sent everything and every job is answered.
    pub(super) fn all_answered(&self) -> bool {
        let shared = self.shared;
        shared.watch.timeout().is_some()
            && shared.walked.lock().unwrap_or_else(PoisonError::into_inner).is_some()
            && shared.finished.load(Ordering::Acquire) == shared.handed.load(Ordering::Acquire)
    }
}

/// Whether a message is about an input that the next run would start again.
pub fn counts(message: &Message) -> bool {
    match message {
        Message::Ready(_) | Message::Failed(_) => true,
        Message::Recorded(message, _) => counts(message),
        _ => false,
    }
}
