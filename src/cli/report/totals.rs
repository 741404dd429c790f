//! Sums by format and by folder, for the end of a report.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::json::path_value;
use crate::outcome::{Done, SourceName};
use crate::report::Event;
use crate::words;
use serde_json::{Map, Value, json};
use thumbs_render::format::Format;

/// Folders that a person is told of.
const SHOWN: usize = 5;

/// Pictures and their bytes before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    pictures: u64,
    bytes_in: u64,
    bytes_out: u64,
}

impl Sum {
    fn add(&mut self, done: &Done) {
        self.pictures += 1;
        self.bytes_in += done.source_bytes;
        self.bytes_out += done.outputs.iter().map(|o| o.bytes).sum::<u64>();
    }

    fn savings(&self) -> i64 {
        self.bytes_in as i64 - self.bytes_out as i64
    }

    fn value(&self) -> Value {
        json!({
            "pictures": self.pictures,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "savings": self.savings(),
        })
    }

    fn text(&self, what: &str) -> String {
        let (count, noun) = (self.pictures, if self.pictures == 1 { "picture" } else { "pictures" });
        let percent = self.savings() as f64 * 100.0 / (self.bytes_in as f64).max(1.0);
        let (bytes_in, bytes_out) = (words::bytes(self.bytes_in), words::bytes(self.bytes_out));
        format!("thumbs: {what}: {count} {noun}, {bytes_in} in, {bytes_out} out, {percent:.1} % saved")
    }
}

/// Sums of what was done, or would be.
#[derive(Debug, Default)]
pub struct Totals {
    formats: BTreeMap<&'static str, (Format, Sum)>,
    folders: BTreeMap<PathBuf, Sum>,
}

impl Totals {
    /// Counts an event.
    pub fn count(&mut self, event: &Event<'_>) {
        let (Event::Done(done) | Event::Planned(done)) = event else { return };
        // A plan that was not measured knows no bytes.
        if done.outputs.iter().all(|output| output.bytes == 0) {
            return;
        }
        let format = done.source_format;
        self.formats.entry(format.word()).or_insert((format, Sum::default())).1.add(done);
        if let SourceName::File(file) = &done.source {
            let folder = match file.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            match self.folders.get_mut(folder) {
                Some(sum) => sum.add(done),
                None => self.folders.entry(folder.to_path_buf()).or_default().add(done),
            }
        }
    }

    /// Adds them to the last line of a report.
    pub fn extend(&self, line: &mut Value) {
        if self.formats.is_empty() {
            return;
        }
        let formats = self.formats.iter().map(|(word, (_, sum))| ((*word).to_owned(), sum.value()));
        line["by_format"] = formats.collect::<Map<_, _>>().into();
        let folders = self.folders.iter().map(|(folder, sum)| {
            let mut value = json!({"folder": path_value(folder)});
            let sum = sum.value();
            for (key, number) in sum.as_object().into_iter().flatten() {
                value[key] = number.clone();
            }
            value
        });
        line["by_folder"] = folders.collect::<Vec<_>>().into();
    }

    /// For a person: all formats, and the folders in which most is saved.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.formats.values().map(|(format, sum)| sum.text(&format.to_string())).collect();
        let mut folders: Vec<(&PathBuf, &Sum)> = self.folders.iter().collect();
        folders.sort_by_key(|(_, sum)| -sum.savings());
        lines.extend(folders.iter().take(SHOWN).map(|(folder, sum)| sum.text(&words::path(folder))));
        match folders.len().saturating_sub(SHOWN) {
            0 => {}
            1 => lines.push("thumbs: and 1 folder more (--report FILE lists all)".to_owned()),
            more => lines.push(format!("thumbs: and {more} folders more (--report FILE lists all)")),
        }
        lines
    }
}
