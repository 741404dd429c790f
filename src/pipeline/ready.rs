//! Inputs on their way to the writer.

use std::sync::Arc;
use std::time::Instant;

use super::budget::Share;
use crate::outcome::{Done, Output, SourceName, TimeSpent};
use crate::plan::PlannedOutput;
use crate::sink::Original;
use crate::source::Facts;
use crate::state::Record;
use crate::walk::Row;
use thumbs_render::format::Format;
use thumbs_render::recipe::Placeholder;
use thumbs_render::size::Size;

/// An output on its way to the writer.
#[derive(Debug)]
pub struct ReadyOutput {
    pub plan: PlannedOutput,
    /// None before it is chosen.
    pub format: Option<Format>,
    pub size: Size,
    pub bytes: Vec<u8>,
    /// The quality; None without loss, and where the source's own bytes were kept.
    pub quality: Option<u8>,
    /// The score, where there is a target or no loss.
    pub score: Option<f64>,
    /// The effort, unless the source's own coding was kept.
    pub effort: Option<u8>,
    /// What encoded it; empty if nothing has.
    pub encoder: &'static str,
}

/// An input with encoded outputs.
pub struct Ready {
    /// The index of the input.
    pub number: u64,
    pub source: SourceName,
    pub facts: Facts,
    pub outputs: Vec<ReadyOutput>,
    pub source_format: Format,
    pub source_size: Size,
    pub source_bytes: u64,
    pub shrink: f64,
    pub notes: Vec<String>,
    /// SHA-256 of the source, for a data set, or to find duplicates.
    pub content: Option<[u8; 32]>,
    /// How it looks, if that is wanted.
    pub look: Option<u64>,
    pub placeholders: Vec<(Placeholder, String)>,
    /// What it shows, if that is wanted.
    pub description: Option<String>,
    pub begin: Instant,
    pub spent: TimeSpent,
    /// The record for the state, with `--update`, without the outputs of this run.
    pub record: Option<Record>,
    /// What a table says about it.
    pub row: Option<Arc<Row>>,
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
            may_be: output.plan.names.iter().map(|name| name.path.clone()).collect(),
            size: output.size,
            bytes: output.bytes.len() as u64,
            digest: 0,
            quality: output.quality,
            score: output.score,
            effort: output.effort,
            encoder: output.encoder,
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
            placeholders: std::mem::take(&mut self.placeholders),
            description: self.description.take(),
        };
        (done, outputs, self.record.take())
    }
}
