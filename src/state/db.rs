//! The tables. The only file that uses SQLite.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, params};

use crate::net::Validators;

use super::{Kind, Known, Record, Seen, StateError, Written, os_string};

/// "thmb", in the header of the file, distinguishes a state from other databases.
const APPLICATION: i64 = 0x7468_6d62;
const VERSION: i64 = 1;

// Names are BLOBs, because file names are bytes. Times are nanoseconds since 1970.
const SCHEMA: &str = "
CREATE TABLE roots (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE);
CREATE TABLE dirs (
    id INTEGER PRIMARY KEY,
    root INTEGER NOT NULL,
    path BLOB NOT NULL,
    made INTEGER NOT NULL DEFAULT 0, -- 1: by us
    UNIQUE (root, path));
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    dir INTEGER NOT NULL,
    name BLOB NOT NULL,
    recipe INTEGER NOT NULL,
    kind INTEGER NOT NULL, -- 0 made, 1 failed, 2 no picture, 3 about to be saved
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    ctime INTEGER NOT NULL,
    digest BLOB,
    error TEXT,
    UNIQUE (dir, name, recipe));
CREATE TABLE outputs (
    dir INTEGER NOT NULL,
    name BLOB NOT NULL,
    source INTEGER NOT NULL,
    variant INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    old INTEGER NOT NULL DEFAULT 0, -- 1: its source makes it no more
    PRIMARY KEY (dir, name)) WITHOUT ROWID;
CREATE INDEX outputs_of ON outputs (source);
";

// What servers give to identify contents. States of earlier versions lack this table, and those versions ignore it.
const VALIDATORS: &str = "CREATE TABLE IF NOT EXISTS validators (source INTEGER PRIMARY KEY, etag TEXT, modified TEXT)";

/// An output with the number of its directory.
pub type InDir = (Written, i64);

/// The open file.
#[derive(Debug)]
pub struct Db {
    sql: Connection,
    file: PathBuf,
}

impl Db {
    /// Opens the tables in `file`, or creates them. A dry run creates none.
    pub fn open(file: &Path, dry_run: bool) -> Result<Self, StateError> {
        let sql = if dry_run && !file.exists() {
            Connection::open_in_memory()
        } else {
            let flags =
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(file, flags)
        };
        let sql = sql.map_err(|e| sorted(file, &e))?;
        let db = Self { sql, file: file.to_path_buf() };
        db.set_up(dry_run || can_sync(file)).map_err(|error| sorted(file, &error))?;
        let number = |name| db.sql.pragma_query_value(None, name, |r| r.get::<_, i64>(0)).map_err(|e| sorted(file, &e));
        let tables: i64 = db.query("SELECT count(*) FROM sqlite_schema", &[])?;
        match (number("application_id")?, number("user_version")?) {
            // Empty: new, or left by a run that was killed while creating it.
            (0, 0) if tables == 0 => {
                db.transaction(|| {
                    let sql =
                        format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; {SCHEMA}");
                    db.check(db.sql.execute_batch(&sql))?;
                    db.execute(VALIDATORS, &[])
                })?;
            }
            (APPLICATION, VERSION) if dry_run => {}
            (APPLICATION, VERSION) => db.execute(VALIDATORS, &[])?,
            (APPLICATION, version) if version > VERSION => return Err(StateError::Newer(db.file)),
            _ => return Err(StateError::Foreign(db.file)),
        }
        Ok(db)
    }

    fn set_up(&self, syncs: bool) -> rusqlite::Result<()> {
        // Other programs may read while we write, and the other way round.
        self.sql.busy_timeout(Duration::from_secs(60))?;
        // A rollback journal. WAL needs memory shared between hosts, which network disks do not
        // have.
        self.sql.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
        // If the file system cannot sync, requesting it would fail every transaction.
        self.sql.pragma_update(None, "synchronous", if syncs { "FULL" } else { "OFF" })?;
        self.sql.pragma_update(None, "cache_size", -16_000)?;
        self.sql.set_prepared_statement_cache_capacity(32);
        Ok(())
    }

    fn check<T>(&self, result: rusqlite::Result<T>) -> Result<T, StateError> {
        result.map_err(|error| sorted(&self.file, &error))
    }

