//! Saves outputs in an object store. Several threads share it, because each output waits for the network.

use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::inventory::{Inventory, identity};
use super::{Entry, Sink, SinkError, not_ours};
use crate::net::{Condition, DownloadOptions, Object, Problem, Put, Stores, Url};
use crate::policy::Replace;
use crate::source::Facts;
use thumbs_render::format::Format;

/// A store that does not answer for as many inputs in a row is gone.
const SILENT: u32 = 4;

/// Why an output could not be saved in a store.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.words)]
pub struct Unsaved(pub Problem);

/// Saves each output as an object.
pub struct Stored {
    pub(super) stores: Stores,
    /// Inputs in a row for which there was no answer.
    silent: AtomicU32,
}

impl Stored {
    /// Nothing is connected yet.
    pub fn new(options: &DownloadOptions) -> Self {
        Self { stores: Stores::new(options), silent: AtomicU32::new(0) }
    }

    /// Saves all outputs of one input, or none, and returns what identifies them. `stop` says whether the run should end, so
    /// that nothing is tried again.
    ///
    /// # Errors
    /// An error of this input, or one that affects all that follow.
    pub fn save(&self, entries: &[Entry<'_>], stop: &dyn Fn() -> bool) -> Result<Vec<Facts>, SinkError> {
        let saved = self.save_all(entries, stop);
        match &saved {
            Err(SinkError::Entry { error, .. }) if problem(error).is_some_and(|p| p.retry && p.status.is_none()) => {}
            _ => self.silent.store(0, Ordering::Relaxed),
        }
        match saved {
            Err(SinkError::Entry { path, error }) if problem(&error).is_some_and(|p| p.status.is_none() && p.retry) => {
                match self.silent.fetch_add(1, Ordering::Relaxed) + 1 >= SILENT {
                    true => Err(SinkError::Broken { path, error }),
                    false => Err(SinkError::Entry { path, error }),
                }
            }
            other => other,
        }
    }

    fn save_all(&self, entries: &[Entry<'_>], stop: &dyn Fn() -> bool) -> Result<Vec<Facts>, SinkError> {
        let mut places = Vec::with_capacity(entries.len());
        // What keeps one of them from being written keeps all.
        for entry in entries {
            let url = Url::of_store(entry.path.as_os_str().as_bytes());
            let url = url.map_err(|e| failed(entry.path, Problem::lasting(e.to_string())))?;
            let standing = self.standing(entry, &url, stop)?;
            places.push((url, standing));
        }
        let mut made: Vec<&Url> = Vec::new();
        let mut facts = Vec::with_capacity(entries.len());
        for (entry, (url, standing)) in entries.iter().zip(&places) {
            let condition = match (entry.replace, standing) {
                (Replace::Any, _) => Condition::Any,
                (_, Some(object)) => Condition::Same(object),
                (_, None) => Condition::New,
            };
            let put = self.stores.put(url, entry.bytes, kind(entry.path), condition, stop);
            let error = match put {
                Ok(Put::Stored(etag)) => {
                    facts.push(identity(entry.bytes.len() as u64, etag.as_deref()));
                    made.extend(standing.is_none().then_some(url));
                    continue;
                }
                Ok(Put::Refused) => SinkError::Entry { path: entry.path.to_path_buf(), error: not_ours() },
                Err(problem) => failed(entry.path, problem),
            };
            if entry.replace != Replace::Any {
                // Nothing stood there before. If one stays, the next run replaces it.
                made.into_iter().for_each(|url| drop(self.stores.delete(url, stop)));
            }
            return Err(error);
        }
        Ok(facts)
    }

    /// Deletes an output of an earlier run, if `is_same` says of what identifies it now that it is unchanged. Returns whether it
    /// is gone.
    pub fn delete(&self, path: &Path, is_same: &dyn Fn(&Facts) -> bool) -> bool {
        let Ok(url) = Url::of_store(path.as_os_str().as_bytes()) else { return false };
        match self.stores.head(&url, &|| false) {
            Ok(None) => true,
            Ok(Some(object)) if object.is_ours() && is_same(&identity(object.size, object.etag.as_deref())) => {
                self.stores.delete(&url, &|| false).is_ok()
            }
            Ok(Some(_)) | Err(_) => false,
        }
    }

    /// Lists what stands at an address, or below it if it is a prefix.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn inventory(&self, place: &Path, stop: &dyn Fn() -> bool) -> Result<Inventory, Problem> {
        let url = Url::of_store(place.as_os_str().as_bytes()).map_err(|error| Problem::lasting(error.to_string()))?;
        Inventory::list(&self.stores, &url, stop)
    }

    /// The object at an address.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn standing_at(&self, place: &Path) -> Result<Option<Object>, Problem> {
        let url = Url::of_store(place.as_os_str().as_bytes()).map_err(|error| Problem::lasting(error.to_string()))?;
        self.stores.head(&url, &|| false)
    }

