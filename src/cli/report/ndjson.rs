//! The report: one JSON object per line.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;

use crate::json::path_value;
use crate::outcome::{Done, SourceName, Stop, Summary};
use crate::plan::OPEN;
use crate::report::Event;
use serde_json::{Map, Value, json};
use thumbs_render::format::Format;

use super::csv;
use super::totals::Totals;

/// Where the lines go.
enum Out {
    Stdout(io::Stdout),
    Plain(io::BufWriter<File>),
    Gzip(Box<flate2::write::GzEncoder<io::BufWriter<File>>>),
    Zstd(Box<zstd::stream::write::Encoder<'static, io::BufWriter<File>>>),
}

pub struct Ndjson {
    out: Out,
    /// A table instead of NDJSON.
    csv: bool,
    unflushed: bool,
}

impl Ndjson {
    pub fn create(path: &Path) -> io::Result<Self> {
        let out = if path.as_os_str() == "-" {
            Out::Stdout(io::stdout())
        } else {
            let file = io::BufWriter::new(File::create(path)?);
            match path.extension().and_then(|e| e.to_str()) {
                Some("gz") => Out::Gzip(Box::new(flate2::write::GzEncoder::new(file, flate2::Compression::default()))),
                Some("zst") => Out::Zstd(Box::new(zstd::stream::write::Encoder::new(file, 3)?)),
                _ => Out::Plain(file),
            }
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let csv = [".csv", ".csv.gz", ".csv.zst"].iter().any(|end| name.ends_with(end));
        let mut report = Self { out, csv, unflushed: false };
        if csv {
            report.write(&csv::head())?;
        }
        Ok(report)
    }

    pub fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        let value = match event {
            Event::Done(done) => done_line("done", done),
            Event::Planned(done) => done_line("planned", done),
            Event::Kept(done, reason) => {
                let mut line = done_line("done", done);
                line["type"] = "skipped".into();
                line["reason"] = reason.word().into();
                line
            }
            Event::Skipped(source, reason) => {
                json!({"type": "skipped", "source": name(source), "reason": reason.word()})
            }
            Event::Duplicate(source, reason, first) => json!({
                "type": "skipped",
                "source": name(source),
                "reason": reason.word(),
                "duplicate_of": path_value(first),
            }),
            Event::Pruned(removed) => json!({"type": "pruned", "path": path_value(removed)}),
            Event::Failed(failure) => {
                let mut line = json!({
                    "type": "failed",
                    "source": name(&failure.source),
                    "stage": failure.stage.word(),
                    "error": failure.error,
                });
                if let Some(upload) = &failure.upload {
                    line["upload"] = json!({"status": upload.status, "attempts": upload.attempts});
                }
                line
            }
        };
        self.line(&with_answer(value, source_of(event)))
    }

    pub fn summary(&mut self, summary: &Summary, totals: Option<&Totals>) -> io::Result<()> {
        let mut value = json!({
            "type": "summary",
            "done": summary.done,
            "skipped": summary.skipped,
            "failed": summary.failed,
            "outputs": summary.outputs,
            "bytes_in": summary.bytes_in,
            "bytes_out": summary.bytes_out,
            "seconds": (summary.elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
        });
        let stopped = match summary.stopped {
            None => None,
            Some(Stop::Interrupted(_)) => Some("interrupted"),
            Some(Stop::FirstFailure) => Some("fail-fast"),
            Some(Stop::TooManyFailures) => Some("max-failures"),
            Some(Stop::OutOfTime) => Some("max-time"),
        };
        for (key, count) in [("failed_before", summary.failed_before), ("pruned", summary.pruned)] {
            if count > 0 {
                value[key] = count.into();
            }
        }
        if summary.requests > 0 {
            value["requests"] = summary.requests.into();
            value["bytes_downloaded"] = summary.downloaded.into();
        }
        if let Some((bottleneck, _)) = summary.bottleneck {
            value["bottleneck"] = bottleneck.word().into();
        }
        if !summary.left_out.is_empty() {
            let counts = summary.left_out.iter().map(|(rule, count)| (rule.word().to_owned(), Value::from(*count)));
            value["left_out"] = counts.collect::<Map<_, _>>().into();
        }
        if let Some(stopped) = stopped {
            value["stopped"] = stopped.into();
            value["left"] = summary.left.into();
            value["left_exact"] = summary.left_exact.into();
        }
        if summary.abandoned {
            // The outputs were discarded.
            value["abandoned"] = true.into();
        }
        totals.iter().for_each(|totals| totals.extend(&mut value));
        self.line(&value)?;
        self.flush()
    }

    /// Writes one line.
    pub fn line(&mut self, value: &Value) -> io::Result<()> {
        let text = if self.csv { csv::rows(value) } else { format!("{value}\n") };
        self.write(&text)
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.unflushed = true;
        match &mut self.out {
            Out::Stdout(out) => {
                // Flush each line for a reader of the pipe.
                let mut out = out.lock();
                out.write_all(text.as_bytes())?;
                out.flush()
            }
            Out::Plain(out) => out.write_all(text.as_bytes()),
            Out::Gzip(out) => out.write_all(text.as_bytes()),
            Out::Zstd(out) => out.write_all(text.as_bytes()),
        }
    }

    /// Flushes, so that other processes can read everything so far.
    pub fn flush(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.unflushed) {
            return Ok(());
        }
        match &mut self.out {
            Out::Stdout(out) => out.flush(),
            Out::Plain(out) => out.flush(),
            Out::Gzip(out) => out.flush(),
            Out::Zstd(out) => out.flush(),
        }
    }

