//! Resolves names, and refuses addresses outside the public internet. A connection goes to one of the
//! addresses that were checked, so a name cannot lead elsewhere by a second answer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::net::address::is_public;

/// How long the addresses of a name are used, and for how many names.
const FRESH: Duration = Duration::from_secs(60);
const NAMES: usize = 4096;

/// Why a host is not asked.
#[derive(Debug, thiserror::Error)]
#[error("its host has an address in a private or reserved network; --allow-private reads from there")]
pub struct Refused;

type Names = HashMap<(String, u16), (Instant, Vec<std::net::SocketAddr>)>;

/// A resolver with a check and a memory.
pub struct Guarded {
    inner: DefaultResolver,
    allow_private: bool,
    /// Host and port of the proxy, which the user chose.
    proxy: Option<(String, u16)>,
    known: Mutex<Names>,
}

impl Guarded {
    pub fn new(allow_private: bool, proxy: Option<(String, u16)>) -> Self {
        Self { inner: DefaultResolver::default(), allow_private, proxy, known: Mutex::default() }
    }
}

impl std::fmt::Debug for Guarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guarded").field("allow_private", &self.allow_private).finish_non_exhaustive()
    }
}

impl Resolver for Guarded {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let place = (host, port);
        let now = Instant::now();
        let known = |names: &Names| names.get(&place).filter(|(at, _)| now - *at < FRESH).map(|(_, list)| list.clone());
        let found = known(&self.known.lock().unwrap_or_else(PoisonError::into_inner));
        let addresses: Vec<_> = match (found, place.0.trim_matches(['[', ']']).parse::<IpAddr>()) {
            (Some(addresses), _) => addresses,
            (None, Ok(address)) => vec![(address, port).into()],
            (None, Err(_)) => {
                let found = self.inner.resolve(uri, config, timeout)?.iter().copied().collect::<Vec<_>>();
                let mut names = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                if names.len() >= NAMES {
                    names.clear();
                }
                names.insert(place.clone(), (now, found.clone()));
                found
            }
        };
        let any = self.allow_private || self.proxy.as_ref() == Some(&place);
        let mut allowed = self.empty();
        for address in addresses.into_iter().filter(|address| any || is_public(address.ip())) {
            allowed.push(address);
        }
        if allowed.is_empty() { Err(Error::Other(Box::new(Refused))) } else { Ok(allowed) }
    }
}
