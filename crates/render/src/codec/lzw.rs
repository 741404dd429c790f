//! LZW as in GIF and TIFF. Data that ends early is decoded as far as it goes.
//!
//! Each string of the table is stored as its last bytes, eight at most, and a link to the shorter
//! string before them, so that nearly all strings are written with one store. A new string extends
//! an earlier one by a byte, so the table grows without copying.

use std::fmt;

/// The size of the table.
const CODES: usize = 4096;
const MAX_WIDTH: u32 = 12;

/// The result of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// This many bytes, at least one.
    Bytes(usize),
    /// Nothing, until more data arrives.
    Starved,
    /// Nothing more: the end code was read.
    Ended,
}

/// An undefined code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCode;

impl fmt::Display for BadCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an undefined code")
    }
}

impl std::error::Error for BadCode {}

/// How codes are packed into bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the lowest bit, as in GIF.
    Low,
    /// From the highest bit, and one code wider early, as in TIFF.
    HighEarly,
}

/// A string: its last bytes, the first of them lowest, and a link to the bytes before.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    chunk: u64,
    /// The total length. `chunk` starts at the last multiple of eight.
    length: u16,
    /// The code of the string before the chunk.
    before: u16,
    first: u8,
}

/// A decoder. After an undefined code it returns nothing more.
pub struct Lzw {
    order: Order,
    /// Bits of the uncompressed values.
    bits: u32,
    table: Box<[Entry; CODES]>,
    /// The next code to be added to the table.
    next: usize,
    /// The previous code. `next` will be its string extended by a byte.
    last: Option<usize>,
    width: u32,
    /// Bits read ahead, at the end of the word where codes begin. There may be more than `count`.
    buffer: u64,
    count: u32,
    /// A string that did not fit, and how much of it was returned.
    held: Vec<u8>,
    given: usize,
    end: Option<Result<Step, BadCode>>,
}

impl Lzw {
    /// Makes a decoder for values of `bits` bits, 1 to 11 (above 8, the lower 8 bits count). The
    /// first code is one bit wider.
    pub fn new(order: Order, bits: u8) -> Self {
        let bits = u32::from(bits.clamp(1, 11));
        let mut table = Box::new([Entry::default(); CODES]);
        for (value, entry) in table.iter_mut().enumerate().take(1 << bits) {
            *entry = Entry { chunk: u64::from(value as u8), length: 1, before: 0, first: value as u8 };
        }
        let (held, end) = (Vec::new(), None);
        let mut new =
            Self { order, bits, table, next: 0, last: None, width: 0, buffer: 0, count: 0, held, given: 0, end };
        new.clear();
        new
    }

    fn clear(&mut self) {
        self.next = (1 << self.bits) + 2;
        self.width = self.bits + 1;
        self.last = None;
    }

    /// Decodes some of `data`, which is advanced, into `out`, which must not be empty. Without
    /// data, it returns what is still held.
    ///
    /// # Errors
    /// An undefined code.
    pub fn step(&mut self, data: &mut &[u8], out: &mut [u8]) -> Result<Step, BadCode> {
        let mut at = self.give(out);
        if at < out.len() && self.end.is_none() {
            let end = match self.order {
                Order::Low => self.codes::<false>(data, out, &mut at),
                Order::HighEarly => self.codes::<true>(data, out, &mut at),
            };
            self.end = end.err();
        }
        match self.end {
            _ if at > 0 => Ok(Step::Bytes(at)),
            None => Ok(Step::Starved),
            Some(end) => end,
        }
    }

