//! Places a picture on a larger canvas.

use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::Color;
use crate::size::Size;

/// Places `pixmap` (8 bits) at `offset` on a canvas of `background`. The result has alpha only if
/// the picture has it, or if the background is not opaque and `alpha_allowed` is set.
pub fn extend(pixmap: Pixmap, canvas: Size, offset: (u32, u32), background: Color, alpha_allowed: bool) -> Pixmap {
    let size = pixmap.size();
    if size == canvas {
        return pixmap;
    }
    let [r, g, b, a] = background.rgba;
    let channels = match (pixmap.channels(), r == g && g == b, a < 255 && alpha_allowed) {
        (Channels::Grey, true, false) => Channels::Grey,
        (Channels::Grey | Channels::GreyAlpha, true, _) => Channels::GreyAlpha,
        (Channels::Grey | Channels::Rgb, _, false) => Channels::Rgb,
        (Channels::Cmyk, ..) => return pixmap,
        _ => Channels::Rgba,
    };
    let fill: &[u8] = match channels {
        Channels::Grey => &[r],
        Channels::GreyAlpha => &[r, a],
        Channels::Rgb => &[r, g, b],
        _ => &[r, g, b, a],
    };
    let Samples::U8(samples) = converted(pixmap, channels).into_samples() else {
        unreachable!("converted to 8 bits");
    };
    let n = channels.count();
    let mut out = fill.repeat(canvas.pixels() as usize);
    let (stride, width) = (canvas.width as usize * n, size.width as usize * n);
    let left = offset.0 as usize * n;
    for (to, from) in out.chunks_exact_mut(stride).skip(offset.1 as usize).zip(samples.chunks_exact(width)) {
        to[left..left + width].copy_from_slice(from);
    }
    Pixmap::new_u8(canvas, channels, out)
}

/// Adds channels to the picture, 8 bits each. Added alpha is opaque.
pub fn converted(pixmap: Pixmap, to: Channels) -> Pixmap {
    let (size, from) = (pixmap.size(), pixmap.channels());
    let pixmap = pixmap.into_u8();
    let Samples::U8(v) = pixmap.samples() else { return pixmap };
    let out: Vec<u8> = match (from, to) {
        (Channels::Grey, Channels::GreyAlpha) => v.iter().flat_map(|&g| [g, 255]).collect(),
        (Channels::Grey, Channels::Rgb) => v.iter().flat_map(|&g| [g; 3]).collect(),
        (Channels::Grey, Channels::Rgba) => v.iter().flat_map(|&g| [g, g, g, 255]).collect(),
        (Channels::GreyAlpha, Channels::Rgba) => v.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect(),
        (Channels::Rgb, Channels::Rgba) => v.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect(),
        _ => return pixmap,
    };
    Pixmap::new_u8(size, to, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_where_they_should_be() {
        let picture = Pixmap::new_u8(Size::new(1, 1), Channels::Grey, vec![9]);
        let out = extend(picture.clone(), Size::new(3, 2), (1, 1), Color::WHITE, true);
        assert_eq!(out, Pixmap::new_u8(Size::new(3, 2), Channels::Grey, vec![255, 255, 255, 255, 9, 255]));
        let glass = Color { rgba: [0, 0, 0, 0] };
        let out = extend(picture.clone(), Size::new(2, 1), (0, 0), glass, true);
        assert_eq!(out, Pixmap::new_u8(Size::new(2, 1), Channels::GreyAlpha, vec![9, 255, 0, 0]));
        let red = Color { rgba: [255, 0, 0, 255] };
        let out = extend(picture, Size::new(2, 1), (0, 0), red, true);
        assert_eq!(out, Pixmap::new_u8(Size::new(2, 1), Channels::Rgb, vec![9, 9, 9, 255, 0, 0]));
    }
}
