//! Constructors of a [`RunConfig`] and the methods that change it.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::config::{ArchiveOptions, InPlace, Memory, RunConfig, Shape};
use super::machine;
use super::nightly::{Nightly, UpdateOptions};
use super::remember::files;
use crate::archive::Kind;
use crate::archive::compress::Levels;
use crate::net::{DownloadOptions, Url, is_stored};
use crate::plan::{Destination, Naming, Template, TemplateError};
use crate::policy::{DropDuplicates, Existing, MaxFailures, MinSavings};
use crate::walk::{self, Input, PatternError, Patterns, Walker, real_path};
use thumbs_render::geometry::SizeSpec;
use thumbs_render::limits::Limits;
use thumbs_render::recipe::{FormatChoice, MetadataPolicy, Recipe};

/// Why pictures are not replaced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InPlaceError {
    /// A recipe of several sizes, or of none.
    #[error("a picture is replaced by one size")]
    Sizes,
    /// Members of archives are not replaced.
    #[error("{0:?} is an archive, whose members are not replaced")]
    Archive(PathBuf),
    /// A directory that holds more than pictures that somebody would want to replace.
    #[error("{path:?} is not compressed in place: {why}")]
    Refused {
        /// The directory.
        path: PathBuf,
        /// What it is.
        why: &'static str,
    },
}

impl RunConfig {
    /// A run that puts outputs beside each input as `{stem}_thumb.{ext}`, with the command line's defaults.
    pub fn beside(inputs: impl IntoIterator<Item = impl Into<PathBuf>>, recipe: Recipe) -> Self {
        Self::with(inputs, recipe, Destination::Beside)
    }

    /// A run that mirrors the inputs below `dir`, or below a prefix such as `s3://bucket/thumbnails/`, as `{stem}.{ext}`, with
    /// the command line's defaults.
    pub fn into_directory(
        inputs: impl IntoIterator<Item = impl Into<PathBuf>>,
        recipe: Recipe,
        dir: impl AsRef<Path>,
    ) -> Self {
        let dir = dir.as_ref();
        if let Some(prefix) = Url::of_store(dir.as_os_str().as_bytes()).ok().filter(|_| is_stored(dir)) {
            let place = format!("{}/", prefix.masked().trim_end_matches('/'));
            let mut config = Self::with(inputs, recipe, Destination::Store(PathBuf::from(&place)));
            config.walker.outputs = Url::of_store(place.as_bytes()).ok();
            return config;
        }
        let mut config = Self::with(inputs, recipe, Destination::Directory(dir.to_path_buf()));
        let real = real_path(dir);
        if !config.naming.roots.contains(&real) {
            config.walker.avoid.insert(real);
        }
        config
    }

    /// A run that writes its outputs into the archive `file`, in the order of the inputs, mirrored as `{stem}.{ext}`.
    pub fn into_archive(
        inputs: impl IntoIterator<Item = impl Into<PathBuf>>,
        recipe: Recipe,
        file: impl AsRef<Path>,
        kind: Kind,
    ) -> Self {
        let file = file.as_ref();
        let mut config = Self::with(inputs, recipe, Destination::Archive(Some(file.to_path_buf())));
        config.walker.avoid.insert(real_path(file));
        config.archive = Some(ArchiveOptions { kind, levels: Levels::default(), partial: false });
        config
    }