    /// Returns the rest of a string that did not fit.
    fn give(&mut self, out: &mut [u8]) -> usize {
        let rest = &self.held[self.given..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        count
    }

    /// Reads codes until `out` is full or no whole code is left. An error is the end.
    fn codes<const HIGH: bool>(
        &mut self,
        data: &mut &[u8],
        out: &mut [u8],
        at: &mut usize,
    ) -> Result<(), Result<Step, BadCode>> {
        let clear = 1usize << self.bits;
        let early = usize::from(HIGH);
        while *at < out.len() {
            if self.count < self.width {
                self.refill::<HIGH>(data);
                if self.count < self.width {
                    return Ok(());
                }
            }
            let code = if HIGH {
                let code = self.buffer >> (64 - self.width);
                self.buffer <<= self.width;
                code
            } else {
                let code = self.buffer & ((1 << self.width) - 1);
                self.buffer >>= self.width;
                code
            } as usize;
            self.count -= self.width;
            if code == clear {
                self.clear();
                continue;
            }
            if code == clear + 1 {
                return Err(Ok(Step::Ended));
            }
            match self.last {
                Some(last) if self.next < CODES => {
                    if code > self.next {
                        return Err(Err(BadCode));
                    }
                    // A code that is just being defined stands for the last string and its own
                    // first byte.
                    let byte = self.table[if code == self.next { last } else { code }].first;
                    self.table[self.next] = extended(&self.table[last], last, byte);
                    self.next += 1;
                    if self.next + early >= 1 << self.width && self.width < MAX_WIDTH {
                        self.width += 1;
                    }
                }
                Some(_) => {}
                None if code > clear => return Err(Err(BadCode)),
                None => {}
            }
            self.last = Some(code);
            let length = usize::from(self.table[code & (CODES - 1)].length);
            if *at + length + 8 <= out.len() {
                self.write(code, &mut out[*at..]);
                *at += length;
            } else {
                let mut held = std::mem::take(&mut self.held);
                held.clear();
                held.resize(length + 8, 0);
                self.write(code, &mut held);
                held.truncate(length);
                (self.held, self.given) = (held, 0);
                *at += self.give(&mut out[*at..]);
            }
        }
        Ok(())
    }

    /// Writes the string of a code, and up to seven meaningless bytes behind it.
    #[inline(always)]
    fn write(&self, mut code: usize, out: &mut [u8]) {
        let mut length = usize::from(self.table[code & (CODES - 1)].length);
        loop {
            let entry = &self.table[code & (CODES - 1)];
            let start = length.saturating_sub(1) & !7;
            if let Some(place) = out.get_mut(start..start + 8) {
                place.copy_from_slice(&entry.chunk.to_le_bytes());
            }
            if start == 0 {
                return;
            }
            (code, length) = (usize::from(entry.before), start);
        }
    }

    /// Reads bytes until the buffer has 56 bits or the data ends.
    #[inline(always)]
    fn refill<const HIGH: bool>(&mut self, data: &mut &[u8]) {
        if let Some(word) = data.first_chunk::<8>() {
            // Bits beyond those counted are read again later, with the same value.
            self.buffer |=
                if HIGH { u64::from_be_bytes(*word) >> self.count } else { u64::from_le_bytes(*word) << self.count };
            *data = &data[((63 - self.count) >> 3) as usize..];
            self.count |= 56;
            return;
        }
        while self.count <= 56
            && let Some((&byte, rest)) = data.split_first()
        {
            let byte = u64::from(byte);
            self.buffer |= if HIGH { byte << (56 - self.count) } else { byte << self.count };
            self.count += 8;
            *data = rest;
        }
    }
}

/// The string of `entry`, whose code is `code`, extended by a byte.
#[inline(always)]
fn extended(entry: &Entry, code: usize, byte: u8) -> Entry {
    let (length, first) = (entry.length + 1, entry.first);
    match entry.length & 7 {
        0 => Entry { chunk: byte.into(), length, before: code as u16, first },
        used => Entry { chunk: entry.chunk | u64::from(byte) << (8 * used), length, before: entry.before, first },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Regression: from the second code on that cleared the table, nothing was read.
    #[test]
    fn the_table_may_be_cleared_again_and_again() {
        // Indices of 2 bits, codes of 3 bits: clear is 4, end is 5.
        for clears in [1usize, 2, 9, 40, 200] {
            let codes: Vec<u32> = std::iter::repeat_n(4, clears).chain([1, 4, 4, 2, 5]).collect();
            let mut bytes = vec![0u8; codes.len() * 3 / 8 + 1];
            for (i, code) in codes.iter().enumerate() {
                (0..3)
                    .filter(|bit| code >> bit & 1 == 1)
                    .for_each(|bit| bytes[(i * 3 + bit) / 8] |= 1 << ((i * 3 + bit) % 8));
            }
            for chunk in [1, 3, bytes.len()] {
                let mut lzw = Lzw::new(Order::Low, 2);
                let (mut out, mut blocks, mut block) = (Vec::<u8>::new(), bytes.chunks(chunk), &[][..]);
                loop {
                    let mut buffer = [0; 4];
                    match lzw.step(&mut block, &mut buffer).unwrap() {
                        Step::Bytes(count) => out.extend(&buffer[..count]),
                        Step::Starved => block = blocks.next().unwrap(),
                        Step::Ended => break,
                    }
                }
                assert_eq!(out, [1, 2], "{clears} in blocks of {chunk}");
            }
        }
    }

    #[test]
    fn nothing_follows_an_undefined_code() {
        // Clear, 1, 7 (undefined), 2, 2.
        let codes = [4u32, 1, 7, 2, 2].iter().rev().fold(0u32, |sum, code| sum << 3 | code);
        let (bytes, mut out) = (codes.to_le_bytes(), [0; 8]);
        let (mut lzw, mut data) = (Lzw::new(Order::Low, 2), &bytes[..]);
        assert_eq!(lzw.step(&mut data, &mut out).unwrap(), Step::Bytes(1));
        assert!(lzw.step(&mut data, &mut out).is_err() && lzw.step(&mut &bytes[..], &mut out).is_err());
    }

    use proptest::prelude::*;
    use weezl::BitOrder;

    /// Decodes everything, with blocks and output buffers of these sizes. Returns whether it ended
    /// with an undefined code.
    fn ours(mut lzw: Lzw, data: &[u8], block: usize, room: usize) -> (Vec<u8>, bool) {
        let (mut out, mut blocks, mut rest) = (Vec::new(), data.chunks(block), &[][..]);
        loop {
            let mut buffer = vec![0; room];
            match lzw.step(&mut rest, &mut buffer) {
                Ok(Step::Bytes(count)) => out.extend(&buffer[..count]),
                Ok(Step::Ended) => return (out, false),
                Ok(Step::Starved) => match blocks.next() {
                    Some(next) => rest = next,
                    None => return (out, false),
                },
                Err(BadCode) => return (out, true),
            }
        }
    }

    fn theirs(mut decoder: weezl::decode::Decoder, mut data: &[u8]) -> (Vec<u8>, bool) {
        let (mut out, mut idle) = (Vec::new(), 0);
        loop {
            let mut buffer = [0; 999];
            let result = decoder.decode_bytes(data, &mut buffer);
            data = &data[result.consumed_in..];
            out.extend(&buffer[..result.consumed_out]);
            idle = if result.consumed_in + result.consumed_out > 0 { 0 } else { idle + 1 };
            match result.status {
                Err(_) => return (out, true),
                Ok(weezl::LzwStatus::Done) => return (out, false),
                Ok(_) if idle > 99 => return (out, false),
                Ok(_) => {}
            }
        }
    }

    /// Bytes with repetitions of many lengths.
    fn picture() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec((any::<u8>(), 1usize..400, 1usize..6), 1..400).prop_map(|parts| {
            let bytes = |(start, count, step): (u8, usize, usize)| {
                (0..count).map(move |i| start.wrapping_add((i / step % 7) as u8))
            };
            parts.into_iter().flat_map(bytes).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn packed_data_unpacks(bytes in picture(), block in 1usize..3000, room in 1usize..3000, bits in 2u8..=8) {
            let narrow: Vec<u8> = bytes.iter().map(|b| b >> (8 - bits)).collect();
            let packed = weezl::encode::Encoder::new(BitOrder::Lsb, bits).encode(&narrow).unwrap();
            prop_assert_eq!(ours(Lzw::new(Order::Low, bits), &packed, block, room), (narrow, false));
            let packed = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(&bytes).unwrap();
            prop_assert_eq!(ours(Lzw::new(Order::HighEarly, 8), &packed, block, room), (bytes, false));
        }

        /// Codes that no encoder produced decode like in the other decoder.
        #[test]
        fn noise_decodes_like_weezl(
            bytes in picture(),
            flips in proptest::collection::vec((any::<prop::sample::Index>(), 0u8..8), 0..4),
            block in 1usize..300,
            bits in 2u8..=11,
            any_bits in 1u8..=11,
        ) {
            let flip = |mut data: Vec<u8>| {
                for (place, bit) in &flips {
                    let place = place.index(data.len());
                    data[place] ^= 1 << bit;
                }
                data
            };
            let data = flip(weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(&bytes).unwrap());
            let decoder = weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8);
            prop_assert_eq!(ours(Lzw::new(Order::HighEarly, 8), &data, block, 777), theirs(decoder, &data));
            let narrow: Vec<u8> = bytes.iter().map(|b| b >> 8u8.saturating_sub(bits)).collect();
            let data = flip(weezl::encode::Encoder::new(BitOrder::Lsb, bits).encode(&narrow).unwrap());
            let decoder = weezl::decode::Decoder::new(BitOrder::Lsb, bits);
            prop_assert_eq!(ours(Lzw::new(Order::Low, bits), &data, block, 777), theirs(decoder, &data));
            let decoder = weezl::decode::Decoder::new(BitOrder::Lsb, any_bits);
            prop_assert_eq!(ours(Lzw::new(Order::Low, any_bits), &bytes, block, 777), theirs(decoder, &bytes));
        }
    }
}
