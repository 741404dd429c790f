//! Finds inputs whose outputs may have the same name, among more of them than fit in memory: by a hash, in sorted runs on disk.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::sink::nameless;

/// Hashes and indices in memory before they are sorted and written: 32 MiB.
const TOGETHER: usize = 2 << 20;

/// Hashes of the names of inputs, in the order of the inputs.
pub struct Keys {
    dir: PathBuf,
    recent: Vec<(u64, u64)>,
    runs: Vec<File>,
}

impl Keys {
    /// Runs are written to `dir`.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_path_buf(), recent: Vec::new(), runs: Vec::new() }
    }

    /// Adds the hash of the input of this index.
    pub fn add(&mut self, hash: u64, index: u64) -> io::Result<()> {
        self.recent.push((hash, index));
        if self.recent.len() < TOGETHER { Ok(()) } else { self.spill() }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.recent.sort_unstable();
        let mut file = BufWriter::new(nameless(&self.dir)?);
        for (hash, index) in self.recent.drain(..) {
            file.write_all(&hash.to_le_bytes())?;
            file.write_all(&index.to_le_bytes())?;
        }
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.runs.push(file);
        Ok(())
    }

    /// Calls `same` with the index of an input and that of the first with the same hash.
    pub fn each_repeated(mut self, mut same: impl FnMut(u64, u64)) -> io::Result<()> {
        self.recent.sort_unstable();
        let mut runs: Vec<Box<dyn Iterator<Item = io::Result<(u64, u64)>>>> = Vec::new();
        for file in self.runs {
            let mut file = BufReader::new(file);
            runs.push(Box::new(std::iter::from_fn(move || pair(&mut file).transpose())));
        }
        runs.push(Box::new(self.recent.into_iter().map(Ok)));
        let mut heap = BinaryHeap::new();
        for (number, run) in runs.iter_mut().enumerate() {
            if let Some(pair) = run.next().transpose()? {
                heap.push(Reverse((pair, number)));
            }
        }
        let mut first = None;
        while let Some(Reverse(((hash, index), number))) = heap.pop() {
            match first {
                Some((same_hash, earlier)) if same_hash == hash => same(index, earlier),
                _ => first = Some((hash, index)),
            }
            if let Some(pair) = runs[number].next().transpose()? {
                heap.push(Reverse((pair, number)));
            }
        }
        Ok(())
    }
}

fn pair(file: &mut impl Read) -> io::Result<Option<(u64, u64)>> {
    let mut bytes = [0; 16];
    match file.read_exact(&mut bytes) {
        Ok(()) => {
            let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
            Ok(Some((number(0), number(8))))
        }
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_are_found_across_runs() {
        let dir = tempfile::tempdir().unwrap();
        let mut keys = Keys::new(dir.path());
        for (index, hash) in [5, 9, 5, 7, 9, 5, 1].into_iter().enumerate() {
            keys.add(hash, index as u64).unwrap();
            if index % 2 == 1 {
                keys.spill().unwrap();
            }
        }
        let mut found = Vec::new();
        keys.each_repeated(|index, first| found.push((index, first))).unwrap();
        found.sort_unstable();
        assert_eq!(found, [(2, 0), (4, 1), (5, 0)]);
    }
}
