//! Orders files whose content alone makes them inputs after files with the same stem and a
//! picture's extension: of `photo`, `photo.dat` and `photo.jpg`, the last is the picture and gets
//! the output's name first.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Flow, Found, Item};

/// Holds files back until no later name can take precedence.
#[derive(Debug, Default)]
pub struct Later {
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    found: Found,
    dir: PathBuf,
    stem: OsString,
}

impl Held {
    /// Whether `next`, the next name of the walk, comes before or among the names that begin with
    /// this one's stem and a dot.
    fn waits(&self, next: &Path) -> bool {
        let Some(name) = next.strip_prefix(&self.dir).ok().and_then(|below| below.iter().next()) else { return false };
        let stem = self.stem.as_bytes();
        let same = name.as_bytes().strip_prefix(stem).is_some_and(|rest| rest.starts_with(b"."));
        same || name < OsStr::from_bytes(&[stem, b"."].concat())
    }
}

impl Later {
    /// Passes `found` on, or holds it back.
    pub fn give(&mut self, found: Found, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        let Some(path) = found.path.clone() else { return give(Item::Found(found)) };
        self.come_to(&path, give)?;
        if found.certain {
            return give(Item::Found(found));
        }
        let dir = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let stem = path.file_stem().unwrap_or_default().to_owned();
        self.held.push(Held { found, dir, stem });
        Flow::Continue(())
    }

    /// Passes on everything that need not wait when the walk reaches `path`.
    pub fn come_to(&mut self, path: &Path, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        if self.held.is_empty() {
            return Flow::Continue(());
        }
        let (wait, go): (Vec<_>, Vec<_>) = std::mem::take(&mut self.held).into_iter().partition(|h| h.waits(path));
        self.held = wait;
        go.into_iter().try_for_each(|held| give(Item::Found(held.found)))
    }

    /// Passes on the rest.
    pub fn end(self, give: &mut dyn FnMut(Item) -> Flow) -> Flow {
        self.held.into_iter().try_for_each(|held| give(Item::Found(held.found)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_by_name_come_first_and_the_order_stays() {
        let names = [
            "a/photo",
            "a/photo-1.jpg",
            "a/photo.d/x",
            "a/photo.dat",
            "a/photo.jpg",
            "a/q",
            "a/r.jpg",
            "a/s.dat",
            "b/t",
            "b/u.jpg",
        ];
        let mut got = Vec::new();
        let mut give = |item| {
            if let Item::Found(Found { path: Some(path), .. }) = item {
                got.push(path.display().to_string());
            }
            Flow::Continue(())
        };
        let mut later = Later::default();
        for name in names {
            let path = PathBuf::from(name);
            let certain = path.extension().is_some_and(|e| e == "jpg");
            let found = Found { path: Some(path), below: PathBuf::new(), certain, link: false };
            assert!(later.give(found, &mut give).is_continue());
        }
        assert!(later.end(&mut give).is_continue());
        let want = [
            "a/photo-1.jpg",
            "a/photo.d/x",
            "a/photo.jpg",
            "a/photo",
            "a/photo.dat",
            "a/q",
            "a/r.jpg",
            "a/s.dat",
            "b/t",
            "b/u.jpg",
        ];
        assert_eq!(got, want);
    }
}
