//! Writes a data set in the WebDataset form: tar files of samples, each a picture and a JSON with
//! the same key, in the order of the inputs. A shard appears when it is complete. A later run makes
//! the missing shards. A key is the index of its input, so it shows which inputs a shard contains.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufWriter};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use serde_json::{Map, Value, json};

use super::outlet::{Outlet, Readers};
use super::{Entry, Sink, SinkError, remove_stale};
use crate::archive::tar::{BLOCK, Header, TarWriter};
use crate::policy::Replace;
use thumbs_render::size::Size;

/// The size of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardSize {
    /// At most this many samples.
    Samples(u64),
    /// At most this many bytes.
    Bytes(u64),
}

/// An existing shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its number.
    pub index: u32,
    /// Index of its first input.
    pub first: u64,
    /// Index of its last input.
    pub last: u64,
    /// A hash of the source for each index from the first to the last, from the JSON; 0 if the
    /// input is missing.
    sources: Vec<u32>,
}

/// The existing shards, in the order of their inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Covered(Vec<Standing>);

impl Covered {
    /// Whether the shard of this input exists: it contains the input, or the input lies between two
    /// consecutive shards and failed when they were made.
    pub fn has(&self, number: u64) -> bool {
        let after = self.0.partition_point(|shard| shard.last < number);
        let Some(next) = self.0.get(after) else { return false };
        let before = after.checked_sub(1).map(|i| self.0[i].index);
        next.first <= number || next.index == before.map_or(0, |index| index + 1)
    }

    fn shard(&self, number: u64) -> Option<&Standing> {
        let shard = self.0.get(self.0.partition_point(|shard| shard.last < number))?;
        (shard.first <= number).then_some(shard)
    }

    fn source(&self, number: u64) -> Option<u32> {
        let shard = self.shard(number)?;
        let at = usize::try_from(number - shard.first).ok()?;
        shard.sources.get(at).copied().filter(|hash| *hash != 0)
    }

    /// Whether a shard contains a sample of this input.
    pub fn holds(&self, number: u64) -> bool {
        self.source(number).is_some()
    }

    /// The shard that shows that this index had another source when it was made.
    pub fn contradicts(&self, number: u64, source: Option<&Path>) -> Option<String> {
        let other = self.source(number)? != hash(&source_value(source));
        if other { self.shard(number).map(|shard| file_name(shard.index)) } else { None }
    }

    /// The shard to which this input belongs although it is missing there.
    pub fn closed(&self, number: u64) -> Option<String> {
        let shard = self.0.get(self.0.partition_point(|shard| shard.last < number))?;
        (self.has(number) && !self.holds(number)).then(|| file_name(shard.index))
    }

    /// A shard with inputs beyond this many.
    pub fn beyond(&self, inputs: u64) -> Option<String> {
        self.0.last().filter(|shard| shard.last >= inputs).map(|shard| file_name(shard.index))
    }
}

/// Distinguishes sources within one process; never 0.
fn hash(source: &Value) -> u32 {
    let mut hasher = DefaultHasher::new();
    source.to_string().hash(&mut hasher);
    (hasher.finish() as u32).max(1)
}

fn file_name(index: u32) -> String {
    format!("{index:06}.tar")
}

/// The member name for a picture of this input. Keys have no dots and sort like their numbers.
pub fn member(number: u64, extension: &str) -> String {
    format!("{number:09}.{extension}")
}

fn source_value(source: Option<&Path>) -> Value {
    match source {
        None => "-".into(),
        Some(path) => match path.to_str() {
            Some(text) => text.into(),
            None => {
                let bytes = path.as_os_str().as_bytes();
                json!({"bytes": base64::engine::general_purpose::STANDARD.encode(bytes)})
            }
        },
    }
}

