//! In a build without the feature `http`, every download fails.

use super::{Answer, DownloadOptions, Problem, Room, Url, Validators};

/// Downloads nothing.
#[derive(Debug)]
pub struct Client;

impl Client {
    /// Makes a client.
    pub fn new(_: &DownloadOptions) -> Self {
        Self
    }

    /// Fails.
    ///
    /// # Errors
    /// Always.
    pub fn fetch(&self, _: &Url, _: &Validators, _: u64, _: &mut Room<'_>) -> Result<Answer, Problem> {
        Err(Problem::passing("this build reads no addresses (feature http)"))
    }

    /// Does nothing.
    pub fn stop(&self) {}
}
