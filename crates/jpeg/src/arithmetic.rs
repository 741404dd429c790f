//! The arithmetic decoder (ITU-T T.81, annex D). It decodes binary decisions with adaptive
//! probability estimates.

use super::bits::Reader;
use super::error::Error;

/// The state of a kind of decision: the index of its estimate in the low seven bits, the more
/// probable outcome in the highest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct State(u8);

impl State {
    /// Both outcomes are equally probable, permanently.
    pub const FAIR: State = State(FAIR as u8);
}

/// A probability estimate, and the states that follow.
#[derive(Debug, Clone, Copy)]
struct Estimate {
    /// The probability of the less probable outcome, in units of 2^-16 of the initial interval.
    unlikely: u16,
    /// The state after the less probable outcome. The highest bit says that the outcomes change
    /// roles.
    after_unlikely: u8,
    after_likely: u8,
}

/// The end of table D.3, followed by an estimate that never changes.
const FAIR: usize = 113;

/// Table D.3, with a probability and the indices after the less and the more probable outcome,
/// followed by fair estimates.
const ESTIMATES: [Estimate; 128] = {
    let mut all = [Estimate { unlikely: 0x5A1D, after_unlikely: FAIR as u8, after_likely: FAIR as u8 }; 128];
    let mut i = 0;
    while i < FAIR {
        let (unlikely, after_unlikely, after_likely) = TABLE[i];
        // In these states the outcomes are about equally probable and change roles.
        let swap = matches!(i, 0 | 14 | 36 | 64 | 80 | 88 | 95 | 105 | 110 | 112);
        all[i] = Estimate { unlikely, after_unlikely: after_unlikely | (swap as u8) << 7, after_likely };
        i += 1;
    }
    all
};

#[rustfmt::skip]
const TABLE: [(u16, u8, u8); FAIR] = [
    (0x5A1D, 1, 1), (0x2586, 14, 2), (0x1114, 16, 3), (0x080B, 18, 4), (0x03D8, 20, 5), (0x01DA, 23, 6),
    (0x00E5, 25, 7), (0x006F, 28, 8), (0x0036, 30, 9), (0x001A, 33, 10), (0x000D, 35, 11), (0x0006, 9, 12),
    (0x0003, 10, 13), (0x0001, 12, 13), (0x5A7F, 15, 15), (0x3F25, 36, 16), (0x2CF2, 38, 17), (0x207C, 39, 18),
    (0x17B9, 40, 19), (0x1182, 42, 20), (0x0CEF, 43, 21), (0x09A1, 45, 22), (0x072F, 46, 23), (0x055C, 48, 24),
    (0x0406, 49, 25), (0x0303, 51, 26), (0x0240, 52, 27), (0x01B1, 54, 28), (0x0144, 56, 29), (0x00F5, 57, 30),
    (0x00B7, 59, 31), (0x008A, 60, 32), (0x0068, 62, 33), (0x004E, 63, 34), (0x003B, 32, 35), (0x002C, 33, 9),
    (0x5AE1, 37, 37), (0x484C, 64, 38), (0x3A0D, 65, 39), (0x2EF1, 67, 40), (0x261F, 68, 41), (0x1F33, 69, 42),
    (0x19A8, 70, 43), (0x1518, 72, 44), (0x1177, 73, 45), (0x0E74, 74, 46), (0x0BFB, 75, 47), (0x09F8, 77, 48),
    (0x0861, 78, 49), (0x0706, 79, 50), (0x05CD, 48, 51), (0x04DE, 50, 52), (0x040F, 50, 53), (0x0363, 51, 54),
    (0x02D4, 52, 55), (0x025C, 53, 56), (0x01F8, 54, 57), (0x01A4, 55, 58), (0x0160, 56, 59), (0x0125, 57, 60),
    (0x00F6, 58, 61), (0x00CB, 59, 62), (0x00AB, 61, 63), (0x008F, 61, 32), (0x5B12, 65, 65), (0x4D04, 80, 66),
    (0x412C, 81, 67), (0x37D8, 82, 68), (0x2FE8, 83, 69), (0x293C, 84, 70), (0x2379, 86, 71), (0x1EDF, 87, 72),
    (0x1AA9, 87, 73), (0x174E, 72, 74), (0x1424, 72, 75), (0x119C, 74, 76), (0x0F6B, 74, 77), (0x0D51, 75, 78),
    (0x0BB6, 77, 79), (0x0A40, 77, 48), (0x5832, 80, 81), (0x4D1C, 88, 82), (0x438E, 89, 83), (0x3BDD, 90, 84),
    (0x34EE, 91, 85), (0x2EAE, 92, 86), (0x299A, 93, 87), (0x2516, 86, 71), (0x5570, 88, 89), (0x4CA9, 95, 90),
    (0x44D9, 96, 91), (0x3E22, 97, 92), (0x3824, 99, 93), (0x32B4, 99, 94), (0x2E17, 93, 86), (0x56A8, 95, 96),
    (0x4F46, 101, 97), (0x47E5, 102, 98), (0x41CF, 103, 99), (0x3C3D, 104, 100), (0x375E, 99, 93), (0x5231, 105, 102),
    (0x4C0F, 106, 103), (0x4639, 107, 104), (0x415E, 103, 99), (0x5627, 105, 106), (0x50E7, 108, 107), (0x4B85, 109, 103),
    (0x5597, 110, 109), (0x504F, 111, 107), (0x5A10, 110, 111), (0x5522, 112, 109), (0x59EB, 112, 111),
];

