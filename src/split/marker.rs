//! The marker of a shard that is done.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_128;

use super::{Paths, Plan, SplitError};
use crate::outcome::Summary;
use crate::report::Event;
use crate::sink::write_whole;

/// Says that a shard is done.
#[derive(Clone, Debug)]
pub struct Marker {
    /// What became of its inputs.
    pub summary: Summary,
    /// The digest of its outputs.
    pub made: u128,
}

/// The digest of the name, size and bytes of each output of an event. Sums of it are the same in any order.
pub fn made(event: &Event<'_>) -> u128 {
    let Event::Done(done) = event else { return 0 };
    done.outputs.iter().fold(0, |sum: u128, output| {
        let name = output.path.as_os_str().as_encoded_bytes();
        let text = [name, &[0], &output.bytes.to_le_bytes(), &output.digest.to_le_bytes()].concat();
        sum.wrapping_add(xxh3_128(&text))
    })
}

impl Marker {
    /// Writes the marker of a shard, whole or not at all.
    ///
    /// # Errors
    /// [`SplitError`].
    pub fn write(&self, paths: &Paths, plan: &Plan, shard: u64) -> Result<(), SplitError> {
        let Summary { done, skipped, failed, outputs, bytes_in, bytes_out, elapsed, .. } = &self.summary;
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
            "made": format!("{:032x}", self.made),
            "seconds": (elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
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
        let seconds = value.get("seconds").and_then(Value::as_f64).filter(|seconds| *seconds >= 0.0);
        let summary = Summary {
            done: number("done")?,
            skipped: number("skipped")?,
            failed: number("failed")?,
            outputs: number("outputs")?,
            bytes_in: number("bytes_in")?,
            bytes_out: number("bytes_out")?,
            elapsed: Duration::from_secs_f64(seconds.unwrap_or(0.0)),
            searched: true,
            ..Summary::default()
        };
        let made = u128::from_str_radix(text("made")?, 16).map_err(|_| damaged())?;
        Ok(Some(Self { summary, made }))
    }
}
