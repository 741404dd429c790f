//! The decoders that are not ours, on files of independent writers, against independent readers. `fixtures/README.md`
//! tells who wrote the files and who read them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::pictures::{decoded, difference, rgba};
use thumbs_render::pixmap::{Channels, Pixmap, Samples};
use thumbs_render::size::Size;

fn fixtures(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder)
}

/// MD5 of the pixels: as RGBA of 8 bits, or as stored, in 16 bits with the highest byte first.
fn digest(pixmap: Pixmap, bits: &str) -> String {
    let bytes: Vec<u8> = match (bits, pixmap.samples()) {
        ("16", Samples::U16(samples)) => samples.iter().flat_map(|sample| sample.to_be_bytes()).collect(),
        ("8", Samples::U8(_)) => rgba(pixmap).concat(),
        _ => panic!("samples of other than {bits} bits"),
    };
    format!("{:x}", md5::compute(&bytes))
}

/// Holds that all files of a list have the pixels that it says; how many there are.
fn compare(list: &str, folder: &Path) -> usize {
    let list = fs::read_to_string(fixtures("png").join(list)).expect("a list of digests");
    let mut wrong = Vec::new();
    for line in list.lines() {
        let [want, bits, name] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        match decoded(&fs::read(folder.join(name)).expect("a picture")) {
            Ok(pixmap) if digest(pixmap.clone(), bits) == want => {}
            Ok(_) => wrong.push(format!("{name}: other pixels")),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    list.lines().count()
}

#[test]
fn png_of_other_writers_has_the_pixels_that_pillow_and_libvips_see() {
    assert_eq!(compare("digests.txt", &fixtures("png")), 29);
}

#[test]
fn pngsuite_has_the_pixels_that_pillow_and_libvips_see() {
    let Some(corpus) = std::env::var_os("THUMBS_CORPUS") else {
        eprintln!("skipped: THUMBS_CORPUS names no set of pictures");
        return;
    };
    assert!(compare("pngsuite.txt", &Path::new(&corpus).join("pngsuite")) > 150);
}

/// Lossless ones are the same; of lossy ones the standard leaves open how chroma is interpolated.
#[test]
fn webp_of_other_writers_has_the_pixels_that_a_reader_in_rust_sees() {
    let mut count = 0;
    for entry in fs::read_dir(fixtures("webp")).expect("pictures") {
        let path = entry.expect("an entry").path();
        let bytes = fs::read(&path).expect("a picture");
        let theirs = image::load_from_memory(&bytes).expect("a WebP").into_rgba8();
        let size = Size::new(theirs.width(), theirs.height());
        let theirs = Pixmap::new_u8(size, Channels::Rgba, theirs.into_raw());
        let (largest, mean) = difference(decoded(&bytes).expect("a WebP"), theirs);
        let is_lossless = bytes.windows(4).any(|name| name == b"VP8L");
        let holds = if is_lossless { largest == 0 } else { mean < 0.5 && largest <= 4 };
        assert!(holds, "{}: {largest} at most, {mean} in the mean", path.display());
        count += 1;
    }
    assert_eq!(count, 18);
}
