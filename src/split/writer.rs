//! Writes a plan while a walk goes on. Memory does not grow with the number of inputs.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::keys::Keys;
use super::reader::{PER_PART, lines};
use super::{Entry, Paths, Plan, SplitError};
use crate::sink::{close_copy, write_whole};

/// What an input costs beyond its bytes, in bytes: opening, reading and saving a small picture takes as long as decoding so much.
const EACH: u64 = 64 << 10;

/// Places where a shard can begin that are remembered. With more inputs, every second is forgotten.
const MOST_CUTS: usize = 1 << 17;

/// The inputs of a shard, on the average, where nobody says how many shards there are.
const PER_SHARD: u64 = 10_000;

/// The level of zstd.
const LEVEL: i32 = 3;

type Part = zstd::stream::write::Encoder<'static, BufWriter<File>>;

/// Writes a plan.
pub struct Writer {
    paths: Paths,
    beside: bool,
    part: Option<(PathBuf, Part)>,
    inputs: u64,
    failed: u64,
    bytes: u64,
    weight: u64,
    /// Indices at which a shard can begin, and the weight of what is before.
    cuts: Vec<(u64, u64)>,
    /// A cut is remembered if its index is at least so far from the last one.
    step: u64,
    keys: Keys,
    last: Option<u64>,
    digest: Xxh3,
}

impl Writer {
    /// Begins a plan in a directory, which is made, and which holds no other plan. `beside` if outputs stand beside their inputs.
    ///
    /// # Errors
    /// [`SplitError`].
    pub fn new(dir: &Path, beside: bool) -> Result<Self, SplitError> {
        let paths = Paths(dir.to_path_buf());
        fs::create_dir_all(dir).map_err(SplitError::io(dir))?;
        if paths.plan().symlink_metadata().is_ok() {
            return Err(SplitError::damaged(&paths.plan(), "there is a plan already; choose another directory"));
        }
        Ok(Self {
            keys: Keys::new(dir),
            paths,
            beside,
            part: None,
            inputs: 0,
            failed: 0,
            bytes: 0,
            weight: 0,
            cuts: Vec::new(),
            step: 1,
            last: None,
            digest: Xxh3::new(),
        })
    }

    /// Adds an input.
    ///
    /// # Errors
    /// [`SplitError`].
    pub fn add(&mut self, entry: &Entry) -> Result<(), SplitError> {
        let Some(line) = entry.line() else {
            let what = entry.name().0.as_str().unwrap_or("standard input").to_owned();
            return Err(SplitError::Input(format!("{what}: an archive cannot be cut into shards; unpack it first")));
        };
        let hash = entry.claims(self.beside).map(|(dir, name)| {
            let name = name.to_string_lossy().to_lowercase();
            xxh3_64(&[dir.as_os_str().as_encoded_bytes(), b"/", name.as_bytes()].concat())
        });
        // Neighbours whose outputs may have the same name stay together.
        if self.inputs == 0 || hash.is_none() || hash != self.last {
            self.cut();
        }
        self.last = hash;
        if let Some(hash) = hash {
            self.keys.add(hash, self.inputs).map_err(SplitError::io(self.paths.dir()))?;
        }
        self.digest.update(line.as_bytes());
        self.write(&line)?;
        self.inputs += 1;
        self.failed += u64::from(matches!(entry.item, crate::walk::Item::Failed { .. }));
        self.bytes += entry.bytes;
        self.weight += entry.bytes + EACH;
        Ok(())
    }

    fn cut(&mut self) {
        if self.cuts.last().is_some_and(|(index, _)| self.inputs - index < self.step) {
            return;
        }
        self.cuts.push((self.inputs, self.weight));
        if self.cuts.len() >= MOST_CUTS {
            let mut keep = false;
            self.cuts.retain(|_| {
                keep = !keep;
                keep
            });
            self.step *= 2;
        }
    }

    fn write(&mut self, line: &str) -> Result<(), SplitError> {
        if self.inputs.is_multiple_of(PER_PART) {
            self.close()?;
            let path = self.paths.part(self.inputs / PER_PART);
            let file = File::create(&path).map_err(SplitError::io(&path))?;
            let part = Part::new(BufWriter::new(file), LEVEL).map_err(SplitError::io(&path))?;
            self.part = Some((path, part));
        }
        let Some((path, part)) = &mut self.part else { return Ok(()) };
        writeln!(part, "{line}").map_err(SplitError::io(path))
    }

