//! A source that its own output replaces, and the exchange of the two.
//!
//! The output is written beside the source, takes over its attributes, and is synced. Then the source is opened, locked
//! against other runs, and compared with what was read: device, inode, size, modification and change time. Both names
//! are exchanged in one step, and what came to bear the temporary name is looked at once more. Only if it is still what
//! was read, it goes; else both names are exchanged back. A change is lost only if a program that had the source open
//! for writing before the exchange writes to it after this second look.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

use super::atomic::{Temporary, rename_to_new};
use super::backup::{self, Backup};
use super::{Entry, carry, mark};
use crate::source::{Facts, open_file};
use crate::words;

/// How long another run, or another program, may hold the source.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a source's content was when it was read, for files so fresh that their times do not tell a change.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint {
    /// The digest.
    pub of: fn(&[u8]) -> [u8; 16],
    /// Its value.
    pub value: [u8; 16],
}

/// A source that its output replaces.
#[derive(Clone, Debug)]
pub struct Original {
    /// As it was read.
    pub facts: Facts,
    /// Its content, where its times do not tell.
    pub fingerprint: Option<Fingerprint>,
    /// The output gets a new modification time.
    pub touch: bool,
    /// Where the source goes.
    pub backup: Option<PathBuf>,
    /// What the output is made by, for its mark.
    pub recipe: String,
}

/// The source is no longer what was read.
#[derive(Debug, thiserror::Error)]
#[error("it changed while it was compressed; left as it is")]
struct Changed;

fn changed() -> io::Error {
    io::Error::other(Changed)
}

/// Whether an output could not replace its source because that changed meanwhile.
pub fn is_changed(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Changed>())
}

/// Another program has locked the source.
#[derive(Debug, thiserror::Error)]
#[error("another program holds a lock on it; left as it is")]
struct Locked;

/// Somebody's file is left under a temporary name.
#[derive(Debug, thiserror::Error)]
#[error("another program changed it during the exchange; its version is {}: {}", words::path(.path), words::system_words(.error))]
struct Aside {
    path: PathBuf,
    error: io::Error,
}

/// How an exchange ended.
enum Outcome {
    /// The output has the source's name, and the source is gone.
    Replaced,
    /// The source stands; the output has its temporary name.
    Kept(io::Error),
    /// What has the temporary name is not ours to remove.
    Stranded(io::Error),
}

impl Original {
    /// Gives the attributes of the source `path` to its successor.
    pub fn carry_to(&self, to: &File, path: &Path) -> io::Result<()> {
        let from = open_file(path)?;
        let metadata = from.metadata()?;
        if !same(&self.facts, &Facts::from(&metadata)) {
            return Err(changed());
        }
        let output = mark::Mark::of(path, &metadata);
        carry::owner_and_attributes(&from, &metadata, to)?;
        carry::times(&metadata, to, self.touch)?;
        // A thumbnail of an earlier run stays one.
        if let Some(mark) = output {
            mark::set(to, path.file_name().unwrap_or_default(), mark.source.as_deref());
        }
        mark::set_compressed(to, &self.recipe);
        carry::mode(&metadata, to)
    }
}

/// Writes an output that replaces its source, with the source's attributes, under a temporary name beside it.
pub fn write(entry: &Entry<'_>, original: &Original) -> io::Result<Temporary> {
    let (mut file, mut temporary) = Temporary::private(entry.path.parent().unwrap_or(Path::new("")))?;
    file.write_all(entry.bytes)?;
    original.carry_to(&file, entry.path)?;
    temporary.hold(file);
    Ok(temporary)
}

/// Gives it the source's name; its facts then, which have a new change time.
pub fn commit(mut temporary: Temporary, path: &Path, original: &Original) -> io::Result<Facts> {
    match exchange(temporary.path(), path, original) {
        Outcome::Replaced => {
            temporary.disarm();
            let metadata = temporary.file().map_or_else(|| fs::symlink_metadata(path), File::metadata)?;
            Ok(Facts::from(&metadata))
        }
        Outcome::Kept(error) => Err(error),
        Outcome::Stranded(error) => {
            // Somebody's file bears the temporary name now.
            temporary.disarm();
            Err(error)
        }
    }
}

