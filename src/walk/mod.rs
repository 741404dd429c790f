//! Finds the files that inputs refer to: walks directories in a stable order, expands patterns, and
//! reads lists line by line. Nothing is collected beyond the names of one directory.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::net::{DownloadOptions, Url, Validators, is_url};
use crate::source;

mod error;
mod glob;
mod guard;
mod later;
mod paths;
mod pattern;
mod remote;
mod select;
mod stored;
mod table;

pub use error::WalkError;
pub use guard::{in_store, refusal};
use later::Later;
pub use paths::{has_picture_extension, is_archive, is_pattern, literal_prefix, real_path, scheme};
pub use select::{LeftOut, PatternError, Patterns, Selection};
pub use table::{Columns, Row};

/// An input as named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, a directory, or, if no file has this name, a pattern.
    Path(PathBuf),
    /// One picture on standard input.
    Stdin,
    /// An archive of pictures on standard input.
    StdinArchive,
}

impl Input {
    /// Whether it can refer to several files.
    pub fn is_many(&self) -> bool {
        match self {
            Self::Stdin => false,
            Self::StdinArchive => true,
            Self::Path(path) => {
                path.is_dir()
                    || self.is_archive()
                    || self.is_listed()
                    || (path.symlink_metadata().is_err() && is_pattern(path) && scheme(path).is_none())
            }
        }
    }

    /// Whether it is a picture on the network.
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Path(path) if is_url(path) && path.symlink_metadata().is_err())
    }

    /// Whether it is a prefix of an object store.
    pub fn is_listed(&self) -> bool {
        let is_prefix = |path: &Path| Url::parse(path.as_os_str().as_bytes()).is_ok_and(|url| url.is_prefix());
        self.is_remote() && matches!(self, Self::Path(path) if is_prefix(path))
    }

    /// Whether it is an archive whose members are the inputs.
    pub fn is_archive(&self) -> bool {
        match self {
            Self::Stdin => false,
            Self::StdinArchive => true,
            // A file with a picture's extension is not opened just to check for an archive.
            Self::Path(path) => path.is_file() && !has_picture_extension(path) && is_archive(path),
        }
    }
}

/// Real paths of directory inputs and of the literal parts of patterns.
pub fn roots(inputs: &[Input]) -> Vec<PathBuf> {
    let root = |input: &Input| match input {
        Input::Path(path) if path.is_dir() => Some(real_path(path)),
        Input::Path(path) if input.is_many() && !path.is_file() => Some(real_path(&literal_prefix(path))),
        _ => None,
    };
    inputs.iter().filter_map(root).collect()
}

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The path for opening and for messages; None is standard input.
    pub path: Option<PathBuf>,
    /// Its directory relative to the INPUT, for mirroring.
    pub below: PathBuf,
    /// Whether it was named, or has a picture's extension. Otherwise its content decides whether it
    /// is an input.
    pub certain: bool,
    /// Whether it is a symbolic link to the file.
    pub link: bool,
}

/// A result of a walk.
#[derive(Debug)]
pub enum Item {
    /// A file.
    Found(Found),
    /// An archive that was named. Its members are the inputs, mirrored below `below`.
    Archive {
        /// The path as named.
        path: PathBuf,
        /// Its own directory relative to `--relative-to`.
        below: PathBuf,
    },
    /// An archive on standard input.
    StdinArchive,
    /// A picture on the network.
    Remote {
        /// The address.
        url: Url,
        /// Its directory relative to `--relative-to`, or to the prefix that was listed.
        below: PathBuf,
        /// What a listing says about it.
        listed: Validators,
        /// Its size, if a listing says it.
        size: Option<u64>,
    },
    /// A name that refers to nothing.
    Failed {
        /// The path as named.
        path: PathBuf,
        /// The reason.
        error: WalkError,
    },
    /// Something that could be or contain a picture, but is excluded by this rule.
    LeftOut(LeftOut),
}

/// Walks inputs.
#[derive(Debug, Default)]
pub struct Walker {
    /// Which files count.
    pub selection: Selection,
    /// Real paths that this run writes to. They are not walked unless named as INPUT.
    pub avoid: HashSet<PathBuf>,
    /// Name of the directories that this run writes beside inputs.
    pub avoid_name: Option<String>,
    /// Mirror paths below this directory.
    pub relative_to: Option<PathBuf>,
    /// The prefix of a store that the run writes to, which listings leave out.
    pub outputs: Option<Url>,
    /// How pictures are downloaded, and prefixes of object stores listed.
    pub downloads: DownloadOptions,
    /// Inputs are replaced: stores of version control are not walked, nor directories that hold everything.
    pub careful: bool,
    /// Panics, for tests.
    #[cfg(test)]
    pub dies: bool,
}

/// No name in a list is longer: paths end at 4096 bytes.
const LONGEST_NAME: u64 = 1 << 20;

