//! Bytes of any kind through the one call of the library: an error or pictures, in bounded memory, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbs::{Limits, Recipe, render};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default().with_max_pixels(1 << 22);
    if let Ok(rendered) = render(bytes, &Recipe::default(), &limits) {
        assert!(!rendered.outputs.is_empty());
    }
});
