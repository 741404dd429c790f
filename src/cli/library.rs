//! Options as words of the command line, for front ends that are not a shell.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::conflict::Conflict;
use super::resolve::{self, Resolved};
use super::{command, nightly, place, usage};
use crate::outcome::Summary;
use crate::pipeline::{self, Cancel, Given, RunError};
use crate::plan::Destination;
use crate::policy::Replace;
use crate::report::Reporter;
use crate::sink::{Directory, Entry, Sink, SinkError};
use crate::source::Source;
pub use crate::source::SourceError as ReadError;
use thumbs_render::limits::Limits;
use thumbs_render::recipe::Recipe;
use thumbs_render::render::{RenderError, Rendered, open};

/// A job that is parsed and checked, and not started.
#[derive(Debug)]
pub struct Job(Resolved);

/// Why a job did not end well.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// It could not start: a destination, a lock or a state.
    #[error("{0}")]
    Start(String),
    /// It could not go on.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Why a job is refused before it starts.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub struct Refusal {
    /// The program's message.
    pub words: String,
    /// Whether a file that has to stay is in the way; otherwise, options are wrong.
    pub is_conflict: bool,
}

impl From<String> for Refusal {
    fn from(words: String) -> Self {
        Self { words, is_conflict: false }
    }
}

impl JobError {
    /// Whether a file that has to stay is in the way.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Run(RunError::Sink { error, .. }) if is_conflict(error))
    }
}

/// Whether a file that has to stay, or a directory, is in the way.
pub fn is_conflict(error: &SinkError) -> bool {
    let (SinkError::Entry { error, .. } | SinkError::Broken { error, .. }) = error;
    matches!(error.kind(), std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::IsADirectory)
}

impl Job {
    /// Parses words as the program does, without its name.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn new(words: impl IntoIterator<Item = OsString>) -> Result<Self, Refusal> {
        Self::parse(words.into_iter().collect(), false)
    }

    /// Like [`Job::new`], with more inputs, which are literal paths and are taken as the run needs them.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn fed(
        words: impl IntoIterator<Item = OsString>,
        paths: impl Iterator<Item = PathBuf> + Send + 'static,
    ) -> Result<Self, Refusal> {
        let mut job = Self::parse(words.into_iter().collect(), true)?;
        job.0.run.given = Some(Given::new(paths));
        Ok(job)
    }

    fn parse(mut typed: Vec<OsString>, given: bool) -> Result<Self, Refusal> {
        typed.insert(0, "thumbs".into());
        let parsed = command::parse(typed.iter().cloned());
        let (mut args, ids) = parsed.map_err(|error| usage::words(&error, &typed[1..]))?;
        args.given = given;
        let mut resolved = resolve::resolve(args, &ids)
            .map_err(|error| Refusal { words: format!("{error:#}"), is_conflict: error.is::<Conflict>() })?;
        if matches!(resolved.run.naming.destination, Destination::Stdout | Destination::Archive(None)) {
            return Err("-o -: standard output belongs to the program; name a file".to_owned().into());
        }
        resolved.run.count_ahead = None;
        Ok(Self(resolved))
    }

    /// What to make of a picture.
    pub fn recipe(&self) -> &Recipe {
        &self.0.run.recipe
    }

    /// What a picture may cost.
    pub fn limits(&self) -> Limits {
        self.0.run.limits
    }

    /// What has no effect.
    pub fn notices(&self) -> &[String] {
        &self.0.notices
    }

    /// Counts the inputs while the run goes on, for [`Reporter::progress`].
    #[must_use]
    pub fn counting(mut self) -> Self {
        self.0.run.count_ahead = Some(Duration::ZERO);
        self
    }

    /// Reports events in the order of the inputs.
    ///
    /// # Errors
    /// Outputs are saved in batches, so that failures come before them.
    pub fn in_order(mut self) -> Result<Self, &'static str> {
        if self.0.state.is_some() || self.0.run.nightly.fsync {
            return Err("not together with --update, --fsync and --in-place, which save in batches");
        }
        self.0.run.in_order = true;
        Ok(self)
    }

    /// Runs the job.
    ///
    /// # Errors
    /// [`JobError`].
    pub fn run(self, reporter: &mut dyn Reporter, cancel: &Cancel) -> Result<Summary, JobError> {
        let Resolved { run: mut config, state, .. } = self.0;
        place::prepare(&config).map_err(|error| JobError::Start(format!("{error:#}")))?;
        let _lock = match &state {
            None => None,
            Some(plan) => match nightly::begin(plan, &mut config, cancel, &mut |_| ()) {
                Ok(lock) => lock,
                Err(nightly::BeginError::Lock(_)) if plan.skips() || cancel.is_set() => {
                    let summary = Summary { stopped: cancel.reason(), ..Summary::default() };
                    return Ok(summary);
                }
                Err(error) => return Err(JobError::Start(error.to_string())),
            },
        };
        Ok(pipeline::run(config, reporter, cancel)?)
    }
}

