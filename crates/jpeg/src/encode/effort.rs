//! What each step of effort does.

use super::wide::Chroma;

/// How to look for fewer bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// How pixels become luma and small chroma; none for the fastest way.
    pub chroma: Option<Chroma>,
    /// How often coefficients are chosen by the costs that the last choice leads to.
    pub rounds: usize,
    /// What a bit of luma costs, and one of chroma, in squared steps.
    pub prices: [f32; 2],
    /// Whether to search for the smallest scans, and how many bits those may omit.
    pub omitted: Option<u8>,
}

impl Plan {
    /// Of an effort of 0 to 9; what is above is 9.
    pub fn new(effort: u8) -> Self {
        let chroma = match effort {
            0 => None,
            1..=2 => Some(Chroma { rounds: 1, is_corrected: false }),
            3..=8 => Some(Chroma { rounds: 3, is_corrected: true }),
            _ => Some(Chroma { rounds: 8, is_corrected: true }),
        };
        let rounds = match effort {
            0..=1 => 0,
            2..=5 => 1,
            6..=7 => 2,
            _ => 3,
        };
        let omitted = match effort {
            0..=3 => None,
            4 => Some(1),
            5..=6 => Some(2),
            _ => Some(3),
        };
        Self { chroma, rounds, prices: [0.07, 0.06], omitted }
    }
}
