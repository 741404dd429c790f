//! Writes a new EXIF structure from a stored one: IFD 0, the EXIF IFD, GPS and interoperability, in
//! the byte order of the source. The second IFD, which holds the preview, is never written.

use super::Changes;
use super::tags::{Entry, Tiff, size_of_kind, without_prefix};
use crate::orientation::Orientation;

/// The largest value, in bytes, that is copied. Maker notes are the largest in practice.
const MAX_VALUE: usize = 1 << 20;
/// The largest structure, in bytes. A JPEG segment holds no more.
const MAX_WHOLE: usize = 65_000;

const ORIENTATION: u16 = 0x0112;
const ARTIST: u16 = 0x013b;
const COPYRIGHT: u16 = 0x8298;
const EXIF_IFD: u16 = 0x8769;
const GPS_IFD: u16 = 0x8825;
const INTEROP_IFD: u16 = 0xa005;
const COLOR_SPACE: u16 = 0xa001;
const PIXEL_X: u16 = 0xa002;
const PIXEL_Y: u16 = 0xa003;
const MAKER_NOTE: u16 = 0x927c;
const COMPRESSED_BITS: u16 = 0x9102;
/// Subject position in pixels: x, y, and optionally width and height or a diameter.
const SUBJECT: [u16; 2] = [0x9214, 0xa214];
/// Sensor pixels per unit of length, horizontally and vertically.
const FOCAL_PLANE: [u16; 2] = [0xa20e, 0xa20f];
/// Transfer function, white point, primaries, black and white.
const COLORS: [u16; 4] = [0x012d, 0x013e, 0x013f, 0x0214];

/// Tags of IFD 0 that describe how the pixels are stored, or hold data that is kept elsewhere:
/// sizes, strips, tiles, palettes, previews, sub-IFDs, XMP, IPTC, Photoshop resources, ICC
/// profiles.
const NOT_KEPT: &[u16] = &[
    0x00fe, 0x00ff, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x010a, 0x0111, 0x0115, 0x0116, 0x0117, 0x011c, 0x013d,
    0x0140, 0x0142, 0x0143, 0x0144, 0x0145, 0x014a, 0x0152, 0x0153, 0x015b, 0x0200, 0x0201, 0x0202, 0x0211, 0x0212,
    0x0213, 0x0214, 0x02bc, 0x83bb, 0x8649, 0x8773, 0xc4a5,
];

/// Keeps only authorship: artist and copyright.
pub fn copyright(exif: &[u8]) -> Option<Vec<u8>> {
    let tiff = Tiff::new(without_prefix(exif))?;
    let mut ifd = Ifd::default();
    for entry in tiff.entries(tiff.first_ifd()?).filter(|e| matches!(e.tag, ARTIST | COPYRIGHT)) {
        ifd.copy(tiff, &entry);
    }
    write(tiff, ifd)
}

/// An EXIF structure with the orientation of `exif` and, with `rights`, its artist and copyright: for pixels that stay as
/// stored although other metadata is dropped.
pub fn oriented(exif: Option<&[u8]>, orientation: Orientation, rights: bool) -> Vec<u8> {
    let kept = exif.and_then(|exif| {
        let tiff = Tiff::new(without_prefix(exif))?;
        let mut ifd = Ifd::default();
        let is_kept = |tag| tag == ORIENTATION || (rights && matches!(tag, ARTIST | COPYRIGHT));
        let entries = || tiff.first_ifd().map(|at| tiff.entries(at));
        entries()?.find(|entry| entry.tag == ORIENTATION)?;
        for entry in entries()?.filter(|entry| is_kept(entry.tag)) {
            ifd.copy(tiff, &entry);
        }
        write(tiff, ifd)
    });
    kept.unwrap_or_else(|| {
        // Header, one entry (SHORT, one value), no further directory.
        let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend([orientation as u8, 0, 0, 0, 0, 0, 0, 0]);
        exif
    })
}

/// Keeps everything that is still true of the output.
pub fn keep(exif: &[u8], changes: &Changes) -> Option<Vec<u8>> {
    rebuild(exif, Some(changes), true).or_else(|| rebuild(exif, Some(changes), false))
}

/// The EXIF in a TIFF file, whose IFD 0 is also that of EXIF.
pub fn of_tiff(file: &[u8]) -> Option<Vec<u8>> {
    rebuild(file, None, true).or_else(|| rebuild(file, None, false))
}

