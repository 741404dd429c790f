//! Fewer bytes for a finished PNG: other filters, a better deflate, and forms that only trials
//! find. By oxipng, on the calling thread.

use std::num::NonZeroU64;

use oxipng::{Deflater, Options, ZopfliOptions};

/// The file, recompressed with an effort of 1 to 9. It is never larger.
///
/// # Errors
/// What oxipng says.
pub fn optimized(file: Vec<u8>, effort: u8) -> Result<Vec<u8>, String> {
    let mut options = Options::from_preset(effort.saturating_sub(1).min(6));
    let iterations = match effort {
        0..=7 => None,
        8 => NonZeroU64::new(5),
        _ => NonZeroU64::new(15),
    };
    if let Some(iteration_count) = iterations {
        // Filters are chosen with libdeflate, then Zopfli runs once.
        options.fast_evaluation = true;
        options.deflater = Deflater::Zopfli(ZopfliOptions { iteration_count, ..ZopfliOptions::default() });
    }
    let smaller = oxipng::optimize_from_memory(&file, &options).map_err(|e| e.to_string())?;
    Ok(if smaller.len() < file.len() { smaller } else { file })
}
