//! What the measurements share: PNG pictures as RGB, scores, time.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};

/// Rows of RGB, 8 bits.
#[derive(Clone)]
pub struct Rgb {
    pub width: u32,
    pub height: u32,
    pub samples: Vec<u8>,
}

/// Reads a PNG onto white, grey spread.
pub fn read_png(path: &Path) -> Rgb {
    let mut decoder = png::Decoder::new(BufReader::new(File::open(path).expect("a PNG")));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().expect("a PNG");
    let mut buffer = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut buffer).expect("pixels");
    let n = info.color_type.samples();
    let white = |c: u8, a: u8| ((u32::from(c) * u32::from(a) + 255 * (255 - u32::from(a)) + 127) / 255) as u8;
    let pixel = |p: &[u8]| match n {
        1 => [p[0]; 3],
        2 => [white(p[0], p[1]); 3],
        3 => [p[0], p[1], p[2]],
        _ => [0, 1, 2].map(|i| white(p[i], p[3])),
    };
    let samples = buffer[..info.buffer_size()].chunks_exact(n).flat_map(pixel).collect();
    Rgb { width: info.width, height: info.height, samples }
}

/// SSIMULACRA2 of `b` against `a`.
pub fn score(a: &Rgb, b: &Rgb) -> f64 {
    let mut out = 0.0;
    pixels(a, &mut |x| pixels(b, &mut |y| out = compute_ssimulacra2(x, y).expect("a score")));
    out
}

/// Calls `f` with the pixels as the metric takes them.
pub fn pixels(p: &Rgb, f: &mut dyn FnMut(&PixelSlice<'_>)) {
    let slice = PixelSlice::new(&p.samples, p.width, p.height, p.width as usize * 3, PixelDescriptor::RGB8_SRGB);
    f(&slice.expect("pixels").erase());
}

/// Decodes a JPEG as libjpeg-turbo does.
pub fn decode(bytes: &[u8]) -> Rgb {
    let mut d = mozjpeg::Decompress::new_mem(bytes).and_then(|d| d.rgb()).expect("a JPEG");
    let (width, height) = (d.width() as u32, d.height() as u32);
    let samples = d.read_scanlines::<u8>().expect("pixels");
    Rgb { width, height, samples }
}

/// Seconds of processor time that this thread has used.
pub fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split(' ').next().and_then(|n| n.parse::<f64>().ok()).expect("nanoseconds") / 1e9
}
