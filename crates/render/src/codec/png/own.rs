//! Puts the compressed pixels of one PNG into the container of another.

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Name, content, and the whole chunk.
type Chunk<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// Header, palette and pixels of `source`, with everything else from `encoded`. Returns None if the
/// source is animated, incomplete, or of a bit depth that is not written.
pub fn own(source: &[u8], encoded: &[u8]) -> Option<Vec<u8>> {
    let theirs = chunks(source)?;
    let known = [&b"IHDR"[..], b"PLTE", b"IDAT", b"IEND"];
    let is_foreign = |name: &[u8]| {
        let is_critical = name[0] & 0x20 == 0;
        (is_critical && !known.contains(&name)) || [&b"acTL"[..], b"fcTL", b"fdAT"].contains(&name)
    };
    let header = theirs.first().filter(|c| c.0 == b"IHDR" && c.1.len() == 13)?;
    if header.1[8] > 8 || theirs.iter().any(|c| is_foreign(c.0)) {
        return None;
    }
    let mut out = [SIGNATURE, header.2].concat();
    for (name, _, whole) in chunks(encoded)? {
        if !known.contains(&name) && name != b"tRNS" {
            out.extend(whole);
        }
    }
    // With true colours a palette is a hint for old screens.
    let wanted = if header.1[9] == 3 { &[&b"PLTE"[..], b"tRNS"][..] } else { &[&b"tRNS"[..]] };
    let pixels = theirs.iter().position(|c| c.0 == b"IDAT")?;
    for (.., whole) in theirs[..pixels].iter().filter(|c| wanted.contains(&c.0)) {
        out.extend(*whole);
    }
    let mut data = b"IDAT".to_vec();
    theirs.iter().filter(|c| c.0 == b"IDAT").for_each(|c| data.extend(c.1));
    out.extend(u32::try_from(data.len() - 4).ok().filter(|&length| length < 1 << 31)?.to_be_bytes());
    let mut crc = flate2::Crc::new();
    crc.update(&data);
    out.extend(&data);
    out.extend(crc.sum().to_be_bytes());
    out.extend(theirs.last().filter(|c| c.0 == b"IEND")?.2);
    Some(out)
}

/// All chunks up to IEND.
fn chunks(file: &[u8]) -> Option<Vec<Chunk<'_>>> {
    let mut rest = file.strip_prefix(SIGNATURE)?;
    let mut found: Vec<Chunk<'_>> = Vec::new();
    loop {
        let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?) as usize;
        let end = length.checked_add(12)?;
        let whole = rest.get(..end)?;
        let name = &whole[4..8];
        found.push((name, &whole[8..end - 4], whole));
        if name == b"IEND" {
            return Some(found);
        }
        rest = &rest[end..];
    }
}
