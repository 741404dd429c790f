//! Converts the samples of a row to pixels.

use super::colors::{Meaning, YCbCrRule};
use super::layout::Layout;
use super::samples::Row;
use super::survey::Survey;
use crate::codec::float;
use crate::codec::reduce::Reducer;
use crate::pixmap::Channels;

/// Makes pixels of rows and passes them to a reducer.
pub struct Painter<'a> {
    layout: &'a Layout,
    survey: &'a Survey,
    channels: Channels,
    /// The curve of L*a*b*, which is slow to compute.
    lab: Option<Lab>,
    /// Whether there was light brighter than white.
    pub bright: bool,
}

impl<'a> Painter<'a> {
    pub fn new(layout: &'a Layout, survey: &'a Survey) -> Self {
        let lab = matches!(layout.meaning, Meaning::Lab { .. }).then(Lab::new);
        Self { layout, survey, channels: layout.channels(), lab, bright: false }
    }

    /// Paints a row of the wanted samples: colours, then alpha.
    pub fn paint(&mut self, mut row: Row, to: &mut Reducer) {
        let alpha = self.layout.alpha;
        let n = self.layout.colors() + usize::from(alpha.is_some());
        if let (Some(range), Row::F32(v)) = (self.survey.range, &mut row) {
            for pixel in v.chunks_exact_mut(n) {
                let (colors, rest) = pixel.split_at_mut(self.layout.colors());
                colors.iter_mut().for_each(|v| *v = range.share(*v));
                rest.iter_mut().for_each(|v| *v /= self.survey.alpha.unwrap_or(1.0));
            }
        }
        let row = match &self.layout.meaning {
            Meaning::Grey { inverted: true } => invert(row, n),
            Meaning::Palette(colors) => look_up(&row, colors, n),
            Meaning::YCbCr(rule) => ycbcr(row, rule),
            Meaning::Lab { signed } => self.lab.as_ref().map_or(Row::U8(Vec::new()), |lab| lab.rgb(&row, *signed)),
            _ => row,
        };
        // Floating-point TIFFs are linear by convention, scientific ones too.
        let row = match row {
            // Values with a range of their own are data to look at, not light.
            Row::F32(v) if self.channels == Channels::Cmyk || self.survey.range.is_some() => {
                Row::U16(float::to_wide(&v))
            }
            Row::F32(v) => {
                self.bright |= v.iter().any(|&v| v > 1.0);
                Row::U16(float::to_srgb(&v, self.channels.count(), self.channels.has_alpha()))
            }
            row => row,
        };
        let row = if self.survey.opaque { opaque(row, self.channels.count()) } else { row };
        let is_premultiplied = alpha.is_some_and(|alpha| alpha.premultiplied);
        match row {
            Row::U8(mut v) => {
                if is_premultiplied {
                    divide(&mut v, self.channels.count(), 255, u64::from, |v| v as u8);
                }
                to.push(&v);
            }
            Row::U16(mut v) => {
                if is_premultiplied {
                    divide(&mut v, self.channels.count(), 65_535, u64::from, |v| v as u16);
                }
                to.push_wide(&v);
            }
            Row::F32(_) => {}
        }
    }
}

/// Exchanges black and white in the first of `n` samples.
fn invert(mut row: Row, n: usize) -> Row {
    match &mut row {
        Row::U8(v) => v.iter_mut().step_by(n).for_each(|v| *v = 255 - *v),
        Row::U16(v) => v.iter_mut().step_by(n).for_each(|v| *v = 65_535 - *v),
        Row::F32(v) => v.iter_mut().step_by(n).for_each(|v| *v = 1.0 - *v),
    }
    row
}

/// Makes the last of `n` samples opaque.
fn opaque(mut row: Row, n: usize) -> Row {
    match &mut row {
        Row::U8(v) => v.iter_mut().skip(n - 1).step_by(n).for_each(|v| *v = u8::MAX),
        Row::U16(v) => v.iter_mut().skip(n - 1).step_by(n).for_each(|v| *v = u16::MAX),
        Row::F32(v) => v.iter_mut().skip(n - 1).step_by(n).for_each(|v| *v = 1.0),
    }
    row
}

