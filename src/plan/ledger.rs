//! Who reads and who writes which path. Asked in the order of the inputs, so that which of two
//! colliding inputs fails does not depend on the number of workers.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::path::{Path, PathBuf};

use super::path_log::PathLog;
use crate::walk::real_path;

/// A path's identity: 64 bits of a keyed hash, so that nobody can make names collide.
/// In two halves, which keeps an entry of the table at 12 bytes.
type Key = [u32; 2];

/// The keys are hashes already.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_le_bytes(word);
        }
    }
}

/// Marks an entry as an output; the other bits are the number of the input.
const OUTPUT: u32 = 1 << 31;

/// How an input stands to those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Not seen before; its number.
    New(u32),
    /// The same path was an input before.
    Duplicate,
    /// An output of this run.
    OwnOutput,
}

/// Why an output cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// Another input's output has this name.
    #[error("{first:?} already makes {output:?}")]
    Taken {
        /// The output.
        output: PathBuf,
        /// The input that claimed it first.
        first: PathBuf,
        /// Both inputs have this full name, so that only their directories tell them apart.
        namesakes: bool,
    },
    /// An input has this name.
    #[error("the output {0:?} is an input of this run")]
    IsInput(PathBuf),
}

/// All inputs seen and outputs planned.
pub struct Ledger {
    hasher: RandomState,
    entries: HashMap<Key, u32, BuildHasherDefault<KeyHasher>>,
    input_dirs: HashSet<Key, BuildHasherDefault<KeyHasher>>,
    /// Files that are read under another name, or at another time, than the entries say.
    guarded: HashSet<Key, BuildHasherDefault<KeyHasher>>,
    paths: PathLog,
    /// Real paths of the directories last asked for.
    real: HashMap<PathBuf, PathBuf>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            entries: HashMap::default(),
            input_dirs: HashSet::default(),
            guarded: HashSet::default(),
            paths: PathLog::default(),
            real: HashMap::new(),
        }
    }
}

impl Ledger {
    /// Notes an input.
    pub fn admit(&mut self, path: &Path) -> Admission {
        let key = self.key(path);
        match self.entries.get(&key) {
            Some(number) if number & OUTPUT != 0 => return Admission::OwnOutput,
            Some(_) => return Admission::Duplicate,
            None => {}
        }
        let number = self.paths.push(path).min(OUTPUT - 1);
        self.entries.insert(key, number);
        let dir = self.dir_key(path.parent().unwrap_or(Path::new("")));
        self.input_dirs.insert(dir);
        Admission::New(number)
    }

    /// Notes an input that has no path.
    pub fn admit_stdin(&mut self) -> u32 {
        self.paths.push(Path::new("-")).min(OUTPUT - 1)
    }

    /// Notes a file that is no output's to have, without making it an input: one named on the command
    /// line whose turn is still to come, or one that failed.
    pub fn guard(&mut self, path: &Path) {
        let key = self.key(path);
        self.guarded.insert(key);
    }

    /// Notes the file that an input, a symbolic link, leads to.
    pub fn guard_target(&mut self, link: &Path) {
        let real = real_path(link);
        self.guard(&real);
        let dir = self.dir_key(real.parent().unwrap_or(Path::new("")));
        self.input_dirs.insert(dir);
    }

    /// Claims outputs of the input `number`: all or none.
    ///
    /// # Errors
    /// The first that is another's.
    pub fn claim(&mut self, outputs: &[&Path], number: u32) -> Result<(), ClaimError> {
        let keys: Vec<Key> = outputs.iter().map(|output| self.key(output)).collect();
        self.claim_keys(&keys, outputs, number)
    }

    /// Claims members of the archive that is written; their names are no paths of the file system.
    ///
    /// # Errors
    /// The first that is another's.
    pub fn claim_members(&mut self, members: &[&Path], number: u32) -> Result<(), ClaimError> {
        // No real directory is called like this.
        let keys: Vec<Key> = members.iter().map(|member| self.hash(Path::new("\0"), member.as_os_str())).collect();
        self.claim_keys(&keys, members, number)
    }

