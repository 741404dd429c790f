//! How good thumbnails look: SSIMULACRA2 against full-size decodes resized in floating point.
//!
//!     cargo bench --bench quality -- [--size 256] [--args '--filter mitchell'] [FOLDER...]
//!
//! Scores the pixels alone (our PNG) and what a viewer gets (our JPEG of quality 80). The reference is made by the `image`
//! crate: whole decode, upright, alpha on white, Lanczos3 over the full size without any shortcut. Profiles are not converted,
//! so a picture that is not sRGB scores low where the program converts. 100 is the same picture, 90 hardly to be told apart.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};
use image::{ImageDecoder as _, Rgb32FImage, RgbImage, imageops};

type Trouble = Box<dyn std::error::Error>;

/// The picture as it should look, at the size that the thumbnail has.
fn reference(path: &Path, width: u32, height: u32) -> Result<RgbImage, Trouble> {
    let mut decoder = image::ImageReader::open(path)?.with_guessed_format()?.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = image::DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    let full = picture.into_rgba32f();
    let flat = Rgb32FImage::from_fn(full.width(), full.height(), |x, y| {
        let [r, g, b, a] = full.get_pixel(x, y).0;
        image::Rgb([r, g, b].map(|v| v * a + 1.0 - a))
    });
    let small = imageops::resize(&flat, width, height, imageops::FilterType::Lanczos3);
    Ok(RgbImage::from_fn(width, height, |x, y| {
        image::Rgb(small.get_pixel(x, y).0.map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8))
    }))
}

fn thumbnail(path: &Path, out: &Path, size: &str, more: &[String], format: &str) -> Result<RgbImage, Trouble> {
    let made = out.join(format!("made.{format}"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_thumbs"));
    command.args(["--quiet", "-s", size, "--existing", "replace", "-o"]).arg(&made).args(more).arg("--").arg(path);
    let status = command.status()?;
    if !status.success() {
        return Err(format!("thumbs ended with {status}").into());
    }
    Ok(image::open(&made)?.into_rgb8())
}

fn score(a: &RgbImage, b: &RgbImage) -> Result<f64, Trouble> {
    let (width, height) = a.dimensions();
    let stride = width as usize * 3;
    let a =
        PixelSlice::new(a.as_raw(), width, height, stride, PixelDescriptor::RGB8_SRGB).map_err(|e| format!("{e:?}"))?;
    let b =
        PixelSlice::new(b.as_raw(), width, height, stride, PixelDescriptor::RGB8_SRGB).map_err(|e| format!("{e:?}"))?;
    Ok(compute_ssimulacra2(&a, &b)?)
}

fn both(path: &Path, out: &Path, size: &str, more: &[String]) -> Result<[f64; 2], Trouble> {
    let pixels = thumbnail(path, out, size, more, "png")?;
    let encoded = thumbnail(path, out, size, more, "jpg")?;
    let reference = reference(path, pixels.width(), pixels.height())?;
    Ok([score(&reference, &pixels)?, score(&reference, &encoded)?])
}

fn main() -> ExitCode {
    let (mut size, mut more, mut folders) = ("256".to_owned(), Vec::new(), Vec::new());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--bench" => {}
            "--size" => size = args.next().unwrap_or_default(),
            "--args" => more = args.next().unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            _ => folders.push(PathBuf::from(arg)),
        }
    }
    if folders.is_empty() {
        folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos"));
    }
    let out = tempfile::tempdir().expect("a temporary folder");
    let mut failed = false;
    for folder in folders {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(&folder).expect("a folder").flatten().map(|e| e.path()).filter(|p| p.is_file()).collect();
        files.sort();
        let mut scores: Vec<[f64; 2]> = Vec::new();
        println!("{} to {size} px     pixels  JPEG 80", folder.display());
        for file in &files {
            match both(file, out.path(), &size, &more) {
                Ok(pair) => {
                    println!("{:7.2} {:7.2}  {}", pair[0], pair[1], file.file_name().unwrap_or_default().display());
                    scores.push(pair);
                }
                Err(error) => {
                    println!("    failed  {}: {error}", file.display());
                    failed = true;
                }
            }
        }
        for (at, what) in ["pixels", "JPEG 80"].iter().enumerate() {
            let mut column: Vec<f64> = scores.iter().map(|s| s[at]).collect();
            column.sort_by(f64::total_cmp);
            if let Some(worst) = column.first() {
                let mean = column.iter().sum::<f64>() / column.len() as f64;
                println!("{what}: mean {mean:.2}, median {:.2}, worst {worst:.2}", column[column.len() / 2]);
            }
        }
    }
    ExitCode::from(u8::from(failed))
}
