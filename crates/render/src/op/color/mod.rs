//! From the colours of the source to sRGB, by moxcms. Applied after the resize, where pixels are few, unless the picture
//! shows colours that sRGB has not ([`gamut`]).

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

/// How pixels become sRGB.
#[derive(Clone)]
pub struct ToSrgb {
    way: Way,
    /// A note on what could not be done as the source says.
    pub note: Option<&'static str>,
}

#[derive(Clone)]
enum Way {
    /// They are it, or nothing better is known.
    Same,
    /// Inks without a profile.
    Inks,
    Narrow(Arc<Transform8BitExecutor>),
    Wide(Arc<Transform16BitExecutor>),
}

impl ToSrgb {
    /// For pixels of these channels, `wide` for 16-bit samples.
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

    /// The pixels in sRGB: grey ones stay grey, inks become RGB.
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

/// Inks without a profile, as RGB: `(1 - ink) * (1 - black)`; others as they are.
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

/// A profile as stored, what it was asked for, and the answer.
type Known = (Vec<u8>, Channels, bool, ToSrgb);

/// Answers kept in each thread: a picture is asked about as what it is, and as RGB.
const KEPT: usize = 3;

thread_local! {
    /// The last profiles that were met, because a folder's pictures tend to have the same one.
    static LAST: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
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
        // Four samples of any kind are "Rgba" there.
        Channels::Cmyk => (Layout::Rgba, Layout::Rgb, srgb),
    };
    // As sharp and browsers have it; profiles of matrices know no other difference than the white point.
    let options = TransformOptions { rendering_intent: RenderingIntent::Perceptual, ..TransformOptions::default() };
    if wide {
        profile.create_transform_16bit(from, &target, to, options).ok().map(Way::Wide)
    } else {
        profile.create_transform_8bit(from, &target, to, options).ok().map(Way::Narrow)
    }
}

#[cfg(test)]
mod tests;
