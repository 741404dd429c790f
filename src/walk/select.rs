//! Selects the files of a walk, a pattern or an archive.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use super::paths::{is_aside, is_backup};
use globset::{GlobSet, GlobSetBuilder};

/// Which files of a walk or a pattern count.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only files that match one of these. All if empty.
    pub include: Patterns,
    /// Excludes files and directories that match one of these.
    pub exclude: Patterns,
    /// Levels below an INPUT; 1 includes only its own files.
    pub max_depth: Option<usize>,
    /// Include names that begin with a dot.
    pub hidden: bool,
    /// Include backups, partial downloads and previews of network drives.
    pub backups: bool,
    /// Follow symbolic links found in a walk.
    pub follow: bool,
}

/// A rule that excludes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// Its name begins with a dot.
    Hidden,
    /// It is a backup, a partial download, or a directory of previews or deleted files.
    Backup,
    /// It is a symbolic link.
    Link,
    /// It matches `--exclude`.
    Excluded,
    /// It does not match `--include`.
    NotIncluded,
    /// It is a directory beyond the maximum depth.
    TooDeep,
    /// It is a directory that this run writes to.
    Written,
    /// In place: it is the store of a version-control system.
    VersionControl,
}

impl LeftOut {
    /// All rules, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Hidden,
        Self::Backup,
        Self::Link,
        Self::Excluded,
        Self::NotIncluded,
        Self::TooDeep,
        Self::Written,
        Self::VersionControl,
    ];

    /// The word in the report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::Backup => "backup",
            Self::Link => "link",
            Self::Excluded => "excluded",
            Self::NotIncluded => "not-included",
            Self::TooDeep => "too-deep",
            Self::Written => "written",
            Self::VersionControl => "version-control",
        }
    }
}

/// Glob patterns. A pattern with a slash matches the path relative to the INPUT, one without only
/// the file name.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    names: GlobSet,
    paths: GlobSet,
    count: usize,
}

/// Why a pattern is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It would match nothing, or everything.
    #[error("a pattern is not empty")]
    Empty,
    /// `[a`
    #[error("a pattern's [ has a ]")]
    Class,
    /// `[z-a]`
    #[error("a pattern's range of letters goes up, and {0}-{1} does not")]
    Range(char, char),
    /// `{a,b`, `a}`
    #[error("a pattern's {{ has a }}, and a }} its {{")]
    Braces,
    /// `a\\`
    #[error("a pattern does not end in a backslash")]
    Backslash,
    /// Too large or too deep to compile.
    #[error("a pattern cannot be as large or as deep as this one")]
    Large,
}

impl From<globset::Error> for PatternError {
    fn from(error: globset::Error) -> Self {
        use globset::ErrorKind;
        match error.kind() {
            ErrorKind::UnclosedClass => Self::Class,
            ErrorKind::InvalidRange(from, to) => Self::Range(*from, *to),
            ErrorKind::UnopenedAlternates | ErrorKind::UnclosedAlternates | ErrorKind::NestedAlternates => Self::Braces,
            ErrorKind::DanglingEscape => Self::Backslash,
            _ => Self::Large,
        }
    }
}

impl Selection {
    /// The rule that excludes a member of an archive, if any. The same rules apply as in a walk.
    pub fn leaves_out_member(&self, path: &Path) -> Option<LeftOut> {
        let hidden = |c: Component<'_>| c.as_os_str().as_bytes().starts_with(b".");
        if !self.hidden && path.components().any(hidden) {
            return Some(LeftOut::Hidden);
        }
        let mut above = path.parent().into_iter().flat_map(Path::components);
        if !self.backups && (is_backup(path) || above.any(|c| is_aside(c.as_os_str()))) {
            return Some(LeftOut::Backup);
        }
        if self.max_depth.is_some_and(|depth| path.components().count() > depth) {
            return Some(LeftOut::TooDeep);
        }
        if path.ancestors().any(|p| !p.as_os_str().is_empty() && self.exclude.matches(p)) {
            return Some(LeftOut::Excluded);
        }
        (!self.includes(path)).then_some(LeftOut::NotIncluded)
    }

    /// The rule that excludes an entry of a walk, which is `below` its INPUT, if any.
    pub(super) fn leaves_out(&self, entry: &walkdir::DirEntry, below: &Path) -> Option<LeftOut> {
        let kind = entry.file_type();
        if entry.depth() > 0 {
            if !self.hidden && entry.file_name().as_bytes().starts_with(b".") {
                return Some(LeftOut::Hidden);
            }
            let aside = || if kind.is_dir() { is_aside(entry.file_name()) } else { is_backup(below) };
            if !self.backups && aside() {
                return Some(LeftOut::Backup);
            }
            if self.exclude.matches(below) {
                return Some(LeftOut::Excluded);
            }
            if kind.is_symlink() {
                return Some(LeftOut::Link);
            }
            if kind.is_dir() && self.max_depth.is_some_and(|depth| entry.depth() >= depth) {
                return Some(LeftOut::TooDeep);
            }
        }
        (kind.is_file() && !self.includes(below)).then_some(LeftOut::NotIncluded)
    }

    /// Whether a file matches `--include`.
    pub(super) fn includes(&self, below: &Path) -> bool {
        self.include.count == 0 || self.include.matches(below)
    }
}

impl Patterns {
    /// Compiles patterns. `*` does not match a slash, `**` does.
    ///
    /// # Errors
    /// An invalid or empty pattern.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Self, PatternError> {
        let (mut names, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in patterns {
            let pattern = pattern.as_ref();
            let deep = pattern.trim_end_matches('/').contains('/');
            let text = pattern.trim_start_matches('/').trim_end_matches('/');
            if text.is_empty() {
                return Err(PatternError::Empty);
            }
            let glob = globset::GlobBuilder::new(text).literal_separator(true).build()?;
            if deep { &mut paths } else { &mut names }.add(glob);
        }
        Ok(Self { names: names.build()?, paths: paths.build()?, count: patterns.len() })
    }

    pub(super) fn matches(&self, below: &Path) -> bool {
        self.names.is_match(below.file_name().unwrap_or_default()) || self.paths.is_match(below)
    }
}
