//! Writes the bits of a scan, with a zero stuffed behind each byte of ones.

/// Writes bits, most significant first.
#[derive(Debug)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    /// Bits that are not written yet, in the low end.
    pending: u64,
    /// How many they are, fewer than 32.
    count: u32,
}

impl Writer {
    /// Behind what stands in `bytes`.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, pending: 0, count: 0 }
    }

    /// Appends the low `count` bits, at most 32; those above must be zero.
    #[inline(always)]
    pub fn put(&mut self, bits: u32, count: u32) {
        self.put_all(std::iter::once((bits, count)));
    }

    /// Appends bits and their count, again and again. What is pending stays in registers meanwhile, which makes half of the speed.
    #[inline(always)]
    pub fn put_all(&mut self, all: impl Iterator<Item = (u32, u32)>) {
        let (mut pending, mut filled) = (self.pending, self.count);
        for (bits, count) in all {
            pending = pending << count | u64::from(bits);
            filled += count;
            if filled >= 32 {
                filled -= 32;
                flush(&mut self.bytes, (pending >> filled) as u32);
            }
        }
        (self.pending, self.count) = (pending, filled);
    }

    /// Fills the last byte with ones, as T.81, F.1.2.3 wants before a marker.
    pub fn align(&mut self) {
        let fill = (8 - self.count % 8) % 8;
        self.put((1 << fill) - 1, fill);
        while self.count > 0 {
            self.count -= 8;
            byte(&mut self.bytes, (self.pending >> self.count) as u8);
        }
        self.pending = 0;
    }

    /// A marker behind aligned bits.
    pub fn marker(&mut self, marker: u8) {
        self.align();
        self.bytes.extend([0xFF, marker]);
    }

    /// The bytes.
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.align();
        self.bytes
    }
}

#[inline(always)]
fn flush(bytes: &mut Vec<u8>, word: u32) {
    // A byte of ones has its top bit set, and loses it when one is added to it.
    if word & 0x8080_8080 & !word.wrapping_add(0x0101_0101) == 0 {
        bytes.extend_from_slice(&word.to_be_bytes());
    } else {
        flush_stuffed(bytes, word);
    }
}

#[cold]
#[inline(never)]
fn flush_stuffed(bytes: &mut Vec<u8>, word: u32) {
    word.to_be_bytes().into_iter().for_each(|one| byte(bytes, one));
}

fn byte(bytes: &mut Vec<u8>, byte: u8) {
    bytes.push(byte);
    if byte == 0xFF {
        bytes.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ones_are_stuffed_and_the_last_byte_is_filled() {
        let mut bits = Writer::new(vec![7]);
        bits.put(0xFFFF, 16);
        bits.put(0x12FE, 16);
        bits.put(0, 1);
        bits.marker(0xD0);
        assert_eq!(bits.into_bytes(), [7, 0xFF, 0, 0xFF, 0, 0x12, 0xFE, 0x7F, 0xFF, 0xD0]);
    }

    proptest! {
        #[test]
        fn bits_come_back(runs in proptest::collection::vec((any::<u32>(), 0u32..=32), 0..200)) {
            let mut writer = Writer::new(Vec::new());
            let mut wanted = Vec::new();
            for (bits, count) in runs {
                let bits = (u64::from(bits) & ((1 << count) - 1)) as u32;
                writer.put(bits, count);
                wanted.extend((0..count).rev().map(|i| bits >> i & 1 == 1));
            }
            let bytes = writer.into_bytes();
            let stuffed: Vec<u8> = bytes.iter().enumerate().filter(|&(i, _)| i == 0 || bytes[i - 1] != 0xFF).map(|b| *b.1).collect();
            let mut got: Vec<bool> = stuffed.iter().flat_map(|b| (0..8).rev().map(move |i| b >> i & 1 == 1)).collect();
            prop_assert!(got.len() < wanted.len() + 8);
            prop_assert!(got.split_off(wanted.len()).into_iter().all(|bit| bit));
            prop_assert_eq!(got, wanted);
        }
    }
}
