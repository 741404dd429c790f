//! No JPEG in the folder THUMBS_CORPUS causes a panic, at any size, intact or damaged.

use std::path::{Path, PathBuf};
use thumbs_jpeg::{Error, Options};

fn jpegs(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            jpegs(&path, found);
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("jpg") || e.eq_ignore_ascii_case("jpeg")) {
            found.push(path);
        }
    }
    found.sort();
}

#[test]
fn nothing_panics() {
    let Some(corpus) = std::env::var_os("THUMBS_CORPUS").filter(|folder| !folder.is_empty()) else {
        println!("skipped: THUMBS_CORPUS is not set");
        return;
    };
    let mut files = Vec::new();
    jpegs(Path::new(&corpus), &mut files);
    assert!(!files.is_empty());
    for file in files {
        let data = std::fs::read(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let header = match thumbs_jpeg::read_header(&data) {
            Ok(header) => header,
            Err(error) => {
                println!("{name}: {error}");
                continue;
            }
        };
        for divide in [1.0, 2.5, 20.0] {
            let plan = header.plan((f64::from(header.width) / divide, f64::from(header.height) / divide));
            for (allow_truncated, strict) in [(false, false), (true, false), (false, true)] {
                let options = Options { allow_truncated, strict, max_memory: Some(1 << 28), ..Options::default() };
                match thumbs_jpeg::decode(&data, &header, &plan, &options) {
                    Ok(image) => {
                        assert_eq!((image.width, image.height), (plan.width, plan.height));
                        assert_eq!(
                            image.data.len() as u64,
                            u64::from(image.width) * u64::from(image.height) * u64::from(image.channels)
                        );
                    }
                    Err(error) => {
                        assert!(!allow_truncated || !matches!(error, Error::Truncated(_)), "{name}: {error}");
                        println!("{name} 1/{divide} {allow_truncated} {strict}: {error}");
                    }
                }
            }
        }
    }
}
