//! `score REFERENCES OURS`: SSIMULACRA2 of the PNG files of two folders, by name, the second with
//! `.png` behind or not: mean, 5th percentile, minimum.

use std::path::PathBuf;

use measure::{read_png, score};

fn main() {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [references, ours] = &folders[..] else { panic!("score REFERENCES OURS") };
    let mut scores = Vec::new();
    for entry in std::fs::read_dir(references).expect("a folder") {
        let reference = entry.expect("an entry").path();
        let ours = ours.join(reference.file_name().expect("a name"));
        if !ours.exists() {
            println!("missing {}", ours.display());
            continue;
        }
        let (a, b) = (read_png(&reference), read_png(&ours));
        if (a.width, a.height) != (b.width, b.height) {
            println!("{}: {}x{} not {}x{}", ours.display(), b.width, b.height, a.width, a.height);
            continue;
        }
        scores.push((score(&a, &b), ours));
    }
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (s, path) in scores.iter().take(4) {
        println!("{s:.2} {}", path.display());
    }
    let mean: f64 = scores.iter().map(|s| s.0).sum::<f64>() / scores.len() as f64;
    let low = scores[scores.len() * 5 / 100].0;
    println!("{} pictures: mean {mean:.2}, 5th percentile {low:.2}, minimum {:.2}", scores.len(), scores[0].0);
}
