//! Everything a run needs to know, resolved.

use std::path::PathBuf;
use std::time::Duration;

use super::machine;
use super::nightly::Nightly;
use crate::archive::Kind;
use crate::archive::compress::Levels;
use crate::plan::Naming;
use crate::policy::MaxFailures;
use crate::sink::shards::{Covered, ShardSize};
use crate::walk::{Input, Walker};
use thumbs_render::limits::Limits;
use thumbs_render::recipe::Recipe;

/// A list of inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Where it is; None is standard input.
    pub file: Option<PathBuf>,
    /// Names end with NUL instead of a line feed.
    pub nul: bool,
}

/// What a run reads, what it makes, and where the outputs go.
///
/// Three constructors choose the place of the outputs: [`beside`](Self::beside), [`into_directory`](Self::into_directory) and
/// [`into_archive`](Self::into_archive). They start from the command line's defaults, which the `with_` methods change.
///
/// ```
/// use thumbs::{Existing, Recipe, RunConfig};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let recipe = Recipe::default().with_sizes(["256".parse()?]);
/// let config = RunConfig::into_directory(["photos"], recipe, "thumbnails")
///     .with_name("{dir}/{stem}-{width}.{ext}")?
///     .with_exclude(["*.gif"])?
///     .with_existing(Existing::Skip)
///     .with_jobs(4);
/// # let _ = config;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RunConfig {
    /// What was named.
    pub(crate) inputs: Vec<Input>,
    /// Lists of more, read as they come.
    pub(crate) lists: Vec<List>,
    /// How inputs are found.
    pub(crate) walker: Walker,
    /// What is made of each.
    pub(crate) recipe: Recipe,
    /// What the outputs are called.
    pub(crate) naming: Naming,
    /// Whether thumbnails beside their pictures are passed over.
    pub(crate) skip_own: bool,
    /// What one picture may cost.
    pub(crate) limits: Limits,
    /// What all pictures in flight may cost.
    pub(crate) memory: Memory,
    /// Workers.
    pub(crate) jobs: usize,
    /// End at the first failure.
    pub(crate) fail_fast: bool,
    /// End at too many failures.
    pub(crate) max_failures: Option<MaxFailures>,
    /// Plan only.
    pub(crate) dry_run: bool,
    /// How an archive is made, where the destination is one.
    pub(crate) archive: Option<ArchiveOptions>,
    /// How a data set is made, where the destination's directory is to hold one.
    pub(crate) dataset: Option<Dataset>,
    /// Walk ahead with a thread of its own, only to count, after this time. Lists are not counted.
    pub(crate) count_ahead: Option<Duration>,
    /// What an unattended run asks for.
    pub(crate) nightly: Nightly,
}

/// How an archive is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveOptions {
    /// Its kind.
    pub kind: Kind,
    /// How hard to compress.
    pub levels: Levels,
    /// Finish it with the others when inputs failed.
    pub partial: bool,
}

/// How a data set is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Where its shards stand.
    pub dir: PathBuf,
    /// When one is full.
    pub size: ShardSize,
    /// What stands; found out by the run.
    pub covered: Covered,
}

/// Bytes for source bytes, pixels and encoded outputs in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// For all together.
    pub budget: u64,
    /// For one picture that is larger than the budget and runs alone.
    pub ceiling: u64,
}

impl Memory {
    /// Of what this process may use, half for all and most for one alone.
    pub fn of_machine() -> Self {
        let all = machine::memory();
        Self { budget: all / 2, ceiling: all - all / 8 }
    }

    /// This budget, within what the machine allows for one alone.
    pub fn with_budget(budget: u64) -> Self {
        Self { budget, ceiling: Self::of_machine().ceiling.max(budget) }
    }
}
