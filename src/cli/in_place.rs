//! `--in-place`: what its options mean, and what is refused because it would touch more than was meant.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

use crate::pipeline::InPlace;
use crate::walk::{self, Input, is_pattern, literal_prefix};
use crate::words;
use thumbs_render::geometry::SizeSpec;
use thumbs_render::recipe::FormatChoice;

use super::args::Args;
use super::args_values::{Icc, Metadata};
use super::command::Typed;
use super::place;
use super::typed::TypedSize;

/// The options with the defaults that hold in place: nothing is lost that was not asked for.
pub fn with_defaults(mut args: Args, typed: &Typed) -> Args {
    if !args.compress.in_place {
        return args;
    }
    if args.size.is_empty() {
        args.size = vec![TypedSize { size: SizeSpec::Original, label: "original".to_owned() }];
    }
    if !typed.has("icc") {
        args.icc = Icc::Keep;
    }
    if !typed.has("metadata") {
        args.metadata = Metadata::Keep;
    }
    // Without the tag that turns them, pixels have to be turned.
    if matches!(args.metadata, Metadata::Keep) && !args.auto_orient {
        args.no_auto_orient = true;
    }
    args
}

/// How sources are replaced, if they are.
pub fn resolve(args: &Args, inputs: &[Input], sizes: usize) -> Result<Option<InPlace>> {
    let own = &args.compress;
    if !own.in_place {
        for (given, option) in [
            (own.min_savings.is_some(), "--min-savings"),
            (own.backup.is_some(), "--backup"),
            (own.hard_links, "--hard-links"),
            (own.touch, "--touch"),
        ] {
            ensure!(!given, "{option}: it has no effect without --in-place");
        }
        return Ok(None);
    }
    let nightly = &args.nightly;
    for (given, option, why) in [
        (args.output.is_some(), "-o", "outputs take the place of their sources"),
        (args.name.is_some(), "--name", "pictures keep their names"),
        (args.format.iter().any(|choice| *choice != FormatChoice::Keep), "-f", "pictures keep their format"),
        (args.existing.is_some(), "--existing", "--min-savings says what is replaced"),
        (args.webdataset.is_some(), "--webdataset", "a data set is no place of pictures"),
        (args.archive.is_some() || args.partial, "--archive", "members of archives are not replaced"),
        (args.archive_in, "--archive-in", "members of archives are not replaced"),
        (args.allow_truncated, "--allow-truncated", "what is left of a picture would replace it"),
        (nightly.prune || nightly.prune_all, "--prune", "pictures themselves would be removed"),
        (own.touch && args.keep_times, "--touch", "--keep-times keeps them"),
        (sizes > 1, "-s", "a picture is replaced by one size"),
        (args.relative_to.is_some() && own.backup.is_none(), "--relative-to", "only --backup mirrors paths"),
    ] {
        ensure!(!given, "{option}: not together with --in-place: {why}");
    }
    for input in inputs {
        ensure!(!matches!(input, Input::Stdin | Input::StdinArchive), "--in-place: standard input has no place");
        ensure!(!input.is_archive(), "--in-place: members of archives are not replaced");
        if let Input::Path(path) = input {
            check(path)?;
        }
    }
    if let Some(dir) = &own.backup {
        ensure!(!dir.as_os_str().is_empty(), "--backup: a value is missing");
        place::check_local("--backup", dir)?;
        ensure!(dir.is_dir() || !dir.exists(), "--backup {}: not a directory", words::path(dir));
    }
    let min_savings = own.min_savings.unwrap_or_default();
    Ok(Some(InPlace { min_savings, hard_links: own.hard_links, backup: own.backup.clone(), touch: own.touch }))
}

/// Refuses an INPUT that holds more than pictures that somebody would want to replace.
fn check(path: &Path) -> Result<()> {
    let shown = words::path(path);
    if path.is_dir() {
        if let Some(why) = walk::refusal(path) {
            bail!("--in-place {shown}: {why}; name a directory of pictures");
        }
    } else if path.symlink_metadata().is_err() && is_pattern(path) {
        let deep = path.iter().any(|part| part.as_encoded_bytes().windows(2).any(|two| two == b"**"));
        let above: PathBuf = literal_prefix(path);
        if let Some(why) = walk::refusal(&above).filter(|_| deep) {
            bail!("--in-place {shown}: it begins in {}: {why}; name a directory of pictures", words::path(&above));
        }
    }
    Ok(())
}
