//! Object stores: signed requests for keys and listings, which the HTTP client makes. Credentials come from the environment,
//! or from the machine and its services.

mod amazon;
mod azure;
mod bucket;
mod google;
mod multipart;
mod objects;
mod page;
mod profile;
mod service;
mod transport;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::Client;
use super::send::Reply;
use crate::net::{Answer, DownloadOptions, Listed, Problem, Room, Url, Validators};
use bucket::{Ask, Bucket};

/// The longest answer: the page of a listing has a thousand keys of a kilobyte, or five times as many in Azure.
const PAGE: u64 = 64 << 20;
/// How often a wait looks whether the run should end.
const LOOK: Duration = Duration::from_millis(50);

/// Whether the run should end.
pub type Stop<'a> = dyn Fn() -> bool + 'a;

/// The buckets of a run, and their connections.
pub struct Stores {
    options: DownloadOptions,
    /// The user's own configuration names its hosts, so they may be anywhere.
    client: OnceLock<Box<Client>>,
    buckets: Mutex<HashMap<String, Arc<Bucket>>>,
}

impl Stores {
    /// Nothing is connected yet.
    pub fn new(options: &DownloadOptions) -> Self {
        Self { options: options.clone(), client: OnceLock::new(), buckets: Mutex::default() }
    }

    /// Interrupts all requests.
    pub fn stop(&self) {
        if let Some(client) = self.client.get() {
            client.stop();
        }
    }

    /// Downloads an object, in one attempt.
    pub(super) fn fetch(
        &self,
        url: &Url,
        known: &Validators,
        limit: u64,
        room: &mut Room<'_>,
    ) -> Result<Answer, Problem> {
        let bucket = self.bucket(url)?;
        // Azure signs conditions, which the client adds by itself.
        let conditions: Vec<(&'static str, String)> =
            [("if-none-match", &known.etag), ("if-modified-since", &known.modified)]
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.clone()?)))
                .collect();
        let (place, mut headers) = bucket.signed(&Ask { headers: &conditions, ..Ask::get(url.path(), &[]) })?;
        headers.retain(|(name, _)| !conditions.iter().any(|(own, _)| own == name));
        self.client()
            .fetch_with(&place, &headers, known, limit, room)
            .map_err(|problem| explained(problem, &bucket, url))
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| {
            let options = self.options.clone().with_allow_private(true).with_respect_robots(false);
            Box::new(Client::new(&options))
        })
    }

    fn bucket(&self, url: &Url) -> Result<Arc<Bucket>, Problem> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("{}://{}", url.scheme(), url.host());
        if let Some(bucket) = buckets.get(&name) {
            return Ok(Arc::clone(bucket));
        }
        let bucket = Arc::new(Bucket::open(url.scheme(), url.host())?);
        buckets.insert(name, Arc::clone(&bucket));
        Ok(bucket)
    }

    /// Calls `each` for the keys below a prefix, in the order of keys, a page at a time.
    ///
    /// # Errors
    /// [`Problem`]. Some keys may have been given before.
    pub fn list(
        &self,
        prefix: &Url,
        stop: &Stop<'_>,
        each: &mut dyn FnMut(Listed) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Problem> {
        let bucket = self.bucket(prefix)?;
        let key = prefix.object_key();
        let mut next: Option<String> = None;
        loop {
            let query = page::query(&bucket.service, &key, next.as_deref());
            let reply = self.attempts(stop, &mut |_| match self.send(&bucket, &Ask::get("", &query))? {
                reply if reply.status == 200 => Ok(reply),
                reply => Err(explained(reply.problem(), &bucket, prefix)),
            })?;
            let page = page::read(&bucket.service, &reply.body)?;
            for listed in page.keys {
                if each(listed).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            match page.next {
                Some(token) if next.as_ref() != Some(&token) => next = Some(token),
                Some(_) => return Err(Problem::standing("the listing does not come to an end")),
                None => return Ok(ControlFlow::Continue(())),
            }
        }
    }

    /// Signs and sends a request, in one attempt.
    fn send(&self, bucket: &Bucket, ask: &Ask<'_>) -> Result<Reply, Problem> {
        let (place, headers) = bucket.signed(ask)?;
        self.client().send(&ask.method, &place, &headers, ask.body, PAGE)
    }

    /// Tries as often as for a picture. Each attempt gets its number, from 1.
    fn attempts<R>(&self, stop: &Stop<'_>, attempt: &mut dyn FnMut(u32) -> Result<R, Problem>) -> Result<R, Problem> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let problem = match attempt(attempts) {
                Ok(done) => return Ok(done),
                Err(problem) => problem,
            };
            match self.options.delay(attempts, &problem).filter(|_| !stop()) {
                Some(delay) => wait(delay, stop),
                None if attempts == 1 => return Err(problem),
                None => {
                    let words = format!("{}; {attempts} attempts", problem.words);
                    return Err(Problem { words, attempts, ..problem });
                }
            }
        }
    }
}

fn wait(delay: Duration, stop: &Stop<'_>) {
    let end = Instant::now() + delay;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero() && !stop()) {
        std::thread::sleep(left.min(LOOK));
    }
}

/// Adds what a status means in a store.
fn explained(problem: Problem, bucket: &Bucket, url: &Url) -> Problem {
    match bucket.service.explained(problem.status, url) {
        Some(why) => Problem { words: format!("{}{why}", problem.words), ..problem },
        None => problem,
    }
}
