//! Converts between sRGB and linear light, with 16 bits per sample. Alpha is linear already.

use std::sync::LazyLock;

use super::color::decode_srgb;
use crate::pixmap::{Pixmap, Samples};

/// Linear light for every 16-bit sRGB value, and the inverse.
static TABLES: LazyLock<(Vec<u16>, Vec<u16>)> = LazyLock::new(|| {
    let wide = |v: f64| (v.clamp(0.0, 1.0) * 65_535.0).round() as u16;
    let unit = |i: u32| f64::from(i) / 65_535.0;
    let all = |convert: fn(f64) -> f64| (0..=65_535).map(|i| wide(convert(unit(i)))).collect();
    (all(decode_srgb), all(encode_srgb))
});

/// The linear light of each 8-bit sRGB value, from 0 to 1.
pub static LIGHT: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|value| decode_srgb(value as f64 / 255.0) as f32));

/// The sRGB value of linear light, both from 0 to 1 (IEC 61966-2-1).
fn encode_srgb(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// The 8-bit sRGB sample of linear light, which is clamped to 0 to 1.
pub fn sample(light: f32) -> u8 {
    (encode_srgb(f64::from(light).clamp(0.0, 1.0)) * 255.0 + 0.5) as u8
}

/// sRGB to linear light.
pub fn to_linear(pixmap: Pixmap) -> Pixmap {
    map(pixmap, &TABLES.0)
}

/// Linear light to sRGB.
pub fn from_linear(pixmap: Pixmap) -> Pixmap {
    map(pixmap, &TABLES.1)
}

fn map(pixmap: Pixmap, table: &[u16]) -> Pixmap {
    let (size, channels) = (pixmap.size(), pixmap.channels());
    let n = channels.count();
    let colors = if channels.has_alpha() { n - 1 } else { n };
    let wide: Vec<u16> = match pixmap.into_samples() {
        Samples::U8(v) => v.into_iter().map(|s| u16::from(s) * 257).collect(),
        Samples::U16(v) => v,
    };
    let look = |(i, s): (usize, u16)| if i % n < colors { table[usize::from(s)] } else { s };
    Pixmap::new(size, channels, Samples::U16(wide.into_iter().enumerate().map(look).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixmap::Channels;
    use crate::size::Size;

    #[test]
    fn there_and_back() {
        let all = Pixmap::new_u8(Size::new(256, 1), Channels::Grey, (0..=255).collect());
        assert_eq!(from_linear(to_linear(all.clone())).into_u8(), all);
    }

    #[test]
    fn alpha_stays() {
        let one = Pixmap::new_u8(Size::new(1, 1), Channels::GreyAlpha, vec![188, 100]);
        let Samples::U16(v) = to_linear(one).into_samples() else { unreachable!() };
        // 188 is half the light of white.
        assert!(v[0].abs_diff(32_767) < 400 && v[1] == 25_700, "{v:?}");
    }
}