/// Like [`crate::render`], until `stop` returns true.
///
/// # Errors
/// [`RenderError`].
pub fn render(
    bytes: &[u8],
    recipe: &Recipe,
    limits: &Limits,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Rendered, RenderError> {
    let opened = open(bytes, recipe, limits)?;
    let wanted: Vec<usize> = (0..opened.variants().len()).collect();
    opened.render(&wanted, Some(stop))
}

/// Saves a file under its name, whole or not at all.
///
/// # Errors
/// What the system says, or that a file exists which may not be replaced.
pub fn save(path: &Path, bytes: &[u8], replaces: bool) -> Result<(), SinkError> {
    let (mode, gid) = (0o666, rustix::process::getegid().as_raw());
    let replace = if replaces { Replace::Any } else { Replace::Never };
    Directory.put(&[Entry { path, bytes, mode, gid, beside: None, replace, mtime: None, original: None, number: 0 }])
}

/// Reads a file as a run does: at most `limit` bytes, and no special file.
///
/// # Errors
/// [`ReadError`].
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let mut source = Source::open(path, limit)?;
    let mut bytes = source.head()?;
    source.rest(&mut bytes)?;
    Ok(bytes)
}

/// The first bytes of a file, in most files enough for the header of a picture, and whether these are all.
///
/// # Errors
/// [`ReadError`].
pub fn head(path: &Path, limit: u64) -> Result<(Vec<u8>, bool), ReadError> {
    let mut source = Source::open(path, limit)?;
    let bytes = source.head()?;
    let is_all = source.facts().len == bytes.len() as u64;
    Ok((bytes, is_all))
}

/// The long options that a job has, without their dashes, and whether each takes a value.
pub fn options() -> Vec<(String, bool)> {
    let command = command::command();
    let options = command.get_arguments().filter(|arg| {
        let name = arg.get_long().unwrap_or_default();
        arg.get_help_heading() != Some("Messages") && !OF_THE_PROGRAM.contains(&name)
    });
    options.filter_map(|arg| Some((arg.get_long()?.to_owned(), arg.get_action().takes_values()))).collect()
}

/// Options that only the program has: for standard input and output, for its messages and its process.
const OF_THE_PROGRAM: [&str; 13] = [
    "archive",
    "archive-in",
    "files-from",
    "files0-from",
    "finish",
    "log-format",
    "metrics",
    "nice",
    "plan",
    "shard",
    "shards",
    "srcset",
    "write-plan",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn job(words: &[&str]) -> Result<Job, String> {
        Job::new(words.iter().map(OsString::from)).map_err(|refusal| refusal.words)
    }

    #[test]
    fn words_are_checked_as_on_the_command_line() {
        assert_eq!(job(&["a.jpg", "--size=0"]).unwrap_err().split(':').next(), Some("--size 0"));
        assert!(job(&["--size=3"]).unwrap_err().starts_with("no INPUT"));
        assert!(job(&["a.jpg", "--output=-"]).unwrap_err().contains("standard output"));
        assert_eq!(job(&["a.jpg", "--size=3,4"]).unwrap().recipe().sizes.len(), 2);
    }

    #[test]
    fn given_inputs_are_taken_as_the_run_needs_them() {
        let dir = tempfile::tempdir().unwrap();
        let picture = dir.path().join("a[1].png");
        std::fs::write(&picture, oddities::png::oriented(1, 16, 16)).unwrap();
        let paths = [picture, dir.path().join("b*.png")].into_iter();
        let words = ["--output=".into(), "--size=8".into()].map(|mut word: OsString| {
            if word == "--output=" {
                word.push(dir.path().join("out"));
            }
            word
        });
        let summary = Job::fed(words, paths).unwrap().run(&mut (), &Cancel::default()).unwrap();
        assert_eq!((summary.done, summary.failed), (1, 1), "a literal path is no pattern");
        assert!(dir.path().join("out/a[1].png").exists());
    }

    #[test]
    fn options_without_effect_here_are_left_out() {
        let names: Vec<String> = options().into_iter().map(|(name, _)| name).collect();
        for name in OF_THE_PROGRAM {
            assert!(!names.iter().any(|n| n == name), "{name}");
            assert!(command::command().get_arguments().any(|arg| arg.get_long() == Some(name)), "{name}");
        }
        assert!(["size", "update", "in-place"].iter().all(|name| names.iter().any(|n| n == name)));
    }

    #[test]
    fn a_saved_file_replaces_only_if_it_may() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jpg");
        save(&path, b"one", false).unwrap();
        assert!(is_conflict(&save(&path, b"two", false).unwrap_err()));
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        save(&path, b"two", true).unwrap();
        assert_eq!(read(&path, 3).unwrap(), b"two");
        assert!(read(&path, 2).is_err());
        assert_eq!(head(&path, 3).unwrap(), (b"two".to_vec(), true));
        assert!(is_conflict(&save(dir.path(), b"", true).unwrap_err()));
    }
}
