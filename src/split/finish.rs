//! Checks that all shards are done, and that each input was done, skipped or failed exactly once; and merges the reports.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use serde_json::Value;

use super::reader::{lines, shard};
use super::{Marker, Paths, Plan, SplitError};
use crate::outcome::Summary;
use crate::words;

/// The state of a plan.
#[derive(Debug, Default)]
pub struct Finished {
    /// The sums of the shards that are done. The time is that of all of them.
    pub summary: Summary,
    /// The digest of all outputs.
    pub made: u128,
    /// Shards without a marker.
    pub missing: Vec<u64>,
    /// Shards whose report does not account for their inputs, with what is wrong.
    pub wrong: Vec<(u64, String)>,
}

impl Finished {
    fn add(&mut self, marker: &Marker) {
        let (all, one) = (&mut self.summary, &marker.summary);
        all.searched = true;
        all.done += one.done;
        all.skipped += one.skipped;
        all.failed += one.failed;
        all.outputs += one.outputs;
        all.bytes_in += one.bytes_in;
        all.bytes_out += one.bytes_out;
        all.elapsed += one.elapsed;
        self.made = self.made.wrapping_add(marker.made);
    }

    /// Whether everything is done and accounted for.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.wrong.is_empty()
    }
}

/// Checks all shards, and gives the lines of their reports to `copy`, in the order of the shards.
///
/// # Errors
/// A file of the plan cannot be read, or the report, `written_to`, cannot be written.
pub fn finish(
    paths: &Paths,
    plan: &Plan,
    copy: &mut dyn FnMut(&Value) -> io::Result<()>,
    written_to: &Path,
) -> Result<Finished, SplitError> {
    let mut finished = Finished::default();
    for number in 1..=plan.shards() {
        let Some(marker) = Marker::read(paths, plan, number)? else {
            finished.missing.push(number);
            continue;
        };
        let (wrong, found) = check(paths, plan, number, &mut |line| copy(line).map_err(SplitError::io(written_to)))?;
        let told = (marker.summary.done, marker.summary.skipped, marker.summary.failed);
        let wrong = wrong.or_else(|| (told != found).then(|| "its marker and its report differ".to_owned()));
        if let Some(wrong) = wrong {
            finished.wrong.push((number, wrong));
        }
        finished.add(&marker);
    }
    Ok(finished)
}

/// Compares the report of a shard with its inputs. What is wrong, and the numbers of inputs that are done, skipped and failed.
fn check(
    paths: &Paths,
    plan: &Plan,
    number: u64,
    copy: &mut dyn FnMut(&Value) -> Result<(), SplitError>,
) -> Result<(Option<String>, (u64, u64, u64)), SplitError> {
    // How often each input has still to be reported, and how often it may be.
    let mut waiting: HashMap<String, (i64, i64)> = HashMap::new();
    for entry in shard(paths, plan, number)? {
        let (name, must) = entry?.name();
        let counts = waiting.entry(name.to_string()).or_default();
        counts.0 += i64::from(must);
        counts.1 += 1;
    }
    let (mut done, mut skipped, mut failed) = (0, 0, 0);
    let mut wrong = None;
    let file = paths.report(number);
    let found = match lines(&file) {
        Err(SplitError::Io { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok((Some("its report is missing".to_owned()), (0, 0, 0)));
        }
        found => found?,
    };
    for line in found {
        let line = line?;
        let value: Value = serde_json::from_str(&line).map_err(|_| SplitError::damaged(&file, "not a report"))?;
        match value.get("type").and_then(Value::as_str) {
            Some("done") => done += 1,
            Some("skipped") => skipped += 1,
            Some("failed") => failed += 1,
            _ => continue,
        }
        copy(&value)?;
        let name = value.get("source").map(Value::to_string).unwrap_or_default();
        let counts = waiting.entry(name.clone()).or_default();
        counts.0 -= 1;
        counts.1 -= 1;
        if counts.1 < 0 {
            wrong.get_or_insert_with(|| format!("{} is reported more than once", shown(&name)));
        }
    }
    if let Some((name, _)) = waiting.iter().filter(|(_, counts)| counts.0 > 0).min() {
        wrong.get_or_insert_with(|| format!("{} is not reported", shown(name)));
    }
    Ok((wrong, (done, skipped, failed)))
}

fn shown(name: &str) -> String {
    words::clipped(name.trim_matches('"'))
}
