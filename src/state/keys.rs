//! Identifies directories in the state by a root and a path below it.
//!
//! A root is a directory INPUT, a destination, or `/` for everything else. A root at, below or
//! beside the directory of the state is stored relative to it, so that all may move together.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::db::Db;
use super::{StateError, os_string};
use crate::net::is_stored;
use crate::walk::real_path;

/// The number of directories whose IDs are cached.
const REMEMBERED: usize = 4096;

#[derive(Debug)]
struct Root {
    /// None until something is recorded below it.
    id: Option<i64>,
    real: PathBuf,
    /// The stored form.
    stored: Vec<u8>,
}

/// Maps directories to IDs.
#[derive(Debug)]
pub struct Keys {
    base: PathBuf,
    roots: Vec<Root>,
    /// By the spelling that was requested.
    ids: HashMap<PathBuf, i64>,
    paths: HashMap<i64, PathBuf>,
}

impl Keys {
    /// With the roots that the state knows, and those of this run.
    pub fn new(base: PathBuf, known: Vec<(i64, Vec<u8>)>, run: &[PathBuf]) -> Self {
        let mut roots: Vec<Root> = Vec::new();
        for (id, stored) in known {
            let real = clean(&base.join(OsStr::from_bytes(&stored)));
            roots.push(Root { id: Some(id), real, stored });
        }
        for real in run.iter().map(PathBuf::as_path).chain([Path::new("/")]) {
            // A directory below a known root keeps its key, whichever INPUT leads there. `/` is for
            // the rest.
            let held = roots.iter().any(|r| r.real == real || (r.real != Path::new("/") && real.starts_with(&r.real)));
            if !held {
                let stored = stored(&base, real);
                roots.push(Root { id: None, real: real.to_path_buf(), stored });
            }
        }
        roots.sort_by_key(|r| std::cmp::Reverse(r.real.components().count()));
        Self { base, roots, ids: HashMap::new(), paths: HashMap::new() }
    }

    /// The stored form of a real path.
    pub fn stored(&self, real: &Path) -> Vec<u8> {
        stored(&self.base, real)
    }

    /// The real path of a stored form.
    pub fn real(&self, stored: &[u8]) -> PathBuf {
        clean(&self.base.join(OsStr::from_bytes(stored)))
    }

    fn key(&self, dir: &Path) -> Option<(usize, PathBuf)> {
        let real = real_path(dir);
        let (at, root) = self.roots.iter().enumerate().find(|(_, r)| real.starts_with(&r.real))?;
        let below = real.strip_prefix(&root.real).ok()?.to_path_buf();
        Some((at, below))
    }

    /// The ID of a directory, if it has one.
    pub fn find(&mut self, db: &Db, dir: &Path) -> Result<Option<i64>, StateError> {
        if let Some(id) = self.ids.get(dir) {
            return Ok(Some(*id));
        }
        let Some((at, below)) = self.key(dir) else { return Ok(None) };
        let Some(root) = self.roots[at].id else { return Ok(None) };
        let id = db.find_dir(root, below.as_os_str().as_bytes())?;
        if let Some(id) = id {
            self.remember(dir, id);
        }
        Ok(id)
    }

    /// The ID of a directory. Assigns one if necessary.
    pub fn make(&mut self, db: &Db, dir: &Path) -> Result<i64, StateError> {
        if let Some(id) = self.find(db, dir)? {
            return Ok(id);
        }
        // `/` contains every path.
        let (at, below) = self.key(dir).unwrap_or((self.roots.len() - 1, dir.to_path_buf()));
        let root = match self.roots[at].id {
            Some(id) => id,
            None => db.make_root(&self.roots[at].stored)?,
        };
        self.roots[at].id = Some(root);
        let id = db.make_dir(root, below.as_os_str().as_bytes())?;
        self.remember(dir, id);
        Ok(id)
    }

    fn remember(&mut self, dir: &Path, id: i64) {
        if self.ids.len() >= REMEMBERED {
            self.ids.clear();
        }
        self.ids.insert(dir.to_path_buf(), id);
    }

