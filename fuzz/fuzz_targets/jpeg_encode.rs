//! Any samples, any settings: what is written decodes in strict mode, has the size and the profile, and is close where it should be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbs_jpeg::encode::{Picture, Samples, Sampling, Settings, encode};
use thumbs_jpeg::Options;

fuzz_target!(|data: &[u8]| {
    let Some((&[width, height, quality, choice, restart, icc, effort], samples)) = data.split_first_chunk() else { return };
    // Sizes around a few MCUs.
    let (width, height) = (u32::from(width) % 70, u32::from(height) % 70);
    let settings = Settings {
        quality,
        sampling: [Sampling::S420, Sampling::S422, Sampling::S444][usize::from(choice >> 2) % 3],
        progressive: choice & 64 > 0,
        effort: effort % 11,
        restart: u16::from(restart) * u16::from(restart),
        segments: &[],
        icc: (icc > 0).then(|| &data[..data.len().min(usize::from(icc))]),
    };
    // As many samples as are needed, those given again and again.
    let fill = |count: u32, from: usize| -> Vec<u8> {
        let given = samples.iter().cycle().skip(from % samples.len().max(1));
        given.copied().chain(std::iter::repeat(0)).take(count as usize).collect()
    };
    let (h, v) = settings.sampling.share();
    let chroma = width.div_ceil(h.into()) * height.div_ceil(v.into());
    let channels = [1, 1, 3, 4][usize::from(choice & 3)];
    let pixels = fill(width * height * channels, 0);
    let (blue, red) = (fill(chroma, 7), fill(chroma, 99));
    let given = match choice & 3 {
        0 => Samples::Grey(&pixels),
        1 => Samples::YCbCr([&pixels, &blue, &red]),
        2 => Samples::Rgb(&pixels),
        _ => Samples::Cmyk(&pixels),
    };
    let Ok(bytes) = encode(&Picture { width, height, samples: given }, &settings) else {
        assert!(width == 0 || height == 0);
        return;
    };
    let header = thumbs_jpeg::read_header(&bytes).expect("a header");
    assert_eq!((header.width, header.height, header.icc.as_deref()), (width, height, settings.icc));
    let strict = Options { strict: true, ..Options::default() };
    let planes = thumbs_jpeg::decode_planes(&bytes, &header, &header.full(), &strict).expect("a picture");
    // More effort weighs errors against bits.
    if quality >= 100 && settings.effort < 2 && choice & 3 < 2 {
        for (got, wanted) in planes.planes.iter().zip([&pixels, &blue, &red]) {
            let lines = got.data.chunks(got.width as usize).zip(wanted.chunks(got.extent.0.ceil() as usize));
            for (line, wanted) in lines {
                assert!(line.iter().zip(wanted).all(|(a, b)| a.abs_diff(*b) <= 4), "{line:?} {wanted:?}");
            }
        }
    }
});
