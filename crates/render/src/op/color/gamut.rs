//! Detects colours outside sRGB. A picture that shows them is converted before the resize, so that
//! colours which look equal at full size stay equal. Otherwise a kernel that overshoots would draw
//! edges between colours that the conversion maps to one.

use super::ToSrgb;
use crate::codec::ColorSpace;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::size::Size;

/// One pixel in so many columns and rows is sampled.
const STEP: usize = 4;

/// One pixel in so many at the bounds is enough.
const ENOUGH: usize = 1000;

/// Rows that are widened and converted together.
const BAND: usize = 64;

/// Whether a noticeable share of the colours lies at or beyond the bounds of sRGB: a channel is at
/// its minimum or maximum, and the pixel is neither black nor white.
pub fn is_reached(pixmap: &Pixmap, to: &ToSrgb) -> bool {
    if to.is_same() || !matches!(pixmap.channels(), Channels::Rgb | Channels::Rgba) {
        return false;
    }
    let looked_at = to.apply(thinned(pixmap)).into_u8();
    let Samples::U8(samples) = looked_at.samples() else { return false };
    let n = looked_at.channels().count();
    let is_at_bounds = |p: &[u8]| {
        let (low, high) = (p[0].min(p[1]).min(p[2]), p[0].max(p[1]).max(p[2]));
        (low == 0 || high == 255) && high - low >= 32 && p.get(3) != Some(&0)
    };
    let pixels = samples.len() / n;
    samples.chunks_exact(n).filter(|p| is_at_bounds(p)).count() * ENOUGH > pixels
}

/// Samples one pixel of each block.
fn thinned(pixmap: &Pixmap) -> Pixmap {
    fn pick<T: Copy>(v: &[T], columns: usize, n: usize) -> Vec<T> {
        let rows = v.chunks_exact(columns * n).step_by(STEP);
        rows.flat_map(|row| row.chunks_exact(n).step_by(STEP).flatten().copied()).collect()
    }
    let (size, n) = (pixmap.size(), pixmap.channels().count());
    let columns = size.width as usize;
    let samples = match pixmap.samples() {
        Samples::U8(v) => Samples::U8(pick(v, columns, n)),
        Samples::U16(v) => Samples::U16(pick(v, columns, n)),
    };
    let small = Size::new(size.width.div_ceil(STEP as u32), size.height.div_ceil(STEP as u32));
    Pixmap::new(small, pixmap.channels(), samples)
}

/// Converts the pixels to sRGB with 16 bits per sample, so that distinct values stay distinct.
pub fn convert(pixmap: Pixmap, color: &ColorSpace) -> Pixmap {
    let (size, channels) = (pixmap.size(), pixmap.channels());
    let to = ToSrgb::new(color, channels, true);
    let row = size.width as usize * channels.count();
    let narrow = match pixmap.samples() {
        Samples::U16(_) => return to.apply(pixmap),
        Samples::U8(v) => v,
    };
    let mut out = Vec::with_capacity(narrow.len());
    for band in narrow.chunks(row * BAND) {
        let wide = band.iter().map(|&s| u16::from(s) * 257).collect();
        let band = Size::new(size.width, (band.len() / row) as u32);
        match to.apply(Pixmap::new(band, channels, Samples::U16(wide))).into_samples() {
            Samples::U16(v) => out.extend(v),
            Samples::U8(v) => out.extend(v.into_iter().map(|s| u16::from(s) * 257)),
        }
    }
    Pixmap::new(size, channels, Samples::U16(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use moxcms::ColorProfile;

    fn p3() -> ColorSpace {
        ColorSpace::Icc(ColorProfile::new_display_p3().encode().unwrap())
    }

    fn picture(pixels: &[[u8; 3]]) -> Pixmap {
        Pixmap::new_u8(Size::new(pixels.len() as u32, 1), Channels::Rgb, pixels.concat())
    }

    #[test]
    fn colors_at_the_bounds() {
        let reached = |color: [u8; 3]| {
            let pixmap = picture(&[color; 40]);
            is_reached(&pixmap, &ToSrgb::new(&p3(), Channels::Rgb, false))
        };
        assert!(reached([255, 0, 0]) && reached([0, 255, 0]) && reached([250, 20, 20]));
        for inside in [[0, 0, 0], [255, 255, 255], [200, 150, 120], [90, 90, 92], [240, 245, 255]] {
            assert!(!reached(inside), "{inside:?}");
        }
        let srgb = ToSrgb::new(&ColorSpace::Srgb, Channels::Rgb, false);
        assert!(!is_reached(&picture(&[[255, 0, 0]; 40]), &srgb), "nothing is converted");
    }

    #[test]
    fn a_few_pixels_are_not_enough() {
        let mut pixels = vec![[120, 130, 140]; 16_000];
        let to = ToSrgb::new(&p3(), Channels::Rgb, false);
        pixels[..8].fill([255, 0, 0]);
        assert!(!is_reached(&picture(&pixels), &to));
        pixels[..80].fill([255, 0, 0]);
        assert!(is_reached(&picture(&pixels), &to));
    }

    #[test]
    fn bands_equal_the_whole() {
        let size = Size::new(5, 200);
        let samples: Vec<u8> = (0..5 * 200 * 3).map(|i| (i * 7 % 256) as u8).collect();
        let narrow = Pixmap::new_u8(size, Channels::Rgb, samples.clone());
        let wide = samples.into_iter().map(|s| u16::from(s) * 257).collect();
        let whole = ToSrgb::new(&p3(), Channels::Rgb, true).apply(Pixmap::new(size, Channels::Rgb, Samples::U16(wide)));
        assert_eq!(convert(narrow, &p3()), whole);
    }

    /// Regression: at a tenth of the size, the edge of a stripe that is invisible at full size was
    /// off by 30 steps.
    #[test]
    fn colors_that_look_the_same_stay_the_same() {
        use crate::codec::{Attached, registry};
        use crate::format::Format;
        use crate::limits::Limits;
        use crate::recipe::{EncodeSettings, FormatChoice, Recipe};
        let ColorSpace::Icc(icc) = p3() else { unreachable!() };
        // The green of sRGB, and a green outside it.
        let (srgb, greener) = ([117, 251, 76], [0, 255, 0]);
        let stripes = (0..100 * 100).flat_map(|i| if i % 100 < 43 { srgb } else { greener }).collect();
        let pixmap = Pixmap::new_u8(Size::new(100, 100), Channels::Rgb, stripes);
        let encoder = registry::encoder(Format::Png).unwrap();
        let attached = Attached { icc: Some(&icc), ..Attached::default() };
        let file = encoder.encode(&pixmap, &EncodeSettings::default(), &attached).unwrap();
        for (size, linear) in [("10x10", false), ("37x37", false), ("37x37", true), ("original", false)] {
            let formats = vec![FormatChoice::To(Format::Png)];
            let recipe = Recipe { sizes: vec![size.parse().unwrap()], formats, linear, ..Recipe::default() };
            let made = crate::render::render(&file, &recipe, &Limits::default()).unwrap();
            let opened = registry::decoder(Format::Png).unwrap().open(&made.outputs[0].bytes, &Limits::default());
            let opened = opened.unwrap();
            let decoded = opened.decode(&opened.offer(None), &crate::codec::DecodeOptions::default()).unwrap();
            let Samples::U8(samples) = decoded.pixels.into_pixmap().into_samples() else { panic!("8 bits") };
            let far = samples.chunks_exact(3).flat_map(|p| [p[0], 255 - p[1], p[2]]).max().unwrap();
            assert!(far <= 3, "{size}, linear {linear}: {far}");
        }
    }
}
