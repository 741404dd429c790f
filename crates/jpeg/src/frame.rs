//! The frame header (SOF), and the geometry that follows from it (ITU-T T.81, B.2.2 and A.1, A.2).

use super::error::Error;
use super::markers::be16;

/// The coding process of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// SOF0, Huffman, 8 bits.
    Baseline,
    /// SOF1 (and, arithmetic, SOF9), 8 or 12 bits, four tables.
    Extended,
    /// SOF2 (and, arithmetic, SOF10).
    Progressive,
    /// SOF3 (and, arithmetic, SOF11): predictive, without DCT.
    Lossless,
    /// SOF5 to SOF7, SOF13 to SOF15: differential frames.
    Hierarchical,
}

/// The meaning of the components, by libjpeg's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorSpace {
    /// One component.
    Grey,
    /// Three components, JFIF's YCbCr (BT.601, full range).
    YCbCr,
    /// Three components, RGB as stored.
    Rgb,
    /// Four components, CMYK.
    Cmyk,
    /// Four components: the inverted CMY as YCbCr, and K.
    Ycck,
    /// Any other number of components.
    Unknown,
}

/// A component of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    /// Identifier in scan headers.
    pub id: u8,
    /// Horizontal sampling factor, 1 to 4.
    pub h: u8,
    /// Vertical sampling factor, 1 to 4.
    pub v: u8,
    /// Index of the quantisation table, 0 to 3.
    pub table: u8,
}

/// The frame header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub kind: Kind,
    /// Whether the entropy coding is arithmetic instead of Huffman.
    pub arithmetic: bool,
    pub precision: u8,
    pub width: u32,
    pub height: u32,
    pub components: Vec<Component>,
}

impl Frame {
    /// Parses a SOF payload. A height of 0 is left for DNL.
    pub fn parse(marker: u8, payload: &[u8]) -> Result<Frame, Error> {
        let kind = match marker {
            0xC0 => Kind::Baseline,
            0xC1 | 0xC9 => Kind::Extended,
            0xC2 | 0xCA => Kind::Progressive,
            0xC3 | 0xCB => Kind::Lossless,
            _ => Kind::Hierarchical,
        };
        let short = Error::Damaged("the frame header is too short");
        let (Some(height), Some(width), Some(&count)) = (be16(payload, 1), be16(payload, 3), payload.get(5)) else {
            return Err(short);
        };
        if width == 0 {
            return Err(Error::Damaged("the frame has no width"));
        }
        if count == 0 {
            return Err(Error::Damaged("the frame has no components"));
        }
        if payload.len() < 6 + 3 * usize::from(count) {
            return Err(short);
        }
        let components: Vec<Component> = payload[6..]
            .chunks_exact(3)
            .take(usize::from(count))
            .map(|c| Component { id: c[0], h: c[1] >> 4, v: c[1] & 15, table: c[2] })
            .collect();
        if components.iter().any(|c| !(1..=4).contains(&c.h) || !(1..=4).contains(&c.v)) {
            return Err(Error::Damaged("a sampling factor is not between 1 and 4"));
        }
        // Lossless coding has no quantisation tables.
        if kind != Kind::Lossless && components.iter().any(|c| c.table > 3) {
            return Err(Error::Damaged("a component names a quantisation table above 3"));
        }
        Ok(Frame {
            kind,
            arithmetic: marker > 0xC8,
            precision: payload[0],
            width: width.into(),
            height: height.into(),
            components,
        })
    }

    /// Whether samples have 12 bits instead of 8.
    pub fn is_wide(&self) -> bool {
        self.precision > 8
    }

    pub fn h_max(&self) -> u32 {
        self.components.iter().map(|c| u32::from(c.h)).max().unwrap_or(1)
    }

    pub fn v_max(&self) -> u32 {
        self.components.iter().map(|c| u32::from(c.v)).max().unwrap_or(1)
    }

    /// Columns of interleaved MCUs.
    pub fn mcus_x(&self) -> u32 {
        self.width.div_ceil(8 * self.h_max())
    }

    /// Rows of interleaved MCUs.
    pub fn mcus_y(&self) -> u32 {
        self.height.div_ceil(8 * self.v_max())
    }