/// The interval is renormalised when it gets smaller than this.
const HALF: u32 = 0x8000;

/// The state of the decoder within a segment.
#[derive(Debug)]
pub(super) struct Coder {
    /// Size of the interval, from [`HALF`] to twice that.
    interval: u32,
    /// The offset of the coded number in the interval, from bit 16 up; below it the rest of the
    /// last byte.
    code: u32,
    /// Bits left of that byte.
    left: u32,
}

impl Coder {
    /// Starts with the next two bytes (figure D.22).
    pub fn start(reader: &mut Reader<'_>) -> Result<Coder, Error> {
        let code = u32::from(reader.byte()?) << 24 | u32::from(reader.byte()?) << 16;
        Ok(Coder { interval: 2 * HALF, code, left: 0 })
    }

    /// The next decision (figures D.16 to D.18). The lower part of the interval means the more
    /// probable outcome, unless it has become the smaller one.
    #[inline]
    pub fn decide(&mut self, reader: &mut Reader<'_>, state: &mut State) -> Result<bool, Error> {
        let estimate = &ESTIMATES[usize::from(state.0 & 127)];
        let share = u32::from(estimate.unlikely);
        let likely = state.0 >> 7 == 1;
        self.interval -= share;
        let is_below = self.code >> 16 < self.interval;
        if is_below && self.interval >= HALF {
            return Ok(likely);
        }
        let is_unlikely = is_below == (self.interval < share);
        if !is_below {
            self.code -= self.interval << 16;
            self.interval = share;
        }
        let next = if is_unlikely { estimate.after_unlikely } else { estimate.after_likely };
        state.0 = state.0 & 128 ^ next;
        self.enlarge(reader)?;
        Ok(likely != is_unlikely)
    }

    /// Renormalises the interval by doubling and reads bits (figures D.19 and D.20).
    #[inline]
    fn enlarge(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        let mut doublings = self.interval.leading_zeros().saturating_sub(HALF.leading_zeros());
        self.interval <<= doublings;
        while doublings > 0 {
            if self.left == 0 {
                self.code |= u32::from(reader.byte()?) << 8;
                self.left = 8;
            }
            let some = doublings.min(self.left);
            self.code <<= some;
            self.left -= some;
            doublings -= some;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test sequence of annex K.4.1, with all decisions of one kind.
    #[test]
    fn the_sequence_of_the_standard() {
        let coded = [
            0x65, 0x5B, 0x51, 0x44, 0xF7, 0x96, 0x9D, 0x51, 0x78, 0x55, 0xBF, 0xFF, 0x00, 0xFC, 0x51, 0x84, 0xC7, 0xCE,
            0xF9, 0x39, 0x00, 0x28, 0x7D, 0x46, 0x70, 0x8E, 0xCB, 0xC0, 0xF6, 0xFF, 0xD9,
        ];
        let want =
            [0x0002_0051u32, 0x0000_00C0, 0x0352_872A, 0xAAAA_AAAA, 0x82C0_2000, 0xFCD7_9EF6, 0x74EA_ABF7, 0x697E_E74C];
        let mut reader = Reader::new(&coded, 0);
        let mut coder = Coder::start(&mut reader).unwrap();
        let mut state = State::default();
        for word in want {
            let got = (0..32).fold(0, |got, _| got << 1 | u32::from(coder.decide(&mut reader, &mut state).unwrap()));
            assert_eq!(got, word);
        }
    }

    #[test]
    fn a_marker_reads_as_zeros_and_the_end_of_the_file_fails() {
        let mut state = State::FAIR;
        let mut decide = |data: &[u8]| {
            let mut reader = Reader::new(data, 0);
            let mut coder = Coder::start(&mut reader)?;
            for _ in 0..1000 {
                coder.decide(&mut reader, &mut state)?;
            }
            Ok(())
        };
        assert_eq!(decide(&[0x12, 0x34, 0xFF, 0xFF, 0xD9]), Ok(()));
        assert!(matches!(decide(&[0x12, 0x34, 0xFF, 0xFF]), Err(Error::Truncated(_))));
        assert!(matches!(decide(&[0x12]), Err(Error::Truncated(_))));
    }
}
