//! Names and claims the outputs of an input, in the order of the inputs.

use std::path::{Path, PathBuf};

use super::end::End;
use super::job::Job;
use super::{Prepared, Shared, in_place};
use crate::outcome::{SkipReason, Stage};
use crate::plan::{Admission, Ledger, OPEN, Picture, Plan, PlannedOutput, Possible, Standing};
use crate::policy::Replace;
use crate::state::digest::Content;
use thumbs_render::format::Format;
use thumbs_render::render::PlannedVariant;

/// Plans the outputs. `named_by` is the digest of the source for names that hold one, `content` the one for duplicates, if
/// these are left out.
pub fn plan(
    shared: &Shared,
    job: &Job,
    member: bool,
    opened: &dyn Prepared,
    (bytes, named_by): (u64, Option<Content>),
    content: Option<&[u8; 32]>,
    ledger: &mut Ledger,
) -> Result<Vec<PlannedOutput>, End> {
    // In place, links to one file are one input.
    let target = shared.config.in_place.as_ref().and_then(|_| in_place::target(job));
    let source = target.as_ref().or(job.found.path.as_ref());
    let admission = |ledger: &mut Ledger, path: &Path| match &job.remote {
        Some(remote) => ledger.admit_url(&remote.url.key(), &remote.url.masked()),
        None => ledger.admit(path),
    };
    let number = match source {
        None => ledger.admit_stdin(),
        Some(path) => match admission(ledger, path) {
            Admission::New(number) => number,
            // A file named twice is one file, but two members with one name are two pictures.
            Admission::Duplicate if member => {
                let error = "the archive holds a member of this name before it";
                return Err(End::Failed(Stage::Plan, error.to_owned()));
            }
            Admission::Duplicate => return Err(End::Skipped(SkipReason::Duplicate)),
            Admission::OwnOutput => return Err(End::Skipped(SkipReason::OwnOutput)),
        },
    };
    if let Some(first) = content.and_then(|content| ledger.same_content(content)) {
        return Err(End::Duplicate(SkipReason::SameBytes, first));
    }
    let planned = plan_new(shared, job, opened, (bytes, named_by), source, number, ledger);
    if let (Some(content), Ok(_) | Err(End::Skipped(SkipReason::Exists))) = (content, &planned) {
        ledger.note_content(content, number);
    }
    planned
}

/// Plans the outputs of an input that was not seen before.
fn plan_new(
    shared: &Shared,
    job: &Job,
    opened: &dyn Prepared,
    (bytes, content): (u64, Option<Content>),
    source: Option<&PathBuf>,
    number: u32,
    ledger: &mut Ledger,
) -> Result<Vec<PlannedOutput>, End> {
    let variants = opened.variants();
    let naming = &shared.config.naming;
    let named = job.output_name();
    let path: Option<&Path> = named.as_ref().or(source).map(PathBuf::as_path);
    if let Some(path) = path.filter(|_| job.found.link) {
        ledger.guard_target(path);
    }
    for variant in variants {
        variant.check().map_err(|e| End::Failed(Stage::Plan, e.to_string()))?;
    }
    let failed = |e: crate::plan::PlanError| End::Failed(Stage::Plan, e.to_string());
    if let Some(dataset) = &shared.config.dataset {
        let key = job.sample_key();
        let path = |extension| dataset.dir.join(format!("{key}.{extension}"));
        let Some(variant) = variants.first().filter(|variant| !variant.candidates.is_empty()) else {
            let extension = variants.first().map_or("", |v| v.format.extension());
            return Ok(vec![PlannedOutput::named(0, path(extension))]);
        };
        let possible = |&format: &Format| Possible { format, path: path(format.extension()), replace: Replace::Never };
        let names = variant.candidates.iter().map(possible).collect();
        return Ok(vec![PlannedOutput { names, ..PlannedOutput::named(0, path(OPEN)) }]);
    }
    let all: Vec<usize> = (0..variants.len()).collect();
    let hash = |variant: &PlannedVariant, format: Format| match (content, &shared.names) {
        (Some(content), Some(names)) => names.name(content, variant, format, opened.decoding(&all)),
        _ => String::new(),
    };
    let outputs = naming.name_by(path, &job.found.below, variants, &hash).map_err(failed)?;
    let wrote = |path: &Path| {
        let update = shared.config.nightly.update.as_ref();
        update.is_some_and(|u| u.state().wrote(path).unwrap_or(false))
    };
    let config = &shared.config;
    let (header, recipe) = (opened.header(), &config.recipe);
    let size = if recipe.auto_orient { header.orientation.apply(header.size) } else { header.size };
    let picture = Picture { size, bytes, metadata: recipe.metadata, limits: &config.limits };
    let is_walked = |path: &Path| config.walker.comes_to(&naming.roots, path);
    let look = |index: usize, format: Option<Format>, path: &Path| {
        if let Some(inventory) = &config.inventory {
            return if inventory.facts(path).is_some() { Standing::Theirs } else { Standing::Nothing };
        }
        let variant = variants[index].settled(format.unwrap_or(variants[index].format));
        match naming.look(path, &variant, &picture, &is_walked) {
            Standing::Theirs | Standing::Unsure if wrote(path) => Standing::Ours,
            standing => standing,
        }
    };
    match naming.settle(outputs, number, ledger, &look).map_err(failed)? {
        Plan::Make(outputs) => Ok(outputs),
        Plan::AllExist => Err(End::Skipped(SkipReason::Exists)),
    }
}
