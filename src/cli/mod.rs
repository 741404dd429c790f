//! The command line. It sees only the library's public API.

mod args;
mod args_nightly;
mod exit;
mod interrupt;
mod nightly;
mod report;
mod resolve;

use std::path::Path;
use std::time::SystemTime;

use clap::Parser;
use clap::error::ErrorKind;
use thumbs::pipeline::{self, Cancel, RunError};

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
    report::speak(args.nightly.log_format);
    let metrics = args.nightly.metrics.clone();
    let Resolved { run, tell, state, nice } = match resolve::resolve(args) {
        Ok(resolved) => resolved,
        Err(error) => {
            report::say(&format!("{error:#}"));
            Exit::Usage.leave()
        }
    };
    if nice {
        nightly::be_nice();
    }
    go(run, tell, state, metrics.as_deref()).leave()
}

fn go(
    mut run: pipeline::RunConfig,
    tell: resolve::Tell,
    state: Option<nightly::StatePlan>,
    metrics: Option<&Path>,
) -> Exit {
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
    // Before the report is opened, which may be the one that the other run is writing.
    let _lock = match &state {
        None => None,
        Some(plan) => {
            if let Err(error) = prepare(&run) {
                report::say(&format!("{error:#}"));
                return Exit::Broken;
            }
            match nightly::open(plan, &mut run, &cancel, tell.verbose) {
                Ok(lock) => lock,
                Err(exit) => return exit,
            }
        }
    };
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
    let begin = SystemTime::now();
    let result = pipeline::run(run, &mut console, &cancel);
    let told = console.close();
    let (exit, summary) = match result {
        Ok(summary) => match Exit::of(&summary) {
            // The work is done, but what was to be told of it is lost.
            Exit::Success if !told => (Exit::Broken, summary),
            exit => (exit, summary),
        },
        Err(error) => {
            let stopped = if matches!(error, RunError::Sink { .. }) { "stopped: " } else { "" };
            report::say(&format!("{stopped}{error}"));
            (Exit::Broken, error.summary().cloned().unwrap_or_default())
        }
    };
    if let Some(Err(error)) = metrics.map(|file| report::metrics::write(file, &summary, exit.code(), begin)) {
        report::say(&format!("--metrics: {}", thumbs::words::system_words(&error)));
        return if exit == Exit::Success { Exit::Broken } else { exit };
    }
    exit
}

/// Makes the destination, so that one that cannot be made is told once and not for every input.
fn prepare(run: &pipeline::RunConfig) -> anyhow::Result<()> {
    use anyhow::Context;
    if let (thumbs::plan::Destination::Directory(dir), false) = (&run.naming.destination, run.dry_run) {
        std::fs::create_dir_all(dir)
            .map_err(|e| anyhow::anyhow!(thumbs::words::system_words(&e)))
            .with_context(|| format!("the destination {} cannot be made", thumbs::words::path(dir)))?;
    }
    Ok(())
}
