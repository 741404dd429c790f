//! Hands outputs to the threads that save them in an object store, and hears of them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use super::super::Ready;
use super::super::broken::Broken;
use super::super::uploads::{Upload, Uploaded, Uploads};
use super::{TICK, Writer};

impl Writer<'_> {
    /// Hands over the outputs of an input. Waits while all threads are busy.
    pub(super) fn upload(&mut self, mut ready: Ready) -> Result<(), Broken> {
        let (number, share) = (ready.number, ready._share.take());
        let (mut done, outputs, record) = ready.split();
        if self.shared.config.planned.is_some() {
            for (told, output) in done.outputs.iter_mut().zip(&outputs) {
                told.digest = xxh3_64(&output.bytes);
            }
        }
        let mut upload = Upload { done, outputs, record, number, _share: share };
        self.held += 1;
        while let Some(uploads) = &mut self.uploads {
            match uploads.submit(upload, TICK) {
                Ok(()) => break,
                Err(back) => upload = *back,
            }
            self.hear_uploads()?;
            self.look_at_the_clock();
            if self.last_tick.elapsed() >= TICK {
                self.tick();
            }
        }
        Ok(())
    }

    /// Processes the outcomes so far.
    pub(super) fn hear_uploads(&mut self) -> Result<(), Broken> {
        while let Some(uploaded) = self.uploads.as_mut().and_then(|uploads| uploads.outcome(Duration::ZERO)) {
            self.uploaded(uploaded)?;
        }
        Ok(())
    }

    /// Waits for everything that was handed over.
    pub(super) fn finish_uploads(&mut self) -> Result<(), Broken> {
        let mut broken = None;
        while self.uploads.as_ref().is_some_and(Uploads::is_waiting) {
            match self.uploads.as_mut().and_then(|uploads| uploads.outcome(TICK)) {
                Some(uploaded) => broken = self.uploaded(uploaded).err().or(broken),
                None => self.tick(),
            }
        }
        broken.map_or(Ok(()), Err)
    }

    fn uploaded(&mut self, uploaded: Uploaded) -> Result<(), Broken> {
        self.held = self.held.saturating_sub(1);
        if let (Some(batch), Some(record)) = (&mut self.batch, uploaded.record) {
            batch.remember(record);
        }
        match uploaded.result {
            Ok(()) => self.saved(&uploaded.done),
            Err(error) => {
                if error.problem().is_some_and(|problem| problem.retry) {
                    self.shared.may_pass.fetch_add(1, Ordering::Relaxed);
                }
                self.unsaved(uploaded.done.source, error).map_err(Broken::Sink)?;
            }
        }
        Ok(())
    }
}
