//! Tells photographs from graphics, so that formats that cannot win are not tried.

use crate::pixmap::{Pixmap, Samples};

/// What pixels look like to encoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Few colours in flat areas: a drawing, a diagram, text.
    Graphic,
    /// Both, as in a screenshot with photographs, or something in between.
    Mixed,
    /// Hardly two equal pixels beside each other.
    Photograph,
}

/// Colours of a palette.
const FEW: usize = 256;

/// Up to this share of flat pixels, a picture is a photograph; from the other one on, few colours are a graphic.
const FLAT: (f64, f64) = (0.2, 0.5);

/// Looks once at each pixel, its left neighbour and the one above.
pub(super) fn kind(pixmap: &Pixmap) -> Kind {
    let Samples::U8(samples) = pixmap.samples() else { return Kind::Mixed };
    let count = pixmap.channels().count();
    let width = pixmap.size().width as usize;
    let (mut flat, mut compared) = (0_u64, 0_u64);
    let mut colors = Colors::default();
    let mut above: Vec<u32> = Vec::new();
    let mut row: Vec<u32> = Vec::new();
    for samples in samples.chunks_exact(width * count) {
        row.clear();
        row.extend(samples.chunks_exact(count).map(|p| p.iter().fold(0, |color, &v| color << 8 | u32::from(v))));
        let mut last = None;
        for &color in &row {
            if last != Some(color) {
                colors.add(color);
            }
            last = Some(color);
        }
        if !above.is_empty() {
            compared += row.len() as u64 - 1;
            let pairs = row.windows(2).zip(&above[1..]);
            flat += pairs.filter(|(pair, above)| pair[1] == pair[0] && pair[1] == **above).count() as u64;
        }
        std::mem::swap(&mut row, &mut above);
    }
    let share = if compared == 0 { 1.0 } else { flat as f64 / compared as f64 };
    match share {
        share if share < FLAT.0 => Kind::Photograph,
        share if share >= FLAT.1 && colors.count <= FEW => Kind::Graphic,
        _ => Kind::Mixed,
    }
}

/// Counts colours up to one more than [`FEW`].
struct Colors {
    /// Colours by a hash of them, each with a bit above that marks the slot as taken.
    slots: [u64; 1024],
    count: usize,
}

impl Default for Colors {
    fn default() -> Self {
        Self { slots: [0; 1024], count: 0 }
    }
}

impl Colors {
    fn add(&mut self, color: u32) {
        if self.count > FEW {
            return;
        }
        let taken = u64::from(color) | 1 << 32;
        let mut at = (color.wrapping_mul(0x9e37_79b1) >> 22) as usize;
        while self.slots[at] != 0 {
            if self.slots[at] == taken {
                return;
            }
            at = (at + 1) % self.slots.len();
        }
        self.slots[at] = taken;
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixmap::Channels;
    use crate::size::Size;

    fn of(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Pixmap {
        let samples =
            (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
        Pixmap::new_u8(Size::new(width, height), Channels::Rgb, samples)
    }

    /// Noise of some levels on a slope, as a sensor gives it.
    fn photograph(x: u32, y: u32) -> [u8; 3] {
        let noise = (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0xc2b2_ae35) >> 24;
        let v = (x / 2 + y / 3 + noise % 12) as u8;
        [v, v / 2 + (noise % 5) as u8, 255 - v]
    }

    /// Boxes and lines.
    fn drawing(x: u32, y: u32) -> [u8; 3] {
        match (x / 23 % 3, y / 17 % 4) {
            (1, 2) => [200, 30, 30],
            (_, 3) if y.is_multiple_of(17) => [0, 0, 0],
            _ => [250, 250, 245],
        }
    }

    #[test]
    fn photographs_and_graphics() {
        assert_eq!(kind(&of(200, 150, photograph)), Kind::Photograph);
        assert_eq!(kind(&of(200, 150, drawing)), Kind::Graphic);
    }

    #[test]
    fn a_screenshot_with_a_photograph_is_both() {
        let mixed = |x, y| if x < 60 && y < 60 { photograph(x, y) } else { drawing(x, y) };
        assert_eq!(kind(&of(200, 150, mixed)), Kind::Mixed);
    }

    #[test]
    fn grey_photographs_are_no_graphics_although_they_have_few_colours() {
        let samples = (0..200 * 150).map(|i| photograph(i % 200, i / 200)[0]).collect();
        assert_eq!(kind(&Pixmap::new_u8(Size::new(200, 150), Channels::Grey, samples)), Kind::Photograph);
    }

    #[test]
    fn single_pixels_and_rows_have_a_kind() {
        assert_eq!(kind(&of(1, 1, drawing)), Kind::Graphic);
        assert_eq!(kind(&of(200, 1, photograph)), Kind::Graphic, "a palette holds it");
    }

    #[test]
    fn colours_are_counted_once() {
        let mut colors = Colors::default();
        for round in 0..3 {
            (0..200).for_each(|i| colors.add(i * 7919));
            assert_eq!(colors.count, 200, "round {round}");
        }
        (0..10_000).for_each(|i| colors.add(i));
        assert_eq!(colors.count, FEW + 1);
    }
}
