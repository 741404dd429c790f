//! Resolves `--srcset`.

use anyhow::{Result, ensure};

use super::args::Args;
use super::page_kind::{Kind, PageOptions};
use super::place;
use crate::pipeline::List;
use crate::plan::Destination;
use crate::walk::Input;
use crate::words;

/// The names of variants, where no others are asked for.
pub const NAME: &str = "{stem}-{width}.{ext}";

/// The file, and what it tells of.
pub fn page(args: &Args, destination: &Destination) -> Option<PageOptions> {
    let (file, Destination::Directory(outputs)) = (args.srcset.as_ref()?, destination) else { return None };
    Some(PageOptions { file: file.clone(), kind: Kind::of(file)?, outputs: outputs.clone() })
}

/// Checks that the file can be made, and replaces nothing but itself.
pub fn check(args: &Args, destination: &Destination, inputs: &[Input], lists: &[List]) -> Result<()> {
    let Some(file) = &args.srcset else { return Ok(()) };
    let shown = words::path(file);
    let Some(kind) = Kind::of(file) else {
        anyhow::bail!("--srcset {shown}: its name ends in .json or .html");
    };
    ensure!(
        matches!(destination, Destination::Directory(_)) && args.webdataset.is_none(),
        "--srcset: it tells of files in a directory; name one by -o"
    );
    ensure!(args.split.write_plan.is_none() && args.split.plan.is_none(), "--srcset: shards share no file");
    place::check_file("--srcset", file, destination)?;
    place::check_not_source("--srcset", file, inputs, lists)?;
    let is_other = file.metadata().is_ok_and(|metadata| metadata.len() > 0) && !kind.is_head_of(file);
    ensure!(!is_other, "--srcset {shown}: it exists, and thumbs did not make it; name another file, or remove it");
    Ok(())
}
