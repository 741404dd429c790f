//! Addresses of pictures: parsing as browsers do, joining redirects, and names for messages, for the
//! state and for outputs. A host is held in ASCII, as it is resolved and shown: a name in Unicode that looks like
//! another one differs from it then.

use std::ffi::OsString;
use std::net::Ipv6Addr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};

use super::secrets;

mod object;
pub use object::safe_dir;

/// The longest URL. Longer ones are no addresses but data.
const LONGEST: usize = 16 << 10;

/// Why a URL cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Neither `http://` nor `https://`.
    #[error("{0}:// addresses are not read; http:// and https:// are")]
    Scheme(String),
    /// No bucket, or one that no name can have.
    #[error("the bucket's name is not letters, digits, dots and hyphens")]
    Bucket,
    /// A key that a URL cannot hold: clients and servers take `..` for a way up.
    #[error("its key has a dot segment (. or ..), which no request can name")]
    Dots,
    /// No host, or one that no name can have.
    #[error("the URL's host is neither a host name nor an IP address")]
    Host,
    /// `:99999`
    #[error("the URL's port is not a number from 1 to 65535")]
    Port,
    /// A control character.
    #[error("the URL holds a control character")]
    Control,
    /// Longer than the limit.
    #[error("the URL is longer than 16 kB")]
    Long,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
    /// The host is the bucket, and the path its key, encoded.
    S3,
    /// The same in Google Cloud Storage.
    Google,
    /// The same in Azure Blob Storage.
    Azure,
}

/// An `http` or `https` address, or one of an object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    scheme: Scheme,
    /// `user:password`, as written.
    user: Option<String>,
    /// In lower case; IPv6 in brackets.
    host: String,
    /// None for the scheme's own.
    port: Option<u16>,
    /// With its leading slash, without dot segments.
    path: String,
    query: Option<String>,
}

/// Whether a name is an address that can be downloaded.
pub fn is_url(name: &Path) -> bool {
    let starts = |prefix: &[u8]| {
        let bytes = name.as_os_str().as_bytes();
        bytes.len() >= prefix.len() && bytes[..prefix.len()].eq_ignore_ascii_case(prefix)
    };
    starts(b"http://") || starts(b"https://") || is_stored(name)
}

/// Whether a name is an address in an object store, if this build knows them.
pub fn is_stored(name: &Path) -> bool {
    cfg!(feature = "stores") && object::scheme_of(name.as_os_str().as_bytes()).is_some()
}

/// A name for messages: if it is an address, without secrets.
pub fn masked_text(name: &Path) -> PathBuf {
    if !is_url(name) {
        return name.to_path_buf();
    }
    match Url::parse(name.as_os_str().as_bytes()) {
        Ok(url) => PathBuf::from(url.masked()),
        Err(_) => {
            // Unreadable: what may hold a secret is left out.
            let text = name.to_string_lossy();
            let (scheme, rest) = text.split_once("://").unwrap_or(("", &text));
            let rest = rest.split(['?', '#']).next().unwrap_or_default();
            let rest = rest.rsplit('@').next().unwrap_or_default();
            PathBuf::from(format!("{scheme}://{rest}"))
        }
    }
}