/// Looks up palette indices, with alpha if `n` is 2.
fn look_up(row: &Row, colors: &[[u8; 3]], n: usize) -> Row {
    let color = |i: usize| colors[i.min(colors.len() - 1)];
    match (row, n) {
        (Row::U8(v), 1) => Row::U8(v.iter().flat_map(|&i| color(usize::from(i))).collect()),
        (Row::U16(v), 1) => Row::U8(v.iter().flat_map(|&i| color(usize::from(i))).collect()),
        (Row::U8(v), _) => {
            // Alpha has as many bits as the indices.
            let top = (colors.len() - 1).max(1);
            let alpha = |a: u8| (usize::from(a) * 255 / top).min(255) as u8;
            let pixel = |p: &[u8]| {
                let [r, g, b] = color(usize::from(p[0]));
                [r, g, b, alpha(p[1])]
            };
            Row::U8(v.chunks_exact(2).flat_map(pixel).collect())
        }
        (Row::U16(v), _) => {
            let top = (colors.len() - 1).max(1);
            let pixel = |p: &[u16]| {
                let [r, g, b] = color(usize::from(p[0]));
                [r, g, b, (usize::from(p[1]) * 255 / top).min(255) as u8]
            };
            Row::U8(v.chunks_exact(2).flat_map(pixel).collect())
        }
        (Row::F32(_), _) => Row::U8(Vec::new()),
    }
}

/// TIFF 6.0, section 21.
fn ycbcr(row: Row, rule: &YCbCrRule) -> Row {
    let Row::U8(mut v) = row else { return row };
    let [red, green, blue] = rule.luma.map(|l| l as f32);
    let r = rule.reference.map(|r| r as f32);
    let (luma, cb_scale, cr_scale) = (255.0 / (r[1] - r[0]), 127.0 / (r[3] - r[2]), 127.0 / (r[5] - r[4]));
    for p in v.chunks_exact_mut(3) {
        let y = (f32::from(p[0]) - r[0]) * luma;
        let (cb, cr) = ((f32::from(p[1]) - r[2]) * cb_scale, (f32::from(p[2]) - r[4]) * cr_scale);
        let (r, b) = (y + cr * (2.0 - 2.0 * red), y + cb * (2.0 - 2.0 * blue));
        let g = (y - blue * b - red * r) / green;
        // A cast clamps.
        p.copy_from_slice(&[r, g, b].map(|c| (c + 0.5) as u8));
    }
    Row::U8(v)
}

/// Undoes premultiplied ("associated") alpha, the last of `n` samples.
fn divide<T: Copy>(v: &mut [T], n: usize, top: u64, wide: impl Fn(T) -> u64, narrow: impl Fn(u64) -> T) {
    for p in v.chunks_exact_mut(n) {
        let a = wide(p[n - 1]);
        for c in &mut p[..n - 1] {
            *c = narrow((wide(*c) * top + a / 2).checked_div(a).unwrap_or(0).min(top));
        }
    }
}

/// CIE L*a*b* of D50 to sRGB.
struct Lab {
    /// The encoding curve of sRGB in 4096 steps.
    encoded: Vec<u16>,
}

impl Lab {
    fn new() -> Self {
        let light: Vec<f32> = (0..=4096u16).map(|i| f32::from(i) / 4096.0).collect();
        Self { encoded: float::to_srgb(&light, 1, false) }
    }

    fn rgb(&self, row: &Row, signed: bool) -> Row {
        let pixel = |l: f32, a: f32, b: f32| self.pixel(l, a, b);
        Row::U16(match row {
            Row::U8(v) => {
                let ab = |v: u8| if signed { f32::from(v as i8) } else { f32::from(v) - 128.0 };
                v.chunks_exact(3).flat_map(|p| pixel(f32::from(p[0]) / 2.55, ab(p[1]), ab(p[2]))).collect()
            }
            Row::U16(v) => {
                let ab = |v: u16| if signed { f32::from(v as i16) / 256.0 } else { f32::from(v) / 256.0 - 128.0 };
                v.chunks_exact(3).flat_map(|p| pixel(f32::from(p[0]) / 655.35, ab(p[1]), ab(p[2]))).collect()
            }
            Row::F32(_) => Vec::new(),
        })
    }

    fn pixel(&self, l: f32, a: f32, b: f32) -> [u16; 3] {
        let y = (l + 16.0) / 116.0;
        let cube = |t: f32| if t > 6.0 / 29.0 { t * t * t } else { (t - 4.0 / 29.0) * 3.0 * (6.0f32 / 29.0).powi(2) };
        let (x, y, z) = (0.964_22 * cube(y + a / 500.0), cube(y), 0.825_21 * cube(y - b / 200.0));
        // XYZ of D50 to linear sRGB, adapted by Bradford (Lindbloom).
        let rgb = [
            3.133_856 * x - 1.616_867 * y - 0.490_615 * z,
            -0.978_768 * x + 1.916_142 * y + 0.033_454 * z,
            0.071_945 * x - 0.228_991 * y + 1.405_243 * z,
        ];
        rgb.map(|light| {
            let at = light.clamp(0.0, 1.0) * 4096.0;
            let (low, share) = (at as usize, at.fract());
            let high = self.encoded[(low + 1).min(4096)];
            let low = self.encoded[low];
            (f32::from(low) + (f32::from(high) - f32::from(low)) * share + 0.5) as u16
        })
    }
}
