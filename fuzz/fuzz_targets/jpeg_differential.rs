//! What both this decoder and an independent one take without complaint must look alike at full size.
#![no_main]

use thumbs::jpeg::{self, ColorSpace, Kind, Options};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(header) = jpeg::read_header(data) else { return };
    if u64::from(header.width) * u64::from(header.height) > 1 << 18 || !matches!(header.kind, Kind::Baseline | Kind::Extended | Kind::Progressive) {
        return;
    }
    // Interpolation of sub-sampled planes differs by design.
    let alike = header.components.iter().all(|c| (c.h, c.v) == (header.components[0].h, header.components[0].v));
    if !alike || !matches!(header.color, ColorSpace::Grey | ColorSpace::Rgb | ColorSpace::YCbCr) {
        return;
    }
    let strict = Options { strict: true, ..Options::default() };
    let Ok(ours) = jpeg::decode(data, &header, &header.full(), &strict) else { return };
    let mut other = jpeg_decoder::Decoder::new(data);
    let transform = match header.color {
        ColorSpace::Grey => jpeg_decoder::ColorTransform::Grayscale,
        ColorSpace::Rgb => jpeg_decoder::ColorTransform::RGB,
        _ => jpeg_decoder::ColorTransform::YCbCr,
    };
    other.set_color_transform(transform);
    let Ok(theirs) = other.decode() else { return };
    let info = other.info().unwrap();
    if (u32::from(info.width), u32::from(info.height)) != (ours.width, ours.height) || theirs.len() != ours.data.len() {
        return;
    }
    // Its integer transform overflows where coefficients are far out of range, and rounds differently elsewhere.
    let mean = ours.data.iter().zip(&theirs).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum::<u64>() as f64 / theirs.len() as f64;
    let wild = ours.data.iter().filter(|&&v| v == 0 || v == 255).count() * 50 > ours.data.len();
    assert!(wild || mean < 1.0, "mean difference {mean}");
});
