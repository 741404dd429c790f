//! The objects below a prefix, listed once in place of a request for each of them.

use std::collections::HashMap;
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use crate::net::{Listed, Problem, Stores, Url};
use crate::source::Facts;

/// What identifies each object, by a hash of its address.
#[derive(Debug, Default)]
pub struct Inventory(HashMap<u64, (u64, i64)>);

impl Inventory {
    /// Lists a prefix.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn list(stores: &Stores, prefix: &Url, stop: &dyn Fn() -> bool) -> Result<Self, Problem> {
        let mut objects = HashMap::new();
        each(stores, prefix, stop, &mut |address, listed| {
            let facts = identity(listed.size.unwrap_or_default(), listed.validators.etag.as_deref());
            objects.insert(xxh3_64(&address), (facts.len, facts.mtime.1));
        })?;
        Ok(Self(objects))
    }

    /// What identifies the object at this address, if it was listed.
    pub fn facts(&self, address: &Path) -> Option<Facts> {
        let (len, etag) = self.0.get(&xxh3_64(address.as_os_str().as_bytes()))?;
        Some(Facts { len: *len, mtime: (0, *etag), ..Facts::default() })
    }
}

/// What identifies the content of an object, in place of the facts of a file.
pub fn identity(size: u64, etag: Option<&str>) -> Facts {
    let etag = etag.map_or(0, |etag| xxh3_64(etag.as_bytes()) as i64);
    Facts { len: size, mtime: (0, etag), ..Facts::default() }
}

/// The addresses of the objects below a prefix, with their sizes.
///
/// # Errors
/// [`Problem`].
pub fn names(stores: &Stores, prefix: &Url, stop: &dyn Fn() -> bool) -> Result<Vec<(PathBuf, u64)>, Problem> {
    let mut names = Vec::new();
    each(stores, prefix, stop, &mut |address, listed| {
        names.push((PathBuf::from(OsString::from_vec(address)), listed.size.unwrap_or_default()));
    })?;
    Ok(names)
}

/// Calls `take` with the address of each object below a prefix.
fn each(
    stores: &Stores,
    prefix: &Url,
    stop: &dyn Fn() -> bool,
    take: &mut dyn FnMut(Vec<u8>, &Listed),
) -> Result<(), Problem> {
    let begin = format!("{}://{}/", prefix.scheme(), prefix.host()).into_bytes();
    let listed = stores.list(prefix, stop, &mut |listed| {
        take([&begin[..], &listed.key].concat(), &listed);
        if stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    listed.map(drop)
}