fn rebuild(exif: &[u8], changes: Option<&Changes>, with_maker_note: bool) -> Option<Vec<u8>> {
    let tiff = Tiff::new(without_prefix(exif))?;
    let mut ifd = Ifd::default();
    for entry in tiff.entries(tiff.first_ifd()?) {
        let sub = || tiff.number(&entry).map(|at| at as usize);
        match entry.tag {
            ORIENTATION if changes.is_some_and(|c| c.is_upright) => ifd.short(tiff, ORIENTATION, 1),
            EXIF_IFD => {
                let sub = exif_ifd(tiff, sub()?, changes, with_maker_note);
                ifd.sub(EXIF_IFD, sub);
            }
            GPS_IFD => {
                let mut gps = Ifd::default();
                tiff.entries(sub()?).for_each(|e| gps.copy(tiff, &e));
                ifd.sub(GPS_IFD, gps);
            }
            tag if NOT_KEPT.contains(&tag) => {}
            tag if COLORS.contains(&tag) && changes.is_some_and(|c| c.is_srgb) => {}
            _ => ifd.copy(tiff, &entry),
        }
    }
    write(tiff, ifd)
}

fn exif_ifd(tiff: Tiff<'_>, at: usize, changes: Option<&Changes>, with_maker_note: bool) -> Ifd {
    let mut ifd = Ifd::default();
    for entry in tiff.entries(at) {
        match (entry.tag, changes) {
            (PIXEL_X, Some(c)) => ifd.long(tiff, PIXEL_X, c.size.width),
            (PIXEL_Y, Some(c)) => ifd.long(tiff, PIXEL_Y, c.size.height),
            (COLOR_SPACE, Some(c)) if c.is_srgb => ifd.short(tiff, COLOR_SPACE, 1),
            (COMPRESSED_BITS, Some(_)) => {}
            (tag, Some(c)) if SUBJECT.contains(&tag) => ifd.subject(tiff, &entry, c),
            (tag, Some(c)) if FOCAL_PLANE.contains(&tag) => ifd.focal_plane(tiff, &entry, c),
            (MAKER_NOTE, _) if !with_maker_note => {}
            (INTEROP_IFD, Some(c)) if c.is_srgb => {}
            (INTEROP_IFD, _) => {
                let Some(at) = tiff.number(&entry) else { continue };
                let mut interop = Ifd::default();
                tiff.entries(at as usize).for_each(|e| interop.copy(tiff, &e));
                ifd.sub(INTEROP_IFD, interop);
            }
            _ => ifd.copy(tiff, &entry),
        }
    }
    ifd
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// An IFD to be written. Values are in the byte order of the source.
#[derive(Default)]
struct Ifd {
    entries: Vec<(u16, u16, u32, Vec<u8>)>,
    subs: Vec<(u16, Ifd)>,
}

impl Ifd {
    fn copy(&mut self, tiff: Tiff<'_>, entry: &Entry) {
        let known = (1..=13).contains(&entry.kind);
        if let Some(value) = tiff.value(entry).filter(|v| known && v.len() <= MAX_VALUE) {
            self.push(entry.tag, entry.kind, entry.count, value.to_vec());
        }
    }

    fn short(&mut self, tiff: Tiff<'_>, tag: u16, value: u16) {
        let bytes = if tiff.big() { value.to_be_bytes() } else { value.to_le_bytes() };
        self.push(tag, 3, 1, bytes.to_vec());
    }

    fn long(&mut self, tiff: Tiff<'_>, tag: u16, value: u32) {
        let bytes = if tiff.big() { value.to_be_bytes() } else { value.to_le_bytes() };
        self.push(tag, 4, 1, bytes.to_vec());
    }

    /// Scales the subject position to pixels of the output.
    fn subject(&mut self, tiff: Tiff<'_>, entry: &Entry, changes: &Changes) {
        let (Some(from), 3, 2..=4) = (changes.from, entry.kind, entry.count) else { return };
        let mut value = Vec::with_capacity(8);
        for at in 0..entry.count {
            // The diameter of a circle is measured horizontally.
            let (to, from) =
                if at % 2 == 0 { (changes.size.width, from.width) } else { (changes.size.height, from.height) };
            let Some(stored) = tiff.u16(entry.at + 2 * at as usize) else { return };
            let scaled = (f64::from(stored) * f64::from(to) / f64::from(from)).round().min(65_535.0) as u16;
            value.extend(if tiff.big() { scaled.to_be_bytes() } else { scaled.to_le_bytes() });
        }
        self.push(entry.tag, 3, entry.count, value);
    }

    /// Scales the focal plane resolution to pixels of the output.
    fn focal_plane(&mut self, tiff: Tiff<'_>, entry: &Entry, changes: &Changes) {
        let (Some(from), 5, 1) = (changes.from, entry.kind, entry.count) else { return };
        let (to, from) = if entry.tag == FOCAL_PLANE[0] {
            (changes.size.width, from.width)
        } else {
            (changes.size.height, from.height)
        };
        let (Some(over), Some(under)) = (tiff.u32(entry.at), tiff.u32(entry.at + 4)) else { return };
        let (over, under) = (u64::from(over) * u64::from(to), u64::from(under) * u64::from(from));
        let shared = gcd(over, under).max(1);
        let (Ok(over), Ok(under)) = (u32::try_from(over / shared), u32::try_from(under / shared)) else { return };
        let bytes = |n: u32| if tiff.big() { n.to_be_bytes() } else { n.to_le_bytes() };
        self.push(entry.tag, 5, 1, [bytes(over), bytes(under)].concat());
    }

    fn push(&mut self, tag: u16, kind: u16, count: u32, value: Vec<u8>) {
        if self.entries.iter().all(|e| e.0 != tag) {
            self.entries.push((tag, kind, count, value));
        }
    }

    /// Adds a sub-IFD. If a tag occurs twice, the first one counts, as for values.
    fn sub(&mut self, tag: u16, ifd: Ifd) {
        if self.subs.iter().all(|(other, _)| *other != tag) {
            self.subs.push((tag, ifd));
        }
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.subs.iter().all(|(_, sub)| sub.is_empty())
    }
}

/// Serialises the structure. Returns None if it is empty or too large for a JPEG segment.
fn write(tiff: Tiff<'_>, ifd: Ifd) -> Option<Vec<u8>> {
    if ifd.is_empty() {
        return None;
    }
    let mut out = Writer { bytes: Vec::new(), big: tiff.big() };
    out.bytes.extend(if out.big { b"MM" } else { b"II" });
    out.u16(42);
    out.u32(8);
    out.ifd(ifd)?;
    (out.bytes.len() <= MAX_WHOLE).then_some(out.bytes)
}

struct Writer {
    bytes: Vec<u8>,
    big: bool,
}

impl Writer {
    fn u16(&mut self, v: u16) {
        self.bytes.extend(if self.big { v.to_be_bytes() } else { v.to_le_bytes() });
    }

    fn u32(&mut self, v: u32) {
        self.bytes.extend(if self.big { v.to_be_bytes() } else { v.to_le_bytes() });
    }

    /// Appends an IFD, followed by its long values and its sub-IFDs.
    fn ifd(&mut self, mut ifd: Ifd) -> Option<()> {
        ifd.subs.retain(|(_, sub)| !sub.is_empty());
        for (tag, _) in &ifd.subs {
            ifd.entries.retain(|e| e.0 != *tag);
            ifd.entries.push((*tag, 4, 1, Vec::new()));
        }
        // Readers may rely on sorted tags (TIFF 6.0). Sub-IFDs follow the same order.
        ifd.entries.sort_by_key(|e| e.0);
        ifd.subs.sort_by_key(|sub| sub.0);
        let start = self.bytes.len();
        let mut end = start + 2 + 12 * ifd.entries.len() + 4;
        self.u16(u16::try_from(ifd.entries.len()).ok()?);
        let mut long_values = Vec::new();
        let mut places = Vec::new();
        for (tag, kind, count, value) in &ifd.entries {
            self.u16(*tag);
            self.u16(*kind);
            self.u32(*count);
            debug_assert!(value.is_empty() || value.len() as u64 == u64::from(*count) * size_of_kind(*kind));
            if ifd.subs.iter().any(|(sub, _)| sub == tag) {
                places.push((*tag, self.bytes.len()));
                self.u32(0);
            } else if value.len() <= 4 {
                self.bytes.extend(value);
                self.bytes.resize(self.bytes.len() + 4 - value.len(), 0);
            } else {
                self.u32(u32::try_from(end + long_values.len()).ok()?);
                long_values.extend(value);
                if long_values.len() % 2 == 1 {
                    long_values.push(0);
                }
            }
        }
        self.u32(0);
        debug_assert_eq!(self.bytes.len(), end);
        self.bytes.extend(long_values);
        if self.bytes.len() > MAX_WHOLE {
            return None;
        }
        for (tag, sub) in ifd.subs {
            end = self.bytes.len();
            let at = places.iter().find(|(t, _)| *t == tag)?.1;
            let offset = u32::try_from(end).ok()?;
            let bytes = if self.big { offset.to_be_bytes() } else { offset.to_le_bytes() };
            self.bytes[at..at + 4].copy_from_slice(&bytes);
            self.ifd(sub)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::tags::read;
    use crate::orientation::Orientation;
    use crate::size::Size;

    const CHANGES: Changes = Changes { size: Size::new(200, 100), from: None, is_upright: true, is_srgb: true };

    /// Orientation 6, artist, an EXIF IFD with width and a maker note, GPS, and a second IFD.
    fn sample(big: bool) -> Vec<u8> {
        let tiff = Tiff::new(if big { b"MM\0*\0\0\0\0" } else { b"II*\0\0\0\0\0" }).unwrap();
        let mut ifd = Ifd::default();
        ifd.short(tiff, ORIENTATION, 6);
        ifd.push(ARTIST, 2, 9, b"A. Person".to_vec());
        ifd.long(tiff, 0x0100, 4000);
        let mut exif = Ifd::default();
        exif.long(tiff, PIXEL_X, 4000);
        exif.short(tiff, COLOR_SPACE, 0xffff);
        exif.push(MAKER_NOTE, 7, 12, b"secret maker".to_vec());
        let mut gps = Ifd::default();
        gps.push(1, 2, 2, b"N\0".to_vec());
        ifd.subs = vec![(EXIF_IFD, exif), (GPS_IFD, gps)];
        write(tiff, ifd).unwrap()
    }

    fn tags(bytes: &[u8], at: usize) -> Vec<u16> {
        Tiff::new(bytes).unwrap().entries(at).map(|e| e.tag).collect()
    }

    #[test]
    fn keeps_tags_and_resets_orientation() {
        for big in [false, true] {
            let stored = sample(big);
            assert_eq!(read(&stored).orientation, Some(Orientation::Rotate90));
            let out = keep(&stored, &CHANGES).unwrap();
            assert_eq!(read(&out).orientation, Some(Orientation::Upright));
            assert_eq!(tags(&out, 8), [ORIENTATION, ARTIST, EXIF_IFD, GPS_IFD]);
            let tiff = Tiff::new(&out).unwrap();
            let exif = tiff.entries(8).find(|e| e.tag == EXIF_IFD).and_then(|e| tiff.number(&e)).unwrap();
            assert_eq!(tags(&out, exif as usize), [MAKER_NOTE, COLOR_SPACE, PIXEL_X]);
            let width = tiff.entries(exif as usize).find(|e| e.tag == PIXEL_X).and_then(|e| tiff.number(&e));
            assert_eq!(width, Some(200));
        }
    }

    /// Regression, found by fuzzing: both IFDs were written, but only the second was reachable.
    #[test]
    fn the_first_of_two_equal_sub_ifds_counts() {
        let mut twice = b"II*\0\x08\0\0\0\x02\0".to_vec();
        for at in [38_u8, 56] {
            twice.extend([0x69, 0x87, 4, 0, 1, 0, 0, 0, at, 0, 0, 0]);
        }
        twice.extend([0; 4]);
        for value in [1_u8, 2] {
            twice.extend([1, 0, 0x01, 0x90, 4, 0, 1, 0, 0, 0, value, 0, 0, 0, 0, 0, 0, 0]);
        }
        let out = keep(&twice, &CHANGES).unwrap();
        assert_eq!(keep(&out, &CHANGES), Some(out.clone()));
        let tiff = Tiff::new(&out).unwrap();
        let exif = tiff.entries(8).next().and_then(|e| tiff.number(&e)).unwrap() as usize;
        assert_eq!(tiff.entries(exif).next().and_then(|e| tiff.number(&e)), Some(1));
    }

    #[test]
    fn copyright_keeps_nothing_else() {
        let out = copyright(&sample(true)).unwrap();
        assert_eq!(tags(&out, 8), [ARTIST]);
        assert!(!out.windows(6).any(|w| w == b"secret"));
    }

    #[test]
    fn damage_is_safe() {
        let whole = sample(false);
        for at in 0..whole.len() {
            let _ = (keep(&whole[..at], &CHANGES), copyright(&whole[..at]));
            for value in [0, 8, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                if let Some(out) = keep(&changed, &CHANGES) {
                    assert!(out.len() <= MAX_WHOLE);
                }
            }
        }
    }
}
