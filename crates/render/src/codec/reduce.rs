//! Averages rows by an integer factor as they arrive. Colours are weighted by their alpha.

use super::Need;
use crate::pixmap::{Channels, Pixmap, Samples};
use crate::size::Size;

/// The averaged picture is at least this much larger than the final resize needs.
const HEADROOM: f64 = 2.0;

/// The largest factor that leaves enough for `need`; 1 if all pixels are wanted.
pub fn factor(full: Size, need: Option<Need>) -> u32 {
    let Some(need) = need else { return 1 };
    let x = f64::from(full.width) / (need.width * HEADROOM);
    let y = f64::from(full.height) / (need.height * HEADROOM);
    (x.min(y).floor() as u32).clamp(1, 1024)
}

/// The size of a picture averaged by `factor`.
pub fn size(full: Size, factor: u32) -> Size {
    Size::new(full.width.div_ceil(factor), full.height.div_ceil(factor))
}

/// Averages a decoded picture. This costs less time than the final resize saves.
pub fn pixmap(pixmap: Pixmap, factor: u32) -> Pixmap {
    if factor <= 1 {
        return pixmap;
    }
    let (full, channels) = (pixmap.size(), pixmap.channels());
    let row = full.width as usize * channels.count();
    let samples = match pixmap.samples() {
        Samples::U8(v) => {
            let mut reducer = Reducer::new(full, channels, factor, false);
            v.chunks_exact(row).for_each(|row| reducer.push(row));
            reducer.finish()
        }
        Samples::U16(v) => {
            let mut reducer = Reducer::new(full, channels, factor, true);
            v.chunks_exact(row).for_each(|row| reducer.push_wide(row));
            reducer.finish()
        }
    };
    Pixmap::new(size(full, factor), channels, samples)
}

/// Takes rows and produces the reduced picture of ceil(width / factor) by ceil(height / factor)
/// pixels. The last column and row average the pixels that exist.
pub struct Reducer {
    size: Size,
    channels: Channels,
    factor: u32,
    /// Column sums over the rows since the last finished row: sums of samples or, with alpha, of
    /// colours times alpha and of alpha times the largest alpha.
    sums: Sums,
    /// The number of rows in `sums`.
    rows: u32,
    out: Samples,
    wanted: usize,
}

enum Sums {
    /// 8-bit samples, up to 257 rows.
    Small(Vec<u16>),
    Medium(Vec<u32>),
    Large(Vec<u64>),
}

impl Reducer {
    /// Makes a reducer for a picture of `size`; `wide` for 16-bit samples. `factor` is at most
    /// 1024.
    pub fn new(size: Size, channels: Channels, factor: u32, wide: bool) -> Self {
        let factor = factor.clamp(1, 1024);
        let columns = size.width as usize * channels.count();
        let wanted = size.width.div_ceil(factor) as usize * size.height.div_ceil(factor) as usize * channels.count();
        let sums = match (factor, wide, channels.has_alpha()) {
            (1, ..) => Sums::Small(Vec::new()),
            (_, false, false) if factor <= 257 => Sums::Small(vec![0; columns]),
            // 1024 rows of 255 * 255 or of 65535 fit 32 bits.
            (_, false, _) | (_, true, false) => Sums::Medium(vec![0; columns]),
            (_, true, true) => Sums::Large(vec![0; columns]),
        };
        let out = if wide { Samples::U16(Vec::with_capacity(wanted)) } else { Samples::U8(Vec::with_capacity(wanted)) };
        Self { size, channels, factor, sums, rows: 0, out, wanted }
    }

    /// Adds the next row of 8-bit samples.
    pub fn push(&mut self, row: &[u8]) {
        if self.factor == 1 {
            if let Samples::U8(out) = &mut self.out {
                out.extend_from_slice(row);
            }
            return;
        }
        match &mut self.sums {
            Sums::Small(sums) => add(sums, row, u16::from),
            Sums::Medium(sums) => match self.channels {
                Channels::Rgba => add_weighted::<4, _>(sums, row, u32::from, 255),
                Channels::GreyAlpha => add_weighted::<2, _>(sums, row, u32::from, 255),
                _ => add(sums, row, u32::from),
            },
            Sums::Large(_) => {}
        }
        self.row_done();
    }

