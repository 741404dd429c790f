//! Saves the outputs of an input, or stages them in the current batch.

use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::time::Instant;

use xxhash_rust::xxh3::xxh3_64;

use super::super::broken::Broken;
use super::super::{Ready, digest};
use super::{Writer, is_directory};
use crate::outcome::{Done, Failure, SkipReason, SourceName, Stage, Upload};
use crate::policy::Replace;
use crate::report::Event;
use crate::sink::{Entry, SinkError, mark, remove_stale};
use crate::walk::real_path;
use crate::words;

impl Writer<'_> {
    pub(super) fn save(&mut self, mut ready: Ready) -> Result<(), Broken> {
        self.summary.spent += ready.spent;
        if let (Some(looks), Some(look)) = (&mut self.looks, ready.look)
            && let Some(first) = looks.admit(look, &log_name(&ready.source))
        {
            self.drop_duplicate(&ready.source, SkipReason::LooksAlike, &first);
            return Ok(());
        }
        if let Some(error) = self.too_late(ready.number) {
            self.fail(&Failure::new(ready.source, Stage::Write, error));
            return Ok(());
        }
        if self.shared.config.dry_run {
            let (done, _, _) = ready.split();
            self.summary.done += 1;
            self.summary.bytes_in += done.source_bytes;
            self.summary.bytes_out += done.outputs.iter().map(|o| o.bytes).sum::<u64>();
            self.reporter.event(&Event::Planned(&done));
            return Ok(());
        }
        if self.uploads.is_some() {
            return self.upload(ready);
        }
        self.sweep(&ready);
        let begin = Instant::now();
        let facts = ready.facts;
        let config = &self.shared.config;
        let told = config.dataset.as_ref().map(|set| {
            digest::sample(&ready, set, &digest::collection(&config.recipe, set, &config.shape, config.drop_duplicates))
        });
        let number = ready.number;
        let original = ready.original.take();
        let mtime = config.keep_times.then_some(facts.mtime);
        let (mut done, outputs, record) = ready.split();
        if config.planned.is_some() {
            for (told, output) in done.outputs.iter_mut().zip(&outputs) {
                told.digest = xxh3_64(&output.bytes);
            }
        }
        let source = match &done.source {
            SourceName::File(path) => path.clone(),
            SourceName::Stdin | SourceName::Url(_) => PathBuf::new(),
        };
        let beside = |path: &Path| source.file_name().filter(|_| path.parent() == source.parent());
        let entry = |path, bytes, replace| Entry {
            path,
            bytes,
            mode: facts.mode,
            gid: facts.gid,
            beside: beside(path),
            replace,
            mtime,
            original: original.as_ref(),
            number,
        };
        let mut entries: Vec<Entry<'_>> = outputs
            .iter()
            .map(|output| entry(output.plan.path.as_path(), output.bytes.as_slice(), output.plan.replace))
            .collect();
        entries
            .extend(told.iter().flatten().map(|(path, json)| entry(path.as_path(), json.as_slice(), Replace::Never)));
        let put = match &mut self.batch {
            Some(batch) => batch.stage(&entries, &outputs, done, record).map(|()| None),
            None => match self.sink.put(&entries) {
                Ok(()) => {
                    for output in &mut done.outputs {
                        if let Some(place) = self.sink.place(&output.path) {
                            output.path = place;
                        }
                    }
                    Ok(Some(done))
                }
                Err(error) => Err(Box::new((done, error))),
            },
        };
        self.summary.spent.writing += begin.elapsed();
        match put {
            Ok(None) => self.held += 1,
            Ok(Some(done)) => self.saved(&done),
            Err(failed) => {
                let (done, error) = *failed;
                self.unsaved(done.source, error)?;
            }
        }
        Ok(())
    }

    /// For data sets: why a picture finds no place.
    fn too_late(&self, number: u64) -> Option<String> {
        let dataset = self.shared.config.dataset.as_ref()?;
        let shard = words::path(&dataset.dir.join(dataset.covered.closed(number)?));
        Some(format!("it can be read by now, but {shard} was made without it; delete that, and it is made again"))
    }

    /// Reports outputs that could not be saved: those of this input, or of all that follow.
    pub(super) fn unsaved(&mut self, source: SourceName, error: SinkError) -> Result<(), SinkError> {
        // A reader of a pipe may stop when it has enough, which is not a failure.
        if error.is_reader_gone() || (self.uploads.is_none() && self.is_interrupted(&error)) {
            return Err(error);
        }
        let by_another = self.shared.config.in_place.is_some() && error.is_changed() && self.is_compressed(&source);
        if by_another {
            self.skip(&source, SkipReason::Compressed);
            return Ok(());
        }
        // The input is not done, and the user should know which one it was.
        let upload = error.problem().map(|problem| Upload { status: problem.status, attempts: problem.attempts });
        self.fail(&Failure { source, stage: Stage::Write, error: error.to_string(), upload });
        match error {
            SinkError::Entry { .. } => Ok(()),
            broken => Err(broken),
        }
    }

    /// Whether another run has compressed this source in the same way meanwhile.
    pub(super) fn is_compressed(&self, source: &SourceName) -> bool {
        let SourceName::File(path) = source else { return false };
        let (real, recipe) = (real_path(path), digest::recipe(&self.shared.config.recipe));
        std::fs::symlink_metadata(&real).is_ok_and(|m| mark::is_compressed(&real, &m, &recipe))
    }

    pub(super) fn saved(&mut self, done: &Done) {
        self.summary.done += 1;
        self.summary.bytes_in += done.source_bytes;
        self.summary.bytes_out += done.outputs.iter().map(|o| o.bytes).sum::<u64>();
        self.summary.outputs += done.outputs.len() as u64;
        self.reporter.event(&Event::Done(done));
    }

    /// Removes temporary files that a killed run left where this run is about to write.
    pub(super) fn sweep(&mut self, ready: &Ready) {
        if !is_directory(&self.shared.config.naming.destination) {
            return;
        }
        for output in &ready.outputs {
            self.sweep_dir(output.plan.path.parent().unwrap_or(Path::new("")));
        }
    }

    /// In place, also where nothing is replaced: what a killed run left may be an original.
    pub(super) fn sweep_beside(&mut self, source: &SourceName) {
        let config = &self.shared.config;
        if let (true, false, SourceName::File(path)) = (config.in_place.is_some(), config.dry_run, source) {
            self.sweep_dir(path.parent().unwrap_or(Path::new("")));
        }
    }

    pub(super) fn sweep_dir(&mut self, dir: &Path) {
        if self.swept.insert(self.hasher.hash_one(dir)) {
            remove_stale(dir);
        }
    }
}

/// The name of a source, for a log of names.
fn log_name(source: &SourceName) -> PathBuf {
    match source {
        SourceName::File(path) => path.clone(),
        SourceName::Stdin => PathBuf::from("-"),
        SourceName::Url(address) => PathBuf::from(&address.url),
    }
}
