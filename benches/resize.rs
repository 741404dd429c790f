//! Resizing whole pictures to 256 pixels.

#[path = "../crates/render/tests/pictures/mod.rs"]
mod pictures;

use divan::{Bencher, black_box};
use thumbs_render::op;
use thumbs_render::pixmap::Channels;
use thumbs_render::recipe::Filter;
use thumbs_render::size::{Region, Size};

fn main() {
    divan::main();
}

const SIZE: Size = Size::new(1024, 768);

#[divan::bench(args = [Channels::Grey, Channels::Rgb, Channels::Rgba])]
fn to_256(bencher: Bencher<'_, '_>, channels: Channels) {
    let picture = pictures::scene(SIZE, channels);
    bencher
        .bench(|| op::resize::resize(black_box(&picture), Region::whole(SIZE), Size::new(256, 192), Filter::Lanczos3));
}
