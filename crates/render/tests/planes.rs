//! JPEG to JPEG goes by planes, and must look as if it went by pixels.

mod pictures;

use pictures::{decoded, difference, encoded, scene};
use thumbs_render::codec::{Attached, registry};
use thumbs_render::format::Format;
use thumbs_render::geometry::Fit;
use thumbs_render::limits::Limits;
use thumbs_render::op;
use thumbs_render::orientation::Orientation;
use thumbs_render::pixmap::{Channels, Pixmap};
use thumbs_render::recipe::{EncodeSettings, FormatChoice, IccPolicy, Recipe, Subsampling};
use thumbs_render::render::{open, render};
use thumbs_render::size::Size;

const SHARES: [Subsampling; 3] = [Subsampling::S420, Subsampling::S422, Subsampling::S444];

fn settings(subsampling: Subsampling) -> EncodeSettings {
    EncodeSettings::default().with_quality(95).with_subsampling(subsampling)
}

fn stored(pixmap: &Pixmap, orientation: Orientation, subsampling: Subsampling) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation.exif(), 0, 0, 0, 0, 0, 0]);
    let pixmap = op::orient::orient(pixmap.clone(), orientation.inverse());
    let attached = Attached { exif: Some(&exif), ..Attached::default() };
    registry::encoder(Format::Jpeg).unwrap().encode(&pixmap, &settings(subsampling), &attached).unwrap()
}

fn made(bytes: &[u8], recipe: &Recipe) -> Vec<u8> {
    let rendered = render(bytes, recipe, &Limits::default()).unwrap();
    rendered.outputs.into_iter().next().unwrap().bytes
}

/// The two ways of one picture: by planes, and as pixels that are then encoded.
fn both(bytes: &[u8], recipe: &Recipe) -> (Pixmap, Pixmap) {
    let png = recipe.clone().with_formats([FormatChoice::To(Format::Png)]);
    let pixels = decoded(&made(bytes, &png)).unwrap();
    (decoded(&made(bytes, recipe)).unwrap(), decoded(&encoded(&pixels, Format::Jpeg, &recipe.encode)).unwrap())
}

#[test]
fn planes_and_pixels_look_alike() {
    for size in [Size::new(240, 160), Size::new(241, 163), Size::new(17, 230)] {
        let upright = scene(size, Channels::Rgb);
        for (orientation, from, to) in Orientation::ALL
            .into_iter()
            .flat_map(|o| SHARES.into_iter().flat_map(move |a| SHARES.into_iter().map(move |b| (o, a, b))))
        {
            let bytes = stored(&upright, orientation, from);
            for (text, fit) in
                [("61x61", Fit::Inside), ("64x48", Fit::Cover), ("50%", Fit::Inside), ("7x7", Fit::Cover)]
            {
                let formats = vec![FormatChoice::To(Format::Jpeg)];
                let recipe = Recipe::default()
                    .with_sizes([text.parse().unwrap()])
                    .with_formats(formats)
                    .with_fit(fit)
                    .with_encode(settings(to));
                let (planes, pixels) = both(&bytes, &recipe);
                assert_eq!(planes.size(), pixels.size());
                let width = planes.size().width.min(planes.size().height);
                let (largest, mean) = difference(planes, pixels);
                // Of very few columns, two with one colour between them are a large part.
                let most = if width < 16 { (70, 6.0) } else { (30, 0.8) };
                assert!(
                    largest <= most.0 && mean <= most.1,
                    "{size} {orientation:?} {from:?} {to:?} {text} {fit:?}: {largest} {mean}"
                );
            }
        }
    }
}

/// What is encoded again at its size keeps its chroma, and what had no colours is stored without.
#[test]
fn planes_that_are_right_already_are_not_touched() {
    let sharp = |x: u32, y: u32| if (x / 2 + y / 2).is_multiple_of(2) { [200, 60, 60] } else { [60, 60, 200] };
    let size = Size::new(48, 32);
    let samples = (0..size.height).flat_map(|y| (0..size.width).flat_map(move |x| sharp(x, y))).collect();
    let source = encoded(&Pixmap::new_u8(size, Channels::Rgb, samples), Format::Jpeg, &settings(Subsampling::S420));
    let recipe = Recipe::default()
        .with_sizes(["original".parse().unwrap()])
        .with_formats([FormatChoice::To(Format::Jpeg)])
        .with_encode(settings(Subsampling::S420).with_quality(100));
    let (planes, pixels) = both(&source, &recipe);
    let before = decoded(&source).unwrap();
    let (by_planes, by_pixels) = (difference(before.clone(), planes).1, difference(before, pixels).1);
    assert!(by_planes < 1.0 && by_pixels > 4.0, "{by_planes} {by_pixels}");

    let grey = Pixmap::new_u8(size, Channels::Rgb, (0..size.pixels()).flat_map(|i| [(i % 200) as u8; 3]).collect());
    // The encoder stores what is grey as three planes when it is given three.
    let source = encoded(&grey, Format::Jpeg, &settings(Subsampling::S420));
    for text in ["24x24", "original"] {
        // At a higher quality the source's own bytes would be the smaller ones, and stand.
        let encode = settings(Subsampling::S420);
        let recipe = recipe.clone().with_sizes([text.parse().unwrap()]).with_encode(encode);
        assert_eq!(decoded(&made(&source, &recipe)).unwrap().channels(), Channels::Grey, "{text}");
        let kept = recipe.with_icc(IccPolicy::Keep);
        let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
        let attached = Attached { icc: Some(&profile), ..Attached::default() };
        let encoder = registry::encoder(Format::Jpeg).unwrap();
        let with_profile = encoder.encode(&grey, &settings(Subsampling::S420), &attached).unwrap();
        let bytes = made(&with_profile, &kept);
        assert!(bytes.windows(11).any(|w| w == b"ICC_PROFILE"), "{text}");
        assert_eq!(decoded(&bytes).unwrap().channels(), Channels::Rgb, "{text}");
    }
}

/// Which outputs are wanted beside one decides how its chroma is decoded, and `--update` has to know.
#[test]
fn the_way_of_decoding_tells_of_chroma() {
    let source = encoded(&scene(Size::new(640, 480), Channels::Rgb), Format::Jpeg, &settings(Subsampling::S420));
    let formats = [Format::Jpeg, Format::Png].map(FormatChoice::To).to_vec();
    let encode = settings(Subsampling::S420);
    let recipe = Recipe::default().with_sizes(["256x256".parse().unwrap()]).with_formats(formats).with_encode(encode);
    let opened = open(&source, &recipe, &Limits::default()).unwrap();
    assert_ne!(opened.decoding(&[0]), opened.decoding(&[0, 1]));
    assert_eq!(opened.decoding(&[1]), opened.decoding(&[0, 1]));
    let png = encoded(&scene(Size::new(640, 480), Channels::Rgb), Format::Png, &encode);
    let opened = open(&png, &recipe, &Limits::default()).unwrap();
    assert_eq!(opened.decoding(&[0]), opened.decoding(&[0, 1]), "only JPEG has chroma");
}
