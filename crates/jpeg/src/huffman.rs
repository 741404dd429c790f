//! Huffman tables: canonical codes from DHT segments, and lookups that decode a symbol together
//! with its extra bits.
//!
//! A lookup entry holds everything that the entropy decoder needs: the total length of code and
//! extra bits, the number of extra bits, and the advance of the coefficient index.

use super::error::Error;

/// Lookup bits of AC tables. Longer codes use the canonical search.
pub(super) const AC_BITS: u32 = 10;
/// Lookup bits of DC tables.
pub(super) const DC_BITS: u32 = 9;
/// Added to `advance` if a symbol ends the block, or starts a run of ended blocks.
pub(super) const END: u32 = 128;

/// The meaning of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Coding {
    /// The size of a DC difference.
    Dc,
    /// The size of a difference in lossless coding; 16 means 32,768 and has no extra bits (T.81,
    /// H.1.2.2).
    Lossless,
    /// Run and size; (r,0) with r < 15 ends the block.
    Sequential,
    /// Run and size; (r,0) with r < 15 starts a run of 2^r + (r extra bits) ended blocks.
    Progressive,
    /// The same for pictures of 12 bits.
    SequentialWide,
    ProgressiveWide,
}

impl Coding {
    pub fn is_sequential(self) -> bool {
        matches!(self, Coding::Sequential | Coding::SequentialWide)
    }

    /// The largest number of extra bits of an AC coefficient (T.81, F.1.2.2). DC differences of 8
    /// bits end at 11; larger ones are tolerated.
    pub fn max_size(self) -> u8 {
        match self {
            Coding::Sequential | Coding::Progressive => 10,
            Coding::SequentialWide | Coding::ProgressiveWide => 14,
            Coding::Dc => 15,
            Coding::Lossless => 16,
        }
    }
}

/// A decoded symbol, see the accessors. 0 means "not in this table".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Symbol(pub u32);

impl Symbol {
    /// `None` if T.81 does not allow the value.
    fn new(coding: Coding, value: u8, length: u32) -> Option<Symbol> {
        let is_difference = matches!(coding, Coding::Dc | Coding::Lossless);
        let size = if is_difference { value } else { value & 15 };
        if size > coding.max_size() {
            return None;
        }
        let (run, size) = (u32::from(value >> 4), u32::from(size));
        let (size, advance) = match coding {
            Coding::Lossless if size == 16 => (0, 1),
            Coding::Dc | Coding::Lossless => (size, 0),
            _ if size > 0 || run == 15 => (size, run + 1),
            _ if coding.is_sequential() => (0, END),
            _ => (run, END),
        };
        Some(Symbol((length + size) | size << 8 | advance << 16))
    }

    /// The length of code and extra bits together.
    #[inline(always)]
    pub fn total(self) -> u32 {
        self.0 & 0xFF
    }

    /// The number of extra bits.
    #[inline(always)]
    pub fn size(self) -> u32 {
        self.0 >> 8 & 0xFF
    }

    /// The number of coefficients skipped, including the coded one; [`END`] for an end of block.
    #[inline(always)]
    pub fn advance(self) -> u32 {
        self.0 >> 16
    }

    /// The extra bits as a number. `buffer` holds the code at its top.
    #[inline(always)]
    pub fn extra(self, buffer: u64) -> u32 {
        let (total, size) = (self.total(), self.size());
        (((buffer << ((total - size) & 63)) >> 1) >> (63 - size)) as u32
    }

    /// The extra bits as a signed value (T.81, F.2.2.1, EXTEND).
    #[inline(always)]
    pub fn value(self, buffer: u64) -> i32 {
        let (total, size) = (self.total(), self.size());
        let bits = buffer << ((total - size) & 63);
        let raw = ((bits >> 1) >> (63 - size)) as i32;
        let negative = !((bits as i64) >> 63) as i32;
        raw + (negative & (1 - (1 << size)))
    }
}

/// The codes of a table.
#[derive(Debug, Clone)]
pub(super) struct Codes {
    /// Values in order of their codes.
    values: Vec<u8>,
    /// For each length, the first 16-bit word above the codes of up to that length.
    limit: [u32; 17],
    /// For each length, the offset from a code to the index of its value.
    offset: [i32; 17],
}

impl Codes {
    /// Builds the codes. `spec` holds 16 counts and the values, as in DHT.
    pub fn new(spec: &[u8]) -> Result<Codes, Error> {
        let bad = Error::Damaged("a Huffman table is impossible");
        let Some((counts, values)) = spec.split_first_chunk::<16>() else { return Err(bad) };
        let mut codes = Codes { values: values.to_vec(), limit: [0; 17], offset: [0; 17] };
        let (mut code, mut index) = (0u32, 0i32);
        for (length, &count) in (1usize..).zip(counts) {
            code <<= 1;
            codes.offset[length] = index - code as i32;
            code += u32::from(count);
            index += i32::from(count);
            if code > 1 << length {
                return Err(bad);
            }
            codes.limit[length] = code << (16 - length);
        }
        if index as usize != values.len() || index > 256 {
            return Err(bad);
        }
        Ok(codes)
    }

    /// Calls `each` with code, length and value of every code.
    pub fn for_each(&self, mut each: impl FnMut(u32, u32, u8)) {
        let mut below = 0;
        for length in 1..=16u32 {
            let shift = 16 - length;
            for code in below >> shift..self.limit[length as usize] >> shift {
                each(code, length, self.values[(code as i32 + self.offset[length as usize]) as usize]);
            }
            below = self.limit[length as usize];
        }
    }

