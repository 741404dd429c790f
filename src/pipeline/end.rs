//! Why an input ends before its outputs are encoded.

use std::path::PathBuf;

use crate::outcome::{Done, SkipReason, Stage};
use crate::source::SourceError;
use crate::state::Record;

/// Why an input ends before its outputs are encoded.
pub enum End {
    Skipped(SkipReason),
    /// Not to be made, or replaced in place, nor looked at again until it changes.
    Settled(SkipReason),
    /// Encoded, and not to replace its source.
    Kept(Box<Done>, SkipReason, Option<Box<Record>>),
    /// The same as the earlier input of this name.
    Duplicate(SkipReason, PathBuf),
    /// Unchanged according to its content, with a record for the state.
    Unchanged(SkipReason, Box<Record>),
    Failed(Stage, String),
    /// It cannot be read, and may be if it is tried again soon.
    Unread(String),
    /// A file of a walk that is not a picture.
    Ignored,
    /// The inputs differ from those of the data set.
    OtherInputs(String),
}

impl End {
    /// Of a source that is not replaced. That it was compressed, or can never be, is remembered.
    pub fn refused(reason: SkipReason) -> Self {
        match reason {
            SkipReason::Compressed | SkipReason::NotWritten | SkipReason::Animated | SkipReason::WouldLose => {
                Self::Settled(reason)
            }
            _ => Self::Skipped(reason),
        }
    }
}

impl From<SourceError> for End {
    fn from(error: SourceError) -> Self {
        match error.may_pass() {
            true => Self::Unread(error.to_string()),
            false => Self::Failed(Stage::Read, error.to_string()),
        }
    }
}
