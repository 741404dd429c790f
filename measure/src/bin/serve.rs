//! `serve`: encodes and judges for `side.py`. A request is a line of fields with tabs between them, and so is the answer.
//!
//!     encode ENCODER QUALITY REPEATS PNG OUT    the least seconds of processor time of one encoding
//!     score PNG FILE [butteraugli]              SSIMULACRA2 of FILE against PNG, and Butteraugli's 3-norm
//!
//! ENCODER is `ours-0` to `ours-9`, `mozjpeg`, `mozjpeg-rs` or `jpeg-encoder`; all encode 4:2:0.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use fast_ssim2::Ssimulacra2Reference;
use jpeg_encoder::{ColorType, SamplingFactor};
use measure::{Rgb, butteraugli, cpu, decode_file, mozjpeg, pixels, read_png};
use thumbs_jpeg::encode::{Picture, Samples, Settings, encode};

/// With Huffman tables made for the picture, as the others have.
fn jpeg_encoder(p: &Rgb, quality: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let mut e = jpeg_encoder::Encoder::new(&mut out, quality);
    e.set_optimized_huffman_tables(true);
    e.set_sampling_factor(SamplingFactor::F_2_2);
    e.encode(&p.samples, p.width as u16, p.height as u16, ColorType::Rgb).expect("a JPEG");
    out
}

/// With its defaults: progressive, trellis, optimised scans.
fn mozjpeg_rs(p: &Rgb, quality: u8) -> Vec<u8> {
    let encoder = mozjpeg_rs::Encoder::new(mozjpeg_rs::Preset::default()).quality(quality);
    let encoder = encoder.subsampling(mozjpeg_rs::Subsampling::S420);
    encoder.encode_rgb(&p.samples, p.width, p.height).expect("a JPEG")
}

fn encoded(encoder: &str, p: &Rgb, quality: u8) -> Vec<u8> {
    match encoder {
        "mozjpeg" => mozjpeg(p, quality),
        "mozjpeg-rs" => mozjpeg_rs(p, quality),
        "jpeg-encoder" => jpeg_encoder(p, quality),
        ours => {
            let effort = ours.strip_prefix("ours-").and_then(|n| n.parse().ok()).expect("a known encoder");
            let picture = Picture { width: p.width, height: p.height, samples: Samples::Rgb(&p.samples) };
            encode(&picture, &Settings { quality, effort, ..Settings::default() }).expect("a JPEG")
        }
    }
}

/// The last picture, which most requests are about.
#[derive(Default)]
struct Last {
    path: PathBuf,
    rgb: Option<Rgb>,
    reference: Option<Ssimulacra2Reference>,
}

impl Last {
    fn rgb(&mut self, path: &Path) -> &Rgb {
        if self.path != path {
            *self = Self { path: path.into(), ..Self::default() };
        }
        self.rgb.get_or_insert_with(|| read_png(path))
    }

    fn score(&mut self, path: &Path, other: &Rgb) -> f64 {
        let rgb = self.rgb(path).clone();
        assert_eq!((rgb.width, rgb.height), (other.width, other.height), "{}", path.display());
        if self.reference.is_none() {
            let mut made = None;
            pixels(&rgb, &mut |slice| made = Some(Ssimulacra2Reference::new(slice).expect("a reference")));
            self.reference = made;
        }
        let mut score = 0.0;
        let reference = self.reference.as_ref().expect("just made");
        pixels(other, &mut |slice| score = reference.compare(slice).expect("a score"));
        score
    }
}

fn main() {
    let mut last = Last::default();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a request");
        let fields: Vec<&str> = line.split('\t').collect();
        let answer = match fields[..] {
            ["encode", encoder, quality, repeats, png, out] => {
                let rgb = last.rgb(Path::new(png));
                let quality = quality.parse().expect("a quality");
                let (mut seconds, mut bytes) = (f64::MAX, Vec::new());
                for _ in 0..repeats.parse().expect("a number") {
                    let start = cpu();
                    bytes = encoded(encoder, rgb, quality);
                    seconds = seconds.min(cpu() - start);
                }
                std::fs::write(out, bytes).expect("a file");
                format!("{seconds}")
            }
            ["score", png, file] => last.score(Path::new(png), &decode_file(Path::new(file))).to_string(),
            ["score", png, file, "butteraugli"] => {
                let other = decode_file(Path::new(file));
                let score = last.score(Path::new(png), &other);
                format!("{score}\t{}", butteraugli(last.rgb(Path::new(png)), &other))
            }
            _ => panic!("no such request: {line}"),
        };
        println!("{answer}");
        std::io::stdout().flush().expect("a reader");
    }
}
