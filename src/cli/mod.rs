//! The command line.

mod archives;
mod args;
mod args_effects;
mod args_in_place;
mod args_network;
mod args_nightly;
mod args_split;
mod args_table;
mod args_values;
mod command;
mod conflict;
mod destination;
mod effect;
mod effects;
mod exit;
mod foreign;
mod in_place;
mod interrupt;
pub mod library;
mod manual;
mod nightly;
mod page_kind;
mod place;
mod report;
mod resolve;
mod split;
mod srcset;
mod tables;
mod tell;
mod typed;
mod usage;

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::AsFd;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::outcome::Summary;
use crate::pipeline::{self, Cancel, RunError};
use crate::plan::Destination;
use crate::sink;
use crate::words;
use anyhow::Result;
use clap::error::ErrorKind;

use args::Args;
use command::Typed;
use conflict::Conflict;
use exit::Exit;
use report::{Console, ShardReport};
use resolve::Resolved;
use split::Task;

/// Runs the program with the arguments of the process.
pub fn main() -> ! {
    main_with(std::env::args_os().collect())
}

/// Runs the program with these arguments, its name first.
pub fn main_with(words: Vec<OsString>) -> ! {
    let (args, typed) = match command::parse(words.iter().cloned()) {
        Ok(parsed) => parsed,
        Err(error) => refuse(&error, words.get(1..).unwrap_or_default()).leave(),
    };
    if args.man {
        return_text(manual::man(&mut std::io::stdout()));
    }
    if let Some(shell) = args.completions {
        return_text(manual::completions(shell, &mut std::io::stdout()));
    }
    report::speak(args.nightly.log_format);
    let exit = perform(args, &typed, &words).unwrap_or_else(|error| {
        report::say(&format!("{error:#}"));
        Exit::Usage
    });
    exit.leave()
}

/// Does what the command line asks for.
fn perform(args: Args, typed: &Typed, words: &[OsString]) -> Result<Exit> {
    let cancel = Cancel::default();
    let portion = match split::task(&args.split, typed)? {
        Task::Run(portion) => portion,
        Task::Write(dir, shards) => return split::write(&dir, shards, args, typed, words),
        Task::Work(dir, first, last, of) => return split::work(&dir, (first, last, of), words, &cancel),
        Task::Finish(dir) => return split::finish(&dir, &args),
    };
    let metrics = args.nightly.metrics.clone();
    let unseen = portion.is_none() && effect::is_unseen(&args);
    let Resolved { mut run, tell, state, nice, notices } = resolve::resolve(args, typed)?;
    for notice in notices.iter().map(String::as_str).chain(unseen.then_some(effect::UNSEEN)) {
        report::tell(notice);
    }
    if nice {
        nightly::be_nice();
    }
    if let Err(exit) = prepare(&cancel) {
        return Ok(exit);
    }
    let is_part = portion.is_some();
    run.portion = portion;
    let ended = go(run, tell, state, metrics.as_deref(), &cancel, None);
    Ok(if is_part { ended.exit_of_part() } else { ended.exit })
}

/// How a run has ended.
struct Ended {
    exit: Exit,
    summary: Summary,
    /// Whether the reason for which it could not go on may pass.
    may_pass: bool,
    /// The shard's report.
    shard: Option<ShardReport>,
}

impl Ended {
    /// Before anything was done.
    fn early(exit: Exit) -> Self {
        Self { exit, summary: Summary::default(), may_pass: false, shard: None }
    }

    /// For the scheduler of a shard: bad pictures are in the report, and no reason to run it again.
    fn exit_of_part(&self) -> Exit {
        match self.exit {
            Exit::Broken if self.may_pass => Exit::Retry,
            Exit::SomeFailed if self.summary.stopped.is_some() => Exit::SomeFailed,
            Exit::Success | Exit::SomeFailed if self.summary.may_pass > 0 => Exit::Retry,
            Exit::SomeFailed => Exit::Success,
            exit => exit,
        }
    }
}

/// Ends the program after printing a text. A closed pipe, as with `head`, is not a failure.
fn return_text(printed: std::io::Result<()>) -> ! {
    match printed.and_then(|()| std::io::stdout().flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            report::say(&format!("standard output: {}", words::system_words(&error)));
            Exit::Broken.leave()
        }
        _ => Exit::Success.leave(),
    }
}

/// Prints help or version, or the usage error.
fn refuse(error: &clap::Error, typed: &[OsString]) -> Exit {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A closed pipe is not an error here.
        let _ = error.print();
        return Exit::Success;
    }
    if usage::wants_json(typed) {
        report::speak(args_nightly::LogFormat::Json);
    }
    report::say(&usage::words(error, typed));
    Exit::Usage
}

