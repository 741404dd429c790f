//! The decoder: planes or pixels of a picture.

use super::coefficients::{Decoded, Options, check_memory, coefficients, finer};
use super::error::Error;
use super::header::Header;
use super::output::Output;
use super::plan::Plan;
use super::planes::{Image, Planes};
use super::script::Quant;

/// Decodes a picture as planned, to grey, RGB or CMYK pixels.
///
/// # Errors
/// [`Error::Unsupported`] as for [`Header::supported`]; damage, unless `allow_truncated` is set;
/// limits and interruption.
pub fn decode(data: &[u8], header: &Header, plan: &Plan, options: &Options<'_>) -> Result<Image, Error> {
    let pixels = u64::from(plan.width) * u64::from(plan.height) * u64::from(header.channels());
    check_memory(header, plan.memory + pixels, options)?;
    Ok(decode_planes(data, header, plan, options)?.into_image())
}

/// Decodes the component planes as planned, each at its own size. This saves interpolating chroma
/// and converting colours of pixels that the final resize would discard.
///
/// # Errors
/// As for [`decode`].
pub fn decode_planes(data: &[u8], header: &Header, plan: &Plan, options: &Options<'_>) -> Result<Planes, Error> {
    header.supported()?;
    check_memory(header, plan.memory, options)?;
    let frame = &header.frame;
    let output = |i: usize, quant: &Quant| Output::new(frame, i, plan.sizes[i], quant, finer(frame));
    let Decoded { targets, damage, lacks_end } = coefficients(data, header, plan, options, output)?;
    Ok(Planes {
        planes: targets.into_iter().map(|output| output.plane).collect(),
        color: header.color,
        inverted: header.inverted,
        damage,
        lacks_end,
        full: (f64::from(header.width), f64::from(header.height)),
        size: (plan.width, plan.height),
    })
}
