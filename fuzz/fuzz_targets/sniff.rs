#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbs_render::format::{describe, sniff, unread};

fuzz_target!(|bytes: &[u8]| {
    let _ = (sniff(bytes), unread(bytes), describe(bytes));
});
