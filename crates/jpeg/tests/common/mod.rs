//! Shared by several tests.

#![allow(dead_code, reason = "not every test uses everything")]

use mozjpeg::CompInfoExt;
use mozjpeg_sys::{jpeg_common_struct, jpeg_error_mgr};
use thumbs_jpeg::Options;

pub const STRICT: Options<'_> = Options { allow_truncated: false, strict: true, interrupt: None, max_memory: None };

extern "C-unwind" fn ignore(_: &mut jpeg_common_struct) {}

extern "C-unwind" fn fail(_: &mut jpeg_common_struct) {
    panic!("libjpeg gives up");
}

extern "C-unwind" fn message(_: &mut jpeg_common_struct, level: i32) {
    assert!(level >= 0, "libjpeg warns");
}

fn errors() -> jpeg_error_mgr {
    jpeg_error_mgr {
        error_exit: Some(fail),
        emit_message: Some(message),
        output_message: Some(ignore),
        format_message: None,
        reset_error_mgr: Some(ignore),
        msg_code: 0,
        msg_parm: Default::default(),
        trace_level: 0,
        num_warnings: 0,
        jpeg_message_table: std::ptr::null(),
        last_jpeg_message: 0,
        addon_message_table: std::ptr::null(),
        first_addon_message: 0,
        last_addon_message: 0,
    }
}

/// Planes as libjpeg sees them, with their line lengths; a warning is a panic.
pub fn theirs(data: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let mut raw = mozjpeg::Decompress::with_err(errors()).from_mem(data).unwrap().raw().unwrap();
    let lines: Vec<usize> = raw.components().iter().map(|c| c.row_stride()).collect();
    let mut planes = vec![Vec::new(); lines.len()];
    raw.read_raw_data(&mut planes.iter_mut().collect::<Vec<_>>());
    raw.finish().unwrap();
    lines.into_iter().zip(planes).collect()
}

/// The number of channels and the pixels as libjpeg decodes them. A warning is a panic.
pub fn their_pixels(data: &[u8]) -> (usize, Vec<u8>) {
    let decompress = mozjpeg::Decompress::with_err(errors()).from_mem(data).unwrap();
    let (channels, mut started) = match decompress.image().unwrap() {
        mozjpeg::Format::Gray(started) => (1, started),
        mozjpeg::Format::RGB(started) => (3, started),
        mozjpeg::Format::CMYK(started) => (4, started),
    };
    let pixels = started.read_scanlines::<u8>().unwrap();
    started.finish().unwrap();
    (channels, pixels)
}

/// Samples that are smooth, but for `noise` of 256.
pub fn samples(size: (u32, u32), channels: u32, noise: u32, seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let mut out = Vec::new();
    for y in 0..size.1 {
        for x in 0..size.0 {
            for c in 0..channels {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let wave = (f64::from(x + 5 * c) / 11.0 + f64::from(seed % 7)).sin() * (f64::from(y) / 13.0).cos();
                let noise = f64::from(noise) * (f64::from(state >> 16) / 65_536.0 - 0.5);
                out.push((128.0 + 80.0 * wave + noise).clamp(0.0, 255.0) as u8);
            }
        }
    }
    out
}
