#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbs_render::format::Format;

mod picture;

fuzz_target!(|bytes: &[u8]| picture::check(Format::Pnm, bytes));
