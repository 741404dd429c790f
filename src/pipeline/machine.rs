//! The resources that this process may use.

use std::fs;

use rustix::process::{Resource, getrlimit};

/// Processors available to this process, by affinity and cgroup quota.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Memory available to this process in bytes: the minimum of RAM, cgroup limit and RLIMIT_AS.
pub fn memory() -> u64 {
    let limits = [ram(), cgroup(), getrlimit(Resource::As).current];
    limits.into_iter().flatten().min().unwrap_or(1 << 30)
}

/// Lowers the priority of this process by `steps` of `nice`.
///
/// # Errors
/// A system error.
pub fn lower_priority(steps: i32) -> std::io::Result<()> {
    rustix::process::nice(steps)?;
    Ok(())
}

fn ram() -> Option<u64> {
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// The lowest limit of the process's cgroup and those above it: version 2, else version 1.
fn cgroup() -> Option<u64> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mut least = None;
    let mut note = |path: String| {
        let limit = fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u64>().ok());
        // Version 1 expresses "no limit" as a number near 2^63.
        if let Some(limit) = limit.filter(|&l| l < 1 << 60) {
            least = Some(least.map_or(limit, |l: u64| l.min(limit)));
        }
    };
    for line in own.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (top, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            c if c.split(',').any(|c| c == "memory") => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        let mut path = path;
        loop {
            note(format!("{top}{}/{file}", path.trim_end_matches('/')));
            match path.rfind('/') {
                Some(at) if path.len() > 1 => path = &path[..at.max(1)],
                _ => break,
            }
        }
    }
    least
}

#[cfg(test)]
mod tests {
    #[test]
    fn resources_are_found() {
        assert!(super::processors() >= 1);
        assert!(super::memory() >= 1 << 24);
    }
}
