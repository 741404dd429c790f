//! Skip tables: one lookup skips several whole Huffman symbols whose values are not needed.
//!
//! The index is the next [`BITS`] bits. The entry skips all codes that lie completely within them,
//! with their extra bits. The extra bits of the last code may reach beyond the index, up to
//! [`REACH`] bits, because nobody reads them. An entry holds the skipped bits in its low six bits
//! and the skipped coefficients above them, so that one addition accounts for both.

use super::huffman::{Codes, Coding};

/// The number of index bits.
pub(super) const BITS: u32 = 13;
/// The most bits that an entry skips. Three times that fits the 56 bits that a refill guarantees.
pub(super) const REACH: u32 = 18;
/// Added to the skipped coefficients if the entry ends the block.
pub(super) const END: u32 = 128;
/// The value for an entry without a whole symbol.
pub(super) const NONE: u32 = 512;
/// The position of the skipped coefficients in an entry.
pub(super) const SHIFT: u32 = 6;

const SIZE: usize = 1 << BITS;

/// See the module documentation.
#[derive(Debug, Clone)]
pub(super) struct SkipTable(Box<[u16; SIZE]>);

impl SkipTable {
    /// Builds the table. In progressive coding only a run of a single block counts as an end;
    /// longer runs are left to the caller.
    pub fn new(codes: &Codes, coding: Coding) -> SkipTable {
        let mut symbols = Vec::new();
        codes.for_each(|code, length, value| {
            let (run, size) = (u32::from(value >> 4), u32::from(value & 15));
            if size > u32::from(coding.max_size()) {
                // Undefined codes are left to the caller.
            } else if size > 0 || run == 15 {
                symbols.push((code, length, length + size, run + 1));
            } else if coding.is_sequential() || run == 0 {
                symbols.push((code, length, length, END));
            }
        });
        // Level b, for indices of b bits, starts at 2^b. A symbol leaves r bits of its index, so
        // its entries at level b are those of level r with the symbol put in front. Each entry
        // costs one addition.
        let mut levels = vec![0u16; 2 * SIZE];
        for bits in 1..=BITS {
            let (below, level) = levels.split_at_mut(1 << bits);
            for &(code, length, total, advance) in &symbols {
                if length > bits || total > bits + (REACH - BITS) {
                    continue;
                }
                let first = (total | advance << SHIFT) as u16;
                let from = (code << (bits - length)) as usize;
                let entries = &mut level[from..from + (1 << (bits - length))];
                if advance == END || total >= bits {
                    entries.fill(first);
                    continue;
                }
                let rest = &below[1 << (bits - total)..2 << (bits - total)];
                for entries in entries.chunks_exact_mut(rest.len()) {
                    for (entry, &rest) in entries.iter_mut().zip(rest) {
                        let sum = first + rest;
                        // More than 63 coefficients never fit a block, and would look like an end.
                        *entry = if (sum >> SHIFT) & (END as u16 - 1) > 63 { first } else { sum };
                    }
                }
            }
        }
        let mut table = Box::new([0u16; SIZE]);
        for (entry, &made) in table.iter_mut().zip(&levels[SIZE..]) {
            *entry = if made == 0 { (NONE << SHIFT) as u16 } else { made };
        }
        SkipTable(table)
    }

    /// The entry for the bits at the top of `buffer`.
    #[inline(always)]
    pub fn entry(&self, buffer: u64) -> u32 {
        self.0[(buffer >> (64 - BITS)) as usize].into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::huffman::tests::any_spec;
    use super::super::huffman::{self, AcTable};
    use super::super::standard::{AC_CHROMA, AC_LUMA};
    use super::*;
    use proptest::prelude::*;

    /// Compares every entry with decoding its index symbol by symbol.
    fn check(spec: &[u8], coding: Coding) {
        let codes = Codes::new(spec).unwrap();
        let table = SkipTable::new(&codes, coding);
        let one = AcTable::new(codes, coding);
        for index in 0..SIZE as u64 {
            let buffer = index << (64 - BITS);
            let entry = table.entry(buffer);
            let (bits, advance) = (entry & 63, entry >> SHIFT);
            let (mut used, mut passed) = (0, 0);
            while used < bits {
                let symbol = one.symbol(buffer << used).expect("a defined code");
                assert!(used + symbol.total() - symbol.size() <= BITS, "the code lies within the index");
                used += symbol.total();
                passed += symbol.advance();
                assert!(symbol.advance() < huffman::END || used == bits);
            }
            assert_eq!(used, bits);
            assert!(bits <= REACH);
            assert!(passed & (END - 1) <= 63);
            if bits > 0 {
                assert_eq!(passed, advance);
            } else {
                assert_eq!(advance, NONE);
            }
        }
    }

    #[test]
    fn entries_equal_symbols_one_at_a_time() {
        for spec in [AC_LUMA, AC_CHROMA] {
            check(spec, Coding::Sequential);
            check(spec, Coding::Progressive);
            check(spec, Coding::SequentialWide);
            check(spec, Coding::ProgressiveWide);
        }
    }

    #[test]
    fn entries_skip_many_bits() {
        let table = SkipTable::new(&Codes::new(AC_LUMA).unwrap(), Coding::Sequential);
        let bits: u32 = (0..SIZE as u64).map(|i| table.entry(i << (64 - BITS)) & 63).sum();
        assert!(bits / SIZE as u32 >= 10, "{}", bits as f64 / SIZE as f64);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn random_tables(spec in any_spec(), progressive: bool, wide: bool) {
            let coding = match (progressive, wide) {
                (false, false) => Coding::Sequential,
                (true, false) => Coding::Progressive,
                (false, true) => Coding::SequentialWide,
                (true, true) => Coding::ProgressiveWide,
            };
            check(&spec, coding);
        }
    }
}
