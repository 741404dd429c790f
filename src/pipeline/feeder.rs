//! Walks the inputs and hands jobs to the workers, as fast as they take them.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::config::{Given, List, Planned, RunConfig};
use super::downloads::{Closed, Downloads, Task};
use super::hand::Hand;
use super::job::Job;
use super::keys::Keys;
use super::lookup::{Lookup, Unchanged, Verdict};
use super::prune::Walked;
use super::remote::Remote;
use super::{Letter, Message, Shared, unpack};
use crate::net::{Url, Validators};
use crate::outcome::{SkipReason, Stage};
use crate::plan::OwnOutputs;
use crate::split::{Entry, Portion, SplitError};
use crate::walk::{Found, Input, Item, Row, real_path};
use crate::words;

/// How long the feeder keeps counting the remaining inputs after the run should end.
pub const COUNT_ON: Duration = Duration::from_secs(10);

/// Skipped inputs that are sent together.
const TOGETHER: usize = 256;

/// Runs until all inputs are handed out, the run is cancelled, or the workers are gone.
pub fn feed(shared: &Shared, jobs: &Sender<Job>, done: &Sender<Letter>) {
    let hand = Mutex::new(Hand::new(shared, jobs, done));
    let downloads = Downloads::new(shared, &hand, shared.in_order);
    std::thread::scope(|scope| {
        let _closed = Closed(&downloads);
        feed_with(shared, &hand, &downloads, &|| downloads.start(scope));
    });
    shared.fed.store(true, Ordering::Release);
}

fn feed_with<'a>(shared: &'a Shared, hand: &'a Mutex<Hand<'a>>, downloads: &Downloads<'a>, spawn: &dyn Fn() -> bool) {
    let config = &shared.config;
    let mut feeder = Feeder {
        shared,
        hand,
        downloads,
        spawn,
        lookup: config.nightly.update.as_ref().map(|update| Lookup::new(shared, update)),
        unchanged: Vec::new(),
        walked: Walked::default(),
        archives: HashSet::new(),
        own: OwnOutputs::new(&config.naming),
        keys: config.dataset.as_ref().and_then(|dataset| dataset.key.as_ref()).map(|_| Keys::default()),
        stopped: None,
    };
    let complete = feeder.all().is_continue() && feeder.hand_over().is_continue();
    downloads.flush();
    let mut walked = feeder.walked;
    walked.complete = complete;
    if let Some(lookup) = feeder.lookup {
        (walked.seen, walked.own_rows) = (lookup.seen, lookup.current);
    }
    *shared.walked.lock().unwrap_or_else(PoisonError::into_inner) = Some(walked);
}

type Flow = ControlFlow<()>;

struct Feeder<'a, 'd> {
    shared: &'a Shared,
    hand: &'a Mutex<Hand<'a>>,
    downloads: &'d Downloads<'a>,
    /// Starts one more thread for downloads.
    spawn: &'d dyn Fn() -> bool,
    lookup: Option<Lookup<'a>>,
    unchanged: Vec<Unchanged>,
    walked: Walked,
    /// Archives that were started, by their real paths.
    archives: HashSet<PathBuf>,
    own: OwnOutputs<'a>,
    /// The keys of samples, if a table gives them.
    keys: Option<Keys>,
    /// Since when it only counts.
    stopped: Option<Instant>,
}

