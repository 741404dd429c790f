//! Attributes of a file that its successor takes over: owner, mode, extended attributes, times.

use std::ffi::CString;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use rustix::fs::{Gid, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, Uid, XattrFlags};
use rustix::fs::{fchown, fgetxattr, fgetxattr_query, flistxattr, flistxattr_query, fsetxattr, futimens};
use rustix::io::Errno;

use super::mark;

/// Attributes that hold for one content only: digests and signatures of the kernel's integrity modules.
const OF_CONTENT: [&[u8]; 2] = [b"security.ima", b"security.evm"];

/// An attribute that cannot be taken over.
#[derive(Debug, thiserror::Error)]
#[error("{what} cannot be kept: {}; left as it is", crate::words::system_words(.error))]
pub struct Lost {
    what: String,
    error: io::Error,
}

fn lost(what: impl Into<String>) -> impl FnOnce(Errno) -> io::Error {
    let what = what.into();
    move |error| io::Error::other(Lost { what, error: error.into() })
}

/// Sets the modification time alone.
pub fn set_mtime(file: &File, (seconds, nanos): (i64, i64)) -> io::Result<()> {
    let omit = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let times = Timestamps { last_access: omit, last_modification: timespec(seconds, nanos) };
    Ok(futimens(file, &times)?)
}

fn timespec(seconds: i64, nanos: i64) -> Timespec {
    Timespec { tv_sec: seconds, tv_nsec: nanos as _ }
}

/// Owner, extended attributes and times of `from` for `to`, which is ours and writable. The mode comes last, by
/// `mode`: a file that may not be written to takes no extended attributes either.
pub fn owner_and_attributes(from: &File, metadata: &Metadata, to: &File) -> io::Result<()> {
    let own = to.metadata()?;
    let uid = (own.uid() != metadata.uid()).then(|| Uid::from_raw(metadata.uid()));
    let gid = (own.gid() != metadata.gid()).then(|| Gid::from_raw(metadata.gid()));
    if uid.is_some() || gid.is_some() {
        fchown(to, uid, gid).map_err(lost("its owner"))?;
    }
    for name in names(from)? {
        let bytes = name.as_bytes();
        if OF_CONTENT.contains(&bytes) || bytes.starts_with(mark::OWN.as_bytes()) {
            continue;
        }
        let Some(value) = value(from, &name)? else { continue };
        if let Err(error) = fsetxattr(to, name.as_c_str(), &value, XattrFlags::empty()) {
            // Some are given by the system, to the new file as well.
            if self::value(to, &name)?.as_deref() != Some(&value) {
                return Err(lost(format!("its attribute {}", name.to_string_lossy()))(error));
            }
        }
    }
    Ok(())
}

/// The times of `metadata`; with `touch` the modification time is that of now.
pub fn times(metadata: &Metadata, to: &File, touch: bool) -> io::Result<()> {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let modified = if touch { now } else { timespec(metadata.mtime(), metadata.mtime_nsec()) };
    let read = timespec(metadata.atime(), metadata.atime_nsec());
    Ok(futimens(to, &Timestamps { last_access: read, last_modification: modified })?)
}

/// The mode of `metadata`.
pub fn mode(metadata: &Metadata, to: &File) -> io::Result<()> {
    to.set_permissions(fs::Permissions::from_mode(metadata.mode() & 0o7777))
}

fn names(file: &File) -> io::Result<Vec<CString>> {
    let list = loop {
        let len = match flistxattr_query(file) {
            Ok(len) => len,
            Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let mut list = vec![0_u8; len];
        match flistxattr(file, &mut list[..]) {
            Ok(len) => {
                list.truncate(len);
                break list;
            }
            // It has grown meanwhile.
            Err(Errno::RANGE) => {}
            Err(error) => return Err(error.into()),
        }
    };
    Ok(list.split(|b| *b == 0).filter(|name| !name.is_empty()).filter_map(|name| CString::new(name).ok()).collect())
}

/// The value of an attribute; None where it is gone.
fn value(file: &File, name: &CString) -> io::Result<Option<Vec<u8>>> {
    loop {
        let read = fgetxattr_query(file, name.as_c_str()).and_then(|len| {
            let mut value = vec![0_u8; len];
            let len = fgetxattr(file, name.as_c_str(), &mut value[..])?;
            value.truncate(len);
            Ok(value)
        });
        match read {
            Ok(value) => return Ok(Some(value)),
            Err(Errno::NODATA | Errno::NOTSUP) => return Ok(None),
            Err(Errno::RANGE) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
