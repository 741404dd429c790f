//! What each step of effort does.

use super::search::Breadth;

/// How to look for fewer bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// How often coefficients are chosen anew by the costs that the last choice leads to.
    pub rounds: usize,
    /// What a bit costs, in squared steps.
    pub price: f32,
    /// How widely to look for better scans.
    pub scans: Option<Breadth>,
}

impl Plan {
    /// Of an effort of 0 to 9; what is above is 9.
    pub fn new(effort: u8) -> Self {
        let breadth = |cuts, bits| Some(Breadth { cuts, bits });
        let scans = match effort {
            0..=3 => None,
            4 => breadth(0, 1),
            5..=7 => breadth(1, 2),
            _ => breadth(2, 2),
        };
        let rounds = match effort {
            0 => 0,
            1..=2 => 1,
            _ => 2,
        };
        Self { rounds, price: 0.05, scans }
    }
}
