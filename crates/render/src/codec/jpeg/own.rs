//! Puts the coded pixels of one JPEG into the container of another.

use crate::codec::jpeg::sampling::sampling;
use crate::recipe::{EncodeSettings, Subsampling};

/// What is known about the coding at the first scan.
#[derive(Default)]
struct Coding {
    progressive: Option<bool>,
    /// Horizontal and vertical factors of each component.
    factors: Vec<(u8, u8)>,
    tables: bool,
    jfif: bool,
}

/// Tables and scans of `source`, with the metadata of `encoded`. Returns None if the coding does
/// not match `settings`, or is not accepted by every reader.
pub fn own(source: &[u8], encoded: &[u8], settings: &EncodeSettings) -> Option<Vec<u8>> {
    let mut coding = Coding::default();
    let mut out = vec![0xff, 0xd8];
    let mut body: Vec<u8> = Vec::new();
    let mut at = 2;
    source.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let (marker, segment, content) = segment(source, at)?;
        match marker {
            0xd9 => break,
            // Keep the density, drop the preview.
            0xe0 if content.len() >= 14 && content.starts_with(b"JFIF\0") && !coding.jfif => {
                out.extend([0xff, 0xe0, 0, 16]);
                out.extend(&content[..12]);
                out.extend([0, 0]);
                coding.jfif = true;
            }
            0xee if content.starts_with(b"Adobe") && coding.progressive.is_none() => body.extend(segment),
            0xe0..=0xef | 0xfe => {}
            0xc0..=0xc2 if coding.progressive.is_none() => {
                // Precision, height, width, then three bytes for each component.
                let [8, h, i, w, v, count @ (1 | 3), parts @ ..] = content else { return None };
                if parts.len() != usize::from(*count) * 3 || [*h, *i] == [0, 0] || [*w, *v] == [0, 0] {
                    return None;
                }
                coding.progressive = Some(marker == 0xc2);
                coding.factors = parts.chunks_exact(3).map(|p| (p[1] >> 4, p[1] & 15)).collect();
                body.extend(segment);
            }
            0xdb | 0xdd => body.extend(segment),
            0xc4 => {
                coding.tables = true;
                body.extend(segment);
            }
            0xda => {
                if !coding.does(settings) {
                    return None;
                }
                body.extend(segment);
                let start = at + segment.len();
                let end = start + scan_end(&source[start..])?;
                body.extend(&source[start..end]);
                at = end;
                continue;
            }
            _ => return None,
        }
        at += segment.len();
    }
    coding.progressive?;
    let mut from = 2;
    loop {
        let (marker, segment, _) = self::segment(encoded, from)?;
        match marker {
            0xe1..=0xed | 0xef | 0xfe => out.extend(segment),
            0xda => break,
            _ => {}
        }
        from += segment.len();
    }
    out.extend(body);
    out.extend([0xff, 0xd9]);
    Some(out)
}

impl Coding {
    fn does(&self, settings: &EncodeSettings) -> bool {
        let Some(progressive) = self.progressive else { return false };
        let factors = match settings.subsampling {
            Subsampling::Auto => None,
            _ => Some(sampling(settings).share()),
        };
        let is_sampled = |(x, y): (u8, u8)| match self.factors[..] {
            [luma, cb, cr] => cb == cr && luma == (cb.0 * x, cb.1 * y),
            _ => true,
        };
        self.tables && (progressive || !settings.progressive) && factors.is_none_or(is_sampled)
    }
}

/// The marker number, the whole segment, and its content.
fn segment(file: &[u8], at: usize) -> Option<(u8, &[u8], &[u8])> {
    let rest = file.get(at..)?;
    let [0xff, marker, ..] = *rest else { return None };
    if marker == 0xd9 {
        return Some((marker, &rest[..2], &[]));
    }
    let length = usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?]));
    let segment = rest.get(..length.checked_add(2)?)?;
    Some((marker, segment, segment.get(4..)?))
}

/// The end of a scan's data: a marker that is neither a restart marker nor a stuffed byte.
fn scan_end(data: &[u8]) -> Option<usize> {
    memchr::memchr_iter(0xff, data).find(|&i| data.get(i + 1).is_some_and(|&b| b != 0 && !(0xd0..=0xd7).contains(&b)))
}
