//! Pictures that look alike: their 64-bit hashes differ in at most three bits.
//!
//! A hash is cut into four bands of 16 bits. Of two hashes that differ in three bits, one band at least is the same, so
//! only pictures that share a band are compared (multi-index hashing; Norouzi, Punjani, Fleet 2012).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::path_log::PathLog;

/// The most bits in which the hashes of pictures that look alike differ.
const MOST: u32 = 3;
const BANDS: usize = MOST as usize + 1;

/// The pictures so far, in their order.
#[derive(Debug, Default)]
pub struct Looks {
    hashes: Vec<u64>,
    names: PathLog,
    /// For each band, the numbers of the pictures by its value.
    bands: [HashMap<u16, Vec<u32>>; BANDS],
}

impl Looks {
    /// The first picture that looks like this one. If there is none, this one is remembered.
    pub fn admit(&mut self, hash: u64, name: &Path) -> Option<PathBuf> {
        let alike = |&&number: &&u32| (self.hashes[number as usize] ^ hash).count_ones() <= MOST;
        let sharing = self.bands.iter().enumerate().filter_map(|(at, band)| band.get(&value(hash, at)));
        if let Some(&first) = sharing.filter_map(|numbers| numbers.iter().find(alike)).min() {
            return self.names.get(first);
        }
        let number = self.names.push(name);
        self.hashes.push(hash);
        for (at, band) in self.bands.iter_mut().enumerate() {
            band.entry(value(hash, at)).or_default().push(number);
        }
        None
    }
}

fn value(hash: u64, band: usize) -> u16 {
    (hash >> (16 * band)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_looks_alike_is_found() {
        let mut looks = Looks::default();
        let base = 0x1234_5678_9abc_def0_u64;
        assert_eq!(looks.admit(base ^ 0xff, Path::new("other")), None);
        assert_eq!(looks.admit(base, Path::new("first")), None);
        // Three bits, each in another band.
        assert_eq!(looks.admit(base ^ (1 | 1 << 20 | 1 << 63), Path::new("x")), Some("first".into()));
        assert_eq!(looks.admit(base ^ (1 | 1 << 20 | 1 << 40 | 1 << 63), Path::new("four")), None);
        // Three bits from each of two.
        assert_eq!(looks.admit(base ^ (1 << 20 | 1 << 40), Path::new("y")), Some("first".into()));
    }

    proptest::proptest! {
        #[test]
        fn the_bands_miss_nothing(hashes in proptest::collection::vec(0..1_u64 << 8, 1..60)) {
            // Spread over all bands.
            let spread = |n: u64| (0..8).fold(0, |bits, at| bits | (n >> at & 1) << (at * 9));
            let (mut looks, mut kept) = (Looks::default(), Vec::<u64>::new());
            for (number, hash) in hashes.iter().map(|&n| spread(n)).enumerate() {
                let want = kept.iter().find(|other| (*other ^ hash).count_ones() <= MOST);
                let name = |hash: &u64| PathBuf::from(format!("{hash}"));
                proptest::prop_assert_eq!(looks.admit(hash, &name(&hash)), want.map(name), "{}", number);
                if want.is_none() {
                    kept.push(hash);
                }
            }
        }
    }
}
