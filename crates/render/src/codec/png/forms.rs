//! The equivalent encodings of the same pixels in PNG: palettes, fewer bits, no alpha. All are
//! lossless.

use std::borrow::Cow;

use png::{BitDepth, ColorType};

use crate::pixmap::{Channels, Pixmap, Samples};
use crate::size::Size;

/// The largest palette.
const MOST: usize = 256;
/// Slots of the hash table, a power of two. At most a quarter of them are used.
const SLOTS: usize = 1024;
/// The overhead of a chunk beside its content, in bytes.
const CHUNK: usize = 12;

/// One way to encode the pixels.
#[derive(Debug)]
pub struct Form<'a> {
    /// Colour type.
    pub color: ColorType,
    /// Bits per sample.
    pub depth: BitDepth,
    /// PLTE, and tRNS if some entries are transparent.
    pub palette: Option<(Vec<u8>, Option<Vec<u8>>)>,
    /// Packed rows.
    pub rows: Cow<'a, [u8]>,
}

impl Form<'_> {
    /// The size of the palette chunks, in bytes.
    pub fn overhead(&self) -> usize {
        self.palette
            .as_ref()
            .map_or(0, |(colors, alpha)| CHUNK + colors.len() + alpha.as_ref().map_or(0, |alpha| CHUNK + alpha.len()))
    }
}

/// The colour types that a profile allows: it describes either grey or RGB, and the output must
/// match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Without a profile, any.
    Any,
    /// Grey samples.
    Grey,
    /// Red, green and blue, possibly in a palette.
    Color,
}

impl Kind {
    /// The kind that `icc` requires for pixels of these channels.
    pub fn of(icc: Option<&[u8]>, channels: Channels) -> Self {
        match icc.map(|icc| icc.get(16..20)) {
            None => Self::Any,
            Some(Some(b"RGB ")) => Self::Color,
            Some(Some(b"GRAY")) => Self::Grey,
            Some(_) if matches!(channels, Channels::Grey | Channels::GreyAlpha) => Self::Grey,
            Some(_) => Self::Color,
        }
    }
}

/// Converts 16-bit samples to 8 bits, if that loses nothing.
pub fn narrowed(pixmap: &Pixmap) -> Option<Pixmap> {
    let Samples::U16(v) = pixmap.samples() else { return None };
    let is_narrow = v.iter().all(|&s| s % 257 == 0);
    let samples = || Samples::U8(v.iter().map(|&s| s as u8).collect());
    is_narrow.then(|| Pixmap::new(pixmap.size(), pixmap.channels(), samples()))
}

/// 8-bit pixels, without alpha that is opaque everywhere and without colour that is grey
/// everywhere.
pub fn plain(size: Size, channels: Channels, v: &[u8], kind: Kind) -> Form<'_> {
    let n = channels.count();
    let opaque = channels.has_alpha() && v.chunks_exact(n).all(|p| p[n - 1] == 255);
    let grey = n >= 3 && kind != Kind::Color && v.chunks_exact(n).all(|p| p[0] == p[1] && p[1] == p[2]);
    let keep = |from: &[usize]| v.chunks_exact(n).flat_map(|p| from.iter().map(|&c| p[c])).collect::<Vec<u8>>();
    let (channels, rows) = match (channels, opaque, grey) {
        (Channels::GreyAlpha, true, _) => (Channels::Grey, keep(&[0]).into()),
        (Channels::Rgba, true, true) | (Channels::Rgb, _, true) => (Channels::Grey, keep(&[0]).into()),
        (Channels::Rgba, true, false) => (Channels::Rgb, keep(&[0, 1, 2]).into()),
        (Channels::Rgba, false, true) => (Channels::GreyAlpha, keep(&[0, 3]).into()),
        _ => (channels, Cow::Borrowed(v)),
    };
    // Under an RGB profile grey is stored as three equal samples.
    let rows: Cow<'_, [u8]> = match (channels, kind) {
        (Channels::Grey, Kind::Color) => rows.iter().flat_map(|&g| [g; 3]).collect::<Vec<u8>>().into(),
        (Channels::GreyAlpha, Kind::Color) => {
            rows.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect::<Vec<u8>>().into()
        }
        _ => rows,
    };
    debug_assert!(rows.len() as u64 >= size.pixels());
    let color = match (channels, kind == Kind::Color) {
        (Channels::Grey, false) => ColorType::Grayscale,
        (Channels::GreyAlpha, false) => ColorType::GrayscaleAlpha,
        (Channels::Grey | Channels::Rgb, _) => ColorType::Rgb,
        _ => ColorType::Rgba,
    };
    Form { color, depth: BitDepth::Eight, palette: None, rows }
}

