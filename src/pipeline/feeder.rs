//! Walks the inputs and hands jobs to the workers, as fast as they take them.

use std::fs::File;
use std::io::{self, BufReader};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use crossbeam_channel::Sender;

use super::config::{List, RunConfig};
use super::lookup::{Before, Lookup, Unchanged, Verdict};
use super::prune::Walked;
use super::{Message, Shared};
use crate::outcome::{Failure, SkipReason, SourceName, Stage};
use crate::walk::{Found, Input, Item};
use crate::words;

/// One input on its way to a worker.
#[derive(Debug)]
pub struct Job {
    /// Its place among all jobs, from 0.
    pub number: u64,
    /// The input.
    pub found: Found,
    /// What is known of it, with `--update`.
    pub before: Option<Before>,
    /// Inputs to be passed over in its place, when there are any.
    pub unchanged: Vec<Unchanged>,
}

impl Job {
    pub fn source(&self) -> SourceName {
        match &self.found.path {
            Some(path) => SourceName::File(path.clone()),
            None => SourceName::Stdin,
        }
    }
}

/// Inputs to be passed over that travel together.
const TOGETHER: usize = 256;

/// Feeds until all inputs are handed out, the run is cancelled, or nobody takes them any more.
pub fn feed(shared: &Shared, jobs: &Sender<Job>, done: &Sender<Message>) {
    let config = &shared.config;
    let mut feeder = Feeder {
        shared,
        jobs,
        done,
        number: 0,
        lookup: config.nightly.update.as_ref().map(|update| Lookup::new(shared, update)),
        unchanged: Vec::new(),
        walked: Walked::default(),
    };
    let complete = feeder.all().is_continue() && feeder.hand_over().is_continue();
    let seen = feeder.lookup.map(|l| l.seen).unwrap_or_default();
    let mut walked = feeder.walked;
    (walked.complete, walked.seen) = (complete, seen);
    *shared.walked.lock().unwrap_or_else(PoisonError::into_inner) = Some(walked);
}

type Flow = ControlFlow<()>;

fn flow(goes_on: bool) -> Flow {
    if goes_on { Flow::Continue(()) } else { Flow::Break(()) }
}

struct Feeder<'a> {
    shared: &'a Shared,
    jobs: &'a Sender<Job>,
    done: &'a Sender<Message>,
    number: u64,
    lookup: Option<Lookup<'a>>,
    unchanged: Vec<Unchanged>,
    walked: Walked,
}

impl Feeder<'_> {
    fn all(&mut self) -> Flow {
        let config = &self.shared.config;
        for input in &config.inputs {
            self.walked.begin(input);
            config.walker.walk(input, &mut |item| self.give(item))?;
        }
        self.walked.begin(&Input::Stdin);
        for list in &config.lists {
            match feed_list(config, list, &mut |item| self.give(item)) {
                Ok(flow) => flow?,
                Err(error) => {
                    let path = list.file.clone().unwrap_or_else(|| PathBuf::from("standard input"));
                    let error = format!("the list cannot be read: {}", words::system_words(&error));
                    flow(self.done.send(failed(path, &error)).is_ok())?;
                }
            }
        }
        Flow::Continue(())
    }

    fn give(&mut self, item: Item) -> Flow {
        if self.shared.cancel.is_set() {
            return Flow::Break(());
        }
        match item {
            Item::Failed { path, error } => {
                self.walked.failed(&path);
                flow(self.done.send(failed(path, &error.to_string())).is_ok())
            }
            Item::Found(found) => {
                self.walked.found();
                match own_output(&self.shared.config, &found) {
                    Some(path) => {
                        let (source, reason) = (SourceName::File(path), SkipReason::OwnOutput);
                        flow(self.done.send(Message::Skipped { source, reason }).is_ok())
                    }
                    None => self.found(found),
                }
            }
        }
    }

    fn found(&mut self, found: Found) -> Flow {
        let verdict = match (&mut self.lookup, &found.path) {
            (Some(lookup), Some(path)) => match lookup.verdict(&found, path) {
                Ok(verdict) => Some(verdict),
                Err(error) => {
                    let _ = self.done.send(Message::Broken(error));
                    return Flow::Break(());
                }
            },
            _ => None,
        };
        match verdict {
            Some(Verdict::NoPicture) => Flow::Continue(()),
            Some(Verdict::Pass(unchanged)) => {
                self.unchanged.push(unchanged);
                if self.unchanged.len() >= TOGETHER { self.hand_over() } else { Flow::Continue(()) }
            }
            Some(Verdict::Open(before)) => {
                // In the order of the inputs, in which outputs are claimed.
                self.hand_over()?;
                self.send(found, Some(before), Vec::new())
            }
            None => self.send(found, None, Vec::new()),
        }
    }

    fn hand_over(&mut self) -> Flow {
        if self.unchanged.is_empty() {
            return Flow::Continue(());
        }
        let unchanged = std::mem::take(&mut self.unchanged);
        self.send(Found { path: None, below: PathBuf::new(), certain: true, link: false }, None, unchanged)
    }

    fn send(&mut self, found: Found, before: Option<Before>, unchanged: Vec<Unchanged>) -> Flow {
        let number = self.number;
        self.number += 1;
        self.shared.handed.fetch_add(1, Ordering::Release);
        flow(self.jobs.send(Job { number, found, before, unchanged }).is_ok())
    }
}

fn failed(path: PathBuf, error: &str) -> Message {
    Message::Failed(Failure { source: SourceName::File(path), stage: Stage::Walk, error: error.to_owned() })
}

fn feed_list(config: &RunConfig, list: &List, give: &mut dyn FnMut(Item) -> Flow) -> io::Result<Flow> {
    match &list.file {
        None => config.walker.walk_list(&mut io::stdin().lock(), list.nul, give),
        Some(path) => config.walker.walk_list(&mut BufReader::new(File::open(path)?), list.nul, give),
    }
}

fn own_output(config: &RunConfig, found: &Found) -> Option<PathBuf> {
    let path = found.path.as_ref()?;
    (config.skip_own && config.naming.is_own_output(path)).then(|| path.clone())
}

/// Walks all inputs but lists, only to count them.
pub fn count(shared: &Shared) {
    let config = &shared.config;
    for input in &config.inputs {
        let flow = config.walker.walk(input, &mut |item| {
            // What does not look like a picture is mostly none.
            if !matches!(&item, Item::Found(found) if !found.certain) {
                shared.counted.fetch_add(1, Ordering::Relaxed);
            }
            if shared.cancel.is_set() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if flow.is_break() {
            return;
        }
    }
    shared.count_complete.store(true, Ordering::Relaxed);
}
