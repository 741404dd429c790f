//! The properties by which a source is recognised.

use crate::source::Facts;

/// The properties of a source when it was read. Times are nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Size in bytes.
    pub size: i64,
    /// Modification time.
    pub mtime: i64,
    /// Inode change time; 0 if it was so recent that a later change could have the same time.
    pub ctime: i64,
}

impl Seen {
    /// Takes the properties from `facts`.
    pub fn new(facts: &Facts) -> Self {
        let size = i64::try_from(facts.len).unwrap_or(i64::MAX);
        Self { size, mtime: nanoseconds(facts.mtime), ctime: nanoseconds(facts.ctime) }
    }

    /// Takes the properties from `facts` at the time `now`. A file that changed within the
    /// granularity of its file system's clock may change again without a new time, so that time is
    /// not stored.
    pub fn at(facts: &Facts, now: std::time::SystemTime) -> Self {
        let seen = Self::new(facts);
        let now =
            now.duration_since(std::time::UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX));
        // Whole seconds indicate FAT or an old NFS server. Otherwise the granularity is the kernel
        // tick, 10 ms at most.
        let grain = if facts.ctime.1 == 0 { 2_000_000_000 } else { 50_000_000 };
        if seen.ctime.saturating_add(grain) > now { Self { ctime: 0, ..seen } } else { seen }
    }

    /// Whether size and modification time are equal.
    pub fn same_but_ctime(&self, other: &Self) -> bool {
        (self.size, self.mtime) == (other.size, other.mtime)
    }
}

fn nanoseconds((seconds, nanoseconds): (i64, i64)) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}
