//! Outputs in the order of the inputs, for sinks that need it.
//!
//! Workers finish out of order; what comes early waits in the writer's window. Two things bound
//! the window: the bytes in it are still drawn from the pixel budget, and [`Gate`] lets input n
//! begin only when all before n - [`WIDTH`] are through, which bounds what is not drawn.
//!
//! That nothing waits for ever: let h be the first input that is not through. Jobs are taken from
//! the queue in order and all before h are through, so h is with a worker, with the writer, or next
//! in the queue. If it is in the queue, some worker is free to take it, or will be: the others hold
//! inputs after h, and those either wait for h in one of the places below, or end by themselves.
//! They cannot all wait, because they were taken before h was, which contradicts the queue's order.
//! So h is with a worker. It does not wait
//! - at the gate, because h < h + WIDTH;
//! - for its turn in an ordered section, because whoever is before it is through all of them;
//! - for source bytes: they are drawn in order, so all that is drawn is drawn by inputs before h
//!   (given back) or by inputs after h that passed the section after h did, when h has its own;
//! - for pixel bytes: drawn in order for the same reason. What waits in the window was drawn after
//!   h had its share, so an output that waits never keeps h from memory;
//! - for the writer: the writer never waits for anything but messages and the sink.
//!
//! So h gets through, and the next one is first.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::Cancel;

/// How far the fastest input may be ahead of the first that is not through: a slow picture of
/// seconds must not stop the others, and a few hundred finished thumbnails are no burden.
const WIDTH: u64 = 1024;

/// How often one who waits looks whether the run is to end.
const LOOK: Duration = Duration::from_millis(50);

/// Holds back workers that are too far ahead.
#[derive(Debug)]
pub struct Gate {
    /// The first number that may not begin.
    limit: Mutex<u64>,
    moved: Condvar,
}

impl Gate {
    /// A gate that is open for ever, or only for the first inputs.
    pub fn new(in_order: bool) -> Self {
        let limit = if in_order { WIDTH } else { u64::MAX };
        Self { limit: Mutex::new(limit), moved: Condvar::new() }
    }

    /// Waits until input `number` may begin; false when the run is to end instead.
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

    /// All before `first` are through.
    fn advance(&self, first: u64) {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = first.saturating_add(WIDTH);
        self.moved.notify_all();
    }
}

/// What came before its turn. Every number comes once, some with nothing.
#[derive(Debug)]
pub struct Window<T> {
    first: u64,
    waiting: BTreeMap<u64, Option<T>>,
}

impl<T> Window<T> {
    pub fn new() -> Self {
        Self { first: 0, waiting: BTreeMap::new() }
    }

    /// Number `number` came, with an output or with none.
    pub fn arrive(&mut self, number: u64, output: Option<T>) {
        self.waiting.insert(number, output);
    }

    /// The next output whose turn it is, if it came.
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

    /// What waits.
    pub fn waiting(&self) -> impl Iterator<Item = &T> {
        self.waiting.values().flatten()
    }

    /// Whether nothing waits for another.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_come_in_order_and_gaps_are_passed() {
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
