//! How a picture looks, in 64 bits that are about the same for the same picture at another size, quality or format.
//!
//! The DCT hash of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), 3.2.1: luma at
//! 32x32, its DCT-II, of that the 8x8 lowest frequencies without those that are constant along a row or a column, and for each
//! a bit that says whether it is above their median.

use std::sync::LazyLock;

use super::aim::Input;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::size::Size;

/// The side to which luma is reduced.
const SIDE: usize = 32;
/// Frequencies along a side.
const KEPT: usize = 8;
/// The least root mean square of the kept frequencies. Below it, in flat areas and plain gradients, they are noise: errors
/// of half a level in each pixel give 0.3.
const LEAST: f32 = 4.0;

/// The hash of finished pixels or planes. None of pictures without structure.
pub(super) fn look(input: Input<'_>) -> Option<u64> {
    match input {
        Input::Planes(planes) => hash(&reduced(planes.size, &planes.planes[0])),
        Input::Pixels(pixmap, _) => hash(&reduced(pixmap.size(), &luma(pixmap)?)),
    }
}

/// Luma as JPEG has it; transparent pixels over white.
fn luma(pixmap: &Pixmap) -> Option<Vec<u8>> {
    let Samples::U8(samples) = pixmap.samples() else { return None };
    let rgb = |r: u8, g: u8, b: u8| ((u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114 + 500) / 1000) as u8;
    let over =
        |y: u8, alpha: u8| ((u32::from(y) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255) as u8;
    let pixels = samples.chunks_exact(pixmap.channels().count());
    Some(match pixmap.channels() {
        Channels::Grey => samples.clone(),
        Channels::GreyAlpha => pixels.map(|p| over(p[0], p[1])).collect(),
        Channels::Rgb => pixels.map(|p| rgb(p[0], p[1], p[2])).collect(),
        Channels::Rgba => pixels.map(|p| over(rgb(p[0], p[1], p[2]), p[3])).collect(),
        Channels::Cmyk => {
            let ink = |ink: u8, black: u8| ((255 - u32::from(ink)) * (255 - u32::from(black)) / 255) as u8;
            pixels.map(|p| rgb(ink(p[0], p[3]), ink(p[1], p[3]), ink(p[2], p[3]))).collect()
        }
    })
}

/// Means over the areas of 32x32 cells.
fn reduced(size: Size, luma: &[u8]) -> [[f32; SIDE]; SIDE] {
    let (width, height) = (size.width as usize, size.height as usize);
    let (columns, rows) = (Cells::new(width), Cells::new(height));
    let mut cells = [[0.0; SIDE]; SIDE];
    for (y, row) in luma.chunks_exact(width).enumerate() {
        let mut sums = [0.0; SIDE];
        for (x, &value) in row.iter().enumerate() {
            columns.spread(x, |cell, part| sums[cell] += part * f32::from(value));
        }
        rows.spread(y, |cell, part| cells[cell].iter_mut().zip(&sums).for_each(|(to, sum)| *to += part * sum));
    }
    let area = (width * height) as f32 / (SIDE * SIDE) as f32;
    cells.iter_mut().flatten().for_each(|cell| *cell /= area);
    cells
}

/// Where the pixels of a side fall.
struct Cells {
    /// Pixels in a cell.
    pixels: f32,
}

impl Cells {
    fn new(length: usize) -> Self {
        Self { pixels: length as f32 / SIDE as f32 }
    }

    /// Calls `give` with the cells that this pixel touches, and the part of it in each.
    fn spread(&self, at: usize, mut give: impl FnMut(usize, f32)) {
        let (begin, end) = (at as f32, (at + 1) as f32);
        let mut cell = ((begin / self.pixels) as usize).min(SIDE - 1);
        while cell < SIDE {
            let edge = if cell == SIDE - 1 { end } else { (cell + 1) as f32 * self.pixels };
            let from = begin.max(cell as f32 * self.pixels);
            if end.min(edge) > from {
                give(cell, end.min(edge) - from);
            }
            if edge >= end {
                return;
            }
            cell += 1;
        }
    }
}

/// Rows of the orthonormal DCT-II, for the frequencies 1 to 8.
static BASIS: LazyLock<[[f32; SIDE]; KEPT]> = LazyLock::new(|| {
    let scale = (2.0 / SIDE as f64).sqrt();
    std::array::from_fn(|k| {
        let frequency = (k + 1) as f64 * std::f64::consts::PI / SIDE as f64;
        std::array::from_fn(|x| (scale * ((x as f64 + 0.5) * frequency).cos()) as f32)
    })
});

fn hash(cells: &[[f32; SIDE]; SIDE]) -> Option<u64> {
    let dot = |a: &[f32; SIDE], b: &[f32; SIDE]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let mut kept = [0.0; KEPT * KEPT];
    for (u, across) in BASIS.iter().enumerate() {
        let column: [f32; SIDE] = std::array::from_fn(|y| dot(&cells[y], across));
        for (v, down) in BASIS.iter().enumerate() {
            kept[v * KEPT + u] = dot(&column, down);
        }
    }
    if (kept.iter().map(|value| value * value).sum::<f32>() / kept.len() as f32).sqrt() < LEAST {
        return None;
    }
    let mut sorted = kept;
    sorted.sort_by(f32::total_cmp);
    let median = (sorted[31] + sorted[32]) / 2.0;
    Some(kept.iter().fold(0, |bits, value| bits << 1 | u64::from(*value > median)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of blobs, from formulas, so that it exists at any size.
    fn scene(size: Size, seed: f32) -> Vec<u8> {
        let at = |x: f32, y: f32| {
            let wave =
                (x * (5.0 + seed) + y * 3.0).sin() + (y * (7.0 - seed) - x * 2.0).cos() * (x * y * 9.0 + seed).sin();
            (128.0 + 60.0 * wave).clamp(0.0, 255.0) as u8
        };
        let (width, height) = (size.width as f32, size.height as f32);
        let pixels = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x as f32, y as f32)));
        pixels.map(|(x, y)| at((x + 0.5) / width, (y + 0.5) / height)).collect()
    }

    fn of(size: Size, luma: &[u8]) -> Option<u64> {
        hash(&reduced(size, luma))
    }

    #[test]
    fn cells_are_means() {
        for (width, height) in [(32, 32), (96, 64), (7, 100), (33, 1), (1, 1)] {
            let size = Size::new(width, height);
            let luma = vec![200; (width * height) as usize];
            for cell in reduced(size, &luma).as_flattened() {
                assert!((cell - 200.0).abs() < 0.01, "{size}: {cell}");
            }
        }
        let luma: Vec<u8> = (0..64).map(|x| x * 2).collect();
        let cells = reduced(Size::new(64, 1), &luma);
        assert!((cells[0][0] - 1.0).abs() < 0.01 && (cells[31][31] - 125.0).abs() < 0.01);
    }

    #[test]
    fn another_size_looks_alike_and_another_picture_does_not() {
        let base = of(Size::new(256, 171), &scene(Size::new(256, 171), 0.5)).unwrap();
        for (width, height) in [(64, 43), (100, 67), (640, 427)] {
            let other = of(Size::new(width, height), &scene(Size::new(width, height), 0.5)).unwrap();
            assert!((base ^ other).count_ones() <= 3, "{width}x{height}: {}", (base ^ other).count_ones());
        }
        for seed in [2.0, 4.0, 6.0] {
            let other = of(Size::new(256, 171), &scene(Size::new(256, 171), seed)).unwrap();
            assert!((base ^ other).count_ones() > 10, "{seed}: {}", (base ^ other).count_ones());
        }
    }

    #[test]
    fn pictures_without_structure_have_no_look() {
        assert_eq!(of(Size::new(100, 100), &[77; 10_000]), None);
        let ramp: Vec<u8> = (0..10_000).map(|i| (i % 100 * 2) as u8).collect();
        assert_eq!(of(Size::new(100, 100), &ramp), None);
    }

    #[test]
    fn all_channels_give_luma() {
        let size = Size::new(2, 1);
        for (channels, samples, want) in [
            (Channels::Grey, vec![10, 200], [10, 200]),
            (Channels::GreyAlpha, vec![10, 255, 10, 0], [10, 255]),
            (Channels::Rgb, vec![255, 0, 0, 0, 0, 255], [76, 29]),
            (Channels::Rgba, vec![255, 0, 0, 255, 9, 9, 9, 0], [76, 255]),
            (Channels::Cmyk, vec![0, 0, 0, 0, 0, 0, 0, 255], [255, 0]),
        ] {
            assert_eq!(luma(&Pixmap::new_u8(size, channels, samples)), Some(want.to_vec()), "{channels:?}");
        }
    }
}
