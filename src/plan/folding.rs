//! Which names a directory treats as equal. On exFAT, SMB and similar file systems, `IMG.JPG` and
//! `img.jpg` are one file, and so are composed and decomposed accents.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use unicode_normalization::UnicodeNormalization;

use crate::sink;

/// The number of names in a directory that are tried in search of one with letters.
const TRIED: usize = 64;

/// `name` as a case-insensitive directory sees it. In doubt, names count as equal: the second of
/// two then fails, instead of replacing the first.
pub fn fold(name: &OsStr) -> OsString {
    match name.to_str() {
        // By way of capitals, so that all forms of a letter meet: both small sigmas, and the sharp
        // s with ss.
        Some(text) => {
            text.nfd().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfd().collect::<String>().into()
        }
        None => OsString::from_vec(name.as_bytes().to_ascii_lowercase()),
    }
}

/// The name with its ASCII letters in the other case, if it has any.
fn swapped(name: &OsStr) -> Option<OsString> {
    let swap = |b: &u8| if b.is_ascii_lowercase() { b.to_ascii_uppercase() } else { b.to_ascii_lowercase() };
    let other: Vec<u8> = name.as_bytes().iter().map(swap).collect();
    (other != name.as_bytes()).then(|| OsString::from_vec(other))
}

/// Whether the directory `dir` ignores case, tested with a name that it contains. Returns None if
/// it contains none.
pub fn folds(dir: &Path) -> Option<bool> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().take(TRIED);
    entries.map(|entry| entry.file_name()).find_map(|name| finds_swapped(dir, &name))
}

/// Like [`folds`], tested with a temporary file.
pub fn folds_by_trial(dir: &Path) -> Option<bool> {
    sink::with_temporary(dir, |name| finds_swapped(dir, name)).ok().flatten()
}

/// Whether `dir` finds its file `name` under the name in the other case, if that can be tested.
fn finds_swapped(dir: &Path, name: &OsStr) -> Option<bool> {
    let swapped = swapped(name)?;
    let metadata = |name: &OsStr| fs::symlink_metadata(dir.join(name)).ok();
    // Removed meanwhile, so it proves nothing.
    let own = metadata(name)?;
    let same = metadata(&swapped).is_some_and(|other| (other.dev(), other.ino()) == (own.dev(), own.ino()));
    // Two hard links to one file are two names.
    Some(same && (own.is_dir() || own.nlink() == 1 || !has_both(dir, name, &swapped)))
}

fn has_both(dir: &Path, a: &OsStr, b: &OsStr) -> bool {
    let names = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter(|name| name == a || name == b).count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names() {
        for (a, b, same) in [
            ("IMG.JPG", "img.jpg", true),
            ("ÜBER", "über", true),
            ("caf\u{e9}", "CAFE\u{301}", true),
            ("straße", "STRASSE", true),
            ("ΟΔΟΣ", "οδος", true),
            ("ΟΔΟΣ", "οδοσ", true),
            ("\u{212a}", "k", true),
            ("Ж", "ж", true),
            ("a.jpg", "b.jpg", false),
            ("e", "\u{e9}", false),
            ("a", "a ", false),
        ] {
            assert_eq!(fold(OsStr::new(a)) == fold(OsStr::new(b)), same, "{a} {b}");
        }
        let bytes = |b: &'static [u8]| fold(OsStr::from_bytes(b));
        assert_eq!(bytes(b"A\xff"), bytes(b"a\xff"));
        assert_ne!(bytes(b"a\xff"), bytes(b"a\xfe"));
    }

    #[test]
    fn an_ordinary_directory_is_case_sensitive() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!((folds(dir.path()), folds_by_trial(dir.path())), (None, Some(false)));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left of the trial");
        fs::write(dir.path().join("a"), "").unwrap();
        fs::hard_link(dir.path().join("a"), dir.path().join("A")).unwrap();
        assert_eq!(folds(dir.path()), Some(false));
        assert_eq!(folds(&dir.path().join("missing")), None);
    }
}
