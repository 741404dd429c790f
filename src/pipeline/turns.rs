//! The ordered sections that an input passes.

use std::path::{Path, PathBuf};

use super::job::Job;
use super::lookup::Unchanged;
use super::order::Turn;
use super::{Message, Shared};
use crate::outcome::{Failure, SkipReason, SourceName, Stage};
use crate::plan::{Admission, Ledger};

/// The ordered sections that an input passes.
pub struct Turns<'a> {
    /// Source bytes are drawn in order: an input that waits to claim its outputs holds some, and
    /// must not keep an earlier input from its own. The feeder has passed this section for a member
    /// whose content it has read.
    pub bytes: Option<Turn<'a, ()>>,
    pub claims: Claims<'a>,
    pub pixels: Turn<'a, ()>,
}

/// The turn of an input to claim its outputs. An input that fails earlier is still protected from
/// being replaced.
pub struct Claims<'a> {
    turn: Option<Turn<'a, Ledger>>,
    path: Option<&'a Path>,
}

impl Claims<'_> {
    pub fn take<R>(mut self, work: impl FnOnce(&mut Ledger) -> R) -> R {
        self.turn.take().expect("a turn is taken once").take(work)
    }
}

impl Claims<'_> {
    /// Takes the turn, if it is left. Returns None if it was abandoned.
    pub fn take_if_left<R>(&mut self, work: impl FnOnce(&mut Ledger) -> R) -> Option<R> {
        self.turn.take()?.try_take(work)
    }
}

impl Drop for Claims<'_> {
    fn drop(&mut self) {
        if let (Some(turn), Some(path)) = (self.turn.take(), self.path) {
            // Not if the turn was abandoned, which may come just before its end.
            turn.try_take(|ledger| ledger.guard(path));
        }
    }
}

impl<'a> Turns<'a> {
    pub fn new(shared: &'a Shared, job: &'a Job, drawn: bool) -> Self {
        let number = job.number;
        let turn = Some(Turn::new(&shared.ledger, number));
        Self {
            bytes: (!drawn).then(|| Turn::new(&shared.reading, number)),
            // No output can have the name of an address.
            claims: Claims { turn, path: job.found.path.as_deref().filter(|_| job.remote.is_none()) },
            pixels: Turn::new(&shared.pixels, number),
        }
    }
}

/// Admits inputs that need not be opened, with their outputs, as if they had been.
pub fn pass_over(ledger: &mut Ledger, list: Vec<Unchanged>) -> Vec<Message> {
    let pass = |Unchanged { source, path, reason, outputs }: Unchanged| {
        let admission = match &source {
            SourceName::Url(address) => ledger.admit_url(&path, &address.url),
            _ => ledger.admit(&path),
        };
        let number = match admission {
            Admission::New(number) => number,
            Admission::Duplicate => return Message::Skipped { source, reason: SkipReason::Duplicate },
            Admission::OwnOutput => return Message::Skipped { source, reason: SkipReason::OwnOutput },
        };
        let outputs: Vec<&Path> = outputs.iter().map(PathBuf::as_path).collect();
        match ledger.claim(&outputs, number) {
            Ok(()) => Message::Skipped { source, reason },
            Err(error) => Message::Failed(Failure::new(source, Stage::Plan, error.to_string())),
        }
    };
    list.into_iter().map(pass).collect()
}