    /// The value and length of the code at the top of a 16-bit word.
    fn find(&self, word: u32) -> Option<(u8, u32)> {
        let length = (1..=16usize).find(|&l| word < self.limit[l])?;
        let index = (word >> (16 - length)) as i32 + self.offset[length];
        Some((*self.values.get(index as usize)?, length as u32))
    }
}

/// Decodes one symbol at a time.
#[derive(Debug, Clone)]
pub(super) struct Table<const SIZE: usize> {
    look: Box<[Symbol; SIZE]>,
    codes: Codes,
    coding: Coding,
}

pub(super) type DcTable = Table<{ 1 << DC_BITS }>;
pub(super) type AcTable = Table<{ 1 << AC_BITS }>;

impl<const SIZE: usize> Table<SIZE> {
    const BITS: u32 = SIZE.ilog2();

    pub fn new(codes: Codes, coding: Coding) -> Self {
        let mut look = Box::new([Symbol(0); SIZE]);
        codes.for_each(|code, length, value| {
            if let (Some(symbol), true) = (Symbol::new(coding, value, length), length <= Self::BITS) {
                let spread = Self::BITS - length;
                let from = (code << spread) as usize;
                look[from..from + (1 << spread)].fill(symbol);
            }
        });
        Table { look, codes, coding }
    }

    /// The symbol at the top of the buffer, or `None` for an undefined code.
    #[inline(always)]
    pub fn symbol(&self, buffer: u64) -> Option<Symbol> {
        let mut symbol = self.look[(buffer >> (64 - Self::BITS)) as usize & (SIZE - 1)];
        if symbol == NOT_HERE {
            symbol = self.long(buffer);
            if symbol == NOT_HERE {
                return None;
            }
        }
        Some(symbol)
    }

    #[cold]
    #[inline(never)]
    fn long(&self, buffer: u64) -> Symbol {
        let found = self.codes.find((buffer >> 48) as u32);
        found.and_then(|(value, length)| Symbol::new(self.coding, value, length)).unwrap_or(NOT_HERE)
    }
}

/// A code that is not in a table.
const NOT_HERE: Symbol = Symbol(0);

#[cfg(test)]
pub(super) mod tests {
    use super::super::standard;
    use super::*;
    use proptest::prelude::*;

    /// Random valid tables: a random prefix code with random values.
    pub fn any_spec() -> impl Strategy<Value = Vec<u8>> {
        (proptest::collection::vec(0.0f64..1.0, 16), proptest::collection::vec(any::<u8>(), 256)).prop_map(
            |(share, values)| {
                let (mut spec, mut free, mut used) = (Vec::new(), 1u32, 0usize);
                for s in share {
                    free = (free * 2).min(1 << 16);
                    let count = ((f64::from(free) * s * s) as u32).min(255).min(256 - used as u32);
                    free -= count;
                    used += count as usize;
                    spec.push(count as u8);
                }
                spec.extend(&values[..used]);
                spec
            },
        )
    }

    #[test]
    fn impossible_tables_are_refused() {
        assert!(Codes::new(&[0; 15]).is_err());
        assert!(Codes::new(&[0; 17]).is_err());
        let mut three = vec![3u8];
        three.extend([0; 15]);
        three.extend([1, 2, 3]);
        assert!(Codes::new(&three).is_err());
        let mut dc = vec![1u8];
        dc.extend([0; 15]);
        dc.push(16);
        assert_eq!(DcTable::new(Codes::new(&dc).unwrap(), Coding::Dc).symbol(0), None);
    }

    #[test]
    fn coefficients_are_as_wide_as_the_samples() {
        let total = |coding, value| Symbol::new(coding, value, 16).map(Symbol::total);
        for (narrow, wide) in
            [(Coding::Sequential, Coding::SequentialWide), (Coding::Progressive, Coding::ProgressiveWide)]
        {
            assert_eq!([0x3A, 0x3B].map(|value| total(narrow, value)), [Some(26), None]);
            assert_eq!([0x3A, 0x3E, 0x3F].map(|value| total(wide, value)), [Some(26), Some(30), None]);
        }
    }

    #[test]
    fn extend_is_that_of_the_standard() {
        // DC size 3 is 100 in Table K.3.
        let table = DcTable::new(Codes::new(standard::DC_LUMA).unwrap(), Coding::Dc);
        for (extra, want) in [(0u64, -7), (3, -4), (4, 4), (7, 7)] {
            let symbol = table.symbol((0b100 << 3 | extra) << 58).unwrap();
            assert_eq!((symbol.total(), symbol.size(), symbol.value((0b100 << 3 | extra) << 58)), (6, 3, want));
        }
        assert_eq!(table.symbol(0).unwrap().value(0), 0);
        assert!(table.symbol(u64::MAX).is_none());
    }

    proptest! {
        #[test]
        fn every_code_is_found(spec in any_spec()) {
            let codes = Codes::new(&spec).unwrap();
            let table = AcTable::new(codes.clone(), Coding::Sequential);
            codes.for_each(|code, length, value| {
                let buffer = u64::from(code) << (64 - length);
                let symbol = Symbol::new(Coding::Sequential, value, length);
                let long = table.long(buffer);
                assert_eq!((table.symbol(buffer), (long != NOT_HERE).then_some(long)), (symbol, symbol));
            });
        }
    }
}
