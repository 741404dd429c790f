//! A picture of a few pixels in a `data:` URI.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::small::Small;
use crate::codec::{Attached, registry};
use crate::format::Format;
use crate::op::resize::{is_opaque, without_alpha};
use crate::recipe::EncodeSettings;

/// The bytes that a URI stays below.
const LIMIT: usize = 300;
/// Sides and qualities, the best first. WebP alone: at 16 pixels, JPEG takes more than twice its bytes.
const TRIED: [(u32, u8); 5] = [(16, 50), (16, 25), (12, 25), (8, 25), (4, 10)];

/// The best that fits.
pub fn uri(small: &Small) -> Option<String> {
    let encoder = registry::encoder(Format::WebP)?;
    TRIED.into_iter().find_map(|(side, quality)| {
        let pixmap = small.shrunk(side).ok()?;
        let pixmap = if is_opaque(&pixmap) { without_alpha(pixmap) } else { pixmap };
        let settings = EncodeSettings::default().with_quality(quality).with_effort(EFFORT).with_alpha_quality(50);
        let bytes = encoder.encode(&pixmap, &settings, &Attached::default()).ok()?;
        let uri = format!("data:image/webp;base64,{}", STANDARD.encode(bytes));
        (uri.len() < LIMIT).then_some(uri)
    })
}

/// More finds few bytes in so few pixels.
const EFFORT: u8 = 0;
