//! `--write-plan`, `--plan` with `--shard`, and `--finish`.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::outcome::Summary;
use crate::pipeline::{self, Cancel, RunConfig};
use crate::plan::Destination;
use crate::policy::Existing;
use crate::split::{self, Entry, Marker, Paths, Plan, Portion, SplitError, Tally, Writer};
use crate::walk::{Found, Item};
use crate::words;
use anyhow::{Result, anyhow, bail, ensure};

use super::args::Args;
use super::args_split::SplitArgs;
use super::command::{self, Typed};
use super::exit::Exit;
use super::report::ShardReport;
use super::report::metrics;
use super::report::ndjson::Ndjson;
use super::resolve::{self, Resolved};
use super::{Ended, go, report};

/// What the command line asks for.
pub enum Task {
    /// An ordinary run, of all inputs or of a part.
    Run(Option<Portion>),
    /// To write a plan.
    Write(PathBuf, Option<u64>),
    /// To work on these shards of a plan.
    Work(PathBuf, u64, u64, Option<u64>),
    /// To check and merge.
    Finish(PathBuf),
}

/// Options that each shard may have of its own, as they belong to the machine.
const OF_THE_MACHINE: [&str; 15] = [
    "plan",
    "shard",
    "jobs",
    "memory",
    "max_failures",
    "connections",
    "per_host",
    "progress",
    "quiet",
    "verbose",
    "color",
    "report",
    "metrics",
    "nice",
    "log_format",
];

/// Options of `--finish`.
const OF_THE_END: [&str; 6] = ["finish", "report", "metrics", "quiet", "color", "log_format"];

/// How often a shard may end with failures that may pass. Then they count as failures.
const TRIES: u64 = 3;

/// After a signal, a shard ends within ten seconds, whatever its pictures take.
const GRACE: Duration = Duration::from_secs(8);

/// What is to be done.
pub fn task(args: &SplitArgs, typed: &Typed) -> Result<Task> {
    let shards = args.shards.map(u64::from);
    match args {
        SplitArgs { write_plan: Some(dir), plan: None, shard: None, finish: None, .. } => {
            Ok(Task::Write(dir.clone(), shards))
        }
        SplitArgs { write_plan: Some(_), .. } => bail!("--write-plan: not together with --plan, --shard and --finish"),
        SplitArgs { finish: Some(dir), plan: None, shard: None, .. } => {
            only(typed, &OF_THE_END, "--finish", "takes the options of the plan")?;
            Ok(Task::Finish(dir.clone()))
        }
        SplitArgs { finish: Some(_), .. } => bail!("--finish: not together with --plan and --shard"),
        SplitArgs { plan: Some(_), shard: None, .. } => {
            bail!("--plan: --shard says which part of it, such as 3 or auto")
        }
        SplitArgs { plan: Some(_), shards: Some(_), .. } => bail!("--shards: the plan has its number of shards"),
        SplitArgs { plan: Some(dir), shard: Some(selector), .. } => {
            only(typed, &OF_THE_MACHINE, "--plan", "has its own INPUTs and options")?;
            let (first, last, of) = selector.resolve(|name| std::env::var_os(name)).map_err(shard_error)?;
            Ok(Task::Work(dir.clone(), first, last, of))
        }
        SplitArgs { shard: Some(selector), .. } => {
            let (first, last, of) = selector.resolve(|name| std::env::var_os(name)).map_err(shard_error)?;
            let of = of.or(shards).ok_or_else(|| anyhow!("--shard: without --plan, say of how many: K/N"))?;
            ensure!(last <= of, "--shard: there is no shard {last} of {of}");
            Ok(Task::Run(Some(Portion { first, last, of })))
        }
        SplitArgs { shards: Some(_), .. } => bail!("--shards: it has no effect without --write-plan or --shard"),
        _ => Ok(Task::Run(None)),
    }
}

fn shard_error(error: split::SelectorError) -> anyhow::Error {
    anyhow!("--shard {error}")
}

/// Checks that no other options were typed.
fn only(typed: &Typed, allowed: &[&str], option: &str, why: &str) -> Result<()> {
    match typed.ids().find(|id| !allowed.contains(id)) {
        None => Ok(()),
        Some("inputs") => bail!("{option}: it takes no INPUT; it {why}"),
        Some(id) => bail!("--{}: not together with {option}, which {why}", id.replace('_', "-")),
    }
}

/// The words of a command line without options of these names and their values.
fn without(words: &[OsString], names: &[&str]) -> Vec<OsString> {
    let mut rest = words.iter();
    let mut kept = Vec::new();
    while let Some(word) = rest.next() {
        if word == "--" {
            kept.push(word.clone());
            break;
        }
        let text = word.to_string_lossy();
        let is = |name: &&str| text.strip_prefix("--").is_some_and(|rest| *rest == **name);
        if names.iter().any(is) {
            rest.next();
        } else if !names.iter().any(|name| text.starts_with(&format!("--{name}="))) {
            kept.push(word.clone());
        }
    }
    kept.extend(rest.cloned());
    kept
}

