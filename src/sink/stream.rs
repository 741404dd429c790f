//! Writes one output to a stream.

use std::io::Write;

use super::{Entry, Sink, SinkError};

/// Writes the bytes of every entry to one stream, and flushes it.
#[derive(Debug)]
pub struct Stream<W>(pub W);

impl<W: Write> Sink for Stream<W> {
    fn put(&mut self, entries: &[Entry<'_>]) -> Result<(), SinkError> {
        for entry in entries {
            let written = self.0.write_all(entry.bytes).and_then(|()| self.0.flush());
            // Part of it may have been written, so nothing valid can follow.
            written.map_err(|error| SinkError::Broken { path: entry.path.to_path_buf(), error })?;
        }
        Ok(())
    }
}
