//! What foreign decoders and ours make of files that other programs wrote, against what other readers see in them.
//! `fixtures/README.md` says how both were made.

use std::fs;
use std::path::PathBuf;

use crate::made::{Made, made};

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/readers").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Holds that no sample is further from what the other reader sees than so much.
#[track_caller]
fn near(name: &str, expected: &str, most: u8) {
    let Made { size, pixels, notes } = made(name, &fixture(name));
    let (width, height, want) = crate::testenv::decode(&fixture(expected));
    assert_eq!(size, (width, height), "{name}");
    // What DWA loses may make white a little brighter than white.
    assert!(notes.is_empty() || name.contains("dwa"), "{name}: {notes:?}");
    let distance = crate::testenv::distance(&pixels, &want);
    assert!(distance <= most, "{name}: {distance}");
}

#[test]
fn fax_as_libtiff_reads_it() {
    for kind in
        ["huffman", "g3-1d", "g3-1d-fill", "g3-2d", "g3-2d-fill", "g3-2d-reversed", "g3-2d-strips", "g4", "g4-strips"]
    {
        near(&format!("fax-{kind}.tif"), "bilevel.png", 0);
    }
}

#[test]
fn packed_tiff_as_libtiff_reads_it() {
    for kind in [
        "zstd",
        "zstd-predictor-strips",
        "zstd-tiles-planes",
        "deflate",
        "deflate-predictor-tiles",
        "deflate-planes-big",
        "lzw-predictor",
    ] {
        near(&format!("rgb-{kind}.tif"), "photo.png", 0);
    }
    for kind in ["zstd-predictor", "deflate-predictor-big-endian"] {
        near(&format!("grey16-{kind}.tif"), "grey16.png", 0);
    }
}

#[test]
fn tiff_of_jpeg_and_webp_as_libtiff_reads_it() {
    for kind in ["webp", "webp-tiles"] {
        near(&format!("rgb-{kind}.tif"), &format!("rgb-{kind}.png"), 0);
    }
    for kind in ["jpeg-rgb", "jpeg-ycbcr", "jpeg-tiles", "jpeg-strips"] {
        near(&format!("rgb-{kind}.tif"), &format!("rgb-{kind}.png"), 3);
    }
}

#[test]
fn exr_as_openexr_reads_it() {
    for kind in [
        "half-none",
        "half-rle",
        "half-zips",
        "half-zip",
        "half-piz",
        "half-pxr24",
        "half-tiles",
        "half-decreasing",
        "float-zip",
        "float-piz",
        "float-pxr24",
    ] {
        near(&format!("exr-{kind}.exr"), "exr.png", 1);
    }
    for kind in ["half-b44", "half-b44a", "half-dwaa", "half-dwab"] {
        near(&format!("exr-{kind}.exr"), &format!("exr-{kind}.png"), 1);
    }
    near("exr-luminance.exr", "exr-luminance.png", 1);
}
