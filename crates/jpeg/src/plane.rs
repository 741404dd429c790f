//! One component of a picture.

/// One decoded component.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Samples in a line; lines follow each other without a gap.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// The width and height, in samples of this plane, that the picture covers: W h n / (8 hmax) before rounding up to `width`.
    /// To resize without a shift, crop the plane to (0, 0, extent.0, extent.1).
    pub extent: (f64, f64),
    /// How much the samples want sharpening when they are made smaller, since those of a reduced transform are averages: the
    /// weight by which a sample is set off from the mean of its neighbours on each axis.
    pub sharpen: f64,
    /// One byte a sample.
    pub data: Vec<u8>,
}
