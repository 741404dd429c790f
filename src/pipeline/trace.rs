//! For `--update`: what a worker learns about an input, and the record for the state.

use std::path::Path;

use super::job::Job;
use super::lookup::Before;
use super::nightly::Update;
use super::{Message, Shared};
use crate::net::is_stored;
use crate::outcome::SkipReason;
use crate::plan::PlannedOutput;
use crate::state::digest::Content;
use crate::state::{Kind, Record, Seen, Written};
use crate::walk::real_path;

/// What a worker learns about an input, for `--update`.
#[derive(Default)]
pub struct Trace {
    pub seen: Option<Seen>,
    pub digest: Option<Content>,
    /// Whether it would fail again.
    pub lasting: bool,
    /// Whether it may succeed if it is tried again soon.
    pub passes: bool,
}

impl Trace {
    /// Adds a record to the message, if one is wanted. A failure is recorded only with `words`.
    pub fn with(&self, job: &Job, kind: Kind, words: Option<String>, message: Message) -> Message {
        match self.record(job, kind) {
            Some(record) if kind != Kind::Failed || words.is_some() => {
                Message::Recorded(Box::new(message), Box::new(Record { error: words, ..record }))
            }
            _ => message,
        }
    }

    pub fn record(&self, job: &Job, kind: Kind) -> Option<Record> {
        let (before, source, seen) = (job.before.as_ref()?, job.key()?, self.seen?);
        let (recipe, digest) = (before.recipe, self.digest);
        let validators = job.remote.as_ref().map(|remote| remote.validators.clone());
        Some(Record { source, recipe, kind, seen, digest, validators, error: None, outputs: Vec::new() })
    }
}

/// Whether the content shows that nothing needs to be done, although size and times differ.
pub fn unchanged(shared: &Shared, job: &Job, before: &Before, trace: &Trace) -> Option<(SkipReason, Record)> {
    let update = shared.config.nightly.update.as_ref()?;
    let row = before.rows.iter().find(|r| before.check && r.recipe == before.recipe && r.digest == trace.digest)?;
    row.digest?;
    let reason = match row.kind {
        Kind::Made if row.outputs.iter().all(|output| update.stands(output)) => SkipReason::UpToDate,
        Kind::Failed if !update.retry_failed => SkipReason::FailedBefore,
        _ => return None,
    };
    let record = trace.record(job, row.kind)?;
    Some((reason, Record { outputs: row.outputs.clone(), ..record }))
}

/// An output that an earlier run made from this content in the same way, if it is unchanged. It may have any of its names.
pub fn standing(shared: &Shared, before: &Before, trace: &Trace, output: &PlannedOutput) -> Option<Written> {
    trace.digest?;
    let update = shared.config.nightly.update.as_ref()?;
    output.paths().find_map(|path| standing_at(update, before, trace, output.digest, path))
}

fn standing_at(update: &Update, before: &Before, trace: &Trace, digest: i64, path: &Path) -> Option<Written> {
    let path = match is_stored(path) {
        true => path.to_path_buf(),
        false => real_path(path.parent().unwrap_or(Path::new(""))).join(path.file_name()?),
    };
    let mut rows = before.rows.iter().filter(|r| r.kind == Kind::Made && r.digest == trace.digest);
    rows.find_map(|r| r.outputs.iter().find(|o| o.path == path && o.variant == digest && update.stands(o)).cloned())
}
