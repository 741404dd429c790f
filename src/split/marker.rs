//! The marker of a shard that is done, and the sums in it.

use std::fs;

use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_128;

use super::{Paths, Plan, SplitError};
use crate::report::Event;
use crate::sink::write_whole;

/// What became of the inputs of a shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Inputs with outputs.
    pub done: u64,
    /// Inputs that need none.
    pub skipped: u64,
    /// Inputs that failed.
    pub failed: u64,
    /// Outputs.
    pub outputs: u64,
    /// Bytes of the inputs with outputs.
    pub bytes_in: u64,
    /// Bytes of the outputs.
    pub bytes_out: u64,
    /// The sum of the digests of each output's name, size and bytes. It is the same in any order.
    pub made: u128,
}

impl Tally {
    /// Counts an event.
    pub fn count(&mut self, event: &Event<'_>) {
        match event {
            Event::Done(done) | Event::Planned(done) => {
                self.done += 1;
                self.bytes_in += done.source_bytes;
                for output in &done.outputs {
                    self.outputs += 1;
                    self.bytes_out += output.bytes;
                    let name = output.path.as_os_str().as_encoded_bytes();
                    let text = [name, &[0], &output.bytes.to_le_bytes(), &output.digest.to_le_bytes()].concat();
                    self.made = self.made.wrapping_add(xxh3_128(&text));
                }
            }
            Event::Skipped(..) | Event::Duplicate(..) | Event::Kept(..) => self.skipped += 1,
            Event::Failed(_) => self.failed += 1,
            Event::Pruned(_) => {}
        }
    }

    /// Adds the sums of another shard.
    pub fn add(&mut self, other: &Self) {
        self.done += other.done;
        self.skipped += other.skipped;
        self.failed += other.failed;
        self.outputs += other.outputs;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.made = self.made.wrapping_add(other.made);
    }
}

/// Says that a shard is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    /// The sums.
    pub tally: Tally,
    /// How long it took.
    pub seconds: f64,
}

impl Marker {
    /// Writes the marker of a shard, whole or not at all.
    ///
    /// # Errors
    /// [`SplitError`].
    pub fn write(&self, paths: &Paths, plan: &Plan, shard: u64) -> Result<(), SplitError> {
        let Tally { done, skipped, failed, outputs, bytes_in, bytes_out, made } = &self.tally;
        let value = json!({
            "plan": plan.digest,
            "shard": shard,
            "of": plan.shards(),
            "done": done,
            "skipped": skipped,
            "failed": failed,
            "outputs": outputs,
            "bytes_in": bytes_in,
            "bytes_out": bytes_out,
            "made": format!("{made:032x}"),
            "seconds": (self.seconds * 1000.0).round() / 1000.0,
        });
        let file = paths.marker(shard);
        write_whole(&file, format!("{value}\n").as_bytes()).map_err(SplitError::io(&file))
    }

    /// The marker of a shard of this plan, if there is one.
    ///
    /// # Errors
    /// It cannot be read, or belongs to another plan.
    pub fn read(paths: &Paths, plan: &Plan, shard: u64) -> Result<Option<Self>, SplitError> {
        let file = paths.marker(shard);
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(SplitError::io(&file))?,
        };
        let damaged = || SplitError::damaged(&file, "not the marker of a shard; remove it, and run the shard again");
        let value: Value = serde_json::from_str(&text).map_err(|_| damaged())?;
        let number = |key: &str| value.get(key).and_then(Value::as_u64).ok_or_else(damaged);
        let text = |key: &str| value.get(key).and_then(Value::as_str).ok_or_else(damaged);
        if (text("plan")?, number("shard")?) != (plan.digest.as_str(), shard) {
            return Err(SplitError::damaged(&file, "the marker of another plan; remove it, and run the shard again"));
        }
        let tally = Tally {
            done: number("done")?,
            skipped: number("skipped")?,
            failed: number("failed")?,
            outputs: number("outputs")?,
            bytes_in: number("bytes_in")?,
            bytes_out: number("bytes_out")?,
            made: u128::from_str_radix(text("made")?, 16).map_err(|_| damaged())?,
        };
        Ok(Some(Self { tally, seconds: value.get("seconds").and_then(Value::as_f64).unwrap_or(0.0) }))
    }
}
