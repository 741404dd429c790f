//! Lays a picture over another.

use std::sync::Arc;

use super::extend::converted;
use super::resize::{ResizeError, resize};
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::recipe::{Filter, Watermark};
use crate::size::{Region, Size};

/// The distance from the edges, as a part of the shorter side.
const MARGIN: f64 = 1.0 / 40.0;

/// Lays the watermark over sRGB pixels of 8 bits a sample, with a margin of a fortieth of the shorter side.
///
/// # Errors
/// [`ResizeError`].
pub fn watermark(source: Pixmap, mark: &Watermark) -> Result<Pixmap, ResizeError> {
    let size = source.size();
    let over = sized(mark, size)?;
    let Samples::U8(marks) = over.samples() else { unreachable!("8 bits a sample") };
    let is_grey = marks.chunks_exact(4).all(|p| p[3] == 0 || (p[0] == p[1] && p[1] == p[2]));
    let channels = match source.channels() {
        Channels::Grey if !is_grey => Channels::Rgb,
        Channels::GreyAlpha if !is_grey => Channels::Rgba,
        channels => channels,
    };
    let mut source = converted(source, channels);
    let (left, top) = place(size, over.size(), mark);
    let (n, width) = (channels.count(), over.size().width as usize);
    let Samples::U8(samples) = source.samples_mut() else { unreachable!("8 bits a sample") };
    let rows = samples.chunks_exact_mut(size.width as usize * n).skip(top as usize);
    for (row, marks) in rows.zip(marks.chunks_exact(width * 4)) {
        for (pixel, over) in row[left as usize * n..].chunks_exact_mut(n).zip(marks.chunks_exact(4)) {
            blend(pixel, over, mark.opacity, channels.has_alpha());
        }
    }
    Ok(source)
}

/// The watermark, red, green, blue and alpha, for an output of this size.
fn sized(mark: &Watermark, output: Size) -> Result<Arc<Pixmap>, ResizeError> {
    let own = mark.pixels().size();
    let most = |side: u32, own: u32| f64::from(side) * mark.scale / f64::from(own);
    let scale = most(output.width, own.width).min(most(output.height, own.height)).min(1.0);
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let to = Size::new(side(own.width), side(own.height));
    if let Some(kept) = mark.kept(to) {
        return Ok(kept);
    }
    let small = resize(mark.pixels(), Region::whole(own), to, Filter::Lanczos3)?;
    let small = Arc::new(converted(small, Channels::Rgba));
    mark.keep(Arc::clone(&small));
    Ok(small)
}

/// The upper left corner of the watermark.
fn place(size: Size, own: Size, mark: &Watermark) -> (u32, u32) {
    let margin = (f64::from(size.width.min(size.height)) * MARGIN).round();
    let (across, down) = mark.gravity.shares();
    let at = |all: u32, own: u32, share: f64| {
        let free = f64::from(all.saturating_sub(own));
        let margin = margin.min(free / 2.0);
        (margin + (free - 2.0 * margin) * share).floor() as u32
    };
    (at(size.width, own.width, across), at(size.height, own.height, down))
}

/// `over` on `pixel`, as in Porter and Duff, "Compositing Digital Images" (1984).
fn blend(pixel: &mut [u8], over: &[u8], opacity: f32, has_alpha: bool) {
    let colors = pixel.len() - usize::from(has_alpha);
    let above = f32::from(over[3]) / 255.0 * opacity;
    let below = if has_alpha { f32::from(pixel[colors]) / 255.0 } else { 1.0 } * (1.0 - above);
    let alpha = above + below;
    if above <= 0.0 || alpha <= 0.0 {
        return;
    }
    for (v, over) in pixel[..colors].iter_mut().zip(over) {
        *v = ((f32::from(*over) * above + f32::from(*v) * below) / alpha + 0.5) as u8;
    }
    if has_alpha {
        pixel[colors] = (alpha * 255.0 + 0.5) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Gravity;

    fn grey(size: Size, value: u8) -> Pixmap {
        Pixmap::new_u8(size, Channels::Grey, vec![value; size.pixels() as usize])
    }

    fn at(out: &Pixmap, x: u32, y: u32) -> Vec<u8> {
        let (Samples::U8(v), n) = (out.samples(), out.channels().count()) else { unreachable!() };
        v[(y * out.size().width + x) as usize * n..][..n].to_vec()
    }

    #[test]
    fn it_is_where_its_gravity_says_and_as_opaque_as_it_should_be() {
        let (size, white) = (Size::new(80, 40), Pixmap::new_u8(Size::new(10, 10), Channels::Rgb, vec![255; 300]));
        let mut mark = Watermark::new(white);
        let out = watermark(grey(size, 55), &mark).unwrap();
        assert_eq!(out.channels(), Channels::Grey, "white on grey is grey");
        // 10 pixels, a quarter of the height, and a margin of one.
        assert_eq!(
            [at(&out, 69, 29), at(&out, 78, 38), at(&out, 68, 29), at(&out, 79, 39)],
            [[155], [155], [55], [55]]
        );
        (mark.gravity, mark.opacity) = (Gravity::NorthWest, 1.0);
        let out = watermark(grey(size, 55), &mark).unwrap();
        assert_eq!([at(&out, 1, 1), at(&out, 10, 10), at(&out, 0, 0), at(&out, 11, 11)], [[255], [255], [55], [55]]);
        (mark.gravity, mark.scale) = (Gravity::Center, 0.125);
        let out = watermark(grey(size, 55), &mark).unwrap();
        assert_eq!(
            [at(&out, 37, 17), at(&out, 41, 21), at(&out, 36, 17), at(&out, 42, 21)],
            [[255], [255], [55], [55]]
        );
    }

    #[test]
    fn colours_and_alpha_are_those_of_both() {
        let red = Pixmap::new_u8(Size::new(1, 1), Channels::Rgba, vec![255, 0, 0, 128]);
        let mut mark = Watermark::new(red);
        mark.opacity = 1.0;
        let out = watermark(grey(Size::new(4, 4), 100), &mark).unwrap();
        assert_eq!((out.channels(), at(&out, 3, 3)), (Channels::Rgb, vec![178, 50, 50]));
        let clear = Pixmap::new_u8(Size::new(4, 4), Channels::Rgba, [0, 255, 0, 0].repeat(16));
        let out = watermark(clear, &mark).unwrap();
        assert_eq!((at(&out, 3, 3), at(&out, 0, 0)), (vec![255, 0, 0, 128], vec![0, 255, 0, 0]));
    }

    #[test]
    fn any_size_of_picture_holds_it() {
        let mark = Watermark::new(grey(Size::new(300, 200), 9));
        for (width, height) in [(1, 1), (1, 500), (500, 1), (2, 3)] {
            assert_eq!(watermark(grey(Size::new(width, height), 0), &mark).unwrap().size(), Size::new(width, height));
        }
    }
}
