//! Prepares entropy-coded bytes for the bit reader, and reads bits.
//!
//! A [`Window`] holds a part (16 KiB) of one restart segment without stuffed zeros, so that a
//! refill is a single 8-byte load that need not check for FF. Zeros follow its end: peeking at them
//! is harmless, and consuming them means truncation.

use super::error::Error;

/// Zeros behind the bytes of a window. A block takes at most 64 symbols of 31 bits, and a refill
/// reads 8 bytes ahead.
const PADDING: usize = 512;
/// The size of a window in bytes, including padding. A power of two, so that a mask keeps loads
/// inside.
pub(super) const WINDOW: usize = 1 << 14;
/// A window is refilled when fewer unread bytes are left.
const LOW: usize = 512;

const ENDED: Error = Error::Truncated("the file ends inside the picture");

/// The bytes of a window, with room for a load at the last one.
pub(super) type Bytes = [u8; WINDOW + 8];

/// A bit buffer. `count` bits at the top of `buffer` are accounted for; `at` is the next byte of
/// the window to load.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bits {
    pub buffer: u64,
    pub count: u32,
    pub at: usize,
}

impl Bits {
    /// Makes at least 56 bits available. The buffer may already hold bits beyond `count`; loading
    /// them again changes nothing.
    #[inline(always)]
    pub fn refill(&mut self, bytes: &Bytes) {
        let at = self.at & (WINDOW - 1);
        let word = bytes[at..at + 8].first_chunk().map_or(0, |w| u64::from_be_bytes(*w));
        self.buffer |= word >> (self.count & 63);
        self.at += (self.count as usize ^ 63) >> 3;
        self.count |= 56;
    }

    #[inline(always)]
    pub fn consume(&mut self, bits: u32) {
        self.buffer <<= bits & 63;
        self.count -= bits;
    }

    /// Whether more bits were consumed than `end` bytes hold. The bits in the buffer came from
    /// before `at`.
    fn beyond(&self, end: usize) -> bool {
        self.at * 8 > end * 8 + self.count as usize
    }
}

/// The bytes of one restart segment, a window at a time.
#[derive(Debug)]
pub(super) struct Window<'a> {
    data: &'a [u8],
    /// The next byte of `data` to prepare.
    next: usize,
    bytes: Box<Bytes>,
    end: usize,
    /// Whether the segment ends with this window: `next` is at the FF of a marker, or at the end of
    /// the data.
    last: bool,
    /// Whether a marker ends the segment. Otherwise the data ends; a final FF is then the first
    /// half of a marker.
    marked: bool,
}

impl<'a> Window<'a> {
    fn new(data: &'a [u8], start: usize) -> Window<'a> {
        Window { data, next: start, bytes: Box::new([0; WINDOW + 8]), end: 0, last: false, marked: false }
    }

    /// Moves the bytes from `keep` on to the front and prepares as many more as fit.
    fn fill(&mut self, keep: usize) {
        let keep = keep.min(self.end);
        self.bytes.copy_within(keep..self.end, 0);
        let mut end = self.end - keep;
        self.marked = false;
        let room = WINDOW - PADDING;
        while end < room && !self.last {
            let rest = &self.data[self.next..];
            let rest = &rest[..rest.len().min(room - end)];
            let run = memchr::memchr(0xFF, rest).unwrap_or(rest.len());
            self.bytes[end..end + run].copy_from_slice(&rest[..run]);
            end += run;
            self.next += run;
            if self.next == self.data.len() {
                self.last = true;
            } else if run < rest.len() {
                // Several FF bytes before the zero of a stuffed byte count as one, as in libjpeg.
                let mut behind = self.next + 1;
                while self.data.get(behind) == Some(&0xFF) {
                    behind += 1;
                }
                if self.data.get(behind) == Some(&0) {
                    self.bytes[end] = 0xFF;
                    end += 1;
                    self.next = behind + 1;
                } else {
                    self.last = true;
                    self.marked = behind < self.data.len();
                }
            }
        }
        self.end = end;
        self.bytes[end..end + PADDING].fill(0);
    }

    /// Skips the rest of the segment.
    fn skip_to_marker(&mut self) {
        while !self.last {
            self.end = 0;
            self.fill(0);
        }
    }
}

/// A window and the reader's position in it.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    window: Window<'a>,
    pub bits: Bits,
    /// When `bits.at` reaches this, [`Reader::more`] must be called before the next block.
    pub limit: usize,
}

