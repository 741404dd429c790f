//! Turns stored pixels upright.

use crate::orientation::Orientation;
use crate::pixmap::{Pixmap, Samples, YCbCr};
use crate::size::Size;

/// Turns a picture upright.
pub fn orient(pixmap: Pixmap, orientation: Orientation) -> Pixmap {
    if orientation == Orientation::Upright {
        return pixmap;
    }
    let (stored, channels) = (pixmap.size(), pixmap.channels());
    let samples = match pixmap.into_samples() {
        Samples::U8(v) => Samples::U8(turn(&v, stored, channels.count(), orientation)),
        Samples::U16(v) => Samples::U16(turn(&v, stored, channels.count(), orientation)),
    };
    Pixmap::new(orientation.apply(stored), channels, samples)
}

/// Turns planes upright. The sides of the picture must be multiples of the chroma shares.
pub fn orient_planes(picture: YCbCr, orientation: Orientation) -> YCbCr {
    if orientation == Orientation::Upright {
        return picture;
    }
    let (size, chroma, (x, y)) = (picture.size, picture.chroma_size(), picture.share);
    let [luma, cb, cr] = picture.planes;
    let planes =
        [turn(&luma, size, 1, orientation), turn(&cb, chroma, 1, orientation), turn(&cr, chroma, 1, orientation)];
    YCbCr { size: orientation.apply(size), share: if orientation.swaps() { (y, x) } else { (x, y) }, planes }
}

fn turn<T: Copy>(samples: &[T], stored: Size, n: usize, orientation: Orientation) -> Vec<T> {
    let upright = orientation.apply(stored);
    let inverse = orientation.inverse();
    let mut out = Vec::with_capacity(samples.len());
    for y in 0..upright.height {
        for x in 0..upright.width {
            let (sx, sy) = inverse.map(upright, x, y);
            let at = (sy as usize * stored.width as usize + sx as usize) * n;
            out.extend_from_slice(&samples[at..at + n]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixmap::Channels;

    #[test]
    fn every_pixel_goes_where_the_map_says() {
        let stored = Size::new(3, 2);
        for o in Orientation::ALL {
            let pixmap = Pixmap::new_u8(stored, Channels::GreyAlpha, (0..12).collect());
            let out = orient(pixmap, o);
            assert_eq!(out.size(), o.apply(stored));
            let Samples::U8(v) = out.samples() else { unreachable!() };
            for y in 0..2 {
                for x in 0..3 {
                    let (ux, uy) = o.map(stored, x, y);
                    let at = ((uy * out.size().width + ux) * 2) as usize;
                    let from = ((y * 3 + x) * 2) as u8;
                    assert_eq!(v[at..at + 2], [from, from + 1], "{o:?}");
                }
            }
        }
    }
}
