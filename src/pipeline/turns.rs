//! What workers do one after the other, in the order of the inputs.

use std::path::{Path, PathBuf};

use super::job::Job;
use super::lookup::Unchanged;
use super::order::Turn;
use super::{Message, Shared};
use crate::outcome::{Failure, SkipReason, SourceName, Stage};
use crate::plan::{Admission, Ledger};

/// The sections that an input passes in the inputs' order.
pub struct Turns<'a> {
    /// Source bytes are drawn in order: an input that waits to claim its outputs holds some, and
    /// must not keep one before it from getting its own.
    /// The feeder passed for a member whose bytes it has read.
    pub bytes: Option<Turn<'a, ()>>,
    pub claims: Claims<'a>,
    pub pixels: Turn<'a, ()>,
}

/// An input's turn to claim its outputs. One that fails before still was an input, and nothing may replace it.
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
    /// Takes the turn and leaves nothing to be taken; None if it was given up.
    pub fn take_if_left<R>(&mut self, work: impl FnOnce(&mut Ledger) -> R) -> Option<R> {
        self.turn.take()?.try_take(work)
    }
}

impl Drop for Claims<'_> {
    fn drop(&mut self) {
        if let (Some(turn), Some(path)) = (self.turn.take(), self.path) {
            // Not where the turn was given up, whose end may be near.
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
            claims: Claims { turn, path: job.found.path.as_deref() },
            pixels: Turn::new(&shared.pixels, number),
        }
    }
}

/// Admits inputs that need not be opened, with their outputs, as if they had been.
pub fn pass_over(ledger: &mut Ledger, list: Vec<Unchanged>) -> Vec<Message> {
    let pass = |Unchanged { path, reason, outputs }: Unchanged| {
        let admission = ledger.admit(&path);
        let source = SourceName::File(path);
        let number = match admission {
            Admission::New(number) => number,
            Admission::Duplicate => return Message::Skipped { source, reason: SkipReason::Duplicate },
            Admission::OwnOutput => return Message::Skipped { source, reason: SkipReason::OwnOutput },
        };
        let outputs: Vec<&Path> = outputs.iter().map(PathBuf::as_path).collect();
        match ledger.claim(&outputs, number) {
            Ok(()) => Message::Skipped { source, reason },
            Err(error) => Message::Failed(Failure { source, stage: Stage::Plan, error: error.to_string() }),
        }
    };
    list.into_iter().map(pass).collect()
}
