//! Encoding.

use std::mem::MaybeUninit;

use libwebp_sys as sys;

/// Lossy or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// Quality 0 to 100.
    Lossy(f32),
    /// Keep every pixel, even where alpha is 0.
    Lossless,
}

/// Encoder settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Lossy or not.
    pub mode: Mode,
    /// Effort, 0 (fast) to 6 (small).
    pub method: u8,
    /// Derive chroma planes iteratively from the full-size picture: sharper edges, several times
    /// slower.
    pub sharp_yuv: bool,
    /// In lossless mode, libwebp's preset of effort, 0 to 9, instead of `method`.
    pub level: Option<u8>,
    /// In lossless mode, how far pixels may change for fewer bytes: 100 not at all, 0 the most.
    /// Below 100, colours of transparent pixels change, too.
    pub near_lossless: u8,
    /// In lossy mode, the quality of alpha; 100 keeps it exactly.
    pub alpha_quality: u8,
    /// Try more predictions of alpha.
    pub alpha_best: bool,
    /// Passes of the entropy analysis in lossy mode, 1 to 10.
    pub passes: u8,
}

impl Default for Settings {
    /// libwebp's own defaults.
    fn default() -> Self {
        Self {
            mode: Mode::Lossy(75.0),
            method: 4,
            sharp_yuv: false,
            level: None,
            near_lossless: 100,
            alpha_quality: 100,
            alpha_best: false,
            passes: 1,
        }
    }
}

/// An encoder error, as libwebp's error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeFault(
    /// The number, as in `WebPEncodingError`.
    pub u32,
);

/// A libwebp picture, freed when dropped.
struct Picture(sys::WebPPicture);

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: the picture was initialised by WebPPictureInit and is freed once.
        unsafe { sys::WebPPictureFree(&mut self.0) }
    }
}

