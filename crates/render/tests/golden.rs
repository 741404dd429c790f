//! From bytes to encoded variants, on pictures made in the process: where pixels go, in all eight
//! orientations, formats, fits and depths. Each comparison states its tolerance.

mod pictures;

use pictures::{decoded, difference, encoded, rgba, scene};
use thumbs_render::codec::{Attached, registry};
use thumbs_render::format::Format;
use thumbs_render::geometry::{Fit, Gravity};
use thumbs_render::limits::Limits;
use thumbs_render::op;
use thumbs_render::orientation::Orientation;
use thumbs_render::pixmap::{Channels, Pixmap, Samples};
use thumbs_render::recipe::{Color, EncodeSettings, Filter, FormatChoice, IccPolicy, MetadataPolicy, Recipe};
use thumbs_render::render::{Rendered, render};
use thumbs_render::size::{Region, Size};

fn recipe(size: &str, format: Format) -> Recipe {
    let encode = EncodeSettings::default().with_quality(95).with_lossless(true);
    Recipe::default().with_sizes([size.parse().unwrap()]).with_formats([FormatChoice::To(format)]).with_encode(encode)
}

fn run(bytes: &[u8], recipe: &Recipe) -> Rendered {
    render(bytes, recipe, &Limits::default()).unwrap_or_else(|e| panic!("{}: {e}", e.stage()))
}

fn first(bytes: &[u8], recipe: &Recipe) -> Pixmap {
    decoded(&run(bytes, recipe).outputs[0].bytes).unwrap()
}

/// A TIFF structure that says nothing but the orientation.
fn exif(orientation: Orientation) -> Vec<u8> {
    let mut out = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    out.extend([orientation.exif(), 0, 0, 0, 0, 0, 0]);
    out
}

fn with_exif(pixmap: &Pixmap, format: Format, exif: &[u8]) -> Vec<u8> {
    let encoder = registry::encoder(format).unwrap();
    let settings = EncodeSettings::default().with_quality(95).with_lossless(true);
    encoder.encode(pixmap, &settings, &Attached { exif: Some(exif), ..Attached::default() }).unwrap()
}

/// Stored turned, with the EXIF that undoes it: eight orientations, three containers, one picture.
#[test]
fn orientations_are_baked_in() {
    let upright = scene(Size::new(120, 80), Channels::Rgb);
    let wanted = first(&encoded(&upright, Format::Png, &EncodeSettings::default()), &recipe("60x60", Format::Png));
    assert_eq!(wanted.size(), Size::new(60, 40));
    for orientation in Orientation::ALL {
        let stored = op::orient::orient(upright.clone(), orientation.inverse());
        for format in [Format::Jpeg, Format::Png, Format::WebP] {
            let bytes = with_exif(&stored, format, &exif(orientation));
            let ours = first(&bytes, &recipe("60x60", Format::Png));
            let (largest, mean) = difference(ours, wanted.clone());
            // Lossless ones agree but for rounding; JPEG at quality 95 by its noise.
            let limits = if format == Format::Jpeg { (60, 3.0) } else { (2, 0.5) };
            assert!(largest <= limits.0 && mean <= limits.1, "{orientation:?} {format}: {largest} {mean}");
            let as_stored = recipe("60x60", Format::Png).with_auto_orient(false);
            assert_eq!(first(&bytes, &as_stored).size().width < 60, orientation.swaps());
        }
    }
}

/// What is cropped from a turned picture is what is cropped from the upright one.
#[test]
fn gravity_means_the_upright_picture() {
    let upright = scene(Size::new(120, 80), Channels::Rgb);
    for gravity in [Gravity::NorthWest, Gravity::East, Gravity::Center] {
        let cover = recipe("30x30", Format::Png).with_fit(Fit::Cover).with_gravity(gravity);
        let wanted = first(&encoded(&upright, Format::Png, &EncodeSettings::default()), &cover);
        for orientation in Orientation::ALL {
            let stored = op::orient::orient(upright.clone(), orientation.inverse());
            let ours = first(&with_exif(&stored, Format::Png, &exif(orientation)), &cover);
            let (largest, _) = difference(ours, wanted.clone());
            assert!(largest <= 2, "{gravity:?} {orientation:?}: {largest}");
        }
    }
}

