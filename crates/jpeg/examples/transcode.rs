//! Prints the sizes of JPEGs before and after lossless transcoding: `transcode FILE...`

use std::process::ExitCode;
use thumbs_jpeg::read_header;
use thumbs_jpeg::transcode::{Options, Transcoded, transcode};

fn rewrite(path: &str) -> Result<(usize, Transcoded), Box<dyn std::error::Error>> {
    let data = std::fs::read(path)?;
    let header = read_header(&data)?;
    Ok((data.len(), transcode(&data, &header, &Options::default())?))
}

fn main() -> ExitCode {
    let (mut before, mut after, mut status) = (0, 0, ExitCode::SUCCESS);
    for path in std::env::args().skip(1) {
        match rewrite(&path) {
            Ok((size, result)) => {
                println!("{path}: {size} {}", result.bytes.len());
                before += size;
                after += result.bytes.len();
            }
            Err(error) => {
                eprintln!("{path}: {error}");
                status = ExitCode::FAILURE;
            }
        }
    }
    println!("total: {before} {after}");
    status
}
