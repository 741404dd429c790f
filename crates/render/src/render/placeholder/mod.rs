//! What a page shows while a picture loads, made of the pixels of an output.

mod color;
mod lqip;
mod small;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::aim::Input;
use crate::op::resize::ResizeError;
use crate::recipe::Placeholder;
use small::Small;

/// Components of a BlurHash along the longer and the shorter side.
const COMPONENTS: (u32, u32) = (4, 3);

/// The placeholders of finished pixels or planes. A kind that this picture cannot have is missing.
pub(super) fn placeholders(input: Input<'_>, kinds: &[Placeholder]) -> Result<Vec<(Placeholder, String)>, ResizeError> {
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let small = Small::new(input)?;
    let text = |kind: Placeholder| match kind {
        Placeholder::ThumbHash => Some(thumb_hash(&small)),
        Placeholder::BlurHash => blur_hash(&small),
        Placeholder::Color => Some(color::dominant(&small)),
        Placeholder::Lqip => lqip::uri(&small),
    };
    Ok(kinds.iter().filter_map(|&kind| Some((kind, text(kind)?))).collect())
}

fn thumb_hash(small: &Small) -> String {
    let (width, height) = (small.size.width as usize, small.size.height as usize);
    STANDARD.encode(thumbhash::rgba_to_thumb_hash(width, height, &small.rgba))
}

/// BlurHash has no alpha, so what is transparent is white.
fn blur_hash(small: &Small) -> Option<String> {
    let (width, height) = (small.size.width, small.size.height);
    let (long, short) = COMPONENTS;
    let (across, down) = if width >= height { (long, short) } else { (short, long) };
    blurhash::encode(across, down, width, height, &small.over_white()).ok()
}

#[cfg(test)]
mod tests;
