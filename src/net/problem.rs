//! Why a download fails, and whether it can pass.

use std::time::Duration;

/// The failure of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The reason, for users.
    pub words: String,
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// Whether another attempt in this run can help.
    pub retry: bool,
    /// Whether the next run would fail in the same way.
    pub lasting: bool,
    /// The wait that the server asks for.
    pub after: Option<Duration>,
    /// How often it was tried, where attempts are not counted elsewhere.
    pub attempts: u32,
}

impl Problem {
    /// It can pass while the run lasts.
    pub fn passing(words: impl Into<String>) -> Self {
        Self { words: words.into(), status: None, retry: true, lasting: false, after: None, attempts: 1 }
    }

    /// It can pass, but hardly within this run.
    pub fn standing(words: impl Into<String>) -> Self {
        Self { retry: false, ..Self::passing(words) }
    }

    /// It will not pass.
    pub fn lasting(words: impl Into<String>) -> Self {
        Self { lasting: true, ..Self::standing(words) }
    }

    /// Whether there was no answer, although there may be one later.
    pub fn is_silent(&self) -> bool {
        self.retry && self.status.is_none()
    }

    /// With the status of the answer.
    #[must_use]
    pub fn at(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// The problem with an answer of this status, which is neither a picture nor a redirect.
    pub fn of_status(status: u16, name: Option<&str>, after: Option<Duration>) -> Self {
        let words = match name {
            None => format!("the server answers {status}"),
            Some(name) => format!("the server answers {status} {name}"),
        };
        let problem = match status {
            408 | 425 | 429 => Self::passing(words),
            501 | 505 => Self::standing(words),
            500..=599 => Self::passing(words),
            // Credentials and signatures may be better the next time.
            401 | 403 | 407 => Self::standing(words),
            400..=499 => Self::lasting(words),
            _ => Self::standing(words),
        };
        Self { after: after.filter(|_| problem.retry), ..problem.at(status) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_that_can_pass_are_tried_again() {
        for (status, retry, lasting) in [
            (404, false, true),
            (410, false, true),
            (403, false, false),
            (408, true, false),
            (425, true, false),
            (429, true, false),
            (500, true, false),
            (501, false, false),
            (503, true, false),
            (204, false, false),
        ] {
            let problem = Problem::of_status(status, None, Some(Duration::from_secs(3)));
            assert_eq!((problem.retry, problem.lasting), (retry, lasting), "{status}");
            assert_eq!(problem.after.is_some(), retry, "{status}");
        }
        assert_eq!(Problem::of_status(404, Some("Not Found"), None).words, "the server answers 404 Not Found");
        assert_eq!(Problem::of_status(599, None, None).words, "the server answers 599");
    }
}
