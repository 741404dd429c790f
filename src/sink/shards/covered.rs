//! What the existing shards of a data set hold.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::file_name;
use super::sample::source_value;
use crate::archive::tar::{BLOCK, Header, pax_records};
use crate::path_log::PathLog;

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
pub struct Covered(Vec<Standing>, Contents);

/// What the shards of a data set are made with.
#[derive(Debug)]
pub struct Expected {
    /// Distinguishes data sets with different options.
    pub recipe: String,
    /// Whether keys are not numbers.
    pub keyed: bool,
    /// Whether the contents of existing samples are wanted.
    pub contents: bool,
}

/// The contents of samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    sources: PathLog,
    digests: Vec<([u8; 32], Option<u64>)>,
}

/// The content of a sample.
#[derive(Debug)]
pub struct Content {
    /// The name of its source.
    pub source: PathBuf,
    /// SHA-256 of the source.
    pub digest: [u8; 32],
    /// How it looks.
    pub look: Option<u64>,
}

impl Contents {
    fn add(&mut self, json: &Value) -> Option<()> {
        let text = json["sha256"].as_str().filter(|text| text.len() == 64)?;
        let mut digest = [0; 32];
        for (at, byte) in digest.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        let look = json["phash"].as_str().and_then(|text| u64::from_str_radix(text, 16).ok());
        self.sources.push(&json["source"].as_str().map_or_else(|| "another input".into(), PathBuf::from));
        self.digests.push((digest, look));
        Some(())
    }
}

impl Covered {
    pub(super) fn new(shards: Vec<Standing>, contents: Contents) -> Self {
        Self(shards, contents)
    }

    /// The contents of all samples, if they were wanted.
    pub fn contents(&self) -> impl Iterator<Item = Content> {
        let Contents { sources, digests } = &self.1;
        let content = |(at, &(digest, look)): (usize, &([u8; 32], Option<u64>))| {
            let source = sources.get(at as u32).unwrap_or_default();
            Content { source, digest, look }
        };
        digests.iter().enumerate().map(content)
    }

    pub(super) fn shards(&self) -> &[Standing] {
        &self.0
    }

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

    /// The shard that shows that this index had another source, or another key, when it was made.
    pub fn contradicts(&self, number: u64, source: Option<&Path>, key: Option<&str>) -> Option<String> {
        let other = self.source(number)? != hash(&source_value(source), key);
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

/// Distinguishes sources and their keys within one process; never 0.
fn hash(source: &Value, key: Option<&str>) -> u32 {
    let mut hasher = DefaultHasher::new();
    (source.to_string(), key).hash(&mut hasher);
    (hasher.finish() as u32).max(1)
}

/// A header and the following JSON are read at once. Most JSONs are shorter.
const STEP: usize = 2 * BLOCK;

/// Reads the samples of a shard. Pictures are skipped.
pub fn look_into(file: &File, index: u32, expected: &Expected, contents: &mut Contents) -> io::Result<Standing> {
    let no_shard = || io::Error::other("no shard of ours, or cut off; move it away");
    let mut standing = Standing { index, first: 0, last: 0, sources: Vec::new() };
    let mut at = 0;
    let mut step = [0; STEP];
    let mut long = None;
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
        let size = usize::try_from(header.size).ok();
        let text = |step: &[u8; STEP]| -> io::Result<Vec<u8>> {
            let size = size.filter(|size| *size < 1 << 20).ok_or_else(no_shard)?;
            if let Some(text) = step[BLOCK..].get(..size) {
                return Ok(text.to_vec());
            }
            let mut text = vec![0; size];
            file.read_exact_at(&mut text, content).map_err(|_| no_shard())?;
            Ok(text)
        };
        if header.kind == b'x' {
            // A long name, or one that is not ASCII.
            let records = text(&step)?;
            let path = pax_records(&records).ok_or_else(no_shard)?.into_iter().rfind(|(key, _)| *key == b"path");
            long = path.map(|(_, path)| path.to_vec());
            continue;
        }
        let name = String::from_utf8(long.take().unwrap_or(header.name)).map_err(|_| no_shard())?;
        if let Some(key) = name.strip_suffix(".json") {
            let json: Value = serde_json::from_slice(&text(&step)?).map_err(|_| no_shard())?;
            if json["recipe"] != expected.recipe.as_str() {
                return Err(io::Error::other("made with other options; use them again, or another directory"));
            }
            let number = if expected.keyed { json["index"].as_u64() } else { key.parse().ok() };
            let source = hash(&json["source"], expected.keyed.then_some(key));
            if expected.contents {
                contents.add(&json).ok_or_else(no_shard)?;
            }
            standing.add(number.ok_or_else(no_shard)?, source).ok_or_else(no_shard)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(shards: Vec<Standing>) -> Covered {
        Covered::new(shards, Contents::default())
    }

    fn shard(index: u32, first: u64, last: u64) -> Standing {
        let mut standing = Standing { index, first: 0, last: 0, sources: Vec::new() };
        for n in (first..=last).filter(|n| *n == first || *n == last || n % 4 != 3) {
            standing.add(n, hash(&Value::from(format!("{n}.jpg")), None)).unwrap();
        }
        assert!(standing.add(last, 1).is_none());
        standing
    }

    #[test]
    fn existing_shards_are_covered_and_missing_ones_are_not() {
        let covered = of(vec![shard(0, 2, 9), shard(1, 11, 19), shard(3, 30, 39)]);
        let has: Vec<u64> = (0..45).filter(|&n| covered.has(n)).collect();
        let want: Vec<u64> = (0..20).chain(30..40).collect();
        assert_eq!(has, want, "10 failed, 20 to 29 are shard 2");
        assert!(!Covered::default().has(0));
        let missing_first = of(vec![shard(1, 10, 19)]);
        assert!(!missing_first.has(9) && missing_first.has(10));
    }

    #[test]
    fn other_inputs_are_noticed() {
        let covered = of(vec![shard(0, 0, 9)]);
        assert_eq!(covered.contradicts(0, Some(Path::new("0.jpg")), None), None);
        assert_eq!(covered.contradicts(3, Some(Path::new("x.jpg")), None), None, "it failed");
        assert_eq!(covered.contradicts(5, Some(Path::new("x.jpg")), None), Some("000000.tar".into()));
        assert_eq!(covered.contradicts(9, Some(Path::new("8b.jpg")), None), Some("000000.tar".into()));
        assert_eq!(covered.contradicts(10, Some(Path::new("x.jpg")), None), None);
        assert_eq!((covered.closed(3), covered.closed(4)), (Some("000000.tar".into()), None));
        assert_eq!((covered.beyond(10), covered.beyond(9)), (None, Some("000000.tar".into())));
    }
}
