//! Turns a picture by moving blocks and transposing or negating their coefficients.

use super::super::encode::blocks::{Block, Blocks, Levels};
use super::super::encode::word::Word;
use super::super::frame::Frame;
use super::super::idct::ZIGZAG;
use super::super::script::Quant;

/// How to turn a picture. The numbers are those of the EXIF orientation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// 1: not at all.
    #[default]
    None = 1,
    /// 2: mirrored left to right.
    FlipH = 2,
    /// 3: by 180 degrees.
    Rotate180 = 3,
    /// 4: mirrored top to bottom.
    FlipV = 4,
    /// 5: rows and columns exchanged.
    Transpose = 5,
    /// 6: by 90 degrees clockwise.
    Rotate90 = 6,
    /// 7: exchanged along the other diagonal.
    Transverse = 7,
    /// 8: by 270 degrees clockwise.
    Rotate270 = 8,
}

impl Turn {
    /// All eight, in the order of EXIF's numbers.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::FlipH,
        Self::Rotate180,
        Self::FlipV,
        Self::Transpose,
        Self::Rotate90,
        Self::Transverse,
        Self::Rotate270,
    ];

    /// The turn that makes a picture with this EXIF orientation upright.
    pub fn of_exif(orientation: u8) -> Option<Self> {
        Self::ALL.get(usize::from(orientation).checked_sub(1)?).copied()
    }

    /// Whether rows become columns.
    pub fn is_transposed(self) -> bool {
        matches!(self, Self::Transpose | Self::Rotate90 | Self::Transverse | Self::Rotate270)
    }

    /// Whether the result is mirrored left to right and top to bottom, after the transposition if there is one.
    fn flips(self) -> (bool, bool) {
        match self {
            Self::None | Self::Transpose => (false, false),
            Self::FlipH | Self::Rotate90 => (true, false),
            Self::FlipV | Self::Rotate270 => (false, true),
            Self::Rotate180 | Self::Transverse => (true, true),
        }
    }

    /// Whether the turn loses nothing. A mirrored side must end with a whole block in every component.
    pub(super) fn fits(self, frame: &Frame) -> bool {
        let (across, down) = self.flips();
        let (columns, rows) = if self.is_transposed() { (down, across) } else { (across, down) };
        let is_whole = |side: u32, factor: u8, most: u32| (side * u32::from(factor)).is_multiple_of(8 * most);
        frame.components.iter().all(|c| {
            (!columns || is_whole(frame.width, c.h, frame.h_max()))
                && (!rows || is_whole(frame.height, c.v, frame.v_max()))
        })
    }

    pub(super) fn frame(self, frame: &mut Frame) {
        if self.is_transposed() {
            std::mem::swap(&mut frame.width, &mut frame.height);
            frame.components.iter_mut().for_each(|c| std::mem::swap(&mut c.h, &mut c.v));
        }
    }

    pub(super) fn quantisation(self, quant: &Quant) -> Quant {
        if !self.is_transposed() {
            return *quant;
        }
        let mut natural = [0; 64];
        for (&place, &step) in ZIGZAG.iter().zip(quant) {
            natural[usize::from(transposed(place))] = step;
        }
        ZIGZAG.map(|place| natural[usize::from(place)])
    }

    pub(super) fn blocks<W: Word>(self, blocks: &Blocks<W>) -> Blocks<W> {
        let (columns, rows) = (blocks.columns, blocks.rows());
        let (across, down) = self.flips();
        let flip = |is_flipped: bool, i: usize, count: usize| if is_flipped { count - 1 - i } else { i };
        if !self.is_transposed() {
            let mut turned = Turned::new(self, columns, rows);
            for y in 0..rows {
                let row = blocks.row(flip(down, y, rows));
                if across { turned.row(row.rev()) } else { turned.row(row) }
            }
            return turned.blocks;
        }
        // A row of the result takes one block from each row of the source.
        let mut turned = Turned::new(self, rows, columns);
        let mut sources: Vec<_> = (0..rows).map(|x| blocks.row(flip(across, x, rows))).collect();
        for _ in 0..columns {
            turned.row(sources.iter_mut().filter_map(|row| if down { row.next_back() } else { row.next() }));
        }
        turned.blocks
    }
}

/// The transposed position of a coefficient in natural order.
fn transposed(natural: u8) -> u8 {
    (natural & 7) << 3 | natural >> 3
}

/// Blocks after the turn.
struct Turned<W> {
    blocks: Blocks<W>,
    levels: Vec<Levels>,
    /// The new index and the sign of each zigzag index.
    places: [(u8, i16); 64],
}

impl<W: Word> Turned<W> {
    fn new(turn: Turn, columns: usize, rows: usize) -> Self {
        let (across, down) = turn.flips();
        // Mirroring negates the odd frequencies.
        let is_odd = |natural: u8| (across && natural & 1 == 1) ^ (down && natural >> 3 & 1 == 1);
        let places = ZIGZAG.map(|natural| {
            let natural = if turn.is_transposed() { transposed(natural) } else { natural };
            let place = ZIGZAG.iter().position(|&z| z == natural).unwrap_or(0);
            (place as u8, if is_odd(natural) { -1 } else { 1 })
        });
        Self { blocks: Blocks::new(columns, rows), levels: Vec::with_capacity(columns), places }
    }

    /// Adds a row of source blocks in their new order.
    fn row<'a>(&mut self, row: impl Iterator<Item = Block<'a, W>>) {
        let Self { levels, places, .. } = self;
        levels.clear();
        levels.extend(row.map(|block| {
            let mut levels = [0; 64];
            let mut next = 1;
            if let Some((mean, words)) = block.split_first() {
                levels[0] = mean.mean() as i16;
                for word in words {
                    let k = next + word.run();
                    next = k + 1;
                    if word.value() != 0 {
                        let (place, sign) = places[k as usize & 63];
                        levels[usize::from(place)] = word.value() as i16 * sign;
                    }
                }
            }
            levels
        }));
        self.blocks.push_levels(&self.levels);
    }
}
