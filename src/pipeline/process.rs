//! Processes one input, from its name to encoded outputs.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::budget::{OverCeiling, Share};
use super::end::End;
use super::job::{Job, Packed};
use super::lookup::Unchanged;
use super::planning::plan;
use super::trace::{Trace, standing, unchanged};
use super::turns::{Turns, pass_over};
use super::{Message, Prepared, Ready, ReadyOutput, Shared, in_place};
use crate::archive::{self, detect};
use crate::outcome::{SkipReason, Stage, TimeSpent};
use crate::plan::{Admission, PlannedOutput};
use crate::source::{Facts, Source, SourceError};
use crate::state::digest;
use crate::state::{Kind, Record, Seen};
use crate::words;
use thumbs_render::codec::DecodeError;
use thumbs_render::format;
use thumbs_render::metadata::description;
use thumbs_render::render::{Encoded, RenderError};

pub fn process(
    shared: &Shared,
    job: &Job,
    packed: Option<Packed>,
    mut turns: Turns<'_>,
    spent: &mut TimeSpent,
    trace: &mut Trace,
) -> Result<Ready, End> {
    let begin = Instant::now();
    let config = &shared.config;
    check_covered(shared, job, &mut turns)?;
    let member = packed.is_some() && job.remote.is_none();
    let (mut source, mut held) = source_of(shared, job, packed, trace)?;
    let facts = *source.facts();
    let seen = Seen::at(&facts, SystemTime::now());
    trace.seen = Some(seen);
    in_place::admit(config, job, &facts).map_err(End::refused)?;
    let mut clock = begin;
    let mut lap = |slot: &mut Duration| {
        let now = Instant::now();
        *slot += now - clock;
        clock = now;
    };
    lap(&mut spent.reading);
    if let Some(turn) = turns.bytes {
        shared.watch.pause(job.number);
        let share = turn.take(|()| shared.source_bytes.draw(facts.len));
        held = Some(share.map_err(|e| End::Failed(Stage::Decode, e.message("its file", facts.len)))?);
        shared.watch.go_on(job.number);
    }
    lap(&mut spent.waiting);
    let mut bytes = source.head()?;
    let known = format::sniff(&bytes).is_some();
    if !known && !job.found.certain {
        let name = job.found.path.as_deref().unwrap_or(Path::new(""));
        if archive::Kind::from_name(name).is_some() && detect::packing(&bytes).is_some() {
            shared.passed.archive();
        }
        trace.digest = job.before.is_some().then(|| digest::content(&bytes));
        return Err(End::Ignored);
    }
    // Do not read on if it is not a picture. `open` reports what it appears to be.
    if known {
        source.rest(&mut bytes)?;
    }
    drop(source);
    lap(&mut spent.reading);
    let mut same = None;
    if let Some(before) = &job.before {
        trace.digest = Some(digest::content(&bytes));
        same = unchanged(shared, job, before, trace);
    }
    if let Some((reason, record)) = same {
        let outputs = record.outputs.iter().map(|o| o.path.clone()).collect();
        let pass = vec![Unchanged { source: job.source(), path: record.source.clone(), reason, outputs }];
        return Err(match turns.claims.take(|ledger| pass_over(ledger, pass)).pop() {
            Some(Message::Failed(failure)) => End::Failed(failure.stage, failure.error),
            Some(Message::Skipped { reason, .. }) => End::Unchanged(reason, Box::new(record)),
            _ => End::Ignored,
        });
    }

    shared.watch.note(job.number, || trace.record(job, Kind::Failed));
    let opened = shared.renderer.open(&bytes).map_err(|e| End::Failed(Stage::Decode, e.to_string()))?;
    lap(&mut spent.decoding);
    in_place::check(config, opened.header(), &bytes).map_err(End::refused)?;
    if let Some(reason) = config.shape.leaves_out(opened.header().size) {
        return Err(End::Settled(reason));
    }
    shared.watch.pause(job.number);
    let is_wanted = config.dataset.is_some() || config.drop_duplicates.is_some();
    let content = is_wanted.then(|| super::digest::content(&bytes));
    let same = content.as_ref().filter(|_| config.drop_duplicates.is_some());
    let named_by = config.naming.template.tells_hash().then(|| digest::content(&bytes));
    let sized = (bytes.len() as u64, named_by);
    let outputs = turns.claims.take(|ledger| plan(shared, job, member, opened.as_ref(), sized, same, ledger));
    lap(&mut spent.waiting);
    let mut outputs = outputs?;
    let wanted: Vec<usize> = outputs.iter().map(|o| o.variant).collect();
    let mut record = trace.record(job, Kind::Made);
    if let Some(record) = &mut record {
        leave_standing(shared, job, trace, opened.as_ref(), &wanted, &mut outputs, record);
        if outputs.is_empty() && !record.outputs.is_empty() {
            return Err(End::Unchanged(SkipReason::UpToDate, Box::new(record.clone())));
        }
    }

    let header = opened.header();
    let mut ready = Ready {
        number: job.number,
        source: job.source(),
        facts,
        outputs: Vec::new(),
        source_format: header.format,
        source_size: header.size,
        source_bytes: bytes.len() as u64,
        shrink: 1.0,
        notes: Vec::new(),
        content,
        look: None,
        placeholders: Vec::new(),
        description: config.page.as_ref().and_then(|_| description(&header.metadata)),
        begin,
        spent: TimeSpent::default(),
        record,
        row: job.row.clone(),
        original: in_place::original(config, job, &facts, &bytes, seen.ctime == 0),
        _share: None,
    };
    let need = opened.memory();
    let too_large = |over: OverCeiling| End::Failed(Stage::Decode, over.message(&what_needs(opened.as_ref()), need));
    if config.dry_run && !config.measure {
        if need > config.memory.ceiling {
            return Err(too_large(OverCeiling { ceiling: config.memory.ceiling }));
        }
        let planned = |o: PlannedOutput| {
            let variant = &opened.variants()[o.variant];
            let format = variant.candidates.is_empty().then_some(variant.format);
            let (size, bytes) = (variant.size, Vec::new());
            ReadyOutput { plan: o, format, size, bytes, quality: None, score: None, effort: None, encoder: "" }
        };
        ready.outputs = outputs.into_iter().map(planned).collect();
        return Ok(ready);
    }

    let mut share = turns.pixels.take(|()| shared.pixel_bytes.draw(need)).map_err(too_large)?;
    lap(&mut spent.waiting);
    // Render all outputs, including up-to-date ones: the set of wanted outputs decides at which
    // size the source is decoded.
    let deadline = shared.watch.go_on(job.number);
    let overdue = || deadline.is_some_and(|d| Instant::now() >= d);
    let rendered = opened.render(&wanted, Some(&overdue)).map_err(|error| match error {
        RenderError::Decode(DecodeError::Interrupted) => End::Failed(Stage::Decode, shared.watch.words()),
        error => End::Failed(stage_of(error.stage()), error.to_string()),
    })?;
    spent.decoding += rendered.times.decode;
    spent.resizing += rendered.times.resize;
    spent.encoding += rendered.times.encode;
    ready.shrink = rendered.shrink;
    ready.notes = rendered.notes;
    ready.look = rendered.look;
    ready.placeholders = rendered.placeholders;
    let holds_more = in_place::holds_more(config, opened.header(), &bytes);
    drop(opened);
    drop((bytes, held));
    for encoded in rendered.outputs {
        let output = outputs.iter().find(|o| o.variant == encoded.variant);
        if let Some(output) = output {
            let Encoded { bytes, size, format, quality, score, effort, encoder, .. } = encoded;
            let mut plan = output.clone();
            plan.settle(format);
            let format = Some(format);
            ready.outputs.push(ReadyOutput { plan, format, size, bytes, quality, score, effort, encoder });
        }
    }
    if let Some(reason) = in_place::judge(config, ready.source_bytes, holds_more, &ready.outputs, &ready.notes) {
        let (done, _, record) = ready.split();
        return Err(End::Kept(Box::new(done), reason, record.map(Box::new)));
    }
    // From here to the writer only the encoded bytes are held.
    share.keep(ready.outputs.iter().map(|o| o.bytes.len() as u64).sum());
    ready._share = Some(share);
    Ok(ready)
}

