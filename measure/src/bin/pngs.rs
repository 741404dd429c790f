//! `pngs PNG...`: bytes and processor time of the `png` crate's settings.

use std::path::PathBuf;

use measure::{Rgb, cpu, read_png};
use png::{Compression, Filter};

fn encode(p: &Rgb, compression: Compression, filter: Filter) -> Vec<u8> {
    let mut out = Vec::new();
    let mut e = png::Encoder::new(&mut out, p.width, p.height);
    e.set_color(png::ColorType::Rgb);
    e.set_compression(compression);
    e.set_filter(filter);
    let mut w = e.write_header().expect("a header");
    w.write_image_data(&p.samples).expect("pixels");
    w.finish().expect("an end");
    out
}

fn main() {
    let pictures: Vec<Rgb> = std::env::args_os().skip(1).map(|p| read_png(&PathBuf::from(p))).collect();
    let pixels: f64 = pictures.iter().map(|p| f64::from(p.width * p.height)).sum();
    println!("{} pictures, {:.2} Mpx\n\n| setting | kB | ns/px |\n| --- | --- | --- |", pictures.len(), pixels / 1e6);
    let compressions =
        [("fastest", Compression::Fastest), ("fast", Compression::Fast), ("balanced", Compression::Balanced), ("high", Compression::High)];
    let filters = [("up", Filter::Up), ("paeth", Filter::Paeth), ("adaptive", Filter::Adaptive)];
    for (c_name, compression) in compressions {
        for (f_name, filter) in filters {
            let mut seconds = f64::MAX;
            let mut bytes = 0;
            for _ in 0..3 {
                let start = cpu();
                bytes = pictures.iter().map(|p| encode(p, compression, filter).len()).sum();
                seconds = seconds.min(cpu() - start);
            }
            println!("| {c_name}, {f_name} | {:.1} | {:.1} |", bytes as f64 / 1e3, seconds * 1e9 / pixels);
        }
    }
}
