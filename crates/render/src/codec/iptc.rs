//! IPTC records inside Photoshop image resources (Adobe Photoshop File Formats Specification).

/// The ID of the resource with IPTC-IIM records.
const IPTC: u16 = 0x0404;

/// Finds the records in a series of image resources. Plain records are returned unchanged.
pub fn records(resources: &[u8]) -> Option<&[u8]> {
    if resources.first() == Some(&0x1c) {
        return Some(resources);
    }
    let mut rest = resources;
    while let Some(after) = rest.strip_prefix(b"8BIM") {
        let id = u16::from_be_bytes([*after.first()?, *after.get(1)?]);
        // A Pascal string, padded with its length byte to an even length.
        let name = 1 + usize::from(*after.get(2)?);
        let after = after.get(2 + name + name % 2..)?;
        let length = u32::from_be_bytes(after.get(..4)?.try_into().ok()?) as usize;
        let content = after.get(4..length.checked_add(4)?)?;
        if id == IPTC {
            return Some(content);
        }
        rest = after.get(4 + length + length % 2..)?;
    }
    None
}

/// Wraps IPTC records in an image resource with an empty name.
pub fn wrapped(records: &[u8]) -> Vec<u8> {
    let mut out = b"8BIM\x04\x04\0\0".to_vec();
    out.extend((records.len() as u32).to_be_bytes());
    out.extend(records);
    if records.len() % 2 == 1 {
        out.push(0);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_behind_other_resources() {
        let mut all = b"8BIM\x04\x25\x03abc\0\0\0\x03xyz\0".to_vec();
        all.extend(wrapped(b"\x1c\x02\x50\0\x01a\0"));
        assert_eq!(records(&all), Some(&b"\x1c\x02\x50\0\x01a\0"[..]));
        for len in 0..all.len() - 8 {
            assert_eq!(records(&all[..len]), None);
        }
    }
}
