//! Exit statuses.

use crate::outcome::{Stop, Summary};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Every input is done, or skipped by policy.
    Success,
    /// At least one input failed.
    SomeFailed,
    /// Usage or configuration error; nothing was written.
    Usage,
    /// The run could not go on.
    Broken,
    /// `--max-time` ended the run, and inputs are left.
    Unfinished,
    /// Another run holds the state; try again later.
    Locked,
    /// What went wrong may pass; try again later.
    Retry,
    /// A signal ended the run; it is raised again.
    Signal(i32),
}

impl Exit {
    /// The exit of a finished run.
    pub fn of(summary: &Summary) -> Self {
        match summary.stopped {
            Some(Stop::Interrupted(signal)) => Self::Signal(signal),
            Some(Stop::FirstFailure | Stop::TooManyFailures) => Self::SomeFailed,
            None | Some(Stop::OutOfTime) if summary.failed > 0 => Self::SomeFailed,
            Some(Stop::OutOfTime) => Self::Unfinished,
            None => Self::Success,
        }
    }

    /// The exit of a run that was stopped before it started.
    pub fn of_stop(stop: Option<Stop>) -> Self {
        Self::of(&Summary { stopped: stop, ..Summary::default() })
    }

    /// The exit status.
    pub fn code(self) -> i32 {
        match self {
            Self::Success => 0,
            Self::SomeFailed => 1,
            Self::Usage => 2,
            Self::Broken => 3,
            Self::Unfinished => 4,
            Self::Locked | Self::Retry => 75,
            Self::Signal(signal) => 128 + signal,
        }
    }

    /// Ends the process.
    pub fn leave(self) -> ! {
        if let Self::Signal(signal) = self {
            // Raise the signal again, so that the shell sees what ended the run.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
        std::process::exit(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        let with = |failed, stopped| Exit::of(&Summary { failed, stopped, ..Summary::default() }).code();
        assert_eq!(with(0, None), 0);
        assert_eq!(with(2, None), 1);
        assert_eq!(with(0, Some(Stop::TooManyFailures)), 1);
        assert_eq!(with(1, Some(Stop::FirstFailure)), 1);
        assert_eq!(with(1, Some(Stop::Interrupted(2))), 130);
        assert_eq!(with(0, Some(Stop::Interrupted(15))), 143);
        assert_eq!(with(0, Some(Stop::OutOfTime)), 4);
        assert_eq!(with(1, Some(Stop::OutOfTime)), 1);
        assert_eq!(Exit::Locked.code(), 75);
        assert_eq!((Exit::Usage.code(), Exit::Broken.code()), (2, 3));
    }
}
