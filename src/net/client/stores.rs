//! Object stores: signed requests for keys and listings, which the HTTP client makes. Credentials come from the environment,
//! or from the machine and its services.

mod bucket;
mod page;
mod profile;
mod transport;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Client;
use crate::net::{Answer, DownloadOptions, Problem, Room, Url, Validators};
use bucket::Bucket;
pub use page::Listed;

/// The longest page of a listing: a thousand keys of a kilobyte, encoded.
const PAGE: u64 = 16 << 20;

/// The buckets of a run, and their connections.
pub struct Stores {
    options: DownloadOptions,
    /// The user's own configuration names its hosts, so they may be anywhere.
    client: OnceLock<Box<Client>>,
    buckets: Mutex<HashMap<String, Arc<Bucket>>>,
}

impl Stores {
    pub fn new(options: &DownloadOptions) -> Self {
        Self { options: options.clone(), client: OnceLock::new(), buckets: Mutex::default() }
    }

    pub fn stop(&self) {
        if let Some(client) = self.client.get() {
            client.stop();
        }
    }

    pub fn fetch(&self, url: &Url, known: &Validators, limit: u64, room: &mut Room<'_>) -> Result<Answer, Problem> {
        let (place, headers) = self.bucket(url)?.signed(url.path(), &[])?;
        self.client().fetch_with(&place, &headers, known, limit, room).map_err(|problem| explained(problem, url))
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| {
            let options = self.options.clone().with_allow_private(true).with_respect_robots(false);
            Box::new(Client::new(&options))
        })
    }

    fn bucket(&self, url: &Url) -> Result<Arc<Bucket>, Problem> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get(url.host()) {
            return Ok(Arc::clone(bucket));
        }
        let bucket = Arc::new(Bucket::open(url.host())?);
        buckets.insert(url.host().to_owned(), Arc::clone(&bucket));
        Ok(bucket)
    }
}

/// Calls `each` for the keys below a prefix, in the order of keys, a page at a time.
///
/// # Errors
/// [`Problem`]. Some keys may have been given before.
pub fn list(
    prefix: &Url,
    options: &DownloadOptions,
    each: &mut dyn FnMut(Listed) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Problem> {
    let stores = Stores::new(options);
    let bucket = stores.bucket(prefix)?;
    let key = prefix.object_key();
    let mut next: Option<String> = None;
    loop {
        let mut query = vec![("list-type", "2"), ("encoding-type", "url"), ("prefix", key.as_str())];
        query.extend(next.as_deref().map(|token| ("continuation-token", token)));
        let page = page::read(&stores.page(&bucket, prefix, &query)?)?;
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

impl Stores {
    /// Asks for a page, as often as for a picture.
    fn page(&self, bucket: &Bucket, prefix: &Url, query: &[(&str, &str)]) -> Result<Vec<u8>, Problem> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (place, headers) = bucket.signed("", query)?;
            let none = Validators::default();
            let problem = match self.client().fetch_with(&place, &headers, &none, PAGE, &mut |_| Ok(())) {
                Ok(Answer::Body(fetched)) => return Ok(fetched.bytes),
                Ok(Answer::Unchanged) => return Err(Problem::standing("the listing has no answer")),
                Err(problem) => problem,
            };
            match self.options.delay(attempts, &problem) {
                Some(delay) => std::thread::sleep(delay),
                None => return Err(explained(problem, prefix)),
            }
        }
    }
}

/// What a status means in a store.
fn explained(problem: Problem, url: &Url) -> Problem {
    let why = match problem.status {
        Some(404) if url.is_prefix() => "; is there such a bucket?",
        Some(404) => "; there is no such key, or no such bucket",
        Some(401 | 403) => {
            "; the credentials do not permit it, or are wrong (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"
        }
        Some(301 | 307 | 400) => "; is it the bucket's region? (AWS_REGION)",
        _ => return problem,
    };
    Problem { words: format!("{}{why}", problem.words), ..problem }
}
