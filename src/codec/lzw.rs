//! LZW as of GIF and TIFF, unpacked as far as there is data.

use weezl::decode::Decoder;
use weezl::{LzwError, LzwStatus};

/// Codes that clear the table may stand in a row; so many of them at most lie in the decoder's buffer of 64 bits.
const MAX_IDLE: usize = 64;

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many bytes, one at least.
    Bytes(usize),
    /// Nothing, until there is more data.
    Starved,
    /// Nothing any more: the code of the end was there.
    Ended,
}

/// A decoder, and whether it has met a code that is none: what it gave after that would be of no meaning.
pub struct Lzw {
    decoder: Decoder,
    failed: Option<LzwError>,
}

impl Lzw {
    /// Of codes as the decoder takes them.
    pub fn new(decoder: Decoder) -> Self {
        Self { decoder, failed: None }
    }

    /// Unpacks some of `data`, which is advanced, into `out`, which is not empty. Without data what is still held comes
    /// out.
    ///
    /// # Errors
    /// A code that is none.
    pub fn step(&mut self, data: &mut &[u8], out: &mut [u8]) -> Result<Step, LzwError> {
        let mut idle = 0;
        loop {
            if let Some(error) = self.failed {
                return Err(error);
            }
            let result = self.decoder.decode_bytes(data, out);
            *data = &data[result.consumed_in..];
            self.failed = result.status.err();
            match result.status {
                _ if result.consumed_out > 0 => return Ok(Step::Bytes(result.consumed_out)),
                Err(_) => {}
                Ok(LzwStatus::Done) => return Ok(Step::Ended),
                Ok(_) if result.consumed_in > 0 => idle = 0,
                // A code was taken out of the buffer that gives no bytes.
                Ok(LzwStatus::Ok) if idle < MAX_IDLE => idle += 1,
                Ok(_) => return Ok(Step::Starved),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weezl::BitOrder;

    /// Broke once: from the second code on that cleared the table nothing was read.
    #[test]
    fn the_table_may_be_cleared_again_and_again() {
        // Indices of 2 bits, codes of 3: clear is 4, end is 5.
        for clears in [1usize, 2, 9, 40, 200] {
            let codes: Vec<u32> = std::iter::repeat_n(4, clears).chain([1, 4, 4, 2, 5]).collect();
            let mut bytes = vec![0u8; codes.len() * 3 / 8 + 1];
            for (i, code) in codes.iter().enumerate() {
                (0..3)
                    .filter(|bit| code >> bit & 1 == 1)
                    .for_each(|bit| bytes[(i * 3 + bit) / 8] |= 1 << ((i * 3 + bit) % 8));
            }
            for chunk in [1, 3, bytes.len()] {
                let mut lzw = Lzw::new(Decoder::new(BitOrder::Lsb, 2));
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
    fn nothing_comes_after_a_code_that_is_none() {
        // Clear, 1, 7, which is none yet, 2, 2.
        let codes = [4u32, 1, 7, 2, 2].iter().rev().fold(0u32, |sum, code| sum << 3 | code);
        let (bytes, mut out) = (codes.to_le_bytes(), [0; 8]);
        let (mut lzw, mut data) = (Lzw::new(Decoder::new(BitOrder::Lsb, 2)), &bytes[..]);
        assert_eq!(lzw.step(&mut data, &mut out).unwrap(), Step::Bytes(1));
        assert!(lzw.step(&mut data, &mut out).is_err() && lzw.step(&mut &bytes[..], &mut out).is_err());
    }
}
