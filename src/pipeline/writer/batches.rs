//! Batches: outputs that are held back until they are on the disk.

use super::super::batch::Batch;
use super::super::broken::Broken;
use super::Writer;

impl Writer<'_> {
    /// Hands over a batch when it is due, and processes the outcomes of earlier ones.
    pub(super) fn commit_if_due(&mut self) -> Result<(), Broken> {
        self.hear_uploads()?;
        if self.batch.as_ref().is_some_and(Batch::is_due) {
            self.hand_over();
        }
        self.hear(false)
    }

    pub(super) fn hand_over(&mut self) {
        let batch = self.batch.as_mut().and_then(Batch::take);
        if let (Some(batch), Some(committer)) = (batch, &mut self.committer) {
            committer.commit(batch);
        }
    }

    /// Saves and records everything that was held back.
    pub(super) fn flush(&mut self) -> Result<(), Broken> {
        let uploaded = self.finish_uploads();
        self.hand_over();
        uploaded.and(self.hear(true))
    }

    /// Counts and reports committed batches; with `wait`, all of them.
    pub(super) fn hear(&mut self, wait: bool) -> Result<(), Broken> {
        let mut broken = None;
        while let Some(committer) = &mut self.committer {
            let outcome = match committer.outcome(wait) {
                Ok(Some(outcome)) => outcome,
                Ok(None) => break,
                Err(words) => {
                    return Err(Broken::Halted(words));
                }
            };
            self.summary.spent.writing += outcome.took;
            self.summary.unsynced |= outcome.unsynced;
            for (done, result) in outcome.through {
                self.held = self.held.saturating_sub(1);
                match result {
                    Ok(()) => self.saved(&done),
                    Err(error) => broken = self.unsaved(done.source, error).err().map(Broken::Sink).or(broken),
                }
            }
            broken = outcome.recorded.err().map(Broken::State).or(broken);
        }
        broken.map_or(Ok(()), Err)
    }
}
