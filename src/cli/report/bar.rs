//! The progress bar: one line that never wraps, and is cleared before anything else is written to the terminal.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::report::Progress;

/// Assumed columns of a terminal of unknown width.
const COLUMNS: usize = 80;
/// Columns left free for the `^C` that a terminal writes after the line.
const MARGIN: usize = 4;
/// The smallest and largest width of the bar itself.
const BAR: std::ops::RangeInclusive<usize> = 10..=30;

/// Whether the line is on the terminal. Global, because a panicking thread writes a message, too.
static STANDS: AtomicBool = AtomicBool::new(false);

/// A line that is redrawn.
#[derive(Debug, Default)]
pub struct Bar {
    line: String,
    turn: usize,
}

impl Bar {
    pub fn draw(&mut self, progress: &Progress) {
        self.turn += 1;
        self.line = line(progress, self.turn, columns());
        self.again();
    }

    /// Redraws the last line.
    pub fn again(&self) {
        STANDS.store(true, Ordering::Relaxed);
        write(&format!("\r{}\x1b[K", self.line));
    }

    /// Writes a permanent line above the bar.
    pub fn above(&self, text: &str) {
        if STANDS.load(Ordering::Relaxed) {
            write(&format!("\r\x1b[K{text}\n{}", self.line));
        } else {
            write(&format!("{text}\n"));
        }
    }
}

/// Clears the bar, if it is drawn. The next draw restores it.
pub fn clear() {
    if STANDS.swap(false, Ordering::Relaxed) {
        wipe();
    }
}

/// Clears the current line, including a `^C`.
pub fn wipe() {
    write("\r\x1b[K");
}

/// Writes in one call, so that a terminal never shows half of it. Errors are ignored.
fn write(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

fn columns() -> usize {
    match rustix::termios::tcgetwinsize(io::stderr()) {
        Ok(size) if size.ws_col > 0 => size.ws_col.into(),
        _ => COLUMNS,
    }
}

/// The parts that fit, by importance: count, failures, time left, rate, bar.
fn line(progress: &Progress, turn: usize, columns: usize) -> String {
    let room = columns.saturating_sub(MARGIN);
    let sums = Sums::of(progress);
    let count = match sums.total {
        Some(total) => format!("{}/{total}", progress.dealt_with),
        None if progress.counted > 0 => {
            let spinner = ["|", "/", "-", "\\"][turn % 4];
            format!("{spinner} {}/{}+", progress.dealt_with, progress.counted.max(progress.dealt_with))
        }
        None => format!("{} {}", ["|", "/", "-", "\\"][turn % 4], progress.dealt_with),
    };
    let failed = (progress.failed > 0).then(|| format!("{} failed", progress.failed));
    let left = sums.left.map(|left| format!("ETA {}", clock(left)));
    let rate = format!("{:.0}/s", sums.rate);
    let mut taken = count.chars().count();
    if taken > room {
        return count.chars().take(room).collect();
    }
    let mut fits = |part: Option<String>| {
        part.filter(|part| {
            let fits = taken + 2 + part.len() <= room;
            taken += if fits { 2 + part.len() } else { 0 };
            fits
        })
    };
    let (failed, left, rate) = (fits(failed), fits(left), fits(Some(rate)));
    let text: Vec<String> = std::iter::once(count).chain(rate).chain(left).chain(failed).collect();
    let text = text.join("  ");
    let width = room.saturating_sub(taken + 3).min(*BAR.end());
    match sums.total {
        Some(total) if width >= *BAR.start() => {
            let full = (width as u64 * progress.dealt_with / total.max(1)) as usize;
            let tip = if full < width { ">" } else { "" };
            format!("[{:<width$}] {text}", format!("{}{tip}", "=".repeat(full)))
        }
        _ => text,
    }
}

/// Figures derived from a progress.
#[derive(Clone, Copy, Debug)]
pub struct Sums {
    /// Inputs per second.
    pub rate: f64,
    /// The number of inputs, if counted.
    pub total: Option<u64>,
    /// The estimated time left.
    pub left: Option<Duration>,
}

impl Sums {
    pub fn of(progress: &Progress) -> Self {
        let rate = progress.dealt_with as f64 / progress.elapsed.as_secs_f64().max(0.001);
        let total = progress.count_complete.then(|| progress.counted.max(progress.dealt_with));
        let left = total.filter(|_| progress.dealt_with > 0).map(|total| {
            let seconds = (total - progress.dealt_with) as f64 / rate.max(1e-9);
            Duration::from_secs_f64(seconds.clamp(0.0, 359_999.0))
        });
        Self { rate, total, left }
    }
}

/// "0:58", "1:00:00".
pub fn clock(time: Duration) -> String {
    let s = time.as_secs_f64().round() as u64;
    if s >= 3600 {
        format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    } else {
        format!("{}:{:02}", s / 60, s % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(dealt_with: u64, counted: u64, count_complete: bool, failed: u64) -> Progress {
        let elapsed = Duration::from_secs(10);
        Progress { dealt_with, failed, counted, count_complete, elapsed, stopping: None }
    }

    #[test]
    fn a_line_fits_its_terminal() {
        for columns in 0..200 {
            for (dealt_with, counted, complete) in
                [(0, 0, false), (7, 12, false), (1234, 3848, true), (3848, 3848, true)]
            {
                for failed in [0, 3] {
                    let line = line(&progress(dealt_with, counted, complete, failed), 1, columns);
                    assert!(line.len() <= columns.saturating_sub(MARGIN), "{columns}: {line:?}");
                }
            }
        }
    }

    #[test]
    fn what_matters_most_stays_in_a_narrow_one() {
        let at = |columns| line(&progress(1234, 3848, true, 3), 1, columns);
        assert_eq!(at(80), "[=========>                    ] 1234/3848  123/s  ETA 0:21  3 failed");
        assert_eq!(at(60), "[=====>           ] 1234/3848  123/s  ETA 0:21  3 failed");
        assert_eq!(at(40), "1234/3848  123/s  ETA 0:21  3 failed");
        assert_eq!(at(36), "1234/3848  ETA 0:21  3 failed");
        assert_eq!(at(24), "1234/3848  3 failed");
        assert_eq!(at(20), "1234/3848  123/s");
        assert_eq!(at(10), "1234/3");
        assert_eq!(line(&progress(7, 12, false, 0), 1, 80), "/ 7/12+  1/s");
        assert_eq!(line(&progress(7, 0, false, 0), 1, 80), "/ 7  1/s");
        assert!(line(&progress(10, 10, true, 0), 1, 80).starts_with("[==============================] 10/10"));
    }
}
