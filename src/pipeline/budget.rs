//! A memory budget for data in flight. Memory is drawn from it before it is allocated.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::words;

/// The request exceeds what can ever be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverCeiling {
    /// The largest grant, in bytes.
    pub ceiling: u64,
}

impl OverCeiling {
    /// The message that `what` needs `bytes`.
    pub fn message(self, what: &str, bytes: u64) -> String {
        let (bytes, ceiling) = (words::bytes(bytes), words::bytes(self.ceiling));
        format!("{what} needs {bytes} of memory, over the limit of {ceiling} (--memory)")
    }
}

/// A pool of bytes. First come, first served, so that small requests cannot starve a large one.
#[derive(Debug)]
pub struct Budget {
    capacity: u64,
    ceiling: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    queue: VecDeque<u64>,
    next: u64,
}

impl Budget {
    /// Makes a pool of `capacity` bytes. A larger request, up to `ceiling`, is granted while
    /// nothing else is.
    pub fn new(capacity: u64, ceiling: u64) -> Arc<Self> {
        Arc::new(Self { capacity, ceiling: ceiling.max(capacity), state: Mutex::default(), changed: Condvar::new() })
    }

    /// Waits until `bytes` are available.
    ///
    /// # Errors
    /// They can never be available.
    pub fn draw(self: &Arc<Self>, bytes: u64) -> Result<Share, OverCeiling> {
        if bytes > self.ceiling {
            return Err(OverCeiling { ceiling: self.ceiling });
        }
        let mut state = self.lock();
        let ticket = state.next;
        state.next += 1;
        state.queue.push_back(ticket);
        loop {
            let first = state.queue.front() == Some(&ticket);
            if first && (state.used == 0 || state.used + bytes <= self.capacity) {
                break;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.queue.pop_front();
        state.used += bytes;
        drop(state);
        self.changed.notify_all();
        Ok(Share { budget: Arc::clone(self), bytes })
    }

    /// A share of nothing, which can grow.
    pub fn nothing(self: &Arc<Self>) -> Share {
        Share { budget: Arc::clone(self), bytes: 0 }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, bytes: u64) {
        if bytes > 0 {
            self.lock().used -= bytes;
            self.changed.notify_all();
        }
    }
}

/// A share of the budget, returned when dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    bytes: u64,
}

/// How often a share that waits to grow checks whether it is urgent.
const LOOK: Duration = Duration::from_millis(20);

impl Share {
    /// Grows to `bytes`. It waits until they are available, or until it is urgent: then they are
    /// granted beyond the capacity. Among shares that grow, one must become urgent, or all may wait
    /// for ever.
    ///
    /// # Errors
    /// They can never be available.
    pub fn grow(&mut self, bytes: u64, urgent: &dyn Fn() -> bool) -> Result<(), OverCeiling> {
        if bytes > self.budget.ceiling {
            return Err(OverCeiling { ceiling: self.budget.ceiling });
        }
        let more = bytes.saturating_sub(self.bytes);
        loop {
            // Asked without the lock: it may take another.
            let urgent = urgent();
            let mut state = self.budget.lock();
            if more == 0 || urgent || state.used + more <= self.budget.capacity {
                state.used += more;
                self.bytes += more;
                return Ok(());
            }
            drop(self.budget.changed.wait_timeout(state, LOOK));
        }
    }

    /// Returns everything but `bytes`.
    pub fn keep(&mut self, bytes: u64) {
        let rest = self.bytes.saturating_sub(bytes);
        self.bytes -= rest;
        self.budget.give_back(rest);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn never_more_than_the_capacity() {
        let budget = Budget::new(100, 100);
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (budget, now, most) = (&budget, &now, &most);
                scope.spawn(move || {
                    for i in 0..200 {
                        let bytes = (n * 13 + i * 7) % 60 + 1;
                        let share = budget.draw(bytes).unwrap();
                        most.fetch_max(now.fetch_add(bytes, Ordering::SeqCst) + bytes, Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(bytes, Ordering::SeqCst);
                        drop(share);
                    }
                });
            }
        });
        assert!(most.into_inner() <= 100);
        assert_eq!(budget.lock().used, 0);
    }

    #[test]
    fn shares_grow_within_the_capacity_or_when_urgent() {
        let budget = Budget::new(100, 150);
        let mut first = budget.nothing();
        first.grow(80, &|| false).unwrap();
        let mut second = budget.nothing();
        second.grow(40, &|| true).unwrap();
        assert_eq!(budget.lock().used, 120);
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| {
                let mut third = budget.nothing();
                third.grow(50, &|| false).unwrap();
            });
            std::thread::sleep(Duration::from_millis(5));
            assert!(!waits.is_finished());
            drop(first);
            waits.join().unwrap();
        });
        assert_eq!(second.grow(151, &|| true), Err(OverCeiling { ceiling: 150 }));
        drop(second);
        assert_eq!(budget.lock().used, 0);
    }

    #[test]
    fn large_requests_are_granted_alone_or_refused() {
        let budget = Budget::new(100, 150);
        let mut small = budget.draw(60).unwrap();
        small.keep(10);
        assert_eq!(budget.lock().used, 10);
        drop(small);
        let large = budget.draw(150).unwrap();
        assert_eq!(budget.draw(151).unwrap_err(), OverCeiling { ceiling: 150 });
        drop(large);
        assert_eq!(budget.lock().used, 0);
    }
}
