//! The kinds of placeholders.

/// What a page shows while a picture loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Placeholder {
    /// A [ThumbHash](https://evanw.github.io/thumbhash/): some 25 bytes, with alpha and the aspect ratio, as base64.
    ThumbHash,
    /// A [BlurHash](https://blurha.sh): some 28 characters, of four by three components.
    BlurHash,
    /// The dominant colour, as `#rrggbb`.
    Color,
    /// A picture of at most 16 pixels as a `data:` URI of fewer than 300 bytes.
    Lqip,
}

impl Placeholder {
    /// Its word in options and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::ThumbHash => "thumbhash",
            Self::BlurHash => "blurhash",
            Self::Color => "color",
            Self::Lqip => "lqip",
        }
    }
}