    /// The real path of a directory ID.
    pub fn path(&mut self, db: &Db, id: i64) -> Result<&Path, StateError> {
        if !self.paths.contains_key(&id) {
            let (root, below) = db.dir(id)?;
            let path = self.join(root, &below).unwrap_or_else(|| PathBuf::from(os_string(below)));
            if self.paths.len() >= REMEMBERED {
                self.paths.clear();
            }
            self.paths.insert(id, path);
        }
        Ok(self.paths.get(&id).map_or(Path::new(""), PathBuf::as_path))
    }

    /// The real path of a stored path below a root.
    pub fn join(&self, root: i64, below: &[u8]) -> Option<PathBuf> {
        let root = self.roots.iter().find(|r| r.id == Some(root))?;
        Some(if below.is_empty() { root.real.clone() } else { root.real.join(OsStr::from_bytes(below)) })
    }

    /// Clears the cache, after a transaction that was rolled back.
    pub fn forget(&mut self) {
        self.ids.clear();
        self.paths.clear();
    }
}

/// The path under which the state keeps an output: that of an object is one that no file has.
pub fn place(path: &Path) -> Cow<'_, Path> {
    match is_stored(path) {
        true => Cow::Owned(Path::new("/").join(path)),
        false => Cow::Borrowed(path),
    }
}

/// The address of an object that the state keeps under this path.
pub fn address(path: PathBuf) -> PathBuf {
    let mut names = path.components().skip(1).map(|name| name.as_os_str());
    let scheme = names.next().unwrap_or_default();
    if !matches!(scheme.as_bytes(), b"s3:" | b"gs:" | b"az:") || !path.is_absolute() {
        return path;
    }
    let mut text = scheme.to_owned();
    text.push("/");
    for name in names {
        text.push("/");
        text.push(name);
    }
    PathBuf::from(text)
}

/// The stored form of a root: relative if it is at, below or beside the directory of the state.
fn stored(base: &Path, real: &Path) -> Vec<u8> {
    let relative = match real.strip_prefix(base) {
        Ok(below) => Some(below.to_path_buf()),
        Err(_) => base.parent().filter(|up| *up != Path::new("/")).and_then(|up| {
            let below = real.strip_prefix(up).ok()?;
            Some(Path::new("..").join(below))
        }),
    };
    relative.unwrap_or_else(|| real.to_path_buf()).as_os_str().as_bytes().to_vec()
}

/// Resolves the `..` that `stored` may have added.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        if component == std::path::Component::ParentDir {
            clean.pop();
        } else {
            clean.push(component);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_move_with_their_state() {
        for (base, real, want) in [
            ("/a/b", "/a/b", ""),
            ("/a/b", "/a/b/c", "c"),
            ("/a/b", "/a/c", "../c"),
            ("/a/b", "/a", "../"),
            ("/a/b", "/x/y", "/x/y"),
            ("/a", "/x", "/x"),
            ("/a", "/", "/"),
        ] {
            let stored = stored(Path::new(base), Path::new(real));
            assert_eq!(String::from_utf8(stored.clone()).unwrap(), want, "{base} {real}");
            assert_eq!(clean(&Path::new(base).join(OsStr::from_bytes(&stored))), Path::new(real));
        }
    }

    #[test]
    fn the_deepest_root_applies() {
        let roots = ["/p/2024".into(), "/p".into(), "/out".into()];
        let keys = Keys::new("/out".into(), vec![(1, b"/p/2024".to_vec())], &roots);
        let root =
            |dir: &str| keys.key(Path::new(dir)).map(|(at, below)| (keys.roots[at].real.clone(), below)).unwrap();
        assert_eq!(root("/p/2024/x"), ("/p/2024".into(), "x".into()));
        assert_eq!(root("/p/2025/x"), ("/p".into(), "2025/x".into()));
        assert_eq!(root("/q"), ("/".into(), "q".into()));
        // Below a known root no other root begins.
        let keys = Keys::new("/out".into(), vec![(1, b"/p".to_vec())], &["/p/2024".into()]);
        assert_eq!(keys.roots.len(), 2);
    }
}
