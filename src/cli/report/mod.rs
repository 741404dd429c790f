//! The bar, messages, names of outputs, and the report. An error here never stops the work.

mod bar;
mod csv;
pub mod metrics;
mod names;
pub mod ndjson;
mod nothing;
pub mod page;
mod progress;
mod repeats;
mod shard;
mod text;
mod totals;
mod voice;

use std::io::{IsTerminal, Write};
use std::path::Path;

use crate::outcome::Summary;
use crate::report::{Event, Progress, Reporter};
use anyhow::{Result, anyhow};

use super::tell::Tell;
use names::Names;
use ndjson::Ndjson;
use page::Page;
use progress::Meter;
pub use shard::ShardReport;
use text::Text;
use totals::Totals;
use voice::Level;
pub use voice::speak;

/// Prints an error outside of a run.
pub fn say(message: &str) {
    bar::clear();
    let _ = writeln!(std::io::stderr(), "{}", voice::line(Level::Error, &format!("thumbs: {message}")));
}

/// Prints a notice outside of a run.
pub fn tell(message: &str) {
    let _ = writeln!(std::io::stderr(), "{}", voice::line(Level::Info, &format!("thumbs: {message}")));
}

/// Everything that a run writes for people and programs.
pub struct Console {
    meter: Meter,
    text: Text,
    names: Option<Names>,
    report: Option<Ndjson>,
    /// The file for a page.
    page: Option<Page>,
    /// Where somebody hears of them.
    totals: Option<Totals>,
    failed: bool,
    /// The report of a shard.
    shard: Option<ShardReport>,
    /// Whether names or the report go to a terminal.
    stdout_shows: bool,
}

impl Console {
    pub fn new(tell: Tell) -> Result<Self> {
        let report = tell
            .report
            .as_deref()
            .map(|path| {
                let refuse = |e| anyhow!("--report {}: {}", crate::words::path(path), crate::words::system_words(&e));
                Ndjson::create(path).map_err(refuse)
            })
            .transpose()?;
        let refuse =
            |file: &Path, e| anyhow!("--srcset {}: {}", crate::words::path(file), crate::words::system_words(&e));
        let page = tell.page.as_ref().map(|page| Page::create(page).map_err(|e| refuse(&page.file, e))).transpose()?;
        let names = Names::new(&tell);
        let totals = (tell.report.is_some() || tell.verbose).then(Totals::default);
        let report_out = tell.report.as_ref().is_some_and(|file| file.as_os_str() == "-");
        let stdout_shows = (names.is_some() || report_out) && std::io::stdout().is_terminal();
        Ok(Self {
            meter: Meter::new(&tell),
            text: Text::new(&tell),
            names,
            report,
            page,
            totals,
            failed: false,
            shard: None,
            stdout_shows,
        })
    }

    /// Writes a shard's report, too.
    pub fn with_shard(self, shard: Option<ShardReport>) -> Self {
        Self { shard, ..self }
    }

    /// The shard's report.
    pub fn take_shard(&mut self) -> Option<ShardReport> {
        self.shard.take()
    }

    /// Closes all outputs; false if something was lost.
    pub fn close(mut self) -> bool {
        if let Some(error) = self.report.take().and_then(|r| r.close().err()) {
            self.lost("the report", &error);
        }
        !self.failed
    }

    fn lost(&mut self, what: &str, error: &std::io::Error) {
        // A closed pipe is not a loss.
        if error.kind() != std::io::ErrorKind::BrokenPipe {
            self.failed = true;
            let message = format!("thumbs: {what} cannot be written: {}", crate::words::system_words(error));
            self.meter.above(&voice::line(Level::Error, &message));
        }
    }
}

impl Reporter for Console {
    fn event(&mut self, event: &Event<'_>) {
        self.totals.iter_mut().for_each(|totals| totals.count(event));
        if let Some(Err(error)) = self.page.as_mut().map(|page| page.event(event)) {
            self.page = None;
            self.lost("the file of --srcset", &error);
        }
        self.shard.iter_mut().for_each(|shard| shard.event(event));
        if let Some(line) = self.text.line(event) {
            let level = if matches!(event, Event::Failed(_)) { Level::Error } else { Level::Info };
            self.meter.above(&voice::line(level, &line));
        }
        let (mut names, mut report) = (Ok(()), Ok(()));
        let mut write = || {
            names = self.names.as_mut().map_or(Ok(()), |names| names.event(event));
            report = self.report.as_mut().map_or(Ok(()), |report| report.event(event));
        };
        if self.stdout_shows {
            self.meter.aside(write)
        } else {
            write()
        }
        if let Err(error) = names {
            self.names = None;
            self.lost("names of outputs", &error);
        }
        if let Err(error) = report {
            self.report = None;
            self.lost("the report", &error);
        }
    }

    fn progress(&mut self, progress: &Progress) {
        self.meter.update(progress);
        if let Some(Err(error)) = self.report.as_mut().map(Ndjson::flush) {
            self.report = None;
            self.lost("the report", &error);
        }
    }

    fn finished(&mut self, summary: &Summary) {
        self.meter.clear();
        match self.page.take().map(|page| page.finish(summary)) {
            Some(Err(error)) => self.lost("the file of --srcset", &error),
            Some(Ok(missing)) if missing > 0 => {
                self.failed = true;
                let message = format!(
                    "thumbs: --srcset: {missing} pictures are up to date, and the file of the run before lacks them; \
                     run once without --update"
                );
                self.meter.above(&voice::line(Level::Error, &message));
            }
            _ => {}
        }
        let level = if summary.failed > 0 { Level::Warning } else { Level::Info };
        for line in self.text.last(summary, self.totals.as_ref()) {
            self.meter.above(&voice::line(level, &line));
        }
        if let Some(Err(error)) = self.report.as_mut().map(|report| report.summary(summary, self.totals.as_ref())) {
            self.report = None;
            self.lost("the report", &error);
        }
    }
}
