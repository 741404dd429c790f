//! What the file for a page is.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// What the lines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An object a picture.
    Json,
    /// A `<picture>` element a picture.
    Html,
}

impl Kind {
    /// By the extension.
    pub fn of(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "html" | "htm" => Some(Self::Html),
            _ => None,
        }
    }

    /// The first line, by which a later run knows a file as ours.
    pub fn head(self) -> &'static str {
        match self {
            Self::Json => "{\"generator\":\"thumbs\",\"pictures\":[",
            Self::Html => "<!-- made by thumbs: one picture a line; the next run replaces this file -->",
        }
    }

    /// Whether this file is one of ours.
    pub fn is_head_of(self, file: &Path) -> bool {
        let first = File::open(file).and_then(|file| BufReader::new(file).lines().next().transpose());
        first.is_ok_and(|line| line.is_some_and(|line| line == self.head()))
    }
}

/// What a page is made of.
#[derive(Clone, Debug)]
pub struct PageOptions {
    pub file: PathBuf,
    pub kind: Kind,
    /// The directory of the outputs.
    pub outputs: PathBuf,
}
