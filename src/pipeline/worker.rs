//! The worker threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::end::End;
use super::guarded::panic_words;
use super::job::{Job, Packed};
use super::process::process;
use super::trace::Trace;
use super::turns::{Turns, pass_over};
use super::{Letter, Message, Ready, Shared};
use crate::outcome::{Failure, Stage, TimeSpent};
use crate::state::Kind;

/// How often a worker without a job checks whether the run should end.
const LOOK: Duration = Duration::from_millis(50);

/// Counts a worker as working.
struct Working<'a>(&'a Shared);

impl<'a> Working<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.working.fetch_add(1, Ordering::Relaxed);
        Self(shared)
    }
}

impl Working<'_> {
    /// The worker was abandoned and is not counted any more.
    fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Processes jobs until there are none.
pub fn work(shared: &Shared, jobs: &Receiver<Job>, done: &Sender<Letter>) {
    let mut waiting = Instant::now();
    loop {
        let mut job = match jobs.recv_timeout(LOOK) {
            Ok(job) => job,
            Err(RecvTimeoutError::Disconnected) => {
                let idle = u64::try_from(waiting.elapsed().as_nanos()).unwrap_or(u64::MAX);
                shared.idle_at_end.fetch_add(idle, Ordering::Relaxed);
                return;
            }
            // A feeder that waits for standard input must not hold up the workers.
            Err(RecvTimeoutError::Timeout) if shared.cancel.is_set() => return,
            Err(RecvTimeoutError::Timeout) => continue,
        };
        let waited = waiting.elapsed();
        // Reading standard input cannot be interrupted, so nobody waits for it.
        let working = job.found.path.as_ref().map(|_| Working::new(shared));
        // Turns of dropped jobs must be passed too; `Turn` does that.
        let packed = job.packed.take();
        let unchanged = std::mem::take(&mut job.unchanged);
        let turns = Turns::new(shared, &job, packed.as_ref().is_some_and(Packed::has_drawn));
        if shared.cancel.is_set() || !shared.gate.pass(job.number, &shared.cancel) {
            if unchanged.is_empty() {
                shared.leave(job.found.certain);
            }
            continue;
        }
        if !unchanged.is_empty() {
            let messages = turns.claims.take(|ledger| pass_over(ledger, unchanged));
            if done.send((Some(job.number), Message::Many(messages))).is_err() {
                return;
            }
            shared.finished.fetch_add(1, Ordering::Release);
            continue;
        }
        let mut trace = Trace::default();
        let mut spent = TimeSpent { waiting: waited, idle: waited, ..TimeSpent::default() };
        if working.is_some() {
            shared.watch.begin(job.number, &job.source());
        }
        let work = || process(shared, &job, packed, turns, &mut spent, &mut trace);
        let outcome = catch_unwind(AssertUnwindSafe(work));
        let source = job.source();
        let message = match outcome {
            Ok(Ok(ready)) => Message::Ready(Box::new(Ready { spent, ..ready })),
            Ok(Err(End::OtherInputs(why))) => Message::OtherInputs(why),
            Ok(Err(End::Ignored)) => trace.with(&job, Kind::NoPicture, None, Message::Ignored),
            Ok(Err(End::Skipped(reason))) => Message::Skipped { source, reason },
            Ok(Err(End::Duplicate(reason, first))) => Message::Duplicate { source, reason, first },
            Ok(Err(End::Settled(reason))) => trace.with(&job, Kind::Made, None, Message::Skipped { source, reason }),
            Ok(Err(End::Kept(done, reason, record))) => {
                let kept = Message::Kept(done, reason);
                match record {
                    Some(record) => Message::Recorded(Box::new(kept), record),
                    None => kept,
                }
            }
            Ok(Err(End::Unchanged(reason, record))) => {
                Message::Recorded(Box::new(Message::Skipped { source, reason }), record)
            }
            Ok(Err(End::Unread(error))) => {
                shared.may_pass.fetch_add(1, Ordering::Relaxed);
                Message::Failed(Failure::new(source, Stage::Read, error))
            }
            Ok(Err(End::Failed(stage, error))) => {
                let lasting = !matches!(stage, Stage::Walk | Stage::Read | Stage::Plan | Stage::Write);
                let words = (lasting || trace.lasting).then(|| error.clone());
                if trace.passes {
                    shared.may_pass.fetch_add(1, Ordering::Relaxed);
                }
                trace.with(&job, Kind::Failed, words, Message::Failed(Failure::new(source, stage, error)))
            }
            Err(panic) => {
                let error = format!("the decoder or encoder gave up: {}", panic_words(&*panic));
                let failure = Failure::new(source, Stage::Decode, error.clone());
                trace.with(&job, Kind::Failed, Some(error), Message::Failed(failure))
            }
        };
        let letter = (Some(job.number), message);
        if let Some(working) = working {
            if !shared.watch.end(job.number) {
                // The worker was replaced, and its input has failed.
                working.forget();
                return;
            }
            if done.send(letter).is_err() {
                return;
            }
        } else if done.send(letter).is_err() {
            return;
        }
        shared.finished.fetch_add(1, Ordering::Release);
        waiting = Instant::now();
    }
}
