//! Walks the marker segments of a JPEG (ITU-T T.81, annex B).

use super::error::Error;

pub(super) const SOI: u8 = 0xD8;
pub(super) const EOI: u8 = 0xD9;
pub(super) const SOS: u8 = 0xDA;
pub(super) const DQT: u8 = 0xDB;
pub(super) const DNL: u8 = 0xDC;
pub(super) const DRI: u8 = 0xDD;
/// Precedes the frames of a hierarchical picture.
pub(super) const DHP: u8 = 0xDE;
/// The frame header of JPEG-LS (ITU-T T.87).
pub(super) const SOF55: u8 = 0xF7;
pub(super) const DHT: u8 = 0xC4;
pub(super) const DAC: u8 = 0xCC;
pub(super) const JPG: u8 = 0xC8;
pub(super) const TEM: u8 = 0x01;
pub(super) const APP0: u8 = 0xE0;

/// A marker with the position of its payload, without the two length bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub marker: u8,
    pub start: usize,
    pub end: usize,
}

/// Whether a marker has neither length nor payload.
pub(super) fn is_bare(marker: u8) -> bool {
    matches!(marker, SOI | EOI | TEM | 0xD0..=0xD7)
}

/// Whether a marker is a frame header (SOF0 to SOF15 without DHT, JPG and DAC).
pub(super) fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, DHT | JPG | DAC)
}

/// Finds the next marker at or after `at`. Like libjpeg with junk between segments and fill bytes,
/// it skips everything that is not `FF xx` with `xx` neither 0 nor FF. Returns the marker and the
/// position behind it.
pub(super) fn next_marker(data: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        let rest = data.get(at..)?;
        at += memchr::memchr(0xFF, rest)? + 1;
        while *data.get(at)? == 0xFF {
            at += 1;
        }
        let marker = data[at];
        at += 1;
        if marker != 0 {
            return Some((marker, at));
        }
    }
}

/// Skips entropy-coded data from `at` to the marker that ends it, ignoring restart markers. Returns
/// the position of the marker's FF.
pub(super) fn end_of_scan(data: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let (marker, behind) = next_marker(data, at)?;
        if !matches!(marker, 0xD0..=0xD7) {
            return Some(behind - 2);
        }
        at = behind;
    }
}

/// The next segment at or after `at`. Its payload is inside `data`.
pub(super) fn next_segment(data: &[u8], at: usize) -> Result<Segment, Error> {
    let (marker, at) = next_marker(data, at).ok_or(Error::Truncated("no end-of-image marker"))?;
    if is_bare(marker) {
        return Ok(Segment { marker, start: at, end: at });
    }
    let Some(&[hi, lo]) = data.get(at..at + 2) else {
        return Err(Error::Truncated("the file ends inside a marker segment"));
    };
    let length = usize::from(u16::from_be_bytes([hi, lo]));
    if length < 2 {
        return Err(Error::Damaged("a marker segment has an impossible length"));
    }
    if at + length > data.len() {
        return Err(Error::Truncated("the file ends inside a marker segment"));
    }
    Ok(Segment { marker, start: at + 2, end: at + length })
}

/// The big-endian 16-bit number at `at`, or `None` outside the slice.
pub(super) fn be16(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*data.get(at)?, *data.get(at + 1)?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junk_fill_and_stuffing_are_skipped() {
        assert_eq!(next_marker(&[1, 2, 0xFF, 0, 0xFF, 0xFF, 0xD9], 0), Some((EOI, 7)));
        assert_eq!(next_marker(&[0xFF, 0xFF], 0), None);
        assert_eq!(end_of_scan(&[7, 0xFF, 0xD3, 0xFF, 0, 0xFF, 0xDA], 0), Some(5));
    }

    #[test]
    fn segments_lie_inside() {
        let s = next_segment(&[0xFF, 0xDB, 0, 4, 9, 9], 0).unwrap();
        assert_eq!((s.marker, s.start, s.end), (DQT, 4, 6));
        assert!(matches!(next_segment(&[0xFF, 0xDB, 0, 5, 9, 9], 0), Err(Error::Truncated(_))));
        assert!(matches!(next_segment(&[0xFF, 0xDB, 0, 1, 9, 9], 0), Err(Error::Damaged(_))));
        assert!(matches!(next_segment(&[0xFF, 0xDB], 0), Err(Error::Truncated(_))));
    }
}
