//! `plan.json`.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Paths, SplitError};
use crate::json::{path_of, path_value};

/// The version of the files' form.
const VERSION: u64 = 1;

/// What a plan says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The command line that wrote it, without the program.
    pub words: Vec<OsString>,
    /// The directory in which they were typed, to which relative paths refer.
    pub directory: PathBuf,
    /// Identifies the plan: its options, its inputs, and the version of the program.
    pub digest: String,
    /// The number of inputs.
    pub inputs: u64,
    /// Those that were not found.
    pub failed: u64,
    /// The size of all files in bytes, as far as it is known.
    pub bytes: u64,
    /// For each shard, the index of its first input.
    pub starts: Vec<u64>,
    /// Inputs that are in the shard of an earlier input.
    pub moved: u64,
    /// What walks left out, by rule.
    pub left_out: Vec<(String, u64)>,
}

impl Plan {
    /// The number of shards.
    pub fn shards(&self) -> u64 {
        self.starts.len() as u64
    }

    /// The indices of the inputs of a shard, from 1, but for what is moved.
    pub fn range(&self, shard: u64) -> (u64, u64) {
        let at = |shard: u64| usize::try_from(shard).ok().and_then(|at| self.starts.get(at)).copied();
        (at(shard - 1).unwrap_or(self.inputs), at(shard).unwrap_or(self.inputs))
    }

    /// The shard of the input of this index, from 1.
    pub fn shard_of(&self, index: u64) -> u64 {
        self.starts.partition_point(|start| *start <= index) as u64
    }

    /// The text of `plan.json`.
    pub fn text(&self) -> String {
        let words: Vec<Value> = self.words.iter().map(|word| path_value(word.as_ref())).collect();
        let left_out = self.left_out.iter().map(|(rule, count)| (rule.clone(), Value::from(*count)));
        let value = json!({
            "version": VERSION,
            "thumbs": env!("CARGO_PKG_VERSION"),
            "digest": self.digest,
            "directory": path_value(&self.directory),
            "arguments": words,
            "inputs": self.inputs,
            "failed": self.failed,
            "bytes": self.bytes,
            "left_out": left_out.collect::<serde_json::Map<_, _>>(),
            "moved": self.moved,
            "shards": self.shards(),
            "starts": self.starts,
        });
        format!("{value:#}\n")
    }

    /// Reads `plan.json`.
    ///
    /// # Errors
    /// It cannot be read, or another version wrote it.
    pub fn read(paths: &Paths) -> Result<Self, SplitError> {
        let file = paths.plan();
        let text = fs::read_to_string(&file).map_err(SplitError::io(&file))?;
        let value: Value = serde_json::from_str(&text).map_err(|_| SplitError::damaged(&file, "not a plan"))?;
        let version = value.get("version").and_then(Value::as_u64);
        if version.is_some_and(|version| version != VERSION) {
            return Err(SplitError::damaged(&file, "a newer version of thumbs wrote it"));
        }
        let made_by = value.get("thumbs").and_then(Value::as_str).unwrap_or_default();
        if version.is_some() && made_by != env!("CARGO_PKG_VERSION") {
            let why =
                format!("thumbs {made_by} wrote it, whose outputs may have other bytes than those of this version");
            return Err(SplitError::damaged(&file, why));
        }
        Self::of_value(&value).ok_or_else(|| SplitError::damaged(&file, "not a plan"))
    }

    fn of_value(value: &Value) -> Option<Self> {
        let number = |key: &str| value.get(key).and_then(Value::as_u64);
        let list = |key: &str| value.get(key).and_then(Value::as_array);
        let words = list("arguments")?.iter().map(|word| path_of(word).map(OsString::from));
        let starts: Option<Vec<u64>> = list("starts")?.iter().map(Value::as_u64).collect();
        let left_out = value.get("left_out")?.as_object()?.iter();
        let plan = Self {
            words: words.collect::<Option<_>>()?,
            directory: path_of(value.get("directory")?)?,
            digest: value.get("digest")?.as_str()?.to_owned(),
            inputs: number("inputs")?,
            failed: number("failed")?,
            bytes: number("bytes")?,
            starts: starts.filter(|starts| starts.first() == Some(&0) && starts.is_sorted())?,
            moved: number("moved")?,
            left_out: left_out.filter_map(|(rule, count)| Some((rule.clone(), count.as_u64()?))).collect(),
        };
        (number("shards")? == plan.shards()).then_some(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written() {
        use std::os::unix::ffi::OsStringExt;
        let plan = Plan {
            words: vec!["-o".into(), OsString::from_vec(b"\xff/".to_vec())],
            directory: "/a".into(),
            digest: "12".into(),
            inputs: 9,
            failed: 1,
            bytes: 70,
            starts: vec![0, 4, 4, 8],
            moved: 1,
            left_out: vec![("hidden".into(), 2)],
        };
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths(dir.path().to_path_buf());
        fs::write(paths.plan(), plan.text()).unwrap();
        assert_eq!(Plan::read(&paths).unwrap(), plan);
        assert_eq!([1, 2, 3, 4].map(|shard| plan.range(shard)), [(0, 4), (4, 4), (4, 8), (8, 9)]);
        assert_eq!([0, 3, 4, 7, 8].map(|index| plan.shard_of(index)), [1, 1, 3, 3, 4]);
        for (from, to, why) in [
            ("\"version\": 1", "\"version\": 2", "newer"),
            ("\"thumbs\": \"", "\"thumbs\": \"9", "other bytes"),
            ("\"shards\": 4", "\"shards\": 5", "not a plan"),
            ("{", "", "not a plan"),
        ] {
            fs::write(paths.plan(), plan.text().replacen(from, to, 1)).unwrap();
            assert!(Plan::read(&paths).unwrap_err().to_string().contains(why), "{why}");
        }
    }
}
