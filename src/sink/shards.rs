//! Writes a data set in the WebDataset form: tar files of samples, each a picture and a JSON with
//! the same key, in the order of the inputs. A shard appears when it is complete. A later run makes
//! the missing shards. A key, or the JSON beside it, holds the index of its input, which shows the inputs
//! that a shard contains.

mod covered;
mod sample;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::outlet::{Outlet, Readers};
use super::{Entry, Sink, SinkError, Uploader, remove_stale};
use crate::archive::tar::{BLOCK, TarWriter};
use crate::policy::Replace;
use covered::{Contents, look_into};
pub use covered::{Covered, Expected};
pub use sample::{Sample, is_reserved, key, numbered};

/// The size of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardSize {
    /// At most this many samples.
    Samples(u64),
    /// At most this many bytes.
    Bytes(u64),
}

fn file_name(index: u32) -> String {
    format!("{index:06}.tar")
}

/// What stands in a directory, or directly below a prefix, with its size.
fn found(dir: &Path, uploader: Option<&Uploader>) -> Result<Vec<(PathBuf, u64)>, SinkError> {
    let broken = |error| SinkError::Broken { path: dir.to_path_buf(), error };
    if let Some(uploader) = uploader {
        let names = uploader.names(dir).map_err(broken)?;
        let here = |name: &Path| name.strip_prefix(dir).is_ok_and(|below| below.components().count() == 1);
        return Ok(names.into_iter().filter(|(name, _)| here(name)).collect());
    }
    remove_stale(dir);
    fs::read_dir(dir).map_err(broken)?.map(|entry| Ok((entry.map_err(broken)?.path(), 0))).collect()
}

struct Open {
    index: u32,
    tar: TarWriter<BufWriter<Outlet>>,
    readers: Readers,
    samples: u64,
    bytes: u64,
}

/// Writes shards to a directory.
pub struct Shards {
    dir: PathBuf,
    /// For a data set in a store.
    uploader: Option<Uploader>,
    size: ShardSize,
    standing: BTreeMap<u32, u64>,
    covered: Covered,
    open: Option<Open>,
}

impl Shards {
    /// Reads the existing shards in `dir`.
    ///
    /// # Errors
    /// A file that has a shard's name but is not one, or is one of another recipe.
    pub fn create(
        dir: &Path,
        uploader: Option<Uploader>,
        size: ShardSize,
        expected: &Expected,
    ) -> Result<Self, SinkError> {
        let (mut shards, mut contents) = (Vec::new(), Contents::default());
        let at = |path: &Path| {
            let path = path.to_path_buf();
            move |error| SinkError::Broken { path, error }
        };
        for (path, length) in found(dir, uploader.as_ref())? {
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            let index = name.strip_suffix(".tar").filter(|n| n.len() >= 6).and_then(|n| n.parse::<u32>().ok());
            if let Some(index) = index.filter(|&i| file_name(i) == name) {
                let opened = match &uploader {
                    Some(uploader) => uploader.download(&path, length),
                    None => File::open(&path),
                };
                let looked = opened.and_then(|file| look_into(&file, index, expected, &mut contents));
                shards.push(looked.map_err(at(&path))?);
            }
        }
        shards.sort_by_key(|shard| shard.index);
        if let Some(pair) = shards.windows(2).find(|pair| pair[0].last >= pair[1].first) {
            let error = io::Error::other(format!("has samples that {} has, too", file_name(pair[1].index)));
            return Err(at(&dir.join(file_name(pair[0].index)))(error));
        }
        let standing = shards.iter().map(|s| (s.index, s.first)).collect();
        Ok(Self {
            dir: dir.to_path_buf(),
            uploader,
            size,
            standing,
            covered: Covered::new(shards, contents),
            open: None,
        })
    }

    /// The existing shards.
    pub fn covered(&self) -> Covered {
        self.covered.clone()
    }

    /// The number of the shard for this input, which is in no existing one: after the last shard
    /// before it, and the next one while a number is free.
    fn index_for(&self, number: u64, bytes: u64) -> u32 {
        let before = self.covered.shards().iter().rev().find(|s| s.last < number).map_or(0, |s| s.index + 1);
        let Some(open) = self.open.as_ref().filter(|open| open.index >= before) else { return before };
        let full = match self.size {
            ShardSize::Samples(n) => open.samples >= n,
            ShardSize::Bytes(n) => open.bytes + bytes > n,
        };
        let next_is_free = !self.standing.contains_key(&(open.index + 1));
        open.index + u32::from(full && next_is_free)
    }

    fn close(&mut self) -> io::Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let out = open.tar.end()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        out.commit(open.readers, Replace::Never)
    }

    fn add(&mut self, entries: &[Entry<'_>]) -> io::Result<()> {
        let number = entries.first().map_or(0, |entry| entry.number);
        let bytes = entries.iter().map(|e| (BLOCK + e.bytes.len().next_multiple_of(BLOCK)) as u64).sum();
        let index = self.index_for(number, bytes);
        if self.open.as_ref().is_some_and(|open| open.index != index) {
            self.close()?;
        }
        if self.open.is_none() {
            let outlet = Outlet::open(Some(&self.dir.join(file_name(index))), self.uploader.as_ref())?;
            let tar = TarWriter(BufWriter::with_capacity(256 << 10, outlet));
            self.open = Some(Open { index, tar, readers: Readers::default(), samples: 0, bytes: 2 * BLOCK as u64 });
        }
        if let Some(open) = &mut self.open {
            let mut members: Vec<&Entry<'_>> = entries.iter().collect();
            members.sort_by_key(|e| e.path.file_name());
            for entry in members {
                open.readers.narrow(entry);
                open.tar.add(entry.path.file_name().unwrap_or_default().as_bytes(), entry.bytes)?;
            }
            open.samples += 1;
            open.bytes += bytes;
        }
        Ok(())
    }

    fn broken(&self, error: io::Error) -> SinkError {
        let path = self.open.as_ref().map_or_else(|| self.dir.clone(), |o| self.dir.join(file_name(o.index)));
        SinkError::Broken { path, error }
    }
}

impl Sink for Shards {
    fn put(&mut self, entries: &[Entry<'_>]) -> Result<(), SinkError> {
        self.add(entries).map_err(|e| self.broken(e))
    }

    fn place(&self, path: &Path) -> Option<PathBuf> {
        let open = self.open.as_ref()?;
        Some(self.dir.join(file_name(open.index)).join(path.file_name()?))
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.close().map_err(|e| self.broken(e))
    }

    fn abandon(&mut self) -> bool {
        self.open.take().is_some()
    }

    fn in_order(&self) -> bool {
        true
    }
}

impl std::fmt::Debug for Shards {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shards").field("dir", &self.dir).finish_non_exhaustive()
    }
}
