//! Walks the pictures in the folder that THUMBS_CORPUS names and holds what each folder is there
//! to tell. Without the variable nothing is tested, and that is said.

#[path = "../crates/render/tests/pictures/mod.rs"]
mod pictures;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use pictures::{decoded, difference, rgba};
use thumbs_render::format::Format;
use thumbs_render::limits::Limits;
use thumbs_render::pixmap::{Pixmap, Samples};
use thumbs_render::recipe::{FormatChoice, Recipe};
use thumbs_render::render::{RenderError, Rendered, render};

fn corpus(folder: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("THUMBS_CORPUS").filter(|folder| !folder.is_empty()) else {
        println!("skipped: THUMBS_CORPUS is not set");
        return None;
    };
    let folder = PathBuf::from(root).join(folder);
    assert!(folder.is_dir(), "{} is not there", folder.display());
    Some(folder)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().and_then(OsStr::to_str).is_some_and(|e| extensions.iter().any(|x| x.eq_ignore_ascii_case(e)))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// As PNG at this size.
fn rendered(bytes: &[u8], size: &str) -> Result<Rendered, RenderError> {
    let recipe =
        Recipe::default().with_sizes([size.parse().expect("a size")]).with_formats([FormatChoice::To(Format::Png)]);
    render(bytes, &recipe, &Limits::default())
}

fn thumbnail(path: &Path, size: &str) -> Pixmap {
    let out = rendered(&fs::read(path).expect("a file"), size).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    decoded(&out.outputs[0].bytes).expect("our own PNG")
}

/// Collects what is wrong, so that one run tells all of it.
#[derive(Default)]
struct Complaints(Vec<String>);

impl Complaints {
    fn check(&mut self, holds: bool, words: impl FnOnce() -> String) {
        if !holds {
            self.0.push(words());
        }
    }
}

impl Drop for Complaints {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.0.is_empty(), "\n{}", self.0.join("\n"));
        }
    }
}

#[test]
fn pngsuite() {
    let Some(folder) = corpus("pngsuite") else { return };
    let mut complaints = Complaints::default();
    for path in files(&folder).iter().filter(|p| has_extension(p, &["png"])) {
        let bytes = fs::read(path).unwrap();
        // Pixels of xcsn0g01 are right by their own checksum.
        let corrupt = name(path).starts_with('x') && name(path) != "xcsn0g01.png";
        for size in ["original", "9x9"] {
            let out = rendered(&bytes, size);
            complaints.check(out.is_err() == corrupt, || format!("{}: {:?}", path.display(), out.err()));
        }
    }
}

/// The same picture in all colour types and as interlaced: basn and basi.
#[test]
fn pngsuite_interlaced_ones_are_the_same() {
    let Some(folder) = corpus("pngsuite") else { return };
    for path in files(&folder).iter().filter(|p| name(p).starts_with("basn")) {
        let other = folder.join(name(path).replace("basn", "basi"));
        let pixels = |p: &Path| decoded(&fs::read(p).unwrap()).unwrap();
        assert_eq!(pixels(path), pixels(&other), "{}", path.display());
    }
}

/// Pairs that need not agree, with the reason.
const OTHER_JPEG: &[(&str, &str)] = &[
    ("jpg-size-3x3.jpg", "libjpeg does not interpolate chroma in pictures that small"),
    ("jpg-size-4x4.jpg", "libjpeg does not interpolate chroma in pictures that small"),
    ("MR4.jpg", "12 bits: ours are scaled to the full range"),
    ("XA1.jpg", "10 bits: ours are scaled to the full range"),
    ("mjpeg.jpg", "a frame of a video, without Huffman tables"),
    ("partial_progressive.jpg", "it ends too early, so it is an error"),
];

#[test]
fn jpeg_pairs() {
    let Some(folder) = corpus("jpeg-decoder/tests/reftest/images") else { return };
    let mut complaints = Complaints::default();
    let mut pairs = 0;
    for path in files(&folder).iter().filter(|p| has_extension(p, &["jpg", "jpeg"])) {
        let reference = path.with_extension("png");
        if !reference.exists() || OTHER_JPEG.iter().any(|(n, _)| *n == name(path)) {
            continue;
        }
        pairs += 1;
        match decoded(&fs::read(path).unwrap()) {
            Err(e) => complaints.check(false, || format!("{}: {e}", path.display())),
            Ok(ours) => {
                let reference = decoded(&fs::read(&reference).unwrap()).unwrap();
                let (largest, mean) = difference(ours, reference);
                // Chroma is interpolated differently, so edges differ; the mean does not.
                let good = mean < 1.5;
                complaints.check(good, || format!("{}: mean {mean:.2}, largest {largest}", path.display()));
            }
        }
    }
    assert!(pairs > 20, "only {pairs} pairs");
}

