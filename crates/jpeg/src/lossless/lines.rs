//! Buffers for the conversion from differences to pixels.

use super::super::frame::{Component, Frame};

/// The samples of one component in one row of MCUs, and the line above.
#[derive(Debug)]
pub(super) struct Lines {
    pub component: Component,
    /// Samples per line within the picture, and including the padding of the last MCU.
    pub width: usize,
    pub pitch: usize,
    /// Lines of the picture that are still to come.
    pub rows: u32,
    /// Samples, shifted right by the point transform. The line above comes first.
    pub samples: Vec<u16>,
    /// The point transform of the scan.
    pub low: u8,
}

impl Lines {
    pub fn new(frame: &Frame, component: Component) -> Lines {
        let (width, rows) = frame.samples(&component);
        let h = usize::from(component.h);
        let pitch = frame.width.div_ceil(frame.h_max()) as usize * h;
        let samples = vec![0; pitch * (usize::from(component.v) + 1)];
        Lines { component, width: width as usize, pitch, rows, samples, low: 0 }
    }

    /// The number of lines of the picture in the next row of MCUs.
    pub fn shown(&self) -> usize {
        self.rows.min(self.component.v.into()) as usize
    }

    /// Advances to the next row of MCUs.
    pub fn advance(&mut self) {
        let last = usize::from(self.component.v) * self.pitch;
        self.samples.copy_within(last..last + self.pitch, 0);
        self.rows = self.rows.saturating_sub(self.component.v.into());
    }
}
