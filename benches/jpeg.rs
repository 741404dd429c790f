//! Stages of the JPEG decoder, on a generated 1024 x 768 picture (4:2:0, quality 90): entropy decoding and transform at each
//! shrink (items are blocks), passing scans, colour conversion and resize (items are pixels).

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use thumbs_jpeg::{Options, Region};

const SIZE: (u16, u16) = (1024, 768);

fn main() {
    divan::main();
}

fn encoded(progressive: bool) -> Vec<u8> {
    let (w, h) = (usize::from(SIZE.0), usize::from(SIZE.1));
    let mut pixels = Vec::with_capacity(w * h * 3);
    let mut state = 1u32;
    for y in 0..h {
        for x in 0..w {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 24) as f32 / 8.0;
            let wave = ((x as f32 / 23.0).sin() + (y as f32 / 31.0).cos()) * 45.0 + 112.0;
            pixels.extend([wave + noise, wave * 0.8 + noise, 220.0 - wave].map(|v| v as u8));
        }
    }
    let mut data = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut data, 90);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    encoder.set_progressive(progressive);
    encoder.encode(&pixels, SIZE.0, SIZE.1, jpeg_encoder::ColorType::Rgb).unwrap();
    data
}

const BLOCKS: usize = SIZE.0 as usize * SIZE.1 as usize * 3 / 2 / 64;
const PIXELS: usize = SIZE.0 as usize * SIZE.1 as usize;

/// Shrink 8/n, sequential.
#[divan::bench(args = [1, 2, 3, 4, 5, 6, 7, 8])]
fn baseline(bencher: Bencher<'_, '_>, n: u8) {
    let data = encoded(false);
    let header = thumbs_jpeg::read_header(&data).unwrap();
    bencher
        .counter(ItemsCount::new(BLOCKS))
        .counter(BytesCount::new(data.len()))
        .bench(|| thumbs_jpeg::decode_planes(&data, &header, &header.plan_at(n), &Options::default()).unwrap());
}

/// Shrink 8/n, progressive.
#[divan::bench(args = [1, 2, 4, 8])]
fn progressive(bencher: Bencher<'_, '_>, n: u8) {
    let data = encoded(true);
    let header = thumbs_jpeg::read_header(&data).unwrap();
    bencher
        .counter(ItemsCount::new(BLOCKS))
        .counter(BytesCount::new(data.len()))
        .bench(|| thumbs_jpeg::decode_planes(&data, &header, &header.plan_at(n), &Options::default()).unwrap());
}

#[divan::bench]
fn header(bencher: Bencher<'_, '_>) {
    let data = encoded(false);
    bencher.bench(|| thumbs_jpeg::read_header(&data).unwrap());
}

/// Interpolation of chroma and YCbCr to RGB at full size.
#[divan::bench]
fn color(bencher: Bencher<'_, '_>) {
    let data = encoded(false);
    let header = thumbs_jpeg::read_header(&data).unwrap();
    let planes = thumbs_jpeg::decode_planes(&data, &header, &header.plan_at(8), &Options::default()).unwrap();
    bencher.counter(ItemsCount::new(PIXELS)).with_inputs(|| planes.clone()).bench_values(|planes| planes.into_image());
}

/// Planes of 512 x 384 to 256 x 192.
#[divan::bench]
fn resize(bencher: Bencher<'_, '_>) {
    let data = encoded(false);
    let header = thumbs_jpeg::read_header(&data).unwrap();
    let planes = thumbs_jpeg::decode_planes(&data, &header, &header.plan_at(4), &Options::default()).unwrap();
    let whole = Region { left: 0.0, top: 0.0, width: SIZE.0.into(), height: SIZE.1.into() };
    bencher.counter(ItemsCount::new(PIXELS / 4)).bench(|| planes.resize(whole, 256, 192));
}