type Flow = ControlFlow<()>;

impl Walker {
    /// Calls `give` for every file that `input` refers to, in a stable order, until it breaks off.
    pub fn walk(&self, input: &Input, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        #[cfg(test)]
        assert!(!self.dies, "a bug of the walk");
        match input {
            Input::StdinArchive => give(Item::StdinArchive),
            Input::Stdin => give(Item::Found(Found { path: None, below: PathBuf::new(), certain: true, link: false })),
            Input::Path(path) => match self.named(path, give) {
                Err(_) if is_url(path) => self.remote(path, give),
                Err(error) if error.kind() == io::ErrorKind::NotFound && is_pattern(path) && scheme(path).is_none() => {
                    self.pattern(path, give)
                }
                Err(error) => give(Item::Failed { path: path.clone(), error: WalkError::of(path, error) }),
                Ok(flow) => flow,
            },
        }
    }

    /// Calls `give` for the lines of a list, which are literal paths.
    ///
    /// # Errors
    /// The list cannot be read further.
    pub fn walk_list(&self, list: &mut dyn BufRead, nul: bool, give: &mut dyn FnMut(Item) -> Flow) -> io::Result<Flow> {
        let end = if nul { 0 } else { b'\n' };
        let mut line = Vec::new();
        loop {
            line.clear();
            if (&mut *list).take(LONGEST_NAME).read_until(end, &mut line)? == 0 {
                return Ok(Flow::Continue(()));
            }
            if line.len() as u64 == LONGEST_NAME && line.last() != Some(&end) {
                return Err(io::Error::other("a name without an end; is it the right kind of list?"));
            }
            if line.last() == Some(&end) {
                line.pop();
            }
            if !nul && line.last() == Some(&b'\r') {
                line.pop();
            }
            if line.is_empty() {
                continue;
            }
            let path = Path::new(OsStr::from_bytes(&line));
            let flow = self.walk_literally(path, give);
            if flow.is_break() {
                return Ok(flow);
            }
        }
    }

    /// Calls `give` for every file that a literal name refers to, such as one in a list.
    pub fn walk_literally(&self, path: &Path, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        match self.named(path, give) {
            Err(_) if is_url(path) => self.remote(path, give),
            Err(error) => give(Item::Failed { path: path.to_path_buf(), error: WalkError::of(path, error) }),
            Ok(flow) => flow,
        }
    }

    /// Whether a name on the command line refers to nothing and is not a pattern.
    pub fn is_missing(&self, input: &Input) -> bool {
        match input {
            Input::Path(path) => match fs::metadata(path) {
                Ok(_) => false,
                Err(_) if fs::symlink_metadata(path).is_ok() => true,
                Err(_) if is_url(path) => false,
                Err(error) => error.kind() != io::ErrorKind::NotFound || !is_pattern(path) || scheme(path).is_some(),
            },
            Input::Stdin | Input::StdinArchive => false,
        }
    }

    /// Whether walks of these directories reach the location of `path`.
    pub fn comes_to(&self, roots: &[PathBuf], path: &Path) -> bool {
        let dir = real_path(path.parent().unwrap_or(Path::new("")));
        let avoided = |root: &PathBuf| {
            let below = |avoid: &&PathBuf| *avoid != root && avoid.starts_with(root);
            self.avoid.iter().filter(below).any(|avoid| dir.starts_with(avoid))
        };
        roots.iter().any(|root| dir.starts_with(root) && !avoided(root))
    }

    /// Handles a file or directory with exactly this name. Returns `Err` if there is none.
    fn named(&self, path: &Path, give: &mut dyn FnMut(Item) -> Flow) -> io::Result<Flow> {
        if path.as_os_str().is_empty() {
            return Ok(give(Item::Failed { path: path.to_path_buf(), error: WalkError::Empty }));
        }
        let mut metadata = fs::symlink_metadata(path)?;
        let link = metadata.is_symlink();
        if link {
            metadata = fs::metadata(path)?;
        }
        if metadata.is_dir() {
            return Ok(match refusal(path).filter(|_| self.careful) {
                Some(why) => give(Item::Failed { path: path.to_path_buf(), error: WalkError::Refused(why) }),
                None => self.directory(path, path, give),
            });
        }
        if let Some(kind) = source::kind_of(&metadata) {
            return Ok(give(Item::Failed { path: path.to_path_buf(), error: WalkError::NotAFile(kind) }));
        }
        // A file with a picture's extension is not opened just to check for an archive.
        if has_picture_extension(path) || !is_archive(path) {
            return Ok(self.found(path, Path::new(""), true, link, give));
        }
        // Its own name is part of its members' paths only if everything is mirrored by full paths.
        let below = match self.below(path, Path::new("")) {
            Ok(below) if self.relative_to.is_some() => below.join(path.file_name().unwrap_or_default()),
            Ok(below) => below,
            Err(error) => return Ok(give(Item::Failed { path: path.to_path_buf(), error })),
        };
        Ok(give(Item::Archive { path: path.to_path_buf(), below }))
    }

