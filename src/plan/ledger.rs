//! Records which paths are read and written. It is used in the order of the inputs, so that which
//! of two colliding inputs fails does not depend on the number of workers.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::folding::{fold, folds, folds_by_trial};
use crate::net::Url;
use crate::path_log::PathLog;
use crate::walk::real_path;

/// The identity of a path: 64 bits of a keyed hash, so that nobody can construct collisions. Two
/// halves keep an entry of the table at 12 bytes.
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

/// Marks an entry as an output. The other bits are the number of the input.
const OUTPUT: u32 = 1 << 31;

/// How an input relates to earlier ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Not seen before, with its number.
    New(u32),
    /// The same path was an earlier input.
    Duplicate,
    /// An output of this run.
    OwnOutput,
}

/// Why an output cannot be claimed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// Another input's output has this name.
    #[error("{first:?} already makes {output:?}")]
    Taken {
        /// The output.
        output: PathBuf,
        /// The input that claimed it first.
        first: PathBuf,
        /// Whether both inputs have the same file name, so that only their directories differ.
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
    /// Files that are read under another name, or at another time, than the entries say.
    guarded: HashSet<Key, BuildHasherDefault<KeyHasher>>,
    paths: PathLog,
    /// The last directories looked up, with their keys and case folding.
    places: HashMap<PathBuf, Place>,
    /// Whether nothing may be written, not even to test a directory.
    read_only: bool,
    /// Whether outputs are objects in a store.
    stored: bool,
    /// Tests whether a directory folds case.
    folds: fn(&Path) -> Option<bool>,
}

/// A directory, as part of keys.
#[derive(Clone, Debug)]
struct Place {
    /// Its real path, folded as far as the directories on the way fold.
    path: PathBuf,
    /// None while it has no name to test with. Then it is assumed to behave like its parent.
    folds: Option<bool>,
    above: bool,
}

impl Place {
    fn folds(&self) -> bool {
        self.folds.unwrap_or(self.above)
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            entries: HashMap::default(),
            guarded: HashSet::default(),
            paths: PathLog::default(),
            places: HashMap::new(),
            read_only: false,
            stored: false,
            folds,
        }
    }
}

impl Ledger {
    /// Makes a ledger, for a run that writes nothing if `read_only`, and whose outputs are objects in a store if `stored`.
    pub fn new(read_only: bool, stored: bool) -> Self {
        Self { read_only, stored, ..Self::default() }
    }

    /// Records an input.
    pub fn admit(&mut self, path: &Path) -> Admission {
        let key = self.key(path);
        match self.entries.get(&key) {
            Some(number) if number & OUTPUT != 0 => return Admission::OwnOutput,
            Some(_) => return Admission::Duplicate,
            None => {}
        }
        let number = self.paths.push(path).min(OUTPUT - 1);
        self.entries.insert(key, number);
        Admission::New(number)
    }

    /// Records an input that has no path.
    pub fn admit_stdin(&mut self) -> u32 {
        self.paths.push(Path::new("-")).min(OUTPUT - 1)
    }

    /// Records an address as an input, under a key that only it has.
    pub fn admit_url(&mut self, key: &Path, shown: &str) -> Admission {
        let key = self.address_key(key);
        match self.entries.get(&key) {
            Some(number) if number & OUTPUT != 0 => return Admission::OwnOutput,
            Some(_) => return Admission::Duplicate,
            None => {}
        }
        let number = self.paths.push(Path::new(shown)).min(OUTPUT - 1);
        self.entries.insert(key, number);
        Admission::New(number)
    }

    /// The input that had this content first.
    pub fn same_content(&self, digest: &[u8]) -> Option<PathBuf> {
        let number = self.entries.get(&self.content_key(digest))?;
        Some(self.paths.get(*number).unwrap_or_else(|| PathBuf::from("another input")))
    }

    /// Records the content of the input `number`.
    pub fn note_content(&mut self, digest: &[u8], number: u32) {
        let key = self.content_key(digest);
        self.entries.entry(key).or_insert(number);
    }

    /// Records content that an earlier run has made something of, with the name of its source.
    pub fn note_made(&mut self, digest: &[u8], source: &Path) {
        let number = self.paths.push(source).min(OUTPUT - 1);
        self.note_content(digest, number);
    }

    fn content_key(&self, digest: &[u8]) -> Key {
        // No real directory has this name.
        self.hash(Path::new("\0content"), OsStr::from_bytes(digest))
    }

    /// Protects a file from being replaced by an output, without making it an input: one named on
    /// the command line whose turn is still to come, or one that failed.
    pub fn guard(&mut self, path: &Path) {
        let key = self.key(path);
        self.guarded.insert(key);
    }

    /// Protects an object that the command line names.
    pub fn guard_stored(&mut self, address: &Path) {
        let key = self.stored_key(address);
        self.guarded.insert(key);
    }

    /// The key of an object, the same for an input and for an output.
    fn stored_key(&self, address: &Path) -> Key {
        let url = Url::of_store(address.as_os_str().as_bytes());
        self.address_key(&url.map_or_else(|_| address.to_path_buf(), |url| url.key()))
    }

    fn address_key(&self, key: &Path) -> Key {
        // No real directory has this name.
        self.hash(Path::new("\0url"), key.as_os_str())
    }

    /// Protects the file that an input, a symbolic link, points to.
    pub fn guard_target(&mut self, link: &Path) {
        self.guard(&real_path(link));
    }