    fn claim_keys(&mut self, keys: &[Key], outputs: &[&Path], number: u32) -> Result<(), ClaimError> {
        for (key, output) in keys.iter().zip(outputs) {
            if self.guarded.contains(key) {
                return Err(ClaimError::IsInput(output.to_path_buf()));
            }
            if let Some(&entry) = self.entries.get(key) {
                let output = output.to_path_buf();
                if entry & OUTPUT == 0 {
                    return Err(ClaimError::IsInput(output));
                }
                let first = self.paths.get(entry & !OUTPUT).unwrap_or_else(|| PathBuf::from("another input"));
                let own = self.paths.get(number);
                let namesakes = own.is_some_and(|own| own.file_name() == first.file_name());
                return Err(ClaimError::Taken { output, first, namesakes });
            }
        }
        for &key in keys {
            self.entries.insert(key, number | OUTPUT);
        }
        Ok(())
    }

    /// Whether an input seen so far lies in this directory.
    pub fn holds_input(&mut self, dir: &Path) -> bool {
        let key = self.dir_key(dir);
        self.input_dirs.contains(&key)
    }

    /// The real path of a directory that may not exist yet.
    pub fn real_dir(&mut self, dir: &Path) -> PathBuf {
        if let Some(real) = self.real.get(dir) {
            return real.clone();
        }
        let real = real_path(dir);
        // Neighbours ask for the same few directories.
        if self.real.len() >= 256 {
            self.real.clear();
        }
        self.real.insert(dir.to_path_buf(), real.clone());
        real
    }

    fn dir_key(&mut self, dir: &Path) -> Key {
        let real = self.real_dir(dir);
        self.hash(&real, OsStr::new(""))
    }

    fn key(&mut self, path: &Path) -> Key {
        let real = self.real_dir(path.parent().unwrap_or(Path::new("")));
        self.hash(&real, path.file_name().unwrap_or(OsStr::new("")))
    }

    fn hash(&self, dir: &Path, name: &OsStr) -> Key {
        let hash = self.hasher.hash_one((dir.as_os_str(), name));
        [hash as u32, (hash >> 32) as u32]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_one_input() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        std::os::unix::fs::symlink("sub", dir.path().join("link")).unwrap();
        let mut ledger = Ledger::default();
        assert_eq!(ledger.admit(&dir.path().join("sub/a.jpg")), Admission::New(0));
        assert_eq!(ledger.admit(&dir.path().join("sub/../sub/./a.jpg")), Admission::Duplicate);
        assert_eq!(ledger.admit(&dir.path().join("link/a.jpg")), Admission::Duplicate);
        assert_eq!(ledger.admit(&dir.path().join("link/b.jpg")), Admission::New(1));
        assert!(ledger.holds_input(&dir.path().join("link")));
        assert!(!ledger.holds_input(dir.path()));
    }

    #[test]
    fn outputs_are_claimed_once() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.admit(Path::new("/in/1/x.jpg")), Admission::New(0));
        assert_eq!(ledger.admit(Path::new("/in/2/x.jpg")), Admission::New(1));
        let out = Path::new("/out/x.jpg");
        let other = Path::new("/out/y.jpg");
        assert_eq!(ledger.claim(&[out], 0), Ok(()));
        let taken = ClaimError::Taken { output: out.into(), first: "/in/1/x.jpg".into(), namesakes: true };
        assert_eq!(ledger.claim(&[other, out], 1), Err(taken));
        // Nothing of the refused claim was kept.
        assert_eq!(ledger.claim(&[other], 1), Ok(()));
        assert_eq!(ledger.admit(out), Admission::OwnOutput);
        let input = Path::new("/in/1/x.jpg");
        assert_eq!(ledger.claim(&[input], 1), Err(ClaimError::IsInput(input.into())));
        let later = Path::new("/in/later.jpg");
        ledger.guard(later);
        assert_eq!(ledger.claim(&[later], 1), Err(ClaimError::IsInput(later.into())));
        assert!(matches!(ledger.admit(later), Admission::New(_)));
    }
}
