//! Sections that workers pass in the order of the inputs.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A section with its state; number n enters after 0..n have been through.
#[derive(Debug)]
pub struct Ordered<T> {
    state: Mutex<(u64, T)>,
    moved: Condvar,
}

impl<T> Ordered<T> {
    pub fn new(value: T) -> Self {
        Self { state: Mutex::new((0, value)), moved: Condvar::new() }
    }

    fn wait(&self, number: u64) -> MutexGuard<'_, (u64, T)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.0 != number {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }
}

/// Tells the others even when what was done in the section unwinds.
struct Notify<'a>(&'a Condvar);

impl Drop for Notify<'_> {
    fn drop(&mut self) {
        self.0.notify_all();
    }
}

/// One input's right to pass a section once. Dropped unused, it waits and passes without doing
/// anything, so that those behind it are not held up by a failure.
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

    /// Waits for its turn and passes.
    pub fn take<R>(mut self, work: impl FnOnce(&mut T) -> R) -> R {
        self.pass(work)
    }

    fn pass<R>(&mut self, work: impl FnOnce(&mut T) -> R) -> R {
        // Dropped after the lock is.
        let _notify = Notify(&self.section.moved);
        let mut state = self.section.wait(self.number);
        self.used = true;
        // Nobody enters before the lock is given back.
        state.0 += 1;
        work(&mut state.1)
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
    fn turns_are_taken_in_order_and_dropped_ones_do_not_hold() {
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
        let passed = section.state.into_inner().unwrap().1;
        assert_eq!(passed, (0..20).filter(|n| n % 3 != 0).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_within_opens_the_way() {
        let section = Ordered::new(0);
        let first = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            Turn::new(&section, 0).take(|_| panic!("meant"));
        }));
        assert!(first.is_err());
        assert_eq!(Turn::new(&section, 1).take(|n| *n + 1), 1);
    }
}
