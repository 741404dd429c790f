//! Pictures from the network, and how their downloads went.

use crate::net::{Url, Validators};
use crate::outcome::{Address, SourceName};

/// A picture from the network.
#[derive(Debug)]
pub struct Remote {
    pub url: Url,
    /// The status of the last answer.
    pub status: Option<u16>,
    pub attempts: u32,
    /// Whether its download would fail in the same way again.
    pub lasting: bool,
    /// Whether it failed for a reason that may pass soon.
    pub passes: bool,
    /// What identifies its content to the server.
    pub validators: Validators,
}

impl Remote {
    pub fn new(url: Url) -> Self {
        Self { url, status: None, attempts: 0, lasting: false, passes: false, validators: Validators::default() }
    }

    pub fn name(&self) -> SourceName {
        let (status, attempts) = (self.status, self.attempts);
        SourceName::Url(Box::new(Address { url: self.url.masked(), status, attempts }))
    }
}
