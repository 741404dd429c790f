//! Interpolates chroma that has half the columns or lines of luma. Other ratios are those of [`color::stretch`].
//!
//! The weights are 3/4 and 1/4, as JFIF places chroma between luma samples, so that sums of integers are exact.
//!
//! [`color::stretch`]: super::color::stretch

use super::plane::Plane;

/// A plane with half the columns or lines of the picture, or both.
#[derive(Debug)]
pub(super) struct Halves {
    across: bool,
    down: bool,
    /// A line of sums, each four times a sample, with a copy of its first and last ones at the ends.
    sums: Vec<u16>,
    line: Vec<u8>,
}

impl Halves {
    /// Returns None if the ratio of `plane` to the picture is another one. `full` is the extent of the picture and `size` its
    /// size.
    pub fn new(plane: &Plane, full: (f64, f64), size: (u32, u32)) -> Option<Halves> {
        let is_half = |extent: f64, length: u32, full: f64, all: u32| match extent * 2.0 == full {
            true if length == all.div_ceil(2) => Some(true),
            false if extent == full && length == all => Some(false),
            _ => None,
        };
        let across = is_half(plane.extent.0, plane.width, full.0, size.0)?;
        let down = is_half(plane.extent.1, plane.height, full.1, size.1)?;
        let width = plane.width as usize;
        let line = vec![0; if across { 2 * width } else { width }];
        Some(Halves { across, down, sums: vec![0; width + 2], line })
    }

    /// Line `y` of the picture.
    #[inline(always)]
    pub fn line(&mut self, plane: &Plane, y: usize) -> &[u8] {
        let width = plane.width as usize;
        let of = |y: usize| &plane.data[y.min(plane.height as usize - 1) * width..][..width];
        let (near, far) = match (self.down, y % 2) {
            (false, _) => (y, y),
            (true, 0) => (y / 2, (y / 2).saturating_sub(1)),
            (true, _) => (y / 2, y / 2 + 1),
        };
        let [first, middle @ .., last] = &mut self.sums[..] else { return &[] };
        for ((sum, &near), &far) in middle.iter_mut().zip(of(near)).zip(of(far)) {
            *sum = 3 * u16::from(near) + u16::from(far);
        }
        if !self.across {
            for (to, &sum) in self.line.iter_mut().zip(&*middle) {
                *to = ((sum + 2) >> 2) as u8;
            }
            return &self.line;
        }
        (*first, *last) = (middle[0], middle[width - 1]);
        let sums = self.sums.iter().zip(&self.sums[1..]).zip(&self.sums[2..]);
        for (pair, ((&left, &sum), &right)) in self.line.as_chunks_mut::<2>().0.iter_mut().zip(sums) {
            *pair = [((3 * sum + left + 8) >> 4) as u8, ((3 * sum + right + 8) >> 4) as u8];
        }
        &self.line
    }
}

#[cfg(test)]
mod tests {
    use super::super::color;
    use super::*;

    /// All sizes give what interpolation by positions gives.
    #[test]
    fn halves_are_interpolated() {
        for (across, down) in [(2, 2), (2, 1), (1, 2)] {
            for (width, height) in [(1, 1), (2, 2), (3, 5), (16, 9), (67, 6), (70, 7)] {
                let part = |side: u32, factor: u32| (side.div_ceil(factor), f64::from(side) / f64::from(factor));
                let (x, y) = (part(width, across), part(height, down));
                let data = (0..x.0 * y.0).map(|i| (i * 151 % 256) as u8).collect();
                let plane = Plane { width: x.0, height: y.0, extent: (x.1, y.1), sharpen: 0.0, data };
                let full = (f64::from(width), f64::from(height));
                let mut halves = Halves::new(&plane, full, (width, height)).unwrap();
                let xs = color::positions(width, plane.width, plane.extent.0 / full.0);
                let ys = color::positions(height, plane.height, plane.extent.1 / full.1);
                for (line, &position) in ys.iter().enumerate() {
                    let mut want = vec![0; width as usize];
                    color::stretch(&plane, &xs, position, &mut want);
                    let got = &halves.line(&plane, line)[..width as usize];
                    assert_eq!(got, want, "{across}x{down} {width}x{height} line {line}");
                }
            }
        }
    }

    #[test]
    fn other_ratios_are_none() {
        let plane =
            |width: u32, extent: f64| Plane { width, height: 8, extent: (extent, 8.0), sharpen: 0.0, data: vec![] };
        assert!(Halves::new(&plane(4, 4.0), (16.0, 8.0), (16, 8)).is_none());
        assert!(Halves::new(&plane(9, 8.0), (16.0, 8.0), (16, 8)).is_none());
        assert!(Halves::new(&plane(8, 7.5), (16.0, 8.0), (16, 8)).is_none());
    }
}
