#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbs::format::{describe, sniff};

fuzz_target!(|bytes: &[u8]| {
    let _ = (sniff(bytes), describe(bytes));
});
