//! Gaussian blur.

use super::weighted::{Planes, pixmap, planes};
use crate::pixmap::Pixmap;

/// Blurs a picture of 8 bits a sample with this standard deviation in pixels. Edges repeat their last pixel. Colours count by
/// their alpha.
pub fn blur(source: &Pixmap, sigma: f32) -> Pixmap {
    let mut all = planes(source);
    blur_planes(&mut all, sigma);
    pixmap(source, &all)
}

/// Blurs each plane.
pub(super) fn blur_planes(all: &mut Planes, sigma: f32) {
    let kernel = kernel(sigma);
    let mut rows = vec![0.0; all.width * all.height];
    for plane in &mut all.samples {
        for (to, from) in rows.chunks_exact_mut(all.width).zip(plane.chunks_exact(all.width)) {
            across(from, to, &kernel);
        }
        down(&rows, plane, all.width, &kernel);
    }
}

/// One half of the kernel, from its middle: sums to 1 with both halves.
fn kernel(sigma: f32) -> Vec<f32> {
    let reach = (sigma * 3.0).ceil().max(1.0) as usize;
    let mut half: Vec<f32> = (0..=reach).map(|x| (-0.5 * (x as f32 / sigma).powi(2)).exp()).collect();
    let sum = half[0] + 2.0 * half[1..].iter().sum::<f32>();
    half.iter_mut().for_each(|weight| *weight /= sum);
    half
}

fn across(from: &[f32], to: &mut [f32], kernel: &[f32]) {
    let last = from.len() - 1;
    for (x, to) in to.iter_mut().enumerate() {
        let mut sum = from[x] * kernel[0];
        for (reach, weight) in kernel.iter().enumerate().skip(1) {
            sum += weight * (from[x.saturating_sub(reach)] + from[(x + reach).min(last)]);
        }
        *to = sum;
    }
}

fn down(from: &[f32], to: &mut [f32], width: usize, kernel: &[f32]) {
    let last = from.len() / width - 1;
    let row = |y: usize| &from[y * width..][..width];
    for (y, to) in to.chunks_exact_mut(width).enumerate() {
        to.iter_mut().zip(row(y)).for_each(|(to, v)| *to = v * kernel[0]);
        for (reach, weight) in kernel.iter().enumerate().skip(1) {
            let (above, below) = (row(y.saturating_sub(reach)), row((y + reach).min(last)));
            to.iter_mut().zip(above.iter().zip(below)).for_each(|(to, (a, b))| *to += weight * (a + b));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixmap::{Channels, Samples};
    use crate::size::Size;

    fn samples(pixmap: &Pixmap) -> &[u8] {
        match pixmap.samples() {
            Samples::U8(samples) => samples,
            Samples::U16(_) => unreachable!(),
        }
    }

    #[test]
    fn a_point_becomes_a_bell() {
        let mut point = vec![0; 41 * 41];
        point[20 * 41 + 20] = 255;
        let out = blur(&Pixmap::new_u8(Size::new(41, 41), Channels::Grey, point), 1.0);
        let at = |x: usize, y: usize| samples(&out)[y * 41 + x];
        // 255 / (2 pi), and e^-1/2 of it beside.
        assert_eq!((at(20, 20), at(21, 20), at(20, 19), at(21, 21), at(26, 20)), (41, 25, 25, 15, 0));
    }

    #[test]
    fn one_colour_stays_itself_up_to_the_edges() {
        for sigma in [0.3, 2.0, 50.0] {
            let plain = Pixmap::new_u8(Size::new(7, 5), Channels::Rgba, [200, 30, 40, 255].repeat(35));
            assert_eq!(blur(&plain, sigma), plain, "{sigma}");
        }
    }

    #[test]
    fn what_is_transparent_gives_no_colour() {
        let half = [[200, 30, 40, 255], [0, 255, 0, 0]].concat().repeat(9);
        let out = blur(&Pixmap::new_u8(Size::new(18, 1), Channels::Rgba, half), 1.0);
        for pixel in samples(&out).chunks_exact(4) {
            assert_eq!(pixel[..3], [200, 30, 40]);
            assert!((60..=200).contains(&pixel[3]), "{pixel:?}");
        }
    }
}