/// For data sets: checks whether shards of an earlier run contain this input. Inputs that failed
/// then are tried again, so that each run reports its failures.
fn check_covered(shared: &Shared, job: &Job, turns: &mut Turns<'_>) -> Result<(), End> {
    let Some(dataset) = &shared.config.dataset else { return Ok(()) };
    let path = job.found.path.as_deref();
    let key = dataset.key.is_some().then(|| job.sample_key());
    if let Some(shard) = dataset.covered.contradicts(job.number, path, key.as_deref()) {
        // Every number would mean another input than before.
        return Err(End::OtherInputs(other_inputs(&dataset.dir.join(shard))));
    }
    if !dataset.covered.holds(job.number) {
        return Ok(());
    }
    // A second path to the same file is not another input.
    let admission = turns.claims.take_if_left(|ledger| match (&job.remote, path) {
        (Some(remote), _) => Some(ledger.admit_url(&remote.url.key(), &remote.url.masked())),
        (None, path) => path.map(|path| ledger.admit(path)),
    });
    let reason = match admission.flatten() {
        Some(Admission::Duplicate) => SkipReason::Duplicate,
        _ => SkipReason::Exists,
    };
    Err(End::Skipped(reason))
}

/// The message for the user.
pub fn other_inputs(shard: &Path) -> String {
    let shard = words::path(shard);
    format!("stopped: the inputs are not those that {shard} was made of; make a new data set, in another directory")
}