/// A thumbnail from a shrunk decode is the one from all pixels, not shifted: by the mean to 1.5 of 255.
#[test]
fn shrunk_decodes_show_the_same() {
    for size in [Size::new(1201, 803), Size::new(800, 1333)] {
        for channels in [Channels::Rgb, Channels::Rgba, Channels::Grey] {
            let picture = scene(size, channels);
            let whole = Region::whole(size);
            let to = thumbs_render::geometry::place(
                size,
                &thumbs_render::geometry::Constraint {
                    size: "100".parse().unwrap(),
                    fit: Fit::Inside,
                    gravity: Gravity::Center,
                    enlarge: false,
                },
            )
            .resized;
            let wanted = op::resize::resize(&picture, whole, to, Filter::Lanczos3).unwrap();
            for format in [Format::Jpeg, Format::Png, Format::WebP] {
                if channels.has_alpha() && format == Format::Jpeg {
                    continue;
                }
                let settings = EncodeSettings::default().with_quality(95).with_lossless(false);
                let bytes = encoded(&picture, format, &settings);
                let out = run(&bytes, &recipe("100", Format::Png));
                assert!(out.shrink > 1.0, "{format} {channels:?} {}", out.shrink);
                let (_, mean) = difference(decoded(&out.outputs[0].bytes).unwrap(), wanted.clone());
                assert!(mean < 1.5, "{format} {channels:?} {size}: {mean}");
            }
        }
    }
}

#[test]
fn several_variants_from_one_decode() {
    let bytes = encoded(&scene(Size::new(400, 300), Channels::Rgb), Format::Png, &EncodeSettings::default());
    let many = Recipe::default()
        .with_sizes([
            "200".parse().unwrap(),
            "50%".parse().unwrap(),
            "original".parse().unwrap(),
            "40x40".parse().unwrap(),
        ])
        .with_formats([FormatChoice::Keep, FormatChoice::To(Format::Jpeg), FormatChoice::To(Format::WebP)]);
    let out = run(&bytes, &many);
    let sizes: Vec<String> = out.outputs.iter().map(|o| format!("{} {}", o.format.word(), o.size)).collect();
    assert_eq!(
        sizes,
        [
            "png 200x150",
            "jpeg 200x150",
            "webp 200x150",
            "png 200x150",
            "jpeg 200x150",
            "webp 200x150",
            "png 400x300",
            "jpeg 400x300",
            "webp 400x300",
            "png 40x30",
            "jpeg 40x30",
            "webp 40x30"
        ]
    );
    // "original" is the picture itself.
    assert_eq!(decoded(&out.outputs[6].bytes).unwrap(), decoded(&bytes).unwrap());
    let opened = thumbs_render::render::open(&bytes, &many, &Limits::default()).unwrap();
    let some = opened.render(&[7, 0], None).unwrap();
    assert_eq!(some.outputs.iter().map(|o| o.variant).collect::<Vec<_>>(), [7, 0]);
    assert_eq!(some.outputs[0].bytes, out.outputs[7].bytes);
}

#[test]
fn contain_adds_bars() {
    let bytes = encoded(&scene(Size::new(100, 50), Channels::Rgb), Format::Png, &EncodeSettings::default());
    let red = Color { rgba: [255, 0, 0, 255] };
    let contain = recipe("40x40", Format::Png).with_fit(Fit::Contain).with_background(red);
    let out = first(&bytes, &contain);
    assert_eq!(out.size(), Size::new(40, 40));
    let pixels = rgba(out);
    assert_eq!(
        (pixels[0], pixels[40 * 9 + 39], pixels[40 * 30]),
        ([255, 0, 0, 255], [255, 0, 0, 255], [255, 0, 0, 255])
    );
    assert_ne!(pixels[40 * 10 + 20], [255, 0, 0, 255]);
    let glass = Color { rgba: [0, 0, 0, 0] };
    let out = first(&bytes, &contain.with_background(glass));
    assert_eq!(rgba(out)[0][3], 0);
}

/// Alpha onto white: half transparent black is grey 127, for every way alpha can be stored.
#[test]
fn alpha_is_flattened_onto_the_background() {
    let size = Size::new(64, 64);
    let veil = Pixmap::new_u8(size, Channels::Rgba, [0, 0, 0, 128].repeat(64 * 64));
    let grey = Pixmap::new_u8(size, Channels::GreyAlpha, [0, 128].repeat(64 * 64));
    for picture in [&veil, &grey] {
        for format in [Format::Png, Format::WebP] {
            let bytes = encoded(picture, format, &EncodeSettings::default().with_lossless(true));
            for to in ["64", "16"] {
                let out = run(&bytes, &recipe(to, Format::Jpeg));
                assert!(out.notes.iter().any(|n| n.contains("alpha")), "{:?}", out.notes);
                for p in rgba(decoded(&out.outputs[0].bytes).unwrap()) {
                    assert!(p[..3].iter().all(|v| v.abs_diff(127) <= 2), "{format} {to} {p:?}");
                }
            }
        }
    }
}

