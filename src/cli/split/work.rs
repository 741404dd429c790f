//! Works on shards of a plan.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::pipeline::{Cancel, Planned};
use crate::split::{self, Marker, Paths, Plan, SplitError};
use crate::words;
use anyhow::{Result, anyhow, ensure};

use super::super::args::Args;
use super::super::command::{self, Typed};
use super::super::exit::Exit;
use super::super::report::{self, ShardReport};
use super::super::resolve::{self, Resolved};
use super::super::{go, nightly, prepare, usage};

/// How often a shard may end with failures that may pass. Then they count as failures.
const TRIES: u64 = 3;

/// After a signal, a shard ends within ten seconds, whatever its pictures take.
const GRACE: Duration = Duration::from_secs(8);

/// Works on the shards of a range. The command line's options are those of the machine.
pub fn work(dir: &Path, range: (u64, u64, Option<u64>), typed_words: &[OsString], cancel: &Cancel) -> Result<Exit> {
    let (first, last, of) = range;
    let unread = |error| anyhow!("--plan {}: {}", words::path(dir), words::system_words(&error));
    let paths = Paths(fs::canonicalize(dir).map_err(unread)?);
    let plan = Plan::read(&paths)?;
    let shards = plan.shards();
    ensure!(of.is_none_or(|of| of == shards), "--shard: the plan has {shards} shards, not {}", of.unwrap_or(0));
    ensure!(last <= shards, "--shard: there is no shard {last}; the plan has {shards}");
    // Its paths refer to the directory in which it was written, those of the machine's options to this one.
    let here = std::env::current_dir()?;
    let inside = &plan.directory;
    std::env::set_current_dir(inside).map_err(|error| {
        anyhow!("{}, where the plan was written: {}", words::path(inside), words::system_words(&error))
    })?;
    if let Err(exit) = prepare(cancel) {
        return Ok(exit);
    }
    end_in_time(cancel);
    let task = Shards { paths, plan, own: typed_words.get(1..).unwrap_or_default(), here: &here, cancel };
    let mut exit = Exit::Success;
    for shard in first..=last {
        match task.work(shard)? {
            Exit::Success => {}
            end @ (Exit::Signal(_) | Exit::Broken) => return Ok(end),
            // The others can do their work.
            other => exit = other,
        }
    }
    Ok(exit)
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

struct Shards<'a> {
    paths: Paths,
    plan: Plan,
    /// The options of the machine, and the directory in which they were typed.
    own: &'a [OsString],
    here: &'a Path,
    cancel: &'a Cancel,
}

impl Shards<'_> {
    fn work(&self, shard: u64) -> Result<Exit> {
        let Self { paths, plan, cancel, .. } = self;
        if cancel.is_set() {
            return Ok(Exit::of_stop(cancel.reason()));
        }
        let (args, typed) = self.options()?;
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
        let Resolved { mut run, tell: console, nice, .. } = resolve::resolve(args, &typed)?;
        if nice {
            nightly::be_nice();
        }
        run.planned = Some(Planned::new(split::shard(paths, plan, shard)?));
        run.count_ahead = None;
        let report = ShardReport::create(paths, shard)?;
        let ended = go(run, console, None, metrics.as_deref(), cancel, Some(report));
        let may_pass = ended.summary.may_pass;
        match ended.exit_of_part() {
            Exit::Success => {}
            Exit::Retry if may_pass > 0 => {
                if count_try(&paths.tries(shard))? < TRIES {
                    tell(&format!(
                        "{may_pass} failures that may pass; run it again, and the {TRIES}rd time they count"
                    ));
                    return Ok(Exit::Retry);
                }
            }
            exit => return Ok(exit),
        }
        let Some(report) = ended.shard else { return Ok(Exit::Broken) };
        let marked = report.publish(paths, shard).and_then(|made| {
            let marker = Marker { summary: ended.summary, made };
            marker.write(paths, plan, shard)
        });
        Ok(match marked {
            Ok(()) => Exit::Success,
            Err(error) => {
                report::say(&error.to_string());
                Exit::Retry
            }
        })
    }

    /// The options of the plan, and then those of the machine, which count.
    fn options(&self) -> Result<(Args, Typed)> {
        let planned = &self.plan.words;
        let end = planned.iter().position(|word| word == "--").unwrap_or(planned.len());
        let (options, literal) = planned.split_at(end);
        let words = [&[OsString::from("thumbs")], options, self.own, literal].concat();
        let parsed = command::parse_again(words.iter().cloned());
        let (mut args, typed) = parsed.map_err(|error| anyhow!("{}", usage::words(&error, &words[1..])))?;
        for file in [&mut args.report, &mut args.nightly.metrics].into_iter().flatten() {
            if file.as_os_str() != "-" {
                *file = self.here.join(&file);
            }
        }
        Ok((args, typed))
    }
}

/// Counts one more try of a shard.
fn count_try(file: &Path) -> Result<u64> {
    let before = fs::read_to_string(file).ok().and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
    let tries = before + 1;
    crate::sink::write_whole(file, format!("{tries}\n").as_bytes()).map_err(SplitError::io(file))?;
    Ok(tries)
}
