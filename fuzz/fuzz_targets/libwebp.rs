#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbs_libwebp::{Mode, Settings, Target, decode, encode, features};

fuzz_target!(|bytes: &[u8]| {
    let Ok(found) = features(bytes) else { return };
    if u64::from(found.width) * u64::from(found.height) > 1 << 20 {
        return;
    }
    for partial in [false, true] {
        for (alpha, shrink) in [(true, 1), (false, 3)] {
            let side = |n: u32| (n / shrink).max(1);
            let (width, height) = (side(found.width), side(found.height));
            let target = Target { width, height, alpha, skip_filter: shrink > 1, partial };
            if let Ok(out) = decode(bytes, &target) {
                assert!(out.rows <= height);
                let settings = Settings { mode: Mode::Lossy(50.0), method: 0, ..Settings::default() };
                let _ = encode(width, height, alpha, &out.samples, &settings);
            }
        }
    }
});
