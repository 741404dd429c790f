//! Ends a plan.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::outcome::Summary;
use crate::sink::{TEMPORARY, write_whole};
use crate::split::{self, Paths, Plan, SplitError};
use crate::words;
use anyhow::{Result, anyhow};

use super::super::args::Args;
use super::super::exit::Exit;
use super::super::report::ndjson::Ndjson;
use super::super::report::{self, metrics};

/// Checks the shards of a plan, and merges their reports.
pub fn finish(dir: &Path, args: &Args) -> Result<Exit> {
    let paths = Paths(dir.to_path_buf());
    let plan = Plan::read(&paths)?;
    let begin = SystemTime::now();
    let success = paths.success();
    if let Err(error) = fs::remove_file(&success)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(SplitError::io(&success)(error).into());
    }
    let file = args.report.clone().unwrap_or_else(|| paths.whole_report());
    let broken = |error| anyhow!("--report {}: {}", words::path(&file), words::system_words(&error));
    let mut merged = Ndjson::create(&file).map_err(broken)?;
    let finished = split::finish(&paths, &plan, &mut |line| merged.line(line), &file)?;
    let summary = &finished.summary;
    let complete = finished.is_complete();
    if complete {
        merged.summary(summary, None).map_err(broken)?;
    }
    merged.close().map_err(broken)?;
    for (shard, why) in &finished.wrong {
        report::say(&format!(
            "shard {shard}: {why}; remove its marker, {}, and run it again",
            words::path(&paths.marker(*shard))
        ));
    }
    if !finished.missing.is_empty() {
        let (missing, all) = (finished.missing.len(), plan.shards());
        report::say(&format!("{missing} of {all} shards are not done: {}", ranges(&finished.missing)));
    }
    let exit = match (complete, summary.failed) {
        (false, _) => Exit::Unfinished,
        (true, 0) => Exit::Success,
        (true, _) => Exit::SomeFailed,
    };
    if complete {
        remove_leftovers(&paths);
        write_whole(&success, b"").map_err(SplitError::io(&success))?;
    }
    if let Some(file) = &args.nightly.metrics {
        metrics::write(file, summary, exit.code(), begin, false)
            .map_err(|error| anyhow!("--metrics {}: {}", words::path(file), words::system_words(&error)))?;
    }
    if complete && !args.quiet {
        let Summary { done, skipped, failed, outputs, bytes_out, .. } = summary;
        report::tell(&format!(
            "{} shards: {done} done, {skipped} skipped, {failed} failed; {outputs} outputs, {}; digest {:032x}",
            plan.shards(),
            words::bytes(*bytes_out),
            finished.made,
        ));
    }
    Ok(exit)
}

/// Removes what killed shards left among the reports.
fn remove_leftovers(paths: &Paths) {
    let is_temporary = |name: &OsStr| name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes());
    for entry in fs::read_dir(paths.reports()).into_iter().flatten().flatten() {
        if is_temporary(&entry.file_name()) {
            // It does no harm.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Numbers in ascending order, with neighbours joined: `1-3,7`.
fn ranges(numbers: &[u64]) -> String {
    let mut text: Vec<String> = Vec::new();
    let mut rest = numbers;
    while let Some(first) = rest.first() {
        let run = rest.iter().zip(*first..).take_while(|(number, next)| *number == next).count();
        let last = rest[run - 1];
        text.push(if run == 1 { first.to_string() } else { format!("{first}-{last}") });
        rest = &rest[run..];
    }
    text.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_joined() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1-3,7,9-10");
        assert_eq!(ranges(&[]), "");
    }
}