/// Prepares the process for a run.
fn prepare(cancel: &Cancel) -> std::result::Result<(), Exit> {
    if let Err(error) = interrupt::install(cancel) {
        report::say(&format!("signals cannot be handled: {}", words::system_words(&error)));
        return Err(Exit::Broken);
    }
    // The pipeline reports a worker's panic as the failure of one picture.
    std::panic::set_hook(Box::new(|panic| {
        let worker = std::thread::current().name().is_some_and(|n| n.starts_with("thumbs-worker"));
        if !worker {
            report::say(&format!("internal error: {panic}"));
        }
    }));
    Ok(())
}

fn go(
    mut run: pipeline::RunConfig,
    tell: tell::Tell,
    state: Option<nightly::StatePlan>,
    metrics: Option<&Path>,
    cancel: &Cancel,
    shard: Option<ShardReport>,
) -> Ended {
    // State and report may be in the destination, so it must exist first.
    if let Err(error) = place::prepare(&run) {
        report::say(&format!("{error:#}"));
        return Ended::early(if error.is::<Conflict>() { Exit::Usage } else { Exit::Broken });
    }
    // Take the lock before opening the report, which another run may be writing.
    let _lock = match &state {
        None => None,
        Some(plan) => match nightly::open(plan, &mut run, cancel, &tell) {
            Ok(lock) => lock,
            Err(exit) => return Ended::early(exit),
        },
    };
    let mut console = match Console::new(tell) {
        Ok(console) => console.with_shard(shard),
        Err(error) => {
            report::say(&format!("{error:#}"));
            return Ended::early(Exit::Usage);
        }
    };
    let to_stdout = matches!(run.naming.destination, Destination::Archive(None) | Destination::Stdout);
    let archive = match &run.naming.destination {
        Destination::Archive(path) => Some(path.clone()),
        _ => None,
    };
    let begin = SystemTime::now();
    let dry_run = run.dry_run;
    // The writer runs on this thread. If it panics, the hook prints the reason, and unwinding removes unfinished files.
    let work = AssertUnwindSafe(|| pipeline::run(run, &mut console, cancel));
    let result = std::panic::catch_unwind(work).unwrap_or_else(|_| {
        let why = "the thread that saves outputs died".to_owned();
        Err(RunError::Halted { why, summary: Box::default() })
    });
    let shard = console.take_shard();
    let told = console.close();
    let mut may_pass = false;
    let (mut exit, summary) = match result {
        Ok(summary) => match say_abandoned(&summary, archive.as_ref()) {
            // The work is done, but parts of the report are lost.
            Exit::Success | Exit::Unfinished if !told => (Exit::Broken, summary),
            exit => (exit, summary),
        },
        // The reader closed the pipe, and needs no message.
        Err(RunError::Sink { error, summary }) if to_stdout && error.is_reader_gone() => (Exit::Broken, *summary),
        Err(error) => {
            let stopped = if matches!(error, RunError::Sink { .. }) { "stopped: " } else { "" };
            may_pass = matches!(error, RunError::Sink { .. } | RunError::Workers(_));
            report::say(&format!("{stopped}{error}"));
            (Exit::Broken, error.summary().cloned().unwrap_or_default())
        }
    };
    // Standard output may be a file; check the result of closing it.
    if let (Exit::Success | Exit::Unfinished, Err(error)) = (exit, sink::close_copy(std::io::stdout().as_fd())) {
        report::say(&format!("standard output: {}", words::system_words(&error)));
        exit = Exit::Broken;
    }
    if let Some(Err(error)) = metrics.map(|file| report::metrics::write(file, &summary, exit.code(), begin, dry_run)) {
        let file = metrics.map(words::path).unwrap_or_default();
        report::say(&format!("--metrics {file}: {}", words::system_words(&error)));
        exit = if matches!(exit, Exit::Success | Exit::Unfinished) { Exit::Broken } else { exit };
    }
    Ended { exit, summary, may_pass, shard }
}

/// The exit of a finished run, with a message if its archive is missing.
fn say_abandoned(summary: &Summary, archive: Option<&Option<PathBuf>>) -> Exit {
    if let (true, Some(path)) = (summary.abandoned, archive) {
        let what = match path {
            Some(path) => format!("{} was not made", words::path(path)),
            None => "the archive on standard output has no end".to_owned(),
        };
        let why = if summary.stopped.is_some() {
            "the run ended early"
        } else {
            "inputs failed; --partial makes it of the others"
        };
        report::say(&format!("{what}: {why}"));
        // Running out of time is a failure for an archive.
        return match Exit::of(summary) {
            Exit::Success | Exit::Unfinished => Exit::Broken,
            exit => exit,
        };
    }
    Exit::of(summary)
}
