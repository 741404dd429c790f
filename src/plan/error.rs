//! Why the outputs of an input cannot be made.

use std::path::PathBuf;

use super::ClaimError;
use thumbs_render::format::Format;

/// Why the outputs of an input cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The name belongs to another output, or to an input.
    #[error("{0}{hint}", hint = hint(.0))]
    Claim(#[from] ClaimError),
    /// Two variants of one picture have the same name.
    #[error("two of its outputs would be {0:?}; let --name hold {{size}}, {{width}} or {{ext}}")]
    Ambiguous(PathBuf),
    /// The extension belongs to another format.
    #[error("{path:?} would hold {format}; let --name end in .{{ext}}")]
    Suffix {
        /// The output.
        path: PathBuf,
        /// The format.
        format: Format,
    },
    /// The path leads out of the archive, or out of the prefix.
    #[error("{0:?} would lead out of the {1}; use --relative-to")]
    Outside(PathBuf, &'static str),
    /// No object can have this name.
    #[error("{0:?}: {1}")]
    Key(PathBuf, String),
    /// An INPUT is above it in the store.
    #[error("{0:?} is below the INPUT {1:?}, and would be an input of the next run; choose another -o")]
    Below(PathBuf, PathBuf),
    /// An existing file was not written by thumbs.
    #[error("{0:?} exists and thumbs did not write it (--existing replace or skip)")]
    Exists(PathBuf),
    /// A directory has this name.
    #[error("{0:?} is a directory")]
    Directory(PathBuf),
    /// A file exists, with `--existing fail`.
    #[error("{0:?} exists")]
    ExistsFail(PathBuf),
}

fn hint(error: &ClaimError) -> &'static str {
    match error {
        ClaimError::Taken { namesakes: true, .. } => "; a mirrored tree (--relative-to) keeps them apart",
        ClaimError::Taken { .. } => "; --name '{name}.{ext}' or a mirrored tree (--relative-to) keeps them apart",
        ClaimError::IsInput(_) => "; choose another -o or --name",
    }
}
