//! One output as a stream of bytes.

use std::io::Write;

use super::{Entry, Sink, SinkError};

/// Writes the bytes of every entry to one stream, and flushes.
#[derive(Debug)]
pub struct Stream<W>(pub W);

impl<W: Write> Sink for Stream<W> {
    fn put(&mut self, entries: &[Entry<'_>]) -> Result<(), SinkError> {
        for entry in entries {
            let written = self.0.write_all(entry.bytes).and_then(|()| self.0.flush());
            // A part may be out already, so nothing that follows can be right.
            written.map_err(|error| SinkError::Broken { path: entry.path.to_path_buf(), error })?;
        }
        Ok(())
    }
}