    pub fn close(self) -> io::Result<()> {
        match self.out {
            Out::Stdout(mut out) => out.flush(),
            Out::Plain(out) => end(out),
            Out::Gzip(out) => end(out.finish()?),
            Out::Zstd(out) => end(out.finish()?),
        }
    }
}

/// Flushes and checks the result of closing the file.
fn end(mut out: io::BufWriter<File>) -> io::Result<()> {
    out.flush()?;
    crate::sink::close_copy(out.get_ref().as_fd())
}

/// The source that an event is about.
fn source_of<'a>(event: &Event<'a>) -> Option<&'a SourceName> {
    match event {
        Event::Done(done) | Event::Planned(done) | Event::Kept(done, _) => Some(&done.source),
        Event::Skipped(source, _) | Event::Duplicate(source, ..) => Some(source),
        Event::Failed(failure) => Some(&failure.source),
        Event::Pruned(_) => None,
    }
}

/// Adds how a download went.
fn with_answer(mut line: Value, source: Option<&SourceName>) -> Value {
    if let Some(SourceName::Url(address)) = source.filter(|_| line.is_object()) {
        if let Some(status) = address.status {
            line["status"] = status.into();
        }
        if address.attempts > 0 {
            line["attempts"] = address.attempts.into();
        }
    }
    line
}

/// The name of a source, as it was named.
pub fn name(source: &SourceName) -> Value {
    match source {
        SourceName::File(file) => path_value(file),
        SourceName::Stdin => "-".into(),
        SourceName::Url(address) => address.url.as_str().into(),
    }
}

fn done_line(kind: &str, done: &Done) -> Value {
    let outputs: Vec<Value> = done
        .outputs
        .iter()
        .map(|o| {
            let mut output = json!({
                "path": path_value(&o.path),
                "format": o.format.map_or(OPEN, Format::word),
                "width": o.size.width,
                "height": o.size.height,
            });
            if !o.may_be.is_empty() {
                output["may_be"] = o.may_be.iter().map(|path| path_value(path)).collect();
            }
            // A plan knows no bytes, unless it was measured.
            if kind == "done" || o.bytes > 0 {
                output["bytes"] = o.bytes.into();
                output["savings"] = (done.source_bytes as i64 - o.bytes as i64).into();
            }
            if let Some(quality) = o.quality {
                output["quality"] = quality.into();
            }
            if let Some(score) = o.score {
                output["score"] = ((score * 100.0).round() / 100.0).into();
            }
            if let Some(effort) = o.effort {
                output["effort"] = effort.into();
            }
            if !o.encoder.is_empty() {
                output["encoder"] = o.encoder.into();
            }
            output
        })
        .collect();
    let mut line = Map::new();
    line.insert("type".into(), kind.into());
    line.insert("source".into(), name(&done.source));
    line.insert("outputs".into(), outputs.into());
    line.insert("source_format".into(), done.source_format.word().into());
    line.insert("source_width".into(), done.source_size.width.into());
    line.insert("source_height".into(), done.source_size.height.into());
    line.insert("source_bytes".into(), done.source_bytes.into());
    if kind == "done" {
        line.insert("shrink".into(), number(done.shrink));
        line.insert("ms".into(), ((done.time.as_secs_f64() * 10_000.0).round() / 10.0).into());
    }
    if !done.notes.is_empty() {
        line.insert("notes".into(), done.notes.clone().into());
    }
    for (kind, text) in &done.placeholders {
        line.insert(kind.word().into(), text.as_str().into());
    }
    line.into()
}

/// A number, without a fraction if it is whole.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 { (value as u64).into() } else { ((value * 1000.0).round() / 1000.0).into() }
}
