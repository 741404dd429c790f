//! Reads the inputs of a shard.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::Value;

use super::{Entry, Paths, Plan, SplitError};

/// Inputs in a part.
pub const PER_PART: u64 = 10_000;

/// The lines of a compressed file.
pub fn lines(path: &Path) -> Result<impl Iterator<Item = Result<String, SplitError>> + Send + use<>, SplitError> {
    let file = File::open(path).map_err(SplitError::io(path))?;
    let decoder = zstd::stream::read::Decoder::new(file).map_err(SplitError::io(path))?;
    let path = path.to_path_buf();
    Ok(BufReader::new(decoder).lines().map(move |line| line.map_err(SplitError::io(&path))))
}

/// The inputs of a shard, from 1: those of its range, and then those that are moved to it.
///
/// # Errors
/// [`SplitError`], also for each input.
pub fn shard(
    paths: &Paths,
    plan: &Plan,
    number: u64,
) -> Result<Box<dyn Iterator<Item = Result<Entry, SplitError>> + Send>, SplitError> {
    let (first, end) = plan.range(number);
    let (mut here, mut away) = (Vec::new(), BTreeSet::new());
    if plan.moved > 0 {
        let path = paths.moved();
        for line in lines(&path)? {
            let damaged = || SplitError::damaged(&path, "not a list of inputs");
            let line: Value = serde_json::from_str(&line?).map_err(|_| damaged())?;
            let field = |key: &str| line.get(key).and_then(Value::as_u64).ok_or_else(damaged);
            let (index, shard) = (field("index")?, field("shard")?);
            if (first..end).contains(&index) {
                away.insert(index);
            }
            if shard == number {
                here.push(line.get("entry").and_then(Entry::of_value).ok_or_else(damaged)?);
            }
        }
    }
    let paths = paths.clone();
    let parts = first / PER_PART..end.div_ceil(PER_PART);
    let own = parts.filter(move |_| first < end).flat_map(move |part| {
        let path = paths.part(part);
        let start = part * PER_PART;
        let (skip, take) = (first.saturating_sub(start), (end - start).min(PER_PART));
        let found: Box<dyn Iterator<Item = Result<(u64, Entry), SplitError>> + Send> = match lines(&path) {
            Err(error) => Box::new(std::iter::once(Err(error))),
            Ok(lines) => {
                let entry = move |number: u64, line: Option<Result<String, SplitError>>| {
                    let line = line.unwrap_or_else(|| Err(SplitError::damaged(&path, "it ends early")))?;
                    let entry =
                        Entry::of_line(&line).ok_or_else(|| SplitError::damaged(&path, "not a list of inputs"))?;
                    Ok((start + number, entry))
                };
                let mut lines = lines;
                let numbered = (0..take).map(move |number| (number, lines.next()));
                Box::new(numbered.skip(skip as usize).map(move |(number, line)| entry(number, line)))
            }
        };
        found
    });
    let own = own.filter(move |found| !found.as_ref().is_ok_and(|(index, _)| away.contains(index)));
    Ok(Box::new(own.map(|found| found.map(|(_, entry)| entry)).chain(here.into_iter().map(Ok))))
}
