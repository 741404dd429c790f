//! What names say, and where they lead.

use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::archive::detect;
use crate::format::Format;
use crate::source;

/// Whether a file holds other files. What cannot be read fails later, as an input of its own.
pub fn is_archive(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = source::open_file(path).and_then(|f| f.take(detect::HEAD as u64).read_to_end(&mut head));
    read.is_ok() && detect::packing(&head).is_some()
}

/// The real path of the longest part of `path` that exists, with the rest appended.
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

/// Whether a name could be meant as a pattern.
pub fn is_pattern(path: &Path) -> bool {
    path.as_os_str().as_bytes().iter().any(|b| b"*?[".contains(b))
}

/// The directory part of a pattern that is spelled out.
pub fn literal_prefix(pattern: &Path) -> PathBuf {
    let mut prefix: PathBuf = pattern.components().take_while(|c| !is_pattern(Path::new(c))).collect();
    if prefix == pattern {
        prefix.pop();
    }
    prefix
}

/// Whether the extension claims that this is a picture.
pub fn has_picture_extension(path: &Path) -> bool {
    path.extension().is_some_and(|e| Format::from_extension(e.as_bytes()).is_some())
}
