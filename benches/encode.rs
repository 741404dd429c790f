//! Encoding of a 256-pixel thumbnail.

#[path = "../crates/render/tests/pictures/mod.rs"]
mod pictures;

use divan::{Bencher, black_box};
use thumbs_render::codec::{Attached, registry};
use thumbs_render::format::Format;
use thumbs_render::pixmap::Channels;
use thumbs_render::recipe::EncodeSettings;
use thumbs_render::size::Size;

fn main() {
    divan::main();
}

#[divan::bench(args = ["jpeg", "jpeg progressive", "png", "webp", "webp lossless"])]
fn thumbnail(bencher: Bencher<'_, '_>, kind: &str) {
    let (word, how) = kind.split_once(' ').unwrap_or((kind, ""));
    let format = Format::from_word(word).expect("a format");
    let settings = EncodeSettings::default().with_progressive(how == "progressive").with_lossless(how == "lossless");
    let picture = pictures::scene(Size::new(256, 192), Channels::Rgb);
    let encoder = registry::encoder(format).expect("a format that is written");
    bencher.bench(|| encoder.encode(black_box(&picture), &settings, &Attached::default()).map(|b| b.len()));
}
