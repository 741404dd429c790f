//! Writes a plan.

use std::ffi::OsString;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use crate::pipeline::{self, RunConfig};
use crate::plan::Destination;
use crate::policy::Existing;
use crate::split::{Entry, Plan, SplitError, Writer};
use crate::walk::{Found, Item};
use crate::words;
use anyhow::{Result, bail, ensure};

use super::super::args::Args;
use super::super::command::Typed;
use super::super::exit::Exit;
use super::super::report;
use super::super::resolve::{self, Resolved};
use super::super::tell::LINE_EVERY;

/// Checks that a run can be cut into shards that do not need each other.
fn check(run: &RunConfig, updates: bool, typed: &Typed) -> Result<()> {
    let no = |what: &str, why: &str| bail!("--write-plan: not together with {what}: {why}");
    if run.dataset.is_some() {
        return no("--webdataset", "the samples of a data set are numbered across shards");
    }
    match &run.naming.destination {
        Destination::Directory(_) | Destination::Store(_) | Destination::Beside => {}
        Destination::InPlace => return no("--in-place", "a picture that is replaced twice is not the same"),
        _ => return no("an archive or a single file as -o", "shards share no file"),
    }
    if updates {
        return no("--update", "the plan knows which shards are done");
    }
    if run.drop_duplicates.is_some() {
        return no("--drop-duplicates", "shards do not know each other's pictures");
    }
    if run.naming.existing == Existing::Fail {
        return no("--existing fail", "a shard may run twice");
    }
    for option in ["dry_run", "report", "metrics", "print", "print0", "fail_fast", "archive_in"] {
        ensure!(!typed.has(option), "--{}: not together with --write-plan", option.replace('_', "-"));
    }
    Ok(())
}

/// Writes a plan.
pub fn write(dir: &Path, shards: Option<u64>, args: Args, typed: &Typed, typed_words: &[OsString]) -> Result<Exit> {
    let quiet = args.quiet;
    let updates = args.nightly.update;
    let Resolved { run, notices, .. } = resolve::resolve(args, typed)?;
    check(&run, updates, typed)?;
    if !quiet {
        notices.iter().for_each(|notice| report::tell(notice));
    }
    let begin = Instant::now();
    let plan = match enumerate(&run, dir, shards, typed_words, quiet) {
        Ok(plan) => plan,
        Err(error @ SplitError::Input(_)) => return Err(error.into()),
        Err(error) => {
            report::say(&error.to_string());
            return Ok(Exit::Broken);
        }
    };
    if !quiet {
        let failed = if plan.failed > 0 { format!(", {} of them not found", plan.failed) } else { String::new() };
        report::tell(&format!(
            "{}: {} inputs{failed}, {}, in {} shards, {:.1} s",
            words::path(dir),
            plan.inputs,
            words::bytes(plan.bytes),
            plan.shards(),
            begin.elapsed().as_secs_f64(),
        ));
    }
    Ok(Exit::Success)
}

fn enumerate(
    run: &RunConfig,
    dir: &Path,
    shards: Option<u64>,
    typed_words: &[OsString],
    quiet: bool,
) -> Result<Plan, SplitError> {
    let mut writer = Writer::new(dir, run.naming.is_beside())?;
    // Neither the plan nor the outputs are inputs.
    let mut left_out: Vec<(String, u64)> = Vec::new();
    let mut failed = None;
    let (mut count, mut told) = (0_u64, Instant::now());
    let found = pipeline::enumerate(run, &mut |item, row| {
        if let Item::LeftOut(rule) = &item {
            match left_out.iter_mut().find(|(word, _)| word == rule.word()) {
                Some((_, count)) => *count += 1,
                None => left_out.push((rule.word().to_owned(), 1)),
            }
            return ControlFlow::Continue(());
        }
        let bytes = match &item {
            Item::Found(Found { path: Some(path), .. }) => fs::metadata(path).map_or(0, |metadata| metadata.len()),
            Item::Remote { size, .. } => size.unwrap_or(0),
            _ => 0,
        };
        count += 1;
        if count.is_multiple_of(4096) && !quiet && told.elapsed() > LINE_EVERY {
            told = Instant::now();
            report::tell(&format!("{count} inputs so far"));
        }
        match writer.add(&Entry { item, row, bytes }) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    found.map_err(SplitError::Input)?;
    let words = typed_words.get(1..).unwrap_or_default().to_vec();
    let directory = std::env::current_dir().map_err(SplitError::io(Path::new(".")))?;
    writer.finish(words, directory, shards, left_out)
}
