//! Pictures from the network: threads of their own download ahead of the workers, within a share of
//! the memory budget. Workers never wait on a socket.
//!
//! Downloads are handed out as they arrive, or in the order of the inputs where that counts: for
//! archives, data sets, dry runs and strict runs. Memory comes from a budget that only downloads use,
//! so a picture that waits for a worker never keeps a local file from its memory. A body that grows
//! waits for memory, except the oldest: it is granted what it needs, so that it ends, and then the next
//! is the oldest. What has arrived out of order waits for older downloads only, which end for this
//! reason.

mod queue;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Scope;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Shared;
use super::budget::{Budget, Share};
use super::guarded::panic_words;
use super::hand::Hand;
use super::job::Packed;
use super::lookup::{Before, Unchanged};
use super::remote::Remote;
use crate::net::{Answer, Client, Problem, Validators};
use crate::source::{Facts, Source};
use crate::walk::{Found, Row};
use queue::Queue;

/// Room for a download that has not begun.
const FIRST: u64 = 64 << 10;
/// A picture to download.
pub struct Task {
    pub found: Found,
    pub remote: Box<Remote>,
    pub before: Option<Before>,
    /// What a table says about it.
    pub row: Option<Arc<Row>>,
    /// What the request is conditional on.
    pub known: Validators,
    /// What is reported if it has not changed.
    pub unchanged: Option<Unchanged>,
}

/// A download on its way to the workers.
pub enum Slot {
    Arrived { task: Task, packed: Option<Packed> },
    Unchanged(Unchanged),
}

/// What is made with the first address: most runs have none.
struct Tools {
    client: Client,
    room: Arc<Budget>,
    /// The size of that.
    size: u64,
    /// The memory that local files do without.
    _drawn: Share,
}

pub struct Downloads<'a> {
    shared: &'a Shared,
    hand: &'a Mutex<Hand<'a>>,
    tools: OnceLock<Tools>,
    queue: Queue,
}

impl<'a> Downloads<'a> {
    /// Nothing is started yet. With `ordered`, pictures are handed out in the order of the inputs.
    pub fn new(shared: &'a Shared, hand: &'a Mutex<Hand<'a>>, ordered: bool) -> Self {
        let queue = Queue::new(&shared.config.walker.downloads, ordered);
        Self { shared, hand, tools: OnceLock::new(), queue }
    }

    /// Whether this address was not submitted before.
    pub fn is_new(&self, key: &std::path::Path) -> bool {
        self.queue.is_new(key)
    }

    /// Queues a download, and waits while too many are queued. `spawn` starts one more thread, which
    /// calls [`work`](Self::work).
    pub fn submit(&self, task: Task, spawn: &dyn Fn() -> bool) {
        self.tools();
        let covered = self.is_covered();
        if !self.queue.wait_for_a_place(&|| self.shared.cancel.is_set()) {
            return self.shared.leave(true);
        }
        if covered {
            let number = self.queue.number();
            return self.deliver(number, Slot::Arrived { task, packed: None });
        }
        if self.queue.push(task) && !spawn() {
            self.queue.no_thread();
        }
    }

    /// For data sets: whether an earlier run has made the shard of the next picture.
    fn is_covered(&self) -> bool {
        let Some(dataset) = &self.shared.config.dataset else { return false };
        // Pictures are handed out under this lock, so that the numbers agree.
        let hand = self.hand();
        dataset.covered.holds(hand.number() + self.queue.unsent())
    }

    /// Waits until everything is handed out, or the run should end.
    pub fn flush(&self) {
        if !self.queue.flush(&|| self.shared.cancel.is_set()) {
            if let Some(tools) = self.tools.get() {
                tools.client.stop();
            }
            self.queue.drain().into_iter().for_each(|_| self.shared.leave(true));
        }
    }

    /// Lets the threads end.
    pub fn close(&self) {
        self.queue.close();
    }

