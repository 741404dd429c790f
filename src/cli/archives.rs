//! Options for archives and data sets.

use std::path::Path;

use crate::archive::Kind;
use crate::archive::compress::Levels;
use crate::net::is_stored;
use crate::pipeline::{ArchiveOptions, Dataset};
use crate::plan::Destination;
use crate::sink::Archive;
use crate::sink::shards::{Covered, ShardSize};
use crate::walk::{Input, real_path};
use crate::words;
use anyhow::{Result, bail, ensure};

use super::args::Args;
use super::args_values::{ArchiveKind, Existing};
use super::conflict::Conflict;

/// The archive that `-o` names, from its suffix, or from `--archive` on standard output.
pub fn destination(args: &Args, output: &Path) -> Option<Destination> {
    if output.as_os_str() == "-" {
        return args.archive.map(|_| Destination::Archive(None));
    }
    Kind::from_name(output).map(|_| Destination::Archive(Some(output.to_path_buf())))
}

/// The options of the archive, if the destination is one.
pub fn options(args: &Args, destination: &Destination, inputs: &[Input]) -> Result<Option<ArchiveOptions>> {
    let Destination::Archive(path) = destination else {
        for (given, name) in [
            (args.archive.is_some(), "--archive"),
            (args.partial, "--partial"),
            (args.zstd_level.is_some(), "--zstd-level"),
            (args.gzip_level.is_some(), "--gzip-level"),
        ] {
            ensure!(!given, "{name}: it has no effect without an archive as -o (a name that ends in .tar, or -o -)");
        }
        return Ok(None);
    };
    let kind = match path {
        Some(path) => {
            ensure!(args.archive.is_none(), "--archive: only for -o -; the name of a file says its kind");
            // The caller has checked the suffix.
            let kind = Kind::from_name(path).unwrap_or(Kind::Tar);
            check_file(args, path, kind, inputs)?;
            kind
        }
        None => args.archive.map_or(Kind::Tar, Kind::from),
    };
    ensure!(args.zstd_level.is_none() || kind == Kind::TarZst, "--zstd-level: it has no effect on {}", kind.word());
    ensure!(args.gzip_level.is_none() || kind == Kind::TarGz, "--gzip-level: it has no effect on {}", kind.word());
    let default = Levels::default();
    let levels =
        Levels { zstd: args.zstd_level.unwrap_or(default.zstd), gzip: args.gzip_level.unwrap_or(default.gzip) };
    Ok(Some(ArchiveOptions { kind, levels, partial: args.partial }))
}

/// The data set, if one is written.
pub fn dataset(args: &Args, destination: &Destination, sizes: usize, formats: usize) -> Result<Option<Dataset>> {
    let Some(dir) = &args.webdataset else {
        ensure!(args.shard_size.is_none(), "--shard-size: it has no effect without --webdataset");
        return Ok(None);
    };
    let dir = match destination {
        Destination::Store(prefix) => prefix,
        _ => dir,
    };
    ensure!(sizes == 1 && formats == 1, "--webdataset: it takes one size and one format");
    let size = args.shard_size.unwrap_or(ShardSize::Samples(10_000));
    let (columns, key) = (args.tables.keep_columns.clone(), args.tables.key_column.clone());
    Ok(Some(Dataset { dir: dir.clone(), size, columns, key, covered: Covered::default() }))
}

fn check_file(args: &Args, path: &Path, kind: Kind, inputs: &[Input]) -> Result<()> {
    let real = real_path(path);
    let is_input = |input: &Input| matches!(input, Input::Path(input) if real_path(input) == real);
    ensure!(!inputs.iter().any(is_input), "-o {}: an INPUT of this run", words::path(path));
    match args.existing {
        Some(Existing::Skip) => bail!("--existing skip: an archive is made as a whole; use replace or fail"),
        // What stands in a store shows when that is asked.
        _ if is_stored(path) => {}
        Some(Existing::Fail) => {
            let conflict = || Conflict(format!("-o {}: it exists", words::path(path)));
            ensure!(path.symlink_metadata().is_err(), conflict());
        }
        Some(Existing::Replace) => {}
        None => match Archive::may_replace(path, kind) {
            Ok(true) => {}
            Ok(false) => {
                let why = "exists and thumbs did not write it (--existing replace)";
                bail!(Conflict(format!("-o {}: {why}", words::path(path))))
            }
            // `place::prepare` reports what is wrong with the place.
            Err(_) => {}
        },
    }
    Ok(())
}

impl From<ArchiveKind> for Kind {
    fn from(kind: ArchiveKind) -> Self {
        match kind {
            ArchiveKind::Tar => Self::Tar,
            ArchiveKind::TarGz => Self::TarGz,
            ArchiveKind::TarZst => Self::TarZst,
        }
    }
}