    /// Claims outputs of the input `number`: all or none.
    ///
    /// # Errors
    /// The first output that is taken.
    pub fn claim(&mut self, outputs: &[&Path], number: u32) -> Result<(), ClaimError> {
        let keys: Vec<Key> = outputs.iter().map(|output| self.output_key(output)).collect();
        self.claim_keys(&keys, outputs, number)
    }

    /// Claims members of the output archive. Their names are not paths of the file system.
    ///
    /// # Errors
    /// The first member that is taken.
    pub fn claim_members(&mut self, members: &[&Path], number: u32) -> Result<(), ClaimError> {
        // No real directory has this name.
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

    /// The key of the directory `dir`, which may not exist yet.
    fn place(&mut self, dir: &Path) -> Place {
        if let Some(place) = self.places.get(dir) {
            return place.clone();
        }
        let place = self.find_place(&real_path(dir));
        // Neighbouring inputs use the same few directories.
        if self.places.len() >= 256 {
            self.places.clear();
        }
        self.places.insert(dir.to_path_buf(), place.clone());
        place
    }

    fn find_place(&mut self, real: &Path) -> Place {
        let (Some(parent), Some(name)) = (real.parent(), real.file_name()) else {
            return Place { path: real.to_path_buf(), folds: Some(false), above: false };
        };
        let above = self.place(parent);
        let path = if above.folds() { above.path.join(fold(name)) } else { above.path.join(name) };
        Place { path, folds: (self.folds)(real), above: above.folds() }
    }

    fn key(&mut self, path: &Path) -> Key {
        let place = self.place(path.parent().unwrap_or(Path::new("")));
        let name = path.file_name().unwrap_or(OsStr::new(""));
        if place.folds() { self.hash(&place.path, &fold(name)) } else { self.hash(&place.path, name) }
    }

    /// The key of an output. Its directory may be tested with a temporary file, because a file will
    /// be made there anyway.
    fn output_key(&mut self, path: &Path) -> Key {
        if self.stored {
            return self.stored_key(path);
        }
        let dir = path.parent().unwrap_or(Path::new(""));
        let place = self.place(dir);
        if place.folds.is_none() && !self.read_only {
            let real = real_path(dir);
            // A directory that is created with its first output is tested again then.
            if real.is_dir() {
                let folds = (self.folds)(&real).or_else(|| folds_by_trial(&real)).unwrap_or(place.above);
                self.places.insert(dir.to_path_buf(), Place { folds: Some(folds), ..place });
            }
        }
        self.key(path)
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
    fn spellings_of_a_path_are_one_input() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        std::os::unix::fs::symlink("sub", dir.path().join("link")).unwrap();
        let mut ledger = Ledger::default();
        assert_eq!(ledger.admit(&dir.path().join("sub/a.jpg")), Admission::New(0));
        assert_eq!(ledger.admit(&dir.path().join("sub/../sub/./a.jpg")), Admission::Duplicate);
        assert_eq!(ledger.admit(&dir.path().join("link/a.jpg")), Admission::Duplicate);
        assert_eq!(ledger.admit(&dir.path().join("link/b.jpg")), Admission::New(1));
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
        // Nothing of the rejected claim was kept.
        assert_eq!(ledger.claim(&[other], 1), Ok(()));
        assert_eq!(ledger.admit(out), Admission::OwnOutput);
        let input = Path::new("/in/1/x.jpg");
        assert_eq!(ledger.claim(&[input], 1), Err(ClaimError::IsInput(input.into())));
        let later = Path::new("/in/later.jpg");
        ledger.guard(later);
        assert_eq!(ledger.claim(&[later], 1), Err(ClaimError::IsInput(later.into())));
        assert!(matches!(ledger.admit(later), Admission::New(_)));
    }

    #[test]
    fn claims_follow_the_case_folding_of_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("Out/sub")).unwrap();
        let at = |name: &str| dir.path().join(name);
        let claims = |folds: fn(&Path) -> Option<bool>, first: &str, second: &str| {
            let mut ledger = Ledger { folds, ..Ledger::default() };
            for (name, source) in [(first, "/in/1/IMG.JPG"), (second, "/in/2/img.jpg")] {
                let Admission::New(number) = ledger.admit(Path::new(source)) else { panic!("{source} is new") };
                ledger.claim(&[&at(name)], number)?;
            }
            Ok(())
        };
        for (first, second) in [
            ("Out/IMG.JPG", "Out/img.jpg"),
            ("Out/caf\u{e9}.jpg", "Out/CAFE\u{301}.jpg"),
            // Also through directories, whether they exist or not.
            ("Out/sub/a.jpg", "Out/SUB/a.jpg"),
            ("Out/new/a.jpg", "Out/New/A.jpg"),
        ] {
            let folding = |path: &Path| path.is_dir().then(|| path.iter().any(|name| name == "Out"));
            match claims(folding, first, second) {
                Err(ClaimError::Taken { first, .. }) => assert_eq!(first, Path::new("/in/1/IMG.JPG")),
                other => panic!("{first} {second}: {other:?}"),
            }
            assert_eq!(claims(super::folds, first, second), Ok(()), "{first} {second}");
        }
        // An input under another spelling of its name is still an input.
        let mut ledger = Ledger { folds: |_| Some(true), ..Ledger::default() };
        ledger.guard(&at("Out/a.jpg"));
        assert!(matches!(ledger.claim(&[&at("Out/A.JPG")], 0), Err(ClaimError::IsInput(_))));
    }
}