/// Encodes contiguous rows of RGB, or of RGBA with `alpha`.
///
/// # Errors
/// [`EncodeFault`], also if `samples` has the wrong size.
pub fn encode(
    width: u32,
    height: u32,
    alpha: bool,
    samples: &[u8],
    settings: &Settings,
) -> Result<Vec<u8>, EncodeFault> {
    let bad = EncodeFault(sys::WebPEncodingError::VP8_ENC_ERROR_BAD_DIMENSION as u32);
    let channels: u64 = if alpha { 4 } else { 3 };
    if width == 0 || height == 0 || width > 16_383 || height > 16_383 {
        return Err(bad);
    }
    if samples.len() as u64 != u64::from(width) * u64::from(height) * channels {
        return Err(bad);
    }
    let invalid = EncodeFault(sys::WebPEncodingError::VP8_ENC_ERROR_INVALID_CONFIGURATION as u32);
    let mut config = sys::WebPConfig::new().map_err(|()| invalid)?;
    config.method = i32::from(settings.method.min(6));
    config.use_sharp_yuv = i32::from(settings.sharp_yuv);
    match settings.mode {
        Mode::Lossy(quality) => {
            config.quality = quality.clamp(0.0, 100.0);
            config.alpha_quality = i32::from(settings.alpha_quality.min(100));
            config.alpha_filtering = if settings.alpha_best { 2 } else { 1 };
            config.pass = i32::from(settings.passes.clamp(1, 10));
        }
        Mode::Lossless => {
            config.lossless = 1;
            // In lossless mode this is the effort. 75 is libwebp's default.
            config.quality = 75.0;
            if let Some(level) = settings.level {
                // SAFETY: the pointer is to a config that `WebPConfig::new` initialised; the call
                // only writes plain numbers to it. It fails at levels over 9.
                let is_set = unsafe { sys::WebPConfigLosslessPreset(&mut config, i32::from(level.min(9))) };
                if is_set == 0 {
                    return Err(invalid);
                }
            }
            config.near_lossless = i32::from(settings.near_lossless.min(100));
            // libwebp changes residuals only where it may change transparent pixels, too.
            config.exact = i32::from(settings.near_lossless >= 100);
        }
    }
    let mut picture = Picture(sys::WebPPicture::new().map_err(|()| invalid)?);
    let p = &mut picture.0;
    p.use_argb = i32::from(matches!(settings.mode, Mode::Lossless) || settings.sharp_yuv);
    p.width = width as i32;
    p.height = height as i32;
    let stride = (u64::from(width) * channels) as i32;
    // SAFETY: `samples` holds exactly `height` rows of `stride` bytes, as checked above. The import
    // only reads them and allocates the picture's own planes.
    let imported = unsafe {
        if alpha {
            sys::WebPPictureImportRGBA(p, samples.as_ptr(), stride)
        } else {
            sys::WebPPictureImportRGB(p, samples.as_ptr(), stride)
        }
    };
    if imported == 0 {
        return Err(EncodeFault(sys::WebPEncodingError::VP8_ENC_ERROR_OUT_OF_MEMORY as u32));
    }
    let mut writer = MaybeUninit::<sys::WebPMemoryWriter>::zeroed();
    // SAFETY: the writer is a plain struct for which zeroes are valid. libwebp initialises it, and
    // it is passed as `custom_ptr` to the function that expects that type. It lives until after the
    // encode, its memory is read only within `size`, and it is cleared once.
    unsafe {
        sys::WebPMemoryWriterInit(writer.as_mut_ptr());
        p.writer = Some(sys::WebPMemoryWrite);
        p.custom_ptr = writer.as_mut_ptr().cast();
        let done = sys::WebPEncode(&config, p);
        p.custom_ptr = std::ptr::null_mut();
        let mut writer = writer.assume_init();
        let bytes = if done != 0 && !writer.mem.is_null() {
            Ok(std::slice::from_raw_parts(writer.mem, writer.size).to_vec())
        } else {
            Err(EncodeFault(p.error_code as u32))
        };
        sys::WebPMemoryWriterClear(&mut writer);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fault, Target, decode, features};

    fn picture(alpha: bool) -> Vec<u8> {
        let mut samples = Vec::new();
        for y in 0..40u32 {
            for x in 0..60u32 {
                samples.extend([(x * 4) as u8, (y * 6) as u8, 100]);
                if alpha {
                    samples.push((x + y) as u8);
                }
            }
        }
        samples
    }

    #[test]
    fn lossless_round_trip() {
        for alpha in [false, true] {
            let samples = picture(alpha);
            let settings = Settings { mode: Mode::Lossless, method: 1, ..Settings::default() };
            let bytes = encode(60, 40, alpha, &samples, &settings).unwrap();
            let found = features(&bytes).unwrap();
            assert_eq!((found.width, found.height, found.has_alpha, found.lossless), (60, 40, alpha, true));
            let target = Target { width: 60, height: 40, alpha, skip_filter: false, partial: false };
            assert_eq!(decode(&bytes, &target).unwrap().samples, samples);
            let half = Target { width: 30, height: 20, ..target };
            assert_eq!(decode(&bytes, &half).unwrap().samples.len(), samples.len() / 4);
            assert_eq!(decode(&bytes[..bytes.len() - 9], &target), Err(Fault::Truncated));
        }
    }

    #[test]
    fn wrong_sizes_are_refused() {
        let settings = Settings { mode: Mode::Lossy(80.0), ..Settings::default() };
        assert!(encode(60, 40, false, &picture(true), &settings).is_err());
        assert!(encode(0, 0, false, &[], &settings).is_err());
        let bytes = encode(60, 40, true, &picture(true), &settings).unwrap();
        let target = Target { width: 61, height: 40, alpha: true, skip_filter: false, partial: false };
        assert_eq!(decode(&bytes, &target), Err(Fault::Memory));
    }

    #[test]
    fn truncated_pictures_decode_partially() {
        let settings = Settings { mode: Mode::Lossy(80.0), ..Settings::default() };
        let bytes = encode(60, 40, false, &picture(false), &settings).unwrap();
        let target = Target { width: 60, height: 40, alpha: false, skip_filter: false, partial: true };
        let part = decode(&bytes[..bytes.len() * 2 / 3], &target).unwrap();
        assert!(part.rows < 40);
        assert_eq!(decode(&bytes, &target).unwrap().rows, 40);
    }

    #[test]
    fn effort_and_loss() {
        let samples = picture(true);
        let bytes = |settings: &Settings| encode(60, 40, true, &samples, settings).unwrap();
        let decoded = |bytes: &[u8]| {
            let target = Target { width: 60, height: 40, alpha: true, skip_filter: false, partial: false };
            decode(bytes, &target).unwrap().samples
        };
        for level in 0..=9 {
            let settings = Settings { mode: Mode::Lossless, level: Some(level), ..Settings::default() };
            assert_eq!(decoded(&bytes(&settings)), samples, "{level}");
            let near = decoded(&bytes(&Settings { near_lossless: 40, ..settings }));
            let seen = samples.chunks_exact(4).zip(near.chunks_exact(4)).filter(|(p, _)| p[3] != 0);
            let largest = seen.flat_map(|(p, q)| p.iter().zip(q)).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(largest <= Some(16), "{level}: {largest:?}");
        }
        let exact = decoded(&bytes(&Settings::default()));
        let coarse = decoded(&bytes(&Settings { alpha_quality: 10, ..Settings::default() }));
        let alpha = |v: &[u8]| v.iter().skip(3).step_by(4).copied().collect::<Vec<_>>();
        assert_eq!(alpha(&exact), alpha(&samples));
        assert_ne!(alpha(&coarse), alpha(&samples));
    }
}