impl Url {
    /// Parses an absolute URL. Characters that a URL cannot hold are encoded.
    ///
    /// # Errors
    /// [`UrlError`].
    pub fn parse(text: &[u8]) -> Result<Self, UrlError> {
        let text = text.trim_ascii();
        if text.len() > LONGEST {
            return Err(UrlError::Long);
        }
        if cfg!(feature = "stores") && object::scheme_of(text).is_some() {
            return Self::of_store(text);
        }
        if text.iter().any(|b| b.is_ascii_control()) {
            return Err(UrlError::Control);
        }
        // To a browser, a backslash ends the host; to others, it does not.
        let place = text.split(|b| b"/?#".contains(b)).nth(2).unwrap_or_default();
        if place.contains(&b'\\') {
            return Err(UrlError::Host);
        }
        let text = encoded(text);
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Host)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(UrlError::Scheme(other.to_owned())),
        };
        let rest = rest.split('#').next().unwrap_or(rest);
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, authority),
        };
        let (host, port) = host_and_port(place)?;
        let port = port.filter(|port| *port != if scheme == Scheme::Https { 443 } else { 80 });
        let (path, query) = match tail.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (tail, None),
        };
        Ok(Self { scheme, user: user.filter(|user| !user.is_empty()), host, port, path: without_dots(path), query })
    }

    /// The URL that a `Location` header in an answer from this URL means.
    ///
    /// # Errors
    /// [`UrlError`], for schemes other than http and https too.
    pub fn join(&self, location: &[u8]) -> Result<Self, UrlError> {
        let location = location.trim_ascii();
        let text = encoded(location);
        let text = text.split('#').next().unwrap_or_default();
        let letters = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
        if letters > 0 && text[letters..].starts_with(':') {
            let scheme = text[..letters].to_ascii_lowercase();
            if scheme != "http" && scheme != "https" {
                return Err(UrlError::Scheme(scheme));
            }
            return Self::parse(location);
        }
        if text.starts_with("//") {
            return Self::parse(format!("{}:{text}", self.scheme()).as_bytes());
        }
        if location.iter().any(|b| b.is_ascii_control()) {
            return Err(UrlError::Control);
        }
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (text, None),
        };
        let path = match path {
            "" => self.path.clone(),
            absolute if absolute.starts_with('/') => without_dots(absolute),
            relative => {
                let dir = &self.path[..=self.path.rfind('/').unwrap_or(0)];
                without_dots(&format!("{dir}{relative}"))
            }
        };
        Ok(Self { path, query: query.or_else(|| self.query.clone().filter(|_| text.is_empty())), ..self.clone() })
    }

    /// Whether it stands for all keys below it.
    pub fn is_prefix(&self) -> bool {
        self.is_store() && self.path.ends_with('/')
    }

    /// The scheme, in lower case.
    pub fn scheme(&self) -> &'static str {
        match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::S3 => "s3",
            Scheme::Google => "gs",
            Scheme::Azure => "az",
        }
    }

    /// The host, and its port unless it is the scheme's own.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The host, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What is requested, without user info.
    pub fn request(&self) -> String {
        let query = self.query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
        format!("{}://{}{}{query}", self.scheme(), self.authority(), self.path)
    }

    /// User name and password, decoded.
    pub fn user(&self) -> Option<Vec<u8>> {
        self.user.as_ref().map(|user| decoded(user))
    }

    /// Whether a credential for this URL may be sent to `other`.
    pub fn is_same_origin(&self, other: &Self) -> bool {
        (self.scheme, &self.host, self.port) == (other.scheme, &other.host, other.port)
    }

    /// The whole URL, with user info and signatures. For nobody but the user.
    pub fn exact(&self) -> String {
        if self.is_store() {
            return self.masked();
        }
        let user = self.user.as_ref().map_or_else(String::new, |user| format!("{user}@"));
        let query = self.query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
        format!("{}://{user}{}{}{query}", self.scheme(), self.authority(), self.path)
    }

    /// The URL for messages, without user info and signatures.
    pub fn masked(&self) -> String {
        if self.is_store() {
            return format!("{}://{}/{}", self.scheme(), self.host, self.object_key());
        }
        let user = if self.user.is_some() { "***@" } else { "" };
        let query = self.query.as_ref().map_or_else(String::new, |query| format!("?{}", secrets::masked(query)));
        format!("{}://{user}{}{}{query}", self.scheme(), self.authority(), self.path)
    }

    /// What distinguishes it from other URLs, without secrets.
    pub fn identity(&self) -> String {
        let query = self.query.as_deref().map(secrets::identity).filter(|query| !query.is_empty());
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        format!("{}://{}{}{query}", self.scheme(), self.authority(), self.path)
    }

    /// A path that no file has, under which the state knows it.
    pub fn key(&self) -> PathBuf {
        let identity = self.identity();
        let (scheme, rest) = identity.split_once("://").unwrap_or_default();
        let (authority, name) = rest.split_once('/').unwrap_or((rest, ""));
        // `|` is always encoded in a URL.
        PathBuf::from(format!("/{scheme}:/{authority}/|{}", name.replace('/', "|")))
    }

    /// The name of the picture: the last segment of the path, decoded, without characters that a
    /// file name cannot or should not hold.
    pub fn file_name(&self) -> OsString {
        let last = self.path.split('/').rfind(|segment| !segment.is_empty());
        OsString::from_vec(safe(last.unwrap_or(&self.host)))
    }

    /// The directory that mirrors it below `prefix`, such as `https://` or `https://host/photos/`.
    /// None if it is not below the prefix.
    pub fn below(&self, prefix: &Path) -> Option<PathBuf> {
        let text = String::from_utf8_lossy(prefix.as_os_str().as_bytes()).into_owned();
        let (scheme, rest) = text.split_once("://")?;
        if !scheme.eq_ignore_ascii_case(self.scheme()) {
            return None;
        }
        let mut segments: Vec<&str> = self.path.split('/').skip(1).collect();
        segments.pop();
        let authority = self.authority();
        if rest.is_empty() {
            segments.insert(0, &authority);
        } else {
            let top = Self::parse(text.as_bytes()).ok()?;
            let above: Vec<&str> = top.path.split('/').filter(|segment| !segment.is_empty()).collect();
            if !self.is_same_origin(&top) || !segments.starts_with(&above) {
                return None;
            }
            segments.drain(..above.len());
        }
        let names = segments.into_iter().filter(|segment| !segment.is_empty());
        Some(names.map(|segment| OsString::from_vec(safe(segment))).collect())
    }
}

