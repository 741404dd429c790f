//! Which files of a walk, a pattern or an archive count.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use globset::{GlobSet, GlobSetBuilder};

/// Which files of a walk or a pattern count.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only files that match one of these; all when empty.
    pub include: Patterns,
    /// Not files and directories that match one of these.
    pub exclude: Patterns,
    /// Levels below an INPUT; 1 is its own files.
    pub max_depth: Option<usize>,
    /// Also names that begin with a dot.
    pub hidden: bool,
    /// Follow symbolic links found in a walk.
    pub follow: bool,
}

/// Glob patterns. One with a slash matches the path below the INPUT, one without the file name alone.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    names: GlobSet,
    paths: GlobSet,
    count: usize,
}

impl Selection {
    /// Whether an archive's member counts, as a file of a walk would.
    pub fn takes_member(&self, path: &Path) -> bool {
        let hidden = |c: Component<'_>| c.as_os_str().as_bytes().starts_with(b".");
        let deep = self.max_depth.is_some_and(|depth| path.components().count() > depth);
        let excluded = || path.ancestors().any(|p| !p.as_os_str().is_empty() && self.exclude.matches(p));
        (self.hidden || !path.components().any(hidden)) && !deep && !excluded() && self.includes(path)
    }

    /// Whether a file counts by what is to be included alone.
    pub(super) fn includes(&self, below: &Path) -> bool {
        self.include.count == 0 || self.include.matches(below)
    }
}

impl Patterns {
    /// Compiles patterns; `*` does not match a slash, `**` does.
    ///
    /// # Errors
    /// A pattern that cannot be read.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Self, globset::Error> {
        let (mut names, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in patterns {
            let pattern = pattern.as_ref();
            let deep = pattern.trim_end_matches('/').contains('/');
            let text = pattern.trim_start_matches('/').trim_end_matches('/');
            let glob = globset::GlobBuilder::new(text).literal_separator(true).build()?;
            if deep { &mut paths } else { &mut names }.add(glob);
        }
        Ok(Self { names: names.build()?, paths: paths.build()?, count: patterns.len() })
    }

    pub(super) fn matches(&self, below: &Path) -> bool {
        self.names.is_match(below.file_name().unwrap_or_default()) || self.paths.is_match(below)
    }
}
