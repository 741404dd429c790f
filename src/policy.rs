//! Policies for existing files and for failures.

/// What to do with an existing file under an output's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Replace it if thumbs wrote it: it has our mark, or the state knows it, or all its properties
    /// say so. Otherwise the input fails.
    #[default]
    Careful,
    /// Replace it, unless it is an input of the run.
    Replace,
    /// Keep it. The output counts as made.
    Skip,
    /// Fail the input.
    Fail,
}

/// Which existing file an output may replace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replace {
    /// None.
    #[default]
    Never,
    /// One that thumbs wrote, or that has the same bytes.
    Own,
    /// Any.
    Any,
}

/// When a picture counts as the same as an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DropDuplicates {
    /// Its bytes are the same, by their SHA-256.
    Sha256,
    /// That, or it looks the same: a hash of its pixels is the same but for a few bits.
    Perceptual,
}

/// What an output has to save to replace its source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MinSavings {
    /// This share of the source's bytes, in per cent.
    Percent(f64),
    /// This many bytes.
    Bytes(u64),
}

impl Default for MinSavings {
    fn default() -> Self {
        Self::Percent(5.0)
    }
}

impl MinSavings {
    /// Whether so few bytes are worth it. What is not smaller never is.
    pub fn are_met(self, before: u64, after: u64) -> bool {
        let saved = before.saturating_sub(after);
        saved > 0
            && match self {
                Self::Percent(percent) => saved as f64 * 100.0 >= percent * before as f64,
                Self::Bytes(bytes) => saved >= bytes,
            }
    }
}

/// When failures end a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxFailures {
    /// After more than this many.
    Count(u64),
    /// When more than this percentage of the inputs so far failed. Checked from the hundredth input
    /// on, and at the end.
    Percent(f64),
}

impl MaxFailures {
    /// Whether `failed` of `all` inputs is too many, during a run or at its end.
    pub fn exceeded(self, failed: u64, all: u64, end: bool) -> bool {
        match self {
            Self::Count(limit) => failed > limit,
            Self::Percent(percent) => (end || all >= 100) && failed as f64 * 100.0 > percent * all as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn savings_are_met_when_reached() {
        assert!(MinSavings::default().are_met(1000, 950));
        assert!(!MinSavings::default().are_met(1000, 951));
        assert!(MinSavings::Percent(0.0).are_met(1000, 999));
        assert!(!MinSavings::Percent(0.0).are_met(1000, 1000));
        assert!(!MinSavings::Bytes(0).are_met(1000, 1001));
        assert!(MinSavings::Bytes(10).are_met(1000, 990));
        assert!(!MinSavings::Bytes(10).are_met(1000, 991));
    }

    #[test]
    fn limits_are_exceeded_not_reached() {
        assert!(!MaxFailures::Count(2).exceeded(2, 9, false));
        assert!(MaxFailures::Count(2).exceeded(3, 9, false));
        assert!(MaxFailures::Count(0).exceeded(1, 1, false));
        assert!(!MaxFailures::Percent(10.0).exceeded(50, 99, false));
        assert!(MaxFailures::Percent(10.0).exceeded(50, 99, true));
        assert!(!MaxFailures::Percent(10.0).exceeded(1, 10, true));
        assert!(!MaxFailures::Percent(10.0).exceeded(10, 100, false));
        assert!(MaxFailures::Percent(10.0).exceeded(11, 100, false));
    }
}