/// Forms with fewer bits than [`plain`], if the pixels have few enough colours. In a photograph,
/// some hundred pixels show that they do not.
pub fn few_bits(size: Size, channels: Channels, v: &[u8], kind: Kind) -> Vec<Form<'static>> {
    let Some(colors) = Colors::of(channels, v) else { return Vec::new() };
    let is_grey = colors.found.iter().all(|&key| {
        let [r, g, b, a] = key.to_be_bytes();
        r == g && g == b && a == 255
    });
    let indexed = match colors.found.len() {
        0..=2 => BitDepth::One,
        3..=4 => BitDepth::Two,
        5..=16 => BitDepth::Four,
        _ => BitDepth::Eight,
    };
    let grey = [BitDepth::One, BitDepth::Two, BitDepth::Four].into_iter().find(|&depth| {
        let step = 255 / ((1u32 << depth as u8) - 1);
        is_grey && kind != Kind::Color && colors.found.iter().all(|key| (key >> 24) % step == 0)
    });
    let mut forms = Vec::new();
    if let Some(depth) = grey {
        let step = 255 / ((1u32 << depth as u8) - 1);
        let samples = colors.mapped(|key| ((key >> 24) / step) as u8);
        let rows = packed(&colors.samples(channels, v, &samples), size, depth);
        forms.push(Form { color: ColorType::Grayscale, depth, palette: None, rows: rows.into() });
    }
    // With as many bits as grey, a palette only adds bytes. 8-bit grey is shorter than an 8-bit
    // palette.
    let is_smaller = grey.is_none_or(|grey| (indexed as u8) < grey as u8) && !(is_grey && indexed == BitDepth::Eight);
    if kind == Kind::Color || (kind == Kind::Any && is_smaller) {
        let (palette, indices) = colors.palette();
        let rows = packed(&colors.samples(channels, v, &indices), size, indexed);
        forms.push(Form { color: ColorType::Indexed, depth: indexed, palette: Some(palette), rows: rows.into() });
    }
    forms
}

/// The colours of a picture in order of appearance, as red, green, blue and alpha from the highest
/// byte down.
struct Colors {
    found: Vec<u32>,
    /// One more than the index into `found`, in the slot of the colour's hash or a later one; 0 is
    /// empty.
    slots: [u16; SLOTS],
}

fn key(channels: Channels, p: &[u8]) -> u32 {
    u32::from_be_bytes(match channels {
        Channels::Grey => [p[0], p[0], p[0], 255],
        Channels::GreyAlpha => [p[0], p[0], p[0], p[1]],
        Channels::Rgb => [p[0], p[1], p[2], 255],
        _ => [p[0], p[1], p[2], p[3]],
    })
}

impl Colors {
    /// Collects the colours. Returns None if there are more than a palette holds, or so many greys
    /// that no form has fewer bits.
    fn of(channels: Channels, v: &[u8]) -> Option<Self> {
        let most = if channels == Channels::Grey { 16 } else { MOST };
        let mut colors = Self { found: Vec::with_capacity(most), slots: [0; SLOTS] };
        let mut last = None;
        for p in v.chunks_exact(channels.count()) {
            let key = key(channels, p);
            if last != Some(key) {
                last = Some(key);
                let at = colors.slot(key);
                if colors.slots[at] == 0 {
                    if colors.found.len() == most {
                        return None;
                    }
                    colors.found.push(key);
                    colors.slots[at] = colors.found.len() as u16;
                }
            }
        }
        Some(colors)
    }

    /// The slot of this colour, occupied or free.
    fn slot(&self, key: u32) -> usize {
        let mut at = (key.wrapping_mul(0x9e37_79b1) >> 22) as usize;
        while self.slots[at] != 0 && self.found[usize::from(self.slots[at]) - 1] != key {
            at = (at + 1) % SLOTS;
        }
        at
    }

    fn mapped(&self, to: impl Fn(u32) -> u8) -> Vec<u8> {
        self.found.iter().map(|&key| to(key)).collect()
    }

    /// PLTE and tRNS, and the index of each colour. Transparent colours come first to keep tRNS
    /// short, then dark ones, to keep smooth pictures smooth.
    fn palette(&self) -> ((Vec<u8>, Option<Vec<u8>>), Vec<u8>) {
        let mut order: Vec<usize> = (0..self.found.len()).collect();
        order.sort_by_key(|&i| {
            let [r, g, b, a] = self.found[i].to_be_bytes();
            (a == 255, u32::from(r) * 2 + u32::from(g) * 5 + u32::from(b), self.found[i])
        });
        let bytes = || order.iter().map(|&i| self.found[i].to_be_bytes());
        let alpha: Vec<u8> = bytes().map(|[.., a]| a).take_while(|&a| a < 255).collect();
        let colors = bytes().flat_map(|[r, g, b, _]| [r, g, b]).collect();
        let mut indices = vec![0; order.len()];
        for (index, &i) in order.iter().enumerate() {
            indices[i] = index as u8;
        }
        ((colors, (!alpha.is_empty()).then_some(alpha)), indices)
    }

