//! The eight EXIF orientations: how to turn stored pixels upright.

use crate::size::{Region, Size};

/// EXIF tag 0x0112. The names say what turns the stored picture upright: first the mirror, then the
/// clockwise turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Orientation {
    /// 1: as stored.
    #[default]
    Upright = 1,
    /// 2: mirrored left to right.
    FlipH = 2,
    /// 3: turned by 180 degrees.
    Rotate180 = 3,
    /// 4: mirrored top to bottom.
    FlipV = 4,
    /// 5: rows and columns exchanged.
    Transpose = 5,
    /// 6: turned by 90 degrees clockwise.
    Rotate90 = 6,
    /// 7: exchanged along the other diagonal.
    Transverse = 7,
    /// 8: turned by 270 degrees clockwise.
    Rotate270 = 8,
}

impl Orientation {
    /// All eight, in the order of their EXIF numbers.
    pub const ALL: [Self; 8] = [
        Self::Upright,
        Self::FlipH,
        Self::Rotate180,
        Self::FlipV,
        Self::Transpose,
        Self::Rotate90,
        Self::Transverse,
        Self::Rotate270,
    ];

    /// The orientation for an EXIF number. 0 and numbers over 8, which some cameras write, mean
    /// upright.
    pub fn from_exif(value: u32) -> Self {
        match value {
            1..=8 => Self::ALL[value as usize - 1],
            _ => Self::Upright,
        }
    }

    /// The EXIF number, 1 to 8.
    pub fn exif(self) -> u8 {
        self as u8
    }

    /// Whether width and height are exchanged.
    pub fn swaps(self) -> bool {
        self.exif() >= 5
    }

    /// The upright size of a stored picture.
    pub fn apply(self, stored: Size) -> Size {
        if self.swaps() { stored.swapped() } else { stored }
    }

    /// The orientation that undoes this one.
    pub fn inverse(self) -> Self {
        match self {
            Self::Rotate90 => Self::Rotate270,
            Self::Rotate270 => Self::Rotate90,
            other => other,
        }
    }

    /// The position in the upright picture of the pixel at `(x, y)` of the stored one.
    pub fn map(self, stored: Size, x: u32, y: u32) -> (u32, u32) {
        let (right, bottom) = (stored.width - 1, stored.height - 1);
        match self {
            Self::Upright => (x, y),
            Self::FlipH => (right - x, y),
            Self::Rotate180 => (right - x, bottom - y),
            Self::FlipV => (x, bottom - y),
            Self::Transpose => (y, x),
            Self::Rotate90 => (bottom - y, x),
            Self::Transverse => (bottom - y, right - x),
            Self::Rotate270 => (y, right - x),
        }
    }

    /// The region of the stored picture, of size `stored`, that `region` of the upright one shows.
    pub fn stored_region(self, stored: Size, region: Region) -> Region {
        let Region { x, y, width, height } = region;
        let (w, h) = (f64::from(stored.width), f64::from(stored.height));
        let (x, y, width, height) = match self {
            Self::Upright => (x, y, width, height),
            Self::FlipH => (w - x - width, y, width, height),
            Self::Rotate180 => (w - x - width, h - y - height, width, height),
            Self::FlipV => (x, h - y - height, width, height),
            Self::Transpose => (y, x, height, width),
            Self::Rotate90 => (y, h - x - width, height, width),
            Self::Transverse => (w - y - height, h - x - width, height, width),
            Self::Rotate270 => (w - y - height, x, height, width),
        };
        Region { x, y, width, height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Regions follow pixels: the stored region of an upright pixel is the pixel that maps there.
    #[test]
    fn regions_agree_with_pixels() {
        let stored = Size::new(5, 3);
        for o in Orientation::ALL {
            for y in 0..3 {
                for x in 0..5 {
                    let (ux, uy) = o.map(stored, x, y);
                    let up = o.apply(stored);
                    assert!(ux < up.width && uy < up.height, "{o:?}");
                    let r = Region { x: f64::from(ux), y: f64::from(uy), width: 1.0, height: 1.0 };
                    let s = o.stored_region(stored, r);
                    assert_eq!((s.x, s.y, s.width, s.height), (f64::from(x), f64::from(y), 1.0, 1.0), "{o:?}");
                }
            }
        }
    }

    #[test]
    fn inverse_undoes() {
        let stored = Size::new(4, 7);
        for o in Orientation::ALL {
            let (x, y) = o.map(stored, 1, 5);
            assert_eq!(o.inverse().map(o.apply(stored), x, y), (1, 5), "{o:?}");
        }
    }

    #[test]
    fn composition_stays_in_the_group() {
        let stored = Size::new(3, 2);
        for a in Orientation::ALL {
            for b in Orientation::ALL {
                let both = |x, y| {
                    let (x, y) = a.map(stored, x, y);
                    b.map(a.apply(stored), x, y)
                };
                let same = Orientation::ALL.iter().filter(|c| {
                    c.apply(stored) == b.apply(a.apply(stored))
                        && (0..2).all(|y| (0..3).all(|x| c.map(stored, x, y) == both(x, y)))
                });
                assert_eq!(same.count(), 1, "{a:?} then {b:?}");
            }
        }
    }

    #[test]
    fn odd_numbers_mean_upright() {
        for n in [0, 9, 255, u32::MAX] {
            assert_eq!(Orientation::from_exif(n), Orientation::Upright);
        }
        for n in 1..=8 {
            assert_eq!(u32::from(Orientation::from_exif(n).exif()), n);
        }
    }
}
