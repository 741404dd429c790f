//! Everything a run needs to know, resolved.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::machine;
use super::nightly::Nightly;
use crate::archive::Kind;
use crate::archive::compress::Levels;
use crate::plan::{Destination, Naming, Template};
use crate::policy::{Existing, MaxFailures};
use crate::sink::shards::{Covered, ShardSize};
use crate::walk::{self, Input, Walker, real_path};
use thumbs_render::geometry::SizeSpec;
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

/// A run.
#[derive(Debug)]
pub struct RunConfig {
    /// What was named.
    pub inputs: Vec<Input>,
    /// Lists of more, read as they come.
    pub lists: Vec<List>,
    /// How inputs are found.
    pub walker: Walker,
    /// What is made of each.
    pub recipe: Recipe,
    /// What the outputs are called.
    pub naming: Naming,
    /// Whether thumbnails beside their pictures are passed over.
    pub skip_own: bool,
    /// What one picture may cost.
    pub limits: Limits,
    /// What all pictures in flight may cost.
    pub memory: Memory,
    /// Workers.
    pub jobs: usize,
    /// End at the first failure.
    pub fail_fast: bool,
    /// End at too many failures.
    pub max_failures: Option<MaxFailures>,
    /// Plan only.
    pub dry_run: bool,
    /// How an archive is made, where the destination is one.
    pub archive: Option<ArchiveOptions>,
    /// How a data set is made, where the destination's directory is to hold one.
    pub dataset: Option<Dataset>,
    /// Walk ahead with a thread of its own, only to count, after this time. Lists are not counted.
    pub count_ahead: Option<Duration>,
    /// What an unattended run asks for.
    pub nightly: Nightly,
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

impl RunConfig {
    /// A run that puts outputs beside each input as `{stem}_thumb.{ext}`, with the command line's defaults.
    pub fn beside(inputs: impl IntoIterator<Item = impl Into<PathBuf>>, recipe: Recipe) -> Self {
        Self::with(inputs, recipe, Destination::Beside)
    }

    /// A run that mirrors the inputs below `dir` as `{stem}.{ext}`, with the command line's defaults.
    pub fn into_directory(inputs: impl IntoIterator<Item = impl Into<PathBuf>>, recipe: Recipe, dir: &Path) -> Self {
        let mut config = Self::with(inputs, recipe, Destination::Directory(dir.to_path_buf()));
        let real = real_path(dir);
        if !config.naming.roots.contains(&real) {
            config.walker.avoid.insert(real);
        }
        config
    }

    fn with(inputs: impl IntoIterator<Item = impl Into<PathBuf>>, recipe: Recipe, destination: Destination) -> Self {
        let inputs: Vec<Input> = inputs.into_iter().map(|path| Input::Path(path.into())).collect();
        let labels = recipe.sizes.iter().map(SizeSpec::to_string).collect();
        Self {
            naming: Naming {
                template: Template::standard(&destination, recipe.sizes.len()),
                destination,
                labels,
                formats: recipe.formats.clone(),
                existing: Existing::Careful,
                roots: walk::roots(&inputs),
            },
            inputs,
            lists: Vec::new(),
            walker: Walker::default(),
            recipe,
            skip_own: true,
            limits: Limits { max_memory: Memory::of_machine().ceiling, ..Limits::default() },
            memory: Memory::of_machine(),
            jobs: machine::processors(),
            fail_fast: false,
            max_failures: None,
            dry_run: false,
            archive: None,
            dataset: None,
            count_ahead: None,
            nightly: Nightly::default(),
        }
    }
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
