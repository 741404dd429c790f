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
    let mut file = smaller(file, &options)?;
    if let Some(iteration_count) = NonZeroU64::new(if effort >= 9 { 15 } else { 5 }).filter(|_| effort >= 8) {
        // Filters are chosen with libdeflate, then Zopfli runs once.
        options.fast_evaluation = true;
        options.deflater = Deflater::Zopfli(ZopfliOptions { iteration_count, ..ZopfliOptions::default() });
        file = smaller(file, &options)?;
    }
    Ok(file)
}

fn smaller(file: Vec<u8>, options: &Options) -> Result<Vec<u8>, String> {
    let other = oxipng::optimize_from_memory(&file, options).map_err(|e| e.to_string())?;
    Ok(if other.len() < file.len() { other } else { file })
}
