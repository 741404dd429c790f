//! What both this decoder and libjpeg take must be the same planes at full size, but for rounding.
#![no_main]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use libfuzzer_sys::fuzz_target;
use mozjpeg::CompInfoExt;
use thumbs_jpeg::{Kind, Options};

thread_local! {
    static IN_LIBJPEG: Cell<bool> = const { Cell::new(false) };
}

/// Samples a line, and lines one after the other.
type Plane = (usize, Vec<u8>);

/// Planes before interpolation and colours; None where libjpeg does not take the file, which it says by a panic.
fn theirs(data: &[u8]) -> Option<Vec<Plane>> {
    IN_LIBJPEG.set(true);
    let planes = catch_unwind(AssertUnwindSafe(|| {
        let mut raw = mozjpeg::Decompress::new_mem(data).ok()?.raw().ok()?;
        let lines: Vec<usize> = raw.components().iter().map(|c| c.row_stride()).collect();
        let mut planes = vec![Vec::new(); lines.len()];
        raw.read_raw_data(&mut planes.iter_mut().collect::<Vec<_>>());
        raw.finish().ok()?;
        Some(lines.into_iter().zip(planes).collect())
    }));
    IN_LIBJPEG.set(false);
    planes.ok().flatten()
}

fuzz_target!(
    init: {
        // The fuzzer's own hook aborts at once.
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !IN_LIBJPEG.get() {
                told(info);
            }
        }));
    },
    |data: &[u8]| {
        // libjpeg-turbo's fast path meets a marker there, and leaves coefficients to the slow one that then are not its own.
        if data.windows(2).any(|two| two == [0xFF, 0xFF]) {
            return;
        }
        let Ok(header) = thumbs_jpeg::read_header(data) else { return };
        // Of progressive pictures that lack scans it smooths the blocks.
        let sequential = matches!(header.kind, Kind::Baseline | Kind::Extended);
        if u64::from(header.width) * u64::from(header.height) > 1 << 18 || !sequential {
            return;
        }
        let strict = Options { strict: true, ..Options::default() };
        let Ok(ours) = thumbs_jpeg::decode_planes(data, &header, &header.full(), &strict) else { return };
        let Some(theirs) = theirs(data) else { return };
        assert_eq!(ours.planes.len(), theirs.len());
        for (ours, (stride, theirs)) in ours.planes.iter().zip(&theirs) {
            let (width, height) = (ours.width as usize, ours.height as usize);
            for (top, left) in (0..height).step_by(8).flat_map(|y| (0..width).step_by(8).map(move |x| (y, x))) {
                let (mut sum, mut count, mut wild) = (0, 0, false);
                for (y, x) in (top..height.min(top + 8)).flat_map(|y| (left..width.min(left + 8)).map(move |x| (y, x))) {
                    let (a, b) = (ours.data[y * width + x], theirs[y * stride + x]);
                    sum += u32::from(a.abs_diff(b));
                    wild |= a == 0 || a == 255;
                    count += 1;
                }
                // Its integer transform wraps where coefficients are far out of range.
                assert!(wild || sum <= 2 * count, "{sum} over {count} samples at {left}, {top}");
            }
        }
    }
);
