//! Critical sections that workers enter in the order of the inputs.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A section with its value. Number n enters after 0..n have passed.
#[derive(Debug)]
pub struct Ordered<T> {
    state: Mutex<State<T>>,
    moved: Condvar,
}

#[derive(Debug)]
struct State<T> {
    next: u64,
    /// Numbers that will not come, because their workers were abandoned.
    skipped: BTreeSet<u64>,
    value: T,
}

impl<T> State<T> {
    fn advance(&mut self) {
        self.next += 1;
        while self.skipped.remove(&self.next) {
            self.next += 1;
        }
    }
}

impl<T> Ordered<T> {
    pub fn new(value: T) -> Self {
        Self { state: Mutex::new(State { next: 0, skipped: BTreeSet::new(), value }), moved: Condvar::new() }
    }

    /// Abandons the input with this number, so that later inputs do not wait for it.
    pub fn skip(&self, number: u64) {
        let _notify = Notify(&self.moved);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.next == number {
            state.advance();
        } else if state.next < number {
            state.skipped.insert(number);
        }
    }

    /// Enters after all turns are over.
    pub fn at_the_end<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).value)
    }

    fn wait(&self, number: u64) -> MutexGuard<'_, State<T>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.next < number {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }
}

/// Notifies the others even if the work in the section panics.
struct Notify<'a>(&'a Condvar);

impl Drop for Notify<'_> {
    fn drop(&mut self) {
        self.0.notify_all();
    }
}

/// The right of one input to pass a section once. If dropped unused, it waits and passes without
/// work, so that a failure does not block later inputs.
#[derive(Debug)]
pub struct Turn<'a, T> {
    section: &'a Ordered<T>,
    number: u64,
    used: bool,
}

impl<'a, T> Turn<'a, T> {
    pub fn new(section: &'a Ordered<T>, number: u64) -> Self {
        Self { section, number, used: false }
    }

    /// Waits for the turn, runs `work` and passes. Unwinds if the turn was abandoned, because
    /// nobody waits for this worker's answer.
    pub fn take<R>(self, work: impl FnOnce(&mut T) -> R) -> R {
        self.try_take(work).unwrap_or_else(|| std::panic::resume_unwind(Box::new("given up")))
    }

    /// Like `take`, but returns None if the turn was abandoned.
    pub fn try_take<R>(mut self, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.pass(work)
    }

    fn pass<R>(&mut self, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        // Dropped after the lock.
        let _notify = Notify(&self.section.moved);
        self.used = true;
        let mut state = self.section.wait(self.number);
        if state.next > self.number {
            return None;
        }
        // Nobody enters before the lock is released.
        state.advance();
        Some(work(&mut state.value))
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        if !self.used {
            self.pass(|_| ());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_taken_in_order_and_dropped_ones_do_not_block() {
        let section = Ordered::new(Vec::new());
        std::thread::scope(|scope| {
            for number in (0..20).rev() {
                let section = &section;
                scope.spawn(move || {
                    let turn = Turn::new(section, number);
                    if number % 3 != 0 {
                        turn.take(|passed| passed.push(number));
                    }
                });
            }
        });
        let passed = section.state.into_inner().unwrap().value;
        assert_eq!(passed, (0..20).filter(|n| n % 3 != 0).collect::<Vec<_>>());
    }

    #[test]
    fn nobody_waits_for_abandoned_turns() {
        let section = Ordered::new(0);
        let (first, second) = (Turn::new(&section, 0), Turn::new(&section, 1));
        section.skip(1);
        section.skip(0);
        assert_eq!(Turn::new(&section, 2).take(|n| *n), 0);
        drop(first);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| second.take(|n| *n))).is_err());
        Turn::new(&section, 3).take(|_| ());
    }

    #[test]
    fn a_panic_inside_does_not_block() {
        let section = Ordered::new(0);
        let first = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            Turn::new(&section, 0).take(|_| panic!("meant"));
        }));
        assert!(first.is_err());
        assert_eq!(Turn::new(&section, 1).take(|n| *n + 1), 1);
    }
}
