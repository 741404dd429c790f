//! Converts colours to sRGB, with moxcms. The conversion runs after the resize, where pixels are
//! few, unless the picture shows colours outside sRGB ([`gamut`]).

use std::cell::RefCell;
use std::sync::Arc;

use moxcms::{ColorProfile, Layout, RenderingIntent, Transform8BitExecutor, Transform16BitExecutor, TransformOptions};

use crate::codec::ColorSpace;
use crate::pixmap::{Channels, Pixmap, Samples};

pub mod gamut;
mod profile;

pub use profile::as_profile;
pub(super) use profile::decode_srgb;
use profile::{BROKEN, profile};

/// A conversion of pixels to sRGB.
#[derive(Clone)]
pub struct ToSrgb {
    way: Way,
    /// A note on an instruction of the source that could not be followed.
    pub note: Option<&'static str>,
}

#[derive(Clone)]
enum Way {
    /// No conversion: the pixels are sRGB, or nothing better is known.
    Same,
    /// CMYK without a profile.
    Inks,
    Narrow(Arc<Transform8BitExecutor>),
    Wide(Arc<Transform16BitExecutor>),
}

impl ToSrgb {
    /// The conversion for pixels with these channels; `wide` for 16-bit samples.
    pub fn new(color: &ColorSpace, channels: Channels, wide: bool) -> Self {
        let plain = if channels == Channels::Cmyk { Way::Inks } else { Way::Same };
        let same = |note| Self { way: plain.clone(), note };
        if let ColorSpace::Icc(icc) = color
            && let Some(known) = recall(icc, channels, wide)
        {
            return known;
        }
        let made = match profile(color, channels) {
            Ok(None) => same(None),
            Err(note) => same(Some(note)),
            Ok(Some((profile, note))) => match transform(&profile, channels, wide) {
                Some(way) => Self { way, note },
                None => same(Some(BROKEN)),
            },
        };
        if let ColorSpace::Icc(icc) = color {
            remember(icc, channels, wide, &made);
        }
        made
    }

    /// Whether pixels stay as they are.
    pub fn is_same(&self) -> bool {
        matches!(self.way, Way::Same)
    }

    /// Converts the pixels to sRGB. Grey stays grey, CMYK becomes RGB.
    pub fn apply(&self, pixmap: Pixmap) -> Pixmap {
        let (size, channels) = (pixmap.size(), pixmap.channels());
        let to = if channels == Channels::Cmyk { Channels::Rgb } else { channels };
        let count = size.pixels() as usize * to.count();
        match (&self.way, pixmap.samples()) {
            (Way::Same, _) => pixmap,
            (Way::Narrow(transform), Samples::U8(v)) => {
                let mut out = vec![0; count];
                match transform.transform(v, &mut out) {
                    Ok(()) => Pixmap::new_u8(size, to, out),
                    Err(_) => plain(pixmap),
                }
            }
            (Way::Wide(transform), Samples::U16(v)) => {
                let mut out = vec![0; count];
                match transform.transform(v, &mut out) {
                    Ok(()) => Pixmap::new(size, to, Samples::U16(out)),
                    Err(_) => plain(pixmap),
                }
            }
            (Way::Inks | Way::Narrow(_) | Way::Wide(_), _) => plain(pixmap),
        }
    }
}

/// CMYK without a profile, as RGB: `(1 - ink) * (1 - black)`. Other pixels stay as they are.
fn plain(pixmap: Pixmap) -> Pixmap {
    if pixmap.channels() != Channels::Cmyk {
        return pixmap;
    }
    let size = pixmap.size();
    let samples = match pixmap.samples() {
        Samples::U8(v) => {
            let ink = |c: u8, k: u8| ((u32::from(255 - c) * u32::from(255 - k) + 127) / 255) as u8;
            Samples::U8(v.chunks_exact(4).flat_map(|p| [0, 1, 2].map(|i| ink(p[i], p[3]))).collect())
        }
        Samples::U16(v) => {
            let ink = |c: u16, k: u16| ((u64::from(65_535 - c) * u64::from(65_535 - k) + 32_767) / 65_535) as u16;
            Samples::U16(v.chunks_exact(4).flat_map(|p| [0, 1, 2].map(|i| ink(p[i], p[3]))).collect())
        }
    };
    Pixmap::new(size, Channels::Rgb, samples)
}

/// A cached conversion: the profile as stored, the channels, the width, and the result.
type Cached = (Vec<u8>, Channels, bool, ToSrgb);

/// Conversions cached per thread. One picture may need two: for its own channels and for RGB.
const KEPT: usize = 3;

thread_local! {
    /// The last conversions. Pictures in a folder tend to share a profile.
    static LAST: RefCell<Vec<Cached>> = const { RefCell::new(Vec::new()) };
}

fn recall(icc: &[u8], channels: Channels, wide: bool) -> Option<ToSrgb> {
    LAST.with_borrow_mut(|last| {
        let found = last.iter().position(|(bytes, c, w, _)| bytes == icc && *c == channels && *w == wide)?;
        last[..=found].rotate_right(1);
        Some(last[0].3.clone())
    })
}

fn remember(icc: &[u8], channels: Channels, wide: bool, made: &ToSrgb) {
    LAST.with_borrow_mut(|last| {
        last.truncate(KEPT - 1);
        last.insert(0, (icc.to_vec(), channels, wide, made.clone()));
    });
}

fn transform(profile: &ColorProfile, channels: Channels, wide: bool) -> Option<Way> {
    let srgb = ColorProfile::new_srgb();
    let (from, to, target) = match channels {
        Channels::Grey | Channels::GreyAlpha => {
            let layout = if channels == Channels::Grey { Layout::Gray } else { Layout::GrayAlpha };
            let mut grey = ColorProfile::new_gray_with_gamma(2.2);
            grey.gray_trc.clone_from(&srgb.red_trc);
            (layout, layout, grey)
        }
        Channels::Rgb => (Layout::Rgb, Layout::Rgb, srgb),
        Channels::Rgba => (Layout::Rgba, Layout::Rgba, srgb),
        // In moxcms any four samples are "Rgba".
        Channels::Cmyk => (Layout::Rgba, Layout::Rgb, srgb),
    };
    // Perceptual, like sharp and browsers. For matrix profiles the intent only affects the white
    // point.
    let options = TransformOptions { rendering_intent: RenderingIntent::Perceptual, ..TransformOptions::default() };
    if wide {
        profile.create_transform_16bit(from, &target, to, options).ok().map(Way::Wide)
    } else {
        profile.create_transform_8bit(from, &target, to, options).ok().map(Way::Narrow)
    }
}

#[cfg(test)]
mod tests;
