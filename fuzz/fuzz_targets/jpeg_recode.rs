//! Any bytes: no panic; what is encoded again decodes strictly at the same size, and its coefficients stay as they are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbs_jpeg::encode::{Sampling, Settings, recode, recodes};
use thumbs_jpeg::{Options, decode, read_header};

fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_last() else { return };
    let Ok(header) = read_header(data) else { return };
    let quality = [1, 30, 75, 100][usize::from(choice & 3)];
    let samplings = [Sampling::S420, Sampling::S422, Sampling::S444];
    let settings = samplings.map(|sampling| Settings {
        quality,
        sampling,
        progressive: choice & 4 > 0,
        restart: u16::from(choice >> 6),
        ..Settings::default()
    });
    let Some(settings) = settings.into_iter().find(|settings| recodes(&header, settings)) else { return };
    let options = Options {
        allow_truncated: choice & 8 > 0,
        strict: choice & 16 > 0,
        max_memory: Some(32 << 20),
        ..Options::default()
    };
    let Ok(done) = recode(data, &header, &settings, &options) else { return };
    let again = read_header(&done.bytes).expect("a header");
    assert_eq!((again.width, again.height), (header.width, header.height));
    let strict = Options { strict: true, ..Options::default() };
    decode(&done.bytes, &again, &again.full(), &strict).expect("a picture");
    let same = recode(&done.bytes, &again, &settings, &strict).expect("the same picture");
    assert!(same.bytes == done.bytes);
});
