//! Numbers the jobs of the feeder, and reports what needs no worker.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::Sender;

use super::budget::{OverCeiling, Share};
use super::job::{Job, Packed};
use super::lookup::{Before, Unchanged};
use super::order::Turn;
use super::remote::Remote;
use super::{Letter, Message, Shared};
use crate::outcome::{Failure, SkipReason, SourceName, Stage};
use crate::walk::{Found, Row};

type Flow = ControlFlow<()>;

pub struct Hand<'a> {
    pub shared: &'a Shared,
    jobs: &'a Sender<Job>,
    done: &'a Sender<Letter>,
    number: u64,
    /// What a table says about the inputs that the feeder sends.
    pub row: Option<Arc<Row>>,
}

impl<'a> Hand<'a> {
    pub fn new(shared: &'a Shared, jobs: &'a Sender<Job>, done: &'a Sender<Letter>) -> Self {
        Self { shared, jobs, done, number: 0, row: None }
    }

    /// Sends the next input, with its content if it is a member of an archive.
    pub fn give(&mut self, found: Found, packed: Option<Packed>) -> Flow {
        self.send(found, packed, None, Vec::new())
    }

    /// Sends a picture from the network, whose memory was drawn elsewhere. Without content, it is one
    /// that the run need not download.
    pub fn give_remote(
        &mut self,
        found: Found,
        remote: Box<Remote>,
        packed: Option<Packed>,
        before: Option<Before>,
        row: Option<Arc<Row>>,
    ) -> Flow {
        if packed.is_some() {
            self.shared.reading.skip(self.number);
        }
        let (number, unchanged) = (self.number, Vec::new());
        self.hand_out(Job { number, found, packed, remote: Some(remote), row, before, unchanged })
    }

    /// The number of the next job.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Sends the next input with everything known about it, or skipped inputs in its place.
    pub fn send(
        &mut self,
        found: Found,
        packed: Option<Packed>,
        before: Option<Before>,
        unchanged: Vec<Unchanged>,
    ) -> Flow {
        let (number, row) = (self.number, self.row.clone());
        self.hand_out(Job { number, found, packed, remote: None, row, before, unchanged })
    }

    fn hand_out(&mut self, job: Job) -> Flow {
        self.number += 1;
        self.shared.handed.fetch_add(1, Ordering::Release);
        if self.shared.cancel.is_set() {
            // The feeder continues in order to count the remaining inputs.
            if job.unchanged.is_empty() {
                self.shared.leave(job.found.certain);
            }
            return Flow::Continue(());
        }
        if self.jobs.send(job).is_err() { Flow::Break(()) } else { Flow::Continue(()) }
    }

    /// Reports that an input is skipped.
    pub fn skip(&mut self, path: PathBuf, reason: SkipReason) -> Flow {
        self.tell(Message::Skipped { source: SourceName::File(path), reason })
    }

    /// Waits for memory for the content of the next input, in place of the worker that will get it.
    /// It waits in the input's turn, so that this content never keeps an earlier input from its
    /// memory.
    pub fn draw(&mut self, bytes: u64) -> Result<Share, OverCeiling> {
        Turn::new(&self.shared.reading, self.number).take(|()| self.shared.source_bytes.draw(bytes))
    }

    pub fn tell(&mut self, message: Message) -> Flow {
        let shared = self.shared;
        // In strict order, everything has a number. The keys of a data set count jobs only.
        let number = (shared.is_strict() && shared.config.dataset.is_none()).then(|| {
            let number = self.number;
            self.number += 1;
            shared.reading.skip(number);
            shared.ledger.skip(number);
            shared.pixels.skip(number);
            number
        });
        if self.done.send((number, message)).is_err() { Flow::Break(()) } else { Flow::Continue(()) }
    }

    pub fn fail(&mut self, path: PathBuf, stage: Stage, error: String) -> Flow {
        self.tell(Message::Failed(Failure::new(SourceName::File(path), stage, error)))
    }
}