/// The metadata of a sample.
#[derive(Debug)]
pub struct Sample<'a> {
    /// The source; None is standard input.
    pub source: Option<&'a Path>,
    /// The stored size of the source.
    pub original: Size,
    /// The size of the picture.
    pub size: Size,
    /// The digest of the source's bytes.
    pub sha256: &'a str,
    /// Distinguishes data sets with different options.
    pub recipe: &'a str,
    /// Kept columns of a table.
    pub kept: Option<&'a Map<String, Value>>,
}

/// Whether the JSON of a sample has a key of this name anyway.
pub fn is_reserved(name: &str) -> bool {
    ["key", "source", "original_width", "original_height", "width", "height", "sha256", "recipe"].contains(&name)
}

impl Sample<'_> {
    /// The JSON.
    pub fn json(&self, key: &str) -> Vec<u8> {
        let mut value = json!({
            "key": key,
            "source": source_value(self.source),
            "original_width": self.original.width,
            "original_height": self.original.height,
            "width": self.size.width,
            "height": self.size.height,
            "sha256": self.sha256,
            "recipe": self.recipe,
        });
        for (name, kept) in self.kept.into_iter().flatten() {
            value[name] = kept.clone();
        }
        let mut text = value.to_string();
        text.push('\n');
        text.into_bytes()
    }
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
    pub fn create(dir: &Path, size: ShardSize, recipe: &str) -> Result<Self, SinkError> {
        remove_stale(dir);
        let mut shards = Vec::new();
        let at = |path: &Path| {
            let path = path.to_path_buf();
            move |error| SinkError::Broken { path, error }
        };
        for entry in fs::read_dir(dir).map_err(at(dir))? {
            let path = entry.map_err(at(dir))?.path();
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            let index = name.strip_suffix(".tar").filter(|n| n.len() >= 6).and_then(|n| n.parse::<u32>().ok());
            if let Some(index) = index.filter(|&i| file_name(i) == name) {
                shards.push(look_into(&path, index, recipe).map_err(at(&path))?);
            }
        }
        shards.sort_by_key(|shard| shard.index);
        if let Some(pair) = shards.windows(2).find(|pair| pair[0].last >= pair[1].first) {
            let error = io::Error::other(format!("has samples that {} has, too", file_name(pair[1].index)));
            return Err(at(&dir.join(file_name(pair[0].index)))(error));
        }
        let standing = shards.iter().map(|s| (s.index, s.first)).collect();
        Ok(Self { dir: dir.to_path_buf(), size, standing, covered: Covered(shards), open: None })
    }

    /// The existing shards.
    pub fn covered(&self) -> Covered {
        self.covered.clone()
    }

    /// The number of the shard for this input, which is in no existing one: after the last shard
    /// before it, and the next one while a number is free.
    fn index_for(&self, number: u64, bytes: u64) -> u32 {
        let before = self.covered.0.iter().rev().find(|s| s.last < number).map_or(0, |s| s.index + 1);
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
        let key = entries.first().and_then(|e| e.path.file_stem()).and_then(|s| s.to_str());
        let number = key.and_then(|k| k.parse().ok()).unwrap_or(0);
        let bytes = entries.iter().map(|e| (BLOCK + e.bytes.len().next_multiple_of(BLOCK)) as u64).sum();
        let index = self.index_for(number, bytes);
        if self.open.as_ref().is_some_and(|open| open.index != index) {
            self.close()?;
        }
        if self.open.is_none() {
            let outlet = Outlet::open(Some(&self.dir.join(file_name(index))))?;
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

/// A header and the following JSON are read at once. Most JSONs are shorter.
const STEP: usize = 2 * BLOCK;

/// Reads the samples of a shard. Pictures are skipped.
fn look_into(path: &Path, index: u32, recipe: &str) -> io::Result<Standing> {
    let no_shard = || io::Error::other("no shard of ours, or cut off; move it away");
    let file = File::open(path)?;
    let mut standing = Standing { index, first: 0, last: 0, sources: Vec::new() };
    let mut at = 0;
    let mut step = [0; STEP];
    loop {
        // A tar ends with two blocks of zeros, so a full step is always available.
        file.read_exact_at(&mut step, at).map_err(|_| no_shard())?;
        let mut block = [0; BLOCK];
        block.copy_from_slice(&step[..BLOCK]);
        if block == [0; BLOCK] {
            break;
        }
        let header = Header::parse(&block).ok_or_else(no_shard)?;
        let content = at + BLOCK as u64;
        at = header
            .size
            .checked_next_multiple_of(BLOCK as u64)
            .and_then(|n| n.checked_add(content))
            .ok_or_else(no_shard)?;
        let name = String::from_utf8(header.name).map_err(|_| no_shard())?;
        if let Some(key) = name.strip_suffix(".json") {
            let number: u64 = key.parse().map_err(|_| no_shard())?;
            let size = usize::try_from(header.size).ok().filter(|size| *size < 1 << 20).ok_or_else(no_shard)?;
            let json: Value = match step[BLOCK..].get(..size) {
                Some(text) => serde_json::from_slice(text),
                None => {
                    let mut text = vec![0; size];
                    file.read_exact_at(&mut text, content).map_err(|_| no_shard())?;
                    serde_json::from_slice(&text)
                }
            }
            .map_err(|_| no_shard())?;
            if json["recipe"] != recipe {
                return Err(io::Error::other("made with other options; use them again, or another directory"));
            }
            standing.add(number, hash(&json["source"])).ok_or_else(no_shard)?;
        }
    }
    if standing.sources.is_empty() { Err(no_shard()) } else { Ok(standing) }
}

/// The largest gap between samples. A larger gap means that the shard is not ours, and would take
/// memory.
const MOST_MISSING: u64 = 1 << 28;

impl Standing {
    /// Adds the next sample. Returns None if it does not follow the previous one.
    fn add(&mut self, number: u64, source: u32) -> Option<()> {
        if self.sources.is_empty() {
            self.first = number;
        } else {
            let missing = number.checked_sub(self.last + 1).filter(|n| *n < MOST_MISSING)?;
            self.sources.extend(std::iter::repeat_n(0, missing as usize));
        }
        self.last = number;
        self.sources.push(source);
        Some(())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(index: u32, first: u64, last: u64) -> Standing {
        let mut standing = Standing { index, first: 0, last: 0, sources: Vec::new() };
        for n in (first..=last).filter(|n| *n == first || *n == last || n % 4 != 3) {
            standing.add(n, hash(&Value::from(format!("{n}.jpg")))).unwrap();
        }
        assert!(standing.add(last, 1).is_none());
        standing
    }

    #[test]
    fn existing_shards_are_covered_and_missing_ones_are_not() {
        let covered = Covered(vec![shard(0, 2, 9), shard(1, 11, 19), shard(3, 30, 39)]);
        let has: Vec<u64> = (0..45).filter(|&n| covered.has(n)).collect();
        let want: Vec<u64> = (0..20).chain(30..40).collect();
        assert_eq!(has, want, "10 failed, 20 to 29 are shard 2");
        assert!(!Covered::default().has(0));
        let missing_first = Covered(vec![shard(1, 10, 19)]);
        assert!(!missing_first.has(9) && missing_first.has(10));
    }

    #[test]
    fn other_inputs_are_noticed() {
        let covered = Covered(vec![shard(0, 0, 9)]);
        assert_eq!(covered.contradicts(0, Some(Path::new("0.jpg"))), None);
        assert_eq!(covered.contradicts(3, Some(Path::new("x.jpg"))), None, "it failed");
        assert_eq!(covered.contradicts(5, Some(Path::new("x.jpg"))), Some("000000.tar".into()));
        assert_eq!(covered.contradicts(9, Some(Path::new("8b.jpg"))), Some("000000.tar".into()));
        assert_eq!(covered.contradicts(10, Some(Path::new("x.jpg"))), None);
        assert_eq!((covered.closed(3), covered.closed(4)), (Some("000000.tar".into()), None));
        assert_eq!((covered.beyond(10), covered.beyond(9)), (None, Some("000000.tar".into())));
    }
}
