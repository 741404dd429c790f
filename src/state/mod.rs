//! What was made, from what, with which recipe: the memory of `--update` between runs.
//!
//! One SQLite file (`db.rs`), guarded by a lock of its own (`lock.rs`). Paths in it are relative to
//! roots (`keys.rs`), so that a tree may move together with its state. Digests say by which recipe an
//! output was made and whether a file is still the same (`digest.rs`).

mod db;
pub mod digest;
mod keys;
mod lock;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

pub use lock::{Lock, LockError, OnLocked};

use crate::source::Facts;
use crate::words;
use db::Db;
use keys::Keys;

/// What the file is called in a directory of outputs.
pub const FILE_NAME: &str = ".thumbs-state.sqlite";

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Not written by this program.
    #[error("{} is not a state file of thumbs; name another with --state, or move it away", words::path(.0))]
    Foreign(PathBuf),
    /// Of a version to come.
    #[error("{} was written by a newer version of thumbs; use that, or name another file with --state", words::path(.0))]
    Newer(PathBuf),
    /// Its content makes no sense.
    #[error("the state {} is damaged; restore it, or move it away, and everything is made again", words::path(.path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        what: String,
    },
    /// The system's or SQLite's answer.
    #[error("the state {}: {what}", words::path(.path))]
    Failed {
        /// The file.
        path: PathBuf,
        /// Why.
        what: String,
    },
}

/// What became of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its outputs were made.
    Made,
    /// It failed, and would again.
    Failed,
    /// Found in a walk, and no picture.
    NoPicture,
    /// Its outputs were about to be saved.
    Pending,
}

/// A source as it was when it was read. Times are nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Bytes.
    pub size: i64,
    /// Modification time.
    pub mtime: i64,
    /// Inode change time; 0 when it was so fresh that a later change could bear the same.
    pub ctime: i64,
}

impl Seen {
    /// As these facts say.
    pub fn new(facts: &Facts) -> Self {
        let size = i64::try_from(facts.len).unwrap_or(i64::MAX);
        Self { size, mtime: nanoseconds(facts.mtime), ctime: nanoseconds(facts.ctime) }
    }

    /// As these facts said at `now`. A file that changed within the grain of its file system's clock
    /// may change again and bear the same time, so that time is not trusted later.
    pub fn at(facts: &Facts, now: std::time::SystemTime) -> Self {
        let seen = Self::new(facts);
        let now =
            now.duration_since(std::time::UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX));
        // Whole seconds look like FAT or an old NFS server; else it is the kernel's tick of 10 ms at most.
        let grain = if facts.ctime.1 == 0 { 2_000_000_000 } else { 50_000_000 };
        if seen.ctime.saturating_add(grain) > now { Self { ctime: 0, ..seen } } else { seen }
    }

    /// Whether size and modification time are the same.
    pub fn same_but_ctime(&self, other: &Self) -> bool {
        (self.size, self.mtime) == (other.size, other.mtime)
    }
}

fn nanoseconds((seconds, nanoseconds): (i64, i64)) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

/// An output as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its final name.
    pub path: PathBuf,
    /// Digest of what decided its bytes, the source's aside.
    pub variant: i64,
    /// Bytes.
    pub size: i64,
    /// Modification time.
    pub mtime: i64,
    /// Inode; for people who look, a copy that was put back is as good.
    pub inode: i64,
}

impl Written {
    /// Of a file with its facts.
    pub fn new(path: PathBuf, variant: i64, facts: &Facts) -> Self {
        let seen = Seen::new(facts);
        Self { path, variant, size: seen.size, mtime: seen.mtime, inode: facts.id.1 as i64 }
    }

    /// Whether the file stands as it was written.
    pub fn stands(&self) -> bool {
        std::fs::symlink_metadata(&self.path).is_ok_and(|m| {
            let seen = Seen::new(&Facts::from(&m));
            m.is_file() && (seen.size, seen.mtime) == (self.size, self.mtime)
        })
    }
}

/// What the state says of one source and one recipe.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its number.
    pub id: i64,
    /// The file's name.
    pub name: OsString,
    /// Digest of the recipe of the run.
    pub recipe: i64,
    /// What became of it.
    pub kind: Kind,
    /// The source then.
    pub seen: Seen,
    /// Digest of its content.
    pub digest: Option<digest::Content>,
    /// What was made.
    pub outputs: Vec<Written>,
}

