//! Walks the inputs and hands jobs to the workers, as fast as they take them.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use crossbeam_channel::Sender;

use super::budget::Share;
use super::config::{List, RunConfig};
use super::hand::Hand;
use super::{Letter, Message, Shared, unpack};
use crate::archive::zip_reader::ZipEntry;
use crate::outcome::{Failure, SkipReason, SourceName, Stage};
use crate::source::{Facts, Source};
use crate::walk::{Found, Item, real_path};
use crate::words;

/// One input on its way to a worker.
#[derive(Debug)]
pub struct Job {
    /// Its place among all jobs, from 0.
    pub number: u64,
    /// The input.
    pub found: Found,
    /// What is known of its bytes when it is a member of an archive.
    pub packed: Option<Packed>,
}

/// A member of an archive.
#[derive(Debug)]
pub enum Packed {
    /// Its bytes, and the memory that was drawn for them in the job's turn.
    Bytes { source: Source, share: Share },
    /// To be unpacked.
    Zip { entry: ZipEntry, facts: Facts },
    /// It cannot be had; `drawn` says whether memory was, or was to be, drawn for it.
    Broken { error: String, drawn: bool },
}

impl Packed {
    /// Whether the job's turn to draw source bytes is passed already.
    pub fn has_drawn(&self) -> bool {
        matches!(self, Self::Bytes { .. } | Self::Broken { drawn: true, .. })
    }
}

impl Job {
    pub fn source(&self) -> SourceName {
        match &self.found.path {
            Some(path) => SourceName::File(path.clone()),
            None => SourceName::Stdin,
        }
    }
}

/// Feeds until all inputs are handed out, the run is cancelled, or nobody takes them any more.
pub fn feed(shared: &Shared, jobs: &Sender<Job>, done: &Sender<Letter>) {
    let config = &shared.config;
    let mut hand = Hand::new(shared, jobs, done);
    let mut archives = HashSet::new();
    let mut give = |item| {
        if shared.cancel.is_set() {
            return ControlFlow::Break(());
        }
        match item {
            Item::Failed { path, error } => hand.fail(path, Stage::Walk, error.to_string()),
            Item::Found(found) => match own_output(config, &found) {
                Some(path) => {
                    let source = SourceName::File(path);
                    hand.tell(Message::Skipped { source, reason: SkipReason::OwnOutput })
                }
                None => hand.give(found, None),
            },
            Item::Archive { path, .. } if config.naming.is_beside() => {
                hand.fail(path, Stage::Plan, "outputs cannot stand beside members of an archive; use -o".to_owned())
            }
            Item::Archive { path, below } => {
                if archives.insert(real_path(&path)) {
                    unpack::file(&mut hand, &path, &below)
                } else {
                    let source = SourceName::File(path);
                    hand.tell(Message::Skipped { source, reason: SkipReason::Duplicate })
                }
            }
            Item::StdinArchive => unpack::stdin(&mut hand),
        }
    };
    for input in &config.inputs {
        if config.walker.walk(input, &mut give).is_break() {
            return;
        }
    }
    for list in &config.lists {
        match feed_list(config, list, &mut give) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return,
            Err(error) => {
                let path = list.file.clone().unwrap_or_else(|| PathBuf::from("standard input"));
                let error = format!("the list cannot be read: {}", words::system_words(&error));
                if done.send((None, failed(path, &error))).is_err() {
                    return;
                }
            }
        }
    }
}

fn failed(path: PathBuf, error: &str) -> Message {
    Message::Failed(Failure { source: SourceName::File(path), stage: Stage::Walk, error: error.to_owned() })
}

fn feed_list(
    config: &RunConfig,
    list: &List,
    give: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
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
