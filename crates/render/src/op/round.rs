//! Rounds the corners of a picture.

use super::extend::converted;
use super::flatten::flatten;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::Color;

/// Samples along a side of a pixel at an edge.
const FINE: u32 = 4;

/// Makes what is outside of corners of this radius transparent, in a picture of 8 bits a sample. Without `alpha_allowed`, it
/// becomes `background`.
pub fn round(source: Pixmap, radius: f64, background: Color, alpha_allowed: bool) -> Pixmap {
    let channels = match source.channels() {
        Channels::Grey => Channels::GreyAlpha,
        Channels::Rgb => Channels::Rgba,
        channels => channels,
    };
    let mut source = converted(source, channels);
    let (width, height, n) = (source.size().width, source.size().height, channels.count());
    let corner = (radius.ceil() as u32).min(width.min(height).div_ceil(2));
    let Samples::U8(samples) = source.samples_mut() else { unreachable!("8 bits a sample") };
    for y in 0..corner {
        for x in 0..corner {
            let part = inside(x, y, radius);
            let mut columns = vec![x, width - 1 - x];
            let mut rows = vec![y, height - 1 - y];
            columns.dedup();
            rows.dedup();
            for at in rows.iter().flat_map(|y| columns.iter().map(move |x| (y * width + x) as usize)) {
                let alpha = &mut samples[at * n + n - 1];
                *alpha = (u32::from(*alpha) as f64 * part + 0.5) as u8;
            }
        }
    }
    if alpha_allowed { source } else { flatten(source, background) }
}

/// The part of a pixel that lies inside the corner.
fn inside(x: u32, y: u32, radius: f64) -> f64 {
    let at = |pixel: u32, fine: u32| f64::from(pixel) + (f64::from(fine) + 0.5) / f64::from(FINE);
    let is_inside = |x: f64, y: f64| x >= radius || y >= radius || (radius - x).hypot(radius - y) <= radius;
    let all = (0..FINE).flat_map(|down| (0..FINE).map(move |across| (across, down)));
    all.filter(|&(across, down)| is_inside(at(x, across), at(y, down))).count() as f64 / f64::from(FINE * FINE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::Size;

    fn alphas(width: u32, height: u32, radius: f64) -> Vec<u8> {
        let plain = Pixmap::new_u8(Size::new(width, height), Channels::Grey, vec![9; (width * height) as usize]);
        match round(plain, radius, Color::WHITE, true).into_samples() {
            Samples::U8(samples) => samples.chunks_exact(2).map(|p| p[1]).collect(),
            Samples::U16(_) => unreachable!(),
        }
    }

    #[test]
    fn a_square_becomes_a_disk() {
        let disk = alphas(100, 100, 50.0);
        let area = disk.iter().map(|&alpha| f64::from(alpha) / 255.0).sum::<f64>();
        assert!((area - std::f64::consts::PI * 2500.0).abs() < 10.0, "{area}");
        assert_eq!((disk[0], disk[50 * 100 + 50], disk[50], disk[50 * 100]), (0, 255, 255, 255));
        let odd = alphas(31, 31, 15.5);
        assert_eq!((odd[0], odd[15], odd[15 * 31 + 15], odd[30 * 31 + 30]), (0, 255, 255, 0));
    }

    #[test]
    fn all_corners_are_the_same_and_edges_stay() {
        let out = alphas(20, 10, 3.0);
        for y in 0..10 {
            for x in 0..20 {
                let alpha = out[y * 20 + x];
                assert_eq!(alpha, out[(9 - y) * 20 + 19 - x], "{x} {y}");
                assert!(alpha == 255 || (x.min(19 - x) < 3 && y.min(9 - y) < 3), "{x} {y}");
            }
        }
        assert_eq!(alphas(5, 5, 0.0), [255; 25]);
    }

    #[test]
    fn without_alpha_corners_get_the_background() {
        let plain = Pixmap::new_u8(Size::new(9, 9), Channels::Grey, vec![9; 81]);
        let out = round(plain, 4.0, Color::WHITE, false);
        let (Samples::U8(v), Channels::Grey) = (out.samples(), out.channels()) else { panic!("{:?}", out.channels()) };
        assert_eq!((v[0], v[40], v[8]), (255, 9, 255));
    }
}