#[test]
fn opaque_alpha_is_dropped_and_grey_stays_grey() {
    let picture = Pixmap::new_u8(Size::new(20, 20), Channels::Rgba, [9, 8, 7, 255].repeat(400));
    let bytes = encoded(&picture, Format::Png, &EncodeSettings::default());
    assert_eq!(first(&bytes, &recipe("10", Format::Png)).channels(), Channels::Rgb);
    let grey = scene(Size::new(90, 90), Channels::Grey);
    for format in [Format::Png, Format::Jpeg] {
        let bytes = encoded(&grey, format, &EncodeSettings::default());
        for to in [Format::Png, Format::Jpeg] {
            assert_eq!(first(&bytes, &recipe("30", to)).channels(), Channels::Grey, "{format} to {to}");
        }
    }
}

/// A ramp that 8 bits cannot hold, stretched: 16-bit pictures are not narrowed before the resize.
#[test]
fn sixteen_bits_stay_until_the_end() {
    let size = Size::new(64, 64);
    let samples = (0..64 * 64).map(|i: u32| if (i + i / 64).is_multiple_of(2) { 25_600 } else { 25_856 }).collect();
    let picture = Pixmap::new(size, Channels::Grey, Samples::U16(samples));
    let bytes = encoded(&picture, Format::Png, &EncodeSettings::default());
    let out = rgba(first(&bytes, &recipe("8", Format::Png).with_filter(Filter::Box)));
    // The mean, 25728, is 100.1 of 255: rounded once.
    assert!(out.iter().all(|p| p[0] == 100), "{out:?}");
}

/// Lines of black and white, resized in linear light, are half the light: sRGB 188. In sRGB they are 128.
#[test]
fn linear_light() {
    for channels in [Channels::Grey, Channels::Rgb, Channels::Rgba] {
        let n = channels.count();
        let line = |v: u8| {
            let mut pixel = vec![v; n];
            if channels.has_alpha() {
                pixel[n - 1] = 200;
            }
            pixel.repeat(64)
        };
        let samples = [line(0), line(255)].concat().repeat(32);
        let bytes =
            encoded(&Pixmap::new_u8(Size::new(64, 64), channels, samples), Format::Png, &EncodeSettings::default());
        for (linear, value) in [(true, 188), (false, 128)] {
            let how = recipe("16", Format::Png).with_linear(linear).with_filter(Filter::Box);
            for p in rgba(first(&bytes, &how)) {
                assert!(p[0].abs_diff(value) <= 1, "{channels:?} linear {linear}: {p:?}");
                assert!(!channels.has_alpha() || p[3] == 200, "{p:?}");
            }
        }
    }
}

/// Flat colours come out of JPEG as they went in, whatever the inks or chroma.
#[test]
fn flat_colors_survive() {
    let size = Size::new(64, 48);
    for color in [[200, 30, 40], [20, 180, 60], [30, 40, 190], [250, 250, 250], [3, 3, 3]] {
        let rgb = Pixmap::new_u8(size, Channels::Rgb, color.repeat(64 * 48));
        let inks = color.map(|c| 255 - c);
        let cmyk = Pixmap::new_u8(size, Channels::Cmyk, [inks[0], inks[1], inks[2], 0].repeat(64 * 48));
        for picture in [rgb, cmyk] {
            let bytes = encoded(&picture, Format::Jpeg, &EncodeSettings::default().with_quality(95));
            for to in ["original", "20"] {
                for p in rgba(first(&bytes, &recipe(to, Format::Png))) {
                    let near = (0..3).all(|c| p[c].abs_diff(color[c]) <= 3);
                    assert!(near, "{:?} {color:?} {to}: {p:?}", picture.channels());
                }
            }
        }
    }
}

#[test]
fn light_in_cie_xyz() {
    // X, Y and Z in 128ths, with equal energy as white, and sRGB of it by Bradford's adaptation and IEC 61966-2-1.
    let known = [
        ([128, 128, 128], [255, 255, 255]),
        ([64, 64, 64], [188, 188, 188]),
        ([56, 29, 2], [254, 22, 0]),
        ([50, 91, 14], [0, 255, 0]),
        ([22, 9, 112], [11, 4, 255]),
        ([67, 60, 19], [230, 170, 91]),
    ];
    for ([x, y, z], color) in known {
        let head = b"#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 2 +X 3\n";
        let out = first(&[&head[..], &[x, y, z, 129].repeat(6)].concat(), &recipe("original", Format::Png));
        let near = rgba(out).iter().all(|p| (0..3).all(|c| p[c].abs_diff(color[c]) <= 2));
        assert!(near, "{x} {y} {z}: {color:?}");
    }
}

