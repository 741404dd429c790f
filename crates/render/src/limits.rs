//! Limits on the cost of one picture. They are checked from headers, before pixels are allocated.

/// Limits on one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Width times height of the stored picture.
    pub max_pixels: u64,
    /// Size of the source in bytes.
    pub max_file_size: u64,
    /// Bytes that decoding one picture may take, including its pixels.
    pub max_memory: u64,
}

impl Limits {
    /// The limit of sharp, 0x3FFF squared.
    pub const DEFAULT_MAX_PIXELS: u64 = 268_402_689;
    /// 1 GiB.
    pub const DEFAULT_MAX_FILE_SIZE: u64 = 1 << 30;

    /// 268,402,689 pixels, sources of 1 GiB, 4 GiB of memory.
    pub const DEFAULT: Self =
        Self { max_pixels: Self::DEFAULT_MAX_PIXELS, max_file_size: Self::DEFAULT_MAX_FILE_SIZE, max_memory: 4 << 30 };

    /// Sets the largest picture, as width times height of the stored pixels.
    #[must_use]
    pub const fn with_max_pixels(mut self, max_pixels: u64) -> Self {
        self.max_pixels = max_pixels;
        self
    }

    /// Sets the largest source, in bytes.
    #[must_use]
    pub const fn with_max_file_size(mut self, max_file_size: u64) -> Self {
        self.max_file_size = max_file_size;
        self
    }

    /// Sets the memory that decoding one picture may take, in bytes.
    #[must_use]
    pub const fn with_max_memory(mut self, max_memory: u64) -> Self {
        self.max_memory = max_memory;
        self
    }
}

impl Default for Limits {
    /// [`Limits::DEFAULT`].
    fn default() -> Self {
        Self::DEFAULT
    }
}
