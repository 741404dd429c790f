use super::*;
use exr::prelude::*;

const SIZE: (usize, usize) = (5, 3);

fn file(write: impl FnOnce(&mut Cursor<Vec<u8>>)) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    write(&mut out);
    out.into_inner()
}

fn decode(bytes: &[u8], need: Option<Need>) -> std::result::Result<(Pixmap, Vec<String>), DecodeError> {
    let picture = Exr.open(bytes, &Limits::default())?;
    let offer = picture.offer(need);
    let decoded = picture.decode(&offer, &DecodeOptions::default())?;
    let pixmap = decoded.pixels.into_pixmap();
    assert_eq!(pixmap.size(), offer.size);
    Ok((pixmap, decoded.notes))
}

fn samples(pixmap: Pixmap) -> Vec<u16> {
    match pixmap.into_samples() {
        Samples::U16(v) => v,
        Samples::U8(_) => panic!("16 bits"),
    }
}

/// Columns get brighter in tenths.
fn light(at: Vec2<usize>) -> f32 {
    at.x() as f32 / 10.0
}

#[test]
fn colors_with_alpha_and_without() {
    let rgb = SpecificChannels::rgb(|at: Vec2<usize>| (light(at), 0.0f32, 1.0f32));
    let bytes = file(|out| Image::from_channels(SIZE, rgb).write().to_buffered(out).unwrap());
    let (pixmap, notes) = decode(&bytes, None).unwrap();
    assert_eq!((pixmap.channels(), notes.len()), (Channels::Rgb, 0));
    let row: Vec<u16> = (0..5).flat_map(|x| [float::encode(x as f32 / 10.0), 0, 65_535]).collect();
    assert_eq!(samples(pixmap)[..15], row);
    let rgba = SpecificChannels::rgba(|_: Vec2<usize>| (0.25f32, 0.5f32, 1.0f32, 0.5f32));
    let bytes = file(|out| Image::from_channels(SIZE, rgba).write().to_buffered(out).unwrap());
    let (pixmap, notes) = decode(&bytes, None).unwrap();
    assert_eq!(samples(pixmap)[..4], [float::encode(0.5), 65_535, 65_535, 32_768]);
    assert_eq!(notes, ["HDR highlights clipped to white"], "blue is twice of white");
}

#[test]
fn luminance_is_grey() {
    let grey = SpecificChannels::build().with_channel("Y").with_pixel_fn(|at: Vec2<usize>| (light(at),));
    let bytes = file(|out| Image::from_channels(SIZE, grey).write().to_buffered(out).unwrap());
    let (pixmap, _) = decode(&bytes, None).unwrap();
    assert_eq!(pixmap.channels(), Channels::Grey);
    assert_eq!(samples(pixmap)[..5], [0, 1, 2, 3, 4].map(|x| float::encode(x as f32 / 10.0)));
    let other = SpecificChannels::build().with_channel("Z").with_pixel_fn(|at: Vec2<usize>| (light(at),));
    let bytes = file(|out| Image::from_channels(SIZE, other).write().to_buffered(out).unwrap());
    assert!(matches!(decode(&bytes, None).unwrap_err(), DecodeError::Unsupported(_)));
}

#[test]
fn averaged_as_they_come() {
    let need = Need { width: 1.0, height: 1.0, chroma: 1.0 };
    let rgba = |at: Vec2<usize>| (0.5f32, 0.5f32, 0.5f32, if at.x() < 4 { 1.0f32 } else { 0.0 });
    for blocks in [Blocks::ScanLines, Blocks::Tiles(Vec2(3, 2))] {
        let encoding = Encoding { compression: Compression::RLE, blocks, line_order: LineOrder::Increasing };
        let layer = Layer::new((5, 7), LayerAttributes::default(), encoding, SpecificChannels::rgba(rgba));
        let bytes = file(|out| Image::from_layer(layer).write().to_buffered(out).unwrap());
        let (pixmap, _) = decode(&bytes, Some(need)).unwrap();
        assert_eq!(pixmap.size(), Size::new(3, 4), "by 2");
        let v = samples(pixmap);
        // The last column is transparent and does not affect the colours.
        let half = float::encode(0.5);
        assert_eq!(v[..12], [half, half, half, 65_535, half, half, half, 65_535, 0, 0, 0, 0]);
    }
}