#[test]
fn nine_orientations_are_one_picture() {
    let Some(folder) = corpus("exif-orientation") else { return };
    for set in ["Landscape", "Portrait"] {
        let find = |n: u32| {
            let stem = format!("{set}_{n}");
            let path = files(&folder).into_iter().find(|p| p.file_stem() == Some(OsStr::new(&stem)));
            thumbnail(&path.unwrap_or_else(|| panic!("no {stem}")), "200")
        };
        let first = find(0);
        for n in 1..=8 {
            let other = find(n);
            assert_eq!(other.size(), first.size(), "{set}_{n}");
            let (_, mean) = difference(first.clone(), other);
            assert!(mean < 4.0, "{set}_{n}: {mean}");
        }
    }
}

#[test]
fn libwebp_digests() {
    let Some(folder) = corpus("libwebp") else { return };
    let list = files(&folder).into_iter().find(|p| has_extension(p, &["md5"])).expect("a list of digests");
    let list = fs::read_to_string(list).unwrap();
    let digests: HashMap<&str, &str> = list
        .lines()
        .filter_map(|line| line.split_once(char::is_whitespace))
        .filter_map(|(digest, name)| Some((name.trim().strip_suffix(".pam")?, digest)))
        .collect();
    let mut complaints = Complaints::default();
    let mut compared = 0;
    for path in files(&folder).iter().filter(|p| has_extension(p, &["webp"])) {
        let Some(digest) = digests.get(name(path).as_str()) else { continue };
        if name(path) == "bad_palette_index.webp" {
            // Its header says that there is no alpha, so none is decoded.
            continue;
        }
        let pixmap = decoded(&fs::read(path).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let size = pixmap.size();
        let head = format!(
            "P7\nWIDTH {}\nHEIGHT {}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n",
            size.width, size.height
        );
        let bytes: Vec<u8> = head.into_bytes().into_iter().chain(rgba(pixmap).into_iter().flatten()).collect();
        compared += 1;
        let ours = format!("{:x}", md5::compute(&bytes));
        complaints.check(ours == *digest, || format!("{}: {ours}, not {digest}", path.display()));
    }
    assert!(compared > 20, "only {compared}");
}

/// Text in P3-sRGB-* differs from its ground only outside of sRGB.
#[test]
fn wide_gamut_text_vanishes() {
    let Some(folder) = corpus("wide-gamut") else { return };
    for color in ["red", "green", "blue"] {
        for wide in ["P3", "R2020"] {
            for shown in ["original", "800x600", "256", "64"] {
                let pixmap = thumbnail(&folder.join(format!("{wide}-sRGB-{color}.png")), shown);
                let size = pixmap.size();
                // The text that vanishes lies in the upper three quarters; below it the file's name stays.
                let pixels = rgba(pixmap);
                let upper = &pixels[..(size.width * size.height * 3 / 4) as usize];
                let first = upper[0];
                let far = upper.iter().flat_map(|p| (0..3).map(|c| p[c].abs_diff(first[c]))).max().unwrap();
                assert!(far <= 14, "{wide} {color} at {shown}: {far}");
            }
        }
    }
}

/// The profile exchanges channels: the picture names its own colours where it is honoured.
#[test]
fn profile_that_exchanges_channels() {
    let Some(folder) = corpus("wide-gamut") else { return };
    let pixmap = thumbnail(&folder.join("rgb-to-gbr-test.png"), "100x100");
    let Samples::U8(v) = pixmap.samples() else { panic!("8 bits") };
    let n = pixmap.channels().count();
    let at = |x: u32, y: u32| &v[((y * pixmap.size().width + x) as usize * n)..][..3];
    assert!(at(43, 5)[0] > 200 && at(43, 5)[2] < 90, "red at the top: {:?}", at(43, 5));
    assert!(at(5, 75)[1] > 200 && at(5, 75)[0] < 90, "green at the left: {:?}", at(5, 75));
    assert!(at(95, 75)[2] > 200 && at(95, 75)[1] < 90, "blue at the right: {:?}", at(95, 75));
}

#[test]
fn image_rs_bad() {
    let Some(folder) = corpus("image-rs/tests/bad") else { return };
    let mut complaints = Complaints::default();
    for path in files(&folder) {
        // The count of colours says nothing about 24 bits a pixel.
        let is_good = name(&path) == "Bad_clrsUsed.bmp";
        let out = rendered(&fs::read(&path).unwrap(), "64");
        complaints.check(out.is_err() != is_good, || format!("{}: {:?}", path.display(), out.err()));
    }
}

/// Where the reference is of another view than ours, with the reason.
const OTHER_VIEW: &[(&str, &str)] = &[
    ("V5_A8_R8_G8_B8_Rgb.bmp", "BI_RGB has no alpha, whatever the masks say"),
    ("hpredict.tiff", "its alpha is premultiplied, which the reference does not undo"),
    ("hpredict_packbits.tiff", "its alpha is premultiplied, which the reference does not undo"),
    ("rgb32f_bw.tiff", "floating point is taken as linear light"),
    ("rgb32f_color.tiff", "floating point is taken as linear light"),
    ("anim.webp", "the reference has the frame on the file's background colour"),
    ("oob.gif", "the reference cuts the first frame to the canvas; here it enlarges the canvas"),
    ("issue_1455_oversized.gif", "the reference cuts the first frame to the canvas; here it enlarges the canvas"),
];

#[test]
fn image_rs_references() {
    let Some(references) = corpus("image-rs/tests/reference") else { return };
    let images = corpus("image-rs/tests/images").unwrap();
    let mut complaints = Complaints::default();
    let mut compared = 0;
    for reference in files(&references).iter().filter(|p| has_extension(p, &["png"])) {
        let inner = reference.strip_prefix(&references).unwrap().with_extension("");
        let image = images.join(&inner);
        if !image.exists() || OTHER_VIEW.iter().any(|(n, _)| *n == name(&image)) {
            continue;
        }
        compared += 1;
        let reference = decoded(&fs::read(reference).unwrap()).unwrap();
        match decoded(&fs::read(&image).unwrap()) {
            Err(e) => complaints.check(false, || format!("{}: {e}", image.display())),
            Ok(ours) if ours.size() != reference.size() => {
                complaints.check(false, || format!("{}: {} not {}", image.display(), ours.size(), reference.size()));
            }
            Ok(ours) => {
                let (largest, mean) = difference(ours, reference);
                let good = if has_extension(&image, &["jpg"]) { mean < 1.5 } else { largest <= 1 };
                complaints.check(good, || format!("{}: mean {mean:.2}, largest {largest}", image.display()));
            }
        }
    }
    assert!(compared > 80, "only {compared}");
}

/// No picture of all the corpus panics or takes long, whole or at thumbnail size.
#[test]
fn nothing_panics() {
    let Some(folder) = corpus("") else { return };
    let mut complaints = Complaints::default();
    for path in files(&folder) {
        let bytes = fs::read(&path).unwrap();
        let start = Instant::now();
        let out = panic::catch_unwind(|| rendered(&bytes, "100x100").map(|r| r.outputs.len()));
        let took = start.elapsed();
        complaints.check(out.is_ok(), || format!("{} panicked", path.display()));
        complaints.check(took < Duration::from_secs(10), || format!("{} took {took:?}", path.display()));
    }
}

/// The built program, one picture a run, with 1 GiB of address space and two workers.
#[test]
fn the_program_is_bounded() {
    let Some(folder) = corpus("") else { return };
    let out = tempfile::tempdir().expect("a folder");
    let mut complaints = Complaints::default();
    for path in files(&folder) {
        let start = Instant::now();
        let ran = Command::new("sh")
            .args(["-c", "ulimit -v 1048576; exec \"$0\" -j2 -s 256 -o \"$1\" -- \"$2\""])
            .args([Path::new(env!("CARGO_BIN_EXE_thumbs")), out.path(), &path])
            .output()
            .expect("a shell");
        let took = start.elapsed();
        let words = String::from_utf8_lossy(&ran.stderr);
        let what = || format!("{}: {:?} after {took:?}: {words}", path.display(), ran.status);
        let clean =
            matches!(ran.status.code(), Some(0 | 1)) && !words.contains("panicked") && !words.contains("gave up");
        complaints.check(clean && took < Duration::from_secs(10), what);
        // What fails names itself and says why.
        let named = words.contains(&name(&path)) && words.len() > name(&path).len() + 10;
        complaints.check(ran.status.success() || named, what);
        for made in fs::read_dir(out.path()).expect("a folder") {
            fs::remove_file(made.expect("an entry").path()).expect("a file");
        }
    }
}

/// Truncated anywhere, pictures fail: here at half and at 99 %.
#[test]
fn cut_pictures_fail() {
    let Some(folder) = corpus("") else { return };
    let mut complaints = Complaints::default();
    for path in files(&folder) {
        let bytes = fs::read(&path).unwrap();
        let pixels = |out: Rendered| rgba(decoded(&out.outputs[0].bytes).expect("our own PNG"));
        let Some(whole) = rendered(&bytes, "64").ok().filter(|_| bytes.len() >= 200).map(pixels) else { continue };
        for percent in [50, 99] {
            let out = rendered(&bytes[..bytes.len() * percent / 100], "64");
            // What shows nothing less is whole: it lacks an end marker, further frames, or data behind the picture.
            let is_right = out.map_or(true, |out| pixels(out) == whole);
            complaints.check(is_right || has_trailer(&path), || format!("{} cut to {percent} %", path.display()));
        }
    }
}

/// Pictures with something behind their end, or an end that says nothing.
fn has_trailer(path: &Path) -> bool {
    // TGA has an optional footer, also with a preview; TIFF has its directory anywhere; BMP has
    // padding and profiles behind its pixels; the others have bytes behind them.
    has_extension(path, &["tga", "tif", "tiff"])
        || ["Info_A8_R8_G8_B8.bmp", "Info_A8_R8_G8_B8_Top_Down.bmp"].contains(&name(path).as_str())
        || ["rgb24prof.bmp", "rgb24prof2.bmp", "bmp_v5_with_icc.ico"].contains(&name(path).as_str())
        || name(path) == "badrle.bmp"
        || ["extraneous-data.jpg", "mjpeg.jpg"].contains(&name(path).as_str())
        || path.to_string_lossy().contains("crashtest")
}
