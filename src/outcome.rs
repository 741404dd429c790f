//! The outcome of each input, and the summary of a run.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::walk::LeftOut;
use thumbs_render::format::Format;
use thumbs_render::recipe::Placeholder;
use thumbs_render::size::Size;

/// The name of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceName {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// An address.
    Url(Box<Address>),
}

/// An address, and how its download went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Address {
    /// The URL. User info and signatures are masked.
    pub url: String,
    /// The status of the last answer, if there was one.
    pub status: Option<u16>,
    /// The number of attempts.
    pub attempts: u32,
}

/// The stage at which an input failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Finding it.
    Walk,
    /// Reading its bytes.
    Read,
    /// Detecting and decoding the format.
    Decode,
    /// Naming outputs.
    Plan,
    /// Resizing and converting.
    Resize,
    /// Encoding.
    Encode,
    /// Saving.
    Write,
}

impl Stage {
    /// The word in the report.
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

/// A failed input.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The input.
    pub source: SourceName,
    /// The stage.
    pub stage: Stage,
    /// The reason, for users.
    pub error: String,
    /// How its upload went, if that failed.
    pub upload: Option<Upload>,
}

impl Failure {
    /// A failure, not of an upload.
    pub fn new(source: SourceName, stage: Stage, error: String) -> Self {
        Self { source, stage, error, upload: None }
    }
}

/// How an upload to an object store went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The status of the last answer, if there was one.
    pub status: Option<u16>,
    /// How often it was tried.
    pub attempts: u32,
}

/// Why an input was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Its outputs exist (`--existing skip`).
    Exists,
    /// It is a thumbnail of a neighbouring file, or an output of this run.
    OwnOutput,
    /// The same file was an earlier input.
    Duplicate,
    /// An earlier input has the same bytes (`--drop-duplicates`).
    SameBytes,
    /// An earlier input looks the same (`--drop-duplicates perceptual`).
    LooksAlike,
    /// Its outputs are up to date: made from the unchanged source with the same recipe, and
    /// unchanged.
    UpToDate,
    /// It failed in an earlier run and has not changed.
    FailedBefore,
    /// Its shorter side is shorter than `--min-size`.
    TooSmall,
    /// Its sides differ by more than `--max-aspect`.
    TooLong,
    /// In place: too little would be saved.
    NotWorthIt,
    /// In place: an earlier run compressed it in this way.
    Compressed,
    /// In place: it has several hard links.
    HardLink,
    /// In place: it may not be written to.
    ReadOnly,
    /// In place: it belongs to version control.
    VersionControl,
    /// In place: its format is not written.
    NotWritten,
    /// In place: it is animated, or has further pages.
    Animated,
    /// In place: something of it would be lost.
    WouldLose,
}

impl SkipReason {
    /// The word in the report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exists => "exists",
            Self::OwnOutput => "own-output",
            Self::Duplicate => "duplicate",
            Self::SameBytes => "same-bytes",
            Self::LooksAlike => "looks-alike",
            Self::UpToDate => "up-to-date",
            Self::FailedBefore => "failed-before",
            Self::TooSmall => "too-small",
            Self::TooLong => "too-long",
            Self::NotWorthIt => "not-worth-it",
            Self::Compressed => "compressed",
            Self::HardLink => "hard-link",
            Self::ReadOnly => "read-only",
            Self::VersionControl => "version-control",
            Self::NotWritten => "format-not-written",
            Self::Animated => "animated",
            Self::WouldLose => "would-lose",
        }
    }
}

/// A saved output.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The final path; `-` is standard output.
    pub path: PathBuf,
    /// The format. None in a plan that leaves it open.
    pub format: Option<Format>,
    /// Its possible paths while the format is open; `path` then stands for them.
    pub may_be: Vec<PathBuf>,
    /// Size in pixels.
    pub size: Size,
    /// Size in bytes; 0 if only planned.
    pub bytes: u64,
    /// XXH3-64 of its bytes, in a shard of a plan; else 0.
    pub digest: u64,
    /// The quality that it is encoded with, if its format has one and it is not the source's own bytes.
    pub quality: Option<u8>,
    /// Its SSIMULACRA2 score against the resized pixels: with a target, and without loss, which is 100.
    pub score: Option<f64>,
    /// The effort that its encoder spent. None where the source's own coding was kept.
    pub effort: Option<u8>,
    /// What encoded it; `source` where the source's own coding was kept, empty in a plan.
    pub encoder: &'static str,
}

/// An input whose outputs are saved, or planned in a dry run.
#[derive(Clone, Debug)]
pub struct Done {
    /// The input.
    pub source: SourceName,
    /// The outputs.
    pub outputs: Vec<Output>,
    /// The format of the source.
    pub source_format: Format,
    /// The stored size of the source.
    pub source_size: Size,
    /// The size of the source in bytes.
    pub source_bytes: u64,
    /// The factor by which the decoder reduced the source.
    pub shrink: f64,
    /// The time from opening to saving.
    pub time: Duration,
    /// What was lost, and other notes.
    pub notes: Vec<String>,
    /// The placeholders that the recipe asks for, of the smallest output.
    pub placeholders: Vec<(Placeholder, String)>,
    /// What it shows in the words of its author, from its metadata; only where a page is made of the run.
    pub description: Option<String>,
}

/// How the workers and the writer spent their time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TimeSpent {
    pub reading: Duration,
    pub decoding: Duration,
    pub resizing: Duration,
    pub encoding: Duration,
    pub writing: Duration,
    /// Workers waiting for a job or for memory.
    pub waiting: Duration,
    /// The part of that in which they waited for a job.
    pub idle: Duration,
}

