//! The order of downloads: which is next, and which may be handed out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Slot, Task};
use crate::net::{DownloadOptions, Url};

/// How often a waiting thread checks whether the run should end.
const LOOK: Duration = Duration::from_millis(50);
/// Pictures that may wait for an older one, where the order counts.
const AHEAD: usize = 1024;
/// A host with as many pictures in a row that could not be had, because it did not answer, is lost.
const LOST: u32 = 4;

/// For each connection, the number of threads: those that wait for a retry do not use theirs.
const THREADS: usize = 4;

/// A host that is asked.
#[derive(Default)]
struct Host {
    active: usize,
    /// Pictures in a row for which it did not answer.
    silent: u32,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(u64, Task)>,
    /// Picked, and not arrived.
    active: BTreeSet<u64>,
    /// The number of those that wait for a retry.
    sleeping: usize,
    hosts: HashMap<String, Host>,
    /// What has arrived and is not handed out.
    arrived: BTreeMap<u64, Option<Slot>>,
    /// The number that is handed out next, where the order counts.
    first: u64,
    /// The next number.
    next: u64,
    /// Submitted, and not handed out.
    unsent: usize,
    threads: usize,
    idle: usize,
    closed: bool,
    /// Digests of all addresses so far.
    seen: HashSet<u64>,
}

pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    hasher: RandomState,
    connections: usize,
    per_host: usize,
    most: usize,
    ordered: bool,
}

