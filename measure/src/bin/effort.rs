//! `effort [--efforts 0,9] [--targets 80,85] [--butteraugli] PNG...`: bytes at equal SSIMULACRA2 of our JPEG encoder at each
//! effort, and of mozjpeg. `side.py` compares more encoders; this is quicker while the encoder changes.
//!
//! Each encoder searches its own quality for each picture. Bytes are interpolated between two qualities at most two apart, the
//! logarithm linear in the score. Decoding is libjpeg-turbo's, with its triangle filter for chroma.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fast_ssim2::Ssimulacra2Reference;
use measure::{Rgb, butteraugli, cpu, decode, mozjpeg, pixels, read_png};
use thumbs_jpeg::encode::{Picture, Samples, Sampling, Settings, encode};

enum Encoder {
    Mozjpeg,
    Ours(u8),
}

struct Options {
    efforts: Vec<u8>,
    targets: Vec<f64>,
    butteraugli: bool,
    sampling: Sampling,
    pictures: Vec<PathBuf>,
}

fn options() -> Options {
    let mut out = Options {
        efforts: (0..=9).collect(),
        targets: vec![70.0, 80.0, 85.0, 90.0],
        butteraugli: false,
        sampling: Sampling::S420,
        pictures: Vec::new(),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("a value");
        match word.as_str() {
            "--efforts" => out.efforts = value().split(',').filter_map(|n| n.parse().ok()).collect(),
            "--targets" => out.targets = value().split(',').map(|n| n.parse().expect("a score")).collect(),
            "--butteraugli" => out.butteraugli = true,
            "--444" => out.sampling = Sampling::S444,
            _ => out.pictures.push(word.into()),
        }
    }
    out
}

impl Encoder {
    fn name(&self) -> String {
        match self {
            Self::Mozjpeg => "mozjpeg".into(),
            Self::Ours(effort) => format!("effort {effort}"),
        }
    }

    fn encode(&self, rgb: &Rgb, sampling: Sampling, quality: u8) -> Vec<u8> {
        match self {
            Self::Mozjpeg => mozjpeg(rgb, quality),
            &Self::Ours(effort) => {
                let picture = Picture { width: rgb.width, height: rgb.height, samples: Samples::Rgb(&rgb.samples) };
                let settings = Settings { quality, sampling, effort, ..Settings::default() };
                encode(&picture, &settings).expect("a JPEG")
            }
        }
    }
}

/// What one encoding is like.
#[derive(Clone, Copy, Default)]
struct Point {
    score: f64,
    bytes: f64,
    butteraugli: f64,
    quality: f64,
}

struct Search<'a> {
    encoder: &'a Encoder,
    rgb: &'a Rgb,
    reference: &'a Ssimulacra2Reference,
    options: &'a Options,
    points: BTreeMap<u8, Point>,
}

impl Search<'_> {
    fn point(&mut self, quality: u8) -> Point {
        if let Some(&point) = self.points.get(&quality) {
            return point;
        }
        let bytes = self.encoder.encode(self.rgb, self.options.sampling, quality);
        let decoded = decode(&bytes);
        let mut score = 0.0;
        pixels(&decoded, &mut |slice| score = self.reference.compare(slice).expect("a score"));
        let butteraugli = if self.options.butteraugli { butteraugli(self.rgb, &decoded) } else { 0.0 };
        let point = Point { score, bytes: bytes.len() as f64, butteraugli, quality: quality.into() };
        self.points.insert(quality, point);
        point
    }

    /// Where the score is reached; at quality 100 if it never is.
    fn at(&mut self, target: f64) -> Point {
        let (mut low, mut high) = (20u8, 100u8);
        if self.point(high).score < target {
            return self.point(high);
        }
        while high - low > 2 {
            let middle = (low + high) / 2;
            if self.point(middle).score < target { low = middle } else { high = middle }
        }
        let (a, b) = (self.point(low), self.point(high));
        let share = (target - a.score) / (b.score - a.score).max(1e-9);
        let mix = |a: f64, b: f64| a * (1.0 - share) + b * share;
        Point {
            score: target,
            bytes: mix(a.bytes.ln(), b.bytes.ln()).exp(),
            butteraugli: mix(a.butteraugli, b.butteraugli),
            quality: mix(a.quality, b.quality),
        }
    }
}

