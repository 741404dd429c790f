//! The command line. It sees only the library's public API.

mod archives;
mod args;
mod exit;
mod interrupt;
mod report;
mod resolve;

use std::path::PathBuf;

use clap::Parser;
use clap::error::ErrorKind;
use thumbs::outcome::Summary;
use thumbs::pipeline::{self, Cancel, RunError};
use thumbs::plan::Destination;
use thumbs::words;

use args::Args;
use exit::Exit;
use report::Console;
use resolve::Resolved;

/// Runs the program.
pub fn main() -> ! {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // The text of --help to a closed pipe is nobody's loss.
            let _ = error.print();
            let told = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            if told { Exit::Success.leave() } else { Exit::Usage.leave() }
        }
    };
    let Resolved { run, tell } = match resolve::resolve(args) {
        Ok(resolved) => resolved,
        Err(error) => {
            report::say(&format!("{error:#}"));
            Exit::Usage.leave()
        }
    };
    go(run, tell).leave()
}

fn go(run: pipeline::RunConfig, tell: resolve::Tell) -> Exit {
    let cancel = Cancel::default();
    if let Err(error) = interrupt::install(&cancel) {
        report::say(&format!("signals cannot be handled: {error}"));
        return Exit::Broken;
    }
    // A panic of a decoder is reported as that picture's failure, in one line.
    std::panic::set_hook(Box::new(|panic| {
        let worker = std::thread::current().name().is_some_and(|n| n.starts_with("thumbs-worker"));
        if !worker {
            report::say(&format!("internal error: {panic}"));
        }
    }));
    // The report's name may be wrong; that is known before anything is written.
    let mut console = match Console::new(tell) {
        Ok(console) => console,
        Err(error) => {
            report::say(&format!("{error:#}"));
            return Exit::Usage;
        }
    };
    if let Err(error) = prepare(&run) {
        report::say(&format!("{error:#}"));
        return Exit::Broken;
    }
    let to_stdout = matches!(run.naming.destination, Destination::Archive(None) | Destination::Stdout);
    let archive = match &run.naming.destination {
        Destination::Archive(path) => Some(path.clone()),
        _ => None,
    };
    let result = pipeline::run(run, &mut console, &cancel);
    let told = console.close();
    match result {
        Ok(summary) => match say_abandoned(&summary, archive.as_ref()) {
            // The work is done, but what was to be told of it is lost.
            Exit::Success if !told => Exit::Broken,
            exit => exit,
        },
        // A reader that leaves has had enough; it knows.
        Err(RunError::Sink { error, .. }) if to_stdout && error.is_reader_gone() => Exit::Broken,
        Err(error @ RunError::Sink { .. }) => {
            report::say(&format!("stopped: {error}"));
            Exit::Broken
        }
        Err(error) => {
            report::say(&error.to_string());
            Exit::Broken
        }
    }
}

/// The exit of a run that came to its end, after a word on an archive that is not there.
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
    }
    Exit::of(summary)
}

/// Makes the destination, so that one that cannot be made is told once and not for every input.
fn prepare(run: &pipeline::RunConfig) -> anyhow::Result<()> {
    use anyhow::Context;
    if let (Destination::Directory(dir), false) = (&run.naming.destination, run.dry_run) {
        std::fs::create_dir_all(dir)
            .map_err(|e| anyhow::anyhow!(words::system_words(&e)))
            .with_context(|| format!("the destination {} cannot be made", words::path(dir)))?;
    }
    Ok(())
}
