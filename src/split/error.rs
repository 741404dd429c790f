//! What goes wrong with the files of a plan.

use std::io;
use std::path::{Path, PathBuf};

use crate::words;

/// Why a plan cannot be written, read or finished.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// A file cannot be read or written.
    #[error("{}: {}", words::path(.path), words::system_words(.error))]
    Io {
        /// The file.
        path: PathBuf,
        /// The system error.
        error: io::Error,
    },
    /// A file is not what this program writes.
    #[error("{}: {why}", words::path(.path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// An input that cannot be part of a plan.
    #[error("{0}")]
    Input(String),
}

impl SplitError {
    /// An error of this file.
    pub fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |error| Self::Io { path, error }
    }

    /// This file is not what this program writes.
    pub fn damaged(path: &Path, why: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_path_buf(), why: why.into() }
    }
}
