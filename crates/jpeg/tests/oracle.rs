//! Compares every shrink with its definition: an independent full decode, whose blocks go through a
//! forward DCT in f64 that keeps only the low frequencies.

#![allow(clippy::needless_range_loop, reason = "formulas with indices, as in the book")]

use thumbs_jpeg::Options;

use mozjpeg::CompInfoExt;
use std::f64::consts::PI;

const SIZE: (u16, u16) = (83, 61);

/// A coefficient of an orthonormal DCT of `n` points.
fn cosine(n: usize, u: usize, x: usize) -> f64 {
    let a = if u == 0 { (1.0 / n as f64).sqrt() } else { (2.0 / n as f64).sqrt() };
    a * ((2 * x + 1) as f64 * u as f64 * PI / (2 * n) as f64).cos()
}

/// Reduces one block to n x n samples.
fn reduce(block: &[[f64; 8]; 8], n: usize) -> Vec<Vec<f64>> {
    let mut low = vec![vec![0.0; n]; n];
    for (v, row) in low.iter_mut().enumerate() {
        for (u, sum) in row.iter_mut().enumerate() {
            for y in 0..8 {
                for x in 0..8 {
                    *sum += block[y][x] * cosine(8, v, y) * cosine(8, u, x);
                }
            }
        }
    }
    let mut out = vec![vec![0.0; n]; n];
    for y in 0..n {
        for x in 0..n {
            for v in 0..n {
                for u in 0..n {
                    out[y][x] += low[v][u] * cosine(n, v, y) * cosine(n, u, x) * n as f64 / 8.0;
                }
            }
        }
    }
    out
}

/// A smooth picture with some texture. It stays clear of 0 and 255, so that clamping does not hide
/// coefficients.
fn picture(channels: usize) -> Vec<u8> {
    let (w, h) = (usize::from(SIZE.0), usize::from(SIZE.1));
    let mut out = Vec::with_capacity(w * h * channels);
    for y in 0..h {
        for x in 0..w {
            for c in 0..channels {
                let wave = ((x * (c + 2)) as f64 / 9.0).sin() * 30.0 + ((y * (3 - c)) as f64 / 7.0).cos() * 25.0;
                let noise = ((x * 7919 + y * 104_729 + c * 31) % 17) as f64;
                out.push((120.0 + wave + noise) as u8);
            }
        }
    }
    out
}

/// A plane with its row length.
type Plane = (usize, Vec<u8>);

/// Full-size planes before any interpolation, from libjpeg's raw-data mode; `None` if libjpeg
/// rejects the file.
fn planes(data: &[u8]) -> Option<Vec<Plane>> {
    std::panic::catch_unwind(|| {
        let mut raw = mozjpeg::Decompress::new_mem(data).ok()?.raw().ok()?;
        let lines: Vec<usize> = raw.components().iter().map(|c| c.row_stride()).collect();
        let mut planes = vec![Vec::new(); lines.len()];
        raw.read_raw_data(&mut planes.iter_mut().collect::<Vec<_>>());
        Some(lines.into_iter().zip(planes).collect())
    })
    .ok()
    .flatten()
}

