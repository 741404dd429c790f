//! Properties of names and paths.

use std::ffi::OsStr;
use std::io::{BufReader, Read, Seek};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::archive::detect::{self, Packing};
use crate::source;
use thumbs_render::format::Format;

/// Whether a file is an archive. A compressed file may be something else. Unreadable files fail
/// later, as inputs of their own.
pub fn is_archive(path: &Path) -> bool {
    let holds_files = || {
        let mut file = source::open_file(path).ok()?;
        let mut head = Vec::new();
        (&mut file).take(detect::HEAD as u64).read_to_end(&mut head).ok()?;
        let packing = detect::packing_of(path, &head)?;
        if matches!(packing, Packing::Plain | Packing::Zip) {
            return Some(true);
        }
        file.rewind().ok()?;
        Some(detect::holds_tar(packing, BufReader::new(file)))
    };
    holds_files().unwrap_or(false)
}

/// The real path of the longest existing part of `path`, with the rest appended.
pub fn real_path(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => real_path(parent).join(name),
        _ => std::env::current_dir().unwrap_or_default().join(path),
    }
}

/// Whether a name could be a pattern.
pub fn is_pattern(path: &Path) -> bool {
    let bytes = path.as_os_str().as_bytes();
    bytes.iter().any(|b| b"*?[".contains(b)) || bytes.contains(&b'{') && bytes.contains(&b'}')
}

/// The literal directory part of a pattern.
pub fn literal_prefix(pattern: &Path) -> PathBuf {
    let mut prefix: PathBuf = pattern.components().take_while(|c| !is_pattern(Path::new(c))).collect();
    if prefix == pattern {
        prefix.pop();
    }
    prefix
}

/// Whether the extension is that of a picture format.
pub fn has_picture_extension(path: &Path) -> bool {
    path.extension().is_some_and(|e| Format::from_extension(e.as_bytes()).is_some())
}

/// Suffixes of backups and partial downloads.
const ASIDE: &[&[u8]] =
    &[b".bak", b".orig", b".part", b".partial", b".filepart", b".crdownload", b".download", b".tmp", b"~"];
/// The suffix that metadata tools add to a picture's full name.
const ORIGINAL: &[u8] = b"_original";
/// Directories in which network drives keep previews and deleted files.
const DIRECTORIES: &[&[u8]] =
    &[b"@eaDir", b"#recycle", b"#snapshot", b"@Recycle", b"@Recently-Snapshot", b"$RECYCLE.BIN"];

/// Whether a file is a backup or a partial download, by its name.
pub fn is_backup(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    let ends = |end: &[u8]| name.len() > end.len() && name[name.len() - end.len()..].eq_ignore_ascii_case(end);
    if ends(ORIGINAL) {
        return has_picture_extension(Path::new(OsStr::from_bytes(&name[..name.len() - ORIGINAL.len()])));
    }
    ASIDE.iter().any(|end| ends(end))
}

/// Whether a directory of this name contains only files that no user put there.
pub fn is_aside(name: &OsStr) -> bool {
    DIRECTORIES.contains(&name.as_bytes())
}

/// The scheme of an address: "https" of `https://example.org/a.jpg`.
pub fn scheme(path: &Path) -> Option<&str> {
    let bytes = path.as_os_str().as_bytes();
    let (scheme, rest) = bytes.split_at(bytes.iter().position(|&b| b == b':')?);
    let letters = scheme.iter().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b));
    let is_scheme = letters && scheme.first().is_some_and(u8::is_ascii_alphabetic) && rest.starts_with(b"://");
    std::str::from_utf8(scheme).ok().filter(|_| is_scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backups() {
        for name in [
            "a.jpg_original",
            "a.JPG_original",
            "a.jpg.bak",
            "photo.bak",
            "a.ORIG",
            "x.jpg.part",
            "x.crdownload",
            "x.tmp",
            "a.jpg~",
            "a.jpg.~1~",
            "d/x.download",
        ] {
            assert!(is_backup(Path::new(name)), "{name}");
        }
        for name in
            ["a.jpg", "my_original", "notes_original", "a_original.jpg", "bak", ".bak", "~", "part.jpg", "a.parts"]
        {
            assert!(!is_backup(Path::new(name)), "{name}");
        }
        assert!(is_aside(OsStr::new("@eaDir")) && !is_aside(OsStr::new("eaDir")));
    }

    #[test]
    fn addresses() {
        for (path, want) in [
            ("https://example.org/a.jpg?w=1", Some("https")),
            ("s3://bucket/a.jpg", Some("s3")),
            ("file:///a.jpg", Some("file")),
            ("a.jpg", None),
            ("12:30/a.jpg", None),
            ("dir/x://y", None),
            ("://x", None),
        ] {
            assert_eq!(scheme(Path::new(path)), want, "{path}");
        }
    }
}
