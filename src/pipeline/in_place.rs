//! Sources that are replaced by their own outputs: which ones may be, and whether it is worth it.

use std::fs;
use std::path::{Path, PathBuf};

use super::config::{InPlace, RunConfig};
use super::job::Job;
use super::{ReadyOutput, digest};
use crate::outcome::SkipReason;
use crate::sink::{Fingerprint, Original, mark, may_write_to};
use crate::source::Facts;
use crate::state::digest as content;
use crate::walk::{in_store, real_path};
use thumbs_render::codec::Header;
use thumbs_render::format::Format;
use thumbs_render::recipe::MetadataPolicy;
use thumbs_render::render::is_lossless_note;

/// Where a source goes before it is replaced.
fn place(in_place: &InPlace, job: &Job) -> Option<PathBuf> {
    let name = job.found.path.as_deref().and_then(Path::file_name)?;
    in_place.backup.as_ref().map(|dir| dir.join(&job.found.below).join(name))
}

/// The file that is to be replaced: what a link leads to.
pub fn target(job: &Job) -> Option<PathBuf> {
    let path = job.found.path.as_deref()?;
    Some(if job.found.link { real_path(path) } else { path.to_path_buf() })
}

/// Whether a source may be replaced, as far as the system knows it.
pub fn admit(config: &RunConfig, job: &Job, facts: &Facts) -> Result<(), SkipReason> {
    let (Some(in_place), Some(path)) = (&config.in_place, target(job)) else { return Ok(()) };
    if in_store(&real_path(&path)) {
        return Err(SkipReason::VersionControl);
    }
    if facts.nlink > 1 && !in_place.hard_links && !is_own_backup(in_place, job, facts) {
        return Err(SkipReason::HardLink);
    }
    // Root may write to everything; that nobody may is somebody's wish all the same.
    if facts.mode & 0o222 == 0 || may_write_to(&path).is_err() {
        return Err(SkipReason::ReadOnly);
    }
    let is_done = |m: &fs::Metadata| mark::is_compressed(&path, m, &digest::recipe(&config.recipe));
    if fs::symlink_metadata(&path).is_ok_and(|m| is_done(&m)) {
        return Err(SkipReason::Compressed);
    }
    Ok(())
}

/// Whether the second link is the backup of a run that was killed before it replaced the source.
fn is_own_backup(in_place: &InPlace, job: &Job, facts: &Facts) -> bool {
    let backup = place(in_place, job).and_then(|place| fs::symlink_metadata(place).ok());
    facts.nlink == 2 && backup.is_some_and(|m| Facts::from(&m).id == facts.id)
}

/// Whether a picture can be written again as what it is.
pub fn check(config: &RunConfig, header: &Header, bytes: &[u8]) -> Result<(), SkipReason> {
    if config.in_place.is_none() {
        return Ok(());
    }
    if !header.format.writes() {
        return Err(SkipReason::NotWritten);
    }
    if header.animated {
        return Err(SkipReason::Animated);
    }
    let is_deep = header.format == Format::Png && bytes.get(24) == Some(&16);
    if is_deep {
        return Err(SkipReason::WouldLose);
    }
    Ok(())
}

/// Whether a JPEG holds more than its picture: an index of further pictures, or something behind its end, as motion
/// photos do. Zeros there are padding.
pub fn holds_more(config: &RunConfig, header: &Header, bytes: &[u8]) -> bool {
    let is_kept = config.in_place.is_some() && config.recipe.metadata == MetadataPolicy::Keep;
    if !is_kept || header.format != Format::Jpeg {
        return false;
    }
    const HEAD: usize = 256 << 10;
    let head = &bytes[..bytes.len().min(HEAD)];
    let is_index = |part: &[u8]| part.starts_with(&[0xff, 0xe2]) && part.ends_with(b"MPF\0");
    let padding = bytes.iter().rev().take_while(|byte| **byte == 0).count();
    head.windows(8).any(is_index) || !bytes[..bytes.len() - padding].ends_with(&[0xff, 0xd9])
}

/// Why an encoded output does not replace its source, if it does not.
pub fn judge(
    config: &RunConfig,
    before: u64,
    holds_more: bool,
    outputs: &[ReadyOutput],
    notes: &[String],
) -> Option<SkipReason> {
    let in_place = config.in_place.as_ref()?;
    let after: u64 = outputs.iter().map(|output| output.bytes.len() as u64).sum();
    if !in_place.min_savings.are_met(before, after) {
        return Some(SkipReason::NotWorthIt);
    }
    // Whatever else is noted is lost.
    (holds_more || !notes.iter().all(|note| is_lossless_note(note))).then_some(SkipReason::WouldLose)
}

/// What the sink needs to know of the source.
pub fn original(config: &RunConfig, job: &Job, facts: &Facts, bytes: &[u8], is_fresh: bool) -> Option<Original> {
    let in_place = config.in_place.as_ref()?;
    let fingerprint = || Fingerprint { of: content::content, value: content::content(bytes) };
    Some(Original {
        facts: *facts,
        fingerprint: is_fresh.then(fingerprint),
        touch: in_place.touch,
        backup: place(in_place, job),
        recipe: digest::recipe(&config.recipe),
    })
}
