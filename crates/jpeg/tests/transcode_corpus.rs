//! Rewrites every JPEG in the fixtures and below THUMBS_CORPUS. The samples stay the same with our decoder and with libjpeg.

mod common;

use common::{STRICT, their_pixels};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use thumbs_jpeg::transcode::{Options, Progressive, TranscodeError, transcode};
use thumbs_jpeg::{Error, Planes, read_header};

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

fn planes(data: &[u8]) -> Result<Planes, thumbs_jpeg::Error> {
    let header = read_header(data)?;
    thumbs_jpeg::decode_planes(data, &header, &header.full(), &STRICT)
}

#[test]
fn corpus() {
    let mut files = Vec::new();
    jpegs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures"), &mut files);
    match std::env::var_os("THUMBS_CORPUS").filter(|folder| !folder.is_empty()) {
        Some(corpus) => jpegs(Path::new(&corpus), &mut files),
        None => println!("THUMBS_CORPUS is not set: fixtures only"),
    }
    let (mut written, mut same_by_theirs, mut before, mut after) = (0, 0, 0, 0);
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy();
        let data = std::fs::read(&file).unwrap();
        let ours = planes(&data);
        for progressive in [Progressive::Auto, Progressive::No] {
            let options = Options { progressive, ..Options::default() };
            let result = match (read_header(&data).map(|header| transcode(&data, &header, &options)), &ours) {
                (Ok(Ok(result)), _) => result,
                // Damaged or not supported: a strict decode fails as well.
                (_, Err(error)) => {
                    println!("{name}: {error}");
                    continue;
                }
                (Ok(Err(TranscodeError::Read(error @ Error::Unsupported("scans that omit coefficients")))), _) => {
                    println!("{name}: {error}");
                    continue;
                }
                (error, Ok(_)) => panic!("{name}: {error:?}"),
            };
            assert!(ours == planes(&result.bytes), "{name}");
            if progressive == Progressive::Auto {
                (written, before, after) =
                    (written + 1, before + data.len() - result.trailing, after + result.bytes.len());
            }
            // libjpeg rejects some files that we accept, or warns.
            let theirs = catch_unwind(|| their_pixels(&data));
            if let Ok(theirs) = theirs {
                assert!(theirs == their_pixels(&result.bytes), "{name}");
                same_by_theirs += 1;
            }
        }
    }
    println!("{written} pictures, {before} bytes became {after}; {same_by_theirs} comparisons by libjpeg");
    assert!(written >= 9 && same_by_theirs >= 16);
}
