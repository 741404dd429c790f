//! Damaged files fail in bounded time and memory, and never panic. With `allow_truncated`, the
//! intact part is decoded.

use std::time::{Duration, Instant};

use thumbs_jpeg::{Error, Options};

fn encode(progressive: bool, restart: u16) -> Vec<u8> {
    let (w, h) = (100u16, 70u16);
    let pixels: Vec<u8> =
        (0..usize::from(w) * usize::from(h) * 3).map(|i| ((i * 13 + i / 300 * 7 + i * i / 977) % 256) as u8).collect();
    let mut data = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut data, 85);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    encoder.set_progressive(progressive);
    if restart > 0 {
        encoder.set_restart_interval(restart);
    }
    encoder.encode(&pixels, w, h, jpeg_encoder::ColorType::Rgb).unwrap();
    data
}

fn plans(header: &thumbs_jpeg::Header) -> [thumbs_jpeg::Plan; 3] {
    let need = |d: f64| (f64::from(header.width) / d, f64::from(header.height) / d);
    [header.full(), header.plan(need(3.0)), header.plan(need(20.0))]
}

#[test]
fn truncated_anywhere() {
    for data in [encode(false, 0), encode(false, 2), encode(true, 0)] {
        for end in (0..data.len()).step_by(37).chain([data.len() - 1, data.len() - 2]) {
            let cut = &data[..end];
            let Ok(header) = thumbs_jpeg::read_header(cut) else { continue };
            for plan in plans(&header) {
                let result = thumbs_jpeg::decode(cut, &header, &plan, &Options::default());
                if end + 2 >= data.len() {
                    // Only the end-of-image marker is missing.
                    assert!(result.is_ok_and(|image| image.lacks_end), "{end}");
                    let strict = Options { strict: true, ..Options::default() };
                    let result = thumbs_jpeg::decode(cut, &header, &plan, &strict);
                    assert!(matches!(result, Err(Error::Truncated(_))), "{end}: {result:?}");
                    continue;
                }
                assert!(matches!(result, Err(Error::Truncated(_) | Error::Damaged(_))), "{end}: {result:?}");
                let allow = Options { allow_truncated: true, ..Options::default() };
                let image = thumbs_jpeg::decode(cut, &header, &plan, &allow).unwrap();
                assert!(image.damage.is_some());
                assert_eq!((image.width, image.height), (plan.width, plan.height));
            }
        }
    }
}

#[test]
fn truncation_keeps_the_intact_part() {
    let data = encode(false, 0);
    let header = thumbs_jpeg::read_header(&data).unwrap();
    let whole = thumbs_jpeg::decode(&data, &header, &header.full(), &Options::default()).unwrap();
    let allow = Options { allow_truncated: true, ..Options::default() };
    let half = thumbs_jpeg::decode(&data[..data.len() * 2 / 3], &header, &header.full(), &allow).unwrap();
    let lines = half.damage.unwrap().whole_lines as usize;
    assert!(lines >= 16, "{lines}");
    // The interpolated chroma of the last lines depends on the line below.
    let same = (lines - 2) * 300;
    let first = half.data.iter().zip(&whole.data).position(|(a, b)| a != b);
    assert!(first.is_some_and(|at| at >= same), "{first:?} {same}");
}

#[test]
fn changed_bytes() {
    let mut state = 12345u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    for data in [encode(false, 0), encode(false, 2), encode(true, 0)] {
        for round in 0..400 {
            let mut bad = data.clone();
            for _ in 0..1 + round % 4 {
                let at = random() % bad.len();
                bad[at] = random() as u8;
            }
            let Ok(header) = thumbs_jpeg::read_header(&bad) else { continue };
            for plan in plans(&header) {
                for (allow_truncated, strict) in [(false, false), (true, false), (false, true)] {
                    let options = Options { allow_truncated, strict, max_memory: Some(64 << 20), ..Options::default() };
                    let _ = thumbs_jpeg::decode(&bad, &header, &plan, &options);
                }
            }
        }
    }
}

