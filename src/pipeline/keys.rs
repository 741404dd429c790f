//! The keys that a table gives to the samples of a data set. A key belongs to the first row that has it,
//! also where that row fails, so that a rerun gives the same keys.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::sink::shards;
use crate::walk::Row;

/// The keys so far.
#[derive(Debug, Default)]
pub struct Keys {
    hasher: RandomState,
    /// The number of the row by the hash of its key. Nobody can construct two keys with one hash.
    rows: HashMap<u64, u32>,
}

impl Keys {
    /// Takes the key of a row.
    ///
    /// # Errors
    /// Why the row has no key: another has it, or it is too long.
    pub fn take(&mut self, row: &Row) -> Result<(), String> {
        let number = row.number;
        let at = |why: String| format!("row {number} of the table: {why}");
        let text = row.key.as_deref().unwrap_or_default();
        let key = shards::key(text).map_err(|why| at(why.to_owned()))?;
        let own = u32::try_from(number).unwrap_or(u32::MAX);
        match self.rows.insert(self.hasher.hash_one(&key), own) {
            None => Ok(()),
            Some(first) => {
                self.rows.insert(self.hasher.hash_one(&key), first);
                let become_of = if key == text { String::new() } else { format!(", which stands for {text:?},") };
                Err(at(format!("the key {key:?}{become_of} is that of row {first}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_keeps_a_key() {
        let mut keys = Keys::default();
        let mut take = |number, key: &str| keys.take(&Row { number, key: Some(key.to_owned()), ..Row::default() });
        assert_eq!(take(1, "a.b"), Ok(()));
        assert_eq!(take(2, "c"), Ok(()));
        let words = "row 3 of the table: the key \"a_b\", which stands for \"a/b\", is that of row 1";
        assert_eq!(take(3, "a/b"), Err(words.into()));
        assert_eq!(take(4, "a_b"), Err("row 4 of the table: the key \"a_b\" is that of row 1".into()));
    }
}
