//! `cargo run --release --example contact_sheet -- OUT.jpg PICTURE...`: one JPEG with a square of each picture, in rows.
//!
//! Made with it: `docs/contact-sheet.jpg`, out of `fixtures/photos`.

use std::error::Error;

use image::{ImageReader, RgbImage, imageops};
use thumbs::{Format, Limits, Recipe, render};
use thumbs_render::geometry::Fit;
use thumbs_render::recipe::FormatChoice;

const SIDE: u32 = 160;
const GAP: u32 = 8;
const COLUMNS: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let out = arguments.next().ok_or("usage: contact_sheet OUT.jpg PICTURE...")?;
    let recipe = Recipe::default()
        .with_sizes([SIDE.to_string().parse()?])
        .with_formats([FormatChoice::To(Format::Png)])
        .with_fit(Fit::Cover)
        .with_enlarge(true);
    let mut squares = Vec::new();
    for path in arguments {
        let rendered = render(&std::fs::read(path)?, &recipe, &Limits::default())?;
        let png = std::io::Cursor::new(&rendered.outputs[0].bytes);
        squares.push(ImageReader::with_format(png, image::ImageFormat::Png).decode()?.to_rgb8());
    }
    let rows = squares.len().div_ceil(COLUMNS) as u32;
    let columns = squares.len().min(COLUMNS) as u32;
    let pitch = SIDE + GAP;
    let mut sheet = RgbImage::from_pixel(columns * pitch - GAP, rows * pitch - GAP, image::Rgb([255; 3]));
    for (i, square) in squares.iter().enumerate() {
        let (column, row) = (i % COLUMNS, i / COLUMNS);
        imageops::replace(&mut sheet, square, (column as u32 * pitch).into(), (row as u32 * pitch).into());
    }
    let mut png = std::io::Cursor::new(Vec::new());
    sheet.write_to(&mut png, image::ImageFormat::Png)?;
    let recipe = Recipe::default().with_sizes(["original".parse()?]).with_formats([FormatChoice::To(Format::Jpeg)]);
    let rendered = render(png.get_ref(), &recipe, &Limits::default())?;
    std::fs::write(out, &rendered.outputs[0].bytes)?;
    Ok(())
}
