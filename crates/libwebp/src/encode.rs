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
        Mode::Lossy(quality) => config.quality = quality.clamp(0.0, 100.0),
        Mode::Lossless => {
            config.lossless = 1;
            // In lossless mode this is the effort. 75 is libwebp's default.
            config.quality = 75.0;
            config.exact = 1;
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
            let settings = Settings { mode: Mode::Lossless, method: 1, sharp_yuv: false };
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
        let settings = Settings { mode: Mode::Lossy(80.0), method: 4, sharp_yuv: false };
        assert!(encode(60, 40, false, &picture(true), &settings).is_err());
        assert!(encode(0, 0, false, &[], &settings).is_err());
        let bytes = encode(60, 40, true, &picture(true), &settings).unwrap();
        let target = Target { width: 61, height: 40, alpha: true, skip_filter: false, partial: false };
        assert_eq!(decode(&bytes, &target), Err(Fault::Memory));
    }

    #[test]
    fn truncated_pictures_decode_partially() {
        let settings = Settings { mode: Mode::Lossy(80.0), method: 4, sharp_yuv: false };
        let bytes = encode(60, 40, false, &picture(false), &settings).unwrap();
        let target = Target { width: 60, height: 40, alpha: false, skip_filter: false, partial: true };
        let part = decode(&bytes[..bytes.len() * 2 / 3], &target).unwrap();
        assert!(part.rows < 40);
        assert_eq!(decode(&bytes, &target).unwrap().rows, 40);
    }
}
