//! Resolves the options of tables.

use std::path::PathBuf;

use crate::pipeline::{List, Shape};
use crate::sink::shards::is_reserved;
use crate::walk::Columns;
use anyhow::{Result, bail, ensure};
use thumbs_render::recipe::Placeholder;

use super::args_table::{Duplicates, TableArgs};
use super::usage::shown;

/// The tables, as lists. `collects` if the run makes a data set, `others` if it has other INPUTs.
pub fn lists(args: &TableArgs, placeholders: &[Placeholder], collects: bool, others: bool) -> Result<Vec<List>> {
    for (given, option) in [
        (args.url_column.is_some(), "--url-column"),
        (args.key_column.is_some(), "--key-column"),
        (!args.keep_columns.is_empty(), "--keep-columns"),
    ] {
        ensure!(!given || !args.table.is_empty(), "{option}: it has no effect without --table");
    }
    ensure!(collects || args.keep_columns.is_empty(), "--keep-columns: it has no effect without --webdataset");
    ensure!(
        !collects || args.key_column.is_none() || !others,
        "--key-column: every sample of the data set gets its key from a table, so name no other INPUT"
    );
    let (keyed, looks) = (args.key_column.is_some(), args.drop_duplicates == Some(Duplicates::Perceptual));
    if let Some(name) = args.keep_columns.iter().find(|name| is_reserved(name, keyed, looks, placeholders)) {
        bail!("--keep-columns {}: the JSON of a sample has a key of this name", shown(name));
    }
    let url = args.url_column.clone().unwrap_or_else(|| "url".to_owned());
    let columns = Columns { url, key: args.key_column.clone(), keep: args.keep_columns.clone() };
    let list = |path: &PathBuf| List {
        file: (path.as_os_str() != "-").then(|| path.clone()),
        nul: false,
        table: Some(columns.clone()),
    };
    Ok(args.table.iter().map(list).collect())
}

/// Which pictures are left out.
pub fn shape(args: &TableArgs) -> Shape {
    Shape { min_size: args.min_size, max_aspect: args.max_aspect }
}

/// Checks that duplicates can be found: a run that does not open a picture does not know its content.
pub fn check_duplicates(args: &TableArgs, updates: bool, in_place: bool, skips: bool) -> Result<()> {
    let Some(how) = args.drop_duplicates else { return Ok(()) };
    ensure!(!updates, "--drop-duplicates: not with --update, which does not open unchanged pictures");
    ensure!(!in_place, "--drop-duplicates: not with --in-place, which has no outputs to leave out");
    ensure!(
        how == Duplicates::Sha256 || !skips,
        "--drop-duplicates perceptual: not with --existing skip, which does not decode what it skips"
    );
    Ok(())
}