/// Compares all blocks that lie completely within their planes, at every n. Returns the number of
/// samples compared.
fn check(name: &str, data: &[u8]) -> usize {
    let header = thumbs_jpeg::read_header(data).unwrap();
    let Some(full) = planes(data) else { return 0 };
    let strict = Options { strict: true, ..Options::default() };
    let sizes = thumbs_jpeg::decode_planes(data, &header, &header.plan_at(8), &strict).unwrap();
    let mut compared = 0;
    for n in 1..=8usize {
        let plan = header.plan_at(n as u8);
        let scaled = |side: u32| (side as usize * n).div_ceil(8);
        assert_eq!((plan.width as usize, plan.height as usize), (scaled(header.width), scaled(header.height)));
        let ours = thumbs_jpeg::decode_planes(data, &header, &plan, &strict).unwrap();
        for (c, (ours, (line, full))) in ours.planes.iter().zip(&full).enumerate() {
            assert_eq!(ours.data.len(), ours.width as usize * ours.height as usize);
            for by in 0..sizes.planes[c].height as usize / 8 {
                for bx in 0..sizes.planes[c].width as usize / 8 {
                    let at = |x: usize, y: usize| f64::from(full[(by * 8 + y) * line + bx * 8 + x]);
                    let block: [[f64; 8]; 8] = std::array::from_fn(|y| std::array::from_fn(|x| at(x, y)));
                    if block.iter().flatten().any(|&v| v <= 1.0 || v >= 254.0) {
                        continue;
                    }
                    for (y, row) in reduce(&block, n).iter().enumerate() {
                        for (x, want) in row.iter().enumerate() {
                            let got = f64::from(ours.data[(by * n + y) * ours.width as usize + bx * n + x]);
                            let want = want.clamp(0.0, 255.0);
                            // Our result rounds to half a level. The integer transform of libjpeg
                            // is off by at least as much.
                            assert!(
                                (got - want).abs() <= 1.6,
                                "{name} n {n} plane {c} block {bx},{by}: {got} for {want}"
                            );
                            compared += 1;
                        }
                    }
                }
            }
        }
    }
    compared
}

fn encode(progressive: bool, restart: u16, grey: bool) -> Vec<u8> {
    let mut data = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut data, 92);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_1_1);
    encoder.set_progressive(progressive);
    if restart > 0 {
        encoder.set_restart_interval(restart);
    }
    let (pixels, color) =
        if grey { (picture(1), jpeg_encoder::ColorType::Luma) } else { (picture(3), jpeg_encoder::ColorType::Rgb) };
    encoder.encode(&pixels, SIZE.0, SIZE.1, color).unwrap();
    data
}

/// Successive approximation, as in libjpeg's default script.
fn refined() -> Vec<u8> {
    let mut comp = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_RGB);
    comp.set_size(SIZE.0.into(), SIZE.1.into());
    comp.set_quality(90.0);
    comp.set_chroma_sampling_pixel_sizes((1, 1), (1, 1));
    comp.set_optimize_scans(false);
    comp.set_progressive_mode();
    let mut comp = comp.start_compress(Vec::new()).unwrap();
    comp.write_scanlines(&picture(3)).unwrap();
    comp.finish().unwrap()
}

#[test]
fn generated_pictures() {
    for (progressive, restart, grey) in
        [(false, 0, true), (false, 0, false), (false, 3, false), (true, 0, true), (true, 0, false)]
    {
        assert!(
            check(
                &format!("progressive {progressive} restart {restart} grey {grey}"),
                &encode(progressive, restart, grey)
            ) > 10_000
        );
    }
    assert!(check("refined", &refined()) > 10_000);
}

#[test]
fn subsampled_pictures() {
    for (horizontal, vertical) in [(2u8, 2u8), (2, 1), (1, 2), (4, 1)] {
        let mut comp = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_RGB);
        comp.set_size(SIZE.0.into(), SIZE.1.into());
        comp.set_quality(90.0);
        comp.set_chroma_sampling_pixel_sizes((horizontal, vertical), (horizontal, vertical));
        let mut comp = comp.start_compress(Vec::new()).unwrap();
        comp.write_scanlines(&picture(3)).unwrap();
        assert!(check(&format!("{horizontal}x{vertical}"), &comp.finish().unwrap()) > 10_000);
    }
}

#[test]
fn corpus() {
    let Some(corpus) = std::env::var_os("THUMBS_CORPUS").filter(|folder| !folder.is_empty()) else {
        println!("skipped: THUMBS_CORPUS is not set");
        return;
    };
    let mut checked = 0;
    let folder = std::path::Path::new(&corpus).join("jpeg-decoder/tests/reftest/images");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(data) = std::fs::read(&path) else { continue };
        let Ok(header) = thumbs_jpeg::read_header(&data) else { continue };
        let small = u64::from(header.width) * u64::from(header.height) <= 1 << 20;
        let strict = Options { strict: true, ..Options::default() };
        if small && thumbs_jpeg::decode(&data, &header, &header.full(), &strict).is_ok() {
            checked += usize::from(check(&path.file_name().unwrap().to_string_lossy(), &data) > 0);
        }
    }
    println!("{checked} pictures of the corpus");
}