    fn close(&mut self) -> Result<(), SplitError> {
        match self.part.take() {
            Some((path, part)) => end(part).map_err(SplitError::io(&path)),
            None => Ok(()),
        }
    }

    /// Ends the plan with so many shards, or one for 10,000 inputs.
    ///
    /// # Errors
    /// [`SplitError`].
    pub fn finish(
        mut self,
        words: Vec<OsString>,
        directory: PathBuf,
        shards: Option<u64>,
        left_out: Vec<(String, u64)>,
    ) -> Result<Plan, SplitError> {
        self.close()?;
        for word in &words {
            self.digest.update(word.as_encoded_bytes());
            self.digest.update(&[0]);
        }
        self.digest.update(directory.as_os_str().as_encoded_bytes());
        self.digest.update(env!("CARGO_PKG_VERSION").as_bytes());
        let shards = shards.unwrap_or_else(|| self.inputs.div_ceil(PER_SHARD)).max(1);
        let mut plan = Plan {
            words,
            directory,
            digest: format!("{:032x}", self.digest.digest128()),
            inputs: self.inputs,
            failed: self.failed,
            bytes: self.bytes,
            starts: self.starts(shards),
            moved: 0,
            left_out,
        };
        let dir = self.paths.dir().to_path_buf();
        let mut moved = Vec::new();
        self.keys
            .each_repeated(|index, first| {
                if plan.shard_of(index) != plan.shard_of(first) {
                    moved.push((index, plan.shard_of(first)));
                }
            })
            .map_err(SplitError::io(&dir))?;
        moved.sort_unstable();
        plan.moved = moved.len() as u64;
        if !moved.is_empty() {
            write_moved(&self.paths, &moved)?;
        }
        for dir in [self.paths.markers(), self.paths.reports()] {
            fs::create_dir_all(&dir).map_err(SplitError::io(&dir))?;
        }
        let file = self.paths.plan();
        write_whole(&file, plan.text().as_bytes()).map_err(SplitError::io(&file))?;
        Ok(plan)
    }

    /// Where the shards begin: each at the first cut that leaves its share of the weight before it.
    fn starts(&self, shards: u64) -> Vec<u64> {
        let start = |shard: u64| {
            let before = (u128::from(self.weight) * u128::from(shard) / u128::from(shards)) as u64;
            let at = self.cuts.partition_point(|(_, weight)| *weight < before);
            self.cuts.get(at).map_or(self.inputs, |(index, _)| *index)
        };
        (0..shards).map(|shard| if shard == 0 { 0 } else { start(shard) }).collect()
    }
}

/// Writes the inputs that are moved, with their indices and shards.
fn write_moved(paths: &Paths, moved: &[(u64, u64)]) -> Result<(), SplitError> {
    let path = paths.moved();
    let file = File::create(&path).map_err(SplitError::io(&path))?;
    let mut out = Part::new(BufWriter::new(file), LEVEL).map_err(SplitError::io(&path))?;
    let mut moved = moved.iter().peekable();
    while let Some((first, _)) = moved.peek() {
        // The inputs of one part, in one pass over it.
        let part = first / PER_PART;
        for (number, line) in lines(&paths.part(part))?.enumerate() {
            let (index, line) = (part * PER_PART + number as u64, line?);
            if let Some((_, shard)) = moved.next_if(|(next, _)| *next == index) {
                let entry: Value = serde_json::from_str(&line)
                    .map_err(|_| SplitError::damaged(&paths.part(part), "it changed while the plan was written"))?;
                let line = json!({"index": index, "shard": shard, "entry": entry});
                writeln!(out, "{line}").map_err(SplitError::io(&path))?;
            }
        }
        if moved.peek().is_some_and(|(index, _)| index / PER_PART == part) {
            return Err(SplitError::damaged(&paths.part(part), "it changed while the plan was written"));
        }
    }
    end(out).map_err(SplitError::io(&path))
}

