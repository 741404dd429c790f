//! Samples on their way from differences to pixels.

use super::super::frame::{Component, Frame};

/// Samples of one component in one row of MCUs, and the line above.
#[derive(Debug)]
pub(super) struct Lines {
    pub component: Component,
    /// Samples of a line that belong to the picture, and with those that fill up the last MCU.
    pub width: usize,
    pub pitch: usize,
    /// Lines that belong to the picture and are still to come.
    pub rows: u32,
    /// Without the bits that the point transform takes away; those of the line above first.
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

    /// The lines that belong to the picture in the next row of MCUs.
    pub fn shown(&self) -> usize {
        self.rows.min(self.component.v.into()) as usize
    }

    /// Goes on to the next row of MCUs.
    pub fn advance(&mut self) {
        let last = usize::from(self.component.v) * self.pitch;
        self.samples.copy_within(last..last + self.pitch, 0);
        self.rows = self.rows.saturating_sub(self.component.v.into());
    }
}
