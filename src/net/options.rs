//! How pictures are downloaded.

use std::time::Duration;

/// How pictures are downloaded. The defaults are those of the command line.
///
/// ```
/// use thumbs::{DownloadOptions, Recipe, RunConfig};
///
/// let options = DownloadOptions::default().with_connections(64).with_retries(1);
/// let urls = ["https://example.org/boat.jpg"];
/// let config = RunConfig::into_directory(urls, Recipe::default(), "thumbnails").with_downloads(options);
/// # let _ = config;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DownloadOptions {
    /// Downloads at a time.
    pub connections: usize,
    /// Downloads at a time from one host.
    pub per_host: usize,
    /// The time to resolve a name, and to connect.
    pub connect_timeout: Duration,
    /// The time without a byte.
    pub idle_timeout: Duration,
    /// The time of one attempt.
    pub timeout: Duration,
    /// Attempts after the first.
    pub retries: u32,
    /// The wait before the first retry. It doubles each time.
    pub retry_delay: Duration,
    /// Whether hosts in private networks may be asked.
    pub allow_private: bool,
    /// Whether pictures are left out whose server says `noai` or `noindex` (`X-Robots-Tag`).
    pub respect_robots: bool,
}

impl Default for DownloadOptions {
    fn default() -> Self {
        Self {
            connections: 16,
            per_host: 16,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            timeout: Duration::from_secs(300),
            retries: 4,
            retry_delay: Duration::from_secs(1),
            allow_private: false,
            respect_robots: false,
        }
    }
}

impl DownloadOptions {
    /// Sets the number of downloads at a time.
    #[must_use]
    pub fn with_connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Sets the number of downloads at a time from one host.
    #[must_use]
    pub fn with_per_host(mut self, per_host: usize) -> Self {
        self.per_host = per_host;
        self
    }

    /// Sets the time to resolve a name, and to connect.
    #[must_use]
    pub fn with_connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.connect_timeout = connect_timeout;
        self
    }

    /// Sets the time without a byte.
    #[must_use]
    pub fn with_idle_timeout(mut self, idle_timeout: Duration) -> Self {
        self.idle_timeout = idle_timeout;
        self
    }

    /// Sets the time of one attempt.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the number of attempts after the first.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets the wait before the first retry.
    #[must_use]
    pub fn with_retry_delay(mut self, retry_delay: Duration) -> Self {
        self.retry_delay = retry_delay;
        self
    }

    /// Sets whether hosts in private networks may be asked.
    #[must_use]
    pub fn with_allow_private(mut self, allow_private: bool) -> Self {
        self.allow_private = allow_private;
        self
    }

    /// Sets whether pictures are left out whose server says `noai` or `noindex`.
    #[must_use]
    pub fn with_respect_robots(mut self, respect_robots: bool) -> Self {
        self.respect_robots = respect_robots;
        self
    }
}
