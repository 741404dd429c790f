//! Metrics for the textfile collector of Prometheus.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::outcome::Summary;

const LAST_SUCCESS: &str = "thumbs_last_success_timestamp_seconds";

/// Writes a temporary file and renames it, so that the collector never reads half of it.
pub fn write(file: &Path, summary: &Summary, code: i32, begin: SystemTime, dry_run: bool) -> io::Result<()> {
    let now = SystemTime::now();
    // A failed run keeps the time of the last success.
    let before = fs::read_to_string(file).ok().and_then(|old| value(&old, LAST_SUCCESS));
    let complete = code == 0 && summary.stopped.is_none() && !dry_run;
    let success = if complete { Some(seconds(now)) } else { before };
    // The collector reads only *.prom, so it ignores the temporary file.
    crate::sink::write_whole(file, text(summary, code, seconds(begin), seconds(now), success).as_bytes())
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

fn value(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|l| l.strip_prefix(name)?.trim().parse().ok())
}

fn text(summary: &Summary, code: i32, begin: f64, end: f64, success: Option<f64>) -> String {
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, values: &[(&str, f64)]| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in values {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    let n = |count: u64| count as f64;
    gauge(
        "thumbs_inputs",
        "Inputs of the last run, by what became of them.",
        &[
            ("{result=\"done\"}", n(summary.done)),
            ("{result=\"skipped\"}", n(summary.skipped - summary.failed_before)),
            ("{result=\"failed_before\"}", n(summary.failed_before)),
            ("{result=\"failed\"}", n(summary.failed)),
        ],
    );
    let help = "Inputs that the last run found and left undone because it ended early; at least so many.";
    gauge("thumbs_inputs_left", help, &[("", n(summary.left))]);
    gauge("thumbs_outputs", "Outputs written by the last run.", &[("", n(summary.outputs))]);
    gauge("thumbs_pruned", "Outputs removed by the last run.", &[("", n(summary.pruned))]);
    gauge("thumbs_bytes_in", "Bytes of the sources of what the last run made.", &[("", n(summary.bytes_in))]);
    gauge("thumbs_bytes_out", "Bytes that the last run wrote.", &[("", n(summary.bytes_out))]);
    gauge("thumbs_duration_seconds", "How long the last run took.", &[("", end - begin)]);
    gauge("thumbs_exit_status", "How the last run ended.", &[("", f64::from(code))]);
    gauge("thumbs_last_run_timestamp_seconds", "When the last run ended.", &[("", end)]);
    if let Some(success) = success {
        gauge(LAST_SUCCESS, "When the last run ended that left nothing undone and ended with 0.", &[("", success)]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_success_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("thumbs.prom");
        let read = || fs::read_to_string(&file).unwrap();
        write(&file, &Summary { failed: 1, ..Summary::default() }, 1, UNIX_EPOCH, false).unwrap();
        assert_eq!(value(&read(), LAST_SUCCESS), None);
        write(&file, &Summary { done: 3, ..Summary::default() }, 0, UNIX_EPOCH, true).unwrap();
        assert_eq!(value(&read(), LAST_SUCCESS), None, "a dry run");
        write(&file, &Summary { done: 3, ..Summary::default() }, 0, UNIX_EPOCH, false).unwrap();
        let success = value(&read(), LAST_SUCCESS).unwrap();
        write(&file, &Summary::default(), 3, UNIX_EPOCH, false).unwrap();
        assert_eq!(value(&read(), LAST_SUCCESS), Some(success));
        assert!(read().contains("\nthumbs_exit_status 3\n"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
