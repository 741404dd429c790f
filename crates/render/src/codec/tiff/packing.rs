//! Compressions of a strip or tile.

/// How the bytes of a strip or tile are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    None,
    /// Modified Huffman (2): no end-of-line codes. Rows begin at bytes, or at words (32771).
    Huffman {
        words: bool,
    },
    /// CCITT T.4, in two dimensions if the options say so.
    Group3 {
        two_dimensions: bool,
    },
    Group4,
    Lzw,
    Jpeg,
    Deflate,
    PackBits,
    Zstd,
    WebP,
    /// 4-bit grey (32809).
    ThunderScan,
    LogLuv(LogLuv),
}

/// Kinds of logarithmic colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLuv {
    /// Luminance alone, 16 bits in runs.
    Luminance,
    /// 32 bits in runs.
    Runs,
    /// 24 bits.
    Triples,
}
