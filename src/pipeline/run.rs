//! Runs with the destination's own sink.

use std::path::Path;
use std::sync::Arc;

use super::{Cancel, RecipeRenderer, RunConfig, RunError, digest, run_with};
use crate::archive::Kind;
use crate::net::{DownloadOptions, is_stored};
use crate::outcome::{Stop, Summary};
use crate::plan::Destination;
use crate::policy::{Existing, Replace};
use crate::report::Reporter;
use crate::sink::shards::Expected;
use crate::sink::{Archive, Directory, Shards, SinkError, Store, Stream, Uploader, not_ours};
use crate::words;

/// Runs the pipeline with the recipe's renderer and the destination's sink, on the calling thread
/// and threads of its own. Failures of single inputs are reported and counted in the summary.
///
/// # Errors
/// Only if nothing more can be saved.
pub fn run(mut config: RunConfig, reporter: &mut dyn Reporter, cancel: &Cancel) -> Result<Summary, RunError> {
    let _lock = config.remember(cancel)?;
    let renderer = Box::new(RecipeRenderer::new(config.recipe.clone(), config.limits, config.looks()));
    let broken = |error| RunError::Sink { error, summary: Box::default() };
    if let (Some(dataset), false) = (&mut config.dataset, config.dry_run) {
        let recipe = digest::collection(&config.recipe, dataset, &config.shape, config.drop_duplicates);
        let expected = Expected { recipe, keyed: dataset.key.is_some(), contents: config.drop_duplicates.is_some() };
        let uploader = uploader(&dataset.dir, &config.walker.downloads, cancel);
        let mut sink = Shards::create(&dataset.dir, uploader, dataset.size, &expected).map_err(broken)?;
        dataset.covered = sink.covered();
        return run_with(config, renderer, &mut sink, reporter, cancel);
    }
    match (&config.naming.destination, &config.archive) {
        (Destination::Archive(path), Some(options)) if !config.dry_run => {
            let uploader = path.as_ref().and_then(|path| uploader(path, &config.walker.downloads, cancel));
            let replace = match (&uploader, path) {
                (Some(uploader), Some(path)) => object_replaces(config.naming.existing, path, uploader),
                _ => archive_replaces(config.naming.existing, path.as_deref(), options.kind),
            };
            let replace = replace.map_err(broken)?;
            let sink = Archive::create(path.as_deref(), uploader.as_ref(), options.kind, options.levels, replace);
            let mut sink = sink.map_err(broken)?;
            run_with(config, renderer, &mut sink, reporter, cancel)
        }
        (Destination::Store(place) | Destination::Object(place), _) => {
            let place = place.clone();
            let mut sink = Store::new(&config.walker.downloads);
            list(&mut config, &place, &sink, cancel)?;
            run_with(config, renderer, &mut sink, reporter, cancel)
        }
        (Destination::Stdout, _) => run_with(config, renderer, &mut Stream(std::io::stdout()), reporter, cancel),
        _ => run_with(config, renderer, &mut Directory, reporter, cancel),
    }
}

/// What uploads to this place, if it is in a store. A signal ends its uploads.
fn uploader(place: &Path, options: &DownloadOptions, cancel: &Cancel) -> Option<Uploader> {
    let cancel = cancel.clone();
    let stop = move || matches!(cancel.reason(), Some(Stop::Interrupted(_)));
    is_stored(place).then(|| Uploader::new(options, Arc::new(stop)))
}

/// The same for an archive in a store.
fn object_replaces(existing: Existing, path: &Path, uploader: &Uploader) -> Result<Replace, SinkError> {
    let replace = match existing {
        Existing::Fail => Replace::Never,
        Existing::Replace => Replace::Any,
        Existing::Careful | Existing::Skip => Replace::Own,
    };
    uploader.check(path, replace).map(|()| replace)
}

/// What an archive may replace, or an error if an existing file must stay.
fn archive_replaces(existing: Existing, path: Option<&Path>, kind: Kind) -> Result<Replace, SinkError> {
    let Some(path) = path else { return Ok(Replace::Never) };
    let broken = |error| SinkError::Broken { path: path.to_path_buf(), error };
    match existing {
        Existing::Fail => Ok(Replace::Never),
        Existing::Replace => Ok(Replace::Any),
        Existing::Careful | Existing::Skip if path.symlink_metadata().is_err() => Ok(Replace::Own),
        Existing::Careful | Existing::Skip => match Archive::may_replace(path, kind).map_err(broken)? {
            true => Ok(Replace::Any),
            false => Err(broken(not_ours())),
        },
    }
}

/// Lists what stands in the store, where that counts before outputs are made.
fn list(config: &mut RunConfig, place: &Path, sink: &Store, cancel: &Cancel) -> Result<(), RunError> {
    if config.nightly.update.is_none() && !matches!(config.naming.existing, Existing::Skip | Existing::Fail) {
        return Ok(());
    }
    let listed = sink.shared().inventory(place, &|| cancel.is_set()).map_err(|problem| RunError::Halted {
        why: format!("{}: its listing failed: {}", words::path(place), problem.words),
        summary: Box::default(),
    })?;
    let listed = Arc::new(listed);
    if let Some(update) = &mut config.nightly.update {
        update.store = Some((Arc::clone(&listed), Arc::clone(sink.shared())));
    }
    config.inventory = Some(listed);
    Ok(())
}