impl<'a> Feeder<'a, '_> {
    /// Where inputs that are ready are handed out. Downloads hand out theirs there, too.
    fn hand(&self) -> MutexGuard<'a, Hand<'a>> {
        self.hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&mut self) -> Flow {
        let config = &self.shared.config;
        if let Some(planned) = config.planned.as_ref().and_then(Planned::take) {
            return self.planned(planned);
        }
        // Missing inputs are reported before any work.
        for input in config.missing_first() {
            self.walked.begin(input);
            config.walker.walk(input, &mut |item| self.give(item))?;
        }
        for list in &config.lists {
            self.walked.begin_list();
            let fed = feed_list(config, list, &mut |item, row| {
                if let Some((path, error)) = row.as_deref().and_then(|row| self.keyless(&item, row)) {
                    return self.hand().fail(path, Stage::Walk, error);
                }
                self.hand().row = row;
                self.give(item)
            });
            self.hand().row = None;
            match fed {
                Ok(flow) => flow?,
                Err(error) => {
                    self.walked.list_failed();
                    let path = list.file.clone().unwrap_or_else(|| PathBuf::from("standard input"));
                    let what = if list.table.is_some() { "table" } else { "list" };
                    let error = format!("the {what} cannot be read: {}", words::system_words(&error));
                    self.hand().fail(path, Stage::Walk, error)?;
                }
            }
        }
        if config.given.is_some() {
            self.walked.begin_list();
        }
        for path in config.given.iter().filter_map(Given::take).flatten() {
            config.walker.walk_literally(&path, &mut |item| self.give(item))?;
        }
        Flow::Continue(())
    }

    /// The inputs of a shard, as another run has found them.
    fn planned(&mut self, entries: impl Iterator<Item = Result<Entry, SplitError>>) -> Flow {
        self.walked.begin_list();
        for entry in entries {
            match entry {
                Ok(entry) => {
                    self.hand().row = entry.row;
                    self.give(entry.item)?;
                }
                Err(error) => {
                    // If nobody listens, the run is ending already.
                    let _ = self.hand().tell(Message::OtherInputs(error.to_string()));
                    return Flow::Break(());
                }
            }
        }
        self.hand().row = None;
        Flow::Continue(())
    }

    /// For data sets with keys from a table: why this input has none, with its name.
    fn keyless(&mut self, item: &Item, row: &Row) -> Option<(PathBuf, String)> {
        let keys = self.keys.as_mut()?;
        let (path, taken) = match item {
            Item::Found(found) => (found.path.clone()?, keys.take(row)),
            Item::Remote { url, .. } => (PathBuf::from(url.masked()), keys.take(row)),
            Item::Archive { path, .. } => {
                let error = format!("row {} of the table: an archive has one key for many pictures", row.number);
                (path.clone(), Err(error))
            }
            Item::StdinArchive | Item::Failed { .. } | Item::LeftOut(_) => return None,
        };
        Some((path, taken.err()?))
    }

    fn give(&mut self, item: Item) -> Flow {
        if let Some(portion) = &self.shared.config.portion
            && !is_in(portion, &item, self.hand().row.clone())
        {
            return Flow::Continue(());
        }
        if self.shared.cancel.is_set() {
            return self.count_on(item);
        }
        let config = &self.shared.config;
        if self.shared.in_order && !matches!(item, Item::Remote { .. } | Item::LeftOut(_)) {
            self.downloads.flush();
        }
        match item {
            Item::Remote { url, .. } if config.naming.is_beside() => {
                self.refuse(&url, "a URL has no directory to put outputs beside; use -o")
            }
            Item::Remote { url, .. } if config.in_place.is_some() => {
                self.refuse(&url, "a picture is not replaced on the network; use -o")
            }
            Item::Remote { url, below, listed, size } => self.remote(url, below, &listed, size),
            Item::Failed { path, error } => {
                self.walked.failed(&path);
                self.hand().fail(path, Stage::Walk, error.to_string())
            }
            Item::Found(found) => {
                self.walked.found();
                match found.path.clone().filter(|path| config.skip_own && self.own.contain(path)) {
                    Some(path) => self.hand().skip(path, SkipReason::OwnOutput),
                    None => self.found(found),
                }
            }
            Item::Archive { path, .. } if config.naming.is_beside() => {
                let error = "outputs cannot stand beside members of an archive; use -o";
                self.hand().fail(path, Stage::Plan, error.to_owned())
            }
            Item::Archive { path, below } => {
                self.walked.found();
                self.hand_over()?;
                if self.archives.insert(real_path(&path)) {
                    unpack::file(&mut self.hand(), &path, &below)
                } else {
                    self.hand().skip(path, SkipReason::Duplicate)
                }
            }
            Item::StdinArchive => unpack::stdin(&mut self.hand()),
            Item::LeftOut(rule) => {
                self.shared.passed.leave_out(rule);
                Flow::Continue(())
            }
        }
    }

    /// Counts an input that this run will not process, for a limited time, and not after a signal.
    fn count_on(&mut self, item: Item) -> Flow {
        let shared = self.shared;
        let since = *self.stopped.get_or_insert_with(Instant::now);
        if !shared.cancel.lets_count() || since.elapsed() >= COUNT_ON {
            return Flow::Break(());
        }
        match item {
            Item::LeftOut(_) => {}
            Item::Failed { .. } | Item::Remote { .. } => shared.leave(true),
            // Its content is unknown without unpacking it.
            Item::Archive { .. } | Item::StdinArchive => {
                shared.leave(true);
                return Flow::Break(());
            }
            Item::Found(found) => {
                let own = found.path.as_ref().is_some_and(|path| shared.config.skip_own && self.own.contain(path));
                // A state that cannot be read was reported already, or will be in the next run.
                let verdict = match (&mut self.lookup, &found.path) {
                    (Some(lookup), Some(path)) => lookup.verdict(&found, path).ok(),
                    _ => None,
                };
                if !own && !matches!(verdict, Some(Verdict::Pass(_) | Verdict::NoPicture)) {
                    shared.leave(found.certain);
                }
            }
        }
        Flow::Continue(())
    }

    fn found(&mut self, found: Found) -> Flow {
        let verdict = match (&mut self.lookup, &found.path) {
            (Some(lookup), Some(path)) => match lookup.verdict(&found, path) {
                Ok(verdict) => Some(verdict),
                Err(error) => {
                    // If nobody listens, the run is ending already.
                    let _ = self.hand().tell(Message::Broken(error));
                    return Flow::Break(());
                }
            },
            _ => None,
        };
        match verdict {
            Some(Verdict::NoPicture) => {
                self.shared.passed.no_picture();
                Flow::Continue(())
            }
            Some(Verdict::Pass(unchanged)) => {
                self.unchanged.push(unchanged);
                if self.unchanged.len() >= TOGETHER { self.hand_over() } else { Flow::Continue(()) }
            }
            Some(Verdict::Open(before)) => {
                // In the order of the inputs, in which outputs are claimed.
                self.hand_over()?;
                self.hand().send(found, None, Some(before), Vec::new())
            }
            None => self.hand().give(found, None),
        }
    }

    fn refuse(&mut self, url: &Url, why: &str) -> Flow {
        self.hand().fail(PathBuf::from(url.masked()), Stage::Plan, why.to_owned())
    }

    /// Queues a download, unless the state knows better.
    fn remote(&mut self, url: Url, below: PathBuf, listed: &Validators, size: Option<u64>) -> Flow {
        self.walked.url();
        if self.shared.in_order {
            self.hand_over()?;
        }
        let remote = Box::new(Remote::new(url));
        if !self.downloads.is_new(&remote.url.key()) {
            if self.shared.in_order {
                self.downloads.flush();
            }
            let message = Message::Skipped { source: remote.name(), reason: SkipReason::Duplicate };
            return self.hand().tell(message);
        }
        let (mut before, mut known, mut unchanged) = (None, Validators::default(), None);
        if let Some(lookup) = &mut self.lookup {
            match lookup.remote(&remote.url, &below, listed, size) {
                Ok((Verdict::Pass(skipped), ..)) => {
                    if self.shared.in_order {
                        self.downloads.flush();
                    }
                    self.unchanged.push(skipped);
                    return if self.unchanged.len() >= TOGETHER { self.hand_over() } else { Flow::Continue(()) };
                }
                Ok((Verdict::Open(row), validators, same)) => {
                    (before, known, unchanged) = (Some(row), validators, same);
                }
                Ok((Verdict::NoPicture, ..)) => {}
                Err(error) => {
                    let _ = self.hand().tell(Message::Broken(error));
                    return Flow::Break(());
                }
            }
        }
        let path = Some(PathBuf::from(remote.url.masked()));
        let found = Found { path, below, certain: true, link: false };
        let row = self.hand().row.clone();
        self.downloads.submit(Task { found, remote, before, row, known, unchanged }, self.spawn);
        Flow::Continue(())
    }

    fn hand_over(&mut self) -> Flow {
        if self.unchanged.is_empty() {
            return Flow::Continue(());
        }
        let unchanged = std::mem::take(&mut self.unchanged);
        let nobody = Found { path: None, below: PathBuf::new(), certain: true, link: false };
        self.hand().send(nobody, None, None, unchanged)
    }
}