/// What is to be remembered of one source.
#[derive(Clone, Debug)]
pub struct Record {
    /// The source, as spoken of.
    pub source: PathBuf,
    /// Digest of the recipe of the run.
    pub recipe: i64,
    /// What became of it.
    pub kind: Kind,
    /// The source then.
    pub seen: Seen,
    /// Digest of its content, if it was read.
    pub digest: Option<digest::Content>,
    /// Why it failed.
    pub error: Option<String>,
    /// All its outputs, when it was made.
    pub outputs: Vec<Written>,
}

/// The open state of one run.
#[derive(Debug)]
pub struct State {
    db: Db,
    keys: Keys,
    read_only: bool,
}

impl State {
    /// Opens the state in `file`, or makes it. `roots` are the real paths of directories that keys are
    /// to be relative to. A dry run reads what there is and writes nothing.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open(file: &Path, roots: &[PathBuf], dry_run: bool) -> Result<Self, StateError> {
        let db = Db::open(file, dry_run)?;
        let dir = crate::walk::real_path(file.parent().unwrap_or(Path::new("")));
        let keys = Keys::new(dir, db.roots()?, roots);
        Ok(Self { db, keys, read_only: dry_run })
    }

    /// A real path as it is written where state and tree may move together.
    pub fn stored(&self, real: &Path) -> Vec<u8> {
        self.keys.stored(real)
    }

    /// The highest number of a source so far.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn last_id(&self) -> Result<i64, StateError> {
        self.db.last_id()
    }

    /// What is known of up to `limit` sources in `dir` whose names are `from` or after it, in the
    /// order of their names; and whether those were all.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn known(&mut self, dir: &Path, from: &OsStr, limit: usize) -> Result<(Vec<Known>, bool), StateError> {
        let Some(id) = self.keys.find(&self.db, dir)? else { return Ok((Vec::new(), true)) };
        let (mut rows, complete) = self.db.sources(id, from.as_bytes(), limit)?;
        for (known, dirs) in &mut rows {
            for (output, dir) in known.outputs.iter_mut().zip(dirs) {
                output.path = self.keys.path(&self.db, *dir)?.join(&output.path);
            }
        }
        Ok((rows.into_iter().map(|(known, _)| known).collect(), complete))
    }

    /// Whether we wrote the file of this name and it stands as we wrote it.
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

    /// Remembers all of these, or none, and these directories as made by us.
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
                    dirs.push(keys.make(db, split(&output.path).0)?);
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
            // Directories that the lost transaction numbered.
            self.keys.forget();
        }
        done
    }

    /// Every source at or below the real path `below`, the ids up to `last` only: its number, its
    /// path, and its outputs.
    ///
    /// # Errors
    /// [`StateError`], also of `each`.
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

    /// Outputs of this source; `superseded` only those that it makes no more.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn outputs_of(&mut self, source: i64, superseded: bool) -> Result<Vec<Written>, StateError> {
        let mut outputs = Vec::new();
        for (mut written, dir) in self.db.outputs_of(source, superseded)? {
            written.path = self.keys.path(&self.db, dir)?.join(&written.path);
            outputs.push(written);
        }
        Ok(outputs)
    }

    /// Sources that at least so many recipes know: each with its path, and its numbers with whether outputs were made.
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

    /// Real paths of all directories that runs with this state wrote to as their destination.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn destinations(&self) -> Result<Vec<PathBuf>, StateError> {
        Ok(self.db.destinations()?.iter().map(|stored| self.keys.real(stored)).collect())
    }

    /// Remembers the real path of a destination.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn note_destination(&self, real: &Path) -> Result<(), StateError> {
        if self.read_only { Ok(()) } else { self.db.note_destination(&self.keys.stored(real)) }
    }

    /// Sources with outputs that they make no more.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn superseding(&self) -> Result<Vec<i64>, StateError> {
        self.db.superseding()
    }

    /// Forgets outputs and sources, all or none.
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
                let (dir, name) = split(path);
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

    /// Whether we made this directory.
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
