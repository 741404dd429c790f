//! Writes outputs as files in batches: writes all temporary files, syncs them, renames them, and
//! syncs each directory once. The kernel's journal then commits a few times for hundreds of files.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, fadvise};
use rustix::process::{Resource, getrlimit};

use super::atomic::Temporary;
use super::original::{self, Original};
use super::{Entry, SinkError, classify, sync};
use crate::policy::Replace;
use crate::source::Facts;

/// The largest number of held outputs. There are two batches, one being filled and one being
/// committed.
const MOST: u64 = 128;
/// Threads that sync. While one waits for the disk, the requests of others join the same commit.
const SYNCERS: usize = 4;

/// Holds the outputs of several inputs under temporary names until they are committed together.
#[derive(Debug)]
pub struct Durable {
    sync: bool,
    most: usize,
    inputs: Vec<Vec<Staged>>,
    made: Vec<PathBuf>,
}

#[derive(Debug)]
struct Staged {
    temporary: Temporary,
    path: PathBuf,
    replace: Replace,
    original: Option<Box<Original>>,
}

/// The result of a commit.
#[derive(Debug, Default)]
pub struct Committed {
    /// The facts of the outputs of each input since the last commit.
    pub inputs: Vec<Result<Vec<Facts>, SinkError>>,
    /// Directories that were created.
    pub made: Vec<PathBuf>,
    /// Whether the file system cannot sync.
    pub unsynced: bool,
}

impl Durable {
    /// Makes an empty batch. With `sync` a commit survives a power loss.
    pub fn new(sync: bool) -> Self {
        // Each held output is an open file. Leave most descriptors to the rest of the process.
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let most = (files.saturating_sub(64) / 4).clamp(1, MOST) as usize;
        Self { sync, most, inputs: Vec::new(), made: Vec::new() }
    }

    /// Whether a commit should come before more is staged.
    pub fn is_full(&self) -> bool {
        self.inputs.iter().map(Vec::len).sum::<usize>() >= self.most
    }