/// Whether an input counts, by its name. What has none counts for the first part.
fn is_in(portion: &Portion, item: &Item, row: Option<Arc<Row>>) -> bool {
    match item {
        Item::Found(_) | Item::Remote { .. } => {
            let claims = Entry::claims_of(item, row.as_deref(), false);
            let name = claims.map(|(dir, name)| dir.join(name)).unwrap_or_default();
            portion.has(name.as_os_str().as_encoded_bytes())
        }
        Item::Archive { path, .. } | Item::Failed { path, .. } => portion.has(path.as_os_str().as_encoded_bytes()),
        Item::StdinArchive | Item::LeftOut(_) => portion.first == 1,
    }
}

/// Gives the inputs of a list, with their rows if it is a table.
pub fn feed_list(
    config: &RunConfig,
    list: &List,
    give: &mut dyn FnMut(Item, Option<Arc<Row>>) -> Flow,
) -> io::Result<Flow> {
    if let Some(columns) = &list.table {
        return config.walker.walk_table(list.file.as_deref(), columns, give);
    }
    let mut stream: Box<dyn BufRead> = match &list.file {
        None => Box::new(io::stdin().lock()),
        Some(path) => Box::new(BufReader::new(File::open(path)?)),
    };
    config.walker.walk_list(&mut *stream, list.nul, &mut |item| give(item, None))
}

/// Walks all inputs but lists, only to count them, unless the run ends within `delay`.
pub fn count(shared: &Shared, delay: Duration) {
    let begin = Instant::now();
    while let Some(left) = delay.checked_sub(begin.elapsed()).filter(|left| !left.is_zero()) {
        if shared.cancel.is_set() || shared.fed.load(Ordering::Relaxed) {
            return;
        }
        std::thread::sleep(left.min(Duration::from_millis(100)));
    }
    let config = &shared.config;
    // A listing costs requests.
    if config.inputs.iter().any(Input::is_listed) {
        return;
    }
    for input in &config.inputs {
        let flow = config.walker.walk(input, &mut |item| {
            // Files that do not look like pictures usually are not.
            if !matches!(&item, Item::Found(Found { certain: false, .. }) | Item::LeftOut(_)) {
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
