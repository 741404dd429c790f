//! Puts outputs into the order of the inputs, for sinks that need it.
//!
//! Workers finish out of order; early outputs wait in the writer's window. Two things bound the
//! window: the bytes in it stay charged to the pixel budget, and [`Gate`] lets input n start only
//! when all inputs before n - [`WIDTH`] are done, which bounds everything that is not charged.
//!
//! There is no deadlock. Let h be the first input that is not done. Jobs are taken from the queue
//! in order and all before h are done, so h is with a worker, with the writer, or next in the
//! queue. If it is in the queue, some worker is free to take it, or will be: the others hold inputs
//! after h, and those either wait for h in one of the places below, or end by themselves. They
//! cannot all wait, because they were taken before h was, which contradicts the order of the queue.
//! So h is with a worker. It does not wait
//! - at the gate, because h < h + WIDTH;
//! - for its turn in an ordered section, because everyone before it has passed all of them;
//! - for source bytes: they are drawn in order, so everything drawn was drawn by inputs before h
//!   (and returned) or by inputs after h that passed the section after h did, when h has its share;
//! - for pixel bytes, which are drawn in order for the same reason. What waits in the window was
//!   drawn after h had its share, so a waiting output never keeps h from memory;
//! - for the writer, which only waits for messages and the sink.
//!
//! So h gets done, and the next input is first.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::Cancel;

/// How far the fastest input may be ahead of the first one that is not done. A slow picture of
/// seconds must not stop the others, and a few hundred finished thumbnails are no burden.
const WIDTH: u64 = 1024;

/// How often a waiting worker checks whether the run should end.
const LOOK: Duration = Duration::from_millis(50);

/// Holds back workers that are too far ahead.
#[derive(Debug)]
pub struct Gate {
    /// The first number that may not start.
    limit: Mutex<u64>,
    moved: Condvar,
}

impl Gate {
    /// A gate that is always open or, with `in_order`, open for the first inputs.
    pub fn new(in_order: bool) -> Self {
        let limit = if in_order { WIDTH } else { u64::MAX };
        Self { limit: Mutex::new(limit), moved: Condvar::new() }
    }

    /// Waits until input `number` may start. Returns false if the run should end.
    pub fn pass(&self, number: u64, cancel: &Cancel) -> bool {
        let mut limit = self.limit.lock().unwrap_or_else(PoisonError::into_inner);
        while number >= *limit {
            if cancel.is_set() {
                return false;
            }
            limit = self.moved.wait_timeout(limit, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// All inputs before `first` are done.
    fn advance(&self, first: u64) {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = first.saturating_add(WIDTH);
        self.moved.notify_all();
    }
}

/// Outputs that arrived early. Every number arrives once, with or without an output.
#[derive(Debug)]
pub struct Window<T> {
    first: u64,
    waiting: BTreeMap<u64, Option<T>>,
}

impl<T> Window<T> {
    pub fn new() -> Self {
        Self { first: 0, waiting: BTreeMap::new() }
    }

    /// Number `number` has arrived, with an output or without one.
    pub fn arrive(&mut self, number: u64, output: Option<T>) {
        self.waiting.insert(number, output);
    }

    /// The next output in order, if it has arrived.
    pub fn next(&mut self, gate: &Gate) -> Option<T> {
        let before = self.first;
        let mut output = None;
        while output.is_none() {
            let Some(arrived) = self.waiting.remove(&self.first) else { break };
            self.first += 1;
            output = arrived;
        }
        if self.first != before {
            gate.advance(self.first);
        }
        output
    }

    /// The waiting outputs.
    pub fn waiting(&self) -> impl Iterator<Item = &T> {
        self.waiting.values().flatten()
    }

    /// Whether no output waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_come_in_order_and_gaps_are_skipped() {
        let (gate, mut window) = (Gate::new(true), Window::new());
        let mut out = Vec::new();
        for number in [3, 1, 0, 2, 5, 4] {
            window.arrive(number, (number % 2 == 1).then_some(number));
            while let Some(n) = window.next(&gate) {
                out.push(n);
            }
        }
        assert_eq!(out, [1, 3, 5]);
        assert!(window.is_empty());
        assert_eq!(*gate.limit.lock().unwrap(), 6 + WIDTH);
    }

    #[test]
    fn the_gate_opens_with_the_first_or_at_the_end() {
        let (gate, cancel) = (Gate::new(true), Cancel::default());
        assert!(gate.pass(WIDTH - 1, &cancel));
        std::thread::scope(|scope| {
            let held = scope.spawn(|| gate.pass(WIDTH, &cancel));
            std::thread::sleep(Duration::from_millis(5));
            assert!(!held.is_finished());
            gate.advance(1);
            assert!(held.join().unwrap());
        });
        cancel.interrupt(2);
        assert!(!gate.pass(WIDTH + 1, &cancel));
        assert!(Gate::new(false).pass(u64::MAX - 1, &Cancel::default()));
    }
}
