//! Which messages, names and reports a run writes.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use crate::net::masked_text;
use crate::plan::Destination;
use crate::words;
use anyhow::{Result, ensure};

use super::args::Args;
use super::args_values::When;
use super::page_kind::PageOptions;

/// The output options of a run.
#[derive(Debug)]
pub struct Tell {
    pub bar: bool,
    pub lines: bool,
    /// `--progress always` without a terminal: one line a second.
    pub always: bool,
    pub quiet: bool,
    pub verbose: bool,
    pub color: bool,
    pub print: Option<Print>,
    pub report: Option<PathBuf>,
    /// The file for a page.
    pub page: Option<PageOptions>,
    pub dry_run: bool,
    /// In a dry run, outputs are encoded as well.
    pub measure: bool,
    /// Where the run looks for inputs.
    pub places: Vec<String>,
}

impl Tell {
    /// When to start counting inputs: at once for a bar, before the first line without one.
    pub fn count_after(&self) -> Option<Duration> {
        match (self.bar || self.always, self.lines) {
            (true, _) => Some(Duration::ZERO),
            (false, true) => Some(LINE_EVERY * 2 / 3),
            (false, false) => None,
        }
    }
}

/// The interval between progress lines.
pub const LINE_EVERY: Duration = Duration::from_secs(30);

/// The separator of names on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Print {
    Lines,
    Nul,
}

pub fn tell(args: &Args, destination: &Destination) -> Result<Tell> {
    let print = match (args.print, args.print0) {
        (_, true) => Some(Print::Nul),
        (true, false) => Some(Print::Lines),
        _ => None,
    };
    let report_out = args.report.as_ref().is_some_and(|r| r.as_os_str() == "-");
    let to_stdout = matches!(destination, Destination::Stdout | Destination::Archive(None));
    let pictures = to_stdout && !args.dry_run;
    let users = [pictures, print.is_some(), report_out, args.dry_run && (print.is_some() || report_out)];
    let users = users.iter().filter(|used| **used).count();
    ensure!(users <= 1, "only one of pictures, --print, --dry-run and --report - can have standard output");
    if pictures {
        ensure!(!std::io::stdout().is_terminal(), "a picture is not written to a terminal; use -o or redirect");
    }
    let terminal = std::io::stderr().is_terminal();
    // A dumb terminal cannot redraw a line.
    let can_draw = terminal && std::env::var_os("TERM").is_none_or(|t| t != "dumb");
    let bar = match args.progress {
        When::Always => can_draw,
        When::Never => false,
        When::Auto => can_draw && !args.quiet,
    };
    Ok(Tell {
        bar,
        lines: !bar && !args.quiet && args.progress != When::Never,
        always: args.progress == When::Always && !bar,
        quiet: args.quiet,
        verbose: args.verbose,
        color: color_wanted(args.color, terminal),
        print,
        report: args.report.clone(),
        page: super::srcset::page(args, destination).filter(|_| !args.dry_run),
        dry_run: args.dry_run,
        measure: args.compress.measure,
        places: places(args),
    })
}

/// The names of INPUTs and lists.
fn places(args: &Args) -> Vec<String> {
    let name = |path: &PathBuf| match path.as_os_str() == "-" {
        true => "standard input".to_owned(),
        false => words::path(&masked_text(path)),
    };
    args.inputs.iter().chain(&args.files0_from).chain(&args.files_from).chain(&args.tables.table).map(name).collect()
}

/// `--color` decides, then NO_COLOR, then CLICOLOR_FORCE, then the terminal.
fn color_wanted(when: When, terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if set("NO_COLOR") => false,
        When::Auto if set("CLICOLOR_FORCE") && std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
        When::Auto => terminal && std::env::var_os("TERM").is_none_or(|t| t != "dumb"),
    }
}
