//! The feeder's side of `--update`: looks up each input in the state, in ranges of a directory that
//! follow the walk, and decides by `stat` alone.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::Shared;
use super::nightly::Update;
use super::remote::Remote;
use crate::net::{Url, Validators};
use crate::outcome::{SkipReason, SourceName};
use crate::source::Facts;
use crate::state::{Kind, Known, Seen, StateError};
use crate::walk::Found;

/// Rows requested at once: few at first, for a list without order, and more on a walk.
const FEW: usize = 32;
const MANY: usize = 1024;
/// The number of directories between which a walk may alternate.
const DEEP: usize = 24;

/// What is known about an input at its turn.
#[derive(Debug)]
pub struct Before {
    /// The digest of its recipe.
    pub recipe: i64,
    /// Its rows in the state, for any recipe.
    pub rows: Vec<Known>,
    /// Whether its content decides if it is up to date.
    pub check: bool,
}

/// An input that need not be opened.
#[derive(Debug)]
pub struct Unchanged {
    pub source: SourceName,
    /// The path under which the state knows it.
    pub path: PathBuf,
    pub reason: SkipReason,
    /// Its outputs in the destination.
    pub outputs: Vec<PathBuf>,
}

/// The decision about an input.
pub enum Verdict {
    /// Open it.
    Open(Before),
    /// Skip it.
    Pass(Unchanged),
    /// Not a picture, as in an earlier run.
    NoPicture,
}

/// A set of small numbers.
#[derive(Debug, Default)]
pub struct Bits(Vec<u64>);

impl Bits {
    pub fn insert(&mut self, number: i64) {
        let Ok(number) = usize::try_from(number) else { return };
        if self.0.len() <= number / 64 {
            self.0.resize(number / 64 + 1, 0);
        }
        self.0[number / 64] |= 1 << (number % 64);
    }

    pub fn contains(&self, number: i64) -> bool {
        usize::try_from(number).is_ok_and(|n| self.0.get(n / 64).is_some_and(|word| word & (1 << (n % 64)) != 0))
    }
}

/// A range of the rows of one directory.
struct Stretch {
    dir: PathBuf,
    below: PathBuf,
    recipe: i64,
    /// In the order of names, from `from` on.
    rows: Vec<Known>,
    from: Vec<u8>,
    complete: bool,
    /// The number of rows to request next.
    next: usize,
}

/// Looks up inputs in the state.
pub struct Lookup<'a> {
    shared: &'a Shared,
    update: &'a Update,
    stretches: Vec<Stretch>,
    /// The IDs of sources that were found.
    pub seen: Bits,
    /// The IDs of rows with recipes of this run.
    pub current: Bits,
}

impl<'a> Lookup<'a> {
    pub fn new(shared: &'a Shared, update: &'a Update) -> Self {
        Self { shared, update, stretches: Vec::new(), seen: Bits::default(), current: Bits::default() }
    }

    /// Decides about an input that has a path.
    pub fn verdict(&mut self, found: &Found, path: &Path) -> Result<Verdict, StateError> {
        let (recipe, rows) = self.rows(found, path)?;
        let rows = rows.to_vec();
        self.mark(recipe, &rows);
        let open = |rows, check| Ok(Verdict::Open(Before { recipe, rows, check }));
        let Some(row) = rows.iter().find(|r| r.recipe == recipe && r.kind != Kind::Pending) else {
            return open(rows, false);
        };
        // If its times cannot be read, neither can the file, and the worker reports why.
        let Ok(metadata) = fs::metadata(path) else { return open(rows, false) };
        let now = Seen::new(&Facts::from(&metadata));
        if self.update.checksum {
            return open(rows, true);
        }
        if !row.seen.same_but_ctime(&now) {
            return open(rows, false);
        }
        if row.seen.ctime != now.ctime {
            return open(rows, true);
        }
        let pass = |reason, outputs| {
            let source = SourceName::File(path.to_path_buf());
            Ok(Verdict::Pass(Unchanged { source, path: path.to_path_buf(), reason, outputs }))
        };
        match row.kind {
            Kind::Made if row.outputs.iter().all(|o| self.update.stands(o)) => {
                pass(SkipReason::UpToDate, row.outputs.iter().map(|o| o.path.clone()).collect())
            }
            Kind::Failed if !self.update.retry_failed => pass(SkipReason::FailedBefore, Vec::new()),
            Kind::NoPicture => Ok(Verdict::NoPicture),
            Kind::Made | Kind::Failed | Kind::Pending => open(rows, false),
        }
    }

