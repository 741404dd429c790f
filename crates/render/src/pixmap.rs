//! Pixels and their layout.

use crate::size::Size;

/// The meaning and order of the samples of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channels {
    /// Grey.
    Grey,
    /// Grey, then alpha. Not premultiplied.
    GreyAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha. Not premultiplied.
    Rgba,
    /// Cyan, magenta, yellow, black. 0 is no ink.
    Cmyk,
}

impl Channels {
    /// The number of samples per pixel.
    pub const fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    /// Whether the last sample is alpha.
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba)
    }
}

/// Samples, row by row without gaps, in full range: 0 to 255 or 0 to 65535.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Samples {
    /// 8 bits per sample.
    U8(Vec<u8>),
    /// 16 bits per sample.
    U16(Vec<u16>),
}

/// A picture in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixmap {
    size: Size,
    channels: Channels,
    samples: Samples,
}

impl Pixmap {
    /// Makes a picture of `samples`.
    ///
    /// # Panics
    /// If the number of samples is not `width * height * channels`, which is a bug of the caller.
    pub fn new(size: Size, channels: Channels, samples: Samples) -> Self {
        let len = match &samples {
            Samples::U8(v) => v.len(),
            Samples::U16(v) => v.len(),
        };
        assert_eq!(len as u64, size.pixels() * channels.count() as u64, "samples of a {size} {channels:?} picture");
        Self { size, channels, samples }
    }

    /// Makes a picture of 8-bit samples. Panics like [`Pixmap::new`].
    pub fn new_u8(size: Size, channels: Channels, samples: Vec<u8>) -> Self {
        Self::new(size, channels, Samples::U8(samples))
    }

    /// Size in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The channels of a pixel.
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// The samples.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The samples, for changes in place.
    pub fn samples_mut(&mut self) -> &mut Samples {
        &mut self.samples
    }

    /// Takes the samples.
    pub fn into_samples(self) -> Samples {
        self.samples
    }

    /// Converts to 8-bit samples. 16-bit samples are rounded (`(v * 255 + 32767) / 65535`).
    pub fn into_u8(self) -> Self {
        match self.samples {
            Samples::U8(_) => self,
            Samples::U16(v) => {
                let narrow = v.iter().map(|&s| ((u32::from(s) * 255 + 32767) / 65535) as u8).collect();
                Self { size: self.size, channels: self.channels, samples: Samples::U8(narrow) }
            }
        }
    }

    /// The size of the samples in bytes.
    pub fn bytes(&self) -> u64 {
        match &self.samples {
            Samples::U8(v) => v.len() as u64,
            Samples::U16(v) => 2 * v.len() as u64,
        }
    }
}

/// A picture as JPEG stores it: luma and chroma of JFIF, 8 bits per sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YCbCr {
    /// The size, which is that of luma.
    pub size: Size,
    /// Columns and rows per chroma sample: 2 and 2 is 4:2:0.
    pub share: (u32, u32),
    /// Y, Cb and Cr, row by row without gaps.
    pub planes: [Vec<u8>; 3],
}

impl YCbCr {
    /// The size of Cb and of Cr.
    pub fn chroma_size(&self) -> Size {
        Size::new(self.size.width.div_ceil(self.share.0), self.size.height.div_ceil(self.share.1))
    }

    /// Whether the picture is grey.
    pub fn is_grey(&self) -> bool {
        self.planes[1..].iter().all(|plane| plane.iter().all(|&v| v == 128))
    }
}
