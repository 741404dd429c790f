//! Draws a border around a picture.

use super::extend::extend;
use crate::pixmap::Pixmap;
use crate::recipe::{Border, Color};
use crate::size::Size;

/// The picture, of 8 bits a sample, with a border on each side. Without `alpha_allowed`, a translucent border is composed onto
/// `background`.
pub fn border(source: Pixmap, border: Border, background: Color, alpha_allowed: bool) -> Pixmap {
    let (size, width) = (source.size(), border.width);
    let outer = Size::new(size.width + 2 * width, size.height + 2 * width);
    let color = if alpha_allowed { border.color } else { border.color.over(background) };
    extend(source, outer, (width, width), color, alpha_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixmap::Channels;

    #[test]
    fn it_is_outside_and_of_its_colour() {
        let picture = || Pixmap::new_u8(Size::new(1, 1), Channels::Grey, vec![9]);
        let (black, glass) = (Color { rgba: [0, 0, 0, 255] }, Color { rgba: [0, 0, 0, 128] });
        let out = border(picture(), Border { width: 1, color: black }, Color::WHITE, true);
        assert_eq!(out, Pixmap::new_u8(Size::new(3, 3), Channels::Grey, vec![0, 0, 0, 0, 9, 0, 0, 0, 0]));
        let out = border(picture(), Border { width: 1, color: glass }, Color::WHITE, false);
        assert_eq!(
            out,
            Pixmap::new_u8(Size::new(3, 3), Channels::Grey, vec![127, 127, 127, 127, 9, 127, 127, 127, 127])
        );
        assert_eq!(
            border(picture(), Border { width: 1, color: glass }, Color::WHITE, true).channels(),
            Channels::GreyAlpha
        );
        assert_eq!(border(picture(), Border { width: 0, color: glass }, Color::WHITE, true), picture());
    }
}
