//! What the measurements share: PNG pictures as RGB, scores, time.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;

use butteraugli::ButteraugliParams;
use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};
use imgref::ImgRef;
use rgb::FromSlice;

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
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Decodes a file by its suffix: JPEG, PNG, and WebP and AVIF with dwebp and avifdec, which must be installed.
pub fn decode_file(path: &Path) -> Rgb {
    let to = path.with_added_extension("png");
    let done = match path.extension().and_then(|e| e.to_str()) {
        Some("jpg" | "jpeg") => return decode(&std::fs::read(path).expect("a file")),
        Some("png") => return read_png(path),
        Some("webp") => Command::new("dwebp").arg("-quiet").arg(path).arg("-o").arg(&to).output(),
        _ => Command::new("avifdec").args(["-j", "1", "-d", "8", "--png-compress", "0"]).args([path, &to]).output(),
    };
    assert!(done.expect("a decoder").status.success(), "{}", path.display());
    read_png(&to)
}

/// mozjpeg with the defaults of its own tools: progressive, trellis, optimised scans, 4:2:0.
pub fn mozjpeg(p: &Rgb, quality: u8) -> Vec<u8> {
    let mut c = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_RGB);
    c.set_size(p.width as usize, p.height as usize);
    c.set_quality(f32::from(quality));
    let mut c = c.start_compress(Vec::new()).expect("a start");
    c.write_scanlines(&p.samples).expect("rows");
    c.finish().expect("a JPEG")
}

/// Butteraugli's 3-norm.
pub fn butteraugli(a: &Rgb, b: &Rgb) -> f64 {
    let (width, height) = (a.width as usize, a.height as usize);
    let params = ButteraugliParams::default();
    let (x, y) = (a.samples.as_rgb(), b.samples.as_rgb());
    butteraugli::butteraugli(ImgRef::new(x, width, height), ImgRef::new(y, width, height), &params).expect("a score").pnorm_3
}
