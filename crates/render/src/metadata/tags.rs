//! Reads the few EXIF tags that affect how a picture is shown. Bounded and free of panics on any
//! input.

use crate::orientation::Orientation;

/// The number of entries that are read per IFD. Real IFDs have a few dozen.
const MAX_ENTRIES: u16 = 1024;

/// The EXIF tags that affect how a picture is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exif {
    /// Tag 0x0112 of IFD 0, if present.
    pub orientation: Option<Orientation>,
    /// Whether the colours are Adobe RGB (1998): ColorSpace "uncalibrated" and interoperability
    /// index R03 (DCF 2.0).
    pub adobe_rgb: bool,
}

/// A TIFF structure.
#[derive(Clone, Copy)]
pub(crate) struct Tiff<'a> {
    bytes: &'a [u8],
    big: bool,
}

/// An entry of an IFD.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub tag: u16,
    pub kind: u16,
    pub count: u32,
    /// The offset of the value, which is in the entry itself or where the entry points.
    pub at: usize,
}

impl<'a> Tiff<'a> {
    /// Reads the byte order mark. Returns None if there is none.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let big = match bytes.get(..4)? {
            b"II*\0" => false,
            b"MM\0*" => true,
            _ => return None,
        };
        Some(Self { bytes, big })
    }

    /// Whether numbers are big-endian.
    pub fn big(&self) -> bool {
        self.big
    }

    pub fn u16(&self, at: usize) -> Option<u16> {
        let b = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) })
    }

    pub fn u32(&self, at: usize) -> Option<u32> {
        let b = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) })
    }

    /// The offset of IFD 0.
    pub fn first_ifd(&self) -> Option<usize> {
        Some(self.u32(4)? as usize)
    }

    /// The entries of the IFD at `at` that lie within the bytes.
    pub fn entries(self, at: usize) -> impl Iterator<Item = Entry> + 'a {
        let count = self.u16(at).unwrap_or(0).min(MAX_ENTRIES);
        (0..usize::from(count)).map_while(move |i| {
            let entry = at.checked_add(2 + 12 * i)?;
            let (tag, kind, count) = (self.u16(entry)?, self.u16(entry + 2)?, self.u32(entry + 4)?);
            let at = if u64::from(count) * size_of_kind(kind) <= 4 { entry + 8 } else { self.u32(entry + 8)? as usize };
            Some(Entry { tag, kind, count, at })
        })
    }

    /// The first number of an integer entry.
    pub fn number(&self, entry: &Entry) -> Option<u32> {
        if entry.count == 0 {
            return None;
        }
        match entry.kind {
            1 | 7 => self.bytes.get(entry.at).map(|&b| u32::from(b)),
            3 => self.u16(entry.at).map(u32::from),
            4 | 13 => self.u32(entry.at),
            _ => None,
        }
    }

    /// The bytes of an entry's value.
    pub fn value(&self, entry: &Entry) -> Option<&'a [u8]> {
        let len = usize::try_from(u64::from(entry.count) * size_of_kind(entry.kind)).ok()?;
        self.bytes.get(entry.at..entry.at.checked_add(len)?)
    }

    fn find(self, ifd: usize, tag: u16) -> Option<Entry> {
        self.entries(ifd).find(|entry| entry.tag == tag)
    }
}

/// The size in bytes of one value of a TIFF type.
pub(crate) fn size_of_kind(kind: u16) -> u64 {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 => 8,
        _ => 1,
    }
}

/// Reads a TIFF structure, with or without the `Exif\0\0` prefix of JPEG. Unreadable data counts as
/// absent.
pub fn read(exif: &[u8]) -> Exif {
    read_tiff(without_prefix(exif)).unwrap_or_default()
}

/// Strips the `Exif\0\0` that some writers of PNG and WebP put before the TIFF structure.
pub(crate) fn without_prefix(exif: &[u8]) -> &[u8] {
    exif.strip_prefix(b"Exif\0\0").unwrap_or(exif)
}

fn read_tiff(bytes: &[u8]) -> Option<Exif> {
    let tiff = Tiff::new(bytes)?;
    let ifd = tiff.first_ifd()?;
    let number = |ifd, tag| tiff.find(ifd, tag).and_then(|entry| tiff.number(&entry));
    let orientation = number(ifd, 0x0112).map(Orientation::from_exif);
    let adobe_rgb = number(ifd, 0x8769).is_some_and(|exif| {
        let uncalibrated = number(exif as usize, 0xa001).is_none_or(|space| space == 0xffff);
        let index = number(exif as usize, 0xa005)
            .and_then(|interop| tiff.find(interop as usize, 0x0001))
            .and_then(|entry| tiff.value(&entry));
        uncalibrated && index.is_some_and(|text| text.starts_with(b"R03"))
    });
    Some(Exif { orientation, adobe_rgb })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(big: bool, orientation: u16) -> Vec<u8> {
        let w16 = |n: u16| if big { n.to_be_bytes() } else { n.to_le_bytes() };
        let w32 = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
        let mut out = if big { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
        out.extend(w32(8));
        out.extend(w16(2));
        for (tag, kind, value) in [(0x0112u16, 3u16, None), (0x8769, 4, Some(38u32))] {
            out.extend(w16(tag));
            out.extend(w16(kind));
            out.extend(w32(1));
            match value {
                None => {
                    out.extend(w16(orientation));
                    out.extend([0, 0]);
                }
                Some(value) => out.extend(w32(value)),
            }
        }
        out.extend(w32(0));
        assert_eq!(out.len(), 38);
        out.extend(w16(2));
        for (tag, kind, value) in [(0xa001u16, 4u16, 0xffffu32), (0xa005, 4, 68)] {
            out.extend(w16(tag));
            out.extend(w16(kind));
            out.extend(w32(1));
            out.extend(w32(value));
        }
        out.extend(w32(0));
        assert_eq!(out.len(), 68);
        out.extend(w16(1));
        out.extend(w16(1));
        out.extend(w16(2));
        out.extend(w32(4));
        out.extend(b"R03\0");
        out
    }

    #[test]
    fn both_byte_orders() {
        for big in [false, true] {
            for n in 0..10 {
                let found = read(&sample(big, n));
                assert_eq!(found.orientation, Some(Orientation::from_exif(u32::from(n))));
                assert!(found.adobe_rgb);
            }
        }
    }

    #[test]
    fn truncated_and_damaged_data_does_not_panic() {
        let whole = sample(false, 6);
        for len in 0..whole.len() {
            let _ = read(&whole[..len]);
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[len] = value;
                let _ = read(&changed);
            }
        }
    }
}
