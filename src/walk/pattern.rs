//! Expands patterns that the shell did not.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::glob::Part;
use super::paths::{is_aside, is_backup};
use super::{Flow, Item, Later, LeftOut, WalkError, Walker, has_picture_extension, literal_prefix};

/// A pattern, component by component.
struct Pattern {
    parts: Vec<Part>,
    base: PathBuf,
    /// Whether it has `**`, which includes the files of directories.
    deep: bool,
    /// Whether it ends in a slash and only matches directories.
    directories: bool,
}

/// Positions in a pattern that a path has reached. The number of parts is the end.
type Places = BTreeSet<usize>;

impl Pattern {
    fn new(path: &Path) -> Result<Self, super::PatternError> {
        let words: Vec<&[u8]> = path.as_os_str().as_bytes().split(|&b| b == b'/').filter(|w| !w.is_empty()).collect();
        let mut parts = words.into_iter().map(Part::new).collect::<Result<Vec<_>, _>>()?;
        parts.dedup_by(|a, b| *a == Part::Directories && a == b);
        let directories = path.as_os_str().as_bytes().ends_with(b"/");
        // Everything below a directory.
        if parts.last() == Some(&Part::Directories) {
            parts.push(Part::new(b"*")?);
        }
        Ok(Self { base: literal_prefix(path), deep: parts.contains(&Part::Directories), parts, directories })
    }

    /// Adds the positions behind `**`, which may match no directory at all.
    fn and_behind(&self, places: Places) -> Places {
        let behind = |&place: &usize| (self.parts.get(place) == Some(&Part::Directories)).then_some(place + 1);
        let more: Vec<usize> = places.iter().filter_map(behind).collect();
        places.into_iter().chain(more).collect()
    }

    /// The positions after a name.
    fn step(&self, places: &Places, name: &[u8], hidden: bool) -> Places {
        let is_hidden = name.starts_with(b".") && !matches!(name, b"." | b"..");
        let led = places.iter().filter_map(|&place| {
            let part = self.parts.get(place)?;
            if is_hidden && !hidden && !part.is_dotted() || !part.matches(name) {
                return None;
            }
            Some(if *part == Part::Directories { place } else { place + 1 })
        });
        self.and_behind(led.collect())
    }

    /// The names that can follow these positions, if all are literal.
    fn spelled_out(&self, places: &Places) -> Option<BTreeSet<&OsStr>> {
        let name = |&place: &usize| match self.parts.get(place) {
            Some(Part::Literal(name)) => Some(Some(OsStr::from_bytes(name))),
            None => Some(None),
            _ => None,
        };
        places.iter().map(name).collect::<Option<Vec<_>>>().map(|names| names.into_iter().flatten().collect())
    }
}

impl Walker {
    pub(super) fn pattern(&self, path: &Path, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        let failed = |error| Item::Failed { path: path.to_path_buf(), error };
        let pattern = match Pattern::new(path) {
            Ok(pattern) => pattern,
            Err(error) => return give(failed(WalkError::Pattern(error))),
        };
        let top = if path.is_absolute() { Path::new("/") } else { Path::new("") };
        let (later, above) = (Later::default(), Vec::new());
        let mut search = Search { walker: self, pattern: &pattern, path, any: false, later, above };
        search.below(top, &pattern.and_behind(Places::from([0])), give)?;
        let Search { any, later, .. } = search;
        later.end(give)?;
        if any { Flow::Continue(()) } else { give(failed(WalkError::NoMatch)) }
    }
}

/// A single search through the directories with all positions of the pattern at once, so that
/// nothing is found twice.
struct Search<'a> {
    walker: &'a Walker,
    pattern: &'a Pattern,
    /// The pattern as typed.
    path: &'a Path,
    any: bool,
    later: Later,
    /// The parent directories by device and inode, if links are followed.
    above: Vec<(u64, u64)>,
}

