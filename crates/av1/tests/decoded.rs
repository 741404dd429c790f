//! What the encoder says is shown, next to an independent decoder.

use re_rav1d::dav1d::{Decoder, PlanarImageComponent};
use thumbs_av1::{Picture, Settings, encode};

/// The planes of a stream, by a port of dav1d.
fn decoded(stream: &[u8], like: &Picture) -> Vec<Vec<u16>> {
    let mut settings = re_rav1d::dav1d::Settings::new();
    settings.set_n_threads(1);
    let mut decoder = Decoder::with_settings(&settings).unwrap();
    decoder.send_data(stream.to_vec(), None, None, None).unwrap();
    let picture = decoder.get_picture().unwrap();
    let components = [PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V];
    let planes = components.into_iter().take(like.planes.len()).enumerate().map(|(index, component)| {
        let (width, height) = like.plane_size(index);
        let bytes = picture.plane(component);
        let rows = bytes.chunks(picture.stride(component) as usize).take(height);
        let sample = |v: &[u8]| v.iter().rev().fold(0, |sum, &byte| sum << 8 | u16::from(byte));
        let step = if like.depth == 10 { 2 } else { 1 };
        rows.flat_map(|row| row.chunks(step).take(width).map(sample).collect::<Vec<_>>()).collect()
    });
    planes.collect()
}

/// What the encoder says is shown passed all filters of a decoder.
#[test]
fn what_is_shown_is_what_a_decoder_makes() {
    for (depth, share) in
        [(8, None), (10, None), (8, Some((1, 1))), (10, Some((2, 1))), (8, Some((2, 2))), (10, Some((2, 2)))]
    {
        for (quantizer, effort) in [(60, 0), (200, 0), (120, 4)] {
            let mut picture = Picture { width: 77, height: 51, depth, share, planes: Vec::new() };
            for index in 0..if share.is_some() { 3 } else { 1 } {
                let (width, height) = picture.plane_size(index);
                let sample =
                    |i: usize| (i * i / 77 + i % 51 * 3 + (i % 7) * 9 + index * 40) as u16 & ((1 << depth) - 1);
                picture.planes.push((0..width * height).map(sample).collect());
            }
            let stream = encode(&picture, &Settings { quantizer, effort, is_srgb: true }).unwrap();
            let case = format!("{depth} bits, {share:?}, quantizer {quantizer}, effort {effort}");
            assert!(stream.shown.planes == decoded(&stream.data, &stream.shown), "{case}");
            assert!(stream.shown.planes != picture.planes, "{case}: lossy");
        }
    }
}
