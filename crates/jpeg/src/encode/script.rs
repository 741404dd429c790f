//! Which scans a picture is written in.

use super::super::frame::{Frame, Kind};

/// One scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Indices of its components.
    pub components: Vec<usize>,
    /// Which Huffman tables each component of the frame uses: 0 or 1.
    pub tables: [u8; 4],
    /// Spectral selection: first and last coefficient, in zigzag order.
    pub first: u8,
    pub last: u8,
    /// Successive approximation: bits left out before (0 in a first scan) and after.
    pub high: u8,
    pub low: u8,
}

impl Scan {
    pub fn new(components: &[usize], band: (u8, u8), bits: (u8, u8)) -> Self {
        let (components, tables) = (components.to_vec(), std::array::from_fn(kind));
        Self { components, tables, first: band.0, last: band.1, high: bits.0, low: bits.1 }
    }
}

/// Which Huffman tables a component has: 0 for those of luma and inks, 1 for those of chroma.
pub(crate) fn kind(component: usize) -> u8 {
    u8::from(matches!(component, 1 | 2))
}

/// The scans of a frame. Those of progressive pictures are libjpeg's: means first, then luma, whose lowest frequencies come
/// before all chroma, with two bits left out that follow one by one.
pub(crate) fn of(frame: &Frame) -> Vec<Scan> {
    let all: Vec<usize> = (0..frame.components.len()).collect();
    if frame.kind != Kind::Progressive {
        return vec![Scan::new(&all, (0, 63), (0, 0))];
    }
    let mut scans = vec![Scan::new(&all, (0, 0), (0, 1))];
    let mut each = |components: &[usize], band, bits| {
        scans.extend(components.iter().map(|&c| Scan::new(&[c], band, bits)));
    };
    // Chroma has little to leave out, and is written in one scan less.
    let (full, chroma): (Vec<usize>, Vec<usize>) = match all.len() {
        3 => (vec![0], vec![2, 1]),
        _ => (all.clone(), Vec::new()),
    };
    each(&full, (1, 5), (0, 2));
    each(&chroma, (1, 63), (0, 1));
    each(&full, (6, 63), (0, 2));
    each(&full, (1, 63), (2, 1));
    scans.push(Scan::new(&all, (0, 0), (1, 0)));
    let mut each = |components: &[usize]| {
        scans.extend(components.iter().map(|&c| Scan::new(&[c], (1, 63), (1, 0))));
    };
    each(&chroma);
    each(&full);
    scans
}
