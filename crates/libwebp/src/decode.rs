//! Decoding.

use std::mem::MaybeUninit;

use libwebp_sys as sys;

/// The features of a bitstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// Whether there is alpha.
    pub has_alpha: bool,
    /// Whether it is animated. [`decode`] rejects animations and expects a single frame.
    pub has_animation: bool,
    /// Whether it is lossless (VP8L).
    pub lossless: bool,
}

/// Why a picture could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The data ends too early.
    Truncated,
    /// The data violates the format.
    Damaged,
    /// Memory could not be allocated, or the requested size is invalid.
    Memory,
    /// Valid, but not supported by libwebp.
    Unsupported,
}

fn fault(status: sys::VP8StatusCode) -> Option<Fault> {
    use sys::VP8StatusCode as S;
    match status {
        S::VP8_STATUS_OK => None,
        S::VP8_STATUS_SUSPENDED | S::VP8_STATUS_NOT_ENOUGH_DATA => Some(Fault::Truncated),
        S::VP8_STATUS_OUT_OF_MEMORY | S::VP8_STATUS_INVALID_PARAM => Some(Fault::Memory),
        S::VP8_STATUS_UNSUPPORTED_FEATURE => Some(Fault::Unsupported),
        S::VP8_STATUS_BITSTREAM_ERROR | S::VP8_STATUS_USER_ABORT => Some(Fault::Damaged),
    }
}

/// Reads the header of `data`: a WebP file, or one frame (`ALPH` and `VP8 ` chunks, or a bare
/// bitstream).
///
/// # Errors
/// [`Fault`], also if more data is needed.
pub fn features(data: &[u8]) -> Result<Features, Fault> {
    let mut features = MaybeUninit::<sys::WebPBitstreamFeatures>::zeroed();
    // SAFETY: pointer and length are those of a live slice, which is only read. The features are
    // plain integers, for which zeroes are valid, and the call only writes them.
    let (status, features) = unsafe {
        let status = sys::WebPGetFeatures(data.as_ptr(), data.len(), features.as_mut_ptr());
        (status, features.assume_init())
    };
    if let Some(fault) = fault(status) {
        return Err(fault);
    }
    let side = |n: i32| u32::try_from(n).ok().filter(|&n| n > 0).ok_or(Fault::Damaged);
    Ok(Features {
        width: side(features.width)?,
        height: side(features.height)?,
        has_alpha: features.has_alpha != 0,
        has_animation: features.has_animation != 0,
        lossless: features.format == 2,
    })
}

/// The requested output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Width, at most that of the picture.
    pub width: u32,
    /// Height, at most that of the picture.
    pub height: u32,
    /// Four samples per pixel (RGBA, not premultiplied) instead of three (RGB, alpha ignored).
    pub alpha: bool,
    /// Skip the deblocking filter. Its effect is invisible in a strongly reduced picture.
    pub skip_filter: bool,
    /// Accept truncated data: the rows that are present are decoded, the others stay 0.
    pub partial: bool,
}

/// Decoded pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Contiguous rows.
    pub samples: Vec<u8>,
    /// The number of decoded rows. Less than the height only with [`Target::partial`].
    pub rows: u32,
}

/// Decodes `data`, which is what [`features`] accepts, and scales to `target` while decoding.
///
/// # Errors
/// [`Fault`].
pub fn decode(data: &[u8], target: &Target) -> Result<Decoded, Fault> {
    let features = features(data)?;
    if target.width == 0 || target.height == 0 || target.width > features.width || target.height > features.height {
        return Err(Fault::Memory);
    }
    let channels: usize = if target.alpha { 4 } else { 3 };
    let stride = channels.checked_mul(target.width as usize).ok_or(Fault::Memory)?;
    let size = stride.checked_mul(target.height as usize).ok_or(Fault::Memory)?;
    let stride = i32::try_from(stride).map_err(|_| Fault::Memory)?;
    let mut samples = vec![0u8; size];

    let mut config = sys::WebPDecoderConfig::new().map_err(|()| Fault::Memory)?;
    config.options.bypass_filtering = i32::from(target.skip_filter);
    if (target.width, target.height) != (features.width, features.height) {
        config.options.use_scaling = 1;
        config.options.scaled_width = target.width as i32;
        config.options.scaled_height = target.height as i32;
    }
    config.output.colorspace = if target.alpha { sys::WEBP_CSP_MODE::MODE_RGBA } else { sys::WEBP_CSP_MODE::MODE_RGB };
    config.output.is_external_memory = 1;
    config.output.width = target.width as i32;
    config.output.height = target.height as i32;
    config.output.u.RGBA = sys::WebPRGBABuffer { rgba: samples.as_mut_ptr(), stride, size };

    if target.partial {
        let rows = decode_partial(data, &mut config)?;
        return Ok(Decoded { samples, rows: rows.min(target.height) });
    }
    // SAFETY: `data` is a live slice that is only read. libwebp initialised the config. Its output
    // is external memory of exactly `size` bytes with rows of `stride`, which outlives the call,
    // and libwebp checks both against the (scaled) size before it writes. External memory needs no
    // freeing.
    let status = unsafe { sys::WebPDecode(data.as_ptr(), data.len(), &mut config) };
    match fault(status) {
        None => Ok(Decoded { samples, rows: target.height }),
        Some(fault) => Err(fault),
    }
}

/// Decodes as much as possible and returns the number of finished rows.
fn decode_partial(data: &[u8], config: &mut sys::WebPDecoderConfig) -> Result<u32, Fault> {
    // SAFETY: as for WebPDecode above. The incremental decoder keeps a pointer to `config` and its
    // output buffer, both of which live until the decoder is deleted at the end of this function.
    // It is created without data and receives all data once through WebPIUpdate, which does not
    // copy; that pointer stays valid until the deletion.
    unsafe {
        let decoder = sys::WebPIDecode(std::ptr::null(), 0, config);
        if decoder.is_null() {
            return Err(Fault::Memory);
        }
        let status = sys::WebPIUpdate(decoder, data.as_ptr(), data.len());
        let mut rows = 0;
        sys::WebPIDecGetRGB(decoder, &mut rows, std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
        sys::WebPIDelete(decoder);
        match fault(status) {
            None | Some(Fault::Truncated) => Ok(u32::try_from(rows).unwrap_or(0)),
            Some(fault) => Err(fault),
        }
    }
}
