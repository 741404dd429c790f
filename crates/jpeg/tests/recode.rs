//! Encoding again from coefficients, beside encoding decoded planes.

use thumbs_jpeg::encode::{Picture, RecodeError, Samples, Sampling, Settings, encode, recode, recodes};
use thumbs_jpeg::{Error, Image, Options, decode, decode_planes, read_header};

const WIDTH: u32 = 83;
const HEIGHT: u32 = 61;

fn pixels() -> Vec<u8> {
    let mut state = 7u32;
    let mut out = Vec::new();
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 28) as f32;
            let (x, y) = (x as f32, y as f32);
            let wave = (x / 9.0).sin() * 50.0 + (y / 7.0).cos() * 40.0;
            out.extend([128.0 + wave + noise, 120.0 + wave * 0.5 - noise, 130.0 - wave].map(|v| v as u8));
        }
    }
    out
}

fn source(settings: &Settings<'_>) -> Vec<u8> {
    let samples = pixels();
    encode(&Picture { width: WIDTH, height: HEIGHT, samples: Samples::Rgb(&samples) }, settings).unwrap()
}

fn again(data: &[u8], settings: &Settings<'_>) -> Result<Vec<u8>, RecodeError> {
    recode(data, &read_header(data).unwrap(), settings, &Options::default()).map(|done| done.bytes)
}

/// The same by way of planes.
fn by_planes(data: &[u8], settings: &Settings<'_>) -> Vec<u8> {
    let header = read_header(data).unwrap();
    let planes = decode_planes(data, &header, &header.full(), &Options::default()).unwrap().planes;
    let samples = match &planes[..] {
        [luma, blue, red] => Samples::YCbCr([&luma.data, &blue.data, &red.data]),
        _ => Samples::Grey(&planes[0].data),
    };
    encode(&Picture { width: WIDTH, height: HEIGHT, samples }, settings).unwrap()
}

fn shown(data: &[u8]) -> Image {
    let header = read_header(data).unwrap();
    decode(data, &header, &header.full(), &Options { strict: true, ..Options::default() }).unwrap()
}

fn mean_error(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}

#[test]
fn coefficients_give_what_planes_give() {
    for sampling in [Sampling::S444, Sampling::S422, Sampling::S420] {
        for progressive in [false, true] {
            let data = source(&Settings { quality: 93, sampling, progressive, ..Settings::default() });
            for (quality, to_progressive) in [(75, false), (30, true), (93, false)] {
                let settings = Settings { quality, sampling, progressive: to_progressive, ..Settings::default() };
                let (ours, planes) = (again(&data, &settings).unwrap(), by_planes(&data, &settings));
                let (ours, planes, original) = (shown(&ours), shown(&planes), shown(&data));
                assert!(mean_error(&ours.data, &planes.data) < 0.6, "{sampling:?} {quality}");
                let (one, other) = (mean_error(&ours.data, &original.data), mean_error(&planes.data, &original.data));
                assert!(one <= other + 0.05, "{sampling:?} {quality}: {one} {other}");
            }
        }
    }
}

#[test]
fn the_same_quality_changes_nothing() {
    for quality in [20, 75, 93, 100] {
        let settings = Settings { quality, ..Settings::default() };
        let data = source(&settings);
        assert_eq!(again(&data, &settings).unwrap(), data, "{quality}");
    }
}

#[test]
fn chroma_that_is_zero_is_left_out() {
    let samples: Vec<u8> = pixels().chunks(3).flat_map(|pixel| [pixel[0]; 3]).collect();
    let picture = Picture { width: WIDTH, height: HEIGHT, samples: Samples::Rgb(&samples) };
    let data = encode(&picture, &Settings { quality: 90, ..Settings::default() }).unwrap();
    let grey = again(&data, &Settings::default()).unwrap();
    assert_eq!(read_header(&grey).unwrap().channels(), 1);
    let kept = again(&data, &Settings { icc: Some(&[1; 200]), ..Settings::default() }).unwrap();
    assert_eq!(read_header(&kept).unwrap().channels(), 3);
    // Grey stays grey.
    assert_eq!(again(&grey, &Settings::default()).unwrap(), grey);
}

#[test]
fn other_sampling_and_effort_are_refused() {
    let data = source(&Settings { sampling: Sampling::S422, ..Settings::default() });
    let header = read_header(&data).unwrap();
    for settings in [
        Settings { sampling: Sampling::S420, ..Settings::default() },
        Settings { sampling: Sampling::S444, ..Settings::default() },
        Settings { sampling: Sampling::S422, effort: 1, ..Settings::default() },
    ] {
        assert!(!recodes(&header, &settings));
        assert!(matches!(again(&data, &settings), Err(RecodeError::Read(Error::Unsupported(_)))));
    }
}

#[test]
fn damage_is_an_error_unless_it_is_allowed() {
    let data = source(&Settings { quality: 90, ..Settings::default() });
    let (cut, header) = (&data[..data.len() / 2], read_header(&data).unwrap());
    let settings = Settings::default();
    assert!(matches!(
        recode(cut, &header, &settings, &Options::default()),
        Err(RecodeError::Read(Error::Truncated(_)))
    ));
    let options = Options { allow_truncated: true, ..Options::default() };
    let done = recode(cut, &header, &settings, &options).unwrap();
    let planes = decode_planes(cut, &header, &header.full(), &options).unwrap();
    assert!(done.damage.is_some());
    assert_eq!(done.damage, planes.damage);
    assert_eq!(shown(&done.bytes).width, WIDTH);
    let without_end = &data[..data.len() - 2];
    assert!(recode(without_end, &header, &settings, &Options::default()).unwrap().lacks_end);
    let stop = || true;
    let options = Options { interrupt: Some(&stop), ..Options::default() };
    assert!(matches!(recode(&data, &header, &settings, &options), Err(RecodeError::Read(Error::Interrupted))));
    let options = Options { max_memory: Some(1000), ..Options::default() };
    assert!(matches!(recode(&data, &header, &settings, &options), Err(RecodeError::Read(Error::TooLarge { .. }))));
}

/// Coarse steps round up to coefficients that no samples have, and that have no code at fine steps.
#[test]
fn coefficients_out_of_range_are_clamped() {
    let mut state = 5u32;
    let mut samples = Vec::new();
    for _ in 0..WIDTH * HEIGHT {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        samples.push(if state >> 31 == 0 { 0 } else { 255 });
    }
    let picture = Picture { width: WIDTH, height: HEIGHT, samples: Samples::Grey(&samples) };
    // Steps of the source that no table of this encoder has.
    let mut data = encode(&picture, &Settings { quality: 100, ..Settings::default() }).unwrap();
    let table = data.windows(4).position(|w| w == [0xFF, 0xDB, 0, 67]).unwrap() + 5;
    data[table..table + 64].fill(255);
    for quality in [1, 50, 100] {
        for progressive in [false, true] {
            let done = again(&data, &Settings { quality, progressive, ..Settings::default() }).unwrap();
            let (ours, theirs) = (shown(&done), shown(&data));
            assert!(mean_error(&ours.data, &theirs.data) < 40.0, "{quality}");
        }
    }
}
