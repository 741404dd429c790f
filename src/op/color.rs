//! From the colours of the source to those of the output.

use crate::pixmap::{Channels, Pixmap, Samples};

/// CMYK without a profile, as RGB: `(1 - ink) * (1 - black)`.
pub fn cmyk_to_rgb(pixmap: Pixmap) -> Pixmap {
    if pixmap.channels() != Channels::Cmyk {
        return pixmap;
    }
    let size = pixmap.size();
    let Samples::U8(v) = pixmap.into_u8().into_samples() else { unreachable!("converted to 8 bits") };
    let ink = |c: u8, k: u8| ((u32::from(255 - c) * u32::from(255 - k) + 127) / 255) as u8;
    let out = v.chunks_exact(4).flat_map(|p| [ink(p[0], p[3]), ink(p[1], p[3]), ink(p[2], p[3])]).collect();
    Pixmap::new_u8(size, Channels::Rgb, out)
}
