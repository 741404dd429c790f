//! Makes pixels of samples: repeats subsampled components like libjpeg, converts colours, and
//! scales depths.

use super::super::frame::{ColorSpace, Frame};
use super::lines::Lines;

/// Makes the pixels of a row.
#[derive(Debug)]
pub(super) struct Painter {
    color: ColorSpace,
    inverted: bool,
    /// The largest stored sample, and the largest output sample.
    max: u32,
    top: u32,
    h_max: usize,
    v_max: u32,
    pixels: Vec<u16>,
}

impl Painter {
    pub fn new(frame: &Frame, color: ColorSpace, inverted: bool) -> Painter {
        Painter {
            color,
            inverted,
            max: (1 << frame.precision) - 1,
            top: if frame.is_wide() { 65_535 } else { 255 },
            h_max: frame.h_max() as usize,
            v_max: frame.v_max(),
            pixels: vec![0; frame.width as usize * frame.components.len()],
        }
    }

    /// The pixels of row `y`, which must be in `lines`.
    pub fn pixels(&mut self, lines: &[Lines], y: u32) -> &[u16] {
        let count = lines.len();
        for (i, lines) in lines.iter().enumerate() {
            let c = &lines.component;
            let line = (y % self.v_max * u32::from(c.v) / self.v_max) as usize;
            let samples = &lines.samples[(line + 1) * lines.pitch..][..lines.pitch];
            let (h, low) = (usize::from(c.h), lines.low);
            let to = self.pixels.iter_mut().skip(i).step_by(count);
            if h == self.h_max {
                to.zip(samples).for_each(|(to, &sample)| *to = sample << low);
            } else {
                to.enumerate().for_each(|(x, to)| *to = samples[x * h / self.h_max] << low);
            }
        }
        self.convert();
        if self.max != self.top {
            let (max, top) = (self.max, self.top);
            self.pixels.iter_mut().for_each(|sample| *sample = ((u32::from(*sample) * top + max / 2) / max) as u16);
        }
        &self.pixels
    }

    fn convert(&mut self) {
        let (max, inverted) = (self.max, self.inverted);
        let flip = |sample: u16, is_ink: bool| if is_ink == inverted { max as u16 - sample } else { sample };
        match self.color {
            ColorSpace::Grey | ColorSpace::Rgb | ColorSpace::Unknown => {}
            ColorSpace::YCbCr => self.pixels.chunks_exact_mut(3).for_each(|pixel| rgb(pixel, max)),
            ColorSpace::Cmyk => self.pixels.iter_mut().for_each(|sample| *sample = flip(*sample, true)),
            // libjpeg's CMY is the complement of RGB, so inverted it is RGB.
            ColorSpace::Ycck => self.pixels.chunks_exact_mut(4).for_each(|pixel| {
                rgb(&mut pixel[..3], max);
                pixel[..3].iter_mut().for_each(|sample| *sample = flip(*sample, false));
                pixel[3] = flip(pixel[3], true);
            }),
        }
    }
}

/// The conversion of JFIF, for samples up to `max`.
fn rgb(pixel: &mut [u16], max: u32) {
    let &mut [y, cb, cr] = pixel else { return };
    let half = i64::from(max / 2 + 1);
    // 14 fractional bits.
    let (y, cb, cr) = ((i64::from(y) << 14) + (1 << 13), i64::from(cb) - half, i64::from(cr) - half);
    let clamp = |v: i64| (v >> 14).clamp(0, max.into()) as u16;
    pixel.copy_from_slice(&[clamp(y + 22_970 * cr), clamp(y - 5638 * cb - 11_700 * cr), clamp(y + 29_032 * cb)]);
}