    fn found(&self, path: &Path, below: &Path, certain: bool, link: bool, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        give(self.item(path, below, certain, link))
    }

    fn item(&self, path: &Path, below: &Path, certain: bool, link: bool) -> Item {
        match self.below(path, below) {
            Ok(below) => Item::Found(Found { path: Some(path.to_path_buf()), below, certain, link }),
            Err(error) => Item::Failed { path: path.to_path_buf(), error },
        }
    }

    /// Where outputs of `path` are mirrored: `below`, unless `--relative-to` names another
    /// directory.
    fn below(&self, path: &Path, below: &Path) -> Result<PathBuf, WalkError> {
        let Some(top) = &self.relative_to else { return Ok(below.to_path_buf()) };
        let parent = real_path(path.parent().unwrap_or(Path::new("")));
        let below = parent.strip_prefix(real_path(top)).map(Path::to_path_buf);
        below.map_err(|_| WalkError::NotBelow(top.clone()))
    }

    /// Walks `dir`. Paths are mirrored below `base`.
    fn directory(&self, dir: &Path, base: &Path, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        let mut walk = walkdir::WalkDir::new(dir).sort_by_file_name().follow_links(self.selection.follow);
        if let Some(depth) = self.selection.max_depth {
            walk = walk.max_depth(depth);
        }
        let mut entries = walk.into_iter();
        // Links can lead to the same directory twice without a loop.
        let mut visited = HashSet::new();
        let mut later = Later::default();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.walk_error(error, dir, give)?;
                    continue;
                }
            };
            if self.selection.follow && entry.file_type().is_dir() {
                let id = entry.metadata().map(|m| (m.dev(), m.ino()));
                if id.is_ok_and(|id| !visited.insert(id)) {
                    entries.skip_current_dir();
                    continue;
                }
            }
            let below = entry.path().strip_prefix(base).unwrap_or(entry.path());
            let is_dir = entry.file_type().is_dir();
            if entry.depth() > 0 && self.is_ours(&entry) {
                if is_dir {
                    entries.skip_current_dir();
                    give(Item::LeftOut(LeftOut::Written))?;
                }
                continue;
            }
            if self.careful && is_dir && guard::is_store(entry.file_name()) {
                entries.skip_current_dir();
                give(Item::LeftOut(LeftOut::VersionControl))?;
                continue;
            }
            if let Some(rule) = self.selection.leaves_out(&entry, below) {
                if is_dir {
                    entries.skip_current_dir();
                }
                if is_dir || matches!(rule, LeftOut::Link | LeftOut::Backup) || has_picture_extension(entry.path()) {
                    give(Item::LeftOut(rule))?;
                }
                continue;
            }
            if !entry.file_type().is_file() {
                continue;
            }
            let parent = below.parent().unwrap_or(Path::new(""));
            let certain = has_picture_extension(entry.path());
            match self.item(entry.path(), parent, certain, entry.path_is_symlink()) {
                Item::Found(found) => later.give(found, give)?,
                other => give(other)?,
            }
        }
        later.end(give)
    }

    /// Whether this run, or one like it, wrote it.
    fn is_ours(&self, entry: &walkdir::DirEntry) -> bool {
        let name = entry.file_name().as_bytes();
        // Our temporary files are excluded, even with --hidden.
        if name.starts_with(crate::sink::TEMPORARY.as_bytes()) {
            return true;
        }
        if entry.file_type().is_dir() && self.avoid_name.as_ref().is_some_and(|n| n.as_bytes() == name) {
            return true;
        }
        self.is_avoided(entry.path())
    }

    /// Whether this run writes to it.
    fn is_avoided(&self, path: &Path) -> bool {
        // Real paths cost system calls, so names are compared first.
        let named = |avoid: &&PathBuf| avoid.file_name() == path.file_name();
        self.avoid.iter().filter(named).any(|avoid| path.canonicalize().is_ok_and(|real| real == *avoid))
    }

    fn walk_error(&self, error: walkdir::Error, dir: &Path, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        // With --follow, a loop was walked already, and a dangling link refers to nothing.
        let dangling = self.selection.follow
            && error.path().is_some_and(|p| fs::symlink_metadata(p).is_ok_and(|m| m.file_type().is_symlink()));
        if error.loop_ancestor().is_some() || dangling {
            return Flow::Continue(());
        }
        let path = error.path().unwrap_or(dir).to_path_buf();
        let error = error.into_io_error().unwrap_or_else(|| io::Error::other("directory loop"));
        give(Item::Failed { path, error: error.into() })
    }
}

#[cfg(test)]
mod tests;
