//! A component of a picture.

/// A decoded component.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Samples per line. Lines are contiguous.
    pub width: u32,
    /// The number of lines.
    pub height: u32,
    /// The width and height, in samples of this plane, that the picture covers: W h n / (8 hmax)
    /// before rounding up to `width`. Crop the plane to (0, 0, extent.0, extent.1) to resize
    /// without a shift.
    pub extent: (f64, f64),
    /// How much the samples should be sharpened when they are made smaller, because those of a
    /// reduced transform are averages: the weight of the difference between a sample and the mean
    /// of its neighbours, on each axis.
    pub sharpen: f64,
    /// One byte per sample.
    pub data: Vec<u8>,
}