    /// The samples of a component: ceil(W h / hmax) by ceil(H v / vmax).
    pub fn samples(&self, c: &Component) -> (u32, u32) {
        ((self.width * u32::from(c.h)).div_ceil(self.h_max()), (self.height * u32::from(c.v)).div_ceil(self.v_max()))
    }

    /// The blocks of a component in a scan of its own.
    pub fn blocks(&self, c: &Component) -> (u32, u32) {
        let (w, h) = self.samples(c);
        (w.div_ceil(8), h.div_ceil(8))
    }

    /// The blocks of all components, including the padding of MCUs.
    pub fn all_blocks(&self) -> u64 {
        let per_mcu: u64 = self.components.iter().map(|c| u64::from(c.h) * u64::from(c.v)).sum();
        u64::from(self.mcus_x()) * u64::from(self.mcus_y()) * per_mcu
    }

    /// The colour space by libjpeg's rules: JFIF first, then Adobe's transform, then the component
    /// IDs. Lossless pictures without either are RGB, because the conversion to YCbCr is lossy.
    pub fn color(&self, jfif: bool, adobe: Option<u8>) -> ColorSpace {
        let ids: Vec<u8> = self.components.iter().map(|c| c.id).collect();
        match (ids.len(), adobe) {
            (1, _) => ColorSpace::Grey,
            (3, _) if jfif => ColorSpace::YCbCr,
            (3, Some(0)) => ColorSpace::Rgb,
            (3, Some(_)) => ColorSpace::YCbCr,
            (3, None) if ids == *b"RGB" || self.kind == Kind::Lossless => ColorSpace::Rgb,
            (3, None) => ColorSpace::YCbCr,
            (4, None | Some(0)) => ColorSpace::Cmyk,
            (4, Some(_)) => ColorSpace::Ycck,
            _ => ColorSpace::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(ids: &[u8]) -> Frame {
        let components = ids.iter().map(|&id| Component { id, h: 1, v: 1, table: 0 }).collect();
        Frame { kind: Kind::Baseline, arithmetic: false, precision: 8, width: 17, height: 9, components }
    }

    #[test]
    fn colour_space_follows_libjpeg() {
        use ColorSpace::*;
        for (ids, jfif, adobe, want) in [
            (&[1u8][..], false, None, Grey),
            (&[1, 2, 3], false, None, YCbCr),
            (b"RGB", false, None, Rgb),
            (b"RGB", true, None, YCbCr),
            (&[1, 2, 3], false, Some(0), Rgb),
            (&[1, 2, 3], true, Some(0), YCbCr),
            (b"RGB", false, Some(1), YCbCr),
            (&[1, 2, 3, 4], false, None, Cmyk),
            (&[1, 2, 3, 4], false, Some(0), Cmyk),
            (&[1, 2, 3, 4], true, Some(2), Ycck),
            (&[1, 2], false, None, Unknown),
        ] {
            assert_eq!(frame(ids).color(jfif, adobe), want, "{ids:?} {jfif} {adobe:?}");
        }
        let lossless = Frame { kind: Kind::Lossless, ..frame(&[1, 2, 3]) };
        assert_eq!(
            [(false, None), (true, None), (false, Some(1))].map(|(j, a)| lossless.color(j, a)),
            [Rgb, YCbCr, YCbCr]
        );
    }

    #[test]
    fn geometry_of_odd_factors() {
        let mut f = frame(&[1, 2, 3]);
        f.components[0] = Component { id: 1, h: 3, v: 2, table: 0 };
        f.components[1] = Component { id: 2, h: 2, v: 1, table: 0 };
        assert_eq!((f.mcus_x(), f.mcus_y()), (1, 1));
        assert_eq!(f.samples(&f.components[1]), (12, 5));
        assert_eq!(f.blocks(&f.components[0]), (3, 2));
        assert_eq!(f.all_blocks(), 6 + 2 + 1);
    }

    #[test]
    fn bad_frames_are_refused() {
        let ok = [8, 0, 9, 0, 17, 1, 1, 0x11, 0];
        assert!(Frame::parse(0xC0, &ok).is_ok());
        assert!(Frame::parse(0xC0, &ok[..8]).is_err());
        for (at, value) in [(4, 0), (5, 0), (7, 0x51), (7, 0x10), (8, 4)] {
            let mut bad = ok;
            bad[at] = value;
            assert!(Frame::parse(0xC0, &bad).is_err(), "{at} {value}");
        }
    }
}
