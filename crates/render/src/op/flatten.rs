//! Composes pixels with alpha onto a colour.

use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::Color;

/// Composes the picture onto `background` and removes alpha: `c * a + b * (1 - a)`, in the
/// picture's own encoding, as browsers do. Pictures without alpha come back unchanged. Grey
/// pictures stay grey on a grey background.
pub fn flatten(pixmap: Pixmap, background: Color) -> Pixmap {
    let [r, g, b, _] = background.rgba;
    let size = pixmap.size();
    match (pixmap.channels(), pixmap.into_u8().into_samples()) {
        (Channels::Rgba, Samples::U8(v)) => {
            let under = [r, g, b];
            let out = v.chunks_exact(4).flat_map(|p| [0, 1, 2].map(|c| mix(p[c], under[c], p[3]))).collect();
            Pixmap::new_u8(size, Channels::Rgb, out)
        }
        (Channels::GreyAlpha, Samples::U8(v)) if r == g && g == b => {
            let out = v.chunks_exact(2).map(|p| mix(p[0], r, p[1])).collect();
            Pixmap::new_u8(size, Channels::Grey, out)
        }
        (Channels::GreyAlpha, Samples::U8(v)) => {
            let out = v.chunks_exact(2).flat_map(|p| [r, g, b].map(|under| mix(p[0], under, p[1]))).collect();
            Pixmap::new_u8(size, Channels::Rgb, out)
        }
        (channels, samples) => Pixmap::new(size, channels, samples),
    }
}

/// `over` on `under`, rounded to nearest.
pub(crate) fn mix(over: u8, under: u8, alpha: u8) -> u8 {
    let (o, u, a) = (u32::from(over), u32::from(under), u32::from(alpha));
    ((o * a + u * (255 - a) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::Size;

    #[test]
    fn ends_are_exact() {
        for v in 0..=255 {
            assert_eq!((mix(v, 77, 255), mix(77, v, 0)), (v, v));
        }
    }

    #[test]
    fn grey_stays_grey_where_it_can() {
        let size = Size::new(1, 1);
        let picture = || Pixmap::new_u8(size, Channels::GreyAlpha, vec![0, 128]);
        assert_eq!(flatten(picture(), Color::WHITE), Pixmap::new_u8(size, Channels::Grey, vec![127]));
        let red = Color { rgba: [255, 0, 0, 255] };
        assert_eq!(flatten(picture(), red), Pixmap::new_u8(size, Channels::Rgb, vec![127, 0, 0]));
    }
}