/// A text of somebody else as a file name.
pub fn safe_name(text: &str) -> OsString {
    OsString::from_vec(safe_bytes(text.as_bytes().to_vec()))
}

/// A segment of a path as a file name.
fn safe(segment: &str) -> Vec<u8> {
    safe_bytes(decoded(segment))
}

fn safe_bytes(mut name: Vec<u8>) -> Vec<u8> {
    for byte in &mut name {
        if *byte == b'/' || byte.is_ascii_control() {
            *byte = b'_';
        }
    }
    // Neither a hidden file nor a way up.
    if let Some(first) = name.first_mut().filter(|first| **first == b'.') {
        *first = b'_';
    }
    name
}

fn host_and_port(place: &str) -> Result<(String, Option<u16>), UrlError> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or(UrlError::Host)?;
        let address: Ipv6Addr = address.parse().map_err(|_| UrlError::Host)?;
        let port = if port.is_empty() { Some("") } else { port.strip_prefix(':') };
        (format!("[{address}]"), port.ok_or(UrlError::Host)?)
    } else {
        let (host, port) = place.split_once(':').unwrap_or((place, ""));
        (host_name(host)?, port)
    };
    match port {
        "" => Ok((host, None)),
        digits => match digits.parse() {
            Ok(0) | Err(_) => Err(UrlError::Port),
            Ok(port) => Ok((host, Some(port))),
        },
    }
}

/// A host name in ASCII and in lower case.
fn host_name(host: &str) -> Result<String, UrlError> {
    let is_sound = |host: &str| {
        let sound = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        !host.is_empty() && host.len() <= 253 && host.bytes().all(sound)
    };
    let host = match host.contains('%') {
        false => host.to_ascii_lowercase(),
        true => to_ascii(&decoded(host)).ok_or(UrlError::Host)?,
    };
    if is_sound(&host) { Ok(host) } else { Err(UrlError::Host) }
}

/// A host name in Unicode as browsers ask for it (UTS 46).
#[cfg(feature = "http")]
fn to_ascii(host: &[u8]) -> Option<String> {
    idna::domain_to_ascii_cow(host, idna::AsciiDenyList::URL).ok().map(std::borrow::Cow::into_owned)
}

#[cfg(not(feature = "http"))]
fn to_ascii(_: &[u8]) -> Option<String> {
    None
}

/// Printable ASCII that a URL cannot hold.
const FORBIDDEN: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Encodes what a URL cannot hold.
fn encoded(text: &[u8]) -> String {
    percent_encode(text, FORBIDDEN).to_string()
}

/// Decodes `%20`. What is not an escape stays.
fn decoded(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

/// Removes `.` and `..`. The result starts with a slash.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut parts = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        match part.to_ascii_lowercase().replace("%2e", ".").as_str() {
            dots @ ("." | "..") => {
                if dots == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            _ => kept.push(part),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