    /// Starts one more thread.
    pub fn start<'s>(&'s self, scope: &'s Scope<'s, '_>) -> bool {
        let thread = std::thread::Builder::new().name("thumbs-download".to_owned());
        thread.spawn_scoped(scope, move || self.work(&|| self.start(scope))).is_ok()
    }

    /// Downloads until there is nothing more.
    fn work(&self, spawn: &dyn Fn() -> bool) {
        let stop = || self.shared.cancel.is_set();
        while let Some((number, mut task)) = self.queue.pick(&stop) {
            let result = self.attempts(number, &mut task, spawn);
            let answered = result.as_ref().map_or_else(|problem| !problem.retry || problem.status.is_some(), |_| true);
            self.queue.arrived(number, &task, answered);
            match result {
                Ok((answer, share)) => self.deliver(number, slot(task, answer, share)),
                // Interrupted.
                Err(_) if stop() => {
                    self.queue.forget(number);
                    self.shared.leave(true);
                }
                Err(problem) => {
                    (task.remote.lasting, task.remote.passes) = (problem.lasting, problem.retry);
                    let error = match task.remote.attempts {
                        1 => problem.words,
                        attempts => format!("{}; {attempts} attempts", problem.words),
                    };
                    let packed = Some(Packed::Broken { error, drawn: true });
                    self.deliver(number, Slot::Arrived { task, packed });
                }
            }
        }
    }

    /// Tries until it succeeds, or until there is no point in trying again.
    fn attempts(&self, number: u64, task: &mut Task, spawn: &dyn Fn() -> bool) -> Result<(Answer, Share), Problem> {
        let stop = || self.shared.cancel.is_set();
        loop {
            task.remote.attempts += 1;
            let result = catch_unwind(AssertUnwindSafe(|| self.attempt(number, task)));
            let result = result.unwrap_or_else(|panic| {
                Err(Problem::standing(format!("the download gave up: {}", panic_words(&*panic))))
            });
            self.shared.traffic.add(result.as_ref().map_or(0, |(answer, _)| answer.len()));
            let problem = match result {
                Ok(done) => return Ok(done),
                Err(problem) => problem,
            };
            task.remote.status = problem.status;
            match self.delay(task, &problem).filter(|_| !stop()) {
                Some(delay) => self.queue.sleep(number, delay, &stop, spawn),
                None => return Err(problem),
            }
        }
    }

    fn attempt(&self, number: u64, task: &Task) -> Result<(Answer, Share), Problem> {
        let tools = self.tools();
        let mut share = tools.room.nothing();
        let urgent = || self.shared.cancel.is_set() || self.queue.is_oldest(number);
        let mut room = |bytes| share.grow(bytes, &urgent).map_err(|over| over.message("its file", bytes));
        // About what it will need, so that few wait for memory while a server waits for them.
        let likely =
            self.shared.traffic.mean().min(tools.size / self.shared.config.walker.downloads.connections as u64);
        room(likely.max(FIRST)).map_err(Problem::lasting)?;
        let limit = self.shared.config.limits.max_file_size;
        let answer = tools.client.fetch(&task.remote.url, &task.known, limit, &mut room)?;
        share.keep(answer.len());
        Ok((answer, share))
    }

    /// How long to wait before the next attempt, if there is one.
    fn delay(&self, task: &Task, problem: &Problem) -> Option<Duration> {
        let delay = self.shared.config.walker.downloads.delay(task.remote.attempts, problem);
        delay.filter(|_| !self.queue.is_lost(&task.remote.url))
    }

    /// Hands out everything that is due.
    fn deliver(&self, number: u64, slot: Slot) {
        self.queue.put(number, slot);
        let mut hand = self.hand();
        while let Some(slot) = self.queue.due() {
            let flow = match slot {
                Slot::Unchanged(unchanged) => {
                    let nobody = Found { path: None, below: Default::default(), certain: true, link: false };
                    hand.send(nobody, None, None, vec![unchanged])
                }
                Slot::Arrived { task, packed } => {
                    hand.give_remote(task.found, task.remote, packed, task.before, task.row)
                }
            };
            self.queue.sent();
            if flow.is_break() {
                // Nobody works any more.
                self.shared.leave(true);
            }
        }
    }

    fn tools(&self) -> &Tools {
        self.tools.get_or_init(|| {
            let memory = &self.shared.config.memory;
            let size = memory.budget / 8;
            Tools {
                client: Client::new(&self.shared.config.walker.downloads),
                room: Budget::new(size, memory.ceiling / 4),
                size,
                _drawn: self.shared.source_bytes.draw(size).unwrap_or_else(|_| self.shared.source_bytes.nothing()),
            }
        })
    }

    fn hand(&self) -> MutexGuard<'_, Hand<'a>> {
        self.hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the threads end, whatever happens to the feeder.
pub struct Closed<'d, 'a>(pub &'d Downloads<'a>);

impl Drop for Closed<'_, '_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn slot(mut task: Task, answer: Answer, share: Share) -> Slot {
    match (answer, task.unchanged.take()) {
        (Answer::Body(fetched), _) => {
            task.remote.status = Some(fetched.status);
            task.remote.validators = fetched.validators;
            // Without a date, it is as old as its download.
            let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64);
            let mtime = if fetched.mtime > 0 { fetched.mtime } else { now() };
            let facts = Facts { mode: 0o666, mtime: (mtime, 0), ..Facts::default() };
            let packed = Some(Packed::Bytes { source: Source::ready(fetched.bytes, facts), share });
            Slot::Arrived { task, packed }
        }
        (Answer::Unchanged, Some(unchanged)) => {
            task.remote.status = Some(304);
            Slot::Unchanged(Unchanged { source: task.remote.name(), ..unchanged })
        }
        (Answer::Unchanged, None) => {
            let error = "the server answers 304 Not Modified to a request without a condition".to_owned();
            Slot::Arrived { task, packed: Some(Packed::Broken { error, drawn: true }) }
        }
    }
}
