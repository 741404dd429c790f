//! Options of unattended runs.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::typed;

/// Unattended runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Nightly")]
pub struct NightlyArgs {
    /// Make only what is new or changed since the last --update
    #[arg(short, long)]
    pub update: bool,
    /// State of --update [default: .thumbs-state.sqlite in the -o directory, or in the one directory INPUT]
    #[arg(long, value_name = "FILE", requires = "update")]
    pub state: Option<PathBuf>,
    /// Compare contents instead of sizes and times
    #[arg(long, requires = "update")]
    pub checksum: bool,
    /// Retry inputs that failed before and have not changed
    #[arg(long, requires = "update")]
    pub retry_failed: bool,
    /// Remove outputs that this job no longer makes: their source is gone or left out, their URL no longer named, or the size, format or name changed
    #[arg(long, requires = "update")]
    pub prune: bool,
    /// Like --prune, even if a directory INPUT or a list of URLs is empty or missing
    #[arg(long, requires = "update")]
    pub prune_all: bool,
    /// What to do while another run holds the state
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = OnLock::Fail, requires = "update")]
    pub lock: OnLock,
    /// Sync outputs to disk, so that they survive a power loss; on with --update
    #[arg(long)]
    pub fsync: bool,
    /// Fail a picture that takes longer
    #[arg(long, value_name = "SECONDS", value_parser = typed::duration)]
    pub timeout: Option<Duration>,
    /// Stop after this time, such as 90s, 30m or 2h30m; the exit status is 4 if inputs are left, and the next --update continues
    #[arg(long, value_name = "DURATION", value_parser = typed::duration)]
    pub max_time: Option<Duration>,
    /// Lower the priority of this process
    #[arg(long)]
    pub nice: bool,
    /// Write metrics to FILE for the textfile collector of Prometheus
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
    /// Format of messages
    #[arg(long, value_enum, value_name = "HOW", default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// Options without effect unless `--update` is given.
pub const WITH_UPDATE: [&str; 6] = ["--state", "--checksum", "--retry-failed", "--prune", "--prune-all", "--lock"];

/// `--lock`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum OnLock {
    /// Exit 0.
    Skip,
    /// Wait for the other run.
    Wait,
    /// Exit 75.
    Fail,
}

/// `--log-format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people; with priorities if standard error is the journal.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}
