//! Options for runs on several machines.

use std::path::PathBuf;

use clap::Args;

use super::typed;
use crate::split::Selector;

/// Runs that are split among processes or machines.
#[derive(Debug, Args)]
#[command(next_help_heading = "Several machines")]
pub struct SplitArgs {
    /// Write the list of inputs and all options to DIR, cut into shards, instead of making outputs
    #[arg(long, value_name = "DIR")]
    pub write_plan: Option<PathBuf>,
    /// Number of shards of --write-plan [default: one for 10000 inputs], or of --shard auto without a plan
    #[arg(long, value_name = "N", value_parser = typed::whole::<u32>("the number of shards", 1..=10_000_000))]
    pub shards: Option<u32>,
    /// Work on a shard of the plan in DIR, with its INPUTs and options
    #[arg(long, value_name = "DIR")]
    pub plan: Option<PathBuf>,
    /// Shard to work on: K, K/N or A-B/N, counted from 1, or auto for the number that Slurm, Kubernetes or a batch service gives; without --plan, K/N takes the INPUTs by a hash of their names
    #[arg(long, value_name = "K/N", value_parser = typed::shard)]
    pub shard: Option<Selector>,
    /// Check that all shards of the plan in DIR are done, and merge their reports
    #[arg(long, value_name = "DIR")]
    pub finish: Option<PathBuf>,
}
