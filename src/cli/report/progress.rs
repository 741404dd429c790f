//! Progress: a bar on a terminal, lines elsewhere.

use std::io::Write;
use std::time::Duration;

use crate::outcome::Stop;
use crate::report::Progress;

use super::bar::{self, Bar, Sums, clock};
use super::voice::{self, Level};
use crate::cli::tell::{LINE_EVERY, Tell};

/// The interval between lines with `--progress always`.
const ASKED_EVERY: Duration = Duration::from_secs(1);

pub struct Meter {
    bar: Option<Bar>,
    lines: bool,
    every: Duration,
    next_line: Duration,
}

impl Meter {
    pub fn new(tell: &Tell) -> Self {
        let every = if tell.always { ASKED_EVERY } else { LINE_EVERY };
        Self { bar: tell.bar.then(Bar::default), lines: tell.lines, every, next_line: every }
    }

    /// Writes a permanent line above the bar.
    pub fn above(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.above(line),
            // Ignore a closed standard error.
            None => drop(writeln!(std::io::stderr(), "{line}")),
        }
    }

    pub fn update(&mut self, progress: &Progress) {
        if let Some(bar) = &mut self.bar {
            if let Some(Stop::Interrupted(_)) = progress.stopping {
                // A second signal ends the process at once, so clear the terminal now.
                self.clear();
                bar::wipe();
                let line = "thumbs: interrupted; once more ends at once";
                self.above(&voice::line(Level::Info, line));
            } else {
                bar.draw(progress);
            }
        } else if self.lines && progress.elapsed >= self.next_line {
            self.next_line = progress.elapsed + self.every;
            self.above(&voice::line(Level::Info, &line(progress)));
        }
    }

    /// Clears the bar while `write` writes to the same terminal.
    pub fn aside(&self, write: impl FnOnce()) {
        bar::clear();
        write();
        if let Some(bar) = &self.bar {
            bar.again();
        }
    }

    /// Removes the bar.
    pub fn clear(&mut self) {
        if self.bar.take().is_some() {
            bar::clear();
        }
    }
}

fn line(progress: &Progress) -> String {
    let Sums { rate, total, left } = Sums::of(progress);
    let failed = if progress.failed > 0 { format!(", {} failed", progress.failed) } else { String::new() };
    let left = left.map_or_else(String::new, |left| format!(", ETA {}", clock(left)));
    match total {
        Some(total) => format!("thumbs: {} of {total}, {rate:.0}/s{left}{failed}", progress.dealt_with),
        None => format!("thumbs: {} so far, {rate:.0}/s{failed}", progress.dealt_with),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let elapsed = Duration::from_secs(30);
        let progress =
            Progress { dealt_with: 300, failed: 0, counted: 900, count_complete: true, elapsed, stopping: None };
        assert_eq!(line(&progress), "thumbs: 300 of 900, 10/s, ETA 1:00");
        let progress = Progress { count_complete: false, failed: 2, ..progress };
        assert_eq!(line(&progress), "thumbs: 300 so far, 10/s, 2 failed");
        let progress = Progress { dealt_with: 0, failed: 0, count_complete: true, ..progress };
        assert_eq!(line(&progress), "thumbs: 0 of 900, 0/s");
    }
}
