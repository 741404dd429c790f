//! The memory of `--update` between runs: what was made, from which source, with which recipe.
//!
//! It is one SQLite file (`db.rs`), guarded by a lock of its own (`lock.rs`). Paths are stored
//! relative to roots (`keys.rs`), so that a tree can move together with its state. Digests identify
//! recipes and contents (`digest.rs`).

mod db;
pub mod digest;
mod keys;
mod lock;
mod seen;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

pub use lock::{Lock, LockError, OnLocked};
pub use seen::Seen;

use crate::net::Validators;
use crate::source::Facts;
use crate::words;
use db::Db;
use keys::{Keys, address, place};

/// The file name in a directory of outputs.
pub const FILE_NAME: &str = ".thumbs-state.sqlite";

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file was not written by this program.
    #[error("{} is not a state file of thumbs; name another with --state, or move it away", words::path(.0))]
    Foreign(PathBuf),
    /// The file has a newer version.
    #[error("{} was written by a newer version of thumbs; use that, or name another file with --state", words::path(.0))]
    Newer(PathBuf),
    /// The content is invalid.
    #[error("the state {} is damaged; restore it, or move it away, and everything is made again", words::path(.path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The message of SQLite.
        what: String,
    },
    /// An error of the system or of SQLite.
    #[error("the state {}: {what}", words::path(.path))]
    Failed {
        /// The file.
        path: PathBuf,
        /// The reason.
        what: String,
    },
}

impl StateError {
    /// An error of the system at this file.
    pub fn failed(path: &Path, error: &std::io::Error) -> Self {
        Self::Failed { path: path.to_path_buf(), what: words::system_words(error) }
    }
}

/// The outcome of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its outputs were made.
    Made,
    /// It failed, and would fail again.
    Failed,
    /// A file of a walk that is not a picture.
    NoPicture,
    /// Its outputs were about to be saved.
    Pending,
}

/// The properties of an output when it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The final path.
    pub path: PathBuf,
    /// Digest of everything but the source that decided its bytes.
    pub variant: i64,
    /// Size in bytes.
    pub size: i64,
    /// Modification time.
    pub mtime: i64,
    /// Inode. For information only: a restored copy is just as good.
    pub inode: i64,
}

impl Written {
    /// Takes the properties from the facts of a file.
    pub fn new(path: PathBuf, variant: i64, facts: &Facts) -> Self {
        let seen = Seen::new(facts);
        Self { path, variant, size: seen.size, mtime: seen.mtime, inode: facts.id.1 as i64 }
    }

    /// Whether size and time, or what stands for it, are those of another.
    pub fn has_content_of(&self, other: &Self) -> bool {
        (self.size, self.mtime) == (other.size, other.mtime)
    }

    /// Whether the file exists unchanged.
    pub fn stands(&self) -> bool {
        std::fs::symlink_metadata(&self.path).is_ok_and(|m| {
            let seen = Seen::new(&Facts::from(&m));
            m.is_file() && (seen.size, seen.mtime) == (self.size, self.mtime)
        })
    }
}

/// A row: one source with one recipe.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its ID.
    pub id: i64,
    /// The file name.
    pub name: OsString,
    /// Digest of the recipe.
    pub recipe: i64,
    /// The outcome.
    pub kind: Kind,
    /// The properties of the source.
    pub seen: Seen,
    /// Digest of its content.
    pub digest: Option<digest::Content>,
    /// The outputs.
    pub outputs: Vec<Written>,
}

/// A record to be written for one source.
#[derive(Clone, Debug)]
pub struct Record {
    /// The path of the source.
    pub source: PathBuf,
    /// Digest of the recipe.
    pub recipe: i64,
    /// The outcome.
    pub kind: Kind,
    /// The properties of the source.
    pub seen: Seen,
    /// Digest of its content, if it was read.
    pub digest: Option<digest::Content>,
    /// What identifies its content to its server, if it is an address.
    pub validators: Option<Validators>,
    /// Why it failed.
    pub error: Option<String>,
    /// All its outputs, if they were made.
    pub outputs: Vec<Written>,
}

/// The open state of a run.
#[derive(Debug)]
pub struct State {
    db: Db,
    keys: Keys,
    read_only: bool,
}

