//! Threads of a run that end it when they die. A thread that panics tells nobody by itself, and those who wait for
//! its messages take the silence for the end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use super::Cancel;

/// The first death of a thread, if any died.
#[derive(Debug, Default)]
pub struct Deaths(Mutex<Option<String>>);

impl Deaths {
    /// Does the work of a thread. Should it panic, that is noted, and the run is to end.
    pub fn guard(&self, what: &str, cancel: &Cancel, work: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
            self.note(format!("the thread that {what} died: {}", panic_words(&*panic)));
            cancel.broken();
        }
    }

    /// Notes why the run cannot go on; the first reason stands.
    pub fn note(&self, why: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    /// What is to be said of it.
    pub fn words(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What a panic says, in one line.
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