/// Whether a file is the one that was read, unchanged.
fn same(read: &Facts, now: &Facts) -> bool {
    let key = |f: &Facts| (f.id, f.len, f.mtime, f.ctime);
    key(read) == key(now)
}

/// The opened and locked source.
struct Held {
    file: File,
    facts: Facts,
}

impl Held {
    fn take(path: &Path, original: &Original) -> io::Result<Self> {
        let file = open_file(path)?;
        lock(&file)?;
        let facts = Facts::from(&file.metadata()?);
        // The name may lead to another file since it was opened.
        let named = fs::symlink_metadata(path)?;
        if !same(&original.facts, &facts) || (named.dev(), named.ino()) != facts.id {
            return Err(changed());
        }
        if let Some(fingerprint) = original.fingerprint {
            let mut bytes = Vec::with_capacity(facts.len as usize);
            (&file).read_to_end(&mut bytes)?;
            if (fingerprint.of)(&bytes) != fingerprint.value {
                return Err(changed());
            }
        }
        Ok(Self { file, facts })
    }

    /// Whether it bears this name and nobody has written to it. Its change time is that of the exchange.
    fn is_at(&self, path: &Path) -> bool {
        let key = |m: &fs::Metadata| {
            let facts = Facts::from(m);
            (facts.id, facts.len, facts.mtime)
        };
        let read = (self.facts.id, self.facts.len, self.facts.mtime);
        fs::symlink_metadata(path).is_ok_and(|m| key(&m) == read) && self.file.metadata().is_ok_and(|m| key(&m) == read)
    }
}

/// Locks a source, so that another run neither replaces it at the same time, nor removes it as stale while it bears a
/// temporary name.
fn lock(file: &File) -> io::Result<()> {
    let begin = Instant::now();
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if begin.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(5)),
            Err(Errno::WOULDBLOCK) => return Err(io::Error::other(Locked)),
            // File systems without locks, and those that want to write for them.
            Ok(()) | Err(_) => return Ok(()),
        }
    }
}

/// Puts the file `temporary` in the place of the source `path`, if that is what was read.
fn exchange(temporary: &Path, path: &Path, original: &Original) -> Outcome {
    let held = match Held::take(path, original) {
        Ok(held) => held,
        Err(error) => return Outcome::Kept(error),
    };
    let kept = match &original.backup {
        None => None,
        Some(place) => match backup::keep(&held.file, path, place) {
            Ok(kept) => Some(kept),
            Err(error) => return Outcome::Kept(error),
        },
    };
    let undo = |error| {
        kept.iter().for_each(Backup::undo);
        Outcome::Kept(error)
    };
    match renameat_with(CWD, temporary, CWD, path, RenameFlags::EXCHANGE) {
        Ok(()) => {}
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            // File systems without the exchange: looked at a last time, and replaced.
            if !held.is_at(path) {
                return undo(changed());
            }
            return match fs::rename(temporary, path) {
                Ok(()) => Outcome::Replaced,
                Err(error) => undo(error),
            };
        }
        Err(Errno::NOENT) => return undo(changed()),
        Err(error) => return undo(error.into()),
    }
    if held.is_at(temporary) {
        // What cannot be removed is stale, and goes with the next run.
        let _ = fs::remove_file(temporary);
        return Outcome::Replaced;
    }
    match give_back(temporary, path) {
        Ok(()) => undo(changed()),
        Err(error) => Outcome::Stranded(io::Error::other(Aside { path: temporary.to_path_buf(), error })),
    }
}

/// Gives somebody's file its name again, and ours its temporary one.
fn give_back(temporary: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, temporary, CWD, path, RenameFlags::EXCHANGE) {
        // Ours was removed.
        Err(Errno::NOENT) => rename_to_new(temporary, path),
        other => Ok(other?),
    }
}
