//! Quantisation steps by quality.

use super::super::idct::ZIGZAG;
use super::super::script::Quant;

/// Steps in natural order (row * 8 + column).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table(pub [u8; 64]);

/// N. Robidoux's steps of quality 50, for luma and chroma alike: `docs/encoders.md` has them beside Annex K's.
#[rustfmt::skip]
const ROBIDOUX: [u16; 64] = [
    16, 16, 16,  18,  25,  37,  56,  85,
    16, 17, 20,  27,  34,  40,  53,  75,
    16, 20, 24,  31,  43,  62,  91, 135,
    18, 27, 31,  40,  53,  74, 106, 156,
    25, 34, 43,  53,  69,  94, 131, 189,
    37, 40, 62,  74,  94, 124, 169, 238,
    56, 53, 91, 106, 131, 169, 226, 311,
    85, 75, 135, 156, 189, 238, 311, 418,
];

/// Steps of quality 50 in quarters, found by measuring bytes at equal SSIMULACRA2.
#[rustfmt::skip]
const LUMA: [u16; 64] = [
      42,   57,   77,  148,  144,  144,  142,  204,
      57,   54,   91,  183,  168,  136,  124,  168,
      77,   91,  143,  166,  173,  174,  198,  282,
     148,  183,  166,  167,  165,  165,  215,  306,
     144,  168,  173,  165,  161,  187,  251,  358,
     144,  136,  174,  165,  187,  236,  309,  520,
     142,  124,  198,  215,  251,  309,  471,  810,
     204,  168,  282,  306,  358,  520,  810, 1331,
];
/// The same of chroma.
#[rustfmt::skip]
const CHROMA: [u16; 64] = [
      62,   78,   79,   90,  127,  191,  294,  453,
      78,   83,   99,  136,  174,  207,  279,  400,
      79,   99,  120,  157,  221,  323,  480,  723,
      90,  136,  157,  205,  274,  388,  563,  839,
     127,  174,  221,  274,  361,  497,  701, 1024,
     191,  207,  323,  388,  497,  662,  912, 1300,
     294,  279,  480,  563,  701,  912, 1232, 1714,
     453,  400,  723,  839, 1024, 1300, 1714, 2328,
];

/// Steps in hundredths of those of quality 50, on libjpeg's scale of quality.
fn percent(quality: u8) -> u32 {
    let quality = u32::from(quality.clamp(1, 100));
    if quality < 50 { 5000 / quality } else { 200 - 2 * quality }
}

impl Table {
    /// At a quality of 1 to 100 on libjpeg's scale.
    pub fn new(quality: u8) -> Self {
        let percent = percent(quality);
        Self(ROBIDOUX.map(|step| ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u8))
    }

    /// In zigzag order.
    pub fn zigzag(&self) -> Quant {
        ZIGZAG.map(|natural| self.0[usize::from(natural)].into())
    }
}

impl Table {
    /// Steps that more effort uses, at a quality of 1 to 100 on the scale of [`Table::new`]: pictures look as good or better.
    pub fn tuned(quality: u8, is_chroma: bool) -> Self {
        let percent = percent(quality);
        let steps = if is_chroma { &CHROMA } else { &LUMA };
        Self(steps.map(|step| ((u32::from(step) * percent + 200) / 400).clamp(1, 255) as u8))
    }
}

/// How much of a step is added to the half below which a coefficient is dropped. What this saves in bytes is worth more than what
/// it costs in looks, the more the coarser the steps; the numbers are in `docs/encoders.md`.
pub(super) fn dead_zone(quality: u8) -> f32 {
    const COARSE: (f32, f32) = (70.0, 0.08);
    const FINE: (f32, f32) = (85.0, 0.04);
    let share = ((f32::from(quality) - COARSE.0) / (FINE.0 - COARSE.0)).clamp(0.0, 1.0);
    COARSE.1 + (FINE.1 - COARSE.1) * share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_dead_zones_follow_the_quality() {
        assert_eq!(Table::new(50).0[..8], [16, 16, 16, 18, 25, 37, 56, 85]);
        assert_eq!((Table::new(50).0[63], Table::new(1).0[0]), (255, 255));
        assert_eq!(Table::new(100).0, [1; 64]);
        assert_eq!(Table::new(80).0[..8], [6, 6, 6, 7, 10, 15, 22, 34]);
        assert_eq!((Table::tuned(100, false).0, Table::tuned(1, true).0[63]), ([1; 64], 255));
        for quality in 1..100 {
            let (a, b) = (Table::tuned(quality, true), Table::tuned(quality + 1, true));
            assert!(a.0.iter().zip(&b.0).all(|(a, b)| a >= b));
        }
        assert_eq!([1, 70, 85, 100].map(dead_zone), [0.08, 0.08, 0.04, 0.04]);
    }
}