    /// Adds the next row of 16-bit samples.
    pub fn push_wide(&mut self, row: &[u16]) {
        if self.factor == 1 {
            if let Samples::U16(out) = &mut self.out {
                out.extend_from_slice(row);
            }
            return;
        }
        match &mut self.sums {
            Sums::Medium(sums) => add(sums, row, u32::from),
            Sums::Large(sums) => match self.channels {
                Channels::Rgba => add_weighted_wide::<4>(sums, row),
                _ => add_weighted_wide::<2>(sums, row),
            },
            Sums::Small(_) => {}
        }
        self.row_done();
    }

    fn row_done(&mut self) {
        self.rows += 1;
        if self.rows == self.factor {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.rows == 0 {
            return;
        }
        let block = (self.factor as usize, u64::from(self.rows));
        match (&mut self.sums, &mut self.out) {
            (Sums::Small(sums), Samples::U8(out)) => match self.channels.count() {
                1 => means::<1, _, _>(sums, out, block, u64::from, |v| v as u8),
                3 => means::<3, _, _>(sums, out, block, u64::from, |v| v as u8),
                _ => means::<4, _, _>(sums, out, block, u64::from, |v| v as u8),
            },
            (Sums::Medium(sums), Samples::U8(out)) => match self.channels {
                Channels::Grey => means::<1, _, _>(sums, out, block, u64::from, |v| v as u8),
                Channels::Rgb => means::<3, _, _>(sums, out, block, u64::from, |v| v as u8),
                Channels::Cmyk => means::<4, _, _>(sums, out, block, u64::from, |v| v as u8),
                Channels::GreyAlpha => weighted::<2, _, _>(sums, out, block, 255, u64::from, |v| v as u8),
                Channels::Rgba => weighted::<4, _, _>(sums, out, block, 255, u64::from, |v| v as u8),
            },
            (Sums::Medium(sums), Samples::U16(out)) => match self.channels.count() {
                1 => means::<1, _, _>(sums, out, block, u64::from, |v| v as u16),
                3 => means::<3, _, _>(sums, out, block, u64::from, |v| v as u16),
                _ => means::<4, _, _>(sums, out, block, u64::from, |v| v as u16),
            },
            (Sums::Large(sums), Samples::U16(out)) => match self.channels {
                Channels::GreyAlpha => weighted::<2, _, _>(sums, out, block, 65_535, |s| s, |v| v as u16),
                _ => weighted::<4, _, _>(sums, out, block, 65_535, |s| s, |v| v as u16),
            },
            _ => {}
        }
        self.rows = 0;
    }

    /// The reduced picture. Rows that never arrived are grey, or transparent.
    pub fn finish(mut self) -> Samples {
        self.flush();
        let alpha = self.channels.has_alpha();
        debug_assert!(self.size.pixels() > 0);
        match &mut self.out {
            Samples::U8(out) => out.resize(self.wanted, if alpha { 0 } else { 128 }),
            Samples::U16(out) => out.resize(self.wanted, if alpha { 0 } else { 32_896 }),
        }
        self.out
    }
}

fn add<S: Copy, T: Copy + std::ops::AddAssign>(sums: &mut [T], row: &[S], widen: impl Fn(S) -> T) {
    for (sum, &sample) in sums.iter_mut().zip(row) {
        *sum += widen(sample);
    }
}

fn add_weighted<const N: usize, S: Copy>(sums: &mut [u32], row: &[S], widen: impl Fn(S) -> u32, max: u32) {
    for (sum, pixel) in sums.chunks_exact_mut(N).zip(row.chunks_exact(N)) {
        let alpha = widen(pixel[N - 1]);
        for c in 0..N - 1 {
            sum[c] += widen(pixel[c]) * alpha;
        }
        sum[N - 1] += alpha * max;
    }
}

fn add_weighted_wide<const N: usize>(sums: &mut [u64], row: &[u16]) {
    for (sum, pixel) in sums.chunks_exact_mut(N).zip(row.chunks_exact(N)) {
        let alpha = u64::from(pixel[N - 1]);
        for c in 0..N - 1 {
            sum[c] += u64::from(pixel[c]) * alpha;
        }
        sum[N - 1] += alpha * 65_535;
    }
}

/// Appends the means over blocks of `block.0` columns and `block.1` rows, and clears the sums.
fn means<const N: usize, T: Copy + Default, O>(
    sums: &mut [T],
    out: &mut Vec<O>,
    block: (usize, u64),
    wide: impl Fn(T) -> u64,
    narrow: impl Fn(u64) -> O,
) {
    for columns in sums.chunks(N * block.0) {
        let mut total = [0u64; N];
        for pixel in columns.chunks_exact(N) {
            for c in 0..N {
                total[c] += wide(pixel[c]);
            }
        }
        let count = (columns.len() / N) as u64 * block.1;
        out.extend(total.map(|t| narrow((t + count / 2) / count)));
    }
    sums.fill(T::default());
}

/// Like [`means`], for sums of colours weighted by alpha.
fn weighted<const N: usize, T: Copy + Default, O>(
    sums: &mut [T],
    out: &mut Vec<O>,
    block: (usize, u64),
    max: u64,
    wide: impl Fn(T) -> u64,
    narrow: impl Fn(u64) -> O,
) {
    for columns in sums.chunks(N * block.0) {
        let mut total = [0u64; N];
        for pixel in columns.chunks_exact(N) {
            for c in 0..N {
                total[c] += wide(pixel[c]);
            }
        }
        let count = (columns.len() / N) as u64 * block.1 * max;
        // The last sum is of alpha times `max`.
        let alpha = total[N - 1] / max;
        for &color in &total[..N - 1] {
            out.push(narrow((color + alpha / 2).checked_div(alpha).unwrap_or(0)));
        }
        out.push(narrow((total[N - 1] + count / 2) / count));
    }
    sums.fill(T::default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_average_the_pixels_that_exist() {
        let mut r = Reducer::new(Size::new(3, 3), Channels::Grey, 2, false);
        for row in [[0, 10, 100], [20, 30, 200], [5, 7, 9]] {
            r.push(&row);
        }
        assert_eq!(r.finish(), Samples::U8(vec![15, 150, 6, 9]));
    }

    #[test]
    fn transparent_pixels_have_no_color() {
        let mut r = Reducer::new(Size::new(2, 1), Channels::Rgba, 2, false);
        r.push(&[200, 100, 0, 255, 0, 0, 255, 0]);
        assert_eq!(r.finish(), Samples::U8(vec![200, 100, 0, 128]));
        let mut r = Reducer::new(Size::new(2, 1), Channels::GreyAlpha, 2, true);
        r.push_wide(&[60_000, 65_535, 0, 0]);
        assert_eq!(r.finish(), Samples::U16(vec![60_000, 32_768]));
    }

    #[test]
    fn the_largest_sums_fit() {
        for (factor, channels) in [(257, Channels::Rgb), (1024, Channels::Rgb), (1024, Channels::Rgba)] {
            let size = Size::new(factor, factor);
            let n = channels.count();
            let mut r = Reducer::new(size, channels, factor, false);
            let row = vec![255; factor as usize * n];
            let mut w = Reducer::new(size, channels, factor, true);
            let wide = vec![65_535; factor as usize * n];
            for _ in 0..factor {
                r.push(&row);
                w.push_wide(&wide);
            }
            assert_eq!(r.finish(), Samples::U8(vec![255; n]));
            assert_eq!(w.finish(), Samples::U16(vec![65_535; n]));
        }
    }

    #[test]
    fn missing_rows_are_filled() {
        let mut r = Reducer::new(Size::new(2, 3), Channels::Grey, 1, false);
        r.push(&[1, 2]);
        assert_eq!(r.finish(), Samples::U8(vec![1, 2, 128, 128, 128, 128]));
    }
}
