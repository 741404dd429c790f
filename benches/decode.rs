//! Decoding of pictures made in the process, whole and for a thumbnail.

#[path = "../crates/render/tests/pictures/mod.rs"]
mod pictures;

use divan::{Bencher, black_box};
use thumbs_render::codec::{DecodeOptions, Need, registry};
use thumbs_render::format::Format;
use thumbs_render::limits::Limits;
use thumbs_render::pixmap::Channels;
use thumbs_render::recipe::EncodeSettings;
use thumbs_render::size::Size;

fn main() {
    divan::main();
}

const SIZE: Size = Size::new(1600, 1200);

const KINDS: &[(&str, Format, Channels, bool)] = &[
    ("jpeg baseline", Format::Jpeg, Channels::Rgb, false),
    ("jpeg progressive", Format::Jpeg, Channels::Rgb, true),
    ("png rgb", Format::Png, Channels::Rgb, false),
    ("png rgba", Format::Png, Channels::Rgba, false),
    ("webp lossy", Format::WebP, Channels::Rgb, false),
    ("webp lossless", Format::WebP, Channels::Rgb, true),
];

fn decode(bencher: Bencher<'_, '_>, kind: usize, need: Option<Need>) {
    let (_, format, channels, other) = KINDS[kind];
    let settings = EncodeSettings::default().with_progressive(other).with_lossless(other);
    let bytes = pictures::encoded(&pictures::scene(SIZE, channels), format, &settings);
    let decoder = registry::decoder(format).expect("a format that is read");
    bencher.counter(divan::counter::ItemsCount::new(SIZE.pixels())).bench(|| {
        let picture = decoder.open(black_box(&bytes), &Limits::default()).expect("our own file");
        picture.decode(&picture.offer(need), &DecodeOptions::default()).expect("our own file").notes.len()
    });
}

#[divan::bench(args = 0..KINDS.len())]
fn whole(bencher: Bencher<'_, '_>, kind: usize) {
    decode(bencher, kind, None);
}

#[divan::bench(args = 0..KINDS.len())]
fn for_256(bencher: Bencher<'_, '_>, kind: usize) {
    decode(bencher, kind, Some(Need { width: 256.0, height: 192.0, chroma: 1.0 }));
}