fn end(part: Part) -> std::io::Result<()> {
    let mut file = part.finish()?;
    file.flush()?;
    close_copy(file.get_ref().as_fd())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::reader::shard;
    use super::*;
    use crate::walk::{Found, Item};

    fn entry(path: &str, below: &str, bytes: u64) -> Entry {
        let found = Found { path: Some(path.into()), below: below.into(), certain: true, link: false };
        Entry { item: Item::Found(found), row: None, bytes }
    }

    fn planned(entries: &[Entry], shards: Option<u64>) -> (tempfile::TempDir, Plan, Vec<Vec<String>>) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(dir.path(), false).unwrap();
        entries.iter().for_each(|entry| writer.add(entry).unwrap());
        writer.finish(vec!["-s".into()], "/".into(), shards, Vec::new()).unwrap();
        let paths = Paths(dir.path().to_path_buf());
        let plan = Plan::read(&paths).unwrap();
        let names = |entry: Result<Entry, SplitError>| entry.unwrap().name().0.as_str().unwrap().to_owned();
        let shards =
            (1..=plan.shards()).map(|number| shard(&paths, &plan, number).unwrap().map(names).collect()).collect();
        (dir, plan, shards)
    }

    #[test]
    fn every_input_is_in_one_shard_and_shards_are_about_equal() {
        let entries: Vec<Entry> =
            (0..25_000).map(|n| entry(&format!("p/{n:05}.jpg"), "", if n < 1000 { 10 << 20 } else { 0 })).collect();
        let (_dir, plan, shards) = planned(&entries, Some(9));
        let all: Vec<&String> = shards.iter().flatten().collect();
        assert_eq!(all.len(), 25_000);
        assert!(all.is_sorted());
        // 1,000 large ones weigh as much as 161,000 others.
        assert!(shards[0].len() < 140 && shards[8].len() > 10_000, "{:?}", plan.starts);
        assert_eq!(planned(&entries, None).1.shards(), 3);
    }

    #[test]
    fn inputs_that_claim_one_name_are_together() {
        let mut entries: Vec<Entry> = (0..100).map(|n| entry(&format!("a/{n:03}.jpg"), "", 0)).collect();
        entries.extend((0..100).map(|n| entry(&format!("b/{n:03}.png"), if n % 2 == 0 { "" } else { "b" }, 0)));
        let (_dir, plan, shards) = planned(&entries, Some(10));
        assert_eq!(plan.moved, 50);
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (number, shard) in shards.iter().enumerate() {
            for name in shard {
                let stem = &name[2..5];
                let is_odd = stem.parse::<u32>().unwrap() % 2 == 1;
                let key = if is_odd { name.clone() } else { stem.to_owned() };
                assert!(seen.insert(key, number).is_none_or(|first| first == number), "{name}");
            }
        }
        assert_eq!(shards.iter().flatten().count(), 200);
        // Neighbours are never cut.
        let pairs: Vec<Entry> = (0..60).map(|n| entry(&format!("{:02}.{}", n / 2, n % 2), "", 0)).collect();
        let (_dir, plan, _) = planned(&pairs, Some(7));
        assert_eq!(plan.moved, 0);
        assert!(plan.starts.iter().all(|start| start % 2 == 0));
    }

    #[test]
    fn there_may_be_more_shards_than_inputs() {
        let (_dir, plan, shards) = planned(&[entry("a.jpg", "", 0), entry("b.jpg", "", 9)], Some(5));
        assert_eq!(plan.shards(), 5);
        assert_eq!(shards.iter().map(Vec::len).sum::<usize>(), 2);
        let (_dir, plan, shards) = planned(&[], None);
        assert_eq!((plan.shards(), shards.len(), shards[0].len()), (1, 1, 0));
    }

    #[test]
    fn cuts_do_not_grow_without_bound() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(dir.path(), false).unwrap();
        for n in 0..1_000_000 {
            writer.inputs = n;
            writer.weight += 1;
            writer.cut();
        }
        assert!(writer.cuts.len() < MOST_CUTS && writer.step >= 8, "{}", writer.cuts.len());
        let starts = writer.starts(4);
        assert!(starts.iter().zip([0, 250_000, 500_000, 750_000]).all(|(a, b)| a.abs_diff(b) <= 16), "{starts:?}");
    }

    #[test]
    fn a_plan_is_never_overwritten() {
        let (dir, ..) = planned(&[], None);
        assert!(Writer::new(dir.path(), false).is_err());
    }
}
