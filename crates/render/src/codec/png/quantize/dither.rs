//! Spreads the error of each pixel over its neighbours, as Floyd and Steinberg do, in rows of
//! alternating direction.

use super::palette::Palette;
use super::{Point, point};
use crate::size::Size;

/// The share of the error that is passed on. All of it makes speckles.
const SHARE: f32 = 0.85;
/// The most error that a pixel takes over, as a difference of samples. More of it bleeds over
/// edges.
const MOST: f32 = 32.0;

/// Pixels of the palette's colours.
pub fn dithered(size: Size, pixels: &[[u8; 4]], palette: &Palette) -> Vec<[u8; 4]> {
    let width = size.width as usize;
    let mut out = vec![[0; 4]; pixels.len()];
    // The error of this row and of the next, with a column at each side.
    let mut here = vec![[0.0f32; 4]; width + 2];
    let mut below = here.clone();
    let mut guesses = [0, 0];
    for (y, (row, out)) in pixels.chunks_exact(width).zip(out.chunks_exact_mut(width)).enumerate() {
        let is_forward = y % 2 == 0;
        for i in 0..width {
            let x = if is_forward { i } else { width - 1 - i };
            let p = row[x];
            if p[3] == 0 {
                continue;
            }
            let is_opaque = p[3] == 255;
            let entries = if is_opaque { &palette.opaque } else { &palette.translucent };
            let exact = point(p);
            let error = here[x + 1];
            let mut wanted: Point = [0, 1, 2, 3].map(|c| exact[c] + error[c].clamp(-MOST, MOST));
            if is_opaque {
                wanted[3] = exact[3];
            }
            let guess = &mut guesses[usize::from(is_opaque)];
            *guess = entries.nearest(wanted, *guess);
            out[x] = entries.pixels[*guess];
            let found = entries.points[*guess];
            let left = [0, 1, 2, 3].map(|c| (wanted[c] - found[c]) * SHARE / 16.0);
            let (ahead, behind) = if is_forward { (x + 2, x) } else { (x, x + 2) };
            let pass = |to: &mut Point, share: f32| (0..4).for_each(|c| to[c] += left[c] * share);
            pass(&mut here[ahead], 7.0);
            pass(&mut below[behind], 3.0);
            pass(&mut below[x + 1], 5.0);
            pass(&mut below[ahead], 1.0);
        }
        std::mem::swap(&mut here, &mut below);
        below.fill([0.0; 4]);
    }
    out
}
