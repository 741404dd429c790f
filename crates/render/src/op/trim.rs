//! Finds edges of one colour.

use crate::pixmap::{Pixmap, Samples};
use crate::size::Size;

/// The part of a picture within edges of one colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inner {
    /// Its upper left corner.
    pub at: (u32, u32),
    /// Its size.
    pub size: Size,
}

/// The smallest part that holds all pixels that differ from the upper left corner by more than `tolerance`, of 255, in some
/// channel. Where the corner is transparent, alpha alone counts. The whole picture if there are none.
pub fn inner(source: &Pixmap, tolerance: u8) -> Inner {
    match source.samples() {
        Samples::U8(v) => find(source, v, |v| u32::from(*v), u32::from(tolerance)),
        Samples::U16(v) => find(source, v, |v| u32::from(*v), u32::from(tolerance) * 257),
    }
}

fn find<T>(source: &Pixmap, v: &[T], value: impl Fn(&T) -> u32, tolerance: u32) -> Inner {
    let (size, n) = (source.size(), source.channels().count());
    let whole = Inner { at: (0, 0), size };
    let has_alpha = source.channels().has_alpha();
    let corner: Vec<u32> = v[..n].iter().map(&value).collect();
    let first = if has_alpha && corner[n - 1] <= tolerance { n - 1 } else { 0 };
    let differs = |pixel: &[T]| (first..n).any(|c| value(&pixel[c]).abs_diff(corner[c]) > tolerance);
    let row = |y: u32| v[(y * size.width) as usize * n..][..size.width as usize * n].chunks_exact(n);
    let Some(top) = (0..size.height).find(|&y| row(y).any(differs)) else { return whole };
    let bottom = (top..size.height).rfind(|&y| row(y).any(differs)).unwrap_or(top);
    let (mut left, mut right) = (size.width, 0);
    for y in top..=bottom {
        let near = row(y).take(left as usize).position(differs);
        left = near.map_or(left, |x| x as u32);
        let far = row(y).skip(right as usize).rposition(differs);
        right = far.map_or(right, |x| right + x as u32);
    }
    Inner { at: (left, top), size: Size::new(right + 1 - left, bottom + 1 - top) }
}

/// Cuts the part out.
pub fn cut(source: &Pixmap, inner: Inner) -> Pixmap {
    fn rows<T: Copy>(v: &[T], stride: usize, n: usize, inner: Inner) -> Vec<T> {
        let (left, width) = (inner.at.0 as usize * n, inner.size.width as usize * n);
        let rows = v.chunks_exact(stride).skip(inner.at.1 as usize).take(inner.size.height as usize);
        rows.flat_map(|row| &row[left..left + width]).copied().collect()
    }
    let n = source.channels().count();
    let stride = source.size().width as usize * n;
    let samples = match source.samples() {
        Samples::U8(v) => Samples::U8(rows(v, stride, n, inner)),
        Samples::U16(v) => Samples::U16(rows(v, stride, n, inner)),
    };
    Pixmap::new(inner.size, source.channels(), samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixmap::Channels;

    fn grey(width: u32, samples: &[u8]) -> Pixmap {
        let height = samples.len() as u32 / width;
        Pixmap::new_u8(Size::new(width, height), Channels::Grey, samples.to_vec())
    }

    #[test]
    fn edges_go_and_what_they_hold_stays() {
        let picture = grey(5, &[9, 9, 9, 9, 9, 9, 9, 50, 9, 9, 9, 70, 9, 9, 9, 9, 9, 9, 9, 9]);
        let part = inner(&picture, 10);
        assert_eq!(part, Inner { at: (1, 1), size: Size::new(2, 2) });
        assert_eq!(cut(&picture, part), grey(2, &[9, 50, 70, 9]));
        assert_eq!(inner(&picture, 45), Inner { at: (1, 2), size: Size::new(1, 1) });
        assert_eq!(inner(&picture, 100).size, Size::new(5, 4), "nothing but edges");
        assert_eq!(inner(&grey(2, &[1, 200, 3, 4]), 10).at, (1, 0));
    }

    #[test]
    fn transparent_edges_have_no_colour() {
        let samples = vec![9, 0, 99, 0, 50, 255, 1, 0];
        let picture = Pixmap::new_u8(Size::new(4, 1), Channels::GreyAlpha, samples);
        assert_eq!(inner(&picture, 10), Inner { at: (2, 0), size: Size::new(1, 1) });
    }

    #[test]
    fn sixteen_bits_are_measured_alike() {
        let picture = |v: u16| Pixmap::new(Size::new(3, 1), Channels::Grey, Samples::U16(vec![0, v, 0]));
        assert_eq!(inner(&picture(10 * 257), 10).size, Size::new(3, 1));
        assert_eq!(inner(&picture(11 * 257), 10).size, Size::new(1, 1));
    }
}
