//! A rewritten JPEG has the same planes. A turn and its opposite restore it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbs_jpeg::transcode::{Options, Progressive, Turn, transcode};
use thumbs_jpeg::{Planes, read_header};

fn planes(data: &[u8]) -> Planes {
    let header = read_header(data).expect("a header");
    let strict = thumbs_jpeg::Options { strict: true, ..Default::default() };
    thumbs_jpeg::decode_planes(data, &header, &header.full(), &strict).expect("planes")
}

fuzz_target!(|data: &[u8]| {
    let Ok(header) = read_header(data) else { return };
    if u64::from(header.width) * u64::from(header.height) > 1 << 18 {
        return;
    }
    let progressive = [Progressive::Auto, Progressive::Yes, Progressive::No][data.len() % 3];
    let restart = (data.len() / 3 % 4) as u16;
    let options = Options { progressive, restart, max_memory: Some(1 << 28), ..Options::default() };
    let Ok(result) = transcode(data, &header, &options) else { return };
    assert!(result.bytes.len() < 2 * data.len() + 8192 + header.width as usize * header.height as usize);
    assert!(planes(data) == planes(&result.bytes));

    let (turn, back) = match Turn::ALL[data.len() / 12 % 8] {
        Turn::Rotate90 => (Turn::Rotate90, Turn::Rotate270),
        Turn::Rotate270 => (Turn::Rotate270, Turn::Rotate90),
        other => (other, other),
    };
    let turned = transcode(data, &header, &Options { turn, ..options }).expect("a turned picture");
    if turned.turned {
        let header = read_header(&turned.bytes).expect("a header");
        let again = transcode(&turned.bytes, &header, &Options { turn: back, ..options }).expect("one turned back");
        assert!(again.turned);
        assert!(again.bytes == result.bytes);
    } else {
        assert!(turned.bytes == result.bytes);
    }
});
