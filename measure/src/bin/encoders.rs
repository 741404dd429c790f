//! `encoders PNG...`: bytes, SSIMULACRA2 and processor time of JPEG encoders at several qualities.

use std::path::PathBuf;

use jpeg_encoder::{ColorType, SamplingFactor};
use measure::{Rgb, cpu, read_png, score};

type Encode = fn(&Rgb, u8) -> Vec<u8>;

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

const ENCODERS: &[(&str, Encode)] = &[
    ("jpeg-encoder 4:2:0", |p, q| jpeg_encoder(p, q, false, false, false)),
    ("jpeg-encoder 4:2:0 optimized", |p, q| jpeg_encoder(p, q, true, false, false)),
    ("jpeg-encoder 4:4:4 optimized", |p, q| jpeg_encoder(p, q, true, false, true)),
    ("jpeg-encoder 4:2:0 progressive", |p, q| jpeg_encoder(p, q, true, true, false)),
    ("mozjpeg, no nasm", |p, q| mozjpeg(p, q, false)),
    ("mozjpeg, no nasm, fastest", |p, q| mozjpeg(p, q, true)),
    ("mozjpeg-rs fastest", |p, q| {
        mozjpeg_rs::Encoder::fastest().quality(q).encode_rgb(&p.samples, p.width, p.height).expect("a JPEG")
    }),
    ("mozjpeg-rs fastest, optimized", |p, q| mozjpeg_rs(p, q, false, false)),
    ("mozjpeg-rs fastest, optimized, 4:4:4", |p, q| mozjpeg_rs(p, q, false, true)),
    ("mozjpeg-rs fastest, progressive", |p, q| mozjpeg_rs(p, q, true, false)),
    ("mozjpeg-rs baseline", |p, q| {
        mozjpeg_rs::Encoder::baseline_optimized().quality(q).encode_rgb(&p.samples, p.width, p.height).expect("a JPEG")
    }),
];

fn decode(bytes: &[u8]) -> Rgb {
    let mut d = jpeg_decoder::Decoder::new(bytes);
    let samples = d.decode().expect("our own JPEG");
    let info = d.info().expect("our own JPEG");
    Rgb { width: info.width.into(), height: info.height.into(), samples }
}

fn main() {
    let pictures: Vec<Rgb> = std::env::args_os().skip(1).map(|p| read_png(&PathBuf::from(p))).collect();
    let pixels: f64 = pictures.iter().map(|p| f64::from(p.width * p.height)).sum();
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
                files = pictures.iter().map(|p| encode(p, quality)).collect::<Vec<_>>();
                seconds = seconds.min(cpu() - start);
            }
            let bytes: usize = files.iter().map(Vec::len).sum();
            let scores: f64 = pictures.iter().zip(&files).map(|(p, f)| score(p, &decode(f))).sum();
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
