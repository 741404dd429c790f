//! `encoders PNG...`: bytes, SSIMULACRA2 and processor time of JPEG encoders at several qualities.

use std::path::PathBuf;

use jpeg_encoder::{ColorType, SamplingFactor};
use measure::{Rgb, cpu, read_png, score};
use thumbs_jpeg::encode::{self, Picture, Samples, Sampling, Settings};

type Planes = [Vec<u8>; 3];

/// A picture as pixels, and as luma and chroma of 4:2:0.
struct Input {
    rgb: Rgb,
    planes: Planes,
}

type Encode = fn(&Input, u8) -> Vec<u8>;

fn jpeg_encoder(p: &Rgb, quality: u8, optimized: bool, progressive: bool, full_chroma: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut e = jpeg_encoder::Encoder::new(&mut out, quality);
    e.set_optimized_huffman_tables(optimized);
    e.set_progressive(progressive);
    e.set_sampling_factor(if full_chroma { SamplingFactor::F_1_1 } else { SamplingFactor::F_2_2 });
    e.encode(&p.samples, p.width as u16, p.height as u16, ColorType::Rgb).expect("a JPEG");
    out
}

fn mozjpeg(p: &Rgb, quality: u8, fast: bool) -> Vec<u8> {
    let mut c = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_RGB);
    c.set_size(p.width as usize, p.height as usize);
    if fast {
        c.set_fastest_defaults();
        c.set_optimize_coding(true);
    }
    c.set_quality(f32::from(quality));
    let mut c = c.start_compress(Vec::new()).expect("a start");
    c.write_scanlines(&p.samples).expect("rows");
    c.finish().expect("a JPEG")
}

fn mozjpeg_rs(p: &Rgb, quality: u8, progressive: bool, full_chroma: bool) -> Vec<u8> {
    let subsampling = if full_chroma { mozjpeg_rs::Subsampling::S444 } else { mozjpeg_rs::Subsampling::S420 };
    let encoder = mozjpeg_rs::Encoder::fastest().quality(quality).optimize_huffman(true);
    let encoder = encoder.progressive(progressive).subsampling(subsampling);
    encoder.encode_rgb(&p.samples, p.width, p.height).expect("a JPEG")
}

fn ours(p: &Rgb, quality: u8, progressive: bool, sampling: Sampling) -> Vec<u8> {
    let picture = Picture { width: p.width, height: p.height, samples: Samples::Rgb(&p.samples) };
    let settings = Settings { quality, progressive, sampling, ..Settings::default() };
    encode::encode(&picture, &settings).expect("a JPEG")
}

/// From planes, as JPEG to JPEG is encoded; making them takes no time of the encoder's.
fn planes(p: &Rgb) -> Planes {
    let bytes = ours(p, 100, false, Sampling::S420);
    let header = thumbs_jpeg::read_header(&bytes).expect("our own JPEG");
    let decoded = thumbs_jpeg::decode_planes(&bytes, &header, &header.full(), &Default::default());
    let mut planes = decoded.expect("our own JPEG").planes.into_iter().map(|plane| {
        let columns = plane.extent.0.ceil() as usize;
        plane.data.chunks(plane.width as usize).flat_map(|line| &line[..columns]).copied().collect()
    });
    [(); 3].map(|()| planes.next().expect("three planes"))
}