impl Queue {
    pub fn new(net: &DownloadOptions, ordered: bool) -> Self {
        // Some more than are downloaded, so that a busy host does not keep others from theirs.
        let most = 4 * net.connections + 64 + if ordered { AHEAD } else { 0 };
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            hasher: RandomState::new(),
            connections: net.connections.max(1),
            per_host: net.per_host.max(1),
            most,
            ordered,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State>, most: Duration) -> MutexGuard<'s, State> {
        self.changed.wait_timeout(state, most.min(LOOK)).unwrap_or_else(PoisonError::into_inner).0
    }

    pub fn is_new(&self, key: &Path) -> bool {
        let digest = self.hasher.hash_one(key);
        self.state().seen.insert(digest)
    }

    /// Returns false if the run should end.
    pub fn wait_for_a_place(&self, stop: &dyn Fn() -> bool) -> bool {
        let mut state = self.state();
        while state.unsent >= self.most {
            if stop() {
                return false;
            }
            state = self.wait(state, LOOK);
        }
        !stop()
    }

    /// Takes the next number, for something that needs no download.
    pub fn number(&self) -> u64 {
        let mut state = self.state();
        state.next += 1;
        state.unsent += 1;
        state.next - 1
    }

    /// Queues a download. Returns whether one more thread should be started.
    pub fn push(&self, task: Task) -> bool {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.unsent += 1;
        state.waiting.push_back((number, task));
        let more = self.wants_thread(&mut state);
        drop(state);
        self.changed.notify_all();
        more
    }

    /// Whether one more thread should be started, which is counted.
    fn wants_thread(&self, state: &mut State) -> bool {
        let most = (self.connections + state.sleeping).min(THREADS * self.connections);
        let more = state.idle < state.waiting.len() && state.threads < most;
        state.threads += usize::from(more);
        more
    }

    /// A thread could not be started. With none at all, nothing would be downloaded.
    pub fn no_thread(&self) {
        let mut state = self.state();
        state.threads -= 1;
        assert!(state.threads > 0, "no thread can be started for downloads");
    }

    pub fn unsent(&self) -> u64 {
        self.state().unsent as u64
    }

    /// The next download, oldest first, whose host may be asked. None when there is nothing more.
    pub fn pick(&self, stop: &dyn Fn() -> bool) -> Option<(u64, Task)> {
        let mut state = self.state();
        loop {
            if stop() {
                return None;
            }
            let is_free = state.running() < self.connections;
            if let Some((number, task)) = is_free.then(|| state.take(self.per_host)).flatten() {
                state.active.insert(number);
                state.hosts.entry(task.remote.url.authority()).or_default().active += 1;
                return Some((number, task));
            }
            if state.closed && state.waiting.is_empty() {
                return None;
            }
            state.idle += 1;
            state = self.wait(state, LOOK);
            state.idle -= 1;
        }
    }

    pub fn is_oldest(&self, number: u64) -> bool {
        self.state().active.first() == Some(&number)
    }

    /// A download has ended, with or without an answer of the host.
    pub fn arrived(&self, number: u64, task: &Task, answered: bool) {
        let mut state = self.state();
        state.end(number, &task.remote.url);
        if let Some(host) = state.hosts.get_mut(&task.remote.url.authority()) {
            host.silent = if answered { 0 } else { host.silent + 1 };
        }
        state.tidy(&task.remote.url);
        drop(state);
        self.changed.notify_all();
    }

    /// Waits before a retry, without a connection. The download keeps its place: it is the next that
    /// gets one. `spawn` starts a thread for its connection meanwhile.
    pub fn sleep(&self, number: u64, delay: Duration, stop: &dyn Fn() -> bool, spawn: &dyn Fn() -> bool) {
        let due = Instant::now() + delay;
        let mut state = self.state();
        state.sleeping += 1;
        if self.wants_thread(&mut state) {
            drop(state);
            if !spawn() {
                self.no_thread();
            }
            state = self.state();
        }
        self.changed.notify_all();
        while !stop() {
            let left = due.saturating_duration_since(Instant::now());
            // The oldest does not wait for others, which may wait for it.
            let is_free = state.running() < self.connections || state.active.first() == Some(&number);
            if left.is_zero() && is_free {
                break;
            }
            state = self.wait(state, left.max(Duration::from_millis(1)));
        }
        state.sleeping -= 1;
    }

    /// Whether a host has not answered for several pictures, so that further ones are not retried.
    pub fn is_lost(&self, url: &Url) -> bool {
        self.state().hosts.get(&url.authority()).is_some_and(|host| host.silent >= LOST)
    }

    /// Stores what has arrived.
    pub fn put(&self, number: u64, slot: Slot) {
        self.state().arrived.insert(number, Some(slot));
    }

    /// The next picture to hand out, if it has arrived.
    pub fn due(&self) -> Option<Slot> {
        let mut state = self.state();
        loop {
            let number = match self.ordered {
                true => state.first,
                false => *state.arrived.first_key_value()?.0,
            };
            let slot = state.arrived.remove(&number)?;
            state.first = number + 1;
            if slot.is_some() {
                return slot;
            }
        }
    }

    /// A picture has been handed out.
    pub fn sent(&self) {
        self.state().unsent -= 1;
        self.changed.notify_all();
    }

    /// A picture that will not be handed out, because the run ends.
    pub fn forget(&self, number: u64) {
        let mut state = self.state();
        state.arrived.insert(number, None);
        state.unsent -= 1;
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until everything is handed out. Returns false if the run should end before.
    pub fn flush(&self, stop: &dyn Fn() -> bool) -> bool {
        let mut state = self.state();
        while state.unsent > 0 {
            if stop() {
                return false;
            }
            state = self.wait(state, LOOK);
        }
        true
    }

    /// Takes everything that no thread has.
    pub fn drain(&self) -> Vec<Task> {
        let mut state = self.state();
        let tasks: Vec<Task> = state.waiting.drain(..).map(|(_, task)| task).collect();
        state.unsent -= tasks.len();
        tasks
    }

    pub fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }
}

impl State {
    /// Downloads that use a connection.
    fn running(&self) -> usize {
        self.active.len() - self.sleeping
    }

    fn take(&mut self, per_host: usize) -> Option<(u64, Task)> {
        let active = |task: &Task| self.hosts.get(&task.remote.url.authority()).map_or(0, |host| host.active);
        let at = self.waiting.iter().position(|(_, task)| active(task) < per_host)?;
        self.waiting.remove(at)
    }

    fn end(&mut self, number: u64, url: &Url) {
        self.active.remove(&number);
        if let Some(host) = self.hosts.get_mut(&url.authority()) {
            host.active -= 1;
        }
    }

    /// Forgets a host about which nothing is to be known.
    fn tidy(&mut self, url: &Url) {
        let authority = url.authority();
        let is_plain = |host: &Host| host.active == 0 && host.silent == 0;
        if self.hosts.get(&authority).is_some_and(is_plain) {
            self.hosts.remove(&authority);
        }
    }
}
