//! Threads whose panic ends the run. A panicking thread does not report itself, and those who wait
//! for its messages would take the silence for the end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use super::Cancel;

/// The first death of a thread, if any.
#[derive(Debug, Default)]
pub struct Deaths(Mutex<Option<String>>);

impl Deaths {
    /// Runs the work of a thread. A panic is recorded and ends the run.
    pub fn guard(&self, what: &str, cancel: &Cancel, work: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
            self.note(format!("the thread that {what} died: {}", panic_words(&*panic)));
            cancel.broken();
        }
    }

    /// Records why the run cannot continue. The first reason counts.
    pub fn note(&self, why: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    /// The message about it.
    pub fn words(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The message of a panic, on one line.
pub fn panic_words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no reason given").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_death_is_noted_and_ends_the_run() {
        let (deaths, cancel) = (Deaths::default(), Cancel::default());
        deaths.guard("lives", &cancel, || ());
        assert_eq!((deaths.words(), cancel.is_set()), (None, false));
        deaths.guard("finds inputs", &cancel, || panic!("a bug"));
        deaths.guard("counts", &cancel, || panic!("another"));
        assert_eq!(deaths.words().as_deref(), Some("the thread that finds inputs died: a bug"));
        assert!(cancel.is_set());
    }
}
