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
        match saved {
            Err(SinkError::Entry { path, error }) if problem(&error).is_some_and(Problem::is_silent) => {
                match self.silent.fetch_add(1, Ordering::Relaxed) + 1 >= SILENT {
                    true => Err(SinkError::Broken { path, error }),
                    false => Err(SinkError::Entry { path, error }),
                }
            }
            other => {
                self.silent.store(0, Ordering::Relaxed);
                other
            }
        }
    }

    fn save_all(&self, entries: &[Entry<'_>], stop: &dyn Fn() -> bool) -> Result<Vec<Facts>, SinkError> {
        let mut places = Vec::with_capacity(entries.len());
        // What keeps one of them from being written keeps all.
        for entry in entries {
            let url = address(entry.path).map_err(|problem| failed(entry.path, problem))?;
            let standing = match self.replaced(&url, entry.replace, stop) {
                Ok(Some(standing)) => standing,
                Ok(None) => return Err(SinkError::Entry { path: entry.path.to_path_buf(), error: not_ours() }),
                Err(problem) => return Err(failed(entry.path, problem)),
            };
            places.push((url, standing));
        }
        let mut made: Vec<&Url> = Vec::new();
        let mut facts = Vec::with_capacity(entries.len());
        for (entry, (url, standing)) in entries.iter().zip(&places) {
            let put = self.stores.put(url, entry.bytes, kind(entry.path), standing.condition(), stop);
            let error = match put {
                Ok(Put::Stored(etag)) => {
                    facts.push(identity(entry.bytes.len() as u64, etag.as_deref()));
                    made.extend(matches!(standing, Standing::Nothing).then_some(url));
                    continue;
                }
                Ok(Put::Refused) => SinkError::Entry { path: entry.path.to_path_buf(), error: not_ours() },
                Err(problem) => failed(entry.path, problem),
            };
            // Nothing stood there before. If one stays, the next run replaces it.
            made.into_iter().for_each(|url| drop(self.stores.delete(url, stop)));
            return Err(error);
        }
        Ok(facts)
    }

    /// Deletes an output of an earlier run, if `is_same` says of what identifies it now that it is unchanged. Returns whether it
    /// is gone.
    pub fn delete(&self, path: &Path, is_same: &dyn Fn(&Facts) -> bool) -> bool {
        let Ok(url) = address(path) else { return false };
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
        Inventory::list(&self.stores, &address(place)?, stop)
    }

    /// The object at an address.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn standing_at(&self, place: &Path) -> Result<Option<Object>, Problem> {
        self.stores.head(&address(place)?, &|| false)
    }

    /// Whether there is such a bucket, as far as the user may know.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn check(&self, place: &Path) -> Result<(), Problem> {
        match self.stores.list(&address(place)?, &|| false, &mut |_| ControlFlow::Break(())) {
            // Who may write need not be allowed to list.
            Err(problem) if problem.status == Some(403) => Ok(()),
            other => other.map(drop),
        }
    }

    /// What an output would replace, or None if that has to stay.
    pub(super) fn replaced(
        &self,
        url: &Url,
        replace: Replace,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Standing>, Problem> {
        if replace == Replace::Any {
            return Ok(Some(Standing::Anything));
        }
        Ok(match self.stores.head(url, stop)? {
            None => Some(Standing::Nothing),
            Some(object) => (replace != Replace::Never && object.is_ours()).then_some(Standing::Own(object)),
        })
    }
}

/// What stands where an object is written.
pub(super) enum Standing {
    /// It does not count.
    Anything,
    Nothing,
    /// An object of ours.
    Own(Object),
}

impl Standing {
    /// What has to hold when it is replaced.
    pub fn condition(&self) -> Condition<'_> {
        match self {
            Self::Anything => Condition::Any,
            Self::Nothing => Condition::New,
            Self::Own(object) => Condition::Same(object),
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

/// The URL of an object.
pub(super) fn address(path: &Path) -> Result<Url, Problem> {
    Url::of_store(path.as_os_str().as_bytes()).map_err(|error| Problem::lasting(error.to_string()))
}

/// The content type of an output.
pub(super) fn kind(path: &Path) -> &'static str {
    let extension = path.extension().unwrap_or_default();
    match (Format::from_extension(extension.as_bytes()), extension.as_bytes()) {
        (Some(Format::Jpeg), _) => "image/jpeg",
        (Some(Format::Png), _) => "image/png",
        (Some(Format::WebP), _) => "image/webp",
        (Some(Format::Avif), _) => "image/avif",
        (_, b"tar") => "application/x-tar",
        (_, b"gz" | b"tgz") => "application/gzip",
        (_, b"zst") => "application/zstd",
        (_, b"zip") => "application/zip",
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