impl<'a> Reader<'a> {
    /// Starts at position `start` of `data`.
    pub fn new(data: &'a [u8], start: usize) -> Reader<'a> {
        let mut reader = Reader { window: Window::new(data, start), bits: Bits::default(), limit: 0 };
        reader.fill(0);
        reader
    }

    /// The prepared bytes, for [`Bits::refill`].
    #[inline(always)]
    pub fn bytes(&self) -> &Bytes {
        &self.window.bytes
    }

    fn fill(&mut self, keep: usize) {
        self.window.fill(keep);
        self.limit = if self.window.last { self.window.end } else { self.window.end - LOW };
    }

    /// Prepares more bytes. Fails if bits beyond the end of the segment were consumed.
    #[cold]
    #[inline(never)]
    pub fn more(&mut self, bits: Bits) -> Result<Bits, Error> {
        self.bits = bits;
        if !self.window.last {
            self.fill(bits.at);
            self.bits.at = 0;
        }
        if self.bits.beyond(self.window.end) { self.overrun() } else { Ok(self.bits) }
    }

    fn overrun(&self) -> Result<Bits, Error> {
        Err(if self.window.marked { Error::Damaged("a marker stands inside the coded picture") } else { ENDED })
    }

    /// The next byte, for arithmetic coding, which may omit zeros before a marker (T.81, D.1.8).
    pub fn byte(&mut self) -> Result<u8, Error> {
        while self.bits.at >= self.window.end {
            if self.window.last {
                return if self.window.marked { Ok(0) } else { Err(ENDED) };
            }
            self.fill(self.bits.at);
            self.bits.at = 0;
        }
        let byte = self.window.bytes[self.bits.at];
        self.bits.at += 1;
        Ok(byte)
    }

    /// Fails if bits beyond the end of the segment were consumed.
    pub fn check_end(&self) -> Result<(), Error> {
        if self.window.last && self.bits.beyond(self.window.end) { self.overrun().map(|_| ()) } else { Ok(()) }
    }

    /// Skips a restart marker, which must have the number `expected`, and starts with the segment
    /// behind it.
    pub fn restart(&mut self, expected: u8) -> Result<(), Error> {
        self.check_end()?;
        self.window.skip_to_marker();
        match super::markers::next_marker(self.window.data, self.window.next) {
            None => Err(ENDED),
            Some((marker, behind)) if marker == 0xD0 + expected => {
                self.window.next = behind;
                self.window.last = false;
                self.window.end = 0;
                self.bits = Bits::default();
                self.fill(0);
                Ok(())
            }
            Some((0xD0..=0xD7, _)) => Err(Error::Damaged("a restart marker has the wrong number")),
            Some(_) => Err(Error::Damaged("a restart marker is missing")),
        }
    }

    /// The number of bytes that are not consumed yet. Stuffed zeros within the window do not count.
    pub fn remaining(&self) -> usize {
        let consumed = (self.bits.at * 8).saturating_sub(self.bits.count as usize).div_ceil(8);
        self.window.end.saturating_sub(consumed) + (self.window.data.len() - self.window.next)
    }

    /// Whether the position is at a byte boundary.
    pub fn is_aligned(&self) -> bool {
        self.bits.count.is_multiple_of(8)
    }

    /// The position of the marker that ends the segment, or of the end of the data.
    pub fn end_of_segment(&mut self) -> usize {
        self.window.skip_to_marker();
        self.window.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stuffed(bytes: &[u8]) -> Vec<u8> {
        bytes.iter().flat_map(|&b| if b == 0xFF { vec![0xFF, 0] } else { vec![b] }).chain([0xFF, 0xD9]).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn reads_what_was_written(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0xFFu8)], 1..40_000),
            steps in proptest::collection::vec(0u32..=28, 1..30_000),
        ) {
            let data = stuffed(&bytes);
            let mut reader = Reader::new(&data, 0);
            let mut position = 0usize;
            let bit = |i: usize| bytes.get(i / 8).map_or(0, |b| b >> (7 - i % 8) & 1);
            for step in steps {
                let mut bits = reader.bits;
                if bits.at >= reader.limit {
                    match reader.more(bits) {
                        Ok(more) => bits = more,
                        Err(_) => {
                            assert!(position > bytes.len() * 8);
                            return Ok(());
                        }
                    }
                }
                bits.refill(reader.bytes());
                for i in 0..28 {
                    prop_assert_eq!((bits.buffer >> (63 - i) & 1) as u8, bit(position + i));
                }
                bits.consume(step);
                position += step as usize;
                reader.bits = bits;
                prop_assert_eq!(reader.check_end().is_err(), reader.window.last && position > bytes.len() * 8);
            }
        }
    }

    #[test]
    fn restart_markers() {
        let data = [1, 2, 0xFF, 0xD0, 3, 0xFF, 0xD1, 0xFF, 0xD9];
        let mut reader = Reader::new(&data, 0);
        reader.restart(0).unwrap();
        let mut bits = reader.bits;
        bits.refill(reader.bytes());
        assert_eq!(bits.buffer >> 56, 3);
        assert!(matches!(reader.restart(2), Err(Error::Damaged(_))));
        let mut reader = Reader::new(&data, 4);
        reader.restart(1).unwrap();
        assert!(matches!(reader.restart(2), Err(Error::Damaged(_))));
        let mut reader = Reader::new(&data[..5], 4);
        assert!(matches!(reader.restart(1), Err(Error::Truncated(_))));
        assert_eq!(Reader::new(&data, 4).end_of_segment(), 5);
    }
}