    /// Decides about an address, and what a request for it may be conditional on. The third is what is
    /// reported if it has not changed. What a listing says about it can spare the request.
    pub fn remote(
        &mut self,
        url: &Url,
        below: &Path,
        listed: &Validators,
        size: Option<u64>,
    ) -> Result<(Verdict, Validators, Option<Unchanged>), StateError> {
        let key = url.key();
        let found = Found { path: Some(key.clone()), below: below.to_path_buf(), certain: true, link: false };
        let (recipe, rows) = self.rows(&found, &key)?;
        let rows = rows.to_vec();
        self.mark(recipe, &rows);
        let row = rows.iter().find(|r| r.recipe == recipe && r.kind != Kind::Pending);
        let pass = |reason, outputs| {
            let source = Remote::new(url.clone()).name();
            Unchanged { source, path: key.clone(), reason, outputs }
        };
        let (id, unchanged) = match row {
            Some(row) if row.kind == Kind::Made && row.outputs.iter().all(|o| self.update.stands(o)) => {
                (row.id, pass(SkipReason::UpToDate, row.outputs.iter().map(|o| o.path.clone()).collect()))
            }
            Some(row) if row.kind == Kind::Failed && !self.update.retry_failed => {
                let failed = pass(SkipReason::FailedBefore, Vec::new());
                // Nothing came, and nothing would.
                if row.digest.is_none() {
                    return Ok((Verdict::Pass(failed), Validators::default(), None));
                }
                (row.id, failed)
            }
            _ => return Ok((Verdict::Open(Before { recipe, rows, check: false }), Validators::default(), None)),
        };
        let known = match self.update.checksum {
            true => Validators::default(),
            false => self.update.state().validators(id)?,
        };
        let is_size = size.is_none_or(|size| row.is_none_or(|row| i64::try_from(size) == Ok(row.seen.size)));
        if listed.etag.is_some() && *listed == known && is_size {
            return Ok((Verdict::Pass(unchanged), Validators::default(), None));
        }
        Ok((Verdict::Open(Before { recipe, rows, check: true }), known, Some(unchanged)))
    }

    fn mark(&mut self, recipe: i64, rows: &[Known]) {
        for row in rows {
            self.seen.insert(row.id);
            if row.recipe == recipe {
                self.current.insert(row.id);
            }
        }
    }

    fn rows(&mut self, found: &Found, path: &Path) -> Result<(i64, &[Known]), StateError> {
        let (dir, name) = (path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or_default());
        let at = match self.stretches.iter().rposition(|s| s.dir == dir && s.below == found.below) {
            Some(at) => at,
            None => {
                if self.stretches.len() >= DEEP {
                    self.stretches.remove(0);
                }
                let recipe = self.shared.recipes.as_ref().map_or(0, |r| r.run(&found.below));
                self.stretches.push(Stretch {
                    dir: dir.to_path_buf(),
                    below: found.below.clone(),
                    recipe,
                    rows: Vec::new(),
                    from: Vec::new(),
                    complete: false,
                    next: FEW,
                });
                self.stretches.len() - 1
            }
        };
        let stretch = &mut self.stretches[at];
        if !stretch.covers(name) {
            let on = stretch.rows.last().is_some_and(|r| *r.name < *name);
            stretch.next = if on { (stretch.next * 2).min(MANY) } else { FEW };
            (stretch.rows, stretch.complete) = self.update.state().known(dir, name, stretch.next)?;
            stretch.from = name.as_encoded_bytes().to_vec();
        }
        let start = stretch.rows.partition_point(|r| *r.name < *name);
        let end = stretch.rows.partition_point(|r| *r.name <= *name);
        Ok((stretch.recipe, &stretch.rows[start..end]))
    }
}

impl Stretch {
    fn covers(&self, name: &OsStr) -> bool {
        if name.as_encoded_bytes() < self.from.as_slice() || (self.rows.is_empty() && !self.complete) {
            return false;
        }
        self.complete || self.rows.last().is_some_and(|r| *name <= *r.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits() {
        let mut bits = Bits::default();
        for n in [0, 63, 64, 1000] {
            bits.insert(n);
        }
        assert!((0..2000).filter(|n| bits.contains(*n)).eq([0, 63, 64, 1000]));
        assert!(!bits.contains(-1));
    }
}
