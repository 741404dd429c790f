//! `formats FORMAT [--efforts 0,4,9] [--targets 70,80,90] [--depth 8] [--444] PNG...`: bytes at equal SSIMULACRA2 and time of
//! WebP, AVIF and lossy PNG at each effort. `formats scores FORMAT PNG...` prints the mean score of each quality.
//!
//! Encodes through thumbs-render, decodes with the tools of each format (dwebp, avifdec, which must be installed) into PNG.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fast_ssim2::Ssimulacra2Reference;
use measure::{Rgb, cpu, decode_file, pixels, read_png};
use thumbs_render::codec::{Attached, registry};
use thumbs_render::pixmap::{Channels, Pixmap};
use thumbs_render::recipe::{EncodeSettings, Subsampling};
use thumbs_render::size::Size;
use thumbs_render::Format;

struct Options {
    format: Format,
    efforts: Vec<Option<u8>>,
    targets: Vec<f64>,
    depth: Option<u8>,
    sampling: Subsampling,
    scores: bool,
    pictures: Vec<PathBuf>,
}

fn options() -> Options {
    let mut words = std::env::args().skip(1).peekable();
    let scores = words.next_if(|w| w == "scores").is_some();
    let format = Format::from_word(&words.next().expect("a format")).expect("a format");
    let mut out = Options {
        format,
        efforts: (0..=9).map(Some).collect(),
        targets: vec![70.0, 80.0, 90.0],
        depth: None,
        sampling: Subsampling::Auto,
        scores,
        pictures: Vec::new(),
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("a value");
        match word.as_str() {
            "--efforts" => out.efforts = value().split(',').map(|n| n.parse().ok()).collect(),
            "--targets" => out.targets = value().split(',').map(|n| n.parse().expect("a score")).collect(),
            "--depth" => out.depth = value().parse().ok(),
            "--444" => out.sampling = Subsampling::S444,
            "--420" => out.sampling = Subsampling::S420,
            _ => out.pictures.push(word.into()),
        }
    }
    out
}

fn encode(rgb: &Rgb, options: &Options, effort: Option<u8>, quality: u8) -> Vec<u8> {
    let pixmap = Pixmap::new_u8(Size::new(rgb.width, rgb.height), Channels::Rgb, rgb.samples.clone());
    let mut settings =
        EncodeSettings::default().with_quality(quality).with_subsampling(options.sampling).with_lossy_png(true);
    settings.effort = effort;
    settings.depth = options.depth;
    let encoder = registry::encoder(options.format).expect("an encoder");
    encoder.encode(&pixmap, &settings, &Attached::default()).expect("a file")
}

fn decoded(bytes: &[u8], format: Format) -> Rgb {
    let path = std::env::temp_dir().join(format!("measure-{}.{}", std::process::id(), format.extension()));
    std::fs::write(&path, bytes).expect("a file");
    decode_file(&path)
}

struct Search<'a> {
    rgb: &'a Rgb,
    reference: &'a Ssimulacra2Reference,
    options: &'a Options,
    effort: Option<u8>,
    points: BTreeMap<u8, (f64, f64)>,
}

impl Search<'_> {
    /// Score and bytes.
    fn point(&mut self, quality: u8) -> (f64, f64) {
        if let Some(&point) = self.points.get(&quality) {
            return point;
        }
        let bytes = encode(self.rgb, self.options, self.effort, quality);
        let mut score = 0.0;
        let out = decoded(&bytes, self.options.format);
        pixels(&out, &mut |slice| score = self.reference.compare(slice).expect("a score"));
        self.points.insert(quality, (score, bytes.len() as f64));
        (score, bytes.len() as f64)
    }

    /// Bytes and quality where the score is reached, if it is.
    fn at(&mut self, target: f64) -> Option<(f64, f64)> {
        let (mut low, mut high) = (10u8, 100u8);
        if self.point(high).0 < target || self.point(low).0 > target {
            return None;
        }
        while high - low > 4 {
            let middle = (low + high) / 2;
            if self.point(middle).0 < target { low = middle } else { high = middle }
        }
        let (a, b) = (self.point(low), self.point(high));
        let share = (target - a.0) / (b.0 - a.0).max(1e-9);
        let quality = f64::from(low) * (1.0 - share) + f64::from(high) * share;
        Some(((a.1.ln() * (1.0 - share) + b.1.ln() * share).exp(), quality))
    }
}

fn main() {
    let options = options();
    let pictures: Vec<Rgb> = options.pictures.iter().map(|path| read_png(path)).collect();
    let count: f64 = pictures.iter().map(|p| f64::from(p.width) * f64::from(p.height)).sum();
    let references: Vec<Ssimulacra2Reference> = pictures
        .iter()
        .map(|p| {
            let mut out = None;
            pixels(p, &mut |slice| out = Some(Ssimulacra2Reference::new(slice).expect("a reference")));
            out.expect("a reference")
        })
        .collect();
    println!("{} pictures, {:.2} Mpx", pictures.len(), count / 1e6);
    if options.scores {
        for quality in [10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 95, 98, 100] {
            let (mut sum, mut bytes) = (0.0, 0.0);
            for (rgb, reference) in pictures.iter().zip(&references) {
                let effort = options.efforts[0];
                let mut search = Search { rgb, reference, options: &options, effort, points: BTreeMap::new() };
                let point = search.point(quality);
                sum += point.0;
                bytes += point.1;
            }
            println!("| {quality} | {:.2} | {:.1} kB |", sum / pictures.len() as f64, bytes / 1e3);
        }
        return;
    }
    println!("| effort | ns/px |{}", options.targets.iter().map(|t| format!(" kB at {t} | quality |")).collect::<String>());
    for &effort in &options.efforts {
        let start = cpu();
        let mut bytes = 0;
        for rgb in &pictures {
            bytes += encode(rgb, &options, effort, 80).len();
        }
        let seconds = cpu() - start;
        let mut line = format!("| {effort:?} | {:.0} | {:.1} at 80", seconds * 1e9 / count, bytes as f64 / 1e3);
        for &target in &options.targets {
            let (mut sum, mut quality, mut n) = (0.0, 0.0, 0.0);
            for (rgb, reference) in pictures.iter().zip(&references) {
                let mut search = Search { rgb, reference, options: &options, effort, points: BTreeMap::new() };
                if let Some(point) = search.at(target) {
                    sum += point.0;
                    quality += point.1;
                    n += 1.0;
                }
            }
            line += &format!(" | {:.1} ({n}) | {:.1}", sum / 1e3, quality / n);
        }
        println!("{line} |");
    }
}
