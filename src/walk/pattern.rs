//! Patterns that no shell expanded.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::paths::{is_aside, is_backup};
use super::{Flow, Item, Later, LeftOut, WalkError, Walker, has_picture_extension, literal_prefix};

impl Walker {
    pub(super) fn pattern(&self, path: &Path, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        let failed = |error| Item::Failed { path: path.to_path_buf(), error };
        let Some(text) = path.to_str() else {
            return give(failed(WalkError::Io(io::ErrorKind::NotFound.into())));
        };
        let all = without_climbing(&if text.ends_with("**") { format!("{text}/*") } else { text.to_owned() });
        let words = Words::new(path);
        // With that set, glob finds no hidden name at all, not even of `.*`; `Words` sorts them out.
        let options = glob::MatchOptions {
            require_literal_leading_dot: !self.selection.hidden && words.dotted == 0,
            require_literal_separator: true,
            ..glob::MatchOptions::default()
        };
        let matches = match glob::glob_with(&all, options) {
            Ok(matches) => matches,
            Err(error) => return give(failed(WalkError::Pattern(error.msg))),
        };
        let base = literal_prefix(path);
        // `**` gives the directories' files itself.
        let deep = text.contains("**");
        let mut any = false;
        let mut later = Later::default();
        for entry in matches {
            let place = entry.as_ref().map_or_else(|error| error.path(), |entry| entry.as_path());
            if !words.mean(place, self.selection.hidden, deep) {
                continue;
            }
            any = true;
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().to_path_buf();
                    give(Item::Failed { path, error: io::Error::from(error).into() })?;
                    continue;
                }
            };
            let below = entry.strip_prefix(&base).unwrap_or(&entry).to_path_buf();
            let Ok(mut metadata) = fs::symlink_metadata(&entry) else { continue };
            let link = metadata.is_symlink();
            if link {
                let Ok(target) = fs::metadata(&entry) else { continue };
                metadata = target;
            }
            let leave =
                |rule, give: &mut dyn FnMut(Item) -> Flow| match metadata.is_dir() || has_picture_extension(&entry) {
                    true => give(Item::LeftOut(rule)),
                    false => Flow::Continue(()),
                };
            if !self.selection.backups && is_set_aside(path, &entry, metadata.is_dir()) {
                give(Item::LeftOut(LeftOut::Backup))?;
                continue;
            }
            if self.selection.exclude.matches(&below) {
                leave(LeftOut::Excluded, give)?;
                continue;
            }
            if metadata.is_dir() {
                if !deep {
                    self.directory(&entry, &base, give)?;
                }
                continue;
            }
            if !metadata.is_file() {
                continue;
            }
            if !self.selection.includes(&below) {
                leave(LeftOut::NotIncluded, give)?;
                continue;
            }
            let parent = below.parent().unwrap_or(Path::new(""));
            match self.item(&entry, parent, has_picture_extension(&entry), link) {
                Item::Found(found) => later.give(found, give)?,
                other => give(other)?,
            }
        }
        later.end(give)?;
        if any { Flow::Continue(()) } else { give(failed(WalkError::NoMatch)) }
    }
}

/// Whether a match is a backup or lies among such, and the pattern itself does not ask for it: `*.bak` does.
fn is_set_aside(pattern: &Path, entry: &Path, is_dir: bool) -> bool {
    let above = if is_dir { Some(entry) } else { entry.parent() };
    let asked = |name: &OsStr| pattern.iter().any(|word| word == name);
    let among = above.into_iter().flat_map(Path::iter).any(|name| is_aside(name) && !asked(name));
    among || (!is_dir && is_backup(entry) && !is_backup(pattern))
}

/// The same pattern, but for `glob`: to it `.*` also is `.` and `..`, unless the dot stands in brackets. What it found
/// there was never given, but it went through all that is below the parent directory (found by fuzzing).
fn without_climbing(pattern: &str) -> String {
    let word = |word: &str| match word.strip_prefix('.') {
        Some(rest) if rest.contains(['*', '?', '[']) => format!("[.]{rest}"),
        _ => word.to_owned(),
    };
    pattern.split('/').map(word).collect::<Vec<_>>().join("/")
}

/// The names between a path's slashes, which tell of a match whether it is meant: for `glob`, `.*` also
/// matches `.` and `..`, and a walk would climb.
struct Words<'a> {
    all: Vec<&'a [u8]>,
    /// Those that begin with a dot and are not `.` or `..`.
    dotted: usize,
}

const HERE: &[u8] = b".";
const UP: &[u8] = b"..";

impl<'a> Words<'a> {
    fn new(path: &'a Path) -> Self {
        let all: Vec<&[u8]> = path.as_os_str().as_bytes().split(|&b| b == b'/').filter(|w| !w.is_empty()).collect();
        // What is above the first name is no step.
        let skip = usize::from(all.first() == Some(&HERE));
        let all = all[skip..].to_vec();
        let dotted = all.iter().filter(|word| is_dotted(word)).count();
        Self { all, dotted }
    }

    fn count(&self, wanted: &[u8]) -> usize {
        self.all.iter().filter(|word| **word == wanted).count()
    }

    /// Whether a match of this pattern climbs or stands still only where the pattern says so, and has hidden
    /// names only where they are wanted or the pattern's own begins with a dot.
    fn mean(&self, path: &Path, hidden: bool, deep: bool) -> bool {
        let found = Words::new(path);
        if found.count(UP) != self.count(UP) || found.count(HERE) > self.count(HERE) {
            return false;
        }
        if deep {
            let ends = |words: &Words<'_>| words.all.last().is_some_and(|word| is_dotted(word));
            return hidden || found.dotted <= self.dotted && (!ends(&found) || ends(self));
        }
        // `glob` leaves a `.` of the pattern out.
        let steps = |words: &Words<'_>| {
            words.all.iter().filter(|word| **word != HERE).map(|w| is_dotted(w)).collect::<Vec<_>>()
        };
        let (found, own) = (steps(&found), steps(self));
        found.len() == own.len() && (hidden || found.iter().zip(&own).all(|(found, own)| !found || *own))
    }
}

fn is_dotted(word: &[u8]) -> bool {
    word.starts_with(b".") && word != HERE && word != UP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_that_are_no_folders() {
        for (pattern, meant) in [
            (".*/**/*.jpg", "[.]*/**/*.jpg"),
            ("../.?/./x", "../[.]?/./x"),
            ("a/..*", "a/[.].*"),
            ("/.[ab]/.hidden/*.*", "/[.][ab]/.hidden/*.*"),
            ("*.jpg", "*.jpg"),
        ] {
            assert_eq!(without_climbing(pattern), meant);
            assert!(glob::Pattern::new(meant).is_ok());
        }
    }
}
