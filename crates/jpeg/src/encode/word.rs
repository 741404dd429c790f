//! Words that hold coefficients: one for each that is not zero.

/// A run of zeros in the top bits, and the bits of a value after a one (T.81, F.1.2.2); or the mean of a block.
///
/// Words of 16 bits are for pictures with 8 bits per sample, words of 32 bits for 12 bits per sample.
pub(crate) trait Word: Copy + Default + std::fmt::Debug + 'static {
    /// The bits below the run: those of a value and the one before them.
    const SHIFT: u32;
    /// The end of a block.
    const END: Self;
    /// Sixteen zeros.
    const ZEROS: Self;

    fn from_raw(raw: u32) -> Self;
    fn raw(self) -> u32;

    /// Stores the mean of a block.
    #[inline(always)]
    fn of_mean(mean: i16) -> Self {
        Self::from_raw(u32::from(mean as u16))
    }

    /// The stored mean.
    #[inline(always)]
    fn mean(self) -> i32 {
        i32::from(self.raw() as i16)
    }

    /// The word of a run and a value, and its symbol.
    #[inline(always)]
    fn new(run: u32, value: i16) -> (Self, u8) {
        let (size, value) = (32 - i32::from(value).unsigned_abs().leading_zeros(), i32::from(value));
        let bits = (value + (value >> 31)) as u32 & ((1 << size) - 1);
        (Self::from_raw(run << Self::SHIFT | 1 << size | bits), (run << 4 | size) as u8)
    }

    /// The bits of the value after a one.
    #[inline(always)]
    fn low(self) -> u32 {
        self.raw() & ((1 << Self::SHIFT) - 1)
    }

    /// The number of bits of the value.
    #[inline(always)]
    fn size(self) -> u32 {
        31 - (self.low() | 1).leading_zeros()
    }

    /// Run and size.
    #[inline(always)]
    fn symbol(self) -> u8 {
        (self.raw() >> (Self::SHIFT - 4) & 0xF0 | self.size()) as u8
    }

    /// The run of zeros.
    #[inline(always)]
    fn run(self) -> u32 {
        self.raw() >> Self::SHIFT
    }

    /// The value; 0 where there is none.
    #[inline(always)]
    fn value(self) -> i32 {
        let (size, low) = (self.size(), self.low() as i32);
        // The first bit of a positive value is a one.
        let least = 1 << size;
        if low & (least >> 1) == 0 { low - 2 * least + 1 } else { low - least }
    }
}

impl Word for u16 {
    const SHIFT: u32 = 11;
    const END: Self = 1;
    const ZEROS: Self = 15 << 11 | 1;

    #[inline(always)]
    fn from_raw(raw: u32) -> Self {
        raw as u16
    }

    #[inline(always)]
    fn raw(self) -> u32 {
        self.into()
    }
}

impl Word for u32 {
    const SHIFT: u32 = 15;
    const END: Self = 1;
    const ZEROS: Self = 15 << 15 | 1;

    #[inline(always)]
    fn from_raw(raw: u32) -> Self {
        raw
    }

    #[inline(always)]
    fn raw(self) -> u32 {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<W: Word + PartialEq>(most: i16) {
        for value in (-most..=most).filter(|&v| v != 0) {
            let (word, symbol) = W::new(u32::from(value as u16 % 16), value);
            let size = 16 - value.unsigned_abs().leading_zeros();
            assert_eq!((word.run(), word.size(), word.value()), (u32::from(value as u16 % 16), size, value.into()));
            assert_eq!([word.symbol(), symbol].map(u32::from), [word.run() << 4 | size; 2]);
        }
        assert_eq!(
            [W::END, W::ZEROS].map(|word| (word.symbol(), word.size(), word.value())),
            [(0, 0, 0), (0xF0, 0, 0)]
        );
        assert_eq!([i16::MIN, -1, 0, i16::MAX].map(|mean| W::of_mean(mean).mean() as i16), [i16::MIN, -1, 0, i16::MAX]);
    }

    #[test]
    fn words_hold_runs_and_values() {
        check::<u16>(1023);
        check::<u32>(16_383);
    }
}