#[test]
fn inks_are_kept_where_wanted() {
    let picture = scene(Size::new(60, 40), Channels::Cmyk);
    let bytes = encoded(&picture, Format::Jpeg, &EncodeSettings::default().with_quality(95));
    let keep = recipe("30", Format::Jpeg).with_icc(IccPolicy::Keep);
    let out = first(&bytes, &keep);
    assert_eq!(out.channels(), Channels::Cmyk);
    assert_eq!(first(&bytes, &recipe("30", Format::Jpeg)).channels(), Channels::Rgb);
    assert_eq!(first(&bytes, &recipe("30", Format::Png).with_icc(IccPolicy::Keep)).channels(), Channels::Rgb);
}

#[test]
fn metadata_goes_where_it_should() {
    let picture = scene(Size::new(60, 40), Channels::Rgb);
    // Orientation 6, and an artist.
    let mut tiff =
        b"II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x3b\x01\x02\0\x05\0\0\0\x26\0\0\0\0\0\0\0".to_vec();
    tiff.extend(b"Anna\0");
    let xmp = b"<x:xmpmeta><rdf:Description tiff:Orientation=\"6\" photoshop:Credit=\"Anna\"/></x:xmpmeta>";
    let iptc = b"\x1c\x02\x05\0\x03cat\x1c\x02\x74\0\x04Anna";
    for from in [Format::Jpeg, Format::Png, Format::WebP] {
        let attached = Attached { exif: Some(&tiff), xmp: Some(xmp), iptc: Some(iptc), icc: None };
        let encoder = registry::encoder(from).unwrap();
        let bytes = encoder.encode(&picture, &EncodeSettings::default(), &attached).unwrap();
        for to in [Format::Jpeg, Format::Png, Format::WebP] {
            for policy in [MetadataPolicy::None, MetadataPolicy::Copyright, MetadataPolicy::Keep] {
                let how = recipe("30", to).with_metadata(policy);
                let out = &run(&bytes, &how).outputs[0].bytes;
                let picture = registry::decoder(to).unwrap().open(out, &Limits::default()).unwrap();
                let found = &picture.header().metadata;
                assert_eq!(picture.header().orientation, Orientation::Upright, "{from} {to} {policy:?}");
                let has = |block: &Option<Vec<u8>>, text: &str| {
                    block.as_ref().is_some_and(|b| b.windows(text.len()).any(|w| w == text.as_bytes()))
                };
                let any = policy != MetadataPolicy::None;
                assert_eq!((has(&found.exif, "Anna"), has(&found.xmp, "Anna")), (any, any), "{from} {to} {policy:?}");
                assert_eq!(has(&found.xmp, "tiff:Orientation=\"1\""), policy == MetadataPolicy::Keep);
                if from == Format::Jpeg && to == Format::Jpeg {
                    assert_eq!(has(&found.iptc, "Anna"), any);
                    assert_eq!(has(&found.iptc, "cat"), policy == MetadataPolicy::Keep);
                }
            }
        }
    }
}

#[test]
fn enlarging_only_where_asked() {
    let bytes = encoded(&scene(Size::new(30, 20), Channels::Rgb), Format::Jpeg, &EncodeSettings::default());
    assert_eq!(run(&bytes, &recipe("300", Format::Png)).outputs[0].size, Size::new(30, 20));
    let larger = recipe("300", Format::Png).with_enlarge(true);
    assert_eq!(run(&bytes, &larger).outputs[0].size, Size::new(300, 200));
}

#[test]
fn one_pixel_and_long_strips() {
    for size in [Size::new(1, 1), Size::new(1, 3000), Size::new(3000, 1), Size::new(2, 999)] {
        for channels in [Channels::Rgb, Channels::Rgba] {
            for format in [Format::Png, Format::WebP, Format::Jpeg] {
                if format == Format::Jpeg && channels.has_alpha() {
                    continue;
                }
                let bytes = encoded(&scene(size, channels), format, &EncodeSettings::default());
                for to in ["100x100", "1x1", "original"] {
                    for fit in [Fit::Inside, Fit::Cover, Fit::Contain, Fit::Fill, Fit::Outside] {
                        let how = recipe(to, Format::WebP).with_fit(fit);
                        assert_eq!(run(&bytes, &how).outputs.len(), 1, "{size} {format} {to} {fit:?}");
                    }
                }
            }
        }
    }
}
