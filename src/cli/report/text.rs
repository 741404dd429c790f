//! Messages for a person.

use std::io::IsTerminal;

use crate::outcome::{Bottleneck, Failure, SourceName, Stop, Summary};
use crate::report::Event;
use crate::walk::LeftOut;
use crate::words;

use super::nothing;
use super::repeats::Repeats;
use super::totals::Totals;
use crate::cli::tell::Tell;

pub struct Text {
    quiet: bool,
    verbose: bool,
    color: bool,
    terminal: bool,
    repeats: Repeats,
    /// Where all failures are listed.
    list: String,
    dry_run: bool,
    measure: bool,
    /// Where the run looked for inputs.
    places: Vec<String>,
}

impl Text {
    pub fn new(tell: &Tell) -> Self {
        let terminal = std::io::stderr().is_terminal() || tell.always;
        let list = match &tell.report {
            None => "--report FILE".to_owned(),
            Some(file) if file.as_os_str() == "-" => "the report".to_owned(),
            Some(file) => words::path(file),
        };
        let (quiet, verbose, color) = (tell.quiet, tell.verbose, tell.color);
        let (dry_run, measure, places) = (tell.dry_run, tell.measure, tell.places.clone());
        Self { quiet, verbose, color, terminal, repeats: Repeats::default(), list, dry_run, measure, places }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// The message for an event, if any.
    pub fn line(&mut self, event: &Event<'_>) -> Option<String> {
        match event {
            Event::Failed(failure) => {
                let hint = stdin_hint(failure);
                let failed = self.paint("1;31", "failed:");
                let line = format!("thumbs: {}: {failed} {}{hint}", failure.source, failure.error);
                if self.verbose { Some(line) } else { self.repeats.show(failure, line) }
            }
            Event::Skipped(source, reason) if self.verbose => {
                Some(format!("thumbs: {source}: skipped: {}", reason.word()))
            }
            Event::Duplicate(source, reason, first) if self.verbose => {
                Some(format!("thumbs: {source}: skipped: {}, as {}", reason.word(), words::path(first)))
            }
            Event::Kept(done, reason) if self.verbose => {
                let bytes: u64 = done.outputs.iter().map(|o| o.bytes).sum();
                let (before, after) = (words::bytes(done.source_bytes), words::bytes(bytes));
                let notes = done.notes.iter().map(|n| format!("; {n}")).collect::<String>();
                Some(format!("thumbs: {}: skipped: {} ({before} would be {after}){notes}", done.source, reason.word()))
            }
            Event::Pruned(path) if self.verbose => {
                Some(format!("thumbs: {}: removed, this job makes it no more", words::path(path)))
            }
            Event::Done(done) if self.verbose => {
                let outputs: Vec<String> = done
                    .outputs
                    .iter()
                    .map(|o| format!("{} ({}, {})", words::path(&o.path), o.size, words::bytes(o.bytes)))
                    .collect();
                let notes = done.notes.iter().map(|n| format!("; {n}")).collect::<String>();
                Some(format!("thumbs: {} -> {}{notes}", done.source, outputs.join(", ")))
            }
            _ => None,
        }
    }

    /// The final lines.
    pub fn last(&mut self, summary: &Summary, totals: Option<&Totals>) -> Vec<String> {
        let mut lines: Vec<String> = std::mem::take(&mut self.repeats).rest(&self.list).collect();
        if !self.quiet {
            lines.extend(nothing::found(summary, &self.places));
        }
        let stopped = match summary.stopped {
            Some(Stop::Interrupted(_)) => Some("interrupted"),
            Some(Stop::FirstFailure) => Some("ended at the first failure"),
            Some(Stop::TooManyFailures) => Some("too many failures"),
            Some(Stop::OutOfTime) => Some("out of time (--max-time)"),
            None => None,
        };
        // Even with --quiet: a growing backlog needs attention.
        let ended = summary.stopped.is_some();
        let wanted = summary.failed > 0 || ended || self.verbose || (self.terminal && !self.quiet);
        if wanted && !(self.quiet && summary.failed == 0 && !ended) {
            let failed = format!("{} failed", summary.failed);
            let failed = if summary.failed > 0 { self.paint("1;31", &failed) } else { failed };
            let (done, skipped, bytes_in) = (summary.done, summary.skipped, words::bytes(summary.bytes_in));
            let seconds = summary.elapsed.as_secs_f64();
            let mut line = match self.dry_run {
                true if self.measure => {
                    let bytes_out = words::bytes(summary.bytes_out);
                    format!(
                        "thumbs: {done} to be done, {skipped} skipped, {failed}; {bytes_in} in, {bytes_out} out, \
                         {seconds:.2} s"
                    )
                }
                true => {
                    format!("thumbs: {done} to be done, {skipped} skipped, {failed}; {bytes_in} in, {seconds:.2} s")
                }
                false => {
                    let bytes_out = words::bytes(summary.bytes_out);
                    format!(
                        "thumbs: {done} done, {skipped} skipped, {failed}; {bytes_in} in, {bytes_out} out, {seconds:.2} s"
                    )
                }
            };
            if summary.failed_before > 0 {
                line = format!("{line}; {} of the skipped failed before", summary.failed_before);
            }
            let backups = summary.left_out.iter().find(|(rule, _)| *rule == LeftOut::Backup);
            if let Some((_, count)) = backups {
                line = format!("{line}; {count} left out as backups or partial downloads (--backups)");
            }
            if summary.pruned > 0 {
                line = format!("{line}; {} removed", summary.pruned);
            }
            if let Some(stopped) = stopped {
                line = format!("{line}; {stopped}");
                let inputs = if summary.left == 1 { "input" } else { "inputs" };
                match (summary.left, summary.left_exact) {
                    (0, _) => {}
                    (left, true) => line = format!("{line}, {left} {inputs} left"),
                    (left, false) => line = format!("{line}, at least {left} {inputs} left"),
                }
            }
            lines.push(line);
        }
        if self.dry_run && !self.measure && !self.quiet && summary.done > 0 {
            lines.push("thumbs: only headers were decoded; pictures damaged further on are not noticed".to_owned());
        }
        if self.verbose && summary.unsynced {
            lines.push(
                "thumbs: the file system of the outputs cannot sync (fsync); a power loss may cost some".to_owned(),
            );
        }
        if self.verbose {
            lines.extend(totals.iter().flat_map(|totals| totals.lines()));
            let t = &summary.spent;
            let s = |d: std::time::Duration| format!("{:.2} s", d.as_secs_f64());
            lines.push(format!(
                "thumbs: time: reading {}, decoding {}, resizing {}, encoding {}, writing {}, workers waiting {}",
                s(t.reading),
                s(t.decoding),
                s(t.resizing),
                s(t.encoding),
                s(t.writing),
                s(t.waiting),
            ));
            if summary.requests > 0 {
                lines.push(format!(
                    "thumbs: network: {} requests, {} downloaded",
                    summary.requests,
                    words::bytes(summary.downloaded)
                ));
            }
            if let Some((bottleneck, share)) = summary.bottleneck {
                let what = match bottleneck {
                    Bottleneck::Network => "the network: workers waited for downloads",
                    Bottleneck::Disk => "the disk: workers waited for files to be found, read or saved",
                    Bottleneck::Processor => "the processor: workers decoded, resized and encoded",
                    Bottleneck::Memory => "memory: workers waited for a part of --memory",
                };
                lines.push(format!("thumbs: bottleneck: {what} for {:.0} % of their time", share * 100.0));
            }
        }
        lines
    }
}

/// A hint at the option for input that is not a picture.
fn stdin_hint(failure: &Failure) -> &'static str {
    let holds = |what: &str| failure.source == SourceName::Stdin && failure.error.ends_with(what);
    if holds("(a tar archive)") {
        "; --archive-in takes an archive's members"
    } else if holds("(gzip data)") || holds("(Zstandard data)") {
        "; --archive-in takes the members of a compressed tar archive"
    } else if holds("(text)") {
        "; --files-from - takes a list of names"
    } else {
        ""
    }
}
