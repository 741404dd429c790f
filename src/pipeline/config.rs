//! The configuration of a run.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::machine;
use super::nightly::Nightly;
use crate::archive::Kind;
use crate::archive::compress::Levels;
use crate::outcome::SkipReason;
use crate::plan::Naming;
use crate::policy::{DropDuplicates, MaxFailures, MinSavings};
use crate::sink::Inventory;
use crate::sink::shards::{Covered, ShardSize};
use crate::split::{Entry, Portion, SplitError};
use crate::walk::{Columns, Input, Walker};
use thumbs_render::limits::Limits;
use thumbs_render::recipe::Recipe;
use thumbs_render::size::Size;

/// A list of inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// The file; None is standard input.
    pub file: Option<PathBuf>,
    /// Whether names end with NUL instead of a line feed.
    pub nul: bool,
    /// The columns that count, if it is a table.
    pub table: Option<Columns>,
}

/// Inputs that a caller names while the run goes on.
pub struct Given(Mutex<Option<Box<dyn Iterator<Item = PathBuf> + Send>>>);

impl Given {
    /// Literal paths, taken as the run needs them.
    pub fn new(paths: impl Iterator<Item = PathBuf> + Send + 'static) -> Self {
        Self(Mutex::new(Some(Box::new(paths))))
    }

    /// The paths, which can be taken once.
    pub fn take(&self) -> Option<Box<dyn Iterator<Item = PathBuf> + Send>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

type Entries = Box<dyn Iterator<Item = Result<Entry, SplitError>> + Send>;

/// The inputs of a shard.
pub struct Planned(Mutex<Option<Entries>>);

impl Planned {
    /// Inputs, taken as the run needs them.
    pub fn new(entries: Entries) -> Self {
        Self(Mutex::new(Some(entries)))
    }

    /// The inputs, which can be taken once.
    pub fn take(&self) -> Option<Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl std::fmt::Debug for Planned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Planned")
    }
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given")
    }
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
    /// The INPUTs.
    pub(crate) inputs: Vec<Input>,
    /// Lists of more INPUTs, read as a stream.
    pub(crate) lists: Vec<List>,
    /// More INPUTs, named by a caller.
    pub(crate) given: Option<Given>,
    /// The inputs of a shard of a plan. Without them, inputs and lists are walked.
    pub(crate) planned: Option<Planned>,
    /// The part of the inputs that counts, if not all do.
    pub(crate) portion: Option<Portion>,
    /// How inputs are found.
    pub(crate) walker: Walker,
    /// What to make of each input.
    pub(crate) recipe: Recipe,
    /// Where outputs go, and their names.
    pub(crate) naming: Naming,
    /// Whether to skip thumbnails beside their pictures.
    pub(crate) skip_own: bool,
    /// Limits of one picture.
    pub(crate) limits: Limits,
    /// Which pictures are left out by their size.
    pub(crate) shape: Shape,
    /// Which pictures are left out because an earlier one is the same.
    pub(crate) drop_duplicates: Option<DropDuplicates>,
    /// Limits of all pictures in flight.
    pub(crate) memory: Memory,
    /// The number of workers.
    pub(crate) jobs: usize,
    /// Stop at the first failure.
    pub(crate) fail_fast: bool,
    /// Stop at too many failures.
    pub(crate) max_failures: Option<MaxFailures>,
    /// Report everything in the order of the inputs.
    pub(crate) in_order: bool,
    /// The file that tells of all outputs, if one is made.
    pub(crate) page: Option<PathBuf>,
    /// Only plan.
    pub(crate) dry_run: bool,
    /// Encode in a dry run as well.
    pub(crate) measure: bool,
    /// Outputs get their source's modification time.
    pub(crate) keep_times: bool,
    /// How sources are replaced, where the destination is in place.
    pub(crate) in_place: Option<InPlace>,
    /// Options of the archive, if the destination is one.
    pub(crate) archive: Option<ArchiveOptions>,
    /// Options of the data set, if the destination is one.
    pub(crate) dataset: Option<Dataset>,
    /// What stands in the store that outputs go to, where it counts before they are made; the run fills this in.
    pub(crate) inventory: Option<Arc<Inventory>>,
    /// After this time, count inputs ahead in a separate thread. Lists are not counted.
    pub(crate) count_ahead: Option<Duration>,
    /// Options of unattended runs.
    pub(crate) nightly: Nightly,
}

impl RunConfig {
    /// The INPUTs in the order in which they are searched.
    pub(crate) fn missing_first(&self) -> impl Iterator<Item = &Input> {
        let (missing, others): (Vec<_>, Vec<_>) = self.inputs.iter().partition(|input| self.walker.is_missing(input));
        missing.into_iter().chain(others)
    }

    /// Whether pictures are compared by how they look.
    pub(crate) fn looks(&self) -> bool {
        self.drop_duplicates == Some(DropDuplicates::Perceptual)
    }
}

/// Which pictures are left out by their stored size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shape {
    /// The least length of the shorter side.
    pub min_size: Option<u32>,
    /// The most that the longer side may be in terms of the shorter.
    pub max_aspect: Option<f64>,
}

impl Shape {
    /// Why a picture of this size is left out, if it is.
    pub fn leaves_out(&self, size: Size) -> Option<SkipReason> {
        let (short, long) = (size.width.min(size.height), size.width.max(size.height));
        if self.min_size.is_some_and(|least| short < least) {
            return Some(SkipReason::TooSmall);
        }
        let aspect = f64::from(long) / f64::from(short.max(1));
        self.max_aspect.is_some_and(|most| aspect > most).then_some(SkipReason::TooLong)
    }
}

/// How sources are replaced.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InPlace {
    /// What has to be saved.
    pub min_savings: MinSavings,
    /// Files with several hard links are replaced, too.
    pub hard_links: bool,
    /// Where the sources go.
    pub backup: Option<PathBuf>,
    /// Outputs get a new modification time.
    pub touch: bool,
}

/// Options of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveOptions {
    /// Its kind.
    pub kind: Kind,
    /// Compression levels.
    pub levels: Levels,
    /// Whether to finish it although inputs failed.
    pub partial: bool,
}

/// Options of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// The directory of its shards.
    pub dir: PathBuf,
    /// The size of a shard.
    pub size: ShardSize,
    /// The columns of tables that samples keep.
    pub columns: Vec<String>,
    /// The column of keys. Without it, the indices of inputs are the keys.
    pub key: Option<String>,
    /// Existing shards; the run fills this in.
    pub covered: Covered,
}

/// Memory for sources, pixels and encoded outputs in flight, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// For all pictures together.
    pub budget: u64,
    /// For one picture that exceeds the budget and runs alone.
    pub ceiling: u64,
}

impl Memory {
    /// Half of the available memory for all, most of it for a single picture.
    pub fn of_machine() -> Self {
        let all = machine::memory();
        Self { budget: all / 2, ceiling: all - all / 8 }
    }

    /// This budget, with the ceiling of the machine for a single picture.
    pub fn with_budget(budget: u64) -> Self {
        Self { budget, ceiling: Self::of_machine().ceiling.max(budget) }
    }
}