/// The opened source, with its memory if the feeder has drawn it.
fn source_of(
    shared: &Shared,
    job: &Job,
    packed: Option<Packed>,
    trace: &mut Trace,
) -> Result<(Source, Option<Share>), End> {
    let most = shared.config.limits.max_file_size;
    match (packed, &job.found.path) {
        (Some(Packed::Bytes { source, share }), _) => Ok((source, Some(share))),
        (Some(Packed::Zip { entry, facts }), _) => {
            let content = entry.open().map_err(SourceError::from)?;
            Ok((Source::packed(Box::new(content), facts), None))
        }
        (Some(Packed::Broken { error, .. }), _) => {
            if let Some(remote) = &job.remote {
                // Without a digest, the state knows that nothing came.
                trace.seen = Some(Seen::new(&Facts::default()));
                // What was there before may come back.
                let was_made = job.before.iter().flat_map(|before| &before.rows).any(|row| row.kind == Kind::Made);
                trace.lasting = remote.lasting && !was_made;
                trace.passes = remote.passes;
            }
            Err(End::Failed(Stage::Read, error))
        }
        (None, Some(path)) => {
            let opened = Source::open(path, most).inspect_err(|error| {
                if let (SourceError::TooLarge { .. }, Ok(metadata)) = (error, std::fs::metadata(path)) {
                    trace.seen = Some(Seen::at(&Facts::from(&metadata), SystemTime::now()));
                    trace.lasting = true;
                }
            });
            Ok((opened?, None))
        }
        (None, None) => Ok((Source::stdin(most), None)),
    }
}

/// Moves outputs that an earlier run made and that are unchanged from the plan to the record.
fn leave_standing(
    shared: &Shared,
    job: &Job,
    trace: &Trace,
    opened: &dyn Prepared,
    wanted: &[usize],
    outputs: &mut Vec<PlannedOutput>,
    record: &mut Record,
) {
    let (Some(before), Some(recipes)) = (&job.before, &shared.recipes) else { return };
    let decoding = opened.decoding(wanted);
    let variants = opened.variants();
    outputs.retain_mut(|output| {
        let variant = &variants[output.variant];
        let format = variant.candidates.is_empty().then_some(variant.format);
        output.digest = recipes.common().variant(variant.size_index, format, decoding);
        // A page tells of all outputs, so all are made.
        if shared.config.page.is_some() {
            return true;
        }
        let standing = standing(shared, before, trace, output);
        let make = standing.is_none();
        record.outputs.extend(standing);
        make
    });
}

fn stage_of(word: &str) -> Stage {
    match word {
        "resize" => Stage::Resize,
        "encode" => Stage::Encode,
        _ => Stage::Decode,
    }
}

/// What needs the memory: decoding the picture, or making its output.
fn what_needs(opened: &dyn Prepared) -> String {
    let stored = opened.header().size.pixels();
    match opened.variants().iter().map(|variant| variant.size).max_by_key(|size| size.pixels()) {
        Some(size) if size.pixels() > stored => format!("making {size} of it, as --size and --fit or --enlarge ask,"),
        _ => "decoding it".to_owned(),
    }
}
