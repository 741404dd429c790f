//! Removes temporary files that a killed run left behind.

use std::fs::{self, DirEntry, File};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use xxhash_rust::xxh3::xxh3_64;

use super::TEMPORARY;

/// The age at which a temporary file of another machine is stale, even where locks do not reach from one to the other.
const OLD: Duration = Duration::from_secs(24 * 3600);

/// A number for this machine, which is in the names of its temporary files.
pub fn host() -> u32 {
    static HOST: OnceLock<u32> = OnceLock::new();
    *HOST.get_or_init(|| xxh3_64(rustix::system::uname().nodename().to_bytes()) as u32)
}

/// Removes our temporary files in `dir` that nobody holds. A run locks the files that it writes, so an unlocked one is stale. If
/// another machine made it, its lock may not be seen here, so only its age counts.
pub fn remove_stale(dir: &Path) {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    // Files that cannot be read or removed are left. They do no harm.
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(made_by) = maker(name.as_bytes()) else { continue };
        if !entry.file_type().is_ok_and(|t| t.is_file())
            || (made_by.is_some_and(|made_by| made_by != host()) && !is_old(&entry))
        {
            continue;
        }
        if let Ok(file) = File::open(entry.path()) {
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn is_old(entry: &DirEntry) -> bool {
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > OLD))
}

/// The machine that made a file, if its name is exactly of the form made by `atomic`: prefix, machine, `.`, pid, `-`, number,
/// `.tmp`. The inner None is a form without the machine.
fn maker(name: &[u8]) -> Option<Option<u32>> {
    let middle = name.strip_prefix(TEMPORARY.as_bytes())?.strip_suffix(b".tmp")?;
    let (process, number) = std::str::from_utf8(middle).ok()?.split_once('-')?;
    let hex = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_hexdigit());
    let (host, pid) = match process.split_once('.') {
        Some((host, pid)) => (Some(u32::from_str_radix(host, 16).ok()?), pid),
        None => (None, process),
    };
    (hex(pid) && hex(number)).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_stale_ones_of_ours_go() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, held) = (format!(".thumbs-{:x}.1f-0.tmp", host()), format!(".thumbs-{:x}.1f-1.tmp", host()));
        let theirs = [format!(".thumbs-{:x}.1f-0.tmp", !host())];
        let others = [".thumbs-notes.tmp", ".thumbs-1f-2", "a.tmp", ".thumbs-x.1f-0.tmp"];
        for name in theirs.iter().map(String::as_str).chain([ours.as_str(), held.as_str()]).chain(others) {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let old = [format!(".thumbs-{:x}.2f-0.tmp", !host()), ".thumbs-2f-0.tmp".to_owned()];
        for name in &old {
            let file = File::create(dir.path().join(name)).unwrap();
            file.set_modified(std::time::SystemTime::now() - 2 * OLD).unwrap();
        }
        let file = File::open(dir.path().join(&held)).unwrap();
        flock(&file, FlockOperation::LockExclusive).unwrap();
        remove_stale(dir.path());
        let mut left: Vec<String> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        let mut want = [&theirs[0], &held].map(String::clone).to_vec();
        want.extend(others.map(str::to_owned));
        want.sort();
        assert_eq!(left, want);
    }
}
