//! The colour space that a PNG declares in gAMA, cHRM, sRGB, iCCP and cICP.

use std::io::Read;

use flate2::read::ZlibDecoder;

use crate::codec::ColorSpace;

/// The inflated size limit of a colour profile or an XMP packet, in bytes. The largest real
/// profiles (CMYK tables) have some 3 MB.
const MAX_INFLATED: u64 = 8 << 20;

/// The big-endian number at `at`.
pub fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// Inflates up to [`MAX_INFLATED`] bytes.
pub fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    ZlibDecoder::new(bytes).take(MAX_INFLATED + 1).read_to_end(&mut out).ok()?;
    (out.len() as u64 <= MAX_INFLATED).then_some(out)
}

/// The colour chunks. Each field takes precedence over the fields before it.
#[derive(Default)]
pub struct Colors {
    gamma: Option<f64>,
    chromaticities: Option<[(f64, f64); 4]>,
    srgb: bool,
    pub icc: Option<Vec<u8>>,
    cicp: Option<(u8, u8)>,
    /// Whether a profile could not be read.
    pub broken: bool,
}

impl Colors {
    /// Takes one of these chunks.
    pub fn take(&mut self, name: &[u8], content: &[u8], notes: &mut Vec<String>) {
        match name {
            b"gAMA" => self.gamma = be32(content, 0).filter(|&g| g > 0).map(|g| f64::from(g) / 100_000.0),
            b"cHRM" => {
                let at = |i: usize| be32(content, 4 * i).map(|n| f64::from(n) / 100_000.0);
                let pair = |i: usize| Some((at(2 * i)?, at(2 * i + 1)?));
                self.chromaticities = (|| Some([pair(0)?, pair(1)?, pair(2)?, pair(3)?]))();
            }
            b"sRGB" => self.srgb = true,
            b"cICP" => match content {
                [primaries, transfer, 0, 1] => self.cicp = Some((*primaries, *transfer)),
                _ => notes.push("unsupported cICP chunk ignored".to_owned()),
            },
            b"iCCP" if self.icc.is_none() => {
                // A name of 1 to 79 bytes, a zero, the method (0), then zlib data.
                let name = content.iter().take(80).position(|&b| b == 0);
                let profile = name.and_then(|at| content.get(at + 1..)).and_then(|rest| match rest {
                    [0, data @ ..] => inflate(data),
                    _ => None,
                });
                match profile {
                    Some(profile) => self.icc = Some(profile),
                    None => self.broken = true,
                }
            }
            _ => {}
        }
    }

    /// The resulting colour space.
    pub fn resolve(self) -> ColorSpace {
        if let Some((primaries, transfer)) = self.cicp {
            return if (primaries, transfer) == (1, 13) {
                ColorSpace::Srgb
            } else {
                ColorSpace::Cicp { primaries, transfer }
            };
        }
        if let Some(icc) = self.icc {
            return ColorSpace::Icc(icc);
        }
        if self.srgb {
            return ColorSpace::Srgb;
        }
        match (self.gamma, self.chromaticities) {
            (None, None) => ColorSpace::Srgb,
            (gamma, chromaticities) => ColorSpace::Calibrated { gamma: gamma.unwrap_or(0.45455), chromaticities },
        }
    }
}