    /// Whether there is such a bucket, as far as the user may know.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn check(&self, place: &Path) -> Result<(), Problem> {
        let url = Url::of_store(place.as_os_str().as_bytes()).map_err(|error| Problem::lasting(error.to_string()))?;
        match self.stores.list(&url, &|| false, &mut |_| ControlFlow::Break(())) {
            // Who may write need not be allowed to list.
            Err(problem) if problem.status == Some(403) => Ok(()),
            other => other.map(drop),
        }
    }

    /// The object that an output would replace.
    fn standing(&self, entry: &Entry<'_>, url: &Url, stop: &dyn Fn() -> bool) -> Result<Option<Object>, SinkError> {
        if entry.replace == Replace::Any {
            return Ok(None);
        }
        let object = self.stores.head(url, stop).map_err(|problem| failed(entry.path, problem))?;
        match object {
            Some(object) if entry.replace == Replace::Never || !object.is_ours() => {
                Err(SinkError::Entry { path: entry.path.to_path_buf(), error: not_ours() })
            }
            other => Ok(other),
        }
    }
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stored").finish_non_exhaustive()
    }
}

/// The problem behind an error of this sink.
pub fn problem(error: &io::Error) -> Option<&Problem> {
    error.get_ref()?.downcast_ref::<Unsaved>().map(|unsaved| &unsaved.0)
}

/// Classifies a problem by whether other outputs would meet it, too.
fn failed(path: &Path, problem: Problem) -> SinkError {
    let is_common = match problem.status {
        Some(status) => matches!(status, 301 | 307 | 401 | 403 | 404),
        None => !problem.retry && !problem.lasting,
    };
    let (path, error) = (path.to_path_buf(), io::Error::other(Unsaved(problem)));
    match is_common {
        true => SinkError::Broken { path, error },
        false => SinkError::Entry { path, error },
    }
}

/// The content type of an output.
fn kind(path: &Path) -> &'static str {
    match Format::from_extension(path.extension().unwrap_or_default().as_bytes()) {
        Some(Format::Jpeg) => "image/jpeg",
        Some(Format::Png) => "image/png",
        Some(Format::WebP) => "image/webp",
        Some(Format::Avif) => "image/avif",
        _ => "application/octet-stream",
    }
}

/// The sink of a run whose outputs go to a store.
#[derive(Clone)]
pub struct Store(Arc<Stored>);

impl Store {
    /// Nothing is connected yet.
    pub fn new(options: &DownloadOptions) -> Self {
        Self(Arc::new(Stored::new(options)))
    }
}

impl Store {
    /// The part that threads share.
    pub fn shared(&self) -> &Arc<Stored> {
        &self.0
    }
}

impl Sink for Store {
    fn put(&mut self, entries: &[Entry<'_>]) -> Result<(), SinkError> {
        self.0.save(entries, &|| false).map(drop)
    }

    fn apart(&self) -> Option<Arc<Stored>> {
        Some(Arc::clone(&self.0))
    }
}
