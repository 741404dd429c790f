//! Any bytes, any plan: no panic, no overflow, bounded memory.
#![no_main]

use thumbs_jpeg::{Options, Region};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_last() else { return };
    let Ok(header) = thumbs_jpeg::read_header(data) else { return };
    let divide = [1.0, 1.7, 2.3, 3.1, 4.0, 6.0, 9.0, 30.0][usize::from(choice & 7)];
    let need = (f64::from(header.width) / divide, f64::from(header.height) / divide);
    let plan = if choice & 8 > 0 && choice & 7 == 0 { header.full() } else { header.plan(need) };
    let options = Options {
        allow_truncated: choice & 16 > 0,
        strict: choice & 32 > 0,
        max_memory: Some(32 << 20),
        ..Options::default()
    };
    if header.kind == thumbs_jpeg::Kind::Lossless {
        lossless(data, &header, &options);
    } else if choice & 64 > 0 {
        if let Ok(planes) = thumbs_jpeg::decode_planes(data, &header, &plan, &options) {
            let region = Region { left: 0.0, top: 0.0, width: header.width.into(), height: header.height.into() };
            let small = planes.resize(region, (need.0 as u32).clamp(1, 64), (need.1 as u32).clamp(1, 64));
            assert!(!small.into_image().data.is_empty());
        }
    } else if let Ok(image) = thumbs_jpeg::decode(data, &header, &plan, &options) {
        assert_eq!((image.width, image.height), (plan.width, plan.height));
        assert_eq!(image.data.len(), image.width as usize * image.height as usize * usize::from(image.channels));
    }
});

fn lossless(data: &[u8], header: &thumbs_jpeg::Header, options: &Options<'_>) {
    if u64::from(header.width) * u64::from(header.height) > 1 << 22 {
        return;
    }
    let Ok(mut rows) = thumbs_jpeg::LosslessRows::new(data, header, options) else { return };
    let count = header.width as usize * usize::from(header.channels());
    let (mut narrow, mut wide) = (vec![0; count], vec![0; count]);
    for _ in 0..header.height {
        let row = if rows.is_wide() { rows.row_wide(&mut wide) } else { rows.row(&mut narrow) };
        if row.is_err() {
            assert!(!options.allow_truncated);
            return;
        }
    }
    let _ = rows.end();
}
