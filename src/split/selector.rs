//! Which shards a process works on: `K`, `K/N`, `A-B`, `A-B/N`, or `auto`, from the environment that an engine gives to its tasks.

use std::ffi::OsString;
use std::str::FromStr;

use xxhash_rust::xxh3::xxh3_64;

/// `--shard`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The shards from the first to the last, from 1, of so many if that is said.
    Range {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
        /// How many there are.
        of: Option<u64>,
    },
    /// One, as the environment says.
    Auto,
}

/// Why a shard cannot be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// Not of the form.
    #[error("one of K, K/N, A-B, A-B/N, counted from 1, or auto")]
    Form,
    /// No engine has set its variable.
    #[error("auto: none of {} is set", names())]
    NoVariable,
    /// It holds no number.
    #[error("auto: {0} is {1:?}, not a number")]
    NotANumber(&'static str, String),
}

/// What engines tell their tasks, and the number of the first task.
const VARIABLES: [(&str, u64); 5] = [
    // Slurm's arrays begin where the user lets them begin; 1 is what the documentation recommends.
    ("SLURM_ARRAY_TASK_ID", 1),
    ("JOB_COMPLETION_INDEX", 0),
    ("AWS_BATCH_JOB_ARRAY_INDEX", 0),
    ("BATCH_TASK_INDEX", 0),
    ("CLOUD_RUN_TASK_INDEX", 0),
];

fn names() -> String {
    VARIABLES.map(|(name, _)| name).join(", ")
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        if text.eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        let number = |text: &str| text.parse::<u64>().ok().filter(|number| *number > 0 && !text.starts_with('+'));
        let (range, of) = match text.split_once('/') {
            Some((range, of)) => (range, Some(number(of).ok_or(SelectorError::Form)?)),
            None => (text, None),
        };
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (number(first).ok_or(SelectorError::Form)?, number(last).ok_or(SelectorError::Form)?);
        if first > last || of.is_some_and(|of| last > of) {
            return Err(SelectorError::Form);
        }
        Ok(Self::Range { first, last, of })
    }
}

impl Selector {
    /// The range. `auto` takes its number from these variables; how many there are is never theirs to say, since a task array may
    /// be submitted again in parts.
    ///
    /// # Errors
    /// [`SelectorError`].
    pub fn resolve(
        &self,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<(u64, u64, Option<u64>), SelectorError> {
        if let Self::Range { first, last, of } = *self {
            return Ok((first, last, of));
        }
        let set = |(name, first)| variable(name).filter(|text| !text.is_empty()).map(|text| (name, first, text));
        let (name, first, text) = VARIABLES.into_iter().find_map(set).ok_or(SelectorError::NoVariable)?;
        let text = text.to_string_lossy().into_owned();
        let number = text.parse::<u64>().map_err(|_| SelectorError::NotANumber(name, text.clone()))?;
        let number = (number + 1).checked_sub(first).filter(|number| *number > 0);
        let number = number.ok_or(SelectorError::NotANumber(name, text))?;
        Ok((number, number, None))
    }
}

/// A part of the inputs, chosen by a hash of their names. It needs no plan, but every process walks all inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// The first shard, from 1.
    pub first: u64,
    /// The last shard.
    pub last: u64,
    /// How many there are.
    pub of: u64,
}

impl Portion {
    /// Whether it has the input of this name: its path relative to the INPUT up to the first dot of the file's name, so that
    /// inputs whose outputs may have the same name are in the same shard.
    pub fn has(&self, name: &[u8]) -> bool {
        (self.first..=self.last).contains(&(xxh3_64(name) % self.of + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u64, last: u64, of: Option<u64>) -> Selector {
        Selector::Range { first, last, of }
    }

    #[test]
    fn forms() {
        assert_eq!("3".parse(), Ok(range(3, 3, None)));
        assert_eq!("3/8".parse(), Ok(range(3, 3, Some(8))));
        assert_eq!("21-40/1000".parse(), Ok(range(21, 40, Some(1000))));
        assert_eq!("Auto".parse(), Ok(Selector::Auto));
        for wrong in ["", "0", "0/3", "4/3", "3-2", "1-9/8", "a", "1/", "/3", "-1", "+1", "1/0"] {
            assert_eq!(wrong.parse::<Selector>(), Err(SelectorError::Form), "{wrong}");
        }
    }

    #[test]
    fn engines_tell_the_number() {
        let auto = |name: &'static str, value: &'static str| {
            Selector::Auto.resolve(move |asked| (asked == name).then(|| value.into())).map(|(first, ..)| first)
        };
        assert_eq!(auto("SLURM_ARRAY_TASK_ID", "5"), Ok(5));
        for name in ["JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX", "BATCH_TASK_INDEX", "CLOUD_RUN_TASK_INDEX"] {
            assert_eq!(auto(name, "5"), Ok(6), "{name}");
            assert_eq!(auto(name, "0"), Ok(1), "{name}");
        }
        assert_eq!(auto("OTHER", "5"), Err(SelectorError::NoVariable));
        assert!(matches!(auto("SLURM_ARRAY_TASK_ID", "0"), Err(SelectorError::NotANumber(..))));
        assert!(matches!(auto("SLURM_ARRAY_TASK_ID", "x"), Err(SelectorError::NotANumber(..))));
    }

    #[test]
    fn every_name_is_in_one_portion_and_stays_there() {
        for name in ["a/b", "", "é"] {
            let shards = (1..=7).filter(|k| Portion { first: *k, last: *k, of: 7 }.has(name.as_bytes()));
            assert_eq!(shards.count(), 1);
        }
        // Other machines, and other versions, choose the same.
        let shard = |name: &str| (1..=1000).find(|k| Portion { first: *k, last: *k, of: 1000 }.has(name.as_bytes()));
        assert_eq!([shard("a/b"), shard("boat"), shard("")], [Some(149), Some(207), Some(139)]);
    }
}