/// Lossless pictures, truncated anywhere and with changed bytes: an error, or all rows if damage is
/// allowed.
#[test]
fn damaged_lossless_pictures() {
    use oddities::lossless::Lossless;
    let mut state = 54_321u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    let rows = |data: &[u8], allow_truncated: bool, strict: bool| -> Result<bool, Error> {
        let header = thumbs_jpeg::read_header(data)?;
        if u64::from(header.width) * u64::from(header.height) > 1 << 16 {
            return Ok(false);
        }
        let options = Options { allow_truncated, strict, ..Options::default() };
        let mut rows = thumbs_jpeg::LosslessRows::new(data, &header, &options)?;
        let count = header.width as usize * usize::from(header.channels());
        let (mut narrow, mut wide) = (vec![0; count], vec![0; count]);
        for _ in 0..header.height {
            let row = if rows.is_wide() { rows.row_wide(&mut wide) } else { rows.row(&mut narrow) };
            assert!(row.is_ok() || !allow_truncated, "{row:?}");
            row?;
        }
        rows.end()?;
        Ok(rows.damage().is_some())
    };
    for (predictor, restart, interleaved, factors) in [
        (1, 0, true, vec![(1, 1)]),
        (4, 2, true, vec![(2, 2), (1, 1), (1, 1)]),
        (7, 1, false, vec![(3, 2), (2, 1), (1, 2)]),
        (6, 0, false, vec![(1, 1); 4]),
    ] {
        let how = Lossless { predictor, restart, interleaved, factors, precision: 11, ..Lossless::default() };
        let whole = how.encode(&how.samples());
        assert_eq!(rows(&whole, false, true), Ok(false));
        for end in 0..whole.len() - 2 {
            let cut = &whole[..end];
            assert!(rows(cut, false, false).is_err(), "{end}");
            assert_ne!(rows(cut, true, false), Ok(false), "{end}");
        }
        for round in 0..3000 {
            let mut bad = whole.clone();
            for _ in 0..1 + round % 4 {
                let at = random() % bad.len();
                bad[at] = random() as u8;
            }
            for (allow_truncated, strict) in [(false, false), (true, false), (false, true)] {
                let _ = rows(&bad, allow_truncated, strict);
            }
        }
    }
}

/// A progressive frame with `scans` scans, each with `body` as its data.
fn flood(width: u16, height: u16, scans: usize, header: [u8; 3], body: &[u8]) -> Vec<u8> {
    let mut data = vec![0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0];
    data.extend([1; 64]);
    data.extend([0xFF, 0xC2, 0, 11, 8]);
    data.extend(height.to_be_bytes());
    data.extend(width.to_be_bytes());
    data.extend([1, 1, 0x11, 0]);
    // DC: code 0 is size 0. AC: code 0 starts a run of 2^14 or more ended blocks.
    for (class, value) in [(0x00, 0), (0x10, 0xE0)] {
        data.extend([0xFF, 0xC4, 0, 20, class, 1]);
        data.extend([0; 15]);
        data.push(value);
    }
    for scan in 0..scans {
        data.extend([0xFF, 0xDA, 0, 8, 1, 1, 0]);
        data.extend(if scan == 0 { [0, 0, 0] } else { header });
        data.extend(body);
    }
    data.extend([0xFF, 0xD9]);
    data
}

#[test]
fn floods_end_soon() {
    let start = Instant::now();
    for (w, h, scans, header, body) in [
        (4000, 4000, 5000, [1, 63, 0], &[0u8; 32][..]),
        (65_500, 65_500, 1900, [1, 63, 0], &[0; 100]),
        (65_500, 65_500, 60, [1, 63, 0], &[0; 100]),
        (4000, 4000, 1900, [1, 63, 0x10], &[0; 40]),
    ] {
        let data = flood(w, h, scans, header, body);
        let header = thumbs_jpeg::read_header(&data).unwrap();
        for plan in plans(&header) {
            for (allow_truncated, strict) in [(false, false), (true, false), (false, true)] {
                let options = Options { allow_truncated, strict, max_memory: Some(128 << 20), ..Options::default() };
                let _ = thumbs_jpeg::decode(&data, &header, &plan, &options);
            }
        }
    }
    // Some 36 decodes without optimisation. A runaway would take hours.
    assert!(start.elapsed() < Duration::from_secs(120), "{:?}", start.elapsed());
}

#[test]
fn impossible_sizes_are_refused_at_once() {
    let data = flood(65_535, 65_535, 1, [0, 0, 0], &[0; 10]);
    let header = thumbs_jpeg::read_header(&data).unwrap();
    let start = Instant::now();
    let result = thumbs_jpeg::decode(&data, &header, &header.plan((256.0, 256.0)), &Options::default());
    assert!(matches!(result, Err(Error::Truncated(_))), "{result:?}");
    let limited = Options { max_memory: Some(1 << 20), ..Options::default() };
    assert!(matches!(thumbs_jpeg::decode(&data, &header, &header.full(), &limited), Err(Error::TooLarge { .. })));
    assert!(start.elapsed() < Duration::from_secs(120));
}

/// The DHP marker of hierarchical pictures, and the frame header of JPEG-LS.
#[test]
fn other_processes_are_named() {
    let plain = encode(false, 0);
    for (marker, name) in [(0xDE, "hierarchical coding"), (0xF7, "the coding of JPEG-LS")] {
        let segment = [0xFF, marker, 0, 11, 8, 0, 16, 0, 16, 1, 1, 0x11, 0];
        let bytes = [&plain[..2], &segment, &plain[2..]].concat();
        assert_eq!(thumbs_jpeg::read_header(&bytes).unwrap_err(), thumbs_jpeg::Error::Unsupported(name));
    }
}

#[test]
fn interruption() {
    let data = encode(false, 0);
    let header = thumbs_jpeg::read_header(&data).unwrap();
    let options = Options { interrupt: Some(&|| true), ..Options::default() };
    assert_eq!(thumbs_jpeg::decode(&data, &header, &header.full(), &options).unwrap_err(), Error::Interrupted);
}