impl Search<'_> {
    fn below(&mut self, dir: &Path, places: &Places, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        let names: Vec<OsString> = match self.pattern.spelled_out(places) {
            Some(names) => names.into_iter().map(OsStr::to_os_string).collect(),
            None => match names_in(dir) {
                Ok(names) => names,
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    return Flow::Continue(());
                }
                Err(error) => {
                    self.any = true;
                    return give(Item::Failed { path: dir.to_path_buf(), error: error.into() });
                }
            },
        };
        for name in names {
            let led = self.pattern.step(places, name.as_bytes(), self.walker.selection.hidden);
            if !led.is_empty() {
                self.entry(&dir.join(&name), led, give)?;
            }
        }
        Flow::Continue(())
    }

    fn entry(&mut self, path: &Path, mut places: Places, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        let Ok(mut metadata) = fs::symlink_metadata(path) else { return Flow::Continue(()) };
        let link = metadata.is_symlink();
        if link {
            match fs::metadata(path) {
                Ok(target) => metadata = target,
                // A dangling link, but its name matched.
                Err(_) => {
                    self.any |= places.contains(&self.pattern.parts.len());
                    return Flow::Continue(());
                }
            }
        }
        let meant = places.remove(&self.pattern.parts.len());
        if meant && (metadata.is_dir() || !self.pattern.directories) {
            self.any = true;
            self.matched(path, &metadata, link, give)?;
        }
        if places.is_empty() || !metadata.is_dir() {
            return Flow::Continue(());
        }
        let id = (metadata.dev(), metadata.ino());
        // `**` enters neither directories that this run writes to nor links, unless links are
        // followed: then without loops.
        let through = |&place: &usize| self.pattern.parts.get(place) == Some(&Part::Directories);
        if places.iter().any(through) {
            let circle = link && (!self.walker.selection.follow || self.above.contains(&id));
            if circle || self.walker.is_avoided(path) {
                return Flow::Continue(());
            }
        }
        self.above.push(id);
        let flow = self.below(path, &places, give);
        self.above.pop();
        flow
    }

    /// Handles a match of the whole pattern.
    fn matched(
        &mut self,
        path: &Path,
        metadata: &fs::Metadata,
        link: bool,
        give: &mut dyn FnMut(Item) -> Flow,
    ) -> Flow {
        let selection = &self.walker.selection;
        let named = matches!(self.pattern.parts.last(), Some(Part::Literal(_)));
        if !named && self.walker.is_avoided(path) {
            return Flow::Continue(());
        }
        let below = path.strip_prefix(&self.pattern.base).unwrap_or(path);
        let counts = metadata.is_dir() || has_picture_extension(path);
        let leave = |rule, give: &mut dyn FnMut(Item) -> Flow| match counts {
            true => give(Item::LeftOut(rule)),
            false => Flow::Continue(()),
        };
        if !selection.backups && is_set_aside(self.path, path, metadata.is_dir()) {
            return give(Item::LeftOut(LeftOut::Backup));
        }
        if selection.exclude.matches(below) {
            return leave(LeftOut::Excluded, give);
        }
        if metadata.is_dir() {
            return if self.pattern.deep {
                Flow::Continue(())
            } else {
                self.walker.directory(path, &self.pattern.base, give)
            };
        }
        if !metadata.is_file() {
            return Flow::Continue(());
        }
        if !selection.includes(below) {
            return leave(LeftOut::NotIncluded, give);
        }
        let parent = below.parent().unwrap_or(Path::new(""));
        match self.walker.item(path, parent, has_picture_extension(path), link) {
            Item::Found(found) => self.later.give(found, give),
            other => give(other),
        }
    }
}

/// Whether a match is a backup, or is in a directory of them, and the pattern does not ask for
/// that, as `*.bak` does.
fn is_set_aside(pattern: &Path, entry: &Path, is_dir: bool) -> bool {
    let above = if is_dir { Some(entry) } else { entry.parent() };
    let asked = |name: &OsStr| pattern.iter().any(|word| word == name);
    let among = above.into_iter().flat_map(Path::iter).any(|name| is_aside(name) && !asked(name));
    among || (!is_dir && is_backup(entry) && !is_backup(pattern))
}

/// The names in a directory, sorted.
fn names_in(dir: &Path) -> io::Result<Vec<OsString>> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let mut names = fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    // Our temporary files are excluded, whatever the pattern.
    names.retain(|name| !name.as_bytes().starts_with(crate::sink::TEMPORARY.as_bytes()));
    names.sort();
    Ok(names)
}
