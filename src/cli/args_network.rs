//! Options of downloads.

use std::time::Duration;

use crate::net::DownloadOptions;
use clap::Args;

use super::typed;

/// Pictures from the network.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    /// Downloads at a time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = typed::whole::<u32>("the number of connections", 1..=1024))]
    pub connections: u32,
    /// Downloads at a time from one host [default: as --connections]
    #[arg(long, value_name = "N", value_parser = typed::whole::<u32>("the number of connections", 1..=1024))]
    pub per_host: Option<u32>,
    /// Time to connect to a host, for each attempt
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = typed::duration)]
    pub connect_timeout: Duration,
    /// Fail an attempt for which nothing comes for this time
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = typed::duration)]
    pub idle_timeout: Duration,
    /// Fail an attempt that takes longer
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = typed::duration)]
    pub download_timeout: Duration,
    /// Further attempts after a failure that can pass: a timeout, a lost connection, or the status 408, 425, 429 or 5xx
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = typed::whole::<u32>("the number of retries", 0..=100))]
    pub retries: u32,
    /// Wait before the first retry; it doubles each time, up to 30 s
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = typed::duration)]
    pub retry_delay: Duration,
    /// Read from hosts in private networks, and from this machine
    #[arg(long)]
    pub allow_private: bool,
    /// With --webdataset, take pictures whose server says noai or noindex (X-Robots-Tag)
    #[arg(long)]
    pub ignore_robots_tag: bool,
}

impl NetworkArgs {
    /// The options of a run; `collects` if it makes a data set.
    pub fn options(&self, collects: bool) -> DownloadOptions {
        DownloadOptions {
            connections: self.connections as usize,
            per_host: self.per_host.unwrap_or(self.connections) as usize,
            connect_timeout: self.connect_timeout,
            idle_timeout: self.idle_timeout,
            timeout: self.download_timeout,
            retries: self.retries,
            retry_delay: self.retry_delay,
            allow_private: self.allow_private,
            respect_robots: collects && !self.ignore_robots_tag,
        }
    }
}
