//! Resolves the options of tables.

use std::path::PathBuf;

use crate::pipeline::{List, Shape};
use crate::sink::shards::is_reserved;
use crate::walk::Columns;
use anyhow::{Result, bail, ensure};

use super::args_table::TableArgs;
use super::usage::shown;

/// The tables, as lists. `collects` if the run makes a data set.
pub fn lists(args: &TableArgs, collects: bool) -> Result<Vec<List>> {
    for (given, option) in [
        (args.url_column.is_some(), "--url-column"),
        (args.key_column.is_some(), "--key-column"),
        (!args.keep_columns.is_empty(), "--keep-columns"),
    ] {
        ensure!(!given || !args.table.is_empty(), "{option}: it has no effect without --table");
    }
    ensure!(collects || args.keep_columns.is_empty(), "--keep-columns: it has no effect without --webdataset");
    let keyed = args.key_column.is_some();
    if let Some(name) = args.keep_columns.iter().find(|name| is_reserved(name, keyed)) {
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
