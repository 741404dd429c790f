//! Removes colours.

use std::sync::LazyLock;

use super::linear;
use crate::pixmap::{Channels, Pixmap, Samples};

/// Steps of linear light. Enough for the darkest of the 256 values to differ.
const STEPS: usize = 1 << 14;

/// The value of each luminance.
static VALUE: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..STEPS).map(|step| linear::sample(step as f32 / (STEPS - 1) as f32)).collect());

/// The luminance of sRGB pixels of 8 bits a sample, as grey. Other channels come back unchanged.
pub fn grayscale(source: Pixmap) -> Pixmap {
    let (size, channels) = (source.size(), source.channels());
    let Samples::U8(v) = source.samples() else { return source };
    let (light, value) = (&*linear::LIGHT, &*VALUE);
    let grey = |p: &[u8]| {
        let [r, g, b] = [0, 1, 2].map(|c| light[usize::from(p[c])]);
        value[((0.2126 * r + 0.7152 * g + 0.0722 * b) * (STEPS - 1) as f32 + 0.5) as usize]
    };
    match channels {
        Channels::Rgb => Pixmap::new_u8(size, Channels::Grey, v.chunks_exact(3).map(grey).collect()),
        Channels::Rgba => {
            let samples = v.chunks_exact(4).flat_map(|p| [grey(p), p[3]]).collect();
            Pixmap::new_u8(size, Channels::GreyAlpha, samples)
        }
        _ => source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::Size;

    #[test]
    fn greys_stay_and_colours_get_their_luminance() {
        let greys: Vec<u8> = (0..=255).flat_map(|v| [v; 3]).collect();
        let out = grayscale(Pixmap::new_u8(Size::new(256, 1), Channels::Rgb, greys));
        assert_eq!(*out.samples(), Samples::U8((0..=255).collect()));
        let colors = vec![255, 0, 0, 9, 0, 255, 0, 8, 0, 0, 255, 7];
        let out = grayscale(Pixmap::new_u8(Size::new(3, 1), Channels::Rgba, colors));
        assert_eq!(*out.samples(), Samples::U8(vec![127, 9, 220, 8, 76, 7]));
        assert_eq!(out.channels(), Channels::GreyAlpha);
    }
}
