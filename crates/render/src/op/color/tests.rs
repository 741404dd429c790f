use super::profile::{CLIPPED, MISFIT};
use super::*;
use crate::size::Size;

fn one(channels: Channels, samples: Vec<u8>) -> Pixmap {
    Pixmap::new_u8(Size::new(1, 1), channels, samples)
}

fn converted(color: &ColorSpace, channels: Channels, samples: Vec<u8>) -> Vec<u8> {
    let to = ToSrgb::new(color, channels, false);
    let Samples::U8(v) = to.apply(one(channels, samples)).into_samples() else { unreachable!() };
    v
}

#[test]
fn srgb_profiles_change_nothing() {
    let icc = ColorSpace::Icc(ColorProfile::new_srgb().encode().unwrap());
    assert!(ToSrgb::new(&icc, Channels::Rgb, false).is_same());
    let p3 = ColorSpace::Icc(ColorProfile::new_display_p3().encode().unwrap());
    assert!(!ToSrgb::new(&p3, Channels::Rgb, false).is_same());
}

#[test]
fn known_colors() {
    // P3 (234, 51, 35) is the red of sRGB. Greys are the same in both.
    let p3 = ColorSpace::Icc(ColorProfile::new_display_p3().encode().unwrap());
    let out = converted(&p3, Channels::Rgb, vec![234, 51, 35]);
    assert!(out[0] >= 253 && out[1] <= 4 && out[2] <= 4, "{out:?}");
    let out = converted(&p3, Channels::Rgba, vec![100, 100, 100, 77]);
    assert!(out[..3].iter().all(|v| v.abs_diff(100) <= 1) && out[3] == 77, "{out:?}");
    // (219, 0, 0) in Adobe RGB is near the red of sRGB.
    let out = converted(&ColorSpace::AdobeRgb, Channels::Rgb, vec![219, 0, 0]);
    assert!(out[0] >= 253 && out[1] <= 2, "{out:?}");
}

#[test]
fn gamma_of_png() {
    let linear = ColorSpace::Calibrated { gamma: 1.0, chromaticities: None };
    for channels in [Channels::Grey, Channels::Rgb] {
        let out = converted(&linear, channels, vec![55; channels.count()]);
        // 55/255 linear is 0.5023 in sRGB.
        assert!(out.iter().all(|v| v.abs_diff(128) <= 1), "{out:?}");
    }
    let plain = ColorSpace::Calibrated { gamma: 0.45455, chromaticities: None };
    assert!(ToSrgb::new(&plain, Channels::Rgb, false).is_same());
    let odd = ColorSpace::Calibrated { gamma: 0.45455, chromaticities: Some([(0.0, 0.0); 4]) };
    assert!(ToSrgb::new(&odd, Channels::Rgb, false).note.is_some());
}

#[test]
fn unusable_profiles_are_noted() {
    let junk = ToSrgb::new(&ColorSpace::Icc(vec![1; 300]), Channels::Rgb, true);
    assert_eq!((junk.is_same(), junk.note), (true, Some(BROKEN)));
    let icc = ColorSpace::Icc(ColorProfile::new_gray_with_gamma(1.8).encode().unwrap());
    assert_eq!(ToSrgb::new(&icc, Channels::Rgb, false).note, Some(MISFIT));
    assert_eq!(as_profile(&icc, Channels::Rgb), None);
}

#[test]
fn cmyk_without_a_profile() {
    assert_eq!(converted(&ColorSpace::Srgb, Channels::Cmyk, vec![0, 0, 0, 0]), [255, 255, 255]);
    assert_eq!(converted(&ColorSpace::Srgb, Channels::Cmyk, vec![255, 0, 128, 0]), [0, 255, 127]);
    assert_eq!(converted(&ColorSpace::Srgb, Channels::Cmyk, vec![0, 0, 0, 255]), [0, 0, 0]);
}

#[test]
fn hdr_white_is_white() {
    let hdr = ColorSpace::Cicp { primaries: 9, transfer: 16 };
    let to = ToSrgb::new(&hdr, Channels::Rgb, false);
    assert_eq!(to.note, Some(CLIPPED));
    // PQ of 203 nits is 0.58.
    let out = converted(&hdr, Channels::Rgb, vec![149; 3]);
    assert!(out.iter().all(|&v| v >= 252), "{out:?}");
}

#[test]
fn cached_transforms_are_kept_apart() {
    let icc = |profile: ColorProfile| ColorSpace::Icc(profile.encode().unwrap());
    let (p3, srgb, adobe) =
        (icc(ColorProfile::new_display_p3()), icc(ColorProfile::new_srgb()), icc(ColorProfile::new_adobe_rgb()));
    for _ in 0..3 {
        for (color, channels, same) in [
            (&p3, Channels::Rgb, false),
            (&p3, Channels::Grey, true),
            (&srgb, Channels::Rgb, true),
            (&adobe, Channels::Rgba, false),
        ] {
            assert_eq!(ToSrgb::new(color, channels, false).is_same(), same, "{channels:?}");
        }
    }
}

/// Lightness 50 is 18.4 % of white's light, which is 119 in sRGB.
#[test]
fn a_grey_profile_may_give_lightness() {
    let mut profile = ColorProfile::new_gray_with_gamma(1.0);
    profile.pcs = moxcms::DataColorSpace::Lab;
    let icc = profile.encode().unwrap();
    let to = ToSrgb::new(&ColorSpace::Icc(icc.clone()), Channels::Grey, false);
    assert_eq!(to.note, None);
    let out = to.apply(Pixmap::new_u8(Size::new(3, 1), Channels::Grey, vec![0, 127, 255]));
    let Samples::U8(v) = out.samples() else { panic!("8 bits") };
    assert!(v[0] == 0 && v[1].abs_diff(118) < 2 && v[2] == 255, "{v:?}");
}

/// Browsers do the same for JPEG.
#[test]
fn grey_pixels_with_a_profile_of_colours_take_its_curve() {
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    let to = ToSrgb::new(&ColorSpace::Icc(srgb.clone()), Channels::Grey, false);
    assert!(to.is_same() && to.note.is_none());
    let wide = ColorProfile::new_pro_photo_rgb().encode().unwrap();
    let to = ToSrgb::new(&ColorSpace::Icc(wide.clone()), Channels::Grey, false);
    assert_eq!(to.note, None);
    let out = to.apply(Pixmap::new_u8(Size::new(3, 1), Channels::Grey, vec![0, 128, 255]));
    let Samples::U8(v) = out.samples() else { panic!("8 bits") };
    // The curve of ProPhoto is a power of 1.8.
    assert!(v[0] == 0 && v[1].abs_diff(146) < 3 && v[2] == 255, "{v:?}");
    // With `keep`, the output gets a grey profile with the same curve.
    let kept = as_profile(&ColorSpace::Icc(wide), Channels::Grey).unwrap();
    assert_eq!(&kept[16..20], b"GRAY");
    let again = ToSrgb::new(&ColorSpace::Icc(kept), Channels::Grey, false);
    assert_eq!(again.apply(Pixmap::new_u8(Size::new(3, 1), Channels::Grey, vec![0, 128, 255])), out);
    let srgb = ColorSpace::Icc(ColorProfile::new_srgb().encode().unwrap());
    assert_eq!(as_profile(&srgb, Channels::Grey), None);
}
