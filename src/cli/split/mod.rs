//! `--write-plan`, `--plan` with `--shard`, and `--finish`: which of them is asked for, and with which options.

mod finish;
mod work;
mod write;

use std::path::PathBuf;

use crate::split::{Portion, SelectorError};
use anyhow::{Result, anyhow, bail, ensure};

use super::args_split::SplitArgs;
use super::command::Typed;
pub use finish::finish;
pub use work::work;
pub use write::write;

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

fn shard_error(error: SelectorError) -> anyhow::Error {
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
