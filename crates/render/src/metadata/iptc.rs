//! IPTC-IIM records (IIM 4.2): datasets of marker, record, number, length and value.

/// The coded character set, which is needed to read the texts.
const CHARSET: (u8, u8) = (1, 90);
/// By-line, by-line title, credit, source, copyright notice.
const COPYRIGHT: [(u8, u8); 5] = [(2, 80), (2, 85), (2, 110), (2, 115), (2, 116)];
/// The object preview and its formats.
const PREVIEW: [(u8, u8); 3] = [(2, 200), (2, 201), (2, 202)];

/// Keeps only authorship and rights.
pub fn copyright(records: &[u8]) -> Option<Vec<u8>> {
    let picked = pick(records, |id| COPYRIGHT.contains(&id));
    if picked.is_empty() {
        return None;
    }
    Some([pick(records, |id| id == CHARSET), picked].concat())
}

/// Keeps everything but the preview.
pub fn keep(records: &[u8]) -> Option<Vec<u8>> {
    let kept = pick(records, |id| !PREVIEW.contains(&id));
    (!kept.is_empty()).then_some(kept)
}

/// The first value of a dataset.
pub fn value(records: &[u8], id: (u8, u8)) -> Option<&[u8]> {
    datasets(records).find(|(found, _)| *found == id).map(|(_, dataset)| &dataset[5..])
}

fn pick(records: &[u8], wanted: impl Fn((u8, u8)) -> bool) -> Vec<u8> {
    datasets(records).filter(|(id, _)| wanted(*id)).flat_map(|(_, dataset)| dataset).copied().collect()
}

/// The number of each dataset, and all of its bytes.
fn datasets(mut rest: &[u8]) -> impl Iterator<Item = ((u8, u8), &[u8])> {
    std::iter::from_fn(move || {
        let [0x1c, record, number, high, low, ..] = *rest else { return None };
        // Extended lengths (highest bit set) are for values over 32 kB, which are not kept.
        let length = usize::from(u16::from_be_bytes([high, low]));
        let (dataset, after) = rest.split_at_checked(5 + length).filter(|_| high & 0x80 == 0)?;
        rest = after;
        Some(((record, number), dataset))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picked_by_number() {
        let all = b"\x1c\x01\x5a\0\x03\x1b%G\x1c\x02\x05\0\x01t\x1c\x02\x74\0\x02me\x1c\x02\xca\0\x01p";
        assert_eq!(copyright(all).unwrap(), b"\x1c\x01\x5a\0\x03\x1b%G\x1c\x02\x74\0\x02me");
        assert_eq!(keep(all).unwrap(), all[..all.len() - 6]);
        for len in 0..all.len() {
            let _ = (copyright(&all[..len]), keep(&all[..len]));
        }
        assert_eq!(copyright(b"\x1c\x02\x05\0\x01t"), None);
    }
}
