//! Places in which no picture is replaced: what version control keeps, and directories that hold all of a person's or a
//! system's files.

use std::path::{Path, PathBuf};

use super::real_path;

/// Directories in which version-control systems keep files under digests of their content.
const STORES: [&str; 8] = [".git", ".hg", ".svn", ".jj", ".bzr", "_darcs", ".pijul", "CVS"];

/// Directories of a system.
const SYSTEM: [&str; 17] = [
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/proc", "/root", "/run", "/sbin",
    "/sys", "/usr", "/var", "/home",
];

/// Whether a real path is, or lies in, the store of a version-control system.
pub fn in_store(real: &Path) -> bool {
    real.iter().any(is_store)
}

/// Whether a directory of this name is one.
pub fn is_store(name: &std::ffi::OsStr) -> bool {
    STORES.iter().any(|store| name == *store)
}

/// Why the pictures in the directory `dir` are not replaced, if they are not.
pub fn refusal(dir: &Path) -> Option<&'static str> {
    refusal_at(&real_path(dir), std::env::home_dir().map(|home| real_path(&home)))
}

fn refusal_at(real: &Path, home: Option<PathBuf>) -> Option<&'static str> {
    let home = home.filter(|home| home.parent().is_some());
    if real.parent().is_none() {
        return Some("the root of the file system");
    }
    if home.as_deref() == Some(real) {
        return Some("your home directory");
    }
    if home.is_some_and(|home| home.starts_with(real)) {
        return Some("it holds your home directory");
    }
    if SYSTEM.iter().any(|dir| real == Path::new(dir)) {
        return Some("a directory of the system");
    }
    in_store(real).then_some("it belongs to version control")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_are_refused() {
        let refused = |path: &str| refusal_at(Path::new(path), Some("/data/people/me".into()));
        for path in ["/", "/usr", "/home", "/data/people/me", "/data/people", "/data", "/r/.git", "/r/.git/annex/x"] {
            assert!(refused(path).is_some(), "{path}");
        }
        for path in ["/data/people/me/Pictures", "/data/people/you", "/srv", "/usr/share/icons", "/r/git", "/r/x.git"] {
            assert_eq!(refused(path), None, "{path}");
        }
        assert_eq!(refusal_at(Path::new("/srv"), Some("/".into())), None, "a home that is the root says nothing");
    }
}
