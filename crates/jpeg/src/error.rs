//! Errors, worded for users.

/// Why a JPEG could not be read or decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first two bytes are not a start-of-image marker.
    #[error("not a JPEG: no start-of-image marker")]
    NotJpeg,
    /// The data ends before the picture does.
    #[error("truncated JPEG: {0}")]
    Truncated(&'static str),
    /// The data contradicts itself or the standard.
    #[error("damaged JPEG: {0}")]
    Damaged(&'static str),
    /// A valid kind of JPEG that this decoder does not support.
    #[error("unsupported JPEG: {0}")]
    Unsupported(&'static str),
    /// Decoding would need more memory than the caller allows.
    #[error("{width}x{height} JPEG needs {needed} bytes to decode, over the limit of {limit} bytes")]
    TooLarge {
        /// Width in the frame header, in pixels.
        width: u32,
        /// Height in the frame header, in pixels.
        height: u32,
        /// Memory that decoding would take, in bytes.
        needed: u64,
        /// The limit of the caller, in bytes.
        limit: u64,
    },
    /// The caller's interrupt function returned `true`.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Whether a caller who accepts incomplete pictures can continue after this error.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, Error::Truncated(_) | Error::Damaged(_))
    }
}