/// What a run waited for most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bottleneck {
    /// Downloads.
    Network,
    /// Finding, reading and saving files.
    Disk,
    /// Decoding, resizing and encoding.
    Processor,
    /// `--memory`, which lets only so many pictures be in flight.
    Memory,
}

impl Bottleneck {
    /// The word in the report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Disk => "disk",
            Self::Processor => "processor",
            Self::Memory => "memory",
        }
    }

    /// By the time that `workers` spent in a run that took `elapsed`, with the share of it.
    pub(crate) fn of(spent: &TimeSpent, elapsed: Duration, workers: usize, downloads: bool) -> (Self, f64) {
        let all = elapsed.as_secs_f64() * workers as f64;
        let computing = (spent.decoding + spent.resizing + spent.encoding).as_secs_f64();
        let (idle, waiting) = (spent.idle.as_secs_f64(), spent.waiting.as_secs_f64());
        let network = if downloads { idle } else { 0.0 };
        let memory = waiting - idle;
        // A worker that is neither of these finds no job, reads, or waits for the writer.
        let disk = (all - computing - network - memory).max(0.0);
        let times =
            [(Self::Processor, computing), (Self::Network, network), (Self::Disk, disk), (Self::Memory, memory)];
        let (most, time) = times.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or(times[0]);
        (most, if all > 0.0 { (time / all).min(1.0) } else { 0.0 })
    }
}

impl std::ops::AddAssign for TimeSpent {
    fn add_assign(&mut self, other: Self) {
        self.reading += other.reading;
        self.decoding += other.decoding;
        self.resizing += other.resizing;
        self.encoding += other.encoding;
        self.writing += other.writing;
        self.waiting += other.waiting;
        self.idle += other.idle;
    }
}

/// The summary of a run.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Inputs with outputs.
    pub done: u64,
    /// Skipped inputs.
    pub skipped: u64,
    /// Skipped inputs that failed in an earlier run and have not changed.
    pub failed_before: u64,
    /// Failed inputs.
    pub failed: u64,
    /// Those that may succeed if they are tried again: on the network, or for an error of the disk.
    pub may_pass: u64,
    /// Whether the run searched all named inputs.
    pub searched: bool,
    /// Files in walks and archives that are not pictures.
    pub no_pictures: u64,
    /// Archives among those. Their members are used only if the archive itself is named.
    pub archives: u64,
    /// What walks, patterns and archives excluded although it could be or contain pictures, by
    /// rule.
    pub left_out: Vec<(LeftOut, u64)>,
    /// Outputs removed because their source is gone.
    pub pruned: u64,
    /// Outputs saved.
    pub outputs: u64,
    /// Size of the sources of finished inputs, in bytes.
    pub bytes_in: u64,
    /// Size of the outputs, in bytes.
    pub bytes_out: u64,
    /// Whether syncing was requested, but is not supported by the file system.
    pub unsynced: bool,
    /// From start to end.
    pub elapsed: Duration,
    /// How the time was spent.
    pub spent: TimeSpent,
    /// Attempts to download pictures.
    pub requests: u64,
    /// Downloaded bytes.
    pub downloaded: u64,
    /// What workers spent their time with, and the share of it. None if nothing was made.
    pub bottleneck: Option<(Bottleneck, f64)>,
    /// Inputs that were found but not processed, because the run ended early.
    pub left: u64,
    /// Whether `left` is exact, or a lower bound.
    pub left_exact: bool,
    /// Why the run ended early, if it did.
    pub stopped: Option<Stop>,
    /// Whether an archive was left unfinished.
    pub abandoned: bool,
}

impl Summary {
    /// The number of processed inputs.
    pub fn dealt_with(&self) -> u64 {
        self.done + self.skipped + self.failed
    }
}

/// Why a run ended before all inputs were processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A signal with this number, or the caller.
    Interrupted(i32),
    /// `--fail-fast`.
    FirstFailure,
    /// `--max-failures`.
    TooManyFailures,
    /// `--max-time`.
    OutOfTime,
}

impl fmt::Display for SourceName {
    /// Escaped, so that a name cannot control the terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => f.write_str(&crate::words::path(path)),
            // A URL holds no control characters.
            Self::Url(address) => f.write_str(&address.url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bottleneck_is_what_took_most_time() {
        let seconds = Duration::from_secs;
        let spent = |decoding, reading, waiting, idle| TimeSpent {
            decoding: seconds(decoding),
            reading: seconds(reading),
            waiting: seconds(waiting),
            idle: seconds(idle),
            ..TimeSpent::default()
        };
        for (spent, downloads, want) in [
            (spent(18, 1, 1, 0), false, Bottleneck::Processor),
            (spent(4, 14, 1, 1), false, Bottleneck::Disk),
            (spent(4, 1, 14, 14), false, Bottleneck::Disk),
            (spent(4, 1, 14, 14), true, Bottleneck::Network),
            (spent(4, 1, 14, 1), true, Bottleneck::Memory),
            // Blocked by the writer, which no worker counts.
            (spent(4, 1, 1, 1), true, Bottleneck::Disk),
        ] {
            assert_eq!(Bottleneck::of(&spent, seconds(10), 2, downloads).0, want, "{spent:?}");
        }
        assert_eq!(Bottleneck::of(&spent(18, 1, 1, 0), seconds(10), 2, false).1, 0.9);
    }
}
