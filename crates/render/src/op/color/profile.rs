//! Makes a moxcms profile of the colour space that a picture declares.

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace, MatrixCoefficients,
    ParsingOptions, ToneReprCurve, TransferCharacteristics, XyY,
};

use crate::codec::ColorSpace;
use crate::pixmap::Channels;

/// Notes about profiles that cannot be used.
pub const BROKEN: &str = "broken colour profile ignored";
pub const MISFIT: &str = "colour profile of another kind of pixels ignored";
pub const CLIPPED: &str = "HDR highlights clipped to white";
/// White of an SDR picture in nits, to which HDR is scaled (ITU-R BT.2408).
const SDR_WHITE: f64 = 203.0;

/// The profile of the source with an optional note, or None for sRGB. An error is a note too.
pub type Found = Result<Option<(ColorProfile, Option<&'static str>)>, &'static str>;

pub fn profile(color: &ColorSpace, channels: Channels) -> Found {
    let is_grey = matches!(channels, Channels::Grey | Channels::GreyAlpha);
    match color {
        ColorSpace::Srgb => Ok(None),
        ColorSpace::Icc(icc) => {
            let profile = parse(icc).ok_or(BROKEN)?;
            if is_grey && profile.color_space == DataColorSpace::Rgb {
                // On the neutral axis a matrix profile is its curve.
                let curve = profile.red_trc.clone().filter(|_| profile.is_matrix_shaper()).ok_or(MISFIT)?;
                return Ok((!is_srgb_curve(&curve)).then(|| (grey(curve), None)));
            }
            if !fits(&profile, channels) {
                return Err(MISFIT);
            }
            if is_grey && profile.pcs == DataColorSpace::Lab {
                let curve = profile.gray_trc.as_ref().and_then(lightness).ok_or(BROKEN)?;
                return Ok(Some((grey(curve), None)));
            }
            Ok(if is_srgb(&profile) { None } else { Some((profile, None)) })
        }
        _ if channels == Channels::Cmyk => Ok(None),
        ColorSpace::AdobeRgb => {
            let profile = ColorProfile::new_adobe_rgb();
            let curve = profile.red_trc.clone().filter(|_| is_grey);
            Ok(Some((curve.map_or(profile, grey), None)))
        }
        ColorSpace::Calibrated { gamma, chromaticities } => {
            let profile = calibrated(*gamma, *chromaticities, is_grey).ok_or("impossible gAMA or cHRM ignored")?;
            Ok(profile.map(|p| (p, None)))
        }
        ColorSpace::Cicp { primaries, transfer } => {
            let profile = cicp(*primaries, *transfer, is_grey).ok_or("unsupported cICP chunk ignored")?;
            Ok(Some((profile, matches!(transfer, 16 | 18).then_some(CLIPPED))))
        }
    }
}

/// The profile for pixels that stay as they are, also for colours that were described without a
/// profile.
pub fn as_profile(color: &ColorSpace, channels: Channels) -> Option<Vec<u8>> {
    // Grey with an RGB profile gets a grey profile made of its curve.
    if let ColorSpace::Icc(icc) = color
        && parse(icc).is_some_and(|profile| fits(&profile, channels))
    {
        return Some(icc.clone());
    }
    profile(color, channels).ok().flatten().and_then(|(profile, _)| profile.encode().ok())
}

/// Whether a profile describes pixels with these channels.
fn fits(profile: &ColorProfile, channels: Channels) -> bool {
    match profile.color_space {
        DataColorSpace::Rgb => matches!(channels, Channels::Rgb | Channels::Rgba),
        DataColorSpace::Gray => matches!(channels, Channels::Grey | Channels::GreyAlpha),
        DataColorSpace::Cmyk => channels == Channels::Cmyk,
        _ => false,
    }
}

fn grey(curve: ToneReprCurve) -> ColorProfile {
    let mut profile = ColorProfile::new_gray_with_gamma(2.2);
    profile.gray_trc = Some(curve);
    profile
}

/// Converts the curve of a grey profile from lightness (L*) to light.
fn lightness(curve: &ToneReprCurve) -> Option<ToneReprCurve> {
    let light = |i: u32| {
        let t = (evaluate(curve, f64::from(i) / 4095.0)? * 100.0 + 16.0) / 116.0;
        let y = if t > 6.0 / 29.0 { t.powi(3) } else { (t - 4.0 / 29.0) * 3.0 * (6.0f64 / 29.0).powi(2) };
        Some((y.clamp(0.0, 1.0) * 65_535.0).round() as u16)
    };
    Some(ToneReprCurve::Lut((0..4096).map(light).collect::<Option<_>>()?))
}

fn parse(icc: &[u8]) -> Option<ColorProfile> {
    // Sizes are in elements. The largest known tables (CMYK, 16 bits) have some 1.5 million.
    let options =
        ParsingOptions { max_profile_size: 8 << 20, max_allowed_clut_size: 4_000_000, max_allowed_trc_size: 40_000 };
    ColorProfile::new_from_slice_with_options(icc, options).ok()
}

/// Whether a profile is sRGB, as most are: its primaries and curve agree to a thousandth.
fn is_srgb(profile: &ColorProfile) -> bool {
    let has_tables = profile.lut_a_to_b_perceptual.is_some()
        || profile.lut_a_to_b_colorimetric.is_some()
        || profile.lut_a_to_b_saturation.is_some();
    if has_tables || !profile.is_matrix_shaper() || profile.pcs != DataColorSpace::Xyz {
        return false;
    }
    let srgb = ColorProfile::new_srgb().colorant_matrix();
    let own = profile.colorant_matrix();
    let near = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
    own.v.iter().zip(&srgb.v).all(|(a, b)| near(a, b))
        && [&profile.red_trc, &profile.green_trc, &profile.blue_trc].into_iter().flatten().all(is_srgb_curve)
}

fn is_srgb_curve(curve: &ToneReprCurve) -> bool {
    (1..=16).all(|i| {
        let x = f64::from(i) / 16.0;
        evaluate(curve, x).is_some_and(|y| (y - decode_srgb(x)).abs() < 1e-3)
    })
}

/// The decoding curve of IEC 61966-2-1.
pub fn decode_srgb(x: f64) -> f64 {
    if x <= 0.040_45 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
}

fn evaluate(curve: &ToneReprCurve, x: f64) -> Option<f64> {
    match curve {
        ToneReprCurve::Lut(v) => match v[..] {
            [] => Some(x),
            [gamma] => Some(x.powf(f64::from(gamma) / 256.0)),
            _ => {
                let at = x * (v.len() - 1) as f64;
                let (low, share) = (at.floor() as usize, at.fract());
                let high = (low + 1).min(v.len() - 1);
                Some((f64::from(v[low]) * (1.0 - share) + f64::from(v[high]) * share) / 65_535.0)
            }
        },
        // ICC.1, parametricCurveType: g a b c d e f.
        ToneReprCurve::Parametric(p) => {
            let p: Vec<f64> = p.iter().map(|&v| f64::from(v)).collect();
            match p[..] {
                [g] => Some(x.powf(g)),
                [g, a, b, c, d] => Some(if x >= d { (a * x + b).powf(g) } else { c * x }),
                [g, a, b, c, d, e, f] => Some(if x >= d { (a * x + b).powf(g) + e } else { c * x + f }),
                _ => None,
            }
        }
    }
}

/// Converts PNG's gAMA and cHRM. Some(None) is sRGB; None means that the numbers are not a colour
/// space.
fn calibrated(gamma: f64, chromaticities: Option<[(f64, f64); 4]>, is_grey: bool) -> Option<Option<ColorProfile>> {
    if !(0.01..=10.0).contains(&gamma) {
        return None;
    }
    // A gamma near 1/2.2 is meant as sRGB.
    let is_near = (gamma - 0.454_55).abs() < 0.005;
    let curve = if is_near {
        ColorProfile::new_srgb().red_trc
    } else {
        Some(ToneReprCurve::Parametric(vec![(1.0 / gamma) as f32]))
    };
    if is_grey {
        return Some(curve.filter(|_| !is_near).map(grey));
    }
    let mut profile = ColorProfile::new_srgb();
    profile.cicp = None;
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
    if let Some(xy) = chromaticities {
        let sane = |&(x, y): &(f64, f64)| (0.0..=1.0).contains(&x) && y > 0.0 && y <= 1.0;
        let [white, red, green, blue] = xy;
        let area = (green.0 - red.0) * (blue.1 - red.1) - (blue.0 - red.0) * (green.1 - red.1);
        // The blue of ProPhoto has y = 0.0001, that of ACES a negative one. A triangle without area
        // is not a colour space.
        if !sane(&white) || area.abs() < 1e-3 {
            return None;
        }
        let point = |(x, y): (f64, f64)| Chromaticity::new(x as f32, y.max(1e-4) as f32);
        let primaries = ColorPrimaries { red: point(red), green: point(green), blue: point(blue) };
        profile.update_rgb_colorimetry(XyY { x: white.0, y: white.1, yb: 1.0 }, primaries);
    }
    Some((!is_srgb(&profile)).then_some(profile))
}

/// Converts ITU-T H.273 code points.
fn cicp(primaries: u8, transfer: u8, is_grey: bool) -> Option<ColorProfile> {
    let curve = match transfer {
        16 => Some(ToneReprCurve::Lut(table(pq))),
        18 => Some(ToneReprCurve::Lut(table(hlg))),
        _ => None,
    };
    let mut profile = ColorProfile::new_srgb();
    if primaries != 1 || curve.is_none() {
        let named = CicpProfile {
            color_primaries: CicpColorPrimaries::try_from(primaries).ok()?,
            transfer_characteristics: match curve {
                Some(_) => TransferCharacteristics::Srgb,
                None => TransferCharacteristics::try_from(transfer).ok()?,
            },
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: true,
        };
        // moxcms 0.8.1 returns false also on success, so the field that it sets decides.
        profile.cicp = None;
        profile.update_rgb_colorimetry_from_cicp(named);
        profile.cicp.as_ref()?;
    }
    profile.cicp = None;
    if let Some(curve) = curve {
        let curve = Some(curve);
        (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
    }
    if is_grey {
        return profile.red_trc.map(grey);
    }
    Some(profile)
}

fn table(curve: fn(f64) -> f64) -> Vec<u16> {
    (0..4096).map(|i| (curve(f64::from(i) / 4095.0).clamp(0.0, 1.0) * 65_535.0).round() as u16).collect()
}

/// SMPTE ST 2084, with SDR white at 1.
fn pq(x: f64) -> f64 {
    let (m1, m2) = (2610.0 / 16_384.0, 2523.0 / 32.0);
    let (c1, c2, c3) = (3424.0 / 4096.0, 2413.0 / 128.0, 2392.0 / 128.0);
    let p = x.powf(1.0 / m2);
    let linear = ((p - c1).max(0.0) / (c2 - c3 * p)).powf(1.0 / m1);
    linear * 10_000.0 / SDR_WHITE
}

/// ARIB STD-B67 with the gamma of a 1000-nit display (BT.2100), channel by channel, with SDR white
/// at 1.
fn hlg(x: f64) -> f64 {
    let (a, b, c) = (0.178_832_77, 0.284_668_92, 0.559_910_73);
    let scene = if x <= 0.5 { x * x / 3.0 } else { (((x - c) / a).exp() + b) / 12.0 };
    scene.powf(1.2) * 1000.0 / SDR_WHITE
}