fn main() {
    let options = options();
    let mut encoders = vec![Encoder::Mozjpeg];
        encoders.extend(options.efforts.iter().map(|&effort| Encoder::Ours(effort)));
    let pictures: Vec<Rgb> = options.pictures.iter().map(|path| read_png(path)).collect();
    let count: f64 = pictures.iter().map(|p| f64::from(p.width) * f64::from(p.height)).sum();
    println!(
        "{} pictures, {:.2} Mpx; kB at a score, geometric mean of the ratio to the first row, mean quality",
        pictures.len(),
        count / 1e6
    );
    let mut head = "| encoder | ns/px |".to_owned();
    let mut line = "| --- | --- |".to_owned();
    for target in &options.targets {
        head += &format!(" kB at {target} | ratio | quality |");
        line += " --- | --- | --- |";
        if options.butteraugli {
            head += " butteraugli |";
            line += " --- |";
        }
    }
    println!("{head}\n{line}");
    let references: Vec<Ssimulacra2Reference> = pictures
        .iter()
        .map(|p| {
            let mut out = None;
            pixels(p, &mut |slice| out = Some(Ssimulacra2Reference::new(slice).expect("a reference")));
            out.expect("a reference")
        })
        .collect();
    let mut first: Vec<Vec<Point>> = Vec::new();
    for encoder in &encoders {
        let mut seconds = f64::MAX;
        for _ in 0..if count < 3e6 { 3 } else { 1 } {
            let start = cpu();
            for rgb in &pictures {
                std::hint::black_box(encoder.encode(rgb, options.sampling, 80));
            }
            seconds = seconds.min(cpu() - start);
        }
        let mut rows: Vec<Vec<Point>> = Vec::new();
        for (rgb, reference) in pictures.iter().zip(&references) {
            let mut search = Search { encoder, rgb, reference, options: &options, points: BTreeMap::new() };
            rows.push(options.targets.iter().map(|&target| search.at(target)).collect());
        }
        if first.is_empty() {
            first = rows.clone();
        }
        let mut line = format!("| {} | {:.1} |", encoder.name(), seconds * 1e9 / count);
        let number = rows.len() as f64;
        for (i, target) in options.targets.iter().enumerate() {
            let kb: f64 = rows.iter().map(|r| r[i].bytes).sum::<f64>() / 1e3;
            let is_reached = |r: &&(&Vec<Point>, &Vec<Point>)| r.0[i].score >= *target && r.1[i].score >= *target;
            let pairs: Vec<_> = rows.iter().zip(&first).collect();
            let both: Vec<_> = pairs.iter().filter(is_reached).collect();
            let ratio =
                (both.iter().map(|(a, b)| (a[i].bytes / b[i].bytes).ln()).sum::<f64>() / both.len() as f64).exp();
            let quality = rows.iter().map(|r| r[i].quality).sum::<f64>() / number;
            let mark = if both.len() < rows.len() { format!(" ({})", both.len()) } else { String::new() };
            line += &format!(" {kb:.1} | {ratio:.4}{mark} | {quality:.1} |");
            if options.butteraugli {
                let mean = rows.iter().map(|r| r[i].butteraugli).sum::<f64>() / number;
                line += &format!(" {mean:.3} |");
            }
        }
        println!("{line}");
        if std::env::var_os("EACH").is_some() {
            for ((row, first), path) in rows.iter().zip(&first).zip(&options.pictures) {
                let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
                let words: Vec<String> =
                    row.iter().zip(first).map(|(a, b)| format!("{:.3}", a.bytes / b.bytes)).collect();
                println!("    {name}: {}", words.join(" "));
            }
        }
    }
}
