//! A compressed log of paths: of all inputs, and read only when two of them want the same output or have the same content.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Paths per block. Reading a path decompresses its block.
const BLOCK: usize = 1024;

/// An append-only list of paths, deflated in blocks to about a tenth of their length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathLog {
    packed: Vec<Box<[u8]>>,
    open: Vec<u8>,
    in_open: usize,
}

impl PathLog {
    /// Appends a path and returns its number, which counts from 0.
    pub fn push(&mut self, path: &Path) -> u32 {
        let number = self.packed.len() * BLOCK + self.in_open;
        self.open.extend_from_slice(path.as_os_str().as_bytes());
        // Paths contain no NUL.
        self.open.push(0);
        self.in_open += 1;
        if self.in_open == BLOCK {
            let level = flate2::Compression::fast();
            let mut packed = Vec::new();
            // Reading from and writing to memory cannot fail.
            let _ = flate2::bufread::DeflateEncoder::new(self.open.as_slice(), level).read_to_end(&mut packed);
            self.packed.push(packed.into_boxed_slice());
            self.open.clear();
            self.in_open = 0;
        }
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// The path with this number.
    pub fn get(&self, number: u32) -> Option<PathBuf> {
        let (block, within) = (number as usize / BLOCK, number as usize % BLOCK);
        let mut unpacked = Vec::new();
        let bytes = match self.packed.get(block) {
            Some(packed) => {
                flate2::bufread::DeflateDecoder::new(&packed[..]).read_to_end(&mut unpacked).ok()?;
                &unpacked
            }
            None if block == self.packed.len() => &self.open,
            None => return None,
        };
        let path = bytes.split(|&b| b == 0).nth(within).filter(|p| !p.is_empty())?;
        Some(PathBuf::from(OsString::from_vec(path.to_vec())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_back() {
        let mut log = PathLog::default();
        for i in 0..5000 {
            assert_eq!(log.push(Path::new(&format!("dir/{i}.jpg"))), i);
        }
        for i in [0, 1, 1023, 1024, 4095, 4999] {
            assert_eq!(log.get(i), Some(PathBuf::from(format!("dir/{i}.jpg"))));
        }
        assert_eq!(log.get(5000), None);
        assert!(log.packed.iter().map(|b| b.len()).sum::<usize>() < 4096 * 6);
    }
}