#[test]
fn the_data_window_differs_from_the_display_window() {
    let rgb = SpecificChannels::rgb(|_: Vec2<usize>| (1.0f32, 1.0f32, 1.0f32));
    let mut image = Image::from_channels((4, 4), rgb);
    image.layer_data.attributes.layer_position = Vec2(-2, 1);
    image.attributes.display_window = IntegerBounds::new((0, 0), (3, 3));
    let bytes = file(|out| image.write().to_buffered(out).unwrap());
    let (pixmap, _) = decode(&bytes, None).unwrap();
    let white: Vec<bool> = samples(pixmap).chunks(3).map(|p| p[0] == 65_535).collect();
    assert_eq!(white, [false, false, false, true, true, false, true, true, false]);
}

#[test]
fn chromaticities() {
    let rgb = SpecificChannels::rgb(|_: Vec2<usize>| (1.0f32, 1.0f32, 1.0f32));
    let mut image = Image::from_channels((1, 1), rgb);
    let (red, green, blue, white) = (Vec2(0.68, 0.32), Vec2(0.265, 0.69), Vec2(0.15, 0.06), Vec2(0.3125, 0.329));
    image.attributes.chromaticities = Some(exr::meta::attribute::Chromaticities { red, green, blue, white });
    let bytes = file(|out| image.write().to_buffered(out).unwrap());
    let picture = Exr.open(&bytes, &Limits::default()).unwrap();
    let ColorSpace::Calibrated { chromaticities: Some(xy), .. } = picture.header().color else { panic!("said") };
    assert_eq!((xy[0].0, xy[1].1 as f32, xy[3].1 as f32), (0.3125, 0.32, 0.06));
}

/// A part with one channel of a constant value for each name.
fn layered(channels: &[(&str, f32)]) -> Vec<u8> {
    let channel = |&(name, value): &(&str, f32)| AnyChannel::new(name, FlatSamples::F32(vec![value; 2]));
    let channels = AnyChannels::sort(channels.iter().map(channel).collect());
    file(|out| Image::from_channels((2, 1), channels).write().to_buffered(out).unwrap())
}

/// Renderers store the layers of which a picture is composed.
#[test]
fn layers_of_a_renderer() {
    let occlusion = [("V.AO.R", 0.1), ("V.AO.G", 0.2), ("V.AO.B", 0.3)];
    let combined = [("V.Combined.R", 0.4), ("V.Combined.G", 0.5), ("V.Combined.B", 0.6), ("V.Combined.A", 1.0)];
    let depth = [("V.Depth.Y", 0.7), ("V.Normal.X", 0.7), ("V.Lone.R", 0.7)];
    let first = |channels: &[(&str, f32)], count| {
        let (pixmap, _) = decode(&layered(channels), None).unwrap();
        assert_eq!(pixmap.channels().count(), count);
        samples(pixmap)[..3].to_vec()
    };
    let all = [&occlusion[..], &depth, &combined].concat();
    assert_eq!(first(&all, 4), [0.4, 0.5, 0.6].map(float::encode), "with alpha before the others");
    assert_eq!(first(&[&depth[..], &occlusion].concat(), 3), [0.1, 0.2, 0.3].map(float::encode));
    let plain = [("R", 0.9), ("G", 0.9), ("B", 0.9)];
    assert_eq!(
        first(&[&plain[..], &combined].concat(), 3),
        [0.9; 3].map(float::encode),
        "what has no name is the picture"
    );
    assert_eq!(first(&[&[("Y", 0.8)], &combined[..]].concat(), 4)[0], float::encode(0.4), "colours before luminance");
    assert!(matches!(decode(&layered(&depth), None).unwrap_err(), DecodeError::Unsupported(_)));
}
