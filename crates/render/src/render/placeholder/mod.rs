//! What a page shows while a picture loads, made of the pixels of an output.

mod blur_hash;
mod color;
mod lqip;
mod small;
mod thumb_hash;
mod waves;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::aim::Input;
use crate::op::resize::ResizeError;
use crate::recipe::Placeholder;
use small::Small;

/// The placeholders of finished pixels or planes. A kind that this picture cannot have is missing.
pub(super) fn placeholders(input: Input<'_>, kinds: &[Placeholder]) -> Result<Vec<(Placeholder, String)>, ResizeError> {
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let small = Small::new(input)?;
    let text = |kind: Placeholder| match kind {
        Placeholder::ThumbHash => Some(STANDARD.encode(thumb_hash::encode(&small))),
        Placeholder::BlurHash => Some(blur_hash::encode(&small)),
        Placeholder::Color => Some(color::dominant(&small)),
        Placeholder::Lqip => lqip::uri(&small),
    };
    Ok(kinds.iter().filter_map(|&kind| Some((kind, text(kind)?))).collect())
}

#[cfg(test)]
mod tests;