    /// Writes all outputs of one input under temporary names, or none. Returns their facts, and
    /// whether they have our mark.
    ///
    /// # Errors
    /// An error of this input, or one that affects all that follow.
    pub fn stage(&mut self, entries: &[Entry<'_>]) -> Result<Vec<(Facts, bool)>, SinkError> {
        let mut facts = Vec::with_capacity(entries.len());
        let mut staged = Vec::with_capacity(entries.len());
        let mut made = Vec::new();
        for entry in entries {
            let written = entry.original.map_or_else(|| Temporary::write(entry), |o| original::write(entry, o));
            let mut temporary = written.map_err(|e| classify(entry.path, e))?;
            made.append(&mut temporary.take_made());
            if let (true, Some(file)) = (self.sync, temporary.file()) {
                // This makes Linux start writing at once, so that the later sync finds most of it
                // done.
                let _ = fadvise(file, 0, None, Advice::DontNeed);
            }
            facts.push((facts_of(&temporary, entry.path)?, temporary.is_marked()));
            let original = entry.original.cloned().map(Box::new);
            staged.push(Staged { temporary, path: entry.path.to_path_buf(), replace: entry.replace, original });
        }
        self.made.append(&mut made);
        self.inputs.push(staged);
        Ok(facts)
    }

    /// Gives all staged outputs their final names.
    pub fn commit(&mut self) -> Committed {
        let inputs = std::mem::take(&mut self.inputs);
        let made = std::mem::take(&mut self.made);
        let synced = if self.sync { sync_all(&inputs) } else { inputs.iter().map(|_| Ok(true)).collect() };
        let mut unsynced = synced.iter().any(|result| matches!(result, Ok(false)));
        let mut dirs = BTreeSet::new();
        let mut results: Vec<Result<Vec<Facts>, SinkError>> = Vec::with_capacity(inputs.len());
        for (input, synced) in inputs.into_iter().zip(synced) {
            results.push(synced.and_then(|_| rename(input, &mut dirs)));
        }
        if self.sync {
            // A new directory is an entry of its parent.
            dirs.extend(made.iter().map(|d| parent(d)));
            let mut lost = None;
            for dir in dirs {
                match sync_dir(&dir) {
                    Ok(synced) => unsynced |= !synced,
                    Err(error) => {
                        lost = Some((dir, error));
                        break;
                    }
                }
            }
            if let (Some((path, error)), Some(last)) = (lost, results.iter_mut().rev().find(|r| r.is_ok())) {
                *last = Err(SinkError::Broken { path, error });
            }
        }
        Committed { inputs: results, made, unsynced }
    }
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Whether the outputs of each input could be synced.
fn sync_all(inputs: &[Vec<Staged>]) -> Vec<Result<bool, SinkError>> {
    let sync_input = |input: &Vec<Staged>| {
        let mut all = true;
        for staged in input {
            let synced = staged.temporary.file().map_or(Ok(true), sync);
            all &= synced.map_err(|e| classify(&staged.path, e))?;
        }
        Ok(all)
    };
    let chunk = inputs.len().div_ceil(SYNCERS).max(1);
    std::thread::scope(|scope| {
        let chunks: Vec<_> = inputs.chunks(chunk).collect();
        let others: Vec<_> = chunks
            .iter()
            .skip(1)
            .map(|part| {
                (
                    *part,
                    std::thread::Builder::new().spawn_scoped(scope, || part.iter().map(sync_input).collect::<Vec<_>>()),
                )
            })
            .collect();
        let mut results: Vec<_> = chunks.first().map_or_else(Vec::new, |part| part.iter().map(sync_input).collect());
        for (part, thread) in others {
            results.extend(match thread {
                // The committer panics too, and the run reports it.
                Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                // Without a thread, sync here.
                Err(_) => part.iter().map(sync_input).collect(),
            });
        }
        results
    })
}

fn rename(input: Vec<Staged>, dirs: &mut BTreeSet<PathBuf>) -> Result<Vec<Facts>, SinkError> {
    for staged in &input {
        staged.temporary.close().map_err(|e| classify(&staged.path, e))?;
    }
    // A rename cannot be undone if a later one fails, so what would prevent it is checked first.
    if input.len() > 1 {
        for staged in &input {
            if fs::symlink_metadata(&staged.path).is_ok_and(|m| m.is_dir()) {
                return Err(classify(&staged.path, io::ErrorKind::IsADirectory.into()));
            }
        }
    }
    let mut facts = Vec::with_capacity(input.len());
    for staged in input {
        let Staged { temporary, path, replace, original } = staged;
        let broken = |e| classify(&path, e);
        facts.push(match original {
            Some(original) => original::commit(temporary, &path, &original).map_err(broken)?,
            None => {
                let own = facts_of(&temporary, &path)?;
                temporary.commit(&path, replace).map_err(broken)?;
                own
            }
        });
        dirs.insert(parent(&path));
    }
    Ok(facts)
}

fn facts_of(temporary: &Temporary, path: &Path) -> Result<Facts, SinkError> {
    let metadata = temporary.file().map_or_else(|| Err(io::ErrorKind::NotFound.into()), File::metadata);
    metadata.map(|m| Facts::from(&m)).map_err(|e| classify(path, e))
}

fn sync_dir(dir: &Path) -> io::Result<bool> {
    match File::open(dir).and_then(|d| sync(&d)) {
        // A directory that is writable but not readable cannot be opened for syncing.
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => Ok(true),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_appears_at_its_commit() {
        let dir = tempfile::tempdir().unwrap();
        let gid = rustix::process::getegid().as_raw();
        let paths: Vec<PathBuf> = (0..9).map(|i| dir.path().join(format!("sub{}/{i}", i % 2))).collect();
        let mut batch = Durable::new(true);
        for path in &paths {
            batch
                .stage(&[Entry {
                    path,
                    bytes: b"12",
                    mode: 0o644,
                    gid,
                    beside: None,
                    replace: Replace::Never,
                    mtime: None,
                    original: None,
                    number: 0,
                }])
                .unwrap();
        }
        assert!(paths.iter().all(|p| !p.exists()));
        // One name has been taken meanwhile.
        fs::write(&paths[3], "x").unwrap();
        let done = batch.commit();
        assert_eq!(done.made, [dir.path().join("sub0"), dir.path().join("sub1")]);
        assert_eq!(done.inputs.len(), 9);
        for (i, (path, result)) in paths.iter().zip(&done.inputs).enumerate() {
            assert_eq!(result.is_ok(), i != 3);
            assert_eq!(fs::read(path).unwrap(), if i == 3 { &b"x"[..] } else { b"12" });
        }
        assert_eq!(done.inputs[0].as_ref().unwrap()[0].len, 2);
        assert_eq!(fs::read_dir(dir.path().join("sub1")).unwrap().count(), 4, "no temporary is left");
        assert!(batch.commit().inputs.is_empty());
    }
}