    /// Maps the colour of each pixel through `values`.
    fn samples(&self, channels: Channels, v: &[u8], values: &[u8]) -> Vec<u8> {
        let mut last = (self.found[0], values[0]);
        let value = |p: &[u8]| {
            let key = key(channels, p);
            if key != last.0 {
                last = (key, values[usize::from(self.slots[self.slot(key)]) - 1]);
            }
            last.1
        };
        v.chunks_exact(channels.count()).map(value).collect()
    }
}

/// Packs samples into rows of whole bytes, the first sample in the highest bits.
fn packed(samples: &[u8], size: Size, depth: BitDepth) -> Vec<u8> {
    let bits = usize::from(depth as u8);
    let pack =
        |samples: &[u8]| samples.iter().enumerate().fold(0, |byte, (i, &sample)| byte | sample << (8 - bits * (i + 1)));
    samples.chunks_exact(size.width as usize).flat_map(|row| row.chunks(8 / bits).map(pack)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(3, 2);

    fn forms(channels: Channels, v: &[u8], kind: Kind) -> Vec<(ColorType, u8)> {
        few_bits(SIZE, channels, v, kind).iter().map(|f| (f.color, f.depth as u8)).collect()
    }

    #[test]
    fn greys_take_the_fewest_bits_that_distinguish_them() {
        use ColorType::{Grayscale, Indexed};
        let of = |v: &[u8]| forms(Channels::Grey, v, Kind::Any);
        assert_eq!(of(&[0, 255, 0, 255, 0, 255]), [(Grayscale, 1)]);
        assert_eq!(of(&[0, 85, 170, 255, 0, 0]), [(Grayscale, 2)]);
        assert_eq!(of(&[17, 34, 51, 68, 85, 102]), [(Grayscale, 4)]);
        assert_eq!(of(&[17, 34, 17, 34, 17, 34]), [(Grayscale, 4), (Indexed, 1)]);
        assert_eq!(of(&[1, 2, 3, 4, 5, 6]), [(Indexed, 4)]);
        assert_eq!(forms(Channels::Rgb, &[9; 18], Kind::Grey), []);
        assert_eq!(forms(Channels::Rgb, &[0; 18], Kind::Color), [(Indexed, 1)]);
    }

    #[test]
    fn bits_are_packed_from_the_left_and_rows_start_at_bytes() {
        let form = &few_bits(SIZE, Channels::Grey, &[0, 255, 255, 255, 0, 0], Kind::Any)[0];
        assert_eq!(*form.rows, [0b0110_0000, 0b1000_0000]);
    }

    #[test]
    fn transparent_entries_come_first() {
        let v = [9, 9, 9, 255, 8, 8, 8, 3, 200, 0, 0, 255, 0, 0, 0, 0, 8, 8, 8, 3, 9, 9, 9, 255];
        let form = &few_bits(SIZE, Channels::Rgba, &v, Kind::Any)[0];
        let palette = (vec![0, 0, 0, 8, 8, 8, 9, 9, 9, 200, 0, 0], Some(vec![0, 3]));
        assert_eq!(form.palette, Some(palette));
        assert_eq!(*form.rows, [0b1001_1100, 0b0001_1000]);
    }

    #[test]
    fn more_than_256_colours_do_not_fit_a_palette() {
        let many: Vec<u8> = (0..257u32).flat_map(|i| [i as u8, (i >> 8) as u8, 7]).collect();
        assert!(few_bits(Size::new(257, 1), Channels::Rgb, &many, Kind::Any).is_empty());
        let fit = &few_bits(Size::new(256, 1), Channels::Rgb, &many[..768], Kind::Any)[0];
        assert_eq!((fit.depth, fit.palette.as_ref().map(|p| p.0.len())), (BitDepth::Eight, Some(768)));
    }

    #[test]
    fn opaque_alpha_and_grey_colours_are_dropped() {
        let of = |channels, v: &[u8], kind| {
            let form = plain(Size::new(2, 1), channels, v, kind);
            (form.color, form.rows.to_vec())
        };
        assert_eq!(of(Channels::Rgba, &[5, 5, 5, 255, 6, 6, 6, 255], Kind::Any), (ColorType::Grayscale, vec![5, 6]));
        assert_eq!(
            of(Channels::Rgba, &[5, 5, 5, 9, 6, 6, 6, 255], Kind::Any),
            (ColorType::GrayscaleAlpha, vec![5, 9, 6, 255])
        );
        assert_eq!(of(Channels::Rgb, &[5; 6], Kind::Color), (ColorType::Rgb, vec![5; 6]));
        assert_eq!(of(Channels::Grey, &[5, 6], Kind::Color), (ColorType::Rgb, vec![5, 5, 5, 6, 6, 6]));
    }

    #[test]
    fn sixteen_bits_become_eight_where_lossless() {
        let of = |v| narrowed(&Pixmap::new(Size::new(2, 1), Channels::Grey, Samples::U16(v)));
        assert_eq!(of(vec![0, 65_535]), Some(Pixmap::new_u8(Size::new(2, 1), Channels::Grey, vec![0, 255])));
        assert_eq!(of(vec![0, 65_534]), None);
    }
}