    /// A run that replaces each picture by its compressed self, where that saves enough; see
    /// [`with_min_savings`](Self::with_min_savings). [`Recipe::in_place`] keeps everything but the coding.
    ///
    /// ```no_run
    /// use thumbs::{Cancel, MinSavings, Recipe, RunConfig};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let config = RunConfig::in_place(["photos"], Recipe::in_place().with_quality(75))?
    ///     .with_min_savings(MinSavings::Percent(10.0))
    ///     .with_backup("originals");
    /// thumbs::run(config, &mut (), &Cancel::default())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`InPlaceError`].
    pub fn in_place(
        inputs: impl IntoIterator<Item = impl Into<PathBuf>>,
        recipe: Recipe,
    ) -> Result<Self, InPlaceError> {
        if recipe.sizes.len() != 1 {
            return Err(InPlaceError::Sizes);
        }
        // Without the tag that turns them, pixels have to be turned.
        let turns = recipe.auto_orient || recipe.metadata != MetadataPolicy::Keep;
        let recipe = recipe.with_formats([FormatChoice::Keep]).with_auto_orient(turns).with_allow_truncated(false);
        let mut config = Self::with(inputs, recipe, Destination::InPlace);
        for input in &config.inputs {
            let Input::Path(path) = input else { continue };
            if input.is_archive() {
                return Err(InPlaceError::Archive(path.clone()));
            }
            if let Some(why) = path.is_dir().then(|| walk::refusal(path)).flatten() {
                return Err(InPlaceError::Refused { path: path.clone(), why });
            }
        }
        config.in_place = Some(InPlace::default());
        config.walker.careful = true;
        // What is replaced cannot be made again.
        config.nightly.fsync = true;
        Ok(config)
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
                allowed: recipe.allowed.clone(),
                existing: Existing::Careful,
                roots: walk::roots(&inputs),
                sources: Vec::new(),
            },
            inputs,
            lists: Vec::new(),
            given: None,
            planned: None,
            portion: None,
            walker: Walker::default(),
            recipe,
            skip_own: true,
            limits: Limits::default().with_max_memory(Memory::of_machine().ceiling),
            memory: Memory::of_machine(),
            jobs: machine::processors(),
            fail_fast: false,
            max_failures: None,
            in_order: false,
            page: None,
            dry_run: false,
            measure: false,
            keep_times: false,
            shape: Shape::default(),
            drop_duplicates: None,
            in_place: None,
            archive: None,
            dataset: None,
            inventory: None,
            count_ahead: None,
            nightly: Nightly::default(),
        }
    }

    /// Names outputs by a template of `{stem}`, `{name}`, `{ext}`, `{size}`, `{width}`, `{height}` and `{dir}`.
    ///
    /// # Errors
    /// A field that does not exist, or a brace without its partner.
    pub fn with_name(mut self, template: &str) -> Result<Self, TemplateError> {
        self.naming.template = Template::parse(template)?;
        Ok(self)
    }

    /// Sets what happens to files that exist under an output's name.
    #[must_use]
    pub fn with_existing(mut self, existing: Existing) -> Self {
        self.naming.existing = existing;
        self
    }

    /// Leaves out pictures of which an earlier one is the same. The first in the order of the inputs is made, for any number
    /// of workers.
    #[must_use]
    pub fn with_drop_duplicates(mut self, same: DropDuplicates) -> Self {
        self.drop_duplicates = Some(same);
        self
    }

    /// Skips thumbnails that stand beside their pictures (the default), or takes them as inputs.
    #[must_use]
    pub fn with_skip_own(mut self, skip: bool) -> Self {
        self.skip_own = skip;
        self
    }

    /// Takes only files that match one of these glob patterns.
    ///
    /// # Errors
    /// A pattern that cannot be parsed.
    pub fn with_include(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, PatternError> {
        let patterns: Vec<_> = patterns.into_iter().collect();
        self.walker.selection.include = Patterns::new(&patterns)?;
        Ok(self)
    }

    /// Leaves out files and directories that match one of these glob patterns.
    ///
    /// # Errors
    /// A pattern that cannot be parsed.
    pub fn with_exclude(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, PatternError> {
        let patterns: Vec<_> = patterns.into_iter().collect();
        self.walker.selection.exclude = Patterns::new(&patterns)?;
        Ok(self)
    }

    /// Walks at most this many levels deep; 1 takes only a directory's own files.
    #[must_use]
    pub fn with_max_depth(mut self, levels: usize) -> Self {
        self.walker.selection.max_depth = Some(levels);
        self
    }

    /// Walks hidden files and directories too.
    #[must_use]
    pub fn with_hidden(mut self, hidden: bool) -> Self {
        self.walker.selection.hidden = hidden;
        self
    }

    /// Takes backups and partial downloads too.
    #[must_use]
    pub fn with_backups(mut self, backups: bool) -> Self {
        self.walker.selection.backups = backups;
        self
    }

    /// Follows symbolic links found in a walk.
    #[must_use]
    pub fn with_follow(mut self, follow: bool) -> Self {
        self.walker.selection.follow = follow;
        self
    }

    /// Sets what one picture may cost.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Bounds the memory of sources, pixels and outputs in flight, in bytes.
    #[must_use]
    pub fn with_memory(mut self, bytes: u64) -> Self {
        self.memory = Memory::with_budget(bytes);
        self.limits.max_memory = self.memory.ceiling;
        self
    }

    /// Sets the number of workers; 0 counts as 1. The default is the number of processors that this process may use.
    #[must_use]
    pub fn with_jobs(mut self, workers: usize) -> Self {
        self.jobs = workers;
        self
    }

    /// Ends the run at the first failure, in the order of the inputs.
    #[must_use]
    pub fn with_fail_fast(mut self, fail_fast: bool) -> Self {
        self.fail_fast = fail_fast;
        self
    }

    /// Ends the run at too many failures.
    #[must_use]
    pub fn with_max_failures(mut self, limit: MaxFailures) -> Self {
        self.max_failures = Some(limit);
        self
    }

    /// Reads headers and reports [`Event::Planned`](crate::Event::Planned), but writes nothing.
    #[must_use]
    pub fn with_dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Finishes an archive even if some inputs failed. It has no effect on other destinations.
    #[must_use]
    pub fn with_partial(mut self, partial: bool) -> Self {
        if let Some(archive) = &mut self.archive {
            archive.partial = partial;
        }
        self
    }

    /// Sets what a picture has to save to be replaced: 5 % by default. In place only.
    #[must_use]
    pub fn with_min_savings(mut self, min_savings: MinSavings) -> Self {
        if let Some(in_place) = &mut self.in_place {
            in_place.min_savings = min_savings;
        }
        self
    }

    /// Keeps each replaced picture below `dir`, mirrored. In place only.
    #[must_use]
    pub fn with_backup(mut self, dir: impl AsRef<Path>) -> Self {
        let real = real_path(dir.as_ref());
        if let Some(in_place) = &mut self.in_place {
            in_place.backup = Some(dir.as_ref().to_path_buf());
            if !self.naming.roots.contains(&real) {
                self.walker.avoid.insert(real);
            }
        }
        self
    }

    /// Replaces pictures with several hard links, too; the other names keep the old picture. In place only.
    #[must_use]
    pub fn with_hard_links(mut self, hard_links: bool) -> Self {
        if let Some(in_place) = &mut self.in_place {
            in_place.hard_links = hard_links;
        }
        self
    }

    /// Gives replaced pictures a new modification time. In place only.
    #[must_use]
    pub fn with_touch(mut self, touch: bool) -> Self {
        if let Some(in_place) = &mut self.in_place {
            in_place.touch = touch;
        }
        self
    }

    /// Gives outputs the modification time of their source.
    #[must_use]
    pub fn with_keep_times(mut self, keep_times: bool) -> Self {
        self.keep_times = keep_times;
        self
    }

    /// Encodes in a dry run as well, so that its events know the bytes.
    #[must_use]
    pub fn with_measure(mut self, measure: bool) -> Self {
        self.measure = measure;
        self
    }

    /// Processes only what is new or changed, by a state of earlier runs, and syncs outputs to disk. It has no effect on
    /// archives.
    #[must_use]
    pub fn with_update(mut self, options: UpdateOptions) -> Self {
        if !matches!(self.naming.destination, Destination::Archive(_)) {
            self.walker.avoid.extend(files(&options.state));
            self.nightly.remember = Some(options);
            self.nightly.fsync = true;
        }
        self
    }

    /// Makes outputs survive a power loss once they are reported as done.
    #[must_use]
    pub fn with_fsync(mut self, fsync: bool) -> Self {
        self.nightly.fsync = fsync;
        self
    }

    /// Fails a picture that takes longer.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.nightly.timeout = Some(timeout);
        self
    }

    /// Sets how pictures at `http://` and `https://` addresses are downloaded.
    #[must_use]
    pub fn with_downloads(mut self, options: DownloadOptions) -> Self {
        self.walker.downloads = options;
        self
    }

    /// Ends the run in order after this time.
    #[must_use]
    pub fn with_max_time(mut self, time: Duration) -> Self {
        self.nightly.max_time = Some(time);
        self
    }
}
