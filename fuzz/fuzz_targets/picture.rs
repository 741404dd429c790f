//! What every format's target does: open, plan, render at three sizes, strictly and not.

use thumbs_render::codec::registry;
use thumbs_render::format::Format;
use thumbs_render::limits::Limits;
use thumbs_render::recipe::{FormatChoice, IccPolicy, MetadataPolicy, Recipe};
use thumbs_render::render;

/// Small pictures in little memory, so that a slow input is a finding.
const LIMITS: Limits =
    Limits::DEFAULT.with_max_pixels(1 << 22).with_max_file_size(1 << 20).with_max_memory(256 << 20);

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
    let recipe = Recipe::default().with_sizes(["20x20".parse().expect("a size"), "original".parse().expect("a size")]).with_formats([FormatChoice::To([Format::Jpeg, Format::Png, Format::WebP][usize::from(choice) % 3])]).with_allow_truncated(choice & 4 != 0).with_strict(choice & 8 != 0).with_linear(choice & 16 != 0).with_icc(if choice & 32 != 0 { IccPolicy::Keep } else { IccPolicy::ToSrgb }).with_metadata(if choice & 64 != 0 { MetadataPolicy::Keep } else { MetadataPolicy::Copyright });
    let wanted: &[usize] = if picture.header().size.pixels() < 1 << 16 { &[0, 1] } else { &[0] };
    if let Ok(opened) = render::open(bytes, &recipe, &LIMITS) {
        let _ = opened.render(wanted, None);
    }
}