    fn query(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<i64, StateError> {
        self.check(self.sql.prepare_cached(sql).and_then(|mut s| s.query_row(params, |r| r.get(0))))
    }

    fn execute(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<(), StateError> {
        self.check(self.sql.prepare_cached(sql).and_then(|mut s| s.execute(params)))?;
        Ok(())
    }

    fn all<T>(
        &self,
        sql: &str,
        params: &[&dyn rusqlite::ToSql],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StateError> {
        self.check(self.sql.prepare_cached(sql).and_then(|mut s| s.query_map(params, read)?.collect()))
    }

    /// Does all of `work`, or nothing.
    pub fn transaction(&self, work: impl FnOnce() -> Result<(), StateError>) -> Result<(), StateError> {
        let transaction = self.check(self.sql.unchecked_transaction())?;
        work()?;
        self.check(transaction.commit())
    }

    pub fn roots(&self) -> Result<Vec<(i64, Vec<u8>)>, StateError> {
        self.all("SELECT id, path FROM roots", &[], |r| Ok((r.get(0)?, r.get(1)?)))
    }

    pub fn make_root(&self, path: &[u8]) -> Result<i64, StateError> {
        self.query("INSERT INTO roots (path) VALUES (?1) ON CONFLICT DO UPDATE SET path = path RETURNING id", &[&path])
    }

    pub fn find_dir(&self, root: i64, path: &[u8]) -> Result<Option<i64>, StateError> {
        let sql = "SELECT id FROM dirs WHERE root = ?1 AND path = ?2";
        let found =
            self.sql.prepare_cached(sql).and_then(|mut s| s.query_row(params![root, path], |r| r.get(0)).optional());
        self.check(found)
    }

    pub fn make_dir(&self, root: i64, path: &[u8]) -> Result<i64, StateError> {
        self.query("INSERT INTO dirs (root, path) VALUES (?1, ?2) RETURNING id", &[&root, &path])
    }

    pub fn dir(&self, id: i64) -> Result<(i64, Vec<u8>), StateError> {
        let sql = "SELECT root, path FROM dirs WHERE id = ?1";
        self.check(self.sql.prepare_cached(sql).and_then(|mut s| s.query_row([id], |r| Ok((r.get(0)?, r.get(1)?)))))
    }

    pub fn dirs(&self) -> Result<Vec<(i64, i64, Vec<u8>)>, StateError> {
        self.all("SELECT id, root, path FROM dirs", &[], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
    }

    pub fn mark_made(&self, dir: i64) -> Result<(), StateError> {
        self.execute("UPDATE dirs SET made = 1 WHERE id = ?1", &[&dir])
    }

    pub fn is_made(&self, dir: i64) -> Result<bool, StateError> {
        Ok(self.query("SELECT made FROM dirs WHERE id = ?1", &[&dir])? != 0)
    }

    pub fn last_id(&self) -> Result<i64, StateError> {
        self.query("SELECT coalesce(max(id), 0) FROM sources", &[])
    }

    pub fn ids_in(&self, dir: i64) -> Result<Vec<(i64, Vec<u8>)>, StateError> {
        self.all("SELECT id, name FROM sources WHERE dir = ?1", &[&dir], |r| Ok((r.get(0)?, r.get(1)?)))
    }

    /// Rows of `dir` from the name `from` on, with their outputs and the directories of these, and
    /// whether there are no more.
    pub fn sources(&self, dir: i64, from: &[u8], limit: usize) -> Result<(Vec<(Known, Vec<i64>)>, bool), StateError> {
        let sql = "SELECT s.id, s.name, s.recipe, s.kind, s.size, s.mtime, s.ctime, s.digest,
                o.dir, o.name, o.variant, o.size, o.mtime, o.inode
            FROM (SELECT * FROM sources WHERE dir = ?1 AND name >= ?2 ORDER BY name, recipe LIMIT ?3) s
            LEFT JOIN outputs o ON o.source = s.id AND o.old = 0
            ORDER BY s.name, s.recipe";
        let read = || {
            let mut statement = self.sql.prepare_cached(sql)?;
            let mut rows = statement.query(params![dir, from, limit as i64])?;
            let mut known: Vec<(Known, Vec<i64>)> = Vec::new();
            while let Some(row) = rows.next()? {
                let id: i64 = row.get(0)?;
                if known.last().is_none_or(|(k, _)| k.id != id) {
                    known.push((source(row)?, Vec::new()));
                }
                if let (Some((last, dirs)), Some(dir)) = (known.last_mut(), row.get::<_, Option<i64>>(8)?) {
                    last.outputs.push(written(row, 9)?);
                    dirs.push(dir);
                }
            }
            Ok(known)
        };
        let mut known = self.check(read())?;
        let complete = known.len() < limit;
        if !complete {
            // The last name may have more rows.
            let last = known.last().map(|(k, _)| k.name.clone());
            if known.first().map(|(k, _)| &k.name) != last.as_ref() {
                known.retain(|(k, _)| Some(&k.name) != last.as_ref());
            }
        }
        Ok((known, complete))
    }

    pub fn output(&self, dir: i64, name: &OsStr) -> Result<Option<Written>, StateError> {
        let sql = "SELECT name, variant, size, mtime, inode FROM outputs WHERE dir = ?1 AND name = ?2";
        let name = name.as_bytes();
        self.check(
            self.sql
                .prepare_cached(sql)
                .and_then(|mut s| s.query_row(params![dir, name], |r| written(r, 0)).optional()),
        )
    }

    pub fn outputs_of(&self, source: i64, superseded: bool) -> Result<Vec<InDir>, StateError> {
        let sql = "SELECT name, variant, size, mtime, inode, dir FROM outputs WHERE source = ?1 AND old >= ?2";
        self.all(sql, &[&source, &superseded], |r| Ok((written(r, 0)?, r.get(5)?)))
    }

    pub fn names_by_recipes(&self, least: i64) -> Result<Vec<(i64, Vec<u8>)>, StateError> {
        let sql = "SELECT dir, name FROM sources GROUP BY dir, name HAVING count(*) >= ?1";
        self.all(sql, &[&least], |r| Ok((r.get(0)?, r.get(1)?)))
    }

    pub fn rows_of(&self, dir: i64, name: &[u8]) -> Result<Vec<(i64, bool)>, StateError> {
        let sql = "SELECT id, kind = 0 FROM sources WHERE dir = ?1 AND name = ?2";
        self.all(sql, &[&dir, &name], |r| Ok((r.get(0)?, r.get(1)?)))
    }

    /// States of earlier versions lack this table, and those versions ignore it.
    pub fn note_destination(&self, stored: &[u8]) -> Result<(), StateError> {
        self.execute("CREATE TABLE IF NOT EXISTS destinations (path BLOB PRIMARY KEY) WITHOUT ROWID", &[])?;
        self.execute("INSERT OR IGNORE INTO destinations (path) VALUES (?1)", &[&stored])
    }

    pub fn destinations(&self) -> Result<Vec<Vec<u8>>, StateError> {
        let known = "SELECT count(*) FROM sqlite_schema WHERE name = 'destinations'";
        if self.query(known, &[])? == 0 {
            return Ok(Vec::new());
        }
        self.all("SELECT path FROM destinations", &[], |r| r.get(0))
    }

    /// What the server of this source gave to identify its content.
    pub fn validators(&self, source: i64) -> Result<Validators, StateError> {
        // A dry run may see a state without the table.
        if self.query("SELECT count(*) FROM sqlite_schema WHERE name = 'validators'", &[])? == 0 {
            return Ok(Validators::default());
        }
        let sql = "SELECT etag, modified FROM validators WHERE source = ?1";
        let read = |row: &Row<'_>| Ok(Validators { etag: row.get(0)?, modified: row.get(1)? });
        let found = self.sql.prepare_cached(sql).and_then(|mut s| s.query_row([source], read).optional());
        Ok(self.check(found)?.unwrap_or_default())
    }

    pub fn superseding(&self) -> Result<Vec<i64>, StateError> {
        self.all("SELECT DISTINCT source FROM outputs WHERE old = 1", &[], |r| r.get(0))
    }

    /// Writes one record with its `outputs`, given with their directories and names.
    pub fn record(
        &self,
        dir: i64,
        name: &OsStr,
        record: &Record,
        outputs: &[(i64, &OsStr, &Written)],
    ) -> Result<(), StateError> {
        let name = name.as_bytes();
        let seen = record.seen;
        let kind = match record.kind {
            Kind::Made => 0,
            Kind::Failed => 1,
            Kind::NoPicture => 2,
            Kind::Pending => 3,
        };
        let id = self.query(
            "INSERT INTO sources (dir, name, recipe, kind, size, mtime, ctime, digest, error)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT DO UPDATE SET kind = ?4, size = ?5, mtime = ?6, ctime = ?7, digest = ?8,
                error = CASE ?4 WHEN 1 THEN coalesce(?9, error) END
            RETURNING id",
            &[&dir, &name, &record.recipe, &kind, &seen.size, &seen.mtime, &seen.ctime, &record.digest, &record.error],
        )?;
        if let Some(Validators { etag, modified }) = &record.validators {
            self.execute("INSERT OR REPLACE INTO validators VALUES (?1, ?2, ?3)", &[&id, etag, modified])?;
        }
        if record.kind == Kind::Made {
            self.execute("UPDATE outputs SET old = 1 WHERE source = ?1", &[&id])?;
        }
        for (dir, name, output) in outputs {
            self.execute(
                "INSERT OR REPLACE INTO outputs (dir, name, source, variant, size, mtime, inode) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                &[dir, &name.as_bytes(), &id, &output.variant, &output.size, &output.mtime, &output.inode],
            )?;
        }
        // Removes what other recipes recorded about an older version of the file, but keeps rows
        // that still own outputs.
        self.execute(
            "DELETE FROM sources WHERE dir = ?1 AND name = ?2 AND id <> ?3
                AND (kind IN (0, 3) OR (size, mtime) <> (?4, ?5))
                AND NOT EXISTS (SELECT 1 FROM outputs WHERE source = sources.id)",
            &[&dir, &name, &id, &seen.size, &seen.mtime],
        )
    }

    pub fn forget_output(&self, dir: i64, name: &OsStr) -> Result<(), StateError> {
        self.execute("DELETE FROM outputs WHERE dir = ?1 AND name = ?2", &[&dir, &name.as_bytes()])
    }

    pub fn forget_source(&self, id: i64) -> Result<(), StateError> {
        self.execute("DELETE FROM sources WHERE id = ?1", &[&id])?;
        self.execute("DELETE FROM validators WHERE source = ?1", &[&id])?;
        self.execute("DELETE FROM outputs WHERE source = ?1", &[&id])
    }
}

/// Whether the file system can sync. SQLite reports other errors.
fn can_sync(file: &Path) -> bool {
    let opened = OpenOptions::new().append(true).create(true).open(file);
    opened.and_then(|file| crate::sink::sync(&file)).unwrap_or(true)
}

fn source(row: &Row<'_>) -> rusqlite::Result<Known> {
    let kind = match row.get::<_, i64>(3)? {
        0 => Kind::Made,
        1 => Kind::Failed,
        2 => Kind::NoPicture,
        _ => Kind::Pending,
    };
    Ok(Known {
        id: row.get(0)?,
        name: os_string(row.get(1)?),
        recipe: row.get(2)?,
        kind,
        seen: Seen { size: row.get(4)?, mtime: row.get(5)?, ctime: row.get(6)? },
        digest: row.get(7)?,
        outputs: Vec::new(),
    })
}

/// Name, variant, size, mtime and inode from column `at` on.
fn written(row: &Row<'_>, at: usize) -> rusqlite::Result<Written> {
    Ok(Written {
        path: PathBuf::from(os_string(row.get(at)?)),
        variant: row.get(at + 1)?,
        size: row.get(at + 2)?,
        mtime: row.get(at + 3)?,
        inode: row.get(at + 4)?,
    })
}

fn sorted(file: &Path, error: &rusqlite::Error) -> StateError {
    let path = file.to_path_buf();
    let what = match (error.sqlite_error_code(), error) {
        (Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied), _) => "it cannot be written".to_owned(),
        (Some(ErrorCode::DiskFull), _) => "No space left on device".to_owned(),
        (Some(ErrorCode::SystemIoFailure), _) => "the disk fails to read or write it".to_owned(),
        (Some(ErrorCode::CannotOpen), _) => "it cannot be opened".to_owned(),
        (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => "another program uses it".to_owned(),
        (Some(ErrorCode::OutOfMemory), _) => "there is not enough memory for it".to_owned(),
        (_, rusqlite::Error::SqliteFailure(_, Some(words))) => words.clone(),
        (_, error) => error.to_string(),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StateError::Foreign(path),
        Some(ErrorCode::DatabaseCorrupt) => StateError::Damaged { path, what },
        // A column of a type that we never wrote.
        None => StateError::Damaged { path, what },
        Some(_) => StateError::Failed { path, what },
    }
}
