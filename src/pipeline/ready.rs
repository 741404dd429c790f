//! Inputs on their way to the writer.

use std::time::Instant;

use super::budget::Share;
use crate::outcome::{Done, Output, SourceName, TimeSpent};
use crate::plan::PlannedOutput;
use crate::sink::Original;
use crate::source::Facts;
use crate::state::Record;
use thumbs_render::format::Format;
use thumbs_render::size::Size;

/// An output on its way to the writer.
#[derive(Debug)]
pub struct ReadyOutput {
    pub plan: PlannedOutput,
    pub format: Format,
    pub size: Size,
    pub bytes: Vec<u8>,
    /// The quality, where a goal chose it.
    pub quality: Option<u8>,
    /// The score, where there is a target.
    pub score: Option<f64>,
}

/// An input with encoded outputs.
pub struct Ready {
    pub source: SourceName,
    pub facts: Facts,
    pub outputs: Vec<ReadyOutput>,
    pub source_format: Format,
    pub source_size: Size,
    pub source_bytes: u64,
    pub shrink: f64,
    pub notes: Vec<String>,
    /// SHA-256 of the source, for a data set.
    pub sha256: Option<String>,
    pub begin: Instant,
    pub spent: TimeSpent,
    /// The record for the state, with `--update`, without the outputs of this run.
    pub record: Option<Record>,
    /// What lossy formats are encoded with; None where the source's own bytes were kept.
    pub quality: Option<u8>,
    /// Formats that offer both are encoded without loss.
    pub lossless: bool,
    /// The source, where the output is to replace it.
    pub original: Option<Original>,
    /// Returned when the outputs are saved.
    pub _share: Option<Share>,
}

impl Ready {
    /// Splits into what is reported, saved and recorded.
    pub fn split(&mut self) -> (Done, Vec<ReadyOutput>, Option<Record>) {
        let outputs = std::mem::take(&mut self.outputs);
        let told = |output: &ReadyOutput| Output {
            path: output.plan.path.clone(),
            format: output.format,
            size: output.size,
            bytes: output.bytes.len() as u64,
            quality: output.quality.or(self
                .quality
                .filter(|_| output.format == Format::Jpeg || (output.format == Format::WebP && !self.lossless))),
            score: output.score,
        };
        let done = Done {
            source: self.source.clone(),
            outputs: outputs.iter().map(told).collect(),
            source_format: self.source_format,
            source_size: self.source_size,
            source_bytes: self.source_bytes,
            shrink: self.shrink,
            time: self.begin.elapsed(),
            notes: std::mem::take(&mut self.notes),
        };
        (done, outputs, self.record.take())
    }
}