impl State {
    /// Opens the state in `file`, or creates it. `roots` are the real paths to which keys are
    /// relative. A dry run reads an existing state and writes nothing.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open(file: &Path, roots: &[PathBuf], dry_run: bool) -> Result<Self, StateError> {
        let db = Db::open(file, dry_run)?;
        let dir = crate::walk::real_path(file.parent().unwrap_or(Path::new("")));
        let keys = Keys::new(dir, db.roots()?, roots);
        Ok(Self { db, keys, read_only: dry_run })
    }

    /// The stored form of a real path, which allows state and tree to move together.
    pub fn stored(&self, real: &Path) -> Vec<u8> {
        self.keys.stored(real)
    }

    /// The highest source ID.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn last_id(&self) -> Result<i64, StateError> {
        self.db.last_id()
    }

    /// Up to `limit` rows of sources in `dir` whose names are `from` or later, in the order of
    /// their names, and whether those were all.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn known(&mut self, dir: &Path, from: &OsStr, limit: usize) -> Result<(Vec<Known>, bool), StateError> {
        let Some(id) = self.keys.find(&self.db, dir)? else { return Ok((Vec::new(), true)) };
        let (mut rows, complete) = self.db.sources(id, from.as_bytes(), limit)?;
        for (known, dirs) in &mut rows {
            for (output, dir) in known.outputs.iter_mut().zip(dirs) {
                output.path = address(self.keys.path(&self.db, *dir)?.join(&output.path));
            }
        }
        Ok((rows.into_iter().map(|(known, _)| known).collect(), complete))
    }

    /// What the server gave to identify the content of this source.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn validators(&self, source: i64) -> Result<Validators, StateError> {
        self.db.validators(source)
    }

    /// Whether we wrote the file of this name and it is unchanged.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn wrote(&mut self, path: &Path) -> Result<bool, StateError> {
        let (dir, name) = split(path);
        let Some(dir) = self.keys.find(&self.db, dir)? else { return Ok(false) };
        let Some(mut written) = self.db.output(dir, name)? else { return Ok(false) };
        written.path = path.to_path_buf();
        Ok(written.stands())
    }

    /// Writes all records, or none, and marks these directories as created by us.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn record(&mut self, records: &[Record], made: &[PathBuf]) -> Result<(), StateError> {
        if self.read_only || (records.is_empty() && made.is_empty()) {
            return Ok(());
        }
        let (db, keys) = (&self.db, &mut self.keys);
        let done = db.transaction(|| {
            for record in records {
                let (dir, name) = split(&record.source);
                let dir = keys.make(db, dir)?;
                let mut dirs = Vec::with_capacity(record.outputs.len());
                for output in &record.outputs {
                    dirs.push(keys.make(db, split(&place(&output.path)).0)?);
                }
                let outputs: Vec<_> =
                    record.outputs.iter().zip(dirs).map(|(o, dir)| (dir, split(&o.path).1, o)).collect();
                db.record(dir, name, record, &outputs)?;
            }
            for path in made {
                let dir = keys.make(db, path)?;
                db.mark_made(dir)?;
            }
            Ok(())
        });
        if done.is_err() {
            // The rolled-back transaction may have assigned IDs to directories.
            self.keys.forget();
        }
        done
    }

    /// Calls `each` for every source at or below the real path `below` with an ID up to `last`,
    /// with its ID, its path, and its outputs.
    ///
    /// # Errors
    /// [`StateError`], also from `each`.
    pub fn below(
        &mut self,
        below: &Path,
        last: i64,
        wanted: &dyn Fn(i64) -> bool,
        each: &mut dyn FnMut(PathBuf, i64),
    ) -> Result<u64, StateError> {
        let mut known = 0;
        for (id, root, path) in self.db.dirs()? {
            let Some(dir) = self.keys.join(root, &path) else { continue };
            if !dir.starts_with(below) {
                continue;
            }
            for (source, name) in self.db.ids_in(id)? {
                known += 1;
                if source <= last && wanted(source) {
                    each(dir.join(OsStr::from_bytes(&name)), source);
                }
            }
        }
        Ok(known)
    }

    /// The outputs of this source; with `superseded`, only those that it no longer makes.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn outputs_of(&mut self, source: i64, superseded: bool) -> Result<Vec<Written>, StateError> {
        let mut outputs = Vec::new();
        for (mut written, dir) in self.db.outputs_of(source, superseded)? {
            written.path = address(self.keys.path(&self.db, dir)?.join(&written.path));
            outputs.push(written);
        }
        Ok(outputs)
    }

    /// Sources with rows for at least `least` recipes: the path, and the IDs, each with whether
    /// outputs were made.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn by_recipes(&mut self, least: i64) -> Result<Vec<(PathBuf, Vec<(i64, bool)>)>, StateError> {
        let mut sources = Vec::new();
        for (dir, name) in self.db.names_by_recipes(least)? {
            let path = self.keys.path(&self.db, dir)?.join(OsStr::from_bytes(&name));
            sources.push((path, self.db.rows_of(dir, &name)?));
        }
        Ok(sources)
    }

    /// Real paths of all destination directories of runs with this state.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn destinations(&self) -> Result<Vec<PathBuf>, StateError> {
        Ok(self.db.destinations()?.iter().map(|stored| address(self.keys.real(stored))).collect())
    }

    /// Records the real path of a destination.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn note_destination(&self, real: &Path) -> Result<(), StateError> {
        if self.read_only { Ok(()) } else { self.db.note_destination(&self.keys.stored(&place(real))) }
    }

    /// IDs of sources with outputs that they no longer make.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn superseding(&self) -> Result<Vec<i64>, StateError> {
        self.db.superseding()
    }

    /// Deletes outputs and sources, all or none.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn forget(&mut self, outputs: &[PathBuf], sources: &[i64]) -> Result<(), StateError> {
        if self.read_only {
            return Ok(());
        }
        let (db, keys) = (&self.db, &mut self.keys);
        db.transaction(|| {
            for path in outputs {
                let path = place(path);
                let (dir, name) = split(&path);
                if let Some(dir) = keys.find(db, dir)? {
                    db.forget_output(dir, name)?;
                }
            }
            for source in sources {
                db.forget_source(*source)?;
            }
            Ok(())
        })
    }

    /// Whether we created this directory.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn made_dir(&mut self, dir: &Path) -> Result<bool, StateError> {
        match self.keys.find(&self.db, dir)? {
            Some(id) => self.db.is_made(id),
            None => Ok(false),
        }
    }
}

fn split(path: &Path) -> (&Path, &OsStr) {
    (path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or_default())
}

fn os_string(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}
