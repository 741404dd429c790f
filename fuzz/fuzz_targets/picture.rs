//! What every format's target does: open, plan, render at three sizes, strictly and not.

use thumbs::codec::registry;
use thumbs::format::Format;
use thumbs::limits::Limits;
use thumbs::recipe::{FormatChoice, IccPolicy, MetadataPolicy, Recipe};
use thumbs::render;

/// Small pictures in little memory, so that a slow input is a finding.
const LIMITS: Limits = Limits { max_pixels: 1 << 22, max_file_size: 1 << 20, max_memory: 256 << 20 };

pub fn check(format: Format, bytes: &[u8]) {
    // Whatever the bytes are, they go to this format's decoder: sniffing has a target of its own.
    let Some(decoder) = registry::decoder(format) else { return };
    let Ok(picture) = decoder.open(bytes, &LIMITS) else { return };
    assert!(picture.header().size.pixels() <= LIMITS.max_pixels);
    let offer = picture.offer(None);
    if offer.memory > LIMITS.max_memory {
        return;
    }
    // The first byte of the file has no say in most formats' pixels; it chooses what is made.
    let choice = bytes.last().copied().unwrap_or(0);
    let recipe = Recipe {
        sizes: vec!["20x20".parse().expect("a size"), "original".parse().expect("a size")],
        formats: vec![FormatChoice::To([Format::Jpeg, Format::Png, Format::WebP][usize::from(choice) % 3])],
        allow_truncated: choice & 4 != 0,
        strict: choice & 8 != 0,
        linear: choice & 16 != 0,
        icc: if choice & 32 != 0 { IccPolicy::Keep } else { IccPolicy::ToSrgb },
        metadata: if choice & 64 != 0 { MetadataPolicy::Keep } else { MetadataPolicy::Copyright },
        ..Recipe::default()
    };
    let wanted: &[usize] = if picture.header().size.pixels() < 1 << 16 { &[0, 1] } else { &[0] };
    if let Ok(opened) = render::open(bytes, &recipe, &LIMITS) {
        let _ = opened.render(wanted, None);
    }
}
