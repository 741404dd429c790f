//! The chroma subsampling that the settings ask for.

use crate::recipe::{EncodeSettings, Subsampling};
use thumbs_jpeg::encode::Sampling;

/// From quality 90 on, chroma is not subsampled.
pub(in crate::codec) fn sampling(settings: &EncodeSettings) -> Sampling {
    match settings.subsampling {
        Subsampling::Auto if settings.quality >= 90 => Sampling::S444,
        Subsampling::S444 => Sampling::S444,
        Subsampling::S422 => Sampling::S422,
        Subsampling::S420 | Subsampling::Auto => Sampling::S420,
    }
}