/// Checks that a run can be cut into shards that do not need each other.
fn check(run: &RunConfig, updates: bool, typed: &Typed) -> Result<()> {
    let no = |what: &str, why: &str| bail!("--write-plan: not together with {what}: {why}");
    if run.dataset.is_some() {
        return no("--webdataset", "the samples of a data set are numbered across shards");
    }
    match &run.naming.destination {
        Destination::Directory(_) | Destination::Beside => {}
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
            _ => 0,
        };
        count += 1;
        if count.is_multiple_of(4096) && !quiet && told.elapsed() > super::tell::LINE_EVERY {
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
    let words = without(typed_words.get(1..).unwrap_or_default(), &["write-plan", "shards"]);
    let directory = std::env::current_dir().map_err(SplitError::io(Path::new(".")))?;
    writer.finish(words, directory, shards, left_out)
}

/// Works on shards of a plan.
pub fn work(dir: &Path, range: (u64, u64, Option<u64>), typed_words: &[OsString], cancel: &Cancel) -> Result<Exit> {
    let (first, last, of) = range;
    let dir = fs::canonicalize(dir)
        .map_err(|error| anyhow!("--plan {}: {}", words::path(dir), words::system_words(&error)))?;
    let paths = Paths(dir);
    let plan = Plan::read(&paths)?;
    let shards = plan.shards();
    ensure!(of.is_none_or(|of| of == shards), "--shard: the plan has {shards} shards, not {}", of.unwrap_or(0));
    ensure!(last <= shards, "--shard: there is no shard {last}; the plan has {shards}");
    let own = own_words(typed_words)?;
    let inside = &plan.directory;
    std::env::set_current_dir(inside).map_err(|error| {
        anyhow!("{}, where the plan was written: {}", words::path(inside), words::system_words(&error))
    })?;
    if let Err(exit) = super::prepare(cancel) {
        return Ok(exit);
    }
    end_in_time(cancel);
    let mut exit = Exit::Success;
    for shard in first..=last {
        if cancel.is_set() {
            return Ok(Exit::of_stop(cancel.reason()));
        }
        match one(&paths, &plan, shard, &own, cancel)? {
            Exit::Success => {}
            end @ (Exit::Signal(_) | Exit::Broken) => return Ok(end),
            // The others can do their work.
            other => exit = other,
        }
    }
    Ok(exit)
}

/// The words of the machine's own options, with paths that hold in every directory.
fn own_words(typed_words: &[OsString]) -> Result<Vec<OsString>> {
    let own = without(typed_words.get(1..).unwrap_or_default(), &["plan", "shard"]);
    let here = std::env::current_dir()?;
    let mut absolute = Vec::new();
    let mut is_file = false;
    for word in own {
        let text = word.to_string_lossy().into_owned();
        let file = ["--report=", "--metrics="].iter().find_map(|option| Some((*option, text.strip_prefix(option)?)));
        let value = match file {
            Some((option, value)) if value != "-" => {
                let mut whole = OsString::from(option);
                whole.push(here.join(value));
                whole
            }
            _ if is_file && word != "-" => here.join(&word).into_os_string(),
            _ => word.clone(),
        };
        is_file = word == "--report" || word == "--metrics";
        absolute.push(value);
    }
    Ok(absolute)
}

/// Ends the process some time after a signal. What is half-written has a temporary name.
fn end_in_time(cancel: &Cancel) {
    let cancel = cancel.clone();
    let wait = move || loop {
        std::thread::sleep(Duration::from_millis(200));
        if let (true, Some(stop)) = (cancel.is_set(), cancel.reason()) {
            std::thread::sleep(GRACE);
            Exit::of_stop(Some(stop)).leave();
        }
    };
    // Without the thread, the pictures in progress take what they take.
    let _ = std::thread::Builder::new().name("thumbs-grace".to_owned()).spawn(wait);
}

/// Works on one shard.
fn one(paths: &Paths, plan: &Plan, shard: u64, own: &[OsString], cancel: &Cancel) -> Result<Exit> {
    let (mut args, typed) = parse(own, plan)?;
    args.planned = true;
    let (quiet, metrics) = (args.quiet, args.nightly.metrics.clone());
    let tell = |text: &str| {
        if !quiet {
            report::tell(&format!("shard {shard} of {}: {text}", plan.shards()));
        }
    };
    if Marker::read(paths, plan, shard)?.is_some() {
        tell("done before");
        return Ok(Exit::Success);
    }
    let Resolved { mut run, tell: told, nice, .. } = resolve::resolve(args, &typed)?;
    if nice {
        super::nightly::be_nice();
    }
    run.planned = Some(pipeline::Planned::new(split::shard(paths, plan, shard)?));
    run.count_ahead = None;
    let begin = Instant::now();
    let shard_report = ShardReport::create(paths, shard)?;
    let ended = go(run, told, None, metrics.as_deref(), cancel, Some(shard_report));
    let Ended { exit, summary, may_pass, shard: told } = ended;
    let Some(shard_report) = told else { return Ok(exit) };
    let complete = match exit {
        Exit::Success => true,
        Exit::SomeFailed => summary.stopped.is_none(),
        _ => false,
    };
    if !complete {
        return Ok(if exit == Exit::Broken && may_pass { Exit::Retry } else { exit });
    }
    if summary.may_pass > 0 {
        let tries = count_try(&paths.tries(shard))?;
        if tries < TRIES {
            let failed =
                format!("{} failures that may pass; run it again, and the {TRIES}rd time they count", summary.may_pass);
            tell(&failed);
            return Ok(Exit::Retry);
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    let marked =
        shard_report.publish(paths, shard).and_then(|tally| Marker { tally, seconds }.write(paths, plan, shard));
    Ok(match marked {
        Ok(()) => Exit::Success,
        Err(error) => {
            report::say(&error.to_string());
            Exit::Retry
        }
    })
}

/// The options of a shard: those of the plan, and then those of the machine, which count.
fn parse(own: &[OsString], plan: &Plan) -> Result<(Args, Typed)> {
    let end = plan.words.iter().position(|word| word == "--").unwrap_or(plan.words.len());
    let (options, literal) = plan.words.split_at(end);
    let words = [&[OsString::from("thumbs")], options, own, literal].concat();
    command::parse_again(words.iter().cloned()).map_err(|error| anyhow!("{}", super::usage::words(&error, &words[1..])))
}

/// Counts one more try of a shard.
fn count_try(file: &Path) -> Result<u64> {
    let before = fs::read_to_string(file).ok().and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
    let tries = before + 1;
    crate::sink::write_whole(file, format!("{tries}\n").as_bytes()).map_err(SplitError::io(file))?;
    Ok(tries)
}

/// Checks the shards of a plan, and merges their reports.
pub fn finish(dir: &Path, args: &Args) -> Result<Exit> {
    let paths = Paths(dir.to_path_buf());
    let plan = Plan::read(&paths)?;
    let begin = SystemTime::now();
    let success = paths.success();
    if let Err(error) = fs::remove_file(&success)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(SplitError::io(&success)(error).into());
    }
    let file = args.report.clone().unwrap_or_else(|| paths.whole_report());
    let broken = |error| anyhow!("--report {}: {}", words::path(&file), words::system_words(&error));
    let mut merged = Ndjson::create(&file).map_err(broken)?;
    let finished = split::finish(&paths, &plan, &mut |line| merged.line(line), &file)?;
    let summary = summary_of(&finished.tally, finished.seconds);
    let complete = finished.is_complete();
    if complete {
        merged.summary(&summary, None).map_err(broken)?;
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
    let exit = match (complete, finished.tally.failed) {
        (false, _) => Exit::Unfinished,
        (true, 0) => Exit::Success,
        (true, _) => Exit::SomeFailed,
    };
    if complete {
        remove_leftovers(&paths);
        crate::sink::write_whole(&success, b"").map_err(SplitError::io(&success))?;
    }
    if let Some(file) = &args.nightly.metrics {
        metrics::write(file, &summary, exit.code(), begin, false)
            .map_err(|error| anyhow!("--metrics {}: {}", words::path(file), words::system_words(&error)))?;
    }
    if complete && !args.quiet {
        let Tally { done, skipped, failed, outputs, bytes_out, .. } = finished.tally;
        report::tell(&format!(
            "{} shards: {done} done, {skipped} skipped, {failed} failed; {outputs} outputs, {}; digest {:032x}",
            plan.shards(),
            words::bytes(bytes_out),
            finished.tally.made,
        ));
    }
    Ok(exit)
}

/// Removes what killed shards left among the reports.
fn remove_leftovers(paths: &Paths) {
    let is_temporary = |name: &OsStr| name.as_encoded_bytes().starts_with(crate::sink::TEMPORARY.as_bytes());
    for entry in fs::read_dir(paths.reports()).into_iter().flatten().flatten() {
        if is_temporary(&entry.file_name()) {
            // It does no harm.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn summary_of(tally: &Tally, seconds: f64) -> Summary {
    Summary {
        done: tally.done,
        skipped: tally.skipped,
        failed: tally.failed,
        outputs: tally.outputs,
        bytes_in: tally.bytes_in,
        bytes_out: tally.bytes_out,
        elapsed: Duration::from_secs_f64(seconds.max(0.0)),
        searched: true,
        ..Summary::default()
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

    #[test]
    fn options_are_taken_out_with_their_values() {
        let words = ["a", "--plan", "p", "--shard=3", "-j", "2", "--", "--plan"].map(OsString::from);
        assert_eq!(without(&words, &["plan", "shard"]), ["a", "-j", "2", "--", "--plan"].map(OsString::from));
    }
}
