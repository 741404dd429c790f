//! Errors that end a run.

use super::RunError;
use super::prune::PruneError;
use crate::outcome::Summary;
use crate::sink::SinkError;
use crate::state::StateError;

/// Why nothing more can be saved.
pub enum Broken {
    Sink(SinkError),
    State(StateError),
    Prune(PruneError),
    /// A thread died, or a job was never answered.
    Halted(String),
    /// This many workers hang.
    Stuck(usize),
}

impl Broken {
    /// Converts to the public error, with the summary so far.
    pub fn into_error(self, summary: Summary) -> RunError {
        let summary = Box::new(summary);
        match self {
            Self::Sink(error) => RunError::Sink { error, summary },
            Self::State(error) => RunError::State { error, summary },
            Self::Prune(error) => RunError::Prune { error, summary },
            Self::Halted(why) => RunError::Halted { why, summary },
            Self::Stuck(lost) => RunError::Workers(format!("{lost} of them hang (--timeout)")),
        }
    }
}

impl From<SinkError> for Broken {
    fn from(error: SinkError) -> Self {
        Self::Sink(error)
    }
}

impl From<StateError> for Broken {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl From<PruneError> for Broken {
    fn from(error: PruneError) -> Self {
        match error {
            PruneError::State(error) => Self::State(error),
            error => Self::Prune(error),
        }
    }
}
