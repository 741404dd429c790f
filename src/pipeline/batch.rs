//! Batches outputs and records, so that the disk and the state are synced once for many outputs.

use std::time::{Duration, Instant, SystemTime};

use super::ReadyOutput;
use super::nightly::Update;
use crate::outcome::Done;
use crate::policy::Replace;
use crate::sink::{Durable, Entry, SinkError};
use crate::source::Facts;
use crate::state::{Kind, Record, Seen, StateError, Written, digest};

/// The longest time that something is held back.
const AGE: Duration = Duration::from_secs(2);
/// The largest number of records in a batch.
const RECORDS: usize = 1024;

/// An input whose outputs have temporary names.
struct Waiting {
    done: Done,
    record: Option<Record>,
    /// For each output, its digest, and whether a file of this name was ours to replace.
    outputs: Vec<(i64, bool)>,
    /// For each output, its facts, and whether it has our mark.
    staged: Vec<(Facts, bool)>,
    /// Its output replaces it.
    in_place: bool,
}

/// The outputs and records of a few seconds.
pub struct Batch {
    sync: bool,
    durable: Durable,
    waiting: Vec<Waiting>,
    records: Vec<Record>,
    since: Option<Instant>,
}

/// An input of a committed batch, with its result.
pub type Through = (Done, Result<(), SinkError>);

impl Batch {
    pub fn new(sync: bool) -> Self {
        Self { sync, durable: Durable::new(sync), waiting: Vec::new(), records: Vec::new(), since: None }
    }

    /// Adds a record.
    pub fn remember(&mut self, record: Record) {
        self.since.get_or_insert_with(Instant::now);
        self.records.push(record);
    }

    /// Writes the outputs of one input under temporary names.
    pub fn stage(
        &mut self,
        entries: &[Entry<'_>],
        outputs: &[ReadyOutput],
        done: Done,
        mut record: Option<Record>,
    ) -> Result<(), Box<(Done, SinkError)>> {
        let in_place = entries.iter().any(|entry| entry.original.is_some());
        if let (true, Some(record), Some(entry)) = (in_place, &mut record, entries.first()) {
            record.digest = Some(digest::content(entry.bytes));
        }
        match self.durable.stage(entries) {
            Err(error) => Err(Box::new((done, error))),
            Ok(staged) => {
                self.since.get_or_insert_with(Instant::now);
                let outputs = outputs.iter().map(|o| (o.plan.digest, o.plan.replace == Replace::Any)).collect();
                self.waiting.push(Waiting { done, record, outputs, staged, in_place });
                Ok(())
            }
        }
    }

    /// Whether it is time to commit.
    pub fn is_due(&self) -> bool {
        self.durable.is_full() || self.records.len() >= RECORDS || self.since.is_some_and(|s| s.elapsed() >= AGE)
    }

    /// Takes the current batch, if it is not empty, and starts a new one.
    pub fn take(&mut self) -> Option<Self> {
        self.since?;
        Some(std::mem::replace(self, Self::new(self.sync)))
    }

    /// Syncs, renames, syncs directories, then records. Returns the result of each input, and
    /// whether syncing is unsupported.
    pub fn commit(self, update: Option<&Update>) -> (Vec<Through>, Result<(), StateError>, bool) {
        let Self { mut durable, waiting, mut records, .. } = self;
        if let Err(error) = announce(&waiting, update) {
            return (Vec::new(), Err(error), false);
        }
        let committed = durable.commit();
        let mut through = Vec::with_capacity(waiting.len());
        for (waiting, result) in waiting.into_iter().zip(committed.inputs) {
            let Waiting { done, record, outputs, in_place, .. } = waiting;
            let result = result.map(|facts| {
                if let (true, Some(record), Some(facts)) = (in_place, &record, facts.first()) {
                    // A source as the next run finds it, and never an output, which could be pruned.
                    records.push(Record { seen: Seen::at(facts, SystemTime::now()), ..record.clone() });
                } else if let Some(mut record) = record {
                    let made = done.outputs.iter().zip(&outputs).zip(&facts);
                    record
                        .outputs
                        .extend(made.map(|((o, (digest, _)), facts)| Written::new(o.path.clone(), *digest, facts)));
                    records.push(record);
                }
            });
            through.push((done, result));
        }
        let recorded = update.map_or(Ok(()), |u| u.state().record(&records, &committed.made));
        (through, recorded, committed.unsynced)
    }
}

/// Records outputs whose file would not be recognised by its mark before they get their final name.
/// If the process dies in between, the next run may replace them.
fn announce(waiting: &[Waiting], update: Option<&Update>) -> Result<(), StateError> {
    let Some(update) = update else { return Ok(()) };
    let mut pending = Vec::new();
    for waiting in waiting {
        let Some(record) = waiting.record.as_ref().filter(|_| !waiting.in_place) else { continue };
        let outputs = waiting.done.outputs.iter().zip(&waiting.outputs).zip(&waiting.staged);
        let new = outputs.filter(|((_, (_, replace)), (_, marked))| !replace && !marked);
        let outputs: Vec<Written> =
            new.map(|((o, (digest, _)), (facts, _))| Written::new(o.path.clone(), *digest, facts)).collect();
        if !outputs.is_empty() {
            pending.push(Record { kind: Kind::Pending, outputs, ..record.clone() });
        }
    }
    update.state().record(&pending, &[])
}
