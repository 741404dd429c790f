//! The progress bar on a terminal; elsewhere a plain line now and then.

use std::io::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use thumbs::report::Progress;

use super::voice::{self, Level};
use crate::cli::tell::Tell;

/// Between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(30);
/// The same where progress was asked for.
const ASKED_EVERY: Duration = Duration::from_secs(1);

pub struct Meter {
    bar: Option<ProgressBar>,
    lines: bool,
    every: Duration,
    next_line: Duration,
    complete: bool,
}

impl Meter {
    pub fn new(tell: &Tell) -> Self {
        let bar = tell.bar.then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(10);
            let bar = ProgressBar::with_draw_target(None, target);
            bar.set_style(style("{spinner} {pos}/{msg}"));
            bar
        });
        let every = if tell.always { ASKED_EVERY } else { LINE_EVERY };
        Self { bar, lines: tell.lines, every, next_line: every, complete: false }
    }

    /// Writes a line that stays, above the bar.
    pub fn above(&self, line: &str) {
        let write = || {
            // With standard error gone there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "{line}");
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    pub fn update(&mut self, progress: &Progress) {
        let seconds = progress.elapsed.as_secs_f64();
        let rate = progress.dealt_with as f64 / seconds.max(0.001);
        let failed = if progress.failed > 0 { format!(", {} failed", progress.failed) } else { String::new() };
        if let Some(bar) = &self.bar {
            let total = progress.counted.max(progress.dealt_with);
            if progress.count_complete && !self.complete {
                self.complete = true;
                bar.set_style(style("[{bar:30}] {pos}/{len} {msg}"));
            }
            bar.set_position(progress.dealt_with);
            if progress.count_complete {
                let left = total.saturating_sub(progress.dealt_with) as f64 / rate.max(1e-9);
                bar.set_length(total);
                let eta = if progress.dealt_with == 0 { "-".to_owned() } else { clock(left) };
                bar.set_message(format!(" {rate:.0}/s  ETA {eta}{failed}"));
            } else {
                let counted = if progress.counted > 0 { format!("{total}+") } else { "?".to_owned() };
                bar.set_message(format!("{counted}  {rate:.0}/s{failed}"));
            }
        } else if self.lines && progress.elapsed >= self.next_line {
            self.next_line = progress.elapsed + self.every;
            let line = format!("thumbs: {} so far, {rate:.0}/s{failed}", progress.dealt_with);
            self.above(&voice::line(Level::Info, &line));
        }
    }

    /// Takes the bar away.
    pub fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are literals of this file; a wrong one shows in the first test of the bar.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

fn clock(seconds: f64) -> String {
    let s = seconds.round().clamp(0.0, 359_999.0) as u64;
    if s >= 3600 {
        format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    } else {
        format!("{}:{:02}", s / 60, s % 60)
    }
}
