//! What became of each input, and the sum of it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::walk::LeftOut;
use thumbs_render::format::Format;
use thumbs_render::size::Size;

/// Which input is spoken of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceName {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

/// Where on its way an input failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Finding it.
    Walk,
    /// Reading its bytes.
    Read,
    /// Recognising and decoding them.
    Decode,
    /// Naming its outputs.
    Plan,
    /// Resizing and converting.
    Resize,
    /// Encoding.
    Encode,
    /// Saving.
    Write,
}

impl Stage {
    /// As the report writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Walk => "walk",
            Self::Read => "read",
            Self::Decode => "decode",
            Self::Plan => "plan",
            Self::Resize => "resize",
            Self::Encode => "encode",
            Self::Write => "write",
        }
    }
}

/// An input without outputs.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which.
    pub source: SourceName,
    /// Where it failed.
    pub stage: Stage,
    /// Why, for a person.
    pub error: String,
}

/// Why an input was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Its outputs exist (`--existing skip`).
    Exists,
    /// It is a thumbnail of a file beside it, or an output of this run.
    OwnOutput,
    /// The same file was an input before.
    Duplicate,
    /// Its outputs were made from it as it is, by the same recipe, and stand.
    UpToDate,
    /// It failed in an earlier run and has not changed.
    FailedBefore,
}

impl SkipReason {
    /// As the report writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exists => "exists",
            Self::OwnOutput => "own-output",
            Self::Duplicate => "duplicate",
            Self::UpToDate => "up-to-date",
            Self::FailedBefore => "failed-before",
        }
    }
}

/// A saved output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its final name; `-` is standard output.
    pub path: PathBuf,
    /// Its format.
    pub format: Format,
    /// Its size in pixels.
    pub size: Size,
    /// Its size in bytes; 0 when it is only planned.
    pub bytes: u64,
}

/// An input whose outputs are saved, or planned in a dry run.
#[derive(Clone, Debug)]
pub struct Done {
    /// Which.
    pub source: SourceName,
    /// Its outputs.
    pub outputs: Vec<Output>,
    /// What the source is.
    pub source_format: Format,
    /// Its size as stored.
    pub source_size: Size,
    /// Its bytes.
    pub source_bytes: u64,
    /// How much smaller than stored it was decoded.
    pub shrink: f64,
    /// From opening to saved.
    pub time: Duration,
    /// What was lost on the way, and other things to know.
    pub notes: Vec<String>,
}

/// Where the time of all workers and the writer went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TimeSpent {
    pub reading: Duration,
    pub decoding: Duration,
    pub resizing: Duration,
    pub encoding: Duration,
    pub writing: Duration,
    /// Workers without a job, or without the memory for it.
    pub waiting: Duration,
}

impl std::ops::AddAssign for TimeSpent {
    fn add_assign(&mut self, other: Self) {
        self.reading += other.reading;
        self.decoding += other.decoding;
        self.resizing += other.resizing;
        self.encoding += other.encoding;
        self.writing += other.writing;
        self.waiting += other.waiting;
    }
}

/// The sum of a run.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Inputs with outputs.
    pub done: u64,
    /// Inputs passed over.
    pub skipped: u64,
    /// Of those, the ones that failed in an earlier run and have not changed.
    pub failed_before: u64,
    /// Inputs failed.
    pub failed: u64,
    /// The run looked through all that was named.
    pub searched: bool,
    /// Files of walks and archives that are no pictures.
    pub no_pictures: u64,
    /// Of those, archives, whose members are taken only when they are named.
    pub archives: u64,
    /// What walks, patterns and archives left out that could be a picture or hold some, by the rule.
    pub left_out: Vec<(LeftOut, u64)>,
    /// Outputs removed because their source is gone.
    pub pruned: u64,
    /// Outputs saved.
    pub outputs: u64,
    /// Bytes of the sources of what is done.
    pub bytes_in: u64,
    /// Bytes of the outputs.
    pub bytes_out: u64,
    /// Outputs were to be synced, and their file system cannot do that.
    pub unsynced: bool,
    /// From start to end.
    pub elapsed: Duration,
    /// Where the time went.
    pub spent: TimeSpent,
    /// Inputs that were found and left undone because the run ended early.
    pub left: u64,
    /// Whether that are all, or at least so many.
    pub left_exact: bool,
    /// Why it ended early, if it did.
    pub stopped: Option<Stop>,
    /// What stands only as a whole, an archive, was not finished.
    pub abandoned: bool,
}

impl Summary {
    /// Inputs that are dealt with.
    pub fn dealt_with(&self) -> u64 {
        self.done + self.skipped + self.failed
    }
}

/// Why a run ended before all inputs were dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// By a signal of this number, or the caller's wish.
    Interrupted(i32),
    /// `--fail-fast`.
    FirstFailure,
    /// `--max-failures`.
    TooManyFailures,
    /// `--max-time`.
    OutOfTime,
}

impl fmt::Display for SourceName {
    /// Escaped, so that a name cannot move a terminal's cursor.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => f.write_str(&crate::words::path(path)),
        }
    }
}