const ENCODERS: &[(&str, Encode)] = &[
    ("ours 4:2:0", |p, q| ours(&p.rgb, q, false, Sampling::S420)),
    ("ours 4:2:0, from planes", |p, q| {
        let samples = Samples::YCbCr(p.planes.each_ref().map(Vec::as_slice));
        let picture = Picture { width: p.rgb.width, height: p.rgb.height, samples };
        encode::encode(&picture, &Settings { quality: q, ..Settings::default() }).expect("a JPEG")
    }),
    ("ours 4:4:4", |p, q| ours(&p.rgb, q, false, Sampling::S444)),
    ("ours 4:2:0 progressive", |p, q| ours(&p.rgb, q, true, Sampling::S420)),
    ("jpeg-encoder 4:2:0", |p, q| jpeg_encoder(&p.rgb, q, false, false, false)),
    ("jpeg-encoder 4:2:0 optimized", |p, q| jpeg_encoder(&p.rgb, q, true, false, false)),
    ("jpeg-encoder 4:4:4 optimized", |p, q| jpeg_encoder(&p.rgb, q, true, false, true)),
    ("jpeg-encoder 4:2:0 progressive", |p, q| jpeg_encoder(&p.rgb, q, true, true, false)),
    ("mozjpeg, no nasm", |p, q| mozjpeg(&p.rgb, q, false)),
    ("mozjpeg, no nasm, fastest", |p, q| mozjpeg(&p.rgb, q, true)),
    ("mozjpeg-rs fastest", |p, q| {
        mozjpeg_rs::Encoder::fastest().quality(q).encode_rgb(&p.rgb.samples, p.rgb.width, p.rgb.height).expect("a JPEG")
    }),
    ("mozjpeg-rs fastest, optimized", |p, q| mozjpeg_rs(&p.rgb, q, false, false)),
    ("mozjpeg-rs fastest, optimized, from planes", |p, q| {
        let encoder = mozjpeg_rs::Encoder::fastest().quality(q).optimize_huffman(true);
        let encoder = encoder.subsampling(mozjpeg_rs::Subsampling::S420);
        let [y, cb, cr] = &p.planes;
        encoder.encode_ycbcr_planar(y, cb, cr, p.rgb.width, p.rgb.height).expect("a JPEG")
    }),
    ("mozjpeg-rs fastest, optimized, 4:4:4", |p, q| mozjpeg_rs(&p.rgb, q, false, true)),
    ("mozjpeg-rs fastest, progressive", |p, q| mozjpeg_rs(&p.rgb, q, true, false)),
    ("mozjpeg-rs baseline", |p, q| {
        mozjpeg_rs::Encoder::baseline_optimized().quality(q).encode_rgb(&p.rgb.samples, p.rgb.width, p.rgb.height).expect("a JPEG")
    }),
];

fn decode(bytes: &[u8]) -> Rgb {
    let mut d = jpeg_decoder::Decoder::new(bytes);
    let samples = d.decode().expect("our own JPEG");
    let info = d.info().expect("our own JPEG");
    Rgb { width: info.width.into(), height: info.height.into(), samples }
}

fn main() {
    let read = |path| {
        let rgb = read_png(&PathBuf::from(path));
        Input { planes: planes(&rgb), rgb }
    };
    let pictures: Vec<Input> = std::env::args_os().skip(1).map(read).collect();
    let pixels: f64 = pictures.iter().map(|p| f64::from(p.rgb.width * p.rgb.height)).sum();
    // The clock of a thread stands still for some milliseconds at a time.
    let repeats = (8e6 / pixels).ceil();
    println!("{} pictures, {:.2} Mpx\n", pictures.len(), pixels / 1e6);
    println!("| encoder | quality | kB | SSIMULACRA2 | ns/px | kB at 75 | kB at 85 |\n| --- | --- | --- | --- | --- | --- | --- |");
    for (name, encode) in ENCODERS {
        let mut points = Vec::new();
        let mut rows = Vec::new();
        for quality in [60u8, 70, 75, 80, 85, 90, 95] {
            let mut seconds = f64::MAX;
            let mut files = Vec::new();
            for _ in 0..5 {
                let start = cpu();
                for _ in 0..repeats as u32 {
                    files = pictures.iter().map(|p| encode(p, quality)).collect::<Vec<_>>();
                }
                seconds = seconds.min((cpu() - start) / repeats);
            }
            let bytes: usize = files.iter().map(Vec::len).sum();
            let scores: f64 = pictures.iter().zip(&files).map(|(p, f)| score(&p.rgb, &decode(f))).sum();
            points.push((scores / pictures.len() as f64, bytes as f64 / 1e3));
            rows.push((quality, seconds * 1e9 / pixels));
        }
        // Between two qualities, bytes grow as the exponential of the score.
        let at = |wanted: f64| {
            let pair = points.windows(2).find(|w| (w[0].0..=w[1].0).contains(&wanted))?;
            let share = (wanted - pair[0].0) / (pair[1].0 - pair[0].0);
            Some((pair[0].1.ln() * (1.0 - share) + pair[1].1.ln() * share).exp())
        };
        let words = |v: Option<f64>| v.map_or("-".to_owned(), |v| format!("{v:.1}"));
        for ((quality, ns), (s, kb)) in rows.iter().zip(&points) {
            if [75, 80, 90].contains(quality) {
                println!("| {name} | {quality} | {kb:.1} | {s:.2} | {ns:.1} | {} | {} |", words(at(75.0)), words(at(85.0)));
            }
        }
    }
}
